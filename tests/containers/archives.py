"""Builders of container formats, byte by byte: what real tools write, and what no honest tool would.

All are reproducible: no clock, no user. Contents are given as (name, data) pairs.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Pairs = list[tuple[bytes, bytes]]

SATURATED = 0xFFFFFFFF


def deflate(data: bytes) -> bytes:
    """Make a raw deflate stream."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def lzma_alone(data: bytes) -> bytes:
    """Make a file in the old LZMA container, its size not stated."""
    return lzma.compress(data, lzma.FORMAT_ALONE, preset=0)


def packed(data: bytes, method: int) -> bytes:
    """Compress the data of a zip member."""
    if method == 8:
        return deflate(data)
    if method == 12:
        return bz2.compress(data)
    if method == 14:
        alone = lzma_alone(data)
        return b"\x09\x04\x05\x00" + alone[:5] + alone[13:]
    if method == 93:
        return zstandard.ZstdCompressor().compress(data)
    if method == 95:
        return lzma.compress(data, preset=0)
    return data


@dataclass
class Zipped:
    """One member of a zip archive, and every way in which its headers may differ from it.

    `stored`, `size` and `crc` None are the true values. `descriptor` puts them behind the data and zeros in front,
    `local` are (flags, method, stored size) of the local header where they differ, `listed` False leaves the member
    out of the directory, `over` puts the entry over the local header of an earlier member.
    """

    name: bytes
    data: bytes = b""
    method: int = 8
    flags: int = 0
    stored: int | None = None
    size: int | None = None
    crc: int | None = None
    descriptor: bool = False
    zip64: bool = False
    listed: bool = True
    local: tuple[int, int, int] | None = None
    local_name: bytes | None = None
    over: int | None = None
    extra: bytes = b""


def zip_of(
    members: Sequence[Zipped | tuple[bytes, bytes]],
    *,
    prefix: bytes = b"",
    shifted: bool = False,
    comment: bytes = b"",
    directory: bool = True,
    between: bytes = b"",
    zip64: bool = False,
) -> bytes:
    """Make a zip archive.

    `prefix` stands in front of it; the offsets count from the archive's begin unless they are `shifted`. `between`
    follows each member. `directory` False leaves out all that follows the members.
    """
    out = bytearray(prefix)
    base = 0 if shifted else len(prefix)
    central = bytearray()
    places: list[int] = []
    count = 0
    for given in members:
        member = given if isinstance(given, Zipped) else Zipped(*given)
        at = len(out)
        raw = packed(member.data, member.method)
        crc = zlib.crc32(member.data) if member.crc is None else member.crc
        stored = len(raw) if member.stored is None else member.stored
        size = len(member.data) if member.size is None else member.size
        flags = member.flags | (8 if member.descriptor else 0) | (2 if member.method == 14 else 0)
        if member.over is None:
            places.append(at)
            out += _local(member, flags, crc, stored, size) + raw
            if member.descriptor:
                form = "<4sLQQ" if member.zip64 else "<4sLLL"
                out += struct.pack(form, b"PK\x07\x08", crc, len(raw), len(member.data))
            out += between
        else:
            at = places[member.over]
            places.append(at)
        if member.listed:
            count += 1
            central += _entry(member, flags, crc, stored, size, at - base)
    if not directory:
        return bytes(out)
    start = len(out) - base
    length = len(central)
    out += central
    if zip64:
        at = len(out) - base
        record = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, start)
        out += record + struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
        count, length, start = 0xFFFF, SATURATED, SATURATED
    out += struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, length, start, len(comment))
    return bytes(out + comment)


def _local(member: Zipped, flags: int, crc: int, stored: int, size: int) -> bytes:
    name = member.name if member.local_name is None else member.local_name
    method = member.method
    extra = member.extra
    if member.descriptor:
        crc = stored = size = 0
    elif member.zip64:
        extra += struct.pack("<HHQQ", 1, 16, size, stored)
        stored = size = SATURATED
    if member.local is not None:
        flags, method, stored = member.local
    head = struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 20, flags, method, 0, 0, crc, stored, size, len(name), len(extra))
    return head + name + extra


