"""The bytes of a tar header, cut into pieces that are searched one by one: whatever a reader takes, or passes over.

A header has text fields, numbers, and areas without meaning. A key in a field must not be joined with the digits of the
next one. But readers pass over what is behind a NUL, in numbers that they do not need and in areas that their
dialect does not use: there a key may cross the border between two fields. So the pieces depend on what the fields hold.
Layout: POSIX, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from imgscan.streams.tar_header import BLOCK, GNU_MAGIC, USTAR_MAGIC, checksum_holds

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "tar/name"
LINK: Final = "tar/link"
PADDING: Final = "tar/padding"
PAX: Final = "tar/pax"
HEADER: Final = "tar/header"
"""The fields of a location, as reports show them; the last for bytes that no reader uses, and for numbers."""


class Piece(NamedTuple):
    """Bytes of a block that belong together: `[start, end)`, and what they are called in a report."""

    start: int
    end: int
    field: str


_TEXT, _NUMBERS, _FREE = range(3)
_Layout = tuple[tuple[int, int, int, str], ...]

_USTAR_LAYOUT: Final[_Layout] = (
    (0, 100, _TEXT, NAME),
    (100, 124, _NUMBERS, HEADER),
    (124, 136, _NUMBERS, HEADER),
    (136, 148, _NUMBERS, HEADER),
    (148, 156, _NUMBERS, HEADER),
    (156, 157, _TEXT, HEADER),
    (157, 257, _TEXT, LINK),
    (257, 265, _TEXT, HEADER),
    (265, 297, _TEXT, "tar/uname"),
    (297, 329, _TEXT, "tar/gname"),
    (329, 345, _NUMBERS, HEADER),
    (345, 500, _TEXT, NAME),
    (500, BLOCK, _FREE, HEADER),
)
_UNUSED_PREFIX: Final[_Layout] = (*_USTAR_LAYOUT[:-2], (345, BLOCK, _FREE, HEADER))
_V7_LAYOUT: Final[_Layout] = (*_USTAR_LAYOUT[:7], (257, BLOCK, _FREE, HEADER))


def pieces(block: bytes) -> Iterator[Piece]:
    """Cut a block of a member's headers; one that is no header, such as a part of a sparse map, is one piece."""
    if len(block) < BLOCK or not checksum_holds(block):
        yield Piece(0, len(block), HEADER)
        return
    magic = block[257:265]
    if magic[:6] == USTAR_MAGIC and block[345]:
        layout = _USTAR_LAYOUT
    elif magic[:6] == USTAR_MAGIC or magic == GNU_MAGIC:
        layout = _UNUSED_PREFIX
    else:
        layout = _V7_LAYOUT
    start, field, loose = 0, NAME, False
    for low, high, kind, name in layout:
        value = block[low:high]
        junk = kind == _FREE or (kind == _NUMBERS and not _is_number(value))
        if low and not (loose and junk):
            yield Piece(start, low, field)
            start, field = low, name
        loose = junk or (kind == _TEXT and b"\0" in value)
    yield Piece(start, BLOCK, field)


def numbers(block: bytes) -> Iterator[tuple[int, int]]:
    """List the number fields of a header that hold numbers: no key can lie across one."""
    if len(block) == BLOCK and checksum_holds(block):
        for low, high, kind, _ in _USTAR_LAYOUT:
            if kind == _NUMBERS and _is_number(block[low:high]):
                yield low, high


def _is_number(value: bytes) -> bool:
    return not value.strip(b"01234567 \0")


def record_key(payload: bytes, at: int) -> bytes | None:
    """Return the key of the PAX record whose value is at an offset of a payload; None for anything else."""
    line = payload.rfind(b"\n", 0, at) + 1
    length, _, rest = payload[line:at].partition(b" ")
    key, equals, _ = rest.partition(b"=")
    return key if equals and length.isdigit() else None
