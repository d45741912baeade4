"""One memory budget for everything that runs at the same time.

Code that is about to use much memory reserves it first and waits until it is available, so that the total stays
bounded whatever the number of jobs and whatever the input demands.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY_LIMIT = 128 << 20
"""Bytes that one xz or zstd decoder may use; zstd's own command has the same limit."""

PIPELINE = 28 << 20
"""Bytes that one blob's chunks, queues, window and text state take at most."""

_TOTAL = 200 << 20


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
