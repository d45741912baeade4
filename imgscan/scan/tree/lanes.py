"""One lane of a scan of files: what one thread reads and pours, one file after another.

Small files are most of a tree, so Python's overhead for each matters: they are searched in groups, and no object
outlives its file.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from imgscan.containers.base import HEAD
from imgscan.scan.ledger import unread_blob, unread_file
from imgscan.scan.pour import FilePour, pieces_of
from imgscan.streams.readers import CHUNK, Peekable, StreamError
from imgscan.streams.stop import is_interruption
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.scan.session import Session
    from imgscan.scan.tree.gather import Gatherer, Group, Opened
    from imgscan.scan.tree.hitruns import Runs

_LANE = 8 << 20
"""Bytes that a lane holds at most: its window, what waits for the next, and a group of files that was read."""

_ENOUGH = 1 << 15
"""Hits with which a pour ends, and another goes on: settled hits are fewer, and can be limited."""

_SPARSE = 1 << 20
"""The size in bytes above which a file's holes are worth looking for."""

_SECTOR = 512  # what st_blocks counts, whatever the filesystem's blocks are


@dataclass(slots=True)
class Outcome:
    """The result of a lane, but for its hits: what was not read, and how much was.

    `files` files have `size` bytes; `expanded` bytes in `inner` files came out of containers.
    """

    unread: list[Unread] = field(default_factory=list)
    size: int = 0
    files: int = 0
    expanded: int = 0
    inner: int = 0


@dataclass(frozen=True, slots=True)
class Lane:
    """Reads files; shared by threads. `runs` takes the hits. `alone`: there is one file, which the user named."""

    session: Session
    runs: Runs
    alone: bool = False

    def read(self, gatherer: Gatherer) -> Outcome:
        """Search files until there are no more."""
        outcome = Outcome()
        with self.session.budget.reserve(_LANE):
            pour = self._pour()
            while not self.session.interrupted and (group := gatherer.gather(outcome.unread)) is not None:
                try:
                    _pour_group(group, pour, outcome)
                except Exception as error:  # noqa: BLE001 - of the program; the other files can be searched
                    _note(outcome, None, error)
                    self._finish(pour, outcome)
                    pour = self._pour()
                if pour.held > _ENOUGH:
                    self._finish(pour, outcome)
                    pour = self._pour()
            self._finish(pour, outcome)
        return outcome

    def _pour(self) -> FilePour:
        return FilePour(self.session, self.session.progress.advance, alone=self.alone, many=1 if self.alone else 2)

    def stream(self, read: Callable[[int], bytes], name: bytes, outcome: Outcome) -> None:
        """Search a stream, whatever it is."""
        raw = Peekable(_Watched(read, self.session))
        with self.session.budget.reserve(_LANE):
            pour = FilePour(self.session, alone=self.alone)
            outcome.files += 1
            try:
                raw.peek(HEAD)
                pour.file(0, name, pieces_of(raw))
            except Exception as error:  # noqa: BLE001 - whatever it is, what was found so far is reported
                _note(outcome, name, error)
            finally:
                self._finish(pour, outcome)

    def _finish(self, pour: FilePour, outcome: Outcome) -> None:
        self.runs.add(pour.finish(), pour.left_out)
        outcome.unread += pour.take_unread()
        outcome.size += pour.size
        outcome.expanded += pour.expanded
        outcome.inner += pour.inner


def _pour_group(group: Group, pour: FilePour, outcome: Outcome) -> None:
    """Search some files and their names."""
    pour.names(group.names, "file/name")
    outcome.files += len(group.whole) + len(group.opened)
    with suppress(StreamError):  # the user stopped the scan, and that is said once, of all of it
        outcome.unread += pour.whole([file for file in group.whole if file.data])
    for file in group.opened:
        try:
            pour.file(file.number, file.path, _pieces(file), size=file.status.st_size)
            _check_length(file, outcome)
        except (OSError, StreamError) as error:
            _note(outcome, file.path, error)
        finally:
            os.close(file.handle)


def _check_length(file: Opened, outcome: Outcome) -> None:
    """Note that a file was cut while it was read: nobody has seen what was lost."""
    missing = file.status.st_size - os.fstat(file.handle).st_size
    if missing > 0:
        text = "the file became shorter while it was being read"
        outcome.unread.append(Unread("error", "file-changed", text, file.path, missing))


def _note(outcome: Outcome, name: bytes | None, error: Exception) -> None:
    """Note that a file was not read; that the user stopped the scan is said once, of all of it."""
    if not is_interruption(error):
        outcome.unread.append(unread_blob(None, error) if name is None else unread_file(name, error))


class _Watched:
    """A reader whose bytes are counted, and which fails when the user stops the scan."""

    def __init__(self, read: Callable[[int], bytes], session: Session) -> None:
        self._read = read
        self._session = session

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes."""
        data = self._read(count)
        self._session.advance(len(data))
        return data


def _pieces(file: Opened) -> Iterator[bytes | int]:
    """Return an open file's bytes in pieces, and the holes of a large one as their lengths."""
    size = file.status.st_size
    if size >= _SPARSE and _has_holes(file.status):
        return _extents(file.handle, size)
    return iter(partial(os.read, file.handle, CHUNK), b"")


def _has_holes(status: os.stat_result) -> bool:
    """Whether a file occupies less space than its size, as far as this system reports it."""
    return hasattr(os, "SEEK_DATA") and getattr(status, "st_blocks", 1 << 62) * _SECTOR < status.st_size


def _extents(handle: int, size: int) -> Iterator[bytes | int]:
    """Yield a file's first `size` bytes: data in chunks, holes as their lengths (lseek(2), SEEK_DATA)."""
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
            if not data:  # it was truncated meanwhile
                return
            start += len(data)
            yield data
