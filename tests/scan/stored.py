"""Specimens of stream formats, and a key planted in them: for the law that every stored byte is searched."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import tarfile
import zlib
from typing import TYPE_CHECKING

import zstandard

from fixtures.archives import lz4_frame
from imgscan.scan.layer import scan_layer
from imgscan.scan.session import Session
from imgscan.streams.readers import BytesReader
from imgscan.streams.tar import TarWalker
from imgscan.streams.tar_header import ZEROS, checksum_holds
from tests.scan.support import concealer, seen
from tests.streams.tar_archives import (
    END,
    GNU,
    V7,
    file,
    header,
    long,
    old_sparse,
    pad,
    pax,
    seal,
    text_sparse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.streams.readers import Reader
    from tests.scan.support import Seen

TEXT = b"text of a member\n" * 20
OWNERS = {265: b"root\0", 297: b"wheel\0", 329: b"0000000\0", 337: b"0000000\0"}
TIMES = {345: b"00000000000\0" * 2}

TARS: dict[str, bytes] = {
    "v7": header(b"a/b", size=len(TEXT), magic=V7) + pad(TEXT) + header(b"l", b"1", link=b"a/b", magic=V7) + END,
    "ustar": (
        file(b"a/b", TEXT)
        + header(b"d/", b"5", fields={**OWNERS, 345: b"some/prefix"})
        + header(b"s", b"2", link=b"a/b", fields=OWNERS)
        + header(b"hard", b"1", link=b"a/b", fields=OWNERS)
        + END
    ),
    "gnu": (
        file(b"a/b", TEXT, magic=GNU)
        + long(b"n" * 120)
        + header(b"n" * 100, size=len(TEXT), magic=GNU, fields={**OWNERS, **TIMES})
        + pad(TEXT)
        + long(b"t" * 130, b"K")
        + header(b"s", b"2", link=b"t" * 100, magic=GNU)
        + END
    ),
    "old sparse": (
        old_sparse(b"sp", [(4096 * at, b"x" * 512) for at in range(7)], 30000) + file(b"z", TEXT, magic=GNU) + END
    ),
    "pax": (
        pax((b"comment", b"c" * 60), flag=b"g")
        + pax(
            (b"path", b"p" * 120),
            (b"mtime", b"1.5"),
            (b"SCHILY.xattr.user.x", b"v" * 50),
            (b"comment", b"w" * 50),
            (b"comment", b"z" * 50),
        )
        + header(b"p" * 100, size=len(TEXT))
        + pad(TEXT)
        + END
    ),
    "text sparse": (
        text_sparse(b"tsp", [2, 0, 512, 4096, 512], b"a" * 512 + b"b" * 512, 9000) + file(b"z", TEXT) + END
    ),
    "other types": (
        header(b"v", b"V")
        + header(b"dump/", b"D", size=len(TEXT), magic=GNU)
        + pad(TEXT)
        + header(b"acl", b"Z", size=len(TEXT))
        + pad(TEXT)
        + header(b"c", b"3", fields={329: b"0000001\0", 337: b"0000003\0"})
        + END
        + bytes(7 * 512)
    ),
}
"""A tar of each dialect."""

BORDERS = (0, 100, 157, 257, 265, 297, 329, 345, 500)
_WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def planted(archive: bytes, at: int, key: bytes) -> bytes | None:
    """Write a key over the bytes of a tar, and restore the checksums.

    None where nobody could say that it is a key, because it touches letters of its own field or lies across the end of
    a header or of a member's data.
    """
    end = at + len(key)
    walker = TarWalker(payloads=True)
    members = walker.feed(archive)
    edges = {edge for each in members if each.end > each.start for edge in (each.start, each.end)}
    edges |= {edge for start, stop, _ in walker.payloads or () for edge in (start, stop)}
    inner = [(each.start, each.end) for each in members] + [(start, stop) for start, stop, _ in walker.payloads or ()]
    heads = [
        block
        for block in range(0, len(archive), 512)
        if archive[block : block + 512] != ZEROS
        and checksum_holds(archive[block : block + 512])
        and not any(start <= block < stop for start, stop in inner)
    ]
    edges |= {edge for head in heads for edge in (head, head + 512)}
    if any(at < edge < end for edge in edges):
        return None
    edges |= {head + border for head in heads for border in BORDERS}
    altered = bytearray(archive)
    altered[at:end] = key
    if (at and altered[at - 1] in _WORD and at not in edges) or (altered[end] in _WORD and end not in edges):
        return None
    for head in heads:
        if head <= at < head + 512:
            altered[head : head + 512] = seal(altered[head : head + 512])
    return bytes(altered) if key in altered else None


def tarfile_reads(archive: bytes) -> bool:
    """Whether Python's tarfile reads every member that it sees."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            for member in opened:
                if member.isfile() and (content := opened.extractfile(member)) is not None:
                    content.read()
    except (tarfile.TarError, ValueError, KeyError, OverflowError):
        return False
    return True


