"""What a decoder passes over: bytes that a compressed stream stores as they are, and that are not part of its content.

Such as the name and comment of a gzip member, or the skippable frames of zstd and lz4. A decoder sets them aside for
whoever wants to search them. An ordinary stream has none, or none that could hold a key, and costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from imgscan.streams.readers import Chunk

LEAST: Final = 16
"""Bytes that are worth setting aside: no credential is shorter, in any encoding."""


class Take(Protocol):
    """Takes stored bytes in pieces."""

    def __call__(self, field: str, piece: Chunk, /, *, fresh: bool) -> None:
        """Take a piece: `field` is what it is; if it is not `fresh`, it continues the last one."""


class Aside:
    """Where a decoder puts such bytes: nowhere, until somebody sets `take`."""

    __slots__ = ("take",)

    def __init__(self, take: Take | None = None) -> None:
        self.take = take

    def whole(self, field: str, data: Chunk) -> None:
        """Set aside what is there as a whole."""
        if self.take is not None and len(data) >= LEAST:
            self.take(field, data, fresh=True)

    def piece(self, field: str, data: Chunk, *, fresh: bool) -> None:
        """Set aside a piece of something longer; nothing comes between its pieces."""
        if self.take is not None and data:
            self.take(field, data, fresh=fresh)
