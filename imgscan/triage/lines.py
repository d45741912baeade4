"""On which lines of a file the credentials are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

Find = Callable[[bytes], Iterable[tuple[str, int]]]
"""Finds the credentials in bytes: the hex SHA-256 of each, and its offset."""

_HEAD = 8192
"""Bytes that tell a binary, as in `imgscan.scan.position`."""


def lines_of(data: bytes, found: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    """Return the lines on which each credential is."""
    places: dict[str, list[int]] = {}
    newline, unit = _newline(data[:_HEAD])
    line, at = 1, 0
    for offset, sha256 in sorted((offset, sha256) for sha256, offset in found):
        line, at = line + _count(data, newline, unit, at, offset), offset
        known = places.setdefault(sha256, [])
        if line not in known[-1:]:
            known.append(line)
    return {sha256: tuple(lines) for sha256, lines in places.items()}


def _newline(head: bytes) -> tuple[bytes, int]:
    """Tell how a file ends its lines, and the width of its characters; nothing in a binary."""
    zeros = head.count(0)
    if not zeros:
        return b"\n", 1
    if head.startswith(b"\xff\xfe") or 0 not in head[::2]:
        return b"\n\0", 2
    if head.startswith(b"\xfe\xff") or 0 not in head[1::2]:
        return b"\0\n", 2
    return b"", 1


def _count(data: bytes, newline: bytes, unit: int, start: int, end: int) -> int:
    if unit == 1 or not newline:
        return data.count(newline, start, end) if newline else 0
    return sum(1 for match in re.finditer(newline, data[start & ~1 : end & ~1]) if match.start() % 2 == 0)
