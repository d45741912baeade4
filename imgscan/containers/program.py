"""Programs in ELF, and where they end: what follows one is an archive that it unpacks, or a disk image.

Format: the System V ABI, chapters 4 and 5: the file header says where the tables of sections and segments are, and
these where everything else does. Linkers put the section table last, except Go's, which puts it first.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from imgscan.containers.base import Format
from imgscan.containers.cursor import Cursor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Member
    from imgscan.streams.readers import Chunk, Reader
    from imgscan.unread import Unread

MAGIC: Final = b"\x7fELF"


class _Layout(NamedTuple):
    """Where numbers are: in the header (both tables' offsets; their entries' sizes and counts), in table entries."""

    offsets: str
    offsets_at: int
    counts_at: int
    word: str
    segment: tuple[int, int]
    section: tuple[int, int]


_LAYOUTS: Final = {
    1: _Layout("II", 28, 42, "I", (4, 16), (16, 20)),
    2: _Layout("QQ", 32, 54, "Q", (8, 32), (24, 32)),
}
"""By the class of the file: 32 or 64 bits."""

_ORDERS: Final = {1: "<", 2: ">"}
_HEADER: Final = 64
_KIND_AT: Final = 4
_NO_BITS: Final = 8  # a section that takes no bytes of the file
HEADERS: Final = 1 << 13
"""Bytes of a program in which to look for its tables, if they are at the front."""


def recognise(head: bytes) -> bool:
    """Whether a file that begins so is a program or a library."""
    return head.startswith(MAGIC) and len(head) >= _HEADER and head[4] in _LAYOUTS and head[5] in _ORDERS


def end(head: bytes) -> int:
    """Return the offset at which a program ends, judging by its first bytes: it does not end before that."""
    layout, order = _LAYOUTS[head[4]], _ORDERS[head[5]]
    segments, sections = struct.unpack_from(order + layout.offsets, head, layout.offsets_at)
    sizes = struct.unpack_from(order + "4H", head, layout.counts_at)
    ends: list[int] = [_HEADER]
    for table, size, count, places in (
        (segments, *sizes[:2], layout.segment),
        (sections, *sizes[2:], layout.section),
    ):
        ends.append(table + size * count)
        if size <= places[1] + struct.calcsize(layout.word):
            continue  # no such entries
        for at in range(table, min(ends[-1], len(head) - size + 1), size):
            kind = struct.unpack_from(order + "I", head, at + _KIND_AT)[0]
            if table == segments or kind != _NO_BITS:
                offset, length = (struct.unpack_from(order + layout.word, head, at + place)[0] for place in places)
                ends.append(offset + length)
    return max(ends)


def barren(head: Chunk, size: int) -> bool:
    """Whether a program's own tables say that it takes all of the file's `size` bytes."""
    return end(bytes(head[:HEADERS])) >= size


def members(raw: Reader) -> Iterator[Member | Unread]:
    """Yield what follows the program and zeros, whatever it is."""
    cursor = Cursor(raw)
    if cursor.skip(end(cursor.peek(HEADERS))):
        yield from cursor.rest()


PROGRAM: Final = Format(
    name="program",
    begins=(MAGIC,),
    recognise=recognise,
    members=members,
    streamed=True,
    possible=True,
    barren=barren,
)
