"""The files of a tree, in the order of their paths' bytes, and never one outside the tree.

Links are not followed, a folder is listed once. What is not a regular file, and what the kernel generates while it is
read (`/proc`, `/sys`), is skipped with a reason.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgscan.scan.tree.deep import listing, status_of
from imgscan.streams.stop import Stop
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.scan.ledger import Ledger
    from imgscan.scan.tree.exclude import Sieve

PSEUDO = frozenset(
    "autofs binder binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts efivarfs fusectl mqueue nsfs proc pstore "  # noqa: SIM905 - a table of words reads best as one
    "resctrl rpc_pipefs securityfs selinuxfs smackfs sysfs tracefs".split()
)
"""Filesystem types of Linux whose files are not stored bytes: reading them may block, change something or never end."""

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def special(mode: int) -> str:
    """Name the kind of a file that is not regular."""
    return _KINDS.get(stat.S_IFMT(mode), "neither a file nor a folder")


def pseudo_devices(mounts: Path = Path("/proc/self/mountinfo")) -> dict[int, str]:
    """Return the device numbers of what is mounted here and stores nothing, with the filesystem's type (proc(5)).

    Empty if there is no such list: only Linux has it.
    """
    devices: dict[int, str] = {}
    with suppress(OSError):
        for line in mounts.read_bytes().splitlines():
            before, _, after = line.partition(b" - ")
            fields, kind = before.split(), after.partition(b" ")[0].decode("ascii", "replace")
            if kind in PSEUDO and len(fields) > 2:
                major, _, minor = fields[2].partition(b":")
                devices[os.makedev(int(major), int(minor))] = kind
    return devices


Listed = tuple[bytes, int]
"""A file as it was listed: its path, and the device of the folder that it was listed in (-1: not known)."""


class Walk:
    """Lists one tree, once; `ledger` takes what cannot be listed or is skipped.

    Paths are raw and relative to `root`, which ends in a slash. `sieve` decides what to leave out.
    `pseudo` are the devices of filesystems that store nothing, with their types. Once `stop` is set, the walk is over.
    """

    def __init__(self, root: bytes, ledger: Ledger, sieve: Sieve | None = None, stop: Stop | None = None) -> None:
        self.root = os.path.join(root, b"")  # noqa: PTH118 - Path knows no bytes
        self._ledger = ledger
        self._sieve = sieve
        self._stop = stop or Stop()
        self.pseudo = pseudo_devices()
        self._seen: set[tuple[int, int]] = set()

    def __iter__(self) -> Iterator[Listed]:
        """Yield the regular files, in the order of their paths."""
        waiting = [self._list(b"")]  # no recursion: a tree may be arbitrarily deep
        while waiting and not self._stop.is_set():
            device, paths = waiting[-1]
            for path in paths:
                if path[-1:] == b"/":
                    waiting.append(self._list(path))
                    break
                yield path, device
            else:
                waiting.pop()

    def _list(self, folder: bytes) -> tuple[int, Iterator[bytes]]:
        """List a folder's files and folders, sorted; those end in a slash, so that whole paths ascend."""
        found: list[bytes] = []
        device = self._enter(folder)
        if device is None:
            return 0, iter(())
        drops = self._sieve.enter(folder) if self._sieve is not None else None
        passed: list[Unread] = []
        try:
            with listing(self.root + folder) as entries:
                for entry in entries:
                    path = folder + os.fsencode(entry.name)
                    if entry.is_file(follow_symlinks=False):
                        if drops is None or not drops(path):
                            found.append(path)
                    elif entry.is_dir(follow_symlinks=False):
                        path += b"/"
                        if drops is None or not drops(path):
                            found.append(path)
                    elif not entry.is_symlink() and (drops is None or not drops(path)):
                        unread = _passed_over(path, entry)
                        if unread is not None:
                            passed.append(unread)
                        else:
                            found.append(path)
        except OSError as error:
            self._unlisted(folder, error)
        found.sort()
        self._ledger.extend(sorted(passed, key=_path))
        return device, iter(found)

    def _enter(self, folder: bytes) -> int | None:
        """Look at a folder before it is listed; return its device, or None if it is not to be listed."""
        try:
            # Without its slash, which would make it follow a link; the tree itself may be one.
            status = status_of(self.root + folder[:-1], follow=not folder)
        except OSError as error:
            self._unlisted(folder, error)
            return None
        if not stat.S_ISDIR(status.st_mode):
            text = "the folder was replaced while the tree was being read"
            self._ledger.add(Unread("error", "unreadable-folder", text, folder))
            return None
        if status.st_dev in self.pseudo:
            self._ledger.add(made_up(folder, self.pseudo[status.st_dev]))
            return None
        inode = (status.st_dev, status.st_ino)
        if inode in self._seen:  # mounted at a second place, perhaps inside itself
            return None
        self._seen.add(inode)
        return status.st_dev

    def _unlisted(self, folder: bytes, error: OSError) -> None:
        text = f"the folder cannot be read: {error.strerror or error}"
        self._ledger.add(Unread("error", "unreadable-folder", text, folder))


def made_up(path: bytes, kind: str) -> Unread:
    """Report that something is on a kind of filesystem that stores nothing."""
    text = f"a {kind} filesystem is not read: the kernel generates its content"
    return Unread("skipped", "pseudo-filesystem", text, path)


def _passed_over(path: bytes, entry: os.DirEntry[Any]) -> Unread | None:
    """Report why something that is neither a file nor a folder is not read; None if opening it will tell."""
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError:
        return None
    return None if stat.S_ISREG(mode) else Unread("skipped", "special-file", f"{special(mode)} is not read", path)


def _path(unread: Unread) -> bytes:
    return unread.path or b""
