"""Compressions as containers of one content, and data that only look compressed."""

from __future__ import annotations

import bz2
import lzma
import random
import struct
import subprocess
import zlib
from typing import TYPE_CHECKING

import lz4.block
import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from fixtures.archives import alpine_of, gzipped, lz4_frame
from fixtures.zips import deflate, lzma_alone
from imgscan.containers import compressed
from imgscan.containers import lz4 as ours
from imgscan.containers.formats import PREFIXED, find
from imgscan.streams.readers import BytesReader
from imgscan.streams.tar import TarWalker
from tests import tools
from tests.containers.reading import Reading, read, read_stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = random.Random(5).randbytes(300) * 40 + b"the end"


def legacy(data: bytes, block: int = 1000) -> bytes:
    """Make legacy lz4 data, in blocks that are smaller than the tool's."""
    out = b"\x02\x21\x4c\x18"
    for at in range(0, len(data), block):
        packed = lz4.block.compress(data[at : at + block], store_size=False)
        out += struct.pack("<L", len(packed)) + packed
    return out


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzipped,
    "zstd": zstandard.ZstdCompressor().compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "lz4": lambda data: lz4.frame.compress(data, block_checksum=True, content_checksum=True),
    "lz4 linked": lambda data: lz4.frame.compress(data, block_linked=True, store_size=False),
    "lz4 stored": lz4_frame,
    "lz4 legacy": legacy,
    "lzma": lzma_alone,
    "zlib": zlib.compress,
    "apk": lambda data: b"ADBd" + deflate(data),
    "apk deflate": lambda data: b"ADBc\x01\x09" + deflate(data),
    "apk zstd": lambda data: b"ADBc\x02\x09" + zstandard.ZstdCompressor().compress(data),
}
SMALL_BLOCKS = ("gzip", "lzma", "zlib", "lz4 legacy")
"""Those of which a cut costs less than everything, for data as small as these."""


def content(data: bytes, size: int = 1 << 20) -> Reading:
    """Read compressed data of whatever kind."""
    known = find(data[:1024])
    assert known is not None
    assert known.streamed
    return read_stream(known, data, size)


def test_each_compression_is_recognised_and_read() -> None:
    """The content is one member without a name, whose extent is the whole file, at any size of reads."""
    for size in [1, 100, 1 << 20]:
        for kind, pack in PACKERS.items():
            packed = pack(TEXT)
            known = find(packed[:1024])
            assert known is not None, (size, kind)
            assert known.name == kind.partition(" ")[0], (size, kind)
            reading = content(packed, size)
            assert reading.members == [(None, TEXT)], (size, kind)
            assert reading.whole, (size, kind)
            assert reading.extents == [(0, 2**63 - 1)], (size, kind)


def test_empty_content_is_read() -> None:
    """Compressed emptiness gives an empty member, where it can be recognised at all."""
    for kind, pack in PACKERS.items():
        packed = pack(b"")
        if kind not in ("lz4 legacy", "lzma"):  # a magic alone, and a file that xz itself would not see by its head
            assert content(packed).members == [(None, b"")], kind


@pytest.mark.parametrize("kind", PACKERS)
@given(st.data())
def test_damage_gives_what_stands_before_it_and_a_failure(kind: str, data: st.DataObject) -> None:
    """Cut data give the beginning of the content, and the cut is reported."""
    packed = PACKERS[kind](TEXT)
    length = data.draw(st.integers(0, len(packed) - 1))
    reading = read(compressed.members(BytesReader(packed[:length])))
    if reading.members:
        assert TEXT.startswith(reading.members[0][1])
        assert not reading.whole or kind == "lz4 legacy"


def test_a_cut_costs_only_what_follows_it() -> None:
    """Of data without their last bytes nearly all content is given."""
    for kind in SMALL_BLOCKS:
        packed = PACKERS[kind](random.Random(1).randbytes(20_000))
        assert len(content(packed[:-1100]).members[0][1]) > 15_000, kind


@pytest.mark.parametrize("kind", PACKERS)
@given(st.data())
def test_no_damaged_byte_raises_anything_but_a_stream_error(kind: str, data: st.DataObject) -> None:
    """Any byte changed: a failure, other content where there is no checksum, or no compression any more."""
    packed = bytearray(PACKERS[kind](TEXT))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    read(compressed.members(BytesReader(bytes(packed))))


def test_another_compression_behind_the_first_is_read() -> None:
    """What follows is a second member without a name, unless the format itself counts it as more of the same."""
    for second, pack in PACKERS.items():
        for first in ["gzip", "xz", "bz2", "lzma", "zlib", "lz4"]:
            packed = PACKERS[first](TEXT) + pack(b"second " * 30)
            reading = content(packed)
            assert b"".join(data for _, data in reading.members) == TEXT + b"second " * 30, (second, first)
            assert reading.whole, (second, first)


def test_a_chain_without_end_is_told() -> None:
    """Of parts that are compressed by turns 64 are read; that there are more is reported."""
    reading = content((gzipped(b"a") + lz4_frame(b"b")) * 40)
    assert len(reading.members) == 64
    assert [unread.code for unread in reading.unread] == ["trailing-data"]


