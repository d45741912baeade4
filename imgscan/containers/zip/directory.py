"""Where a zip archive's directory is, and what it lists.

Format: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16. The directory is at the end, so that anything may
precede the archive; then the offsets in it are off by the length of that. No count or size is believed:
entries are read as long as they look like entries.
"""

from __future__ import annotations

import re
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from imgscan.containers.base import LEAST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held

END_SIZE: Final = 22
TAIL: Final = END_SIZE + 0xFFFF
"""Bytes at the end of a file among which the record that ends an archive begins, if there is one."""

_ENTRY: Final = Struct("<4s4xHH4xLLLHHH8xL")  # flags, method, crc, sizes; lengths of name, extra, comment; offset
_ENTRY_SIZE: Final = 46
_ENTRY_MAGIC: Final = b"PK\x01\x02"
_PART: Final = re.compile(rb"PK(?:\x03\x04|\x01\x02)")
_END: Final = Struct("<4s6xHLLH")  # entries, size, offset, length of the comment
END_MAGIC: Final = b"PK\x05\x06"
_END64: Final = Struct("<4s28xQQQ")
_END64_SIZE: Final = 56
_LOCATOR: Final = Struct("<4s4xQ4x")
_LOCATOR_SIZE: Final = 20
ROOM: Final = 64
"""Bytes of extra fields and comment from which on they are looked into; those that archivers write are smaller."""

_FIELDS: Final = 16
"""Extra fields of one header that are looked at one by one; archivers write up to five."""

_SATURATED: Final = 0xFFFFFFFF
_WINDOW: Final = 1 << 20
_QUAD: Final = Struct("<Q")


class Directory(NamedTuple):
    """Where the directory is, and what has to be added to the offsets in it.

    It ends at `listed`, by its size, or at `end`, where the record that ends the archive begins (with zip64, the first
    of them); `record` is where the last one does.
    """

    start: int
    end: int
    shift: int
    listed: int
    record: int


class ZipEntry(NamedTuple):
    """What the directory says of a member; `at` is where its local header is."""

    name: bytes
    flags: int
    method: int
    crc: int
    stored: int
    size: int
    at: int


def find_directory(held: Held) -> Directory | None:
    """Find the directory from the end of the file; None if there is none that begins with an entry, or is empty.

    Bytes may follow the archive, but no members: else what was found belongs to an archive within one that was cut.
    """
    size = len(held)
    base = max(0, size - TAIL)
    tail = bytes(held[base:size])
    loose = None
    at = len(tail)
    while (at := tail.rfind(END_MAGIC, 0, at)) >= 0:
        if at + END_SIZE <= len(tail):
            _, _, _, _, comment = _END.unpack_from(tail, at)
            fits = at + END_SIZE + comment == len(tail)
            found = _directory(held, tail, base, at) if fits or loose is None else None
            if found is not None and fits:
                return found
            if found is not None and _PART.search(tail, at):
                return None
            loose = loose or found
    return loose


def _directory(held: Held, tail: bytes, base: int, at: int) -> Directory | None:
    """Find the directory that belongs to the end record at `at` of the tail."""
    _, entries, size, offset, _ = _END.unpack_from(tail, at)
    end = base + at
    if _SATURATED in (size, offset) or entries == 0xFFFF:
        record = _end64(held, end)
        if record is not None:
            end, entries, size, offset = record
    for start in (end - size, offset):
        if 0 <= start <= end and (held[start : start + 4] == _ENTRY_MAGIC or (not entries and start == end)):
            return Directory(start, end, start - offset, min(start + size, end), base + at)
    return None


def is_end(tail: bytes) -> bool:
    """Whether the last bytes of a file are the end of a zip archive whose directory may begin before them."""
    at = len(tail)
    while (at := tail.rfind(END_MAGIC, 0, at)) >= 0:
        if at + END_SIZE <= len(tail):
            _, entries, size, _, comment = _END.unpack_from(tail, at)
            start = at - size
            if entries and at + END_SIZE + comment == len(tail) and (start < 0 or tail.startswith(_ENTRY_MAGIC, start)):
                return True
    return False


def _end64(held: Held, end: int) -> tuple[int, int, int, int] | None:
    """Read the zip64 end record that precedes `end`: where it is, entries, size and offset."""
    if end < _LOCATOR_SIZE + _END64_SIZE:
        return None
    magic, stated = _LOCATOR.unpack(held[end - _LOCATOR_SIZE : end])
    if magic != b"PK\x06\x07":
        return None
    for at in (end - _LOCATOR_SIZE - _END64_SIZE, stated):
        record = bytes(held[at : at + _END64_SIZE])
        if len(record) == _END64_SIZE and at < end:
            magic, entries, size, offset = _END64.unpack(record)
            if magic == b"PK\x06\x06":
                return at, entries, size, offset
    return None


def entries(held: Held, directory: Directory, nooks: list[tuple[int, int]]) -> Iterator[ZipEntry | None]:
    """Yield the directory's entries in their order; None at the end if it does not end where it should.

    Where there is room for a container, the extra fields and the comment are added to `nooks`: where each begins and
    ends.
    """
    at, end, shift, listed, _ = directory
    window = b""
    base = at
    unpack, new = _ENTRY.unpack_from, tuple.__new__
    while at < end:
        position = at - base
        if position + _ENTRY_SIZE > len(window):
            window, base, position = bytes(held[at : min(end, at + _WINDOW)]), at, 0
            if len(window) < _ENTRY_SIZE:
                break
        magic, flags, method, crc, stored, size, name_length, extra, comment, offset = unpack(window, position)
        if magic != _ENTRY_MAGIC:
            break
        length = _ENTRY_SIZE + name_length + extra + comment
        if position + length > len(window):
            window, base, position = bytes(held[at : min(end, at + _WINDOW)]), at, 0
            if length > len(window):
                break
        begin = position + _ENTRY_SIZE
        name = window[begin : begin + name_length]
        if extra + comment > ROOM:
            behind = begin + name_length + extra
            nooks += fields(window[behind - extra : behind], base + behind - extra)
            nooks.append((base + behind, base + behind + comment))
        if extra and _SATURATED in (stored, size, offset):
            begin += name_length
            size, stored, offset = zip64(window[begin : begin + extra], size, stored, offset)
        yield new(ZipEntry, (name, flags, method, crc, stored, size, offset + shift))
        at += length
    if at not in (end, listed):
        yield None


def fields(extra: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield where the data of the extra fields at `at` begin and end (section 4.5): a kind, a length, and data.

    What follows the first `_FIELDS` of them is yielded as one.
    """
    place = 0
    for _ in range(_FIELDS):
        length = int.from_bytes(extra[place + 2 : place + 4], "little")
        place += 4
        if place >= len(extra):
            return
        if length >= LEAST:
            yield at + place, at + min(place + length, len(extra))
        place += length
    if place < len(extra):
        yield at + place, at + len(extra)


def zip64(extra: bytes, *values: int) -> tuple[int, ...]:
    """Replace the saturated ones of `values` (size, stored size, offset) by those of the zip64 field, if any."""
    at = 0
    while at + 4 <= len(extra):
        length = int.from_bytes(extra[at + 2 : at + 4], "little")
        if extra[at : at + 2] == b"\x01\x00":
            field = extra[at + 4 : at + 4 + length]
            wide = iter(_QUAD.iter_unpack(field[: len(field) & ~7]))
            return tuple(next(wide, (value,))[0] if value == _SATURATED else value for value in values)
        at += 4 + length
    return values
