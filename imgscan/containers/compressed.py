"""Compressions: containers of one content that has no name of its own. They add nothing to a path.

gzip, xz, bz2 and zstd are read as layers are; here are also zlib streams (RFC 1950), the older LZMA
container and Alpine's packages of version 3. What follows compressed data and is compressed otherwise is read too:
initrds are made by appending.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

from imgscan.containers import lz4
from imgscan.containers.base import HEAD, Format, Member
from imgscan.containers.cursor import TO_THE_END, Cursor
from imgscan.containers.lzmaalone import LZMA_BEGINNING, inflate_lzma, is_lzma_alone
from imgscan.streams.deflate import GZIP_MAGIC, gzip_inflate, inflate_deflate
from imgscan.streams.inflate import BZ2_MAGIC, MAGIC_LENGTH, XZ_MAGIC, gather, inflate, sniff, xz_memory
from imgscan.streams.readers import StreamError, trailing
from imgscan.streams.zstd import ZSTD_MAGICS, zstd_memory
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from imgscan.streams.inflate import Compression
    from imgscan.streams.readers import Chunk, Reader

_GZIP: Final = re.compile(re.escape(GZIP_MAGIC) + rb"(?![\x20-\xff])")
"""Flags above these are reserved: a file that has one is something else."""

_BZ2: Final = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
"""A header, and the first block or the end behind it."""

ZLIB_HEADS: Final = tuple(
    bytes((method, flags))
    for method in range(0x08, 0x80, 0x10)
    for flags in range(256)
    if not (method << 8 | flags) % 31 and not flags & 0x20
)
"""What zlib data can begin with (RFC 1950, 2.2), unless it needs a dictionary that is not there."""

_ALPINE_MAGICS: Final = (b"ADBd", b"ADBc\x01", b"ADBc\x02")
SEGMENTS: Final = 64
"""Differently compressed parts of one file that are read; an initrd has three."""

_READ: Final = 1 << 18
_ENOUGH: Final = 1 << 18
_ZLIB_HEAD: Final = 512
"""Bytes that must inflate without an error before a file that is longer is taken for zlib data."""


def is_zlib(head: bytes) -> bool:
    """Whether a file that begins so is a zlib stream.

    Its header has 11 bits that are fixed, which one file of 2,048 has by chance, and `x^` is text: so all of a
    short file, or the first 512 bytes, must inflate too.
    """
    if len(head) < 8 or not head.startswith(ZLIB_HEADS):
        return False
    decoder = zlib.decompressobj()
    try:
        plain = decoder.decompress(head, 1 << 16)
    except zlib.error:
        return False
    return decoder.eof or (len(head) >= _ZLIB_HEAD and len(plain) > 0)


def _alone(stream: Generator[Chunk, None, bytes], what: str) -> Iterator[bytes]:
    """Yield the chunks of a stream of which a file holds one; zeros may follow it."""
    while True:
        try:
            yield bytes(next(stream))
        except StopIteration as stop:
            rest: bytes = stop.value
            break
    if rest.strip(b"\0"):
        raise trailing(what, rest)


def _zlib(raw: Reader) -> Iterator[Chunk]:
    return gather(_alone(inflate_deflate(raw, 15), "zlib"), _ENOUGH)


def _lzma(raw: Reader) -> Iterator[Chunk]:
    return gather(_alone(inflate_lzma(raw), "lzma"), _ENOUGH)


def is_alpine(head: bytes) -> bool:
    """Whether a file that begins so is an Alpine package of version 3 (or an index), compressed as a whole.

    Format: apk-tools, src/adb_comp.c: `ADBd` and raw deflate data, or `ADBc`, a number for the compression, a level,
    and the data. What is not compressed begins with `ADB.` and needs no reading but the raw one.
    """
    return head.startswith(_ALPINE_MAGICS)


def _alpine(raw: Reader) -> Iterator[Chunk]:
    source = Cursor(raw)
    zstd = source.take(4) == b"ADBc" and source.take(2)[:1] == b"\x02"
    if not source.peek(1):
        raise StreamError("cut-stream", "the Alpine package ends before its data")
    if zstd:
        yield from inflate(source, "zstd")
    else:
        yield from gather(_alone(inflate_deflate(source, -15), "deflate"), _ENOUGH)


def compression_of(head: bytes) -> Format | None:
    """Tell the compression of a file by its first bytes; None if it is not compressed, or not in a way that is read."""
    return next((kind for kind, (recognise, _) in _CONTENT.items() if recognise(head)), None)


def members(raw: Reader, at: int = 0) -> Iterator[Member | Unread]:
    """Yield the content, and that of what follows it in another compression, each as a member without a name.

    `at` is where in the container the first byte of `raw` is.
    """
    for _ in range(SEGMENTS):
        source = Cursor(raw)
        kind = compression_of(source.peek(HEAD))
        if kind is None:
            return
        chunks = _CONTENT[kind][1](source)
        if chunks is None:
            text = f"the content is {kind.name} data, and the package {kind.name} is not installed"
            yield Unread("skipped", "unsupported", text)
            return
        behind: list[bytes] = []
        yield Member(None, _content(chunks, behind), (at, TO_THE_END))
        if not behind:
            return
        raw = _Joined(behind[0], source)
    text = f"more than {SEGMENTS} differently compressed parts in a row; the rest was not read"
    yield Unread("skipped", "trailing-data", text)


def _content(chunks: Iterator[Chunk], behind: list[bytes]) -> Iterator[Chunk]:
    """Yield the chunks; what follows them compressed is put `behind`, where it is not a failure."""
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
        """Return at most `count` bytes."""
        if not self._held:
            return self._raw.read(count)
        data, self._held = self._held[:count], self._held[count:]
        return data


def _is(compression: Compression) -> Callable[[bytes], bool]:
    return lambda head: sniff(head[:MAGIC_LENGTH]) == compression


def _read(compression: Compression) -> Callable[[Reader], Iterator[Chunk]]:
    return lambda raw: inflate(raw, compression)


GZIP: Final = Format(
    name="gzip",
    begins=(GZIP_MAGIC,),
    recognise=lambda head: _GZIP.match(head) is not None,
    members=members,
    streamed=True,
    only=gzip_inflate,
    squeezed=True,
)
ZSTD: Final = Format(
    name="zstd",
    begins=ZSTD_MAGICS,
    recognise=_is("zstd"),
    members=members,
    streamed=True,
    squeezed=True,
    memory=zstd_memory,
)
XZ: Final = Format(
    name="xz", begins=(XZ_MAGIC,), recognise=_is("xz"), members=members, streamed=True, squeezed=True, memory=xz_memory
)
BZ2: Final = Format(
    name="bz2",
    begins=(BZ2_MAGIC,),
    recognise=lambda head: _BZ2.match(head) is not None,
    members=members,
    streamed=True,
    squeezed=True,
)
LZ4: Final = Format(
    name="lz4",
    begins=(lz4.FRAME_MAGIC, lz4.LEGACY_MAGIC),
    recognise=lz4.recognise,
    members=members,
    streamed=True,
    squeezed=True,
)
ALPINE: Final = Format(name="apk", begins=_ALPINE_MAGICS, recognise=is_alpine, members=members, streamed=True)
LZMA: Final = Format(
    name="lzma", begins=(LZMA_BEGINNING,), recognise=is_lzma_alone, members=members, streamed=True, squeezed=True
)
ZLIB: Final = Format(name="zlib", begins=ZLIB_HEADS, recognise=is_zlib, members=members, streamed=True, squeezed=True)
"""For a file of git's objects its own format comes first: they are zlib streams too."""

_CONTENT: Final[dict[Format, tuple[Callable[[bytes], bool], Callable[[Reader], Iterator[Chunk] | None]]]] = {
    GZIP: (_is("gzip"), _read("gzip")),
    ZSTD: (_is("zstd"), _read("zstd")),
    XZ: (_is("xz"), _read("xz")),
    BZ2: (_is("bz2"), _read("bz2")),
    LZ4: (lz4.recognise, lz4.content),
    ALPINE: (is_alpine, _alpine),
    LZMA: (is_lzma_alone, _lzma),
    ZLIB: (is_zlib, _zlib),
}
"""How the content of each is known where it must be, however damaged it is, and read. None: a package lacks."""

COMPRESSIONS: Final = tuple(_CONTENT)
