"""A stream that comes in drops, for every test of what must not depend on the size of reads."""

from __future__ import annotations

import io


class Trickle(io.BytesIO):
    """Bytes of which each read gives at most `size`."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, count: int | None = -1, /) -> bytes:
        """Return the next few bytes."""
        size = self._size if count is None or count < 0 else min(count, self._size)
        return super().read(size)
