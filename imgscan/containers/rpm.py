"""RPM packages: a lead, two headers and a compressed cpio archive, whose members are the package's.

Format: rpm's docs/manual/format_v4.md, format_header.md and format_payload.md. The headers (scriptlets, changelog)
are not compressed, so the search over the package's own bytes sees them; from the main one the names and sizes of
the files are taken, for payloads that hold only their numbers (packages with large files, and format 6).
"""

from __future__ import annotations

from operator import itemgetter
from struct import Struct
from typing import TYPE_CHECKING, Final

from imgscan.containers import compressed, cpio
from imgscan.containers.base import HEAD, Format, Member
from imgscan.containers.cursor import TO_THE_END, Chunks, Cursor
from imgscan.streams.inflate import inflate
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.streams.readers import Reader

LEAD: Final = b"\xed\xab\xee\xdb"
_HEADER: Final = b"\x8e\xad\xe8\x01"
_LEAD_SIZE: Final = 96
_ENTRY: Final = Struct(">IIII")  # tag, type, offset in the store, count
HEADER_LIMIT: Final = 32 << 20
"""Bytes of a header's names and sizes that are held: only stripped payloads need them. The rest of it passes by."""
_ENTRIES_LIMIT, _DATA_LIMIT = 0xFFFF, 0x0FFFFFFF  # rpm's own
FILES_LIMIT: Final = 1 << 19
"""Files whose names are held for a stripped payload."""

# Tags: sizes, modes, device and inode of each file; index of its folder, its base name; folders; 64-bit sizes
_SIZES, _MODES, _DEVICES, _INODES = 1028, 1030, 1095, 1096
_PLACES, _BASES, _FOLDERS, _LONG_SIZES = 1116, 1117, 1118, 5008
_WANTED: Final = frozenset((_SIZES, _MODES, _DEVICES, _INODES, _PLACES, _BASES, _FOLDERS, _LONG_SIZES))
_Table = dict[int, tuple[int, int, bytes]]
"""Type, count and cells of those tags of a header that say what a stripped payload does not."""

_WIDTHS: Final = {3: 2, 4: 4, 5: 8}
_STRINGS: Final = 8
_TYPE, _REGULAR, _LINK = 0o170000, 0o100000, 0o120000


def recognise(head: bytes) -> bool:
    """Whether a file that begins so is an RPM package: its lead, of version 3 or 4, and a header behind it."""
    return head.startswith(LEAD) and head[4:5] in (b"\x03", b"\x04") and head[96:100] == _HEADER


def members(raw: Reader) -> Iterator[Member | Unread]:
    """Yield the payload, an archive that adds nothing to a path, as a compression does: `p.rpm!/etc/p.conf`.

    Of a payload that holds only the numbers of its files the files are given, under their names.
    """
    cursor = Cursor(raw)
    cursor.skip(_LEAD_SIZE)
    signature = _header(cursor, hold=False)
    cursor.skip(-cursor.offset % 8)
    header = _header(cursor, hold=True) if signature is not None else None
    if header is None:
        yield Unread("error", "damaged-container", "the RPM package is damaged or truncated before its payload")
        yield from cursor.rest()
        return
    head = cursor.peek(HEAD)
    start = cursor.offset
    files = _Files(header)
    if compressed.compression_of(head) is None:
        yield from _payload(cursor, files, (start, TO_THE_END))
        return
    for part in compressed.members(cursor, start):
        if isinstance(part, Unread):
            yield part
        else:
            yield from _payload(Chunks(part.chunks), files, (start, TO_THE_END))


def _payload(plain: Reader, files: _Files, extent: tuple[int, int]) -> Iterator[Member | Unread]:
    """Yield the payload as it is, without a name, or its members if it says only their numbers."""
    source = Cursor(plain)
    if source.peek(len(cpio.STRIPPED)) == cpio.STRIPPED:
        yield from cpio.walk(source, files, extent)
    else:
        yield Member(None, inflate(source, "none"), extent)


