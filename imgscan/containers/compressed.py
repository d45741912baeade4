"""Compressions: containers of one content that has no name of its own. They add nothing to a path.

gzip, xz, bz2 and zstd are read the way layers are; this module also has zlib streams (RFC 1950), the older LZMA
container and Alpine's packages of version 3. What is stored beside the content (a name, a comment, a frame to be
skipped) is set aside. What follows it is searched as it is, and read where another compression begins in it: initrds
are made by appending.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

from imgscan.containers import lz4
from imgscan.containers.base import HEAD, Format, Member
from imgscan.containers.cursor import TO_THE_END, Cursor
from imgscan.containers.lzmaalone import LZMA_BEGINNING, inflate_lzma, is_lzma_alone
from imgscan.streams.aside import Aside
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

_BEGINNING: Final = re.compile(
    rb"\x1f\x8b\x08[\0-\x1f].{4}[\0\2\4][\0-\x0d\xff]|BZh[1-9](?:1AY&SY|\x17rE8P\x90)|\xfd7zXZ\0"
    rb"|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18",
    re.DOTALL,
)
"""Where in other data a compressed stream may begin: formats with a magic that does not occur by chance."""

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


def _alone(stream: Generator[Chunk, None, bytes], what: str, raw: Reader) -> Iterator[bytes]:
    """Yield the chunks of a stream of which a file holds one, read from `raw`; zeros may follow it."""
    while True:
        try:
            yield bytes(next(stream))
        except StopIteration as stop:
            rest: bytes = stop.value
            break
    while rest:
        rest = rest.lstrip(b"\0")
        if rest:
            raise trailing(what, rest)
        rest = raw.read(_READ)


def _zlib(raw: Reader, _aside: Aside) -> Iterator[Chunk]:
    return gather(_alone(inflate_deflate(raw, 15), "zlib", raw), _ENOUGH)


def _lzma(raw: Reader, _aside: Aside) -> Iterator[Chunk]:
    return gather(_alone(inflate_lzma(raw), "lzma", raw), _ENOUGH)


def is_alpine(head: bytes) -> bool:
    """Whether a file that begins so is an Alpine package of version 3 (or an index), compressed as a whole.

    Format: apk-tools, src/adb_comp.c: `ADBd` and raw deflate data, or `ADBc`, a number for the compression, a level,
    and the data. What is not compressed begins with `ADB.` and needs no reading but the raw one.
    """
    return head.startswith(_ALPINE_MAGICS)


def _alpine(raw: Reader, aside: Aside) -> Iterator[Chunk]:
    source = Cursor(raw)
    zstd = source.take(4) == b"ADBc" and source.take(2)[:1] == b"\x02"
    if not source.peek(1):
        raise StreamError("cut-stream", "the Alpine package ends before its data")
    if zstd:
        yield from inflate(source, "zstd", aside)
    else:
        yield from gather(_alone(inflate_deflate(source, -15), "deflate", source), _ENOUGH)


def compression_of(head: bytes) -> Format | None:
    """Determine a file's compression from its first bytes; None if it is not compressed, or not in a supported way."""
    return next((kind for kind, (recognise, _) in _CONTENT.items() if recognise(head)), None)


def members(raw: Reader, at: int = 0) -> Iterator[Member | Unread]:
    """Yield the content, and that of what follows it in another compression, each as a member without a name.

    `at` is where in the container the first byte of `raw` is. What follows and is not compressed is a member too.
    """
    for _ in range(SEGMENTS):
        source = Cursor(raw)
        kind = compression_of(source.peek(HEAD))
        if kind is None:
            return
        aside = Aside()
        chunks = _CONTENT[kind][1](source, aside)
        if chunks is None:
            text = f"the content is {kind.name} data, and the package {kind.name} is not installed"
            yield Unread("skipped", "unsupported", text)
            return
        ends: list[StreamError] = []
        yield Member(None, _content(chunks, ends), (at, TO_THE_END), aside=aside)
        if not ends:
            return
        raw = _Joined(ends[0].rest.lstrip(b"\0"), source)
        if compression_of(ends[0].rest.lstrip(b"\0")) is None:
            yield ends[0].unread()
            further = yield from _foreign(raw, kind.name, at)
            if further is None:
                return
            raw = further
    text = f"more than {SEGMENTS} differently compressed parts in a row; the rest was not unpacked"
    yield Unread("skipped", "trailing-data", text)


def behind(what: str) -> Format:
    """Make the format of what follows `what`, a compressed stream that was read elsewhere."""

    def parts(raw: Reader) -> Iterator[Member | Unread]:
        source: Reader | None = Cursor(raw)
        if compression_of(source.peek(HEAD)) is None:  # type: ignore[union-attr]  # it is a cursor here
            source = yield from _foreign(source, what, 0)  # type: ignore[arg-type]
        if source is not None:
            yield from members(source)

    return Format(name=what, begins=(b"",), recognise=lambda _: True, members=parts, streamed=True, possible=True)


def _content(chunks: Iterator[Chunk], ends: list[StreamError]) -> Iterator[Chunk]:
    """Yield the chunks; that something else follows them is no failure, and put among the `ends`."""
    try:
        yield from chunks
    except StreamError as error:
        if not error.rest:
            raise
        ends.append(error)


def _foreign(raw: Reader, what: str, at: int) -> Generator[Member, None, Reader | None]:
    """Yield what follows a compressed stream as a member; return from where on it is compressed again, if it is."""
    cursor = Cursor(raw)
    found: list[Reader] = []
    yield Member(None, _until_compressed(cursor, found), (at, TO_THE_END), field=f"{what}/trailer")
    return found[0] if found else None


def _until_compressed(cursor: Cursor, found: list[Reader]) -> Iterator[Chunk]:
    """Yield bytes up to the beginning of a compressed stream, where the cursor is then `found`."""
    while window := cursor.peek(_READ):
        last = len(window) < _READ
        for magic in _BEGINNING.finditer(window):
            start = magic.start()
            if not last and start > len(window) - HEAD:
                break
            if compression_of(window[start : start + HEAD]) is not None:
                if start:
                    yield cursor.take(start)
                found.append(cursor)
                return
        yield cursor.take(len(window) if last else len(window) - HEAD)
    if cursor.failure is not None:
        raise cursor.failure


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


def _read(compression: Compression) -> Callable[[Reader, Aside], Iterator[Chunk]]:
    return lambda raw, aside: inflate(raw, compression, aside)


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

_CONTENT: Final[dict[Format, tuple[Callable[[bytes], bool], Callable[[Reader, Aside], Iterator[Chunk] | None]]]] = {
    GZIP: (_is("gzip"), _read("gzip")),
    ZSTD: (_is("zstd"), _read("zstd")),
    XZ: (_is("xz"), _read("xz")),
    BZ2: (_is("bz2"), _read("bz2")),
    LZ4: (lz4.recognise, lz4.content),
    ALPINE: (is_alpine, _alpine),
    LZMA: (is_lzma_alone, _lzma),
    ZLIB: (is_zlib, _zlib),
}
"""How each content is recognised in its place, even if damaged, and read. None: a package is missing."""

COMPRESSIONS: Final = tuple(_CONTENT)
