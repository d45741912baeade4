"""How much the containers of one blob have cost so far, compared with the limits.

Bytes are counted as they come out of a container, at every depth, so a bomb is stopped one chunk after its limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.streams.inflate import MEMORY_HEAD
from imgscan.unread import Unread

if TYPE_CHECKING:
    from imgscan.containers.base import Format, Held
    from imgscan.scan.inside.intake import Counted
    from imgscan.scan.inside.node import Node, Top
    from imgscan.scan.limits import Limits

_MODEST = 16 << 20
"""Decoder memory, in bytes, that is not worth waiting for."""


class LimitReachedError(Exception):
    """A limit has been reached: nothing more of this container is read, for the reason in `unread`."""

    def __init__(self, code: str, message: str, path: bytes) -> None:
        super().__init__(message)
        self.unread = Unread("skipped", code, message, path)


class RatioError(LimitReachedError):
    """One member expands to too many times its size: nothing more of that member is read."""


class Allowance:
    """Counts what comes out of containers: `expanded` bytes in total, `spent` of them against the total limit."""

    def __init__(self, limits: Limits) -> None:
        self.expanded = 0
        self.spent = 0
        self._limits = limits

    def expand(self, top: Top, count: int) -> None:
        """Count bytes of a top file's content. LimitReachedError if there are too many."""
        self.expanded += count
        self.spent += count
        top.expanded += count
        if top.expanded > self._limits.entry:
            text = f"it expands to more than --max-entry-bytes ({self._limits.entry})"
            raise LimitReachedError("expansion-limit", text, top.name)
        if self.spent > self._limits.total:
            text = f"containers together expand to more than --max-bytes ({self._limits.total})"
            raise LimitReachedError("expansion-limit", text, top.name)

    def hold_to_ratio(self, node: Node, size: int, stored: StoredBytes) -> None:
        """Compare a member's size so far with its size in its container. RatioError if it is too large."""
        limits = self._limits
        if size > limits.ratio_from and size > limits.ratio * stored.count():
            text = f"it expands to more than {limits.ratio} times its size (--max-ratio), {size} bytes so far"
            raise RatioError("ratio-limit", text, node.name)


class StoredBytes:
    """How many bytes of its container a member takes, as far as it was read."""

    def __init__(self, extent: tuple[int, int] | None, counted: Counted | None) -> None:
        self._extent = extent
        self._counted = counted
        self._before = counted.count if counted is not None else 0

    def count(self) -> int:
        """Return at least one."""
        if self._counted is not None:
            return max(1, self._counted.count - self._before)
        if self._extent is None:
            return 1 << 62
        return max(1, self._extent[1] - self._extent[0])


def appetite(found: Format, source: Held | Counted) -> int:
    """Return how much memory a decoder will need if that is a lot, otherwise 0."""
    if found.memory is None:
        return 0
    head = source[:MEMORY_HEAD] if not hasattr(source, "peek") else source.peek(MEMORY_HEAD)
    need = found.memory(bytes(head))
    return need if need > _MODEST else 0
