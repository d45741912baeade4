"""Local headers of a zip archive: read where they should be, and looked for where nothing says where they are.

Format: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.9.
"""

from __future__ import annotations

import re
from array import array
from struct import Struct
from typing import TYPE_CHECKING, Final

from imgscan.containers.zip.directory import ZipEntry, zip64
from imgscan.streams.readers import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held
    from imgscan.containers.zip.member import Work

LOCAL: Final = Struct("<4s2xHH4xLLLHH")  # flags, method, crc, sizes; lengths of name and extra
LOCAL_SIZE: Final = 30
LOCAL_MAGIC: Final = b"PK\x03\x04"
_SATURATED: Final = 0xFFFFFFFF
_UNLIKELY: Final = LOCAL_SIZE
"""A gap of fewer bytes holds no member."""

HEADER: Final = re.compile(
    rb"PK\x03\x04"
    rb"[\x00-\x3f][\x00-\x14]"  # version needed: at most 6.3, and a system
    rb"..[\x00-\x14\x5d-\x63]\x00"  # flags; a method that exists
    rb".{16}"
    rb"(?:[^\x00].|.[\x01-\x10])",  # a name of 1 to 4,351 bytes
    re.DOTALL,
)
_DESCRIPTOR_MAGIC: Final = b"PK\x07\x08"
_FIRST_WINDOW: Final = 512
_MARK: Final = re.compile(rb"PK(?:\x03\x04|\x07\x08|\x01\x02)", re.DOTALL)


def local_header(held: Held, at: int, work: Work, name: bytes = b"") -> tuple[ZipEntry, int] | None:
    """Read the local header at `at`; return what it says and where the data begin. None if there is none.

    Where the name that is expected is where it should, the header's own magic may be damaged.
    """
    header = bytes(held[at : at + LOCAL_SIZE]) if at >= 0 else b""
    if len(header) < LOCAL_SIZE:
        return None
    magic, flags, method, crc, stored, size, name_length, extra_length = LOCAL.unpack(header)
    begin = at + LOCAL_SIZE
    start = begin + name_length + extra_length
    if magic != LOCAL_MAGIC and not (name and held[begin : begin + len(name)] == name and name_length == len(name)):
        return None
    own = bytes(held[begin : begin + name_length])
    work.left -= max(0, min(start, len(held)) - begin)
    if extra_length and _SATURATED in (stored, size):
        size, stored = zip64(bytes(held[start - extra_length : start]), size, stored)
    return ZipEntry(own, flags, method, crc, stored, size, at), start


def find_header(held: Held, at: int, end: int) -> int | None:
    """Find the next local header that begins from `at` on and before `end`."""
    return next((found.start() + base for base, found in _matches(held, HEADER, at, end)), None)


def _matches(held: Held, pattern: re.Pattern[bytes], at: int, end: int) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Search the bytes from `at` to `end` in windows, the first one small; yield matches with their window's offset."""
    size = _FIRST_WINDOW
    while at < end:
        window = bytes(held[at : min(at + size, end)])
        for found in pattern.finditer(window):
            yield at, found
        if at + len(window) >= end or len(window) < LOCAL_SIZE:
            return
        at += len(window) - LOCAL_SIZE + 1
        size = min(size * 8, CHUNK)


def end_of_stored(held: Held, start: int, end: int, work: Work) -> int:
    """Find where a stored member ends whose size is not known: at its descriptor, or else at the next header.

    An archive inside the member has headers too, so the descriptor is looked for behind them; for all members
    together in no more bytes than the archive has.
    """
    header = None
    at = start
    for base, found in _matches(held, _MARK, start, end):
        at = base + found.start()
        if found[0] == _DESCRIPTOR_MAGIC:
            stated = int.from_bytes(bytes(held[at + 8 : at + 12]), "little")
            if stated == (at - start) & _SATURATED:
                header = at
                break
        elif header is None:
            header = at
        if header is not None and at - header >= work.ahead:
            break
    if header is None:
        return end
    work.ahead -= at - header
    return header


class Ranges:
    """Which bytes belong to members that were given; ranges that touch, or almost, are one."""

    def __init__(self) -> None:
        self._starts = array("q")
        self._ends = array("q")
        self._start = self._end = 0
        self._limit = 1 << 16

    def add(self, start: int, end: int) -> None:
        """Add a range. Ranges come in ascending order as a rule, and then cost nothing."""
        if self._start <= start < self._end + _UNLIKELY:
            self._end = max(self._end, end)
            return
        self._starts.append(self._start)
        self._ends.append(self._end)
        self._start, self._end = start, end
        if len(self._starts) > self._limit:
            merged = list(self._merged())
            self._starts = array("q", (pair[0] for pair in merged))
            self._ends = array("q", (pair[1] for pair in merged))
            self._limit = max(self._limit, 2 * len(merged))

    def _merged(self) -> Iterator[tuple[int, int]]:
        """Yield all ranges but the last one in ascending order, joined."""
        starts, ends = self._starts, self._ends
        start = end = 0
        for number in sorted(range(len(starts)), key=starts.__getitem__):
            if starts[number] >= end + _UNLIKELY:
                yield start, end
                start = starts[number]
            end = max(end, ends[number])
        yield start, end

    def gaps(self, end: int) -> Iterator[tuple[int, int]]:
        """Yield what is in no range, up to `end`, where a header would have room."""
        self.add(end, end)
        self._starts.append(self._start)
        self._ends.append(self._end)
        at = 0
        for start, stop in self._merged():
            if start - at >= _UNLIKELY:
                yield at, min(start, end)
            at = max(at, stop)
            if at >= end:
                return
        if end - at >= _UNLIKELY:
            yield at, end
