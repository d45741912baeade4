"""What is near a credential and speaks for or against its issuer: words beside it, siblings in its file.

Both are cut off at fixed distances, so that the answer is the same wherever a window happens to begin.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgscan.detect.rule import Rule

LINE = 256
"""Characters of its own line before and after a credential that count as beside it."""

SIBLING = 65_536
"""Bytes within which another credential of the same file and issuer counts as a sibling."""

_ALLOW = re.compile(rb"(?<![\w-])(?:(?:imgscan|gitleaks):allow|pragma: ?allowlist[ -]secret)(?![\w-])")
"""What a comment on a credential's line says to suppress it: ours, gitleaks's and detect-secrets's words."""


def allowed(line: bytes) -> bool:
    """Whether a comment on a credential's line, in lower case, suppresses it."""
    return b"allow" in line and _ALLOW.search(line) is not None


def beside(data: bytes, start: int, end: int, low: int, high: int) -> bytes:
    """Return the credential's line in lower case, as far as it counts."""
    first = max(low, start - LINE)
    first = max(first, data.rfind(b"\n", first, start) + 1, data.rfind(b"\r", first, start) + 1)
    last = min(high, end + LINE)
    for newline in (b"\n", b"\r"):
        found = data.find(newline, end, last)
        last = last if found < 0 else found
    return data[first:last].lower()


class Siblings:
    """Where the credentials of a file, or of a part of it, are that vouch for others: sorted, by rule."""

    def __init__(self, found: Iterable[tuple[Rule, int]]) -> None:
        """Take rules and positions, in any order."""
        self._found: dict[str, tuple[Rule, array[int]]] = {}
        for rule, position in sorted(found, key=itemgetter(1)):
            self._found.setdefault(rule.id, (rule, array("q")))[1].append(position)

    def near(self, rule: Rule, start: int) -> bool:
        """Whether a credential of another rule of the same issuer is within reach of `start`."""
        for other, positions in self._found.values():
            if other.id == rule.id or other.issuer != rule.issuer:
                continue
            index = bisect_left(positions, start - SIBLING)
            if index < len(positions) and positions[index] <= start + SIBLING:
                return True
        return False
