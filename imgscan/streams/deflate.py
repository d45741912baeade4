"""Deflate and what is built on it: gzip files, zlib streams, and raw deflate data.

The owner of isal; where it has no wheel, zlib does its work, slower. What a decoder keeps to itself where its input is
damaged is recovered by inflating again, with zlib and in small steps.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Literal, Protocol

from imgscan.streams.readers import CHUNK, StreamError, trailing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from imgscan.streams.readers import Chunk, Reader

try:
    from isal import isal_zlib as gzip_codec
except ImportError:  # no wheel for this platform
    gzip_codec = zlib  # type: ignore[misc]

_gzip_error: type[Exception] = gzip_codec.error  # type: ignore[assignment]  # isal's stub says property
crc32 = gzip_codec.crc32
"""The CRC-32 of bytes, ten times faster where isal is there."""
ACCELERATED: bool = gzip_codec is not zlib
"""Whether gzip is read by isal rather than by zlib."""

GZIP_MAGIC = b"\x1f\x8b\x08"
_GZIP_FLAGS = 3  # where a member's flags stand (RFC 1952, 2.3.1)
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT = 2, 4, 8, 16
_READ = 1 << 18
_HISTORY = 16 << 20  # compressed bytes of a stream that are kept for the case of damage
_SALVAGE_STEP = 4096
_SALVAGE_FACTOR = 8  # by which a step is divided that meets the damage, until it is one byte

DEFLATE_ERRORS: tuple[type[Exception], ...] = (zlib.error, _gzip_error)
"""What the decoders raise where their input is damaged."""


def inflate_gzip(raw: Reader) -> Iterator[bytes]:
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
        if members and not data.startswith(GZIP_MAGIC[: len(data)]):
            raise trailing("gzip", data)
        data = yield from _gzip_member(raw, data)
        members += 1
        if data[:1] == b"\0":
            data = data.lstrip(b"\0")


def _gzip_member(raw: Reader, data: bytes) -> Generator[bytes, None, bytes]:
    """Yield the bytes of the member that begins `data`, and return what follows it of the bytes read so far."""
    codec = zlib if len(data) > _GZIP_FLAGS and _split_header_misread(data[_GZIP_FLAGS]) else gzip_codec
    return (yield from _deflated(raw, data, codec.decompressobj(31), 31, "gzip"))


def raw_inflate(data: Chunk, size: int) -> bytes | None:
    """Inflate in one step a raw deflate stream (RFC 1951) that holds exactly `size` bytes, as most zip members do.

    None if `data` is anything else, such as damaged, cut, longer or shorter: `inflate_deflate` then says what it is.
    The stream is followed for at most `size` and one more bytes, so a size that lies costs nothing.
    """
    decoder = gzip_codec.decompressobj(-15)
    try:
        plain = decoder.decompress(data, size + 1)
    except DEFLATE_ERRORS:
        return None
    return plain if decoder.eof and len(plain) == size and not decoder.unused_data else None


def gzip_inflate(data: Chunk) -> bytes | None:
    """Inflate in one step a whole file of one gzip member that holds less than a chunk, as most small files do.

    None if `data` is anything else, such as damaged or several members: `inflate` then says what it is.
    """
    if len(data) <= _GZIP_FLAGS or _split_header_misread(data[_GZIP_FLAGS]):
        return None
    decoder = gzip_codec.decompressobj(31)
    try:
        plain = decoder.decompress(data, CHUNK)
    except DEFLATE_ERRORS:
        return None
    return plain if decoder.eof and not decoder.unused_data else None


def inflate_deflate(raw: Reader, bits: Literal[-15, 15]) -> Generator[Chunk, None, bytes]:
    """Yield the plain bytes of one deflate stream, raw (-15) or with a zlib header and sum (15, RFC 1950).

    Returns what was read behind the stream. StreamError where it is damaged or cut, after all that could be had.
    """
    data = raw.read(_READ)
    while data and len(data) < 2 and (more := raw.read(_READ)):  # isal misreads headers that come in pieces
        data += more
    what = "zlib" if bits > 0 else "deflate"
    return (yield from _deflated(raw, data, gzip_codec.decompressobj(bits), bits, what))


def zlib_decoder() -> _Decoder:
    """Make a decoder for one zlib stream (RFC 1950), for callers that need to know where the stream ends."""
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
    """Yield the bytes of the stream that begins `data`, and return what follows it of the bytes read so far."""
    history = [data]
    remembered = len(data)
    given = 0
    while True:
        try:
            chunk = decoder.decompress(data, CHUNK)
        except DEFLATE_ERRORS as error:
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
    """Yield what is between the `given` bytes and the damage: a failing decoder keeps its last output to itself.

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
