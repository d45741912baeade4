"""Who wants to know how far a scan is."""

from __future__ import annotations


class Progress:
    """An observer that does nothing; subclass it to show something. Called from any thread."""

    def begin(self, target: str, total: int | None) -> None:
        """Begin a target of `total` stored bytes, None if their number is not known beforehand."""

    def advance(self, count: int) -> None:
        """Count stored bytes that were read."""

    def found(self, count: int) -> None:
        """Count credentials that were found."""
