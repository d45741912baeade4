"""Every container format with one file in it, and chains of them: what the search inside of containers is tried on."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile
import zlib
from typing import TYPE_CHECKING

import zstandard

from fixtures.builders import tar
from tests.containers.archives import alpine_of, ar_of, cpio_of, elf_of, lz4_frame, rpm_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Zip files with the standard library."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def database(text: str) -> bytes:
    """Make a database with a value that overflows its page, and an index that repeats it."""
    connection = sqlite3.connect(":memory:")
    connection.execute("create table settings (name text, value text)")
    connection.execute("create index by_value on settings (value)")
    connection.execute("insert into settings values ('a', ?)", (f"{'x ' * 4000}{text}{' y' * 4000}",))
    connection.commit()
    return connection.serialize()


def loose(data: bytes) -> bytes:
    """Make a loose git object of a blob."""
    return zlib.compress(b"blob %d\0" % len(data) + data)


def deb(data: bytes) -> bytes:
    """Make a package that holds one file."""
    return ar_of([(b"debian-binary", b"2.0\n"), (b"data.tar.xz", lzma.compress(tar([("./etc/p.conf", data)])))])


def initrd(data: bytes) -> bytes:
    """Make an initrd of two archives, the second compressed."""
    return cpio_of([(b"early", b"x")]) + bytes(512) + gzip.compress(cpio_of([(b"etc/p", data)]))


FORMATS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "gzip": (gzip.compress, ""),
    "gzip members": (lambda data: gzip.compress(data[:900]) + gzip.compress(data[900:]), ""),
    "xz": (lzma.compress, ""),
    "bz2": (bz2.compress, ""),
    "zstd": (zstandard.compress, ""),
    "lz4": (lz4_frame, ""),
    "zlib": (zlib.compress, ""),
    "git object": (loose, ""),
    "tar": (lambda data: tar([("./a/b", data)]), "!/a/b"),
    "tar.gz": (lambda data: gzip.compress(tar([("./a/b", data)])), "!/a/b"),
    "tar.zst": (lambda data: zstandard.compress(tar([("a/b", data)])), "!/a/b"),
    "zip deflated": (lambda data: zip_of({"x/y": data}), "!/x/y"),
    "zip stored": (lambda data: zip_of({"x/y": data}, zipfile.ZIP_STORED), "!/x/y"),
    "zip bzip2": (lambda data: zip_of({"x/y": data}, zipfile.ZIP_BZIP2), "!/x/y"),
    "zip lzma": (lambda data: zip_of({"x/y": data}, zipfile.ZIP_LZMA), "!/x/y"),
    "ar": (lambda data: ar_of([(b"m.o", data)]), "!/m.o"),
    "deb": (deb, "!/data.tar.xz!/etc/p.conf"),
    "cpio newc": (lambda data: cpio_of([(b"etc/p", data)]), "!/etc/p"),
    "cpio crc": (lambda data: cpio_of([(b"etc/p", data)], "crc"), "!/etc/p"),
    "cpio odc": (lambda data: cpio_of([(b"etc/p", data)], "odc"), "!/etc/p"),
    "rpm": (lambda data: rpm_of(gzip.compress(cpio_of([(b"./etc/p.conf", data)]))), "!/etc/p.conf"),
    "zip behind a script": (lambda data: b"#!/bin/sh\nexit 0\n" + zip_of({"x/y": data}), "!/x/y"),
    "tar.xz behind a script": (lambda data: b"#!/bin/sh\nexit 0\n" + lzma.compress(tar([("a", data)])), "!/a"),
    "zip behind a program": (lambda data: elf_of() + zip_of({"x/y": data}), "!/x/y"),
    "tar.gz behind Go's program": (lambda data: elf_of(first=True) + gzip.compress(tar([("a", data)])), "!/a"),
    "alpine": (lambda data: alpine_of([(b"etc/p", data)]), "!/etc/p"),
}


CHAINS = [
    ["zip deflated", "tar.gz", "gzip"],
    ["tar.gz", "zip deflated", "xz", "tar"],
    ["deb", "zip stored", "gzip", "zip deflated"],
    ["zip deflated"] * 6,
    ["tar"] * 6,
    ["gzip"] * 6,
    ["rpm", "tar.zst", "ar", "bz2", "zip lzma", "cpio newc"],
    ["alpine", "zip bzip2", "zlib"],
    ["cpio odc", "lz4", "tar", "zstd", "zip stored", "git object"],
    ["zip stored", "zip stored", "tar", "tar.gz"],
    ["zip behind a program", "zip behind a program", "gzip", "zip behind a script"],
]
"""Formats inside of formats, the outermost first."""


def chained(chain: Sequence[str], data: bytes) -> tuple[bytes, str]:
    """Put data into a chain of formats; give it, and what the formats add to its path."""
    for name in reversed(chain):
        data = FORMATS[name][0](data)
    return data, "".join(FORMATS[name][1] for name in chain)
