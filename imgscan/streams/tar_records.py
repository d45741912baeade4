"""What extension headers (GNU L and K, PAX x and g) say about the member that they precede.

PAX records: POSIX, pax, "pax Extended Header". Long names: GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.streams.tar_header import (
    BLOCK,
    HEADER_ONLY,
    KINDS,
    Kind,
    TarMember,
    cut,
    decimal,
    header_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SPARSE_MAP = b"GNU.sparse.map"
_SPARSE_PAIR = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")


class Extension:
    """What the extension headers before one member have said so far; of two of a type the last one counts.

    `header` is where the first of them begins (or the member's own header, if there is none), `spent` the bytes
    of their payloads.
    """

    __slots__ = ("header", "link", "name", "records", "spent")

    def __init__(self, header: int) -> None:
        self.header = header
        self.name = b""
        self.link = b""
        self.records: dict[bytes, bytes] = {}
        self.spent = 0

    def stored_size(self, stated: int) -> int | None:
        """Return the stored size of a member whose header states `stated`; None if PAX states nonsense."""
        size = self.records.get(b"size")
        return decimal(size) if size else stated

    def describe(self, block: bytes, at: int, size: int, inherited: dict[bytes, bytes]) -> TarMember:
        """Make the member whose header is `block`, at stream offset `at`, with `size` bytes stored behind it.

        `inherited` are the global records. A sparse member is described as if its stored bytes were the file.
        """
        own = self.records
        flag = block[156:157]
        name = self.name or own.get(b"path", b"")
        if sparse_version(own) is not None:
            name = own.get(b"GNU.sparse.name") or name
        long_name = bool(name)
        if not name:
            name = header_name(block)
        kind = KINDS.get(flag, Kind.OTHER)
        if flag == b"\0" and name[-1:] == b"/":
            kind, size = Kind.DIRECTORY, 0
        elif flag in HEADER_ONLY:
            size = 0
        link = b""
        if kind is Kind.LINK or kind is Kind.SYMLINK:
            link = self.link or own.get(b"linkpath") or cut(block[157:257])
        records = present(inherited | own) if own else inherited
        start = at + BLOCK
        return TarMember(self.header, start, start + size, name, kind, link, size, records or None, None, long_name)


def present(records: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Drop the records without a value: they say that a keyword is not set (POSIX)."""
    return {key: value for key, value in records.items() if value}


def parse_records(payload: bytes) -> tuple[dict[bytes, bytes], bool]:
    """Split the payload of an x or g header into its records; also say whether it was well formed to its end.

    After a malformed record nothing more is read: where the next one would begin is not known. The offset and
    numbytes records of sparse format 0.0, which repeat their keys, come out as one `GNU.sparse.map` record, the
    form of format 0.1.
    """
    records: dict[bytes, bytes] = {}
    pairs: list[bytes] = []
    at = 0
    while at < len(payload):
        space = payload.find(b" ", at, at + 9)
        length = decimal(payload[at:space]) if space > at else None
        if length is None or length <= space - at or at + length > len(payload):
            return records, False
        end = at + length
        key, equals, value = payload[space + 1 : end - 1].partition(b"=")
        if not equals or not key or payload[end - 1] != 0x0A:
            return records, False
        if key in _SPARSE_PAIR:
            if key != _SPARSE_PAIR[len(pairs) % 2]:
                return records, False
            pairs.append(value)
        else:
            records[key] = value
        at = end
    if pairs:
        records[SPARSE_MAP] = b",".join(pairs)
    return records, True


def sparse_version(records: Mapping[bytes, bytes]) -> str | None:
    """Name the PAX sparse format that these records announce: "0" (0.0 and 0.1), "1.0", or None.

    The oldest writers gave no version, so a map alone announces format 0; an unknown version announces nothing.
    """
    major, minor = records.get(b"GNU.sparse.major", b""), records.get(b"GNU.sparse.minor", b"")
    if (major, minor) == (b"1", b"0"):
        return "1.0"
    if (major, minor) in ((b"0", b"0"), (b"0", b"1"), (b"", b"")) and records.get(SPARSE_MAP):
        return "0"
    return None
