"""SQLite databases: every text and blob of every row, whole, where the raw pages have them in pieces.

A value that does not fit its page goes on in overflow pages anywhere in the file, so a key across a border stands
whole in no raw byte of it. And a key between the values before and behind it may not look like one. The tables'
pages are read here as they are, and no SQL is ever run: a schema may hold views, triggers, generated columns, virtual
tables and what not, and its text is nothing but text (docs/decisions/0008-sqlite-rows.md).

Rows that no table leads to any more, in pages that were freed and not yet used again, are read as far as they are
whole. Indexes repeat what tables have, and are not read.
Source of the format: https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Format, Member
from imgscan.containers.sqliterecord import SEPARATOR, SIZES, RecordError, columns, values, varint
from imgscan.streams.inflate import gather
from imgscan.streams.readers import CHUNK
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held

MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = 100
_INDEX, _TABLE, _INDEX_LEAF, _TABLE_LEAF = 2, 5, 10, 13  # kinds of pages; the first two lead to others
_CHARSETS: Final = {2: "utf-16-le", 3: "utf-16-be"}
_WHOLE: Final = 1 << 20  # bytes of a value up to which it is not given in pieces
_ENOUGH: Final = 1 << 18  # bytes that go on as a chunk
_READINGS: Final = 4
"""How often an overflow page is read. It belongs to one row; rows that were freed may still point at it."""


def recognise(head: bytes) -> bool:
    """Tell a database by its magic and by what the next bytes must be (section 1.3)."""
    return (
        len(head) >= _HEADER
        and head.startswith(MAGIC)
        and _page_size(head) > 0
        and head[21:24] == b"\x40\x20\x20"
        and _page_size(head) - head[20] >= 480
    )


def _page_size(head: bytes) -> int:
    """Give the size of a page, 0 if it is none."""
    size = int.from_bytes(head[16:18], "big")
    size = 1 << 16 if size == 1 else size
    return size if size >= 512 and not size & (size - 1) else 0


def members(held: Held) -> Iterator[Member | Unread]:
    """Give the values of all rows as one member without a name, with a separator behind each value."""
    database = _Database(held)
    yield Member(None, database.chunks(), (0, len(held)))
    yield from database.unread()


SQLITE: Final = Format(
    name="sqlite", begins=(MAGIC,), recognise=recognise, members=members, streamed=False, rowless=True
)


class _Database:
    """One reading of a database: each page of a table at most once, whatever leads to it."""

    def __init__(self, held: Held) -> None:
        head = bytes(held[:_HEADER])
        self._held = held
        self._size = _page_size(head)
        self._usable = self._size - head[20]
        self._charset = _CHARSETS.get(int.from_bytes(head[56:60], "big"), "utf-8")
        self._count = len(held) // self._size
        told = int.from_bytes(head[28:32], "big")
        self._lacking = max(0, told - self._count) if head[24:28] == head[92:96] else 0
        self._seen = bytearray(self._count + 1)  # pages of tables that were read
        self._taken = bytearray(self._count + 1)  # how often an overflow page was read
        self._parts: list[bytes] = []
        self._ready = 0
        self._damage = ""
        self._damaged = 0
        self._salvaging = False
        usable = self._usable
        self._least = (usable - 12) * 32 // 255 - 23
        self._most = {_TABLE_LEAF: usable - 35}
        self._most[_INDEX] = self._most[_INDEX_LEAF] = (usable - 12) * 64 // 255 - 23

    def chunks(self) -> Iterator[bytes]:
        """Give the values: first the tables that the schema names, then what nothing leads to."""
        roots: dict[int, None] = {}
        yield from self._tree(1, roots)
        for root in roots:
            yield from self._tree(root)
        self._salvaging = True
        kinds = (_TABLE_LEAF, _INDEX_LEAF, _INDEX) if self._damaged else (_TABLE_LEAF,)
        for number in range(2, self._count + 1):
            if not self._seen[number] and not self._taken[number]:
                start = (number - 1) * self._size
                if self._held[start : start + 1][0] in kinds:
                    yield from self._rows(number, self._page(number))
        yield from self._flush()

    def unread(self) -> Iterator[Unread]:
        """Tell what could not be read, after the chunks were."""
        if self._lacking:
            yield Unread(
                "error",
                "cut-stream",
                f"the SQLite database ends before {self._lacking} of its pages",
                bytes=self._lacking * self._size,
            )
        if self._damaged:
            text = f"{self._damaged} pages or rows of the SQLite database cannot be read: {self._damage}"
            yield Unread("error", "damaged-container", text)

    # Pages.

    def _page(self, number: int) -> bytes:
        start = (number - 1) * self._size
        return bytes(self._held[start : start + self._usable])

    def _note(self, text: str) -> None:
        """Remember damage; in pages that nothing leads to, it is no damage."""
        if not self._salvaging:
            self._damaged += 1
            self._damage = self._damage or text

    def _tree(self, root: int, roots: dict[int, None] | None = None) -> Iterator[bytes]:
        """Give the values of one table, page by page; of the schema, add the tables that it names to `roots`."""
        waiting = [root]
        kinds: tuple[int, int] | None = None
        while waiting:
            number = waiting.pop()
            if not 1 <= number <= self._count:
                self._note("a page that is not in the file")
                continue
            if self._seen[number]:
                self._note("a page that is used twice")
                continue
            self._seen[number] = 1
            page = self._page(number)
            kind = page[_HEADER if number == 1 else 0]
            if kinds is None:
                kinds = (_INDEX, _INDEX_LEAF) if kind in {_INDEX, _INDEX_LEAF} else (_TABLE, _TABLE_LEAF)
            if kind not in kinds:
                self._note("a page of another kind than its place asks for")
                continue
            if kind != _TABLE:
                yield from self._rows(number, page)
            if kind in {_INDEX, _TABLE}:
                waiting += self._children(number, page)
            elif roots is not None:
                roots.update(dict.fromkeys(self._roots(number, page)))

    def _pointers(self, number: int, page: bytes) -> tuple[int, ...]:
        """Give where the cells of a page begin."""
        start = _HEADER if number == 1 else 0
        count = int.from_bytes(page[start + 3 : start + 5], "big")
        start += 12 if page[start] in {_INDEX, _TABLE} else 8
        if start + 2 * count > len(page):
            self._note("a page of more cells than it has room for")
            count = max(0, len(page) - start) // 2
        return struct.unpack_from(f">{count}H", page, start)

    def _children(self, number: int, page: bytes) -> list[int]:
        """Give the pages below a page, the last one first."""
        start = _HEADER if number == 1 else 0
        found = [int.from_bytes(page[at : at + 4], "big") for at in self._pointers(number, page)]
        found.append(int.from_bytes(page[start + 8 : start + 12], "big"))
        found.reverse()
        return found

    def _rows(self, number: int, page: bytes) -> Iterator[bytes]:
        """Give the values of one page's rows, when there are enough of them."""
        kind = page[_HEADER if number == 1 else 0]
        most, room = self._most[kind], self._usable
        for pointer in self._pointers(number, page):
            try:
                at, size = self._cell(page, pointer, kind)
                local = size if size <= most else self._local(size, most)
                room -= local
                if room < 0:
                    self._note("rows that overlap")
                    break
                if local < size:
                    yield from self._overflowing(page, at, local, size)
                    continue
                self._record(page, at, at + size)
            except (RecordError, IndexError) as error:
                self._note(str(error) if isinstance(error, RecordError) else "a row that is cut")
        self._ready += self._size
        if self._ready >= _ENOUGH:
            yield from self._flush()

    def _overflowing(self, page: bytes, at: int, local: int, size: int) -> Iterator[bytes]:
        """Give a row that goes on in overflow pages."""
        payload = self._payload(page, at, local, size)
        if size <= _WHOLE:
            self._record(b"".join(payload), 0, size)
            self._ready += size
        else:
            yield from self._flush()
            yield from gather(values(payload, size, self._charset), _ENOUGH)

    def _cell(self, page: bytes, at: int, kind: int) -> tuple[int, int]:
        """Give where a row's record begins and how long it is, overflow pages and all."""
        if kind == _INDEX:
            at += 4
        size = page[at]
        at += 1
        if size > 127:
            if page[at] < 128:
                size = (size & 127) << 7 | page[at]
                at += 1
            else:
                size, at = varint(page, at - 1)
        if kind == _TABLE_LEAF:
            ninth = at + 8
            while page[at] > 127 and at < ninth:
                at += 1
            at += 1
        return at, size

    def _local(self, size: int, most: int) -> int:
        """Give how many bytes of a record that has overflow pages are in its cell (section 1.6)."""
        local = self._least + (size - self._least) % (self._usable - 4)
        return local if local <= most else self._least

    def _record(self, data: bytes, at: int, end: int) -> None:
        """Collect the texts and blobs of the record that is `data[at:end]`."""
        if end > len(data):
            raise RecordError("a row that goes beyond its page")
        length, begin = data[at], at + 1
        if length > 127:
            length, begin = varint(data, at)
        stop = position = at + length
        if position > end:
            raise RecordError("a record's header that is longer than the record")
        add, wide = self._parts.append, self._charset != "utf-8"
        while begin < stop:
            serial = data[begin]
            begin += 1
            if serial > 127:
                if data[begin] < 128:
                    serial = (serial & 127) << 7 | data[begin]
                    begin += 1
                else:
                    serial, begin = varint(data, begin - 1)
            if serial < 12:
                position += SIZES[serial]
                continue
            size = serial - 12 >> 1
            if size:
                value = data[position : min(position + size, end)]
                add(value.decode(self._charset, "replace").encode() if wide and serial & 1 else value)
                position += size
        if position > end or begin > stop:
            raise RecordError("a record that is shorter than its columns")

    def _payload(self, page: bytes, at: int, local: int, size: int) -> Iterator[bytes]:
        """Give a record that has overflow pages, piece by piece."""
        if at + local + 4 > len(page):
            raise RecordError("a row that goes beyond its page")
        yield page[at : at + local]
        number = int.from_bytes(page[at + local : at + local + 4], "big")
        left = size - local
        while left:
            if not 1 <= number <= self._count:
                raise RecordError("a value that goes on in a page which is not in the file")
            if self._taken[number] >= _READINGS:
                raise RecordError("a value that goes on in a page which others use")
            self._taken[number] += 1
            following = self._page(number)
            number = int.from_bytes(following[:4], "big")
            piece = following[4 : 4 + left]
            left -= len(piece)
            yield piece

    def _flush(self) -> Iterator[bytes]:
        """Give what was collected."""
        if self._parts:
            joined = SEPARATOR.join(self._parts) + SEPARATOR
            yield from (joined[at : at + CHUNK] for at in range(0, len(joined), CHUNK))
            self._parts.clear()
        self._ready = 0

    # The schema.

    def _roots(self, number: int, page: bytes) -> Iterator[int]:
        """Give the root pages of the tables that a page of the schema names (section 2.6)."""
        for pointer in self._pointers(number, page):
            try:
                at, size = self._cell(page, pointer, _TABLE_LEAF)
                local = size if size <= self._most[_TABLE_LEAF] else self._local(size, self._most[_TABLE_LEAF])
                record = page[at : at + size] if local == size else b"".join(self._start(page, at, local, size))
                length, begin = varint(record, 0)
                found = columns(record[begin:length], 0)[:4]
                kind = record[length : length + found[0][1]].decode(self._charset, "replace")
                if kind == "table" and len(found) == 4 and 1 <= found[3][0] <= 6:
                    position = length + sum(size for _, size in found[:3])
                    root = int.from_bytes(record[position : position + found[3][1]], "big", signed=True)
                    if root:  # virtual tables have none
                        yield root
            except (RecordError, IndexError):
                continue  # said when the row was read

    def _start(self, page: bytes, at: int, local: int, size: int) -> Iterator[bytes]:
        """Give as much of a long record as surely holds its first four columns, unless their names are absurd."""
        got = 0
        for piece in self._payload(page, at, local, size):
            yield piece
            got += len(piece)
            if got > _WHOLE:
                return
