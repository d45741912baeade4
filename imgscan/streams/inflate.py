"""Inflating: compressed bytes in, chunks of plain bytes out, decided by magic bytes and never by a media type.

Every gzip member, zstd frame, xz and bz2 stream of the input is read, not only the first. Memory is bounded whatever
the input demands.
"""

from __future__ import annotations

import bz2
import lzma
from typing import TYPE_CHECKING, Literal

from imgscan.streams.budget import MEMORY_LIMIT
from imgscan.streams.deflate import GZIP_MAGIC, inflate_gzip
from imgscan.streams.readers import CHUNK, Chunk, StreamError, trailing
from imgscan.streams.zstd import ZSTD_MAGICS, inflate_zstd, zstd_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.streams.aside import Aside
    from imgscan.streams.readers import Reader

__all__ = ["MEMORY_LIMIT", "Chunk", "Compression", "StreamError", "decoder_memory", "gather", "inflate", "sniff"]

Compression = Literal["none", "gzip", "zstd", "xz", "bz2"]

MAGIC_LENGTH = 6
MEMORY_HEAD = 18
"""Bytes that tell how much memory a decoder will ask for: the longest header of a zstd frame."""

XZ_MAGIC = b"\xfd7zXZ\x00"
BZ2_MAGIC = b"BZh"
_READ = 1 << 18
_ENOUGH = 1 << 18  # a chunk of this size is passed on alone


def sniff(head: bytes) -> Compression:
    """Recognise the compression by the first `MAGIC_LENGTH` bytes (a zstd stream may begin with a skippable frame)."""
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    if head.startswith(ZSTD_MAGICS):
        return "zstd"
    if head.startswith(XZ_MAGIC):
        return "xz"
    if head.startswith(BZ2_MAGIC) and head[3:4].isdigit():
        return "bz2"
    return "none"


def decoder_memory(head: bytes) -> int:
    """Estimate from a blob's first `MEMORY_HEAD` bytes what its decoder will hold."""
    compression = sniff(head)
    if compression == "zstd":
        return zstd_memory(head)
    return xz_memory(head) if compression == "xz" else 0


def xz_memory(head: bytes) -> int:
    """Read how large the dictionary of the first block is (xz-file-format, 3.1 and 5.3.1); the maximum if unstated.

    A stream's header has 12 bytes, then come the block's: its size, flags, and the filters.
    """
    if len(head) < 18 or head[13] & 0xFC:  # sizes precede the filters, or there are several
        return MEMORY_LIMIT
    if head[13] or head[14:16] != b"\x21\x01" or head[16] > 40:
        return MEMORY_LIMIT
    bits = head[16]
    dictionary = (2 | bits & 1) << (bits // 2 + 11)
    return min(MEMORY_LIMIT, dictionary + (1 << 20))


def inflate(raw: Reader, compression: Compression, aside: Aside | None = None) -> Iterator[Chunk]:
    """Yield the plain bytes of `raw` in chunks of about `CHUNK` bytes, to the very end.

    StreamError if the input is damaged or cut, after every byte that could be read before the damage. Chunks are
    never changed after they were given out. What is stored beside the content goes to `aside`; what follows it is the
    `rest` of a harmless StreamError.
    """
    if compression == "none":
        while data := raw.read(CHUNK):
            yield data
    elif compression == "gzip":
        yield from gather(inflate_gzip(raw, aside), _ENOUGH)
    elif compression == "zstd":
        yield from inflate_zstd(raw, aside)
    else:
        yield from gather(_streams(raw, compression), _ENOUGH)


def gather(chunks: Iterator[bytes], enough: int) -> Iterator[bytes]:
    """Join small chunks until they have `enough` bytes, so that they do not cost a step each downstream.

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
            magic = XZ_MAGIC if compression == "xz" else BZ2_MAGIC
            if not data.startswith(magic[: len(data)]):
                raise trailing(compression, data)
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
                    raise StreamError("memory-limit", "the xz data needs more than 128 MiB") from error
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
