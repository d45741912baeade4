"""Observers of a scan's progress."""

from __future__ import annotations


class Progress:
    """An observer that does nothing; subclass it to show something. Called from any thread."""

    def begin(self, target: str, total: int | None, layers: int | None) -> None:
        """Begin a target of `total` stored bytes in `layers` layers, None if that is not known beforehand."""

    def advance(self, count: int) -> None:
        """Count stored bytes that were read."""

    def layer(self, found: int) -> None:
        """Count a layer that was read, and the credentials in it."""
