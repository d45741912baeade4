"""LZ4: frames, and the legacy form in which kernels and their initrds are packed.

Formats: lz4's doc/lz4_Frame_format.md. The package decodes one block at a time, so that of damaged data each
block before the damage is given, and no size in a header is believed: a block is at most 4 MiB, a legacy one 8 MiB.
The owner of the package lz4, which is imported when it is first needed; where it is missing, lz4 is not read.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Final

from imgscan.containers.cursor import Cursor
from imgscan.streams.aside import Aside
from imgscan.streams.readers import CHUNK, StreamError, trailing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.streams.readers import Chunk, Reader

FRAME_MAGIC: Final = b"\x04\x22\x4d\x18"
LEGACY_MAGIC: Final = b"\x02\x21\x4c\x18"
_SKIPPABLE: Final = b"\x2a\x4d\x18"
_READ: Final = 1 << 18
_BLOCK: Final = 4 << 20
_LEGACY_BLOCK: Final = 8 << 20
_LEGACY_STORED: Final = _LEGACY_BLOCK + _LEGACY_BLOCK // 255 + 16
"""The largest that a block of 8 MiB can become (lz4's LZ4_COMPRESSBOUND)."""
_INDEPENDENT, _BLOCK_SUMS, _SIZE, _SUM, _DICTIONARY = 0x20, 0x10, 0x08, 0x04, 0x01
_STORED: Final = 1 << 31


def recognise(head: bytes) -> bool:
    """Whether `head` begins a frame (version 1, a block size that exists) or legacy data (a size that can be)."""
    if head.startswith(FRAME_MAGIC):
        return len(head) >= 7 and head[4] >> 6 == 1 and not head[4] & 2 and head[5] >> 4 in (4, 5, 6, 7)
    if head.startswith(LEGACY_MAGIC):
        return len(head) > 8 and 0 < int.from_bytes(head[4:8], "little") <= _LEGACY_STORED
    return False


def available() -> bool:
    """Whether the package lz4 is installed."""
    return importlib.util.find_spec("lz4") is not None


def content(raw: Reader, aside: Aside | None = None) -> Iterator[Chunk] | None:
    """Return the plain bytes; StreamError if they are cut or damaged. None if the package is not installed.

    What is in skippable frames goes to `aside`.
    """
    if not available():
        return None
    import lz4.block  # noqa: PLC0415 - most scans never need it
    import lz4.frame  # noqa: PLC0415

    return _content(Cursor(raw), lz4, aside or Aside())


def _content(cursor: Cursor, lz4: Any, aside: Aside) -> Iterator[Chunk]:
    """Read frames, one after another; bytes after the last are reported."""
    first = True
    while magic := cursor.peek(4):
        if magic == FRAME_MAGIC:
            yield from _frame(cursor, lz4)
        elif magic == LEGACY_MAGIC:
            cursor.take(4)
            yield from _legacy(cursor, lz4)
        elif magic[1:] == _SKIPPABLE and magic[0] >> 4 == 5:
            _set_aside(cursor, int.from_bytes(_exactly(cursor, 8)[4:], "little"), aside)
        elif not first:
            raise trailing("lz4", cursor.peek(CHUNK))
        first = False


def _set_aside(cursor: Cursor, size: int, aside: Aside) -> None:
    """Set aside the content of a skippable frame."""
    left = size
    while left:
        piece = _exactly(cursor, min(left, _READ))
        aside.piece("lz4/skippable", piece, fresh=left == size)
        left -= len(piece)


def _frame(cursor: Cursor, lz4: Any) -> Iterator[Chunk]:
    """Read one frame, feeding the decoder header, blocks and sums one by one."""
    decoder = lz4.frame.LZ4FrameDecompressor()
    flags, sizes = cursor.peek(6)[4:].ljust(2, b"\0")
    header = _exactly(cursor, 7 + (8 if flags & _SIZE else 0) + (4 if flags & _DICTIONARY else 0))
    most = min(1 << (8 + 2 * (sizes >> 4 & 7)), CHUNK)
    yield from _step(decoder, header, most)
    while True:
        word = _exactly(cursor, 4)
        stored = int.from_bytes(word, "little") & ~_STORED
        if word == b"\0\0\0\0":
            yield from _step(decoder, word + _exactly(cursor, 4 if flags & _SUM else 0), most)
            if not decoder.eof:
                raise StreamError("damaged-stream", "the lz4 data is damaged")
            return
        if stored > _BLOCK:
            raise StreamError("damaged-stream", "the lz4 data is damaged")
        block = _exactly(cursor, stored + (4 if flags & _BLOCK_SUMS else 0))
        yield from _step(decoder, word + block, most)


def _legacy(cursor: Cursor, lz4: Any) -> Iterator[Chunk]:
    """Read legacy blocks until the end, or until a word that is no block's size.

    The kernel's build appends the plain size to the data; at the end, four bytes more or less are no damage.
    """
    while True:
        word = cursor.peek(4)
        size = int.from_bytes(word, "little")
        if len(word) < 4 or not 0 < size <= _LEGACY_STORED:
            return
        block = cursor.peek(4 + size)[4:]
        if not block:
            return
        cursor.take(4 + len(block))
        if len(block) < size:
            raise StreamError("cut-stream", "the lz4 data ends inside a block")
        try:
            plain = lz4.block.decompress(block, uncompressed_size=_LEGACY_BLOCK)
        except (lz4.block.LZ4BlockError, ValueError, MemoryError) as error:
            raise StreamError("damaged-stream", "the lz4 data is damaged") from error
        yield from _pieces(plain)


def _exactly(cursor: Cursor, count: int) -> bytes:
    data = cursor.take(count)
    if len(data) < count:
        raise StreamError("cut-stream", "the lz4 data ends inside a frame")
    return data


def _step(decoder: Any, data: bytes, most: int) -> Iterator[bytes]:
    """Feed the decoder, and take from it all that it has, `most` bytes at a time."""
    try:
        while True:
            plain = decoder.decompress(data, most)
            if plain:
                yield plain
            elif not data or decoder.needs_input:
                return
            if decoder.eof:
                return
            data = b""
    except (RuntimeError, EOFError, ValueError) as error:
        raise StreamError("damaged-stream", "the lz4 data is damaged") from error


def _pieces(plain: bytes) -> Iterator[Chunk]:
    if len(plain) <= CHUNK:
        yield plain
        return
    view = memoryview(plain)
    for at in range(0, len(view), CHUNK):
        yield view[at : at + CHUNK]
