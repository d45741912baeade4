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
from typing import TYPE_CHECKING

from imgscan.scan.blob import interruption
from imgscan.scan.inside import HEAD, holds_members, holds_more, search_inside
from imgscan.scan.regions import JoinedFile
from imgscan.scan.search import WINDOW, JoinedSearch, StreamSearch
from imgscan.scan.troubles import Trouble
from imgscan.scan.walk import special
from imgscan.streams.budget import PIPELINE, Budget, decoder_memory
from imgscan.streams.inflate import StreamError, inflate, sniff
from imgscan.streams.readers import CHUNK, BytesReader, Peekable

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from imgscan.scan.hits import Concealer, Hit
    from imgscan.streams.readers import Reader

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

_LEAN = ("gzip", "bz2")
"""Compressions whose decoders need no memory worth asking for."""

_SECTOR = 512  # what st_blocks counts, whatever the filesystem's blocks are
_FRAME_HEADER = 18  # bytes of the longest zstd frame header, which tells the size of the window


@dataclass(slots=True)
class Outcome:
    """What came of a batch: hits with the numbers of their files, ascending; `size` bytes in `files` files."""

    found: list[tuple[int, Hit]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    size: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Lane:
    """Reads batches of files below `root`; shared by threads. `advance` is told the bytes that were read.

    `root` ends in a slash. `flags` are how each file is opened.
    """

    root: bytes
    concealer: Concealer
    budget: Budget
    stop: threading.Event
    advance: Callable[[int], None]
    window: int = WINDOW
    flags: int = FLAGS

    def read(self, batch: Sequence[bytes], outcome: Outcome) -> None:
        """Search the files of a batch, given by their paths relative to the root."""
        with self.budget.reserve(_LANE):
            later = self._join(batch, outcome)
        for number in later:
            if self.stop.is_set():
                break
            self._look_inside(batch[number], number, outcome)
        outcome.found.sort(key=_number)

    def _join(self, batch: Sequence[bytes], outcome: Outcome) -> list[int]:
        """Read every file into one stream; give the numbers of those that have to be looked into instead."""
        search = JoinedSearch(self.concealer, window=self.window)
        root, flags, stopped = self.root, self.flags, self.stop.is_set
        later: list[int] = []
        for number, path in enumerate(batch):
            if stopped():
                break
            try:
                handle = os.open(root + path, flags)
            except OSError as error:
                outcome.troubles.append(unread(path, error))
                continue
            try:
                if self._read(handle, path, number, search, outcome):
                    later.append(number)
            except (OSError, StreamError) as error:
                outcome.troubles.append(unread(path, error))
            finally:
                os.close(handle)
            if search.size - outcome.size >= CHUNK:
                self._tell(search, outcome)
        search.finish()
        self._tell(search, outcome)
        outcome.found += [(each.file.number, each.hit) for each in search.found]
        return later

    def _read(self, handle: int, path: bytes, number: int, search: JoinedSearch, outcome: Outcome) -> bool:
        """Read one file; True, and nothing was searched, if it holds others."""
        status = os.fstat(handle)
        size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            outcome.troubles.append(Trouble("skipped", "special-file", f"{special(status.st_mode)} is not read", path))
            return False
        data = os.read(handle, min(size, CHUNK) + 1)  # one more than there should be: then the end is seen as well
        if data and holds_more(data):
            return len(data) != size or not self._inflate(data, path, number, search, outcome)
        if data and not size and not os.fstat(handle).st_size:
            text = "the file says that it is empty and is not: the kernel makes its content up"
            outcome.troubles.append(Trouble("skipped", "pseudo-file", text, path))
            return False
        outcome.files += 1
        search.begin(JoinedFile(path, number))
        if len(data) == size:
            search.feed(data)
        elif size >= _SPARSE and _has_holes(status):
            for piece in _extents(handle, size):
                if isinstance(piece, int):
                    search.skip(piece)
                else:
                    search.feed(piece)
                self._go_on(search, outcome)
        else:
            while data:
                search.feed(data)
                self._go_on(search, outcome)
                data = os.read(handle, CHUNK)
        return False

    def _inflate(self, data: bytes, path: bytes, number: int, search: JoinedSearch, outcome: Outcome) -> bool:
        """Search what a small compressed file holds as if it were not compressed; False if it is anything else."""
        compression = sniff(data)
        if compression not in _LEAN:
            return False
        begun = False
        try:
            for chunk in inflate(BytesReader(data), compression):
                if not begun:
                    if holds_members(chunk):
                        return False
                    search.begin(JoinedFile(path, number))
                    begun = True
                search.feed(chunk)
                self._go_on(search, outcome)
        except StreamError as error:
            outcome.troubles.append(unread(path, error))
        outcome.files += 1
        return True

    def _look_inside(self, path: bytes, number: int, outcome: Outcome) -> None:
        """Read a file that holds others, with a thread's full share of memory."""
        try:
            handle = os.open(self.root + path, self.flags)
        except OSError as error:
            outcome.troubles.append(unread(path, error))
            return
        try:
            self.stream(partial(os.read, handle), path, outcome, number)
        finally:
            os.close(handle)

    def stream(self, read: Callable[[int], bytes], name: bytes, outcome: Outcome, number: int = 0) -> None:
        """Search what passes once, whatever it is."""
        raw = Peekable(_Watched(read, self))
        try:
            more = holds_more(raw.peek(HEAD))
            with self.budget.reserve(PIPELINE + decoder_memory(raw.peek(_FRAME_HEADER)) if more else _LANE):
                if more:
                    inside = search_inside(raw, name, self.concealer, window=self.window)
                    outcome.found += [(number, hit) for hit in inside.hits]
                    outcome.troubles += inside.troubles
                    outcome.size += inside.size
                else:
                    self._plain(raw, name, outcome)
        except (OSError, StreamError) as error:
            outcome.troubles.append(unread(name, error))
        outcome.files += 1

    def _plain(self, raw: Reader, name: bytes, outcome: Outcome) -> None:
        search = StreamSearch(self.concealer, name=name, window=self.window)
        try:
            while data := raw.read(CHUNK):
                search.feed(data)
        finally:
            search.finish()
            outcome.size += search.size
            outcome.found += [(0, hit) for hit in search.hits]

    def _tell(self, search: JoinedSearch, outcome: Outcome) -> None:
        self.advance(search.size - outcome.size)
        outcome.size = search.size

    def _go_on(self, search: JoinedSearch, outcome: Outcome) -> None:
        """Count what was read of a large file; StreamError where the user has stopped the scan."""
        self._tell(search, outcome)
        if self.stop.is_set():
            raise interruption()


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


def _number(found: tuple[int, Hit]) -> int:
    return found[0]
