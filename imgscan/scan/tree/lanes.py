"""One lane of a scan of files: what one thread reads, one file after another, in one joined stream.

Small files are most of a tree, so what Python does for each is counted: they are searched in groups, and no object
outlives its file.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from imgscan.containers.base import HEAD
from imgscan.containers.formats import may_be
from imgscan.scan.inside.limits import Limits
from imgscan.scan.inside.nest import Nest
from imgscan.scan.inside.node import Top
from imgscan.scan.layer import interruption
from imgscan.scan.regions import JoinedFile
from imgscan.scan.search import WINDOW, JoinedSearch
from imgscan.scan.troubles import Trouble, unread
from imgscan.streams.inflate import StreamError
from imgscan.streams.readers import CHUNK, Peekable
from imgscan.streams.spool import Spool

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgscan.model import Severity
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.scan.inside.intake import Intake
    from imgscan.scan.inside.node import Lack
    from imgscan.scan.tree.gather import Gatherer, Group
    from imgscan.streams.budget import Budget

_LANE = 8 << 20
"""Bytes that a lane holds at most: its window, what waits for the next, and a group of files that was read."""

_SPARSE = 1 << 20
"""Bytes from which on a file may have holes that are worth asking for."""

_SECTOR = 512  # what st_blocks counts, whatever the filesystem's blocks are


@dataclass(slots=True)
class Outcome:
    """What came of a lane: hits with the numbers of their files; `size` bytes in `files` files.

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
    """Reads files; shared by threads. `advance` is told the bytes that were read.

    `alone` says that the user named the one file that there is.
    """

    concealer: Concealer
    budget: Budget
    stop: threading.Event
    advance: Callable[[int], None]
    spool: Spool = field(default_factory=Spool)
    limits: Limits = field(default_factory=Limits)
    alone: bool = False
    window: int = WINDOW

    def read(self, gatherer: Gatherer) -> Outcome:
        """Search files as long as there are any; hits are in the order of the walk."""
        outcome = Outcome()
        with self.budget.reserve(_LANE):
            pour = _Pour(self, outcome)
            while not self.stop.is_set() and (group := gatherer.gather(outcome.troubles)) is not None:
                pour.group(group)
            pour.finish()
        return outcome

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

    def group(self, group: Group) -> None:
        """Search some files."""
        self._names(group.names)
        self._outcome.files += len(group.whole) + len(group.opened)
        filled = [file for file in group.whole if file.data]
        self._search.feed_whole([(JoinedFile(path, number), data) for number, path, data in filled])
        for number, path, data in filled:
            if may_be(data, 0, len(data)):
                self._nest.spent = 0
                try:
                    self._nest.whole(data, Top(path, number, number))
                except (OSError, StreamError) as error:
                    self._outcome.troubles.append(unread(path, error))
        self._tell()
        for file in group.opened:
            try:
                self._file(*file)
            except (OSError, StreamError) as error:
                self._outcome.troubles.append(unread(file.path, error))
            finally:
                os.close(file.handle)

    def _names(self, names: Sequence[tuple[int, bytes]]) -> None:
        """Search the paths themselves: one look at all of them, and one at each if there is anything."""
        concealer = self._lane.concealer
        together = b"\0".join([path for _, path in names])
        if not concealer.engine.find(together, 0, len(together)):
            return
        for number, path in names:
            for match in concealer.engine.search(path):
                hit = concealer.hit(match, path, concealer.spell(path), member=number, field="file/name")
                self._outcome.found.append((number, hit))

    def _file(self, number: int, path: bytes, handle: int, status: os.stat_result) -> None:
        """Search a file that is open."""
        self._search.begin(JoinedFile(path, number))
        head = os.read(handle, CHUNK)
        if status.st_size >= _SPARSE and _has_holes(status):
            os.lseek(handle, 0, os.SEEK_SET)
            pieces = _extents(handle, status.st_size)
        else:
            pieces = chain((head,), iter(partial(os.read, handle, CHUNK), b""))
        self._pieces(head, pieces, path, number, status.st_size)
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
        head = raw.read(CHUNK)
        self._pieces(head, chain((head,), iter(partial(raw.read, CHUNK), b"")), name, 0)

    def _pieces(
        self, head: bytes, pieces: Iterable[bytes | int], path: bytes, number: int, size: int | None = None
    ) -> None:
        """Search a file that comes in pieces, and what it holds: it begins with `head`.

        A number among the pieces stands for so many zeros.
        """
        search = self._search
        self._nest.spent = 0
        intake = self._nest.offer(head, Top(path, number, number), size) if head else None
        try:
            for piece in pieces:
                self._lane.go_on()
                if isinstance(piece, int):
                    search.skip(piece)
                    for zeros in _in_chunks(piece if intake is not None else 0):
                        intake = _fed(intake, bytes(zeros))
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
        outcome.found += [(hit.member, hit) for hits in outer.values() for hit in hits]
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


def _number(found: tuple[int, Hit]) -> int:
    return found[0]
