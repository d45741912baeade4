"""What was not read of a tree, in the order of its paths, limited to what a person can use."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from imgscan.errors import INTERNAL, internal
from imgscan.model import Diagnostic
from imgscan.streams.readers import StreamError
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgscan.model import Severity
    from imgscan.scan.hits import Concealer

MOST = 1000
"""Entries of one code that are listed one by one; a tree may hold a million sockets."""


def unread_file(path: bytes, error: Exception) -> Unread:
    """Say that a file could not be read, or not to its end, be it by an error of the program."""
    if isinstance(error, OSError):
        return Unread("error", "unreadable-file", f"the file cannot be read: {error.strerror or error}", path)
    return unread_blob(path, error)


def unread_blob(name: bytes | None, error: Exception) -> Unread:
    """Say that a blob could not be read, or not to its end, be it by an error of the program."""
    if isinstance(error, StreamError):
        return error.unread(name)
    if isinstance(error, OSError):
        return Unread("error", "read-error", f"reading failed: {error.strerror or error}", name)
    return Unread("error", INTERNAL, internal(error), name)


def shown(unread: Unread, concealer: Concealer, layer: int | None = None) -> Diagnostic:
    """Make an unread entry fit to show: its path is redacted."""
    path = concealer.spell(unread.path).path if unread.path is not None else None
    return Diagnostic(unread.severity, unread.code, unread.message, layer, path, unread.bytes)


class Ledger:
    """Collects what was not read. Entries of one code must be added in the same order in every run."""

    def __init__(self) -> None:
        self._kept: list[Unread] = []
        self._counts: Counter[tuple[Severity, str]] = Counter()

    def add(self, unread: Unread) -> None:
        """Record one entry."""
        self._counts[unread.severity, unread.code] += 1
        if self._counts[unread.severity, unread.code] <= MOST:
            self._kept.append(unread)

    def extend(self, entries: Iterable[Unread]) -> None:
        """Record several entries."""
        for each in entries:
            self.add(each)

    def merge(self, other: Ledger) -> None:
        """Record the entries of another ledger."""
        self.extend(other._kept)
        for key, count in other._counts.items():
            self._counts[key] += max(0, count - MOST)

    def diagnostics(self, concealer: Concealer) -> Iterator[Diagnostic]:
        """Yield the entries by path, those about the whole first, and how many are not listed."""
        for each in sorted(self._kept, key=lambda unread: (unread.path or b"", unread.code)):
            yield shown(each, concealer)
        for (severity, code), count in sorted(self._counts.items()):
            if count > MOST:
                yield Diagnostic(severity, code, f"{count - MOST} more of the kind {code} are not listed")
