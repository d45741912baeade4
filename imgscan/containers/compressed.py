"""Compressions: containers of one content that has no name of its own. They add nothing to a path.

gzip, xz, bz2 and zstd are read as layers are; here are also zlib streams (RFC 1950), the older LZMA
container and Alpine's packages of version 3. What follows compressed data and is compressed otherwise is read too:
initrds are made by appending.
"""

from __future__ import annotations

import lzma
import zlib
from typing import TYPE_CHECKING, Final

from imgscan.containers import lz4
from imgscan.containers.base import HEAD, Member, Streamed, Unread
from imgscan.containers.cursor import TO_THE_END, Cursor
from imgscan.streams.failure import StreamError
from imgscan.streams.inflate import MAGIC_LENGTH, MEMORY_LIMIT, gather, gzip_inflate, inflate, inflate_deflate, sniff
from imgscan.streams.readers import CHUNK

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from imgscan.streams.inflate import Chunk, Compression
    from imgscan.streams.readers import Reader

SEGMENTS: Final = 64
"""Differently compressed parts of one file that are read; an initrd has three."""

_READ: Final = 1 << 18
_ENOUGH: Final = 1 << 18
_ZLIB_HEAD: Final = 512
"""Bytes that must inflate without an error before a file that is longer is taken for zlib data."""

_LZMA_HEAD: Final = 13  # properties, size of the dictionary, size of the content
_LZMA_LARGEST: Final = 1 << 38
"""The largest content that xz believes in when it recognises the format."""


def is_zlib(head: bytes) -> bool:
    """Whether a file that begins so is a zlib stream.

    Its header has 11 bits that are fixed, which one file of 2,048 has by chance, and `x^` is text: so all of a
    short file, or the first 512 bytes, must inflate too.
    """
    if len(head) < 8 or head[0] & 0x8F != 8 or head[1] & 0x20 or (head[0] << 8 | head[1]) % 31:
        return False
    decoder = zlib.decompressobj()
    try:
        plain = decoder.decompress(head, 1 << 16)
    except zlib.error:
        return False
    return decoder.eof or (len(head) >= _ZLIB_HEAD and len(plain) > 0)


def is_lzma_alone(head: bytes) -> bool:
    """Whether a file that begins so is in the LZMA container without a magic (`.lzma`).

    The rules are those by which xz recognises it, and two more: the usual properties, and a range coder that begins
    with zero, as it always does.
    """
    if len(head) <= _LZMA_HEAD + 5 or head[0] != 0x5D or head[_LZMA_HEAD]:
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:13], "little")
    lowest = dictionary & -dictionary
    if dictionary < 4096 or dictionary not in (lowest, 3 * lowest) or _LZMA_LARGEST <= size < 2**64 - 1:
        return False
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY_LIMIT)
        return bool(decoder.decompress(head, 1 << 16)) or decoder.eof
    except lzma.LZMAError as error:
        return "Memory usage limit" in str(error)


def inflate_lzma(raw: Reader, header: bytes = b"") -> Generator[Chunk, None, bytes]:
    """Give the content of LZMA data in the old container; `header` stands in front of what is read.

    Returns what was read behind it. StreamError as `inflate` raises it.
    """
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY_LIMIT)
        data = header + raw.read(_READ)
        while True:
            chunk = decoder.decompress(data, CHUNK)
            if chunk:
                yield chunk
            if decoder.eof:
                return decoder.unused_data
            data = raw.read(_READ) if decoder.needs_input else b""
            if decoder.needs_input and not data:
                raise StreamError("cut-stream", "the lzma data ends before its end marker")
    except lzma.LZMAError as error:
        if "Memory usage limit" in str(error):
            raise StreamError("memory-limit", "the lzma data asks for more than 128 MiB") from error
        raise StreamError("damaged-stream", "the lzma data is damaged") from error


def _alone(stream: Generator[Chunk, None, bytes], what: str) -> Iterator[bytes]:
    """Give the chunks of a stream of which a file holds one; zeros may follow it."""
    while True:
        try:
            yield bytes(next(stream))
        except StopIteration as stop:
            rest: bytes = stop.value
            break
    if rest.strip(b"\0"):
        text = f"bytes that are not {what} follow the {what} data"
        raise StreamError("trailing-data", text, harmless=True, rest=rest)


