"""Tar archives built byte by byte, and the walk over them, for the tests of `imgscan.streams.tar`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.streams.tar import TarWalker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgscan.streams.tar import TarMember
    from imgscan.unread import Unread

USTAR = b"ustar\x0000"
GNU = b"ustar  \0"
V7 = bytes(8)
END = bytes(1024)


class Walk(NamedTuple):
    """What one walk over an archive gave."""

    members: list[TarMember]
    problems: list[Unread]
    ended: bool
    lost_at: int | None

    @property
    def names(self) -> list[bytes]:
        """The members' names, in order."""
        return [member.name for member in self.members]

    @property
    def codes(self) -> list[str]:
        """The problems' codes, in order."""
        return [problem.code for problem in self.problems]


def walk(archive: bytes, sizes: Iterable[int] = ()) -> Walk:
    """Feed an archive in pieces of these sizes, the last of them for as long as it takes; all at once without."""
    walker = TarWalker()
    members: list[TarMember] = []
    at, size = 0, len(archive)
    cuts = iter(sizes)
    while at < len(archive):
        size = next(cuts, size)
        piece = archive[at : at + size]
        members += walker.feed(memoryview(piece) if at % 2 else piece)
        at += len(piece)
    walker.finish()
    assert walker.members == len(members)
    assert walker.offset == len(archive)
    return Walk(members, walker.problems, walker.ended, walker.lost_at)


def seek(archive: bytes) -> Walk:
    """Walk an archive as an indexer does, which reads headers only."""
    walker = TarWalker()
    members: list[TarMember] = []
    while walker.offset < len(archive):
        walker.skip(min(walker.wanted, len(archive)) - walker.offset)
        members += walker.feed(archive[walker.offset : walker.offset + 512])
    walker.finish()
    return Walk(members, walker.problems, walker.ended, walker.lost_at)


def seal(block: bytes | bytearray) -> bytes:
    """Return a header block its checksum."""
    block = bytearray(block)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def header(
    name: bytes,
    flag: bytes = b"0",
    *,
    size: int = 0,
    link: bytes = b"",
    magic: bytes = USTAR,
    fields: dict[int, bytes] | None = None,
) -> bytes:
    """Build a header; `fields` are bytes to put at offsets of their own, before the checksum is taken."""
    block = bytearray(512)
    parts = {0: name, 100: b"0000644\0", 108: b"0000000\0", 116: b"0000000\0", 124: b"%011o\0" % size}
    parts |= {136: b"00000000000\0", 156: flag, 157: link, 257: magic} | (fields or {})
    for offset, value in parts.items():
        block[offset : offset + len(value)] = value
    return seal(block)


def pad(data: bytes) -> bytes:
    """Fill up to a whole block."""
    return data + bytes(-len(data) % 512)


def file(name: bytes, data: bytes = b"", *, magic: bytes = USTAR) -> bytes:
    """Build a whole regular member."""
    return header(name, size=len(data), magic=magic) + pad(data)


def long(name: bytes, flag: bytes = b"L") -> bytes:
    """Build a GNU long name (L) or long link (K) member."""
    return header(b"././@LongLink", flag, size=len(name) + 1, magic=GNU) + pad(name + b"\0")


def record(key: bytes, value: bytes) -> bytes:
    """Build one PAX record."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def pax(*records: tuple[bytes, bytes], flag: bytes = b"x") -> bytes:
    """Build a PAX header (x), a global one (g) or Solaris's (X)."""
    return raw_pax(b"".join(record(key, value) for key, value in records), flag)


def raw_pax(payload: bytes, flag: bytes = b"x") -> bytes:
    """Build a PAX header around a payload of any form."""
    return header(b"PaxHeaders/x", flag, size=len(payload)) + pad(payload)


def old_sparse(name: bytes, pieces: list[tuple[int, bytes]], size: int) -> bytes:
    """Build an old GNU sparse member, with as many extension blocks as its pieces need."""
    entries = [b"%011o\0%011o\0" % (offset, len(data)) for offset, data in pieces]
    stored = b"".join(data for _, data in pieces)
    further = [entries[at : at + 21] for at in range(4, len(entries), 21)]
    fields = {386: b"".join(entries[:4]), 482: bytes([bool(further)]), 483: b"%011o\0" % size}
    blocks = [header(name, b"S", size=len(stored), magic=GNU, fields=fields)]
    for at, group in enumerate(further, 1):
        blocks.append(b"".join(group).ljust(504, b"\0") + bytes([at < len(further)]) + bytes(7))
    return b"".join(blocks) + pad(stored)


def text_sparse(name: bytes, numbers: Iterable[object], stored: bytes, size: int) -> bytes:
    """Build a member of PAX sparse format 1.0 with these lines as its map."""
    data = pad(b"".join(b"%s\n" % str(number).encode() for number in numbers)) + stored
    return (
        pax(
            (b"GNU.sparse.major", b"1"),
            (b"GNU.sparse.minor", b"0"),
            (b"GNU.sparse.name", name),
            (b"GNU.sparse.realsize", b"%d" % size),
        )
        + header(b"GNUSparseFile.0/" + name[:50], size=len(data))
        + pad(data)
    )


def content(archive: bytes, member: TarMember) -> bytes:
    """Return a member's unpacked content, holes filled: only for small ones."""
    if member.fragments is None:
        return archive[member.start : member.end]
    data = bytearray(member.size)
    for start, end, offset in member.fragments:
        data[offset : offset + end - start] = archive[start:end]
    return bytes(data)
