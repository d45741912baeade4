"""Windows: a stream cut so that each byte is owned once and nothing is split.

A window is one buffer: some bytes that earlier windows own, the bytes it owns itself, some bytes that later windows
own. An anchor belongs to the window that owns its first byte, and the bytes around it are there, so no read size and
no window size can hide a match or show it twice:

    stream       a b c d e f g h i j k l m n o p      behind 2, owned 4, ahead 3
    window 0     [a b c d]e f g
    window 1          c d[e f g h]i j k
    window 2                  g h[i j k l]m n o
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PATIENCE = 4
"""How many times its size a window may grow while nobody can take it."""


class Window(NamedTuple):
    """A buffer of a stream: `data[0]` is the stream's byte `offset`; `data[start:end]` is owned by this window."""

    offset: int
    data: bytes
    start: int
    end: int


class Windower:
    """Cuts chunks of any size into windows that own at least `size` bytes (the last one may own fewer).

    While `busy` says that nobody can take so many bytes yet, a window grows to a few times its size before it is given.
    """

    def __init__(self, behind: int, ahead: int, size: int, busy: Callable[[int], bool] | None = None) -> None:
        self._behind = behind
        self._ahead = ahead
        self._size = size
        self._busy = busy
        self._parts: list[bytes | memoryview] = []
        self._held = 0  # bytes in _parts
        self._owned = 0  # of these, how many at the front are owned by windows that went out
        self._full = size + ahead  # bytes to hold for the next window
        self._offset = 0  # stream offset of the first of them

    def feed(self, chunk: bytes | memoryview) -> Window | None:
        """Take the next bytes and return the window that they complete."""
        self._parts.append(chunk)
        self._held += len(chunk)
        return self._next() if self._held >= self._full else None

    def feed_all(self, chunks: Sequence[bytes]) -> Window | None:
        """Take several chunks of bytes at once."""
        self._parts += chunks
        self._held += sum(map(len, chunks))
        return self._next() if self._held >= self._full else None

    def _next(self) -> Window | None:
        if self._held < _PATIENCE * self._full and self._busy is not None and self._busy(self._held):
            return None
        return self._cut(self._held - self._ahead)

    def finish(self) -> Window | None:
        """Return the last window, which owns all that is left."""
        return self._cut(self._held) if self._held > self._owned else None

    def _cut(self, end: int) -> Window:
        data = b"".join(self._parts)
        window = Window(self._offset, data, self._owned, end)
        keep = max(0, end - self._behind)
        self._parts = [data[keep:]]
        self._held = len(data) - keep
        self._owned = end - keep
        self._full = self._owned + self._size + self._ahead
        self._offset += keep
        return window
