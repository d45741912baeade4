"""One memory budget for everything that runs at the same time.

Whoever is about to use much memory reserves it first and waits until it is there, so that the sum stays bounded
whatever the number of jobs and whatever the input asks for.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import zstandard

from imgscan.streams.inflate import MEMORY_LIMIT, sniff
from imgscan.streams.zstdframes import FRAME_MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator

PIPELINE = 28 << 20
"""Bytes that one blob's chunks, queues, window and text state take at most."""

_TOTAL = 200 << 20
_SMALL_WINDOW = 8 << 20


class Budget:
    """Hands out a fixed number of bytes; a request that exceeds it gets it when nobody else holds any."""

    def __init__(self, total: int = _TOTAL) -> None:
        self._total = total
        self._left = total
        self._changed = threading.Condition()

    @contextmanager
    def reserve(self, count: int) -> Iterator[None]:
        """Hold `count` bytes while the context lasts; blocks until they are free."""
        count = min(count, self._total)
        with self._changed:
            self._changed.wait_for(lambda: self._left >= count)
            self._left -= count
        try:
            yield
        finally:
            with self._changed:
                self._left += count
                self._changed.notify_all()


def decoder_memory(head: bytes) -> int:
    """Estimate from a blob's first bytes (18 tell all) what its decoder will hold."""
    compression = sniff(head)
    if compression == "zstd":
        if not head.startswith(FRAME_MAGIC):  # a skippable frame: what the next one asks for cannot be told
            return MEMORY_LIMIT
        try:
            window = zstandard.get_frame_parameters(head).window_size
        except zstandard.ZstdError:
            return MEMORY_LIMIT
        return _SMALL_WINDOW if window <= _SMALL_WINDOW else MEMORY_LIMIT
    return _xz_memory(head) if compression == "xz" else 0


def _xz_memory(head: bytes) -> int:
    """Read how large the dictionary of the first block is (xz-file-format, 3.1 and 5.3.1); the most, if it is not told.

    A stream's header has 12 bytes, then come the block's: its size, flags, and the filters.
    """
    if len(head) < 18 or head[13] & 0xFC:  # sizes stand before the filters, or there are several
        return MEMORY_LIMIT
    if head[13] or head[14:16] != b"\x21\x01" or head[16] > 40:
        return MEMORY_LIMIT
    bits = head[16]
    dictionary = (2 | bits & 1) << (bits // 2 + 11)
    return min(MEMORY_LIMIT, dictionary + (1 << 20))
