"""Inflating: compressed bytes in, chunks of plain bytes out, decided by magic bytes and never by a media type.

Every gzip member, zstd frame, xz and bz2 stream of the input is read, not only the first. Memory is bounded whatever
the input asks for. The owner of isal and zstandard: where isal has no wheel, zlib does its work, slower.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING, Literal, Protocol

import zstandard

from imgscan.streams.failure import StreamError
from imgscan.streams.readers import CHUNK
from imgscan.streams.zstdframes import FRAME_MAGIC, ZstdFrames

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from imgscan.streams.readers import Reader

try:
    from isal import isal_zlib as gzip_codec
except ImportError:  # no wheel for this platform
    gzip_codec = zlib  # type: ignore[misc]

_gzip_error: type[Exception] = gzip_codec.error  # type: ignore[assignment]  # isal's stub says property
crc32 = gzip_codec.crc32
"""The CRC-32 of bytes, ten times faster where isal is there."""
ACCELERATED: bool = gzip_codec is not zlib
"""Whether gzip is read by isal rather than by zlib."""

Chunk = bytes | memoryview
"""A piece of a stream; it never changes after it was given out."""

Compression = Literal["none", "gzip", "zstd", "xz", "bz2"]

MEMORY_LIMIT = 128 << 20
"""Bytes that one xz or zstd decoder may ask for; zstd's own command has the same limit."""

MAGIC_LENGTH = 6
_GZIP_MAGIC = b"\x1f\x8b\x08"
_XZ_MAGIC = b"\xfd7zXZ\x00"
_BZ2_MAGIC = b"BZh"
_GZIP_FLAGS = 3  # where a member's flags stand (RFC 1952, 2.3.1)
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT = 2, 4, 8, 16
_READ = 1 << 18
_ENOUGH = 1 << 18  # a chunk of this size goes on alone
_HISTORY = 16 << 20  # compressed bytes of a gzip member that are kept for the case of damage
_SALVAGE_STEP = 4096
_SALVAGE_FACTOR = 8  # by which a step is divided that meets the damage, until it is one byte


def sniff(head: bytes) -> Compression:
    """Tell the compression by the first `MAGIC_LENGTH` bytes (a zstd stream may begin with a skippable frame)."""
    if head.startswith(_GZIP_MAGIC):
        return "gzip"
    if head.startswith(FRAME_MAGIC) or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F):
        return "zstd"
    if head.startswith(_XZ_MAGIC):
        return "xz"
    if head.startswith(_BZ2_MAGIC) and head[3:4].isdigit():
        return "bz2"
    return "none"


def inflate(raw: Reader, compression: Compression) -> Iterator[Chunk]:
    """Give the plain bytes of `raw` in chunks of about `CHUNK` bytes, to the very end.

    StreamError where the input is damaged or cut, after every byte that could be had before the damage. Chunks are
    never changed after they were given out.
    """
    if compression == "none":
        while data := raw.read(CHUNK):
            yield data
    elif compression == "gzip":
        yield from gather(_gzip(raw), _ENOUGH)
    elif compression == "zstd":
        yield from _zstd(raw)
    else:
        yield from gather(_streams(raw, compression), _ENOUGH)


def gather(chunks: Iterator[bytes], enough: int) -> Iterator[bytes]:
    """Join small chunks until they have `enough` bytes, so that a thousand of them cost no thousand steps downstream.

    What came before a StreamError is given before it is raised.
    """
    held: list[bytes] = []
    size = 0
    try:
        for chunk in chunks:
            held.append(chunk)
            size += len(chunk)
            if size >= enough:
                yield b"".join(held)
                held.clear()
                size = 0
    except StreamError:
        if held:
            yield b"".join(held)
        raise
    if held:
        yield b"".join(held)


def _gzip(raw: Reader) -> Iterator[bytes]:
    """Read every member; zero bytes behind the last are padding (RFC 1952 has members follow each other directly)."""
    data = b""
    members = 0
    while True:
        while len(data) <= _GZIP_FLAGS:
            more = raw.read(_READ)
            data += more
            if members:
                data = data.lstrip(b"\0")
            if not more:
                break
        if not data:
            return
        if members and not data.startswith(_GZIP_MAGIC[: len(data)]):
            text = "bytes that are not gzip follow the gzip data"
            raise StreamError("trailing-data", text, harmless=True, rest=data)
        data = yield from _gzip_member(raw, data)
        members += 1
        if data[:1] == b"\0":
            data = data.lstrip(b"\0")


