"""LZMA data in the container that is older than xz (`.lzma`), and has no magic.

Format: doc/lzma-file-format.txt of xz: the properties, the size of the dictionary, that of the content, and the data.
"""

from __future__ import annotations

import lzma
from typing import TYPE_CHECKING, Final

from imgscan.streams.budget import MEMORY_LIMIT
from imgscan.streams.readers import CHUNK, StreamError

if TYPE_CHECKING:
    from collections.abc import Generator

    from imgscan.streams.readers import Chunk, Reader

LZMA_BEGINNING: Final = b"\x5d\0"
"""The usual properties, and the lowest byte of a dictionary's size, which is a multiple of 4,096."""

_READ: Final = 1 << 18
_HEAD: Final = 13  # properties, size of the dictionary, size of the content
_LARGEST: Final = 1 << 38
"""The largest content that xz believes in when it recognises the format."""


def is_lzma_alone(head: bytes) -> bool:
    """Whether a file that begins so is in the LZMA container without a magic (`.lzma`).

    The rules are those by which xz recognises it, and two more: the usual properties, and a range coder that begins
    with zero, as it always does.
    """
    if len(head) <= _HEAD + 5 or head[0] != 0x5D or head[_HEAD]:
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:13], "little")
    lowest = dictionary & -dictionary
    if dictionary < 4096 or dictionary not in (lowest, 3 * lowest) or _LARGEST <= size < 2**64 - 1:
        return False
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY_LIMIT)
        return bool(decoder.decompress(head, 1 << 16)) or decoder.eof
    except lzma.LZMAError as error:
        return "Memory usage limit" in str(error)


def inflate_lzma(raw: Reader, header: bytes = b"") -> Generator[Chunk, None, bytes]:
    """Yield the content of LZMA data in the old container; `header` precedes what is read.

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
            raise StreamError("memory-limit", "the lzma data needs more than 128 MiB") from error
        raise StreamError("damaged-stream", "the lzma data is damaged") from error
