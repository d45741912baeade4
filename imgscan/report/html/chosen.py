"""Which places a page lists: all of them, or the worst where there are too many to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.report.grouped import keys_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from imgscan.model import Finding, TargetReport
    from imgscan.report.grouped import Key


class Chosen(NamedTuple):
    """The keys to list, the worst first, each with how many of its places.

    `positions` are those of the places among the report's findings, which `findings` has in their order.
    """

    keys: tuple[tuple[Key, int], ...]
    findings: tuple[Finding, ...]
    positions: AbstractSet[int]

    def lists(self, position: int) -> bool:
        """Whether the page has this place."""
        return position in self.positions


def choose(report: TargetReport, room: int) -> Chosen:
    """Choose at most `room` places of a target."""
    keys: list[tuple[Key, int]] = []
    for key in keys_of(report.findings):
        if room <= 0:
            break
        count = min(len(key.findings), room)
        keys.append((key, count))
        room -= count
    positions = frozenset(position for key, count in keys for position in key.positions[:count])
    findings = tuple(report.findings[position] for position in sorted(positions))
    return Chosen(tuple(keys), findings, positions)