def test_zeros_behind_compressed_data_are_no_failure() -> None:
    """Padding is skipped where the format does not forbid it."""
    for kind in ("gzip", "xz", "lzma", "zlib"):
        assert content(PACKERS[kind](TEXT) + bytes(1024)).whole


def test_something_behind_compressed_data_is_told() -> None:
    """Bytes that are no compression are a second member, and reported as trailing; behind zstd they may be damage."""
    for kind in ("gzip", "zstd", "xz", "bz2", "lzma", "zlib", "lz4"):
        reading = content(PACKERS[kind](TEXT) + b"something else")
        assert reading.members == [(None, TEXT), (None, b"something else")]
        told = ("error", "damaged-stream") if kind == "zstd" else ("skipped", "trailing-data")
        assert [(unread.severity, unread.code) for unread in reading.unread] == [told], kind


def test_lz4_without_its_package_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is not installed the content is said not to be read."""
    monkeypatch.setattr(ours, "available", lambda: False)
    (unread,) = content(PACKERS["lz4"](TEXT)).unread
    assert (unread.severity, unread.code) == ("skipped", "unsupported")


def test_a_dictionary_of_gigabytes_is_refused() -> None:
    """LZMA data that ask for more than 128 MiB give a failure, not the memory."""
    packed = bytearray(lzma_alone(TEXT))
    packed[1:5] = struct.pack("<L", 1 << 31)
    assert content(bytes(packed)).codes == ["memory-limit"]


def test_random_data_are_no_compression() -> None:
    """Of 20,000 random files that begin as zlib or LZMA data do, none is taken for it."""
    seeded = random.Random(7)
    for head in (b"\x78\x9c", b"\x78\x01", b"\x78\xda", b"\x5d\x00\x00\x80\x00" + b"\xff" * 8 + b"\0"):
        for _ in range(5000):
            size = seeded.choice((100, 1024))
            assert compressed.compression_of((head + seeded.randbytes(1024))[:size]) is None


@given(st.binary(max_size=1024))
def test_any_head_is_looked_at_without_harm(head: bytes) -> None:
    """Recognition raises nothing, and what it recognises it can be asked to read."""
    known = find(head)
    if known is not None and known.streamed:
        read_stream(known, head)


def test_foreign_formats_are_named_and_skipped() -> None:
    """Formats that are not read are reported, with their name."""
    table: list[tuple[bytes, str]] = [
        (b"7z\xbc\xaf\x27\x1c\0\4", "7-Zip"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"hsqs\0", "squashfs"),
        (b"LZIP\x01\x0c", "lzip"),
        (b"\x1f\x9d\x90abc", "compress"),
        (b"\x89LZO\0\r\n\x1a\n", "lzop"),
        (b"MSCF\0\0\0\0", "Cabinet"),
        (b"Salted__12345678", "OpenSSL"),
    ]
    for head, word in table:
        reading = content(head + bytes(100))
        assert reading.members == [], (head, word)
        assert reading.unread[0].severity == "skipped", (head, word)
        assert word in reading.unread[0].message, (head, word)


def test_ordinary_files_are_no_container() -> None:
    """Text, programs and beginnings of magics are nothing."""
    table: list[bytes] = [b"x^2 + y^2", b"hello", b"PK is short", b"\x7fELF", b"BZh", b"!<arch", b"0707", b"]", b""]
    for text in table:
        assert find(text * 40) is None, text


def test_a_script_is_a_container_of_nothing() -> None:
    """A script is kept until its end has told that no archive is in it."""
    script = b"#!/bin/sh\n" * 40
    assert find(script) is PREFIXED
    assert list(PREFIXED.members(script)) == []


@pytest.mark.parametrize(
    ("tool", "arguments", "name"),
    [
        ("lz4", ["-qc"], "lz4"),
        ("lz4", ["-qcl"], "lz4"),
        ("lz4", ["-qcB4", "-BD"], "lz4"),
        ("xz", ["-c", "--format=lzma"], "lzma"),
        ("xz", ["-c"], "xz"),
        ("zstd", ["-qc"], "zstd"),
        ("gzip", ["-c"], "gzip"),
        ("bzip2", ["-c"], "bz2"),
        ("lzip", ["-c"], "lzip"),
        ("compress", ["-c"], "compress (.Z)"),
        ("lzop", ["-c"], "lzop"),
    ],
)
def test_what_real_tools_write_is_recognised(tmp_path: Path, tool: str, arguments: list[str], name: str) -> None:
    """Each tool's data are recognised, and read where they can be."""
    data = TEXT * 20
    (tmp_path / "file").write_bytes(data)
    packed = subprocess.run([tools.find(tool), *arguments, tmp_path / "file"], capture_output=True, check=True).stdout
    known = find(packed[:1024])
    assert known is not None
    assert known.name == name
    if not known.foreign:
        assert content(packed).members == [(None, data)]


def test_an_alpine_package_is_one_tar_behind_its_compression() -> None:
    """Its three gzip members join to one tar stream: only the last has an end, so a walker sees all files."""
    ((name, plain),) = content(alpine_of([(b"etc/p.conf", b"secret")])).members
    assert name is None
    walker = TarWalker()
    found = walker.feed(plain)
    walker.finish()
    assert [member.name for member in found] == [b".SIGN.RSA.key.rsa.pub", b".PKGINFO", b"etc/p.conf"]
    assert not walker.problems