def _header(cursor: Cursor, *, hold: bool) -> _Table | None:
    """Take a header; return what says the names of files, nothing if it is not to be held. None if damaged."""
    intro = cursor.take(16)
    if len(intro) < 16 or not intro.startswith(_HEADER):
        return None
    entries, size = int.from_bytes(intro[8:12], "big"), int.from_bytes(intro[12:16], "big")
    if entries > _ENTRIES_LIMIT or size > _DATA_LIMIT:
        return None
    if not hold:
        return {} if cursor.skip(16 * entries + size) else None
    index = cursor.take(16 * entries)
    if len(index) < 16 * entries:
        return None
    return _cells(cursor, sorted(_ENTRY.iter_unpack(index), key=itemgetter(2)), size)


def _cells(cursor: Cursor, index: list[tuple[int, int, int, int]], size: int) -> _Table | None:
    """Go through a header's store, and hold the cells of the tags that matter, `HEADER_LIMIT` bytes at most.

    `index` is in the order of the store. None if the store is cut.
    """
    table: _Table = {}
    start, left = cursor.offset, HEADER_LIMIT
    for number, (tag, kind, at, count) in enumerate(index):
        if tag not in _WANTED or not at <= size or start + at < cursor.offset:
            continue
        after = index[number + 1][2] if number + 1 < len(index) else size
        length = min(after if kind == _STRINGS else at + _WIDTHS.get(kind, 0) * count, size) - at
        if not 0 < length <= left or count > FILES_LIMIT:
            continue
        left -= length
        if not cursor.skip(start + at - cursor.offset):
            return None
        table[tag] = kind, count, cursor.take(length)
    return table if cursor.skip(start + size - cursor.offset) else None


class _Files:
    """Name and size of each file by its number, read from the header when the first is requested."""

    def __init__(self, table: _Table) -> None:
        self._table = table
        self._left = 4 * sum(len(cells) for _, _, cells in table.values())
        """Bytes of folders that are given, however many files share a long one."""
        self._sizes: list[int] | None = None
        self._bases: list[bytes] = []
        self._folders: list[bytes] = []
        self._places: list[int] = []

    def get(self, number: int, /) -> tuple[bytes, int] | None:
        """Return name and size of a file; None if there is none, or the header does not say."""
        if self._sizes is None:
            self._sizes = self._read()
        if number >= len(self._sizes):
            return None
        place = self._places[number]
        folder = self._folders[place] if place < len(self._folders) and self._left > 0 else b"/"
        self._left -= len(folder)
        return b"." + folder + self._bases[number], self._sizes[number]

    def _read(self) -> list[int]:
        """Read the tables; return how many bytes of each file the payload holds."""

        def numbers(tag: int) -> list[int]:
            kind, count, cells = self._table.get(tag, (0, 0, b""))
            width = _WIDTHS.get(kind)
            if width is None:
                return []
            cells = cells[: width * count]
            return [int.from_bytes(cells[i : i + width], "big") for i in range(0, len(cells) - width + 1, width)]

        def strings(tag: int) -> list[bytes]:
            kind, count, cells = self._table.get(tag, (0, 0, b""))
            return cells.split(b"\0", count)[:count] if kind == _STRINGS else []

        self._bases, self._folders, self._places = strings(_BASES), strings(_FOLDERS), numbers(_PLACES)
        sizes, modes = numbers(_LONG_SIZES) or numbers(_SIZES), numbers(_MODES)
        if not len(self._bases) == len(self._places) == len(sizes) == len(modes):
            return []
        files = list(zip(numbers(_DEVICES), numbers(_INODES), strict=False))
        last = {file: number for number, file in enumerate(files)}
        for number, mode in enumerate(modes):
            # The content of a hard link comes with the last of its names; folders and devices have none.
            regular = mode & _TYPE == _REGULAR and (number >= len(files) or last[files[number]] == number)
            if not regular and mode & _TYPE != _LINK:
                sizes[number] = 0
        return sizes


RPM: Final = Format(name="rpm", begins=(LEAD,), recognise=recognise, members=members, streamed=True)