def _entry(member: Zipped, flags: int, crc: int, stored: int, size: int, at: int) -> bytes:
    extra = member.extra
    if member.zip64:
        extra += struct.pack("<HHQQQ", 1, 24, size, stored, at)
        stored = size = at = SATURATED
    sizes = (crc, stored, size, len(member.name), len(extra), 0, 0, 0, 0, at)
    head = struct.pack("<4sHHHHHHLLLHHHHHLL", b"PK\1\2", 20, 20, flags, member.method, 0, 0, *sizes)
    return head + member.name + extra


def ar_of(members: Iterable[tuple[bytes, bytes]], style: str = "gnu") -> bytes:
    """Make an ar archive; names of more than 15 bytes as GNU or as BSD writes them."""
    pairs = list(members)
    out = bytearray(b"!<arch>\n")
    long = [name for name, _ in pairs if len(name) > 15 or b" " in name]
    table = b"".join(name + b"/\n" for name in long)
    if table and style == "gnu":
        out += _ar_member(b"//", table)
    for name, data in pairs:
        if name not in long:
            out += _ar_member(name + b"/" if style == "gnu" else name, data)
        elif style == "gnu":
            out += _ar_member(b"/%d" % table.index(name + b"/\n"), data)
        else:
            out += _ar_member(b"#1/%d" % len(name), name + data)
    return bytes(out)


def _ar_member(name: bytes, data: bytes) -> bytes:
    head = b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name, 0, 0, 0, 0o100644, len(data))
    return head + data + b"\n" * (len(data) % 2)


DIALECTS = ("newc", "crc", "odc", "little", "big")
"""The dialects of cpio: the last two are the old binary form in both byte orders."""


def cpio_of(members: Iterable[tuple[bytes, bytes]], dialect: str = "newc", *, trailer: bool = True) -> bytes:
    """Make a cpio archive."""
    out = bytearray()
    for number, (name, data) in enumerate([*members, *([(b"TRAILER!!!", b"")] if trailer else [])]):
        out += _cpio_header(name, data, dialect, number)
        align = {"newc": 4, "crc": 4, "odc": 1}.get(dialect, 2)
        out += bytes(-len(out) % align) + data
        out += bytes(-len(out) % align)
    return bytes(out)


def _cpio_header(name: bytes, data: bytes, dialect: str, number: int) -> bytes:
    size, length, mode = len(data), len(name) + 1, 0o100644
    if dialect in ("newc", "crc"):
        check = sum(data) & 0xFFFFFFFF if dialect == "crc" else 0
        fields = (number, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, length, check)
        magic = b"070702" if dialect == "crc" else b"070701"
        return magic + b"".join(b"%08X" % field for field in fields) + name + b"\0"
    if dialect == "odc":
        fields6 = b"".join(b"%06o" % field for field in (0, number, mode, 0, 0, 1, 0))
        return b"070707" + fields6 + b"%011o%06o%011o" % (0, length, size) + name + b"\0"
    order = "<" if dialect == "little" else ">"
    words = (0o070707, 0, number, mode, 0, 0, 1, 0, 0, 0, length, size >> 16, size & 0xFFFF)
    return struct.pack(f"{order}13H", *words) + name + b"\0"


def stripped_cpio(contents: Iterable[tuple[int, bytes]]) -> bytes:
    """Make the payload of a package with large files: numbers in place of headers."""
    out = bytearray()
    for number, data in contents:
        out += b"07070X%08X\0\0" % number + data
        out += bytes(-len(out) % 4)
    head = _cpio_header(b"TRAILER!!!", b"", "newc", 0)
    return bytes(out) + head + bytes(-len(head) % 4)


