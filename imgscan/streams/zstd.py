"""Zstandard: every frame of a stream, and how much memory it will take to read it.

The owner of zstandard, whose decoder ends quietly at a cut stream: `zstdframes` notices that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import zstandard

from imgscan.streams.budget import MEMORY_LIMIT
from imgscan.streams.readers import CHUNK, StreamError
from imgscan.streams.zstdframes import FRAME_MAGIC, ZstdFrames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.streams.aside import Aside
    from imgscan.streams.readers import Chunk, Reader

ZSTD_MAGICS = (FRAME_MAGIC, *(bytes((byte, 0x2A, 0x4D, 0x18)) for byte in range(0x50, 0x60)))
"""What zstd data begins with: a frame, or one of the sixteen kinds of skippable frames (RFC 8878, 3.1.2)."""

_READ = 1 << 18
_SMALL_WINDOW = 8 << 20


def zstd_memory(head: bytes) -> int:
    """Estimate from a stream's first bytes (18 tell all) what its decoder will hold."""
    if not head.startswith(FRAME_MAGIC):  # a skippable frame: what the next one needs is unknown
        return MEMORY_LIMIT
    try:
        window = zstandard.get_frame_parameters(head).window_size
    except zstandard.ZstdError:
        return MEMORY_LIMIT
    return _SMALL_WINDOW if window <= _SMALL_WINDOW else MEMORY_LIMIT


class _Into(Protocol):
    """Something that fills a buffer."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 at the end."""


def _fill(source: _Into) -> Iterator[memoryview | zstandard.ZstdError]:
    """Read chunks from `source`; a failure comes last, as a value, behind the bytes that preceded it.

    A decoder that fails has written to the buffer but does not say how much. The buffer was zero before, so what it
    wrote is what precedes the trailing zeros; zeros hold no key.
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


class _Framed:
    """A reader that shows the compressed bytes to the frame walker as they pass."""

    def __init__(self, raw: Reader, aside: Aside | None) -> None:
        self._raw = raw
        self.frames = ZstdFrames(aside)
        self.rest = b""
        """What follows the last frame, as far as it was read."""

    def read(self, count: int = -1) -> bytes:
        if self.rest:
            return b""
        data = self._raw.read(count if count > 0 else _READ)
        foreign = self.frames.feed(data)
        if foreign is not None:
            self.rest = self.frames.foreign + data[foreign:]
            data = data[: max(0, foreign - len(self.frames.foreign))]
        return data


def inflate_zstd(raw: Reader, aside: Aside | None = None) -> Iterator[Chunk]:
    """Yield the plain bytes of all frames; skippable ones go to `aside`.

    StreamError if they are damaged, cut, or ask for too much memory, and if something else follows them.
    """
    watched = _Framed(raw, aside)
    decoder = zstandard.ZstdDecompressor(max_window_size=MEMORY_LIMIT)
    reader = decoder.stream_reader(
        watched,  # type: ignore[arg-type]  # it only ever calls read()
        read_size=_READ,
        read_across_frames=True,
    )
    for chunk in _fill(reader):
        if isinstance(chunk, Exception):
            if "too much memory" in str(chunk):
                raise StreamError("memory-limit", "the zstd data needs a window of more than 128 MiB") from chunk
            raise StreamError("damaged-stream", "the zstd data is damaged") from chunk
        yield chunk
    if watched.rest:
        # A frame that lost its magic looks the same, so this is no harmless end, as zstd itself has it too.
        raise StreamError("damaged-stream", "the zstd data is damaged, or other data follow it", rest=watched.rest)
    if not watched.frames.whole:
        raise StreamError("cut-stream", "the zstd data ends before its last block")
