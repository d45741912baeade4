"""Inflating: every member, every frame, and an error in the right place when the bytes are not whole."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.streams import deflate as module
from imgscan.streams.inflate import Chunk, StreamError, inflate, sniff
from imgscan.streams.readers import CHUNK
from tests.effort import examples
from tests.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.streams.inflate import Compression


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def _zstd_unsized(data: bytes) -> bytes:
    """Compress as a pipe does: the header does not say how long the content is."""
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(data) + compressor.flush()


def _skippable(data: bytes, number: int = 0) -> bytes:
    return struct.pack("<II", 0x184D2A50 + number, len(data)) + data


COMPRESSORS: dict[str, tuple[Compression, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", lambda data: gzip.compress(data, mtime=0)),
    "zstd": ("zstd", _zstd),
    "zstd-unsized": ("zstd", _zstd_unsized),
    "xz": ("xz", lzma.compress),
    "bz2": ("bz2", bz2.compress),
}

each_compressor = pytest.mark.parametrize(("compression", "compress"), COMPRESSORS.values(), ids=COMPRESSORS)


def run(data: bytes, compression: Compression | None = None, size: int = 1 << 20) -> tuple[bytes, StreamError | None]:
    """Return all plain bytes that came, and the error that followed them."""
    chunks: list[Chunk] = []
    try:
        for chunk in inflate(Trickle(data, size), compression or sniff(data[:6])):
            chunks.append(chunk)  # noqa: PERF402 - what came before an error counts
    except StreamError as error:
        return b"".join(chunks), error
    return b"".join(chunks), None


def code(error: StreamError | None) -> str | None:
    """Return an error's code; None for no error."""
    return error.code if error else None


