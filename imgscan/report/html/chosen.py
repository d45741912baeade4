"""Which places a page lists: all of them, or the worst where there are too many to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.report.grouped import keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgscan.model import Finding, TargetReport
    from imgscan.report.grouped import Key


class Chosen(NamedTuple):
    """The keys to list, the worst first, each with how many of its places; `positions` are those of the places.

    A position is the place's number among the report's findings, by the identity of the finding.
    """

    keys: tuple[tuple[Key, int], ...]
    findings: tuple[Finding, ...]
    positions: Mapping[int, int]

    def lists(self, finding: Finding) -> bool:
        """Whether the page has this place."""
        return id(finding) in self.positions


def choose(report: TargetReport, room: int) -> Chosen:
    """Choose at most `room` places of a target."""
    keys: list[tuple[Key, int]] = []
    for key in keys_of(report.findings):
        if room <= 0:
            break
        count = min(len(key.findings), room)
        keys.append((key, count))
        room -= count
    listed = {id(finding) for key, count in keys for finding in key.findings[:count]}
    positions = {id(one): position for position, one in enumerate(report.findings) if id(one) in listed}
    findings = tuple(report.findings[position] for position in positions.values())
    return Chosen(tuple(keys), findings, positions)
