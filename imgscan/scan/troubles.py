"""What was not read of a tree, in the order of its paths, and no more of it than anybody can want to read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from imgscan.model import Diagnostic
from imgscan.streams.inflate import StreamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgscan.model import Severity
    from imgscan.scan.hits import Concealer

MOST = 1000
"""Diagnostics of one code that are told one by one; a tree may hold a million sockets."""


class Trouble(NamedTuple):
    """Something that was not read. `path` is raw and relative, None for the tree as a whole."""

    severity: Severity
    code: str
    message: str
    path: bytes | None = None
    bytes: int | None = None


def unread(path: bytes, error: OSError | StreamError) -> Trouble:
    """Say that a file could not be read, or not to its end."""
    if isinstance(error, StreamError):
        return Trouble(error.severity, error.code, str(error), path)
    return Trouble("error", "unreadable-file", f"the file cannot be read: {error.strerror or error}", path)


class Troubles:
    """Collects troubles. Whoever adds those of one code adds them in the same order in every run."""

    def __init__(self) -> None:
        self._kept: list[Trouble] = []
        self._counts: Counter[tuple[Severity, str]] = Counter()

    def add(self, trouble: Trouble) -> None:
        """Note one."""
        self._counts[trouble.severity, trouble.code] += 1
        if self._counts[trouble.severity, trouble.code] <= MOST:
            self._kept.append(trouble)

    def extend(self, troubles: Iterable[Trouble]) -> None:
        """Note several."""
        for trouble in troubles:
            self.add(trouble)

    def merge(self, other: Troubles) -> None:
        """Note what another has noted."""
        self.extend(other._kept)
        for key, count in other._counts.items():
            self._counts[key] += max(0, count - MOST)

    def diagnostics(self, concealer: Concealer) -> Iterator[Diagnostic]:
        """Tell them, those of the whole first, and how many were left out of the list."""
        for each in sorted(self._kept, key=lambda trouble: (trouble.path or b"", trouble.code)):
            path = concealer.spell(each.path).path if each.path is not None else None
            yield Diagnostic(each.severity, each.code, each.message, path=path, bytes=each.bytes)
        for (severity, code), count in sorted(self._counts.items()):
            if count > MOST:
                yield Diagnostic(severity, code, f"{count - MOST} more of the kind {code} are not listed")
