"""Opening the files of a tree for several threads, which share one walk.

Small files are most of a tree, and to open, check, read and close one takes four short system calls, each of which
releases the interpreter to other threads. Threads that do this at the same time do little but reacquire it from each
other. So one thread at a time does this for several files, while the others search what they have. That would be wrong
if the storage is the bottleneck: then one thread opens the files and all of them read.
"""

from __future__ import annotations

import itertools
import os
import stat
import threading
from typing import TYPE_CHECKING, NamedTuple

from imgscan.scan.ledger import unread_file
from imgscan.scan.pour import Poured
from imgscan.scan.tree.deep import open_file
from imgscan.scan.tree.walk import made_up, special
from imgscan.streams.readers import CHUNK
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from imgscan.scan.tree.walk import Listed

FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)  # it was not a link when it was listed
    | getattr(os, "O_NONBLOCK", 0)  # nor a pipe, on which opening would block
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
"""How the files of a tree are opened."""

_TOGETHER = 256
"""Files of a group; its bytes are about a chunk."""

_OPEN_TOGETHER = 16
"""Files of a group that are open at the same time when all threads read: some systems allow few in total."""


class Opened(NamedTuple):
    """A file that is open and was not read yet, or turned out to be larger than stated: its taker closes it."""

    number: int
    path: bytes
    handle: int
    status: os.stat_result


class Group(NamedTuple):
    """Some consecutive files of the walk; `names` has the names of all of them, including unreadable ones."""

    names: list[tuple[int, bytes]]
    whole: list[Poured]
    opened: list[Opened]


def _storage_clock() -> Callable[[], int]:
    """Return a value that changes when this thread has waited for storage: the blocks read for it (getrusage(2)).

    If the system does not count them per thread, it always changes.
    """
    try:
        import resource  # noqa: PLC0415 - not on Windows

        who = resource.RUSAGE_THREAD  # not on macOS
        who_reads = resource.getrusage
    except (ImportError, AttributeError):
        return itertools.count().__next__
    return lambda: who_reads(who).ru_inblock


_storage = _storage_clock()


class Gatherer:
    """Hands out the files of a walk in groups to any number of threads, each file to one of them.

    `root` is what the paths are relative to, with a slash at its end. `pseudo` are filesystems whose files are not
    read, by device (`walk.pseudo_devices`). A file that has several names is read under the first. `named` says that
    the user asked for this very file, so that it is read even if the kernel makes its content.
    """

    def __init__(
        self,
        files: Iterable[Listed],
        root: bytes,
        *,
        flags: int = FLAGS,
        pseudo: Mapping[int, str] | None = None,
        named: bool = False,
    ) -> None:
        self._files = iter(files)
        self._root = root
        self._flags = flags
        self._pseudo = pseudo or {}
        self._named = named
        self._number = -1
        self._seen: set[tuple[int, int]] = set()  # of files that may have other names
        self._gate = threading.Lock()
        self._slow = False
        self._over = False

    def gather(self, noted: list[Unread]) -> Group | None:
        """Return the next files, None after the last; what cannot be read goes to `noted`."""
        before = _storage()
        group = Group([], [], [])
        slow = self._slow
        with self._gate:
            if self._over:
                return None
            self._over = not self._fill(group, noted, read=not slow)
        if slow:
            waiting = group.opened[:]
            group.opened.clear()
            for opened in waiting:
                self._read(group, opened, noted)
        self._slow = _storage() != before
        return group

    def _fill(self, group: Group, noted: list[Unread], *, read: bool) -> bool:
        """Open some files, read the small ones; False if there are no more."""
        names, opened = group.names, group.opened
        size = 0
        for path, device in self._files:
            self._number = number = self._number + 1
            names.append((number, path))
            try:
                handle = open_file(self._root + path, self._flags)
            except OSError as error:
                noted.append(unread_file(path, error))
                continue
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or status.st_dev != device:
                unread = self._unusual(path, status)
                if unread is not None or self._again(status):
                    os.close(handle)
                    names.pop()
                    noted += [unread] if unread is not None else []
                    continue
            file = Opened(number, path, handle, status)
            if read and status.st_size <= CHUNK:
                self._read(group, file, noted)
            else:
                opened.append(file)
            size += status.st_size
            if size >= CHUNK or len(names) >= _TOGETHER or len(opened) >= _OPEN_TOGETHER:
                return True
        return False

    def _read(self, group: Group, file: Opened, noted: list[Unread]) -> None:
        """Read a file that should be small, and close it; one that is not as stated stays open."""
        number, path, handle, status = file
        size = status.st_size
        if size > CHUNK:
            group.opened.append(file)
            return
        try:
            data = os.read(handle, size + 1)  # one more than there should be: then the end is seen as well
        except OSError as error:
            noted.append(unread_file(path, error))
        else:
            if len(data) != size and (size or self._named or os.fstat(handle).st_size):
                os.lseek(handle, 0, os.SEEK_SET)
                group.opened.append(file)
                return
            if len(data) != size:
                text = "the file claims to be empty but is not: the kernel generates its content"
                noted.append(Unread("skipped", "pseudo-file", text, path))
            else:
                group.whole.append(Poured(number, path, data))
        os.close(handle)

    def _unusual(self, path: bytes, status: os.stat_result) -> Unread | None:
        """Say why a file is not to be read, if it is not."""
        if not stat.S_ISREG(status.st_mode):
            return Unread("skipped", "special-file", f"{special(status.st_mode)} is not read", path)
        kind = self._pseudo.get(status.st_dev)
        return made_up(path, kind) if kind is not None else None

    def _again(self, status: os.stat_result) -> bool:
        """Whether a file was read under another name."""
        inode = (status.st_dev, status.st_ino)
        if inode in self._seen:
            return True
        self._seen.add(inode)
        return False