def _gzip_member(raw: Reader, data: bytes) -> Generator[bytes, None, bytes]:
    """Give the bytes of the member that begins `data`, and return what follows it of the bytes read so far."""
    codec = zlib if len(data) > _GZIP_FLAGS and _split_header_misread(data[_GZIP_FLAGS]) else gzip_codec
    return (yield from _deflated(raw, data, codec.decompressobj(31), 31, "gzip"))


def raw_inflate(data: Chunk, size: int) -> bytes | None:
    """Inflate in one step a raw deflate stream (RFC 1951) that holds exactly `size` bytes, as most zip members do.

    None if `data` is anything else, be it damaged, cut, longer or shorter: `inflate_deflate` then tells what it is.
    The stream is followed for at most `size` and one more bytes, so a size that lies costs nothing.
    """
    decoder = gzip_codec.decompressobj(-15)
    try:
        plain = decoder.decompress(data, size + 1)
    except (zlib.error, _gzip_error):
        return None
    return plain if decoder.eof and len(plain) == size and not decoder.unused_data else None


def gzip_inflate(data: Chunk) -> bytes | None:
    """Inflate in one step a whole file of one gzip member that holds less than a chunk, as most small files do.

    None if `data` is anything else, be it damaged or several members: `inflate` then tells what it is.
    """
    if len(data) <= _GZIP_FLAGS or _split_header_misread(data[_GZIP_FLAGS]):
        return None
    decoder = gzip_codec.decompressobj(31)
    try:
        plain = decoder.decompress(data, CHUNK)
    except (zlib.error, _gzip_error):
        return None
    return plain if decoder.eof and not decoder.unused_data else None


def inflate_deflate(raw: Reader, bits: Literal[-15, 15]) -> Generator[Chunk, None, bytes]:
    """Give the plain bytes of one deflate stream, raw (-15) or with a zlib header and sum (15, RFC 1950).

    Returns what was read behind the stream. StreamError where it is damaged or cut, after all that could be had.
    """
    data = raw.read(_READ)
    while data and len(data) < 2 and (more := raw.read(_READ)):  # isal misreads headers that come in pieces
        data += more
    what = "zlib" if bits > 0 else "deflate"
    return (yield from _deflated(raw, data, gzip_codec.decompressobj(bits), bits, what))


DEFLATE_ERRORS: tuple[type[Exception], ...] = (zlib.error, _gzip_error)
"""What the decoders of gzip and zlib raise where their input is damaged."""


def zlib_decoder() -> _Decoder:
    """Make a decoder for one zlib stream (RFC 1950), for whoever needs to know where the stream ends."""
    return gzip_codec.decompressobj(15)


class _Decoder(Protocol):
    """What zlib and isal share."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def _deflated(raw: Reader, data: bytes, decoder: _Decoder, bits: int, what: str) -> Generator[bytes, None, bytes]:
    """Give the bytes of the stream that begins `data`, and return what follows it of the bytes read so far."""
    history = [data]
    remembered = len(data)
    given = 0
    while True:
        try:
            chunk = decoder.decompress(data, CHUNK)
        except (zlib.error, _gzip_error) as error:
            if remembered <= _HISTORY:
                yield from _salvage(history, given, bits)
            raise StreamError("damaged-stream", f"the {what} data is damaged") from error
        if chunk:
            given += len(chunk)
            yield chunk
        if decoder.eof:
            return decoder.unused_data
        data = decoder.unconsumed_tail
        if not data and len(chunk) < CHUNK:
            data = raw.read(_READ)
            if not data:
                raise StreamError("cut-stream", f"the {what} data ends before its end marker")
            remembered += len(data)
            if remembered <= _HISTORY:
                history.append(data)


def _split_header_misread(flags: int) -> bool:
    """Whether isal misreads a header with these flags where it comes in two pieces; such headers are rare.

    Measured with isal 1.9.1: a header checksum, and a comment behind an extra field or a name.
    """
    return bool(flags & _FHCRC or (flags & _FCOMMENT and flags & (_FEXTRA | _FNAME)))


def _salvage(history: list[bytes], given: int, bits: int) -> Iterator[bytes]:
    """Give what stands between the `given` bytes and the damage: a failing decoder keeps its last output to itself.

    The member is inflated again, by zlib and in small steps, from the compressed bytes that were remembered.
    """
    decoder = zlib.decompressobj(bits)
    passed = 0
    data = b"".join(history)
    position = 0
    step = _SALVAGE_STEP
    while position < len(data):
        before = decoder.copy()
        try:
            chunk = decoder.decompress(data[position : position + step])
        except zlib.error:
            if step == 1:
                return
            decoder, step = before, step // _SALVAGE_FACTOR
            continue
        position += step
        passed += len(chunk)
        if passed > given and chunk:
            yield chunk[-min(len(chunk), passed - given) :]


class _Into(Protocol):
    """Something that fills a buffer."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 at the end."""