@pytest.fixture(params=["isal", "zlib"])
def codec(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Read gzip with isal, and as on a machine that has no wheel of it."""
    if request.param == "zlib":
        monkeypatch.setattr(module, "gzip_codec", zlib)
    return request.param  # type: ignore[no-any-return]


def noise(size: int, seed: int = 1) -> bytes:
    """Return bytes that cannot be compressed."""
    return random.Random(seed).randbytes(size)


def prose(size: int) -> bytes:
    """Return bytes that can."""
    return b"".join(b"line %d of a file\n" % number for number in range(size // 15 + 1))[:size]


# what a compressed stream is


def test_magic_bytes_tell_the_compression() -> None:
    """A stream is what its first bytes say; every skippable frame begins a zstd stream."""
    table: list[tuple[bytes, str]] = [
        (b"\x1f\x8b\x08\0\0\0", "gzip"),
        (b"\x28\xb5\x2f\xfd\x04\0", "zstd"),
        (b"\x50\x2a\x4d\x18\0\0", "zstd"),
        (b"\x5f\x2a\x4d\x18\0\0", "zstd"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh91A", "bz2"),
        (b"\x1f\x8b\x00\0\0\0", "none"),
        (b"\x60\x2a\x4d\x18\0\0", "none"),
        (b"BZhello", "none"),
        (b"\x1f\x8b", "none"),
        (b"", "none"),
    ]
    for head, compression in table:
        assert sniff(head) == compression, (head, compression)


def test_a_plain_stream_passes_as_it_is() -> None:
    """Without compression the bytes come as they are read."""
    assert list(inflate(Trickle(b"abcdefg", 3), "none")) == [b"abc", b"def", b"g"]


@each_compressor
@pytest.mark.usefixtures("codec")
def test_every_member_is_read(compression: Compression, compress: Callable[[bytes], bytes]) -> None:
    """Members, frames and streams that follow each other are one stream, empty ones too, at any read size."""
    for size in [1, 7, 1 << 20]:
        parts = [b"first ", b"", prose(3000), b"", noise(500), b"last"]
        data = b"".join(map(compress, parts))
        assert run(data, compression, size) == (b"".join(parts), None), size


@each_compressor
@pytest.mark.usefixtures("codec")
def test_large_content_comes_in_chunks(compression: Compression, compress: Callable[[bytes], bytes]) -> None:
    """No chunk is much longer than asked for, however well the content was compressed."""
    plain = bytes(9 << 20)
    chunks = list(inflate(io.BytesIO(compress(plain)), compression))
    assert b"".join(chunks) == plain
    assert max(map(len, chunks)) <= CHUNK + (CHUNK >> 1)


@pytest.mark.usefixtures("codec")
def test_small_members_are_joined() -> None:
    """A thousand small gzip members do not become a thousand chunks."""
    data = b"".join(gzip.compress(b"%06d" % number, mtime=0) for number in range(1000))
    assert len(list(inflate(io.BytesIO(data), "gzip"))) == 1


@each_compressor
def test_chunks_never_change(compression: Compression, compress: Callable[[bytes], bytes]) -> None:
    """A chunk that was given out stays as it was while the next ones are made."""
    plain = noise(5 << 19)
    copies, chunks = [], []
    for chunk in inflate(io.BytesIO(compress(plain)), compression):
        copies.append(bytes(chunk))
        chunks.append(chunk)
    assert copies == [bytes(chunk) for chunk in chunks]


@pytest.mark.usefixtures("codec")
def test_gzip_headers_may_have_every_field() -> None:
    """Extra field, name, comment and header checksum (RFC 1952, 2.3) are skipped, in every member."""
    plain = prose(900)
    deflate = zlib.compressobj(wbits=-15)
    body = deflate.compress(plain) + deflate.flush()
    head = b"\x1f\x8b\x08\x1e" + bytes(6) + struct.pack("<H", 5) + b"extra" + b"name\0" + b"comment\0"
    head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    member = head + body + struct.pack("<II", zlib.crc32(plain), len(plain))
    for size in (1, 1 << 20):
        assert run(member * 3, size=size) == (plain * 3, None)


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_skippable_frames_are_skipped(size: int) -> None:
    """Skippable frames, as zstd:chunked layers have them, hold nothing: before, between and behind others."""
    parts = [_skippable(b"toc" * 50), _zstd(b"one"), _skippable(b"", 15), _zstd(b"two"), _skippable(noise(300), 7)]
    assert run(b"".join(parts), size=size) == (b"onetwo", None)


@pytest.mark.parametrize("check", [lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256])
def test_xz_is_read_with_every_check(check: int) -> None:
    """Each integrity check of the xz format is understood."""
    plain = prose(5000)
    assert run(lzma.compress(plain, check=check)) == (plain, None)


# what follows the data


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
@pytest.mark.usefixtures("codec")
def test_zeros_behind_gzip_are_padding(size: int) -> None:
    """Zero bytes behind the last gzip member, and between members, say nothing."""
    data = gzip.compress(b"one", mtime=0) + bytes(3) + gzip.compress(b"two", mtime=0) + bytes(600)
    assert run(data, size=size) == (b"onetwo", None)


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_zeros_behind_xz_are_padding(size: int) -> None:
    """Stream padding (xz format, 2.2) is allowed between and behind xz streams."""
    assert run(lzma.compress(b"one") + bytes(8) + lzma.compress(b"two") + bytes(4), size=size) == (b"onetwo", None)


@pytest.mark.usefixtures("codec")
def test_junk_behind_the_data_is_harmless() -> None:
    """Bytes of another kind behind the last member are reported, and hide nothing of what came before."""
    for compression in ["gzip", "xz", "bz2"]:
        for junk in [b"junk and more of it", b"J", b"\xff"]:
            for size in [1, 1 << 20]:
                compress = COMPRESSORS[compression][1]
                out, error = run(compress(b"the content") + junk, size=size)
                assert (out, code(error)) == (b"the content", "trailing-data"), (compression, junk, size)
                assert error is not None, (compression, junk, size)
                assert error.harmless, (compression, junk, size)


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_junk_behind_zstd_frames_is_damage(size: int) -> None:
    """Bytes that begin no frame follow a zstd frame: the decoder cannot tell them from a damaged frame."""
    out, error = run(_zstd(b"the content") + b"junk and more", size=size)
    assert (out, code(error)) == (b"the content", "damaged-stream")
    assert error is not None
    assert not error.harmless


# cut


def _reference(compression: Compression, data: bytes) -> bytes:
    """Return what the library's own decoder makes of one cut member."""
    if compression == "gzip":
        return zlib.decompressobj(31).decompress(data)
    decoder = lzma.LZMADecompressor() if compression == "xz" else bz2.BZ2Decompressor()
    return decoder.decompress(data)


@each_compressor
@pytest.mark.usefixtures("codec")
def test_a_cut_is_an_error_at_any_place(compression: Compression, compress: Callable[[bytes], bytes]) -> None:
    """A stream cut anywhere is cut, and everything that a decoder can make of its beginning was delivered."""
    plain = prose(400) + noise(60)
    data = compress(plain)
    for cut in range(1, len(data)):
        out, error = run(data[:cut], compression)
        assert code(error) == "cut-stream", cut
        assert plain.startswith(out)
        if compression != "zstd":
            assert out == _reference(compression, data[:cut]), cut


@each_compressor
@pytest.mark.usefixtures("codec")
def test_a_cut_in_the_last_member_is_an_error(compression: Compression, compress: Callable[[bytes], bytes]) -> None:
    """A stream cut anywhere in its second member is cut, also in the member's first bytes."""
    for size in [1, 1 << 20]:
        first, second = compress(b"first"), compress(b"second")
        for cut in range(1, len(second)):
            out, error = run(first + second[:cut], compression, size)
            assert code(error) == "cut-stream", cut
            assert out.startswith(b"first"), size
            assert error is not None, size
            assert not error.harmless, size


def test_a_cut_skippable_frame_is_an_error() -> None:
    """A stream cut inside a skippable frame is cut."""
    data = _zstd(b"first") + _skippable(b"toc")
    for cut in range(len(data) - 10, len(data)):
        out, error = run(data[:cut])
        assert (out, code(error)) == (b"first", "cut-stream"), cut


@each_compressor
def test_nothing_at_all_is_an_empty_stream(compression: Compression, compress: Callable[[bytes], bytes]) -> None:
    """A reader without a byte gives none."""
    assert compress(b"")
    assert run(b"", compression) == (b"", None)


# damaged


@each_compressor
@pytest.mark.usefixtures("codec")
def test_damage_is_an_error(compression: Compression, compress: Callable[[bytes], bytes]) -> None:
    """A damaged second member is an error, and the first was delivered whole."""
    for size in [1, 100, 1 << 20]:
        data = compress(b"first, whole")
        second = bytearray(compress(noise(5000)))
        if compression == "gzip":
            second[-5] ^= 1  # of the checksum
        elif compression == "zstd":
            second[4] |= 8  # a reserved bit of the header
        else:
            second[len(second) // 2] ^= 1
        out, error = run(data + bytes(second), compression, size)
        assert code(error) == "damaged-stream", size
        assert out.startswith(b"first, whole"), size
        assert error is not None, size
        assert not error.harmless, size


@pytest.mark.parametrize("size", [1, 4096, 1 << 20])
@pytest.mark.usefixtures("codec")
def test_gzip_gives_everything_before_the_damage(size: int) -> None:
    """What a damaged gzip member holds before the damage is delivered, although the decoder fails as a whole."""
    deflate = zlib.compressobj(wbits=31)
    first, second = prose(50_000), noise(2000)
    data = deflate.compress(first) + deflate.flush(zlib.Z_FULL_FLUSH)
    data += b"\x07" + deflate.compress(second) + deflate.flush()  # a block of the reserved type
    out, error = run(data, size=size)
    assert out == first
    assert code(error) == "damaged-stream"


@pytest.mark.usefixtures("codec")
def test_a_wrong_gzip_checksum_takes_nothing_back() -> None:
    """The whole content of a member whose checksum is wrong was delivered."""
    plain = prose(300_000)
    data = bytearray(gzip.compress(plain, mtime=0))
    data[-6] ^= 1
    assert run(bytes(data))[0] == plain


def test_zstd_gives_everything_before_the_damage() -> None:
    """The frames and blocks before the damaged one are delivered."""
    first = noise(300_000)
    second = bytearray(_zstd(prose(2000)))
    second[-1] ^= 1  # of the checksum
    for size in (1000, 1 << 20):
        out, error = run(_zstd(first) + bytes(second), size=size)
        assert out.startswith(first)
        assert code(error) == "damaged-stream"


@given(st.data())
@settings(max_examples=examples(20))
def test_damage_raises_nothing_else(data: st.DataObject) -> None:
    """Whatever bytes come, there are plain bytes and at most one StreamError."""
    compression, compress = data.draw(st.sampled_from(list(COMPRESSORS.values())))
    broken = bytearray(compress(prose(300)) * 2)
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    out, error = run(bytes(broken), compression, data.draw(st.sampled_from([1, 10, 1 << 20])))
    assert len(out) < 1 << 20
    assert code(error) in (None, "cut-stream", "damaged-stream", "trailing-data", "memory-limit")


# memory


def test_a_zstd_window_over_the_limit_is_refused() -> None:
    """A frame that asks for a window of 256 MiB is not read, and what came before it was."""
    parameters = zstandard.ZstdCompressionParameters(window_log=28, strategy=1, chain_log=6, hash_log=6)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    hungry = compressor.compress(b"x" * 100) + compressor.flush()
    out, error = run(_zstd(b"modest") + hungry)
    assert (out, code(error)) == (b"modest", "memory-limit")


def test_an_xz_dictionary_over_the_limit_is_refused() -> None:
    """An xz stream that asks for a dictionary of 256 MiB is not read, and what came before it was."""
    greedy = bytearray(lzma.compress(b"x" * 100))
    header = slice(12, 12 + 4 * (greedy[12] + 1))
    block = greedy[header]
    assert block[2:4] == b"\x21\x01"  # filter LZMA2, one byte of properties: the dictionary's size
    block[4] = 32  # 256 MiB (xz format, 5.3.1)
    block[-4:] = struct.pack("<I", zlib.crc32(block[:-4]))
    greedy[header] = block
    out, error = run(lzma.compress(b"modest") + bytes(greedy))
    assert (out, code(error)) == (b"modest", "memory-limit")


# laws


@given(
    st.sampled_from(list(COMPRESSORS.values())),
    st.lists(st.binary(max_size=600) | st.integers(0, 5000).map(prose), max_size=5),
    st.sampled_from([1, 2, 13, 300, 1 << 20]),
    st.booleans(),
)
@settings(max_examples=examples(26))
def test_inflating_undoes_compressing(
    how: tuple[Compression, Callable[[bytes], bytes]], parts: list[bytes], size: int, portable: bool
) -> None:
    """However content was split into members and however it is read, it comes back, with each codec."""
    compression, compress = how
    with pytest.MonkeyPatch.context() as patch:
        if portable:
            patch.setattr(module, "gzip_codec", zlib)
        assert run(b"".join(map(compress, parts)), compression, size) == (b"".join(parts), None)
