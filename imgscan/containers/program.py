"""Programs in ELF, and where they end: what stands behind one is an archive that it unpacks, or a disk image.

Format: the System V ABI, chapters 4 and 5: the file header says where the tables of sections and segments stand, and
these where everything else does. Linkers put the sections' table last, save Go's, which puts it first.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple


class _Layout(NamedTuple):
    """Where numbers stand: in the header (both tables' offsets; their entries' sizes and counts), in table entries."""

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
"""Bytes of a program in which its tables are looked for, where they stand in front."""


def recognise(head: bytes) -> bool:
    """Whether a file that begins so is a program or a library."""
    return head.startswith(b"\x7fELF") and len(head) >= _HEADER and head[4] in _LAYOUTS and head[5] in _ORDERS


def end(head: bytes) -> int:
    """Give the offset at which a program ends, as far as its first bytes tell: it does not end before that."""
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
