"""One lane of a scan of files: a batch of them read one after another into one joined stream.

Small files are most of a tree, so what Python does for each is counted: one look at what was opened, one read, and no
object that outlives its file.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from imgscan.containers.base import HEAD
from imgscan.containers.formats import may_be
from imgscan.scan.blob import interruption
from imgscan.scan.limits import Limits
from imgscan.scan.nest import Nest
from imgscan.scan.node import Top
from imgscan.scan.regions import JoinedFile
from imgscan.scan.search import WINDOW, JoinedSearch
from imgscan.scan.troubles import Trouble
from imgscan.scan.walk import special
from imgscan.streams.inflate import StreamError
from imgscan.streams.readers import CHUNK, Peekable
from imgscan.streams.spool import Spool

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgscan.model import Severity
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.scan.intake import Intake
    from imgscan.scan.node import Lack
    from imgscan.streams.budget import Budget

FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)  # it was no link when it was listed
    | getattr(os, "O_NONBLOCK", 0)  # nor a pipe, which opening would wait for
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
"""How the files of a tree are opened."""

_LANE = 6 << 20
"""Bytes that a joined search holds at most: its window, what waits for the next, and a chunk that was read."""

_SPARSE = 1 << 20
"""Bytes from which on a file may have holes that are worth asking for."""

_SECTOR = 512  # what st_blocks counts, whatever the filesystem's blocks are


@dataclass(slots=True)
class Outcome:
    """What came of a batch: hits with the numbers of their files, ascending; `size` bytes in `files` files.

    `expanded` bytes in `inner` files came out of containers.
    """

    found: list[tuple[int, Hit]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    size: int = 0
    files: int = 0
    expanded: int = 0
    inner: int = 0


@dataclass(frozen=True, slots=True)
class Lane:
    """Reads batches of files below `root`; shared by threads. `advance` is told the bytes that were read.

    `root` ends in a slash. `alone` says that the user named the one file that there is. `flags` are how each file is
    opened.
    """

    root: bytes
    concealer: Concealer
    budget: Budget
    stop: threading.Event
    advance: Callable[[int], None]
    spool: Spool = field(default_factory=Spool)
    limits: Limits = field(default_factory=Limits)
    alone: bool = False
    window: int = WINDOW
    flags: int = FLAGS

    def read(self, batch: Sequence[bytes], outcome: Outcome) -> None:
        """Search the files of a batch, given by their paths relative to the root, and tell `outcome`."""
        with self.budget.reserve(_LANE):
            pour = _Pour(self, outcome)
            for number, path in enumerate(batch):
                if self.stop.is_set():
                    break
                try:
                    handle = os.open(self.root + path, self.flags)
                except OSError as error:
                    outcome.troubles.append(unread(path, error))
                    continue
                try:
                    pour.file(handle, path, number)
                except (OSError, StreamError) as error:
                    outcome.troubles.append(unread(path, error))
                finally:
                    os.close(handle)
            pour.finish()
            self._names(batch, outcome)

    def _names(self, batch: Sequence[bytes], outcome: Outcome) -> None:
        """Search the paths themselves: one look at all of them, and one at each if there is anything."""
        engine = self.concealer.engine
        together = b"\0".join(batch)
        if not engine.find(together, 0, len(together)):
            return
        for number, path in enumerate(batch):
            for match in engine.search(path):
                hit = self.concealer.hit(match, path, self.concealer.spell(path), member=number, field="file/name")
                outcome.found.append((number, hit))
        outcome.found.sort(key=_place)

    def stream(self, read: Callable[[int], bytes], name: bytes, outcome: Outcome) -> None:
        """Search what passes once, whatever it is."""
        raw = Peekable(_Watched(read, self))
        with self.budget.reserve(_LANE):
            pour = _Pour(self, outcome)
            try:
                pour.stream(raw, name)
            except (OSError, StreamError) as error:
                outcome.troubles.append(unread(name, error))
            finally:
                pour.finish()

    def go_on(self) -> None:
        """End the file at hand where the user has stopped the scan."""
        if self.stop.is_set():
            raise interruption()


class _Pour:
    """Pours files into one joined search, and those that hold others into the nest as well."""

    def __init__(self, lane: Lane, outcome: Outcome) -> None:
        self._lane = lane
        self._outcome = outcome
        self._search = JoinedSearch(lane.concealer, window=lane.window)
        self._nest = Nest(lane.concealer, lane.limits, lane.spool, lane.stop, window=lane.window)
        self._told = 0

    def file(self, handle: int, path: bytes, number: int) -> None:
        """Read one file of the tree."""
        status = os.fstat(handle)
        size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            self._outcome.troubles.append(
                Trouble("skipped", "special-file", f"{special(status.st_mode)} is not read", path)
            )
            return
        data = os.read(handle, min(size, CHUNK) + 1)  # one more than there should be: then the end is seen as well
        if data and not size and not os.fstat(handle).st_size:
            text = "the file says that it is empty and is not: the kernel makes its content up"
            self._outcome.troubles.append(Trouble("skipped", "pseudo-file", text, path))
            return
        search = self._search
        search.begin(JoinedFile(path, number))
        self._outcome.files += 1
        if len(data) == size:
            self._lane.go_on()
            search.feed(data)
            if data and may_be(data, 0, size):
                self._nest.whole(data, Top(path, number, number))
        elif size >= _SPARSE and _has_holes(status):
            os.lseek(handle, 0, os.SEEK_SET)
            self._pieces(data, _extents(handle, size), path, number, again=True)
        else:
            self._pieces(data, iter(partial(os.read, handle, CHUNK), b""), path, number)
        self._tell()

    def _tell(self) -> None:
        """Tell how far it is, a mebibyte at a time."""
        new = self._search.size - self._told
        if new >= CHUNK:
            self._told += new
            self._lane.advance(new)

    def stream(self, raw: Peekable, name: bytes) -> None:
        """Read what passes once."""
        self._outcome.files += 1
        self._search.begin(JoinedFile(name, 0))
        raw.peek(HEAD)
        self._told = 1 << 62  # the reader tells
        self._pieces(raw.read(CHUNK), iter(partial(raw.read, CHUNK), b""), name, 0)

    def _pieces(
        self, head: bytes, more: Iterable[bytes | int], path: bytes, number: int, *, again: bool = False
    ) -> None:
        """Search a file that comes in pieces, and what it holds. A number stands for so many zeros.

        `head` is the first piece; with `again` it comes once more.
        """
        search = self._search
        intake = self._nest.offer(head, Top(path, number, number)) if head and may_be(head, 0, len(head)) else None
        try:
            for piece in more if again else chain((head,), more):
                self._lane.go_on()
                if isinstance(piece, int):
                    search.skip(piece)
                    for size in _in_chunks(piece if intake is not None else 0):
                        intake = _fed(intake, bytes(size))
                else:
                    search.feed(piece)
                    intake = _fed(intake, piece)
                self._tell()
        finally:
            if intake is not None and self._nest.stopped:
                intake.abandon()
            elif intake is not None:
                intake.finish()

    def finish(self) -> None:
        """Search what is left, and put the hits in the order of the files."""
        outcome, search = self._outcome, self._search
        search.finish()
        if search.size > self._told:
            self._lane.advance(search.size - self._told)
        outcome.size += search.size
        outer: dict[object, list[Hit]] = {}
        for each in search.found:
            outer.setdefault(each.file.number, []).append(each.hit)
        inner = self._nest.settle(outer)
        outcome.found = [(hit.member, hit) for hits in outer.values() for hit in hits]
        outcome.found += [(hit.member, hit) for _, hit in inner]
        outcome.found.sort(key=_number)
        outcome.troubles += [
            Trouble(self._severity(lack), lack.code, lack.message, lack.path, lack.bytes) for lack in self._nest.lacks
        ]
        outcome.expanded += self._nest.expanded
        outcome.inner += self._nest.members

    def _severity(self, lack: Lack) -> Severity:
        """Tell how grave a lack is: trees are full of damaged files; one that was asked for by name must be whole."""
        return "error" if self._lane.alone and lack.damage and b"!/" not in lack.path else "skipped"


class _Watched:
    """A reader whose bytes are counted, and which fails when the user stops the scan."""

    def __init__(self, read: Callable[[int], bytes], lane: Lane) -> None:
        self._read = read
        self._lane = lane

    def read(self, count: int, /) -> bytes:
        """Give at most `count` bytes."""
        if self._lane.stop.is_set():
            raise interruption()
        try:
            data = self._read(count)
            self._lane.advance(len(data))
        except KeyboardInterrupt:  # on the main thread: standard input
            self._lane.stop.set()
            raise interruption() from None
        return data


def unread(path: bytes, error: OSError | StreamError) -> Trouble:
    """Say that a file could not be read, or not to its end."""
    if isinstance(error, StreamError):
        return Trouble(error.severity, error.code, str(error), path)
    return Trouble("error", "unreadable-file", f"the file cannot be read: {error.strerror or error}", path)


def _has_holes(status: os.stat_result) -> bool:
    """Whether a file occupies less than it holds, as far as this system tells."""
    return hasattr(os, "SEEK_DATA") and getattr(status, "st_blocks", 1 << 62) * _SECTOR < status.st_size


def _extents(handle: int, size: int) -> Iterator[bytes | int]:
    """Give a file's first `size` bytes: data in chunks, holes as their lengths (lseek(2), SEEK_DATA)."""
    position = 0
    while position < size:
        try:
            start = min(size, os.lseek(handle, position, os.SEEK_DATA))
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            start = size  # nothing but a hole follows
        if start > position:
            yield start - position
        position = min(size, os.lseek(handle, start, os.SEEK_HOLE)) if start < size else size
        os.lseek(handle, start, os.SEEK_SET)
        while start < position:
            data = os.read(handle, min(CHUNK, position - start))
            if not data:  # it was cut meanwhile
                return
            start += len(data)
            yield data


def _fed(intake: Intake | None, piece: bytes) -> Intake | None:
    if intake is not None:
        intake.feed(piece)
    return intake


def _in_chunks(count: int) -> Iterator[int]:
    """Cut a hole into pieces."""
    while count > 0:
        yield min(count, CHUNK)
        count -= CHUNK


def _place(found: tuple[int, Hit]) -> tuple[int, bool]:
    """Put what a name says before what the file holds."""
    return found[0], found[1].field != "file/name"


def _number(found: tuple[int, Hit]) -> int:
    return found[0]