def _zlib(raw: Reader) -> Iterator[Chunk]:
    return gather(_alone(inflate_deflate(raw, 15), "zlib"), _ENOUGH)


def _lzma(raw: Reader) -> Iterator[Chunk]:
    return gather(_alone(inflate_lzma(raw), "lzma"), _ENOUGH)


def is_alpine(head: bytes) -> bool:
    """Whether a file that begins so is an Alpine package of version 3 (or an index), compressed as a whole.

    Format: apk-tools, src/adb_comp.c: `ADBd` and raw deflate data, or `ADBc`, a number for the compression, a level,
    and the data. What is not compressed begins with `ADB.` and needs no reading but the raw one.
    """
    return head.startswith(b"ADBd") or (head.startswith(b"ADBc") and head[4:5] in (b"\x01", b"\x02"))


def _alpine(raw: Reader) -> Iterator[Chunk]:
    source = Cursor(raw)
    zstd = source.take(4) == b"ADBc" and source.take(2)[:1] == b"\x02"
    if not source.peek(1):
        raise StreamError("cut-stream", "the Alpine package ends before its data")
    if zstd:
        yield from inflate(source, "zstd")
    else:
        yield from gather(_alone(inflate_deflate(source, -15), "deflate"), _ENOUGH)


def _known(compression: Compression) -> tuple[Callable[[bytes], bool], Callable[[Reader], Iterator[Chunk]]]:
    return lambda head: sniff(head[:MAGIC_LENGTH]) == compression, lambda raw: inflate(raw, compression)


_KINDS: Final[dict[str, tuple[Callable[[bytes], bool], Callable[[Reader], Iterator[Chunk]]]]] = {
    "gzip": _known("gzip"),
    "zstd": _known("zstd"),
    "xz": _known("xz"),
    "bz2": _known("bz2"),
    "lz4": (lz4.recognise, lz4.content),
    "apk": (is_alpine, _alpine),
    "lzma": (is_lzma_alone, _lzma),
    "zlib": (is_zlib, _zlib),
}
"""How each compression is recognised and read. Those without a magic come last."""


def compression_of(head: bytes) -> str | None:
    """Name the compression of a file by its first bytes; None if it is not compressed, or not in a way that is read."""
    return next((name for name, (recognise, _) in _KINDS.items() if recognise(head)), None)


def members(raw: Reader, at: int = 0) -> Iterator[Member | Unread]:
    """Give the content, and that of what follows it in another compression, each as a member without a name.

    `at` is where in the container the first byte of `raw` stands.
    """
    for _ in range(SEGMENTS):
        source = Cursor(raw)
        kind = compression_of(source.peek(HEAD))
        if kind is None:
            return
        if kind == "lz4" and not lz4.available():
            yield Unread("skipped", "unsupported", "the content is lz4 data, and the package lz4 is not installed")
            return
        behind: list[bytes] = []
        yield Member(None, _content(_KINDS[kind][1](source), behind), (at, TO_THE_END))
        if not behind:
            return
        raw = _Joined(behind[0], source)
    text = f"more than {SEGMENTS} differently compressed parts follow each other; the rest was not read"
    yield Unread("skipped", "trailing-data", text)


def _content(chunks: Iterator[Chunk], behind: list[bytes]) -> Iterator[Chunk]:
    """Give the chunks; what follows them compressed is put `behind`, where it is no failure."""
    try:
        yield from chunks
    except StreamError as error:
        rest = error.rest.lstrip(b"\0")
        if compression_of(rest) is None:
            raise
        behind.append(rest)


class _Joined:
    """Bytes that were read already, and the stream that they were read from."""

    def __init__(self, held: bytes, raw: Reader) -> None:
        self._held = held
        self._raw = raw

    def read(self, count: int, /) -> bytes:
        """Give at most `count` bytes."""
        if not self._held:
            return self._raw.read(count)
        data, self._held = self._held[:count], self._held[count:]
        return data


def _format(name: str) -> Streamed:
    return Streamed(name, _KINDS[name][0], members)


GZIP: Final = _format("gzip")._replace(only=gzip_inflate)
ZSTD: Final = _format("zstd")
XZ: Final = _format("xz")
BZ2: Final = _format("bz2")
LZ4: Final = _format("lz4")
ALPINE: Final = _format("apk")
LZMA: Final = _format("lzma")
ZLIB: Final = _format("zlib")
"""For a file of git's objects its own format comes first: they are zlib streams too."""