def _fill(source: _Into) -> Iterator[memoryview | zstandard.ZstdError]:
    """Read chunks from `source`; a failure comes last, as a value, behind the bytes that preceded it.

    A decoder that fails has written to the buffer but does not say how much. The buffer was zero before, so what it
    wrote is what stands before the trailing zeros; zeros hold no key.
    """
    while True:
        buffer = memoryview(bytearray(CHUNK))
        filled = 0
        try:
            while filled < CHUNK and (count := source.readinto(buffer[filled:])):
                filled += count
        except zstandard.ZstdError as error:
            written = len(bytes(buffer).rstrip(b"\0"))
            if max(filled, written):
                yield buffer[: max(filled, written)]
            yield error
            return
        if filled:
            yield buffer[:filled]
        if filled < CHUNK:
            return


class _Watched:
    """A reader that shows the compressed bytes to the frame walker as they pass."""

    def __init__(self, raw: Reader) -> None:
        self._raw = raw
        self.frames = ZstdFrames()

    def read(self, count: int = -1) -> bytes:
        data = self._raw.read(count if count > 0 else _READ)
        self.frames.feed(data)
        return data


def _zstd(raw: Reader) -> Iterator[Chunk]:
    watched = _Watched(raw)
    decoder = zstandard.ZstdDecompressor(max_window_size=MEMORY_LIMIT)
    reader = decoder.stream_reader(
        watched,  # type: ignore[arg-type]  # it only ever calls read()
        read_size=_READ,
        read_across_frames=True,
    )
    for chunk in _fill(reader):
        if isinstance(chunk, Exception):
            if "too much memory" in str(chunk):
                raise StreamError("memory-limit", "the zstd data asks for a window of more than 128 MiB") from chunk
            raise StreamError("damaged-stream", "the zstd data is damaged") from chunk
        yield chunk
    if not watched.frames.whole:
        raise StreamError("cut-stream", "the zstd data ends before its last block")


def _streams(raw: Reader, compression: Literal["xz", "bz2"]) -> Iterator[bytes]:
    """Read concatenated xz or bz2 streams; xz allows zero bytes between and behind them, in fours."""
    data = raw.read(_READ)
    streams = 0
    while data:
        if streams:
            if compression == "xz":
                data = data.lstrip(b"\0")
            while len(data) < MAGIC_LENGTH and (more := raw.read(_READ)):
                data += more
                if compression == "xz":
                    data = data.lstrip(b"\0")
            if not data:
                return
            magic = _XZ_MAGIC if compression == "xz" else _BZ2_MAGIC
            if not data.startswith(magic[: len(data)]):
                text = f"bytes that are not {compression} follow the {compression} data"
                raise StreamError("trailing-data", text, harmless=True, rest=data)
        decoder: lzma.LZMADecompressor | bz2.BZ2Decompressor = (
            lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT)
            if compression == "xz"
            else bz2.BZ2Decompressor()
        )
        while True:
            try:
                chunk = decoder.decompress(data, CHUNK)
            except (lzma.LZMAError, OSError, ValueError) as error:
                if "Memory usage limit" in str(error):
                    raise StreamError("memory-limit", "the xz data asks for more than 128 MiB") from error
                raise StreamError("damaged-stream", f"the {compression} data is damaged") from error
            if chunk:
                yield chunk
            if decoder.eof:
                break
            data = raw.read(_READ) if decoder.needs_input else b""
            if decoder.needs_input and not data:
                raise StreamError("cut-stream", f"the {compression} data ends before its end marker")
        streams += 1
        data = decoder.unused_data or raw.read(_READ)
