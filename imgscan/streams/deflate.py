"""Deflate and the formats built on it: gzip files, zlib streams, and raw deflate data.

The owner of isal; where it has no wheel, zlib does the same work more slowly. Output that a decoder withholds when its
input is damaged is recovered by inflating again, with zlib and in small steps.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Literal, Protocol

from imgscan.streams.aside import LEAST, Aside
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
"""The CRC-32 of bytes, ten times faster with isal."""
ACCELERATED: bool = gzip_codec is not zlib
"""Whether gzip is read by isal rather than by zlib."""

GZIP_MAGIC = b"\x1f\x8b\x08"
_GZIP_HEADER = 10  # bytes before the fields that the flags announce
_GZIP_FLAGS = 3  # where a member's flags stand (RFC 1952, 2.3.1)
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT = 2, 4, 8, 16
_STORED = _FEXTRA | _FNAME | _FCOMMENT
_READ = 1 << 18
_HISTORY = 16 << 20  # compressed bytes of a stream that are kept for the case of damage
_SALVAGE_STEP = 4096
_SALVAGE_FACTOR = 8  # divides the step that hits the damage, until it is one byte

DEFLATE_ERRORS: tuple[type[Exception], ...] = (zlib.error, _gzip_error)
"""What the decoders raise if their input is damaged."""


def inflate_gzip(raw: Reader, aside: Aside | None = None) -> Iterator[bytes]:
    """Read every member; zero bytes behind the last are padding (RFC 1952 has members follow each other directly).

    Names, comments and extra fields go to `aside`.
    """
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
        data = yield from _gzip_member(raw, data, aside)
        members += 1
        if data[:1] == b"\0":
            data = data.lstrip(b"\0")


def _gzip_member(raw: Reader, data: bytes, aside: Aside | None) -> Generator[bytes, None, bytes]:
    """Yield the bytes of the member that begins `data`, and return what follows it of the bytes read so far."""
    if aside is not None and len(data) > _GZIP_FLAGS and data[_GZIP_FLAGS] & _STORED:
        raw = _HeaderWatch(raw, data, aside)
    codec = zlib if len(data) > _GZIP_FLAGS and _split_header_misread(data[_GZIP_FLAGS]) else gzip_codec
    return (yield from _deflated(raw, data, codec.decompressobj(31), 31, "gzip"))


class _HeaderWatch:
    """A reader that reads the header of a gzip member beside the decoder, and sets aside what it passes over.

    `first` is what was read of the member so far. Format: RFC 1952, 2.3.
    """

    def __init__(self, raw: Reader, first: bytes, aside: Aside) -> None:
        self._raw = raw
        self._steps: Generator[None, bytes, None] | None = _header(first, aside)
        self._show(None)

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes."""
        data = self._raw.read(count)
        if self._steps is not None:
            self._show(data)
        return data

    def _show(self, data: bytes | None) -> None:
        try:
            if self._steps is not None:
                self._steps.send(data)  # type: ignore[arg-type]  # the first is None, as a generator wants it
        except StopIteration:
            self._steps = None


def _header(data: bytes, aside: Aside) -> Generator[None, bytes, None]:
    """Take a member's header, which begins with `data`, and what follows; end with it."""
    while len(data) < _GZIP_HEADER:
        data += yield
    flags, data = data[_GZIP_FLAGS], data[_GZIP_HEADER:]
    if flags & _FEXTRA:
        while len(data) < 2:
            data += yield
        end = 2 + int.from_bytes(data[:2], "little")
        while len(data) < end:
            data += yield
        for field in _subfields(data[2:end]):
            aside.whole("gzip/extra", field)
        data = data[end:]
    for flag, name in ((_FNAME, "gzip/name"), (_FCOMMENT, "gzip/comment")):
        if not flags & flag:
            continue
        fresh = True
        while (end := data.find(b"\0")) < 0:
            aside.piece(name, data, fresh=fresh)
            fresh = fresh and not data
            data = yield
        if fresh:
            aside.whole(name, data[:end])
        else:
            aside.piece(name, data[:end], fresh=False)
        data = data[end + 1 :]


def _subfields(extra: bytes) -> Iterator[bytes]:
    """Cut an extra field (RFC 1952, 2.3.1.1); from where it is not in that form on, it is one piece."""
    while len(extra) >= 4 and (end := 4 + int.from_bytes(extra[2:4], "little")) <= len(extra):
        yield extra[4:end]
        extra = extra[end:]
    yield extra


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

    None if `data` is anything else, such as damaged, several members, or one whose header may hold a key: `inflate`
    then says what it is.
    """
    if len(data) <= _GZIP_FLAGS or _split_header_misread(data[_GZIP_FLAGS]):
        return None
    if data[_GZIP_FLAGS] & _STORED and not _short_name(data):
        return None
    decoder = gzip_codec.decompressobj(31)
    try:
        plain = decoder.decompress(data, CHUNK)
    except DEFLATE_ERRORS:
        return None
    return plain if decoder.eof and not decoder.unused_data else None


def _short_name(data: Chunk) -> bool:
    """Whether a member's header stores nothing but a name that is too short to hold a key."""
    start = _GZIP_HEADER
    return data[_GZIP_FLAGS] & _STORED == _FNAME and b"\0" in bytes(data[start : start + LEAST])


def inflate_deflate(raw: Reader, bits: Literal[-15, 15]) -> Generator[Chunk, None, bytes]:
    """Yield the plain bytes of one deflate stream, raw (-15) or with a zlib header and sum (15, RFC 1950).

    Returns what was read after the stream. StreamError if it is damaged or cut, after everything that could be read.
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
    """Whether isal misreads a header with these flags if it comes in two pieces; such headers are rare.

    Measured with isal 1.9.1: a header checksum, and a comment behind an extra field or a name.
    """
    return bool(flags & _FHCRC or (flags & _FCOMMENT and flags & (_FEXTRA | _FNAME)))


def _salvage(history: list[bytes], given: int, bits: int) -> Iterator[bytes]:
    """Yield what is between the `given` bytes and the damage: a failing decoder withholds its last output.

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
