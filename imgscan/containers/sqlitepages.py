"""SQLite's pages: where cells and the pages below are in one, and which bytes belong to a row.

Source of the format: https://www.sqlite.org/fileformat2.html, sections 1.3 to 1.6.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from imgscan.containers.sqliterecord import RecordError, varint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held

HEADER: Final = 100
"""Bytes of the file's header, which the first page begins with."""

INDEX, TABLE, INDEX_LEAF, TABLE_LEAF = 2, 5, 10, 13
"""The kinds of pages that hold cells; the first two lead to others."""

_READINGS: Final = 4
"""How often an overflow page is read. It belongs to one row; rows that were freed may still point at it."""


def page_size(head: bytes) -> int:
    """Return the size of a page, 0 if it is none."""
    size = int.from_bytes(head[16:18], "big")
    size = 1 << 16 if size == 1 else size
    return size if size >= 512 and not size & (size - 1) else 0


class Pages:
    """The pages of a database, numbered from 1: `count` of them, of `size` bytes each, of which `usable` hold cells.

    `taken` says of each how often it was read as an overflow page. Damage to pages and rows is recorded here:
    `damaged` counts it, `damage` is the first.
    """

    def __init__(self, held: Held) -> None:
        head = bytes(held[:HEADER])
        self._held = held
        self.size = page_size(head)
        self.usable = self.size - head[20]
        self.count = len(held) // self.size
        self.taken = bytearray(self.count + 1)
        self.damage = ""
        self.damaged = 0
        self.salvaging = False
        """Whether pages are read that nothing leads to: damage in them is none."""
        usable = self.usable
        # Bytes of a record that its cell holds: at least, and at most, by the kind of page.
        self._least = (usable - 12) * 32 // 255 - 23
        self._most = {TABLE_LEAF: usable - 35}
        self._most[INDEX] = self._most[INDEX_LEAF] = (usable - 12) * 64 // 255 - 23

    def kind(self, number: int) -> int:
        """Return the kind of a page other than the first."""
        start = (number - 1) * self.size
        return self._held[start : start + 1][0]

    def page(self, number: int) -> bytes:
        """Return a page, without the bytes at its end that are reserved."""
        start = (number - 1) * self.size
        return bytes(self._held[start : start + self.usable])

    def note(self, text: str) -> None:
        """Remember damage; in pages that nothing leads to, it is not damage."""
        if not self.salvaging:
            self.damaged += 1
            self.damage = self.damage or text

    def pointers(self, number: int, page: bytes) -> tuple[int, ...]:
        """Return where the cells of a page begin."""
        start = HEADER if number == 1 else 0
        count = int.from_bytes(page[start + 3 : start + 5], "big")
        start += 12 if page[start] in {INDEX, TABLE} else 8
        if start + 2 * count > len(page):
            self.note("a page with more cells than it has room for")
            count = max(0, len(page) - start) // 2
        return struct.unpack_from(f">{count}H", page, start)

    def children(self, number: int, page: bytes) -> list[int]:
        """Return the pages below a page, the last one first."""
        start = HEADER if number == 1 else 0
        found = [int.from_bytes(page[at : at + 4], "big") for at in self.pointers(number, page)]
        found.append(int.from_bytes(page[start + 8 : start + 12], "big"))
        found.reverse()
        return found

    def cell(self, page: bytes, at: int, kind: int) -> tuple[int, int, int]:
        """Return where a row's record begins, how long it is, and how many bytes of it are in the cell (section 1.6).

        The others are in overflow pages.
        """
        if kind == INDEX:
            at += 4
        size = page[at]
        at += 1
        if size > 127:
            if page[at] < 128:
                size = (size & 127) << 7 | page[at]
                at += 1
            else:
                size, at = varint(page, at - 1)
        if kind == TABLE_LEAF:
            ninth = at + 8
            while page[at] > 127 and at < ninth:
                at += 1
            at += 1
        most = self._most[kind]
        if size <= most:
            return at, size, size
        local = self._least + (size - self._least) % (self.usable - 4)
        return at, size, local if local <= most else self._least

    def payload(self, page: bytes, at: int, local: int, size: int) -> Iterator[bytes]:
        """Yield a record that has overflow pages, piece by piece."""
        if at + local + 4 > len(page):
            raise RecordError("a row that extends beyond its page")
        yield page[at : at + local]
        number = int.from_bytes(page[at + local : at + local + 4], "big")
        left = size - local
        while left:
            if not 1 <= number <= self.count:
                raise RecordError("a value that continues in a page which is not in the file")
            if self.taken[number] >= _READINGS:
                raise RecordError("a value that continues in a page which others use")
            self.taken[number] += 1
            following = self.page(number)
            number = int.from_bytes(following[:4], "big")
            piece = following[4 : 4 + left]
            left -= len(piece)
            yield piece