def gzip_of(
    data: bytes,
    *,
    extra: bytes | None = None,
    name: bytes | None = None,
    comment: bytes | None = None,
    checked: bool = False,
) -> bytes:
    """Make a gzip member with any of the optional fields of its header."""
    flags = sum(
        flag
        for flag, there in ((2, checked), (4, extra is not None), (8, name is not None), (16, comment is not None))
        if there
    )
    head = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\x03"
    head += struct.pack("<H", len(extra)) + extra if extra is not None else b""
    head += name + b"\0" if name is not None else b""
    head += comment + b"\0" if comment is not None else b""
    head += struct.pack("<H", zlib.crc32(head) & 0xFFFF) if checked else b""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return head + deflate.compress(data) + deflate.flush() + struct.pack("<II", zlib.crc32(data), len(data))


def skippable(data: bytes, kind: int = 0) -> bytes:
    """Make a frame that readers of zstd and of lz4 skip."""
    return struct.pack("<II", 0x184D2A50 + kind, len(data)) + data


def zstd_of(data: bytes) -> bytes:
    """Compress data with zstd."""
    return zstandard.ZstdCompressor().compress(data)


STREAMS: dict[str, tuple[str, Callable[[bytes, bytes], bytes]]] = {
    "gzip's name": ("gzip/name", lambda data, key: gzip_of(data, name=key)),
    "gzip's comment": ("gzip/comment", lambda data, key: gzip_of(data, name=b"x", comment=key)),
    "gzip's extra field": ("gzip/extra", lambda data, key: gzip_of(data, extra=key, name=b"x")),
    "gzip's second subfield": (
        "gzip/extra",
        lambda data, key: gzip_of(
            data, extra=b"AB\1\0xCD" + struct.pack("<H", len(key)) + key + b"EF\1\0x", checked=True
        ),
    ),
    "gzip's second member": ("gzip/comment", lambda data, key: gzip_of(data) + gzip_of(b"", comment=key, checked=True)),
    "a long name in gzip": ("gzip/name", lambda data, key: gzip_of(data, name=b"n" * 600_000 + b" " + key + b" n")),
    "behind gzip": ("gzip/trailer", lambda data, key: gzip_of(data) + key),
    "behind gzip and zeros": ("gzip/trailer", lambda data, key: gzip_of(data) + bytes(600_000) + key),
    "in a zstd frame before": ("zstd/skippable", lambda data, key: skippable(key) + zstd_of(data)),
    "in a zstd frame behind": ("zstd/skippable", lambda data, key: zstd_of(data) + skippable(key, 7)),
    "in a large zstd frame": (
        "zstd/skippable",
        lambda data, key: zstd_of(data) + skippable(b"x" * 700_000 + b" " + key + b" x", 15) + zstd_of(b""),
    ),
    "behind zstd": ("zstd/trailer", lambda data, key: zstd_of(data) + key),
    "behind xz": ("xz/trailer", lambda data, key: lzma.compress(data) + key),
    "between xz": ("xz/trailer", lambda data, key: lzma.compress(data) + bytes(8) + key + lzma.compress(b"")),
    "behind bzip2": ("bz2/trailer", lambda data, key: bz2.compress(data) + key),
    "behind two bzip2": ("bz2/trailer", lambda data, key: bz2.compress(data) + bz2.compress(b"") + b" " + key),
}
"""Where a key may be in a compressed stream, the field that is reported, and how to make it: in what layers may be."""

FILES: dict[str, tuple[str, Callable[[bytes, bytes], bytes]]] = {
    **STREAMS,
    "in an lz4 frame": ("lz4/skippable", lambda data, key: lz4_frame(data) + skippable(key, 3)),
    "in an lz4 frame before": ("zstd/skippable", lambda data, key: skippable(key) + lz4_frame(data)),
    "behind lz4": ("lz4/trailer", lambda data, key: lz4_frame(data) + key),
    "behind lzma": ("lzma/trailer", lambda data, key: lzma.compress(data, lzma.FORMAT_ALONE) + key),
    "behind zlib and zeros": ("zlib/trailer", lambda data, key: zlib.compress(data) + bytes(400_000) + key),
}
"""The same, with formats that only files have."""


def in_layer(stored: bytes | Reader) -> tuple[list[Seen], list[str]]:
    """Scan a blob; return its hits, and the codes of what was not read."""
    reader = BytesReader(stored) if isinstance(stored, bytes) else stored
    result = scan_layer(reader, Session(concealer()), name="blob")
    failure = (result.failure,) if result.failure is not None else ()
    return [seen(hit) for hit in result.hits], [each.code for each in (*failure, *result.problems, *result.unread)]


def as_file(stored: bytes) -> tuple[list[Seen], list[str]]:
    """Scan a blob in which these bytes are a file."""
    return in_layer(file(b"first", TEXT) + header(b"app/file", size=len(stored)) + pad(stored) + END)


def doors() -> Iterator[tuple[str, Callable[[bytes], tuple[list[Seen], list[str]]]]]:
    """List the ways in which a stream is scanned: as a layer, as a file in one, and as a file in a compressed tar."""
    yield "layer", in_layer
    yield "file", as_file
    yield "nested", lambda stored: as_file(gzip_of(file(b"inner", stored) + END))
