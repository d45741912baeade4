"""SQLite databases: every text and blob of every row, whole, where the raw pages have them in pieces.

A value that does not fit its page continues in overflow pages anywhere in the file, so a key across a border is
whole in no raw byte of it. And a key between the values before and behind it may not look like one. The tables'
pages are read here as they are, and no SQL is ever run: a schema may hold views, triggers, generated columns, virtual
tables and what not, and its text is nothing but text (docs/decisions/0008-sqlite-rows.md).

Rows that no table leads to any more, in pages that were freed and not yet used again, are read as far as they are
whole. Indexes repeat what tables have, and are not read.
Source of the format: https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Format, Member, part
from imgscan.containers.sqlitepages import HEADER, INDEX, INDEX_LEAF, TABLE, TABLE_LEAF, Pages, page_size
from imgscan.containers.sqliterecord import SEPARATOR, SIZES, RecordError, columns, values, varint
from imgscan.streams.inflate import gather
from imgscan.streams.readers import CHUNK
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held

MAGIC: Final = b"SQLite format 3\0"
_CHARSETS: Final = {2: "utf-16-le", 3: "utf-16-be"}
_WHOLE: Final = 1 << 20  # bytes of a value up to which it is not given in pieces
_ENOUGH: Final = 1 << 18  # bytes that make a chunk


def recognise(head: bytes) -> bool:
    """Tell a database by its magic and by what the next bytes must be (section 1.3)."""
    return (
        len(head) >= HEADER
        and head.startswith(MAGIC)
        and page_size(head) > 0
        and head[21:24] == b"\x40\x20\x20"
        and page_size(head) - head[20] >= 480
    )


def members(held: Held) -> Iterator[Member | Unread]:
    """Yield the values of all rows as one member without a name, with a separator behind each value."""
    database = _Database(held)
    yield Member(None, database.chunks(), (0, len(held)))
    yield from database.unread()
    if database.end < len(held):
        yield from part(held, database.end)


SQLITE: Final = Format(
    name="sqlite", begins=(MAGIC,), recognise=recognise, members=members, streamed=False, rowless=True
)


class _Database:
    """One reading of a database: each page of a table at most once, whatever leads to it."""

    def __init__(self, held: Held) -> None:
        head = bytes(held[:HEADER])
        self._pages = Pages(held)
        self._charset = _CHARSETS.get(int.from_bytes(head[56:60], "big"), "utf-8")
        told = int.from_bytes(head[28:32], "big")
        self.end = self._pages.size * (told if head[24:28] == head[92:96] and told else self._pages.count)
        """Where the database ends; SQLite takes no notice of what follows it."""
        self._lacking = max(0, told - self._pages.count) if head[24:28] == head[92:96] else 0
        self._seen = bytearray(self._pages.count + 1)  # pages of tables that were read
        self._parts: list[bytes] = []
        self._ready = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield the values: first the tables that the schema names, then what nothing leads to."""
        roots: dict[int, None] = {}
        yield from self._tree(1, roots)
        for root in roots:
            yield from self._tree(root)
        pages = self._pages
        pages.salvaging = True
        kinds = (TABLE_LEAF, INDEX_LEAF, INDEX) if pages.damaged else (TABLE_LEAF,)
        for number in range(2, pages.count + 1):
            if not self._seen[number] and not pages.taken[number] and pages.kind(number) in kinds:
                yield from self._rows(number, pages.page(number))
        yield from self._flush()

    def unread(self) -> Iterator[Unread]:
        """Tell what could not be read, after the chunks were."""
        if self._lacking:
            yield Unread(
                "error",
                "cut-stream",
                f"the SQLite database ends before {self._lacking} of its pages",
                bytes=self._lacking * self._pages.size,
            )
        if self._pages.damaged:
            text = f"{self._pages.damaged} pages or rows of the SQLite database cannot be read: {self._pages.damage}"
            yield Unread("error", "damaged-container", text)

    def _tree(self, root: int, roots: dict[int, None] | None = None) -> Iterator[bytes]:
        """Yield the values of one table, page by page; of the schema, add the tables that it names to `roots`."""
        waiting = [root]
        kinds: tuple[int, int] | None = None
        while waiting:
            number = waiting.pop()
            if not 1 <= number <= self._pages.count:
                self._pages.note("a page that is not in the file")
                continue
            if self._seen[number]:
                self._pages.note("a page that is used twice")
                continue
            self._seen[number] = 1
            page = self._pages.page(number)
            kind = page[HEADER if number == 1 else 0]
            if kinds is None:
                kinds = (INDEX, INDEX_LEAF) if kind in {INDEX, INDEX_LEAF} else (TABLE, TABLE_LEAF)
            if kind not in kinds:
                self._pages.note("a page of the wrong kind for its place")
                continue
            if kind != TABLE:
                yield from self._rows(number, page)
            if kind in {INDEX, TABLE}:
                waiting += self._pages.children(number, page)
            elif roots is not None:
                roots.update(dict.fromkeys(self._roots(number, page)))

    def _rows(self, number: int, page: bytes) -> Iterator[bytes]:
        """Yield the values of one page's rows, when there are enough of them."""
        kind = page[HEADER if number == 1 else 0]
        pages = self._pages
        cell, room = pages.cell, pages.usable
        for pointer in pages.pointers(number, page):
            try:
                at, size, local = cell(page, pointer, kind)
                room -= local
                if room < 0:
                    pages.note("rows that overlap")
                    break
                if local < size:
                    yield from self._overflowing(page, at, local, size)
                    continue
                self._record(page, at, at + size)
            except (RecordError, IndexError) as error:
                pages.note(str(error) if isinstance(error, RecordError) else "a truncated row")
        self._ready += pages.size
        if self._ready >= _ENOUGH:
            yield from self._flush()

    def _overflowing(self, page: bytes, at: int, local: int, size: int) -> Iterator[bytes]:
        """Yield a row that continues in overflow pages."""
        payload = self._pages.payload(page, at, local, size)
        if size <= _WHOLE:
            self._record(b"".join(payload), 0, size)
            self._ready += size
        else:
            yield from self._flush()
            yield from gather(values(payload, size, self._charset), _ENOUGH)

    def _record(self, data: bytes, at: int, end: int) -> None:
        """Collect the texts and blobs of the record that is `data[at:end]`."""
        if end > len(data):
            raise RecordError("a row that extends beyond its page")
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

    def _flush(self) -> Iterator[bytes]:
        """Yield what was collected."""
        if self._parts:
            joined = SEPARATOR.join(self._parts) + SEPARATOR
            yield from (joined[at : at + CHUNK] for at in range(0, len(joined), CHUNK))
            self._parts.clear()
        self._ready = 0

    # The schema.

    def _roots(self, number: int, page: bytes) -> Iterator[int]:
        """Yield the root pages of the tables that a page of the schema names (section 2.6)."""
        for pointer in self._pages.pointers(number, page):
            try:
                at, size, local = self._pages.cell(page, pointer, TABLE_LEAF)
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
        """Yield as much of a long record as surely holds its first four columns, unless their names are absurd."""
        got = 0
        for piece in self._pages.payload(page, at, local, size):
            yield piece
            got += len(piece)
            if got > _WHOLE:
                return