def rpm_of(payload: bytes, files: Pairs | None = None, scriptlet: bytes = b"") -> bytes:
    """Make an RPM package; `files` are those that its header lists, with their folder in front of the name."""
    lead = b"\xed\xab\xee\xdb\x03\x00" + bytes(90)
    signature = _rpm_header([(1000, 4, struct.pack(">I", len(payload)), 1)])
    entries: list[tuple[int, int, bytes, int]] = [(1024, 6, scriptlet + b"\0", 1)]
    if files:
        folders = sorted({name.rpartition(b"/")[0] + b"/" for name, _ in files})
        places = [folders.index(name.rpartition(b"/")[0] + b"/") for name, _ in files]
        count = len(files)
        entries += [
            (1028, 4, struct.pack(f">{count}I", *(len(data) for _, data in files)), count),
            (1030, 3, struct.pack(f">{count}H", *(0o100644 for _ in files)), count),
            (1116, 4, struct.pack(f">{count}I", *places), count),
            (1117, 8, b"".join(name.rpartition(b"/")[2] + b"\0" for name, _ in files), count),
            (1118, 8, b"".join(folder + b"\0" for folder in folders), len(folders)),
        ]
    return lead + signature + bytes(-len(lead + signature) % 8) + _rpm_header(entries) + payload


def _rpm_header(entries: list[tuple[int, int, bytes, int]]) -> bytes:
    index, store = bytearray(), bytearray()
    for tag, kind, data, count in entries:
        store += bytes(-len(store) % 8)
        index += struct.pack(">IIII", tag, kind, len(store), count)
        store += data
    return b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", len(entries), len(store)) + index + store


def gzipped(data: bytes) -> bytes:
    """Make a gzip member without a time."""
    return gzip.compress(data, mtime=0)


def lz4_frame(data: bytes, block: int = 65536) -> bytes:
    """Make an lz4 frame of blocks that are stored as they are (4 MiB at most), without sums."""
    out = bytearray(b"\x04\x22\x4d\x18\x60\x70\x73")
    for at in range(0, len(data), block):
        piece = data[at : at + block]
        out += struct.pack("<L", len(piece) | 1 << 31) + piece
    return bytes(out) + bytes(4)


def alpine_of(members: Pairs) -> bytes:
    """Make an Alpine package: signature, control and data, each a gzip member; only the last tar has an end."""
    import tarfile  # noqa: PLC0415 - one builder needs it

    def tar(pairs: Pairs, *, end: bool) -> bytes:
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name, data in pairs:
                info = tarfile.TarInfo(name.decode())
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            size = archive.offset
        return held.getvalue() if end else held.getvalue()[:size]

    signature = tar([(b".SIGN.RSA.key.rsa.pub", b"signature")], end=False)
    control = tar([(b".PKGINFO", b"pkgname = p\n")], end=False)
    return gzipped(signature) + gzipped(control) + gzipped(tar(members, end=True))


ELF_SHAPES = [(bits, order, first) for bits in (32, 64) for order in "<>" for first in (False, True)]
"""What `elf_of` makes: words of either size and order, the sections' table at either end."""


def elf_of(code: bytes = b"code" * 9, *, bits: int = 64, order: str = "<", first: bool = False) -> bytes:
    """Make a program of one segment and three sections; `first` puts the sections' table in front, as Go's linker does.

    One of the sections takes no bytes of the file, whatever its size says.
    """
    word, header, segment, section = ("Q", 64, 56, 64) if bits == 64 else ("I", 52, 32, 40)
    tables = header + segment
    start = tables + 3 * section if first else tables
    sections = tables if first else start + len(code)
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]).ljust(12, b"\0")
    head = ident + struct.pack(
        f"{order}HHI3{word}I6H", 2, 62, 1, 0, header, sections, 0, header, segment, 1, section, 3, 0
    )
    if bits == 64:
        loaded = struct.pack(f"{order}II6Q", 1, 5, 0, 0, 0, start, start, 4096)
    else:
        loaded = struct.pack(f"{order}8I", 1, 0, 0, 0, start, start, 5, 4096)
    table = bytes(section)
    for kind, size in ((1, len(code)), (8, 1 << 20)):
        table += struct.pack(f"{order}II4{word}II2{word}", 0, kind, 0, 0, start, size, 0, 0, 0, 0)
    return head + loaded + (table + code if first else code + table)
