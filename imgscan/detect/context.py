"""What stands near a credential and speaks for or against Stripe: words beside it, siblings in its file.

Both are cut off at fixed distances, so that the answer is the same wherever a window happens to begin.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LINE = 256
"""Characters of its own line before and after a credential that count as beside it."""

SIBLING = 65_536
"""Bytes within which another Stripe credential of the same file counts as a sibling."""

STRIPE = re.compile(rb"stripe(?!d)")

ALLOW = re.compile(rb"(?<![\w-])(?:(?:imgscan|gitleaks):allow|pragma: ?allowlist[ -]secret)(?![\w-])")
"""What a comment on a credential's line says to let it through: ours, gitleaks's and detect-secrets's words."""


def beside(data: bytes, start: int, end: int, low: int, high: int) -> bytes:
    """Give the credential's line in lower case, as far as it counts."""
    first = max(low, start - LINE)
    first = max(first, data.rfind(b"\n", first, start) + 1, data.rfind(b"\r", first, start) + 1)
    last = min(high, end + LINE)
    for newline in (b"\n", b"\r"):
        found = data.find(newline, end, last)
        last = last if found < 0 else found
    return data[first:last].lower()


class Siblings:
    """Where the credentials of one file stand that tell of Stripe to others, sorted, by rule."""

    def __init__(self, found: Iterable[tuple[str, int]]) -> None:
        """Take rule ids and positions, in any order."""
        self._positions: dict[str, list[int]] = {}
        for rule, position in sorted(found):
            self._positions.setdefault(rule, []).append(position)

    def near(self, rule: str, start: int) -> bool:
        """Whether a credential of another rule stands within reach of `start`."""
        for other, positions in self._positions.items():
            index = bisect_left(positions, start - SIBLING)
            if other != rule and index < len(positions) and positions[index] <= start + SIBLING:
                return True
        return False
