"""Where the stored bytes of a sparse file belong in the file: the four ways in which GNU tar writes the map.

Formats: GNU tar manual, "Storing Sparse Files" and "Basic Tar Format". Nothing here expands a hole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.streams.tar_header import decimal, number
from imgscan.streams.tar_records import SPARSE_MAP, sparse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


PIECES_LIMIT = 1 << 17
"""Pieces of one file; a map of more is taken for broken, because each costs a hundred bytes of memory."""


class SparseMap:
    """A map of one member: offset and length of each piece of data, and the size of the unpacked file.

    `pairs` is None once the map is known to be broken, `size` None if it is not stated. While `more` is true the
    next block of the stream belongs to the map: `take` it. `inside` says that such blocks count as stored data.
    """

    __slots__ = ("inside", "more", "pairs", "size")

    def __init__(self, pairs: list[tuple[int, int]] | None, size: int | None) -> None:
        self.pairs = pairs
        self.size = size
        self.more = False
        self.inside = False

    def take(self, block: bytes) -> None:
        """Read the next block of the map."""
        raise NotImplementedError


class OldMap(SparseMap):
    """The old GNU form (type S): four pieces in the header, 21 more in each extension block."""

    __slots__ = ()

    def __init__(self, header: bytes) -> None:
        super().__init__(_octal_pairs(header, 386, 4), number(header[483:495]))
        self.more = header[482] != 0

    def take(self, block: bytes) -> None:
        """Read an extension block; a broken one does not hide how many follow."""
        further = _octal_pairs(block, 0, 21)
        if self.pairs is not None and further is not None and len(self.pairs) < PIECES_LIMIT:
            self.pairs += further
        else:
            self.pairs = None
        self.more = block[504] != 0


class TextMap(SparseMap):
    """Format 1.0: at the head of the data the number of pieces, then their numbers, one per line, in whole blocks."""

    __slots__ = ("_lines", "_text", "_wanted")

    def __init__(self, size: int | None) -> None:
        super().__init__(None, size)
        self.more = True
        self.inside = True
        self._text = bytearray()
        self._lines = 0
        self._wanted = 0

    def take(self, block: bytes) -> None:
        """Read a block; the map ends in the block that holds its last line, or where it is not a map at all."""
        if not self._text:
            pieces = decimal(block.partition(b"\n")[0])
            if pieces is None or pieces > PIECES_LIMIT:
                self.more = False
                return
            self._wanted = 2 * pieces + 1
        self._text += block
        self._lines += block.count(b"\n")
        if self._lines >= self._wanted:
            self.more = False
            self.pairs = _decimal_pairs(bytes(self._text).split(b"\n", self._wanted)[1 : self._wanted])


def announced_map(records: Mapping[bytes, bytes]) -> SparseMap | None:
    """Return the map that a member's PAX records hold (0.0, 0.1) or announce (1.0); None if it is not sparse."""
    version = sparse_version(records)
    if version is None:
        return None
    size = decimal(records.get(b"GNU.sparse.size") or records.get(b"GNU.sparse.realsize") or b"")
    if version == "1.0":
        return TextMap(size)
    text = records[SPARSE_MAP]
    small = text.count(b",") < 2 * PIECES_LIMIT
    return SparseMap(_decimal_pairs(text.split(b",")) if small else None, size)


def _decimal_pairs(numbers: Sequence[bytes]) -> list[tuple[int, int]] | None:
    """Read offsets and lengths that alternate; None if one is not a number or has no partner."""
    values: list[int] = []
    for text in numbers:
        value = decimal(text)
        if value is None:
            return None
        values.append(value)
    if len(values) % 2:
        return None
    return list(zip(values[::2], values[1::2], strict=True))


def _octal_pairs(block: bytes, at: int, count: int) -> list[tuple[int, int]] | None:
    """Read up to `count` offsets and lengths, 12 bytes each, from an old GNU sparse header or extension.

    The list stops at an offset that begins with a NUL, as in GNU tar and Go. None if a field is not a number.
    """
    pairs: list[tuple[int, int]] = []
    for field in range(at, at + 24 * count, 24):
        if not block[field]:
            break
        offset, length = number(block[field : field + 12]), number(block[field + 12 : field + 24])
        if offset is None or length is None:
            return None
        pairs.append((offset, length))
    return pairs


def fragments(
    pairs: Iterable[tuple[int, int]], *, start: int, stored: int, size: int
) -> tuple[tuple[int, int, int], ...] | None:
    """Lay a sparse map over the stored data, which is in the stream from `start`, `stored` bytes long.

    Empty pieces are dropped and neighbours in the file are joined. None if the map is not ascending, leaves the
    file, or does not account for exactly the stored bytes.
    """
    pieces: list[tuple[int, int, int]] = []
    at, logical = start, 0
    for offset, length in pairs:
        if offset < logical or length < 0 or offset + length > size:
            return None
        if length:
            if pieces and offset == logical:
                pieces[-1] = (pieces[-1][0], at + length, pieces[-1][2])
            else:
                pieces.append((at, at + length, offset))
            at += length
        logical = offset + length
    return tuple(pieces) if at == start + stored else None
