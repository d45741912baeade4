"""Files of every container format: recognition is tried on them, and fuzz targets start from them."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING

import zstandard

from fixtures import containers
from fixtures.archives import DIALECTS, ELF_SHAPES, ar_of, cpio_of, elf_of, gzipped, lz4_frame, rpm_of
from fixtures.builders import tar
from fixtures.zips import deflate, lzma_alone, zip_of
from tests.containers.gitpacks import BLOB, Pack

if TYPE_CHECKING:
    from imgscan.containers.base import Format

TEXT = b"some text, some text, some text, and more of it" * 30
PAIRS = [(b"a", TEXT), (b"b", b"")]


def _pack() -> bytes:
    pack = Pack()
    pack.add(BLOB, TEXT)
    return bytes(pack)


_SPECIMENS = {
    "prefixed": lambda: [b"#!/bin/sh\nexit 0\n" + zip_of(PAIRS), b"#!/bin/sh\n" + gzipped(TEXT), b"MZ" + zip_of(PAIRS)],
    "program": lambda: [
        elf_of(bits=bits, order=order, first=first) + zip_of(PAIRS) for bits, order, first in ELF_SHAPES
    ],
    "git pack": lambda: [_pack()],
    "git bundle": lambda: [b"# v%d git bundle\n\n" % version + _pack() for version in (2, 3)],
    "sqlite": lambda: [containers.database("text")],
    "git object": lambda: [containers.loose(TEXT)],
    "zip": lambda: [zip_of(PAIRS), zip_of([]), b"PK\7\x08" + zip_of(PAIRS), b"PK00" + zip_of(PAIRS)],
    "gzip": lambda: [gzipped(TEXT)],
    "zstd": lambda: [zstandard.compress(TEXT), b"\x5a\x2a\x4d\x18\3\0\0\0toc" + zstandard.compress(TEXT)],
    "xz": lambda: [lzma.compress(TEXT, preset=0)],
    "bz2": lambda: [bz2.compress(TEXT), bz2.compress(b"")],
    "lz4": lambda: [lz4_frame(TEXT), b"\x02\x21\x4c\x18\6\0\0\0\x50hello"],
    "apk": lambda: [b"ADBd" + deflate(TEXT), b"ADBc\1\x09" + deflate(TEXT), b"ADBc\2\x09" + zstandard.compress(TEXT)],
    "ar": lambda: [ar_of(PAIRS), ar_of([])],
    "rpm": lambda: [rpm_of(cpio_of(PAIRS)), rpm_of(b"")],
    "cpio": lambda: [cpio_of(PAIRS, dialect) for dialect in DIALECTS],
    "lzma": lambda: [lzma_alone(TEXT)],
    "zlib": lambda: [zlib.compress(TEXT, level) for level in (1, 6, 9)],
    "tar": lambda: [tar([("./a/b", TEXT)])],
}
"""A new format needs an entry here."""


def specimens(known: Format) -> list[bytes]:
    """Return files of a format; of one that is known by sight only, what it is known by."""
    if not known.foreign:
        return _SPECIMENS[known.name]()
    return [begin + b"\x90" + bytes(100) for begin in known.begins]  # the third byte of compress (.Z): 16 bits a code
