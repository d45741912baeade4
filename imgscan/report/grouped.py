"""What several formats share: keys, what was not scanned, what is not listed, and how to rebuild."""

from __future__ import annotations

import shlex
from array import array
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from imgscan.gate import printable
from imgscan.model import CONFIDENCES, LEVELS
from imgscan.packed import Alike, Picked
from imgscan.report.base import plural

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from imgscan.model import Diagnostic, Finding, Hidden, RuleInfo, Severity, Status, TargetReport

_Item = TypeVar("_Item")


class Key(NamedTuple):
    """All findings of one credential under one rule, in report order; never empty.

    `positions` are those of the findings in the report, `first` the one that represents the key: a new one if there is
    one, then the most severe, then the first. `layers` is how many layers they are in.
    """

    findings: Sequence[Finding]
    positions: Sequence[int]
    first: Finding
    layers: int

    @property
    def places(self) -> str:
        """Say how many places there are, and in how many layers if in more than one."""
        layers = f", {plural(self.layers, 'layer')}" if self.layers > 1 else ""
        return plural(len(self.findings), "place") + layers


def keys_of(findings: Sequence[Finding]) -> Iterator[Key]:
    """Gather findings by credential and rule, and yield one key at a time: there may be a million.

    New keys come before accepted ones, severe before mild; those of one rule are together, the most certain first, the
    rules and all else in report order.
    """
    rules: dict[str, int] = {}
    ranks, layers = array("q"), array("q")

    def marks() -> Iterator[int]:
        for finding in findings:
            rule = rules.setdefault(finding.rule_id, len(rules))
            old, level, confidence = _rank(finding)
            ranks.append(((old * len(LEVELS) + level << 32) + rule) * len(CONFIDENCES) + confidence)
            layers.append(-1 if finding.location.layer is None else finding.location.layer)
            yield hash((finding.rule_id, finding.secret.sha256))

    alike = Alike(marks())
    leading = alike.first[:]  # of each key, at its first position
    for position, first in enumerate(alike.first):
        if ranks[position] < ranks[leading[first]]:
            leading[first] = position
    ranked: dict[int, array[int]] = {}
    for first in alike.leaders():
        ranked.setdefault(ranks[leading[first]], array("q")).append(first)
    for rank in sorted(ranked):
        for first in ranked[rank]:
            positions = alike.of(first)
            places = {layers[position] for position in positions}
            yield Key(Picked(findings, positions), positions, findings[leading[first]], len(places))


def _rank(finding: Finding) -> tuple[bool, int, int]:
    return finding.status != "new", LEVELS.index(finding.level), CONFIDENCES.index(finding.confidence)


def worst(
    findings: Sequence[Finding], wanted: Collection[Status], most: int, rules: Iterable[RuleInfo]
) -> tuple[Sequence[Finding], int]:
    """Choose at most so many findings, in their order, and count the others that have one of these statuses.

    New ones are chosen first, then the most severe, the surest, the first.
    """
    scores = {rule.id: rule.score for rule in rules}
    ranked: dict[tuple[bool, int, float, int], array[int]] = {}
    for position, finding in enumerate(findings):
        if finding.status in wanted:
            old, level, confidence = _rank(finding)
            rank = old, level, -scores.get(finding.rule_id, 0.0), confidence
            ranked.setdefault(rank, array("q")).append(position)
    kept = array("q")
    for rank in sorted(ranked):
        kept += ranked[rank][: most - len(kept)]
    return Picked(findings, array("q", sorted(kept))), sum(map(len, ranked.values())) - len(kept)


class Reason(NamedTuple):
    """Why something was not scanned, and all that this holds for; never empty."""

    severity: Severity
    code: str
    message: str
    affected: tuple[Diagnostic, ...]

    @property
    def bytes(self) -> int:
        """How many bytes were not read, as far as that is known."""
        return sum(diagnostic.bytes or 0 for diagnostic in self.affected)


def reasons_of(diagnostics: Iterable[Diagnostic]) -> list[Reason]:
    """Gather what was not scanned by the reason: errors first, all else in report order."""
    groups: dict[tuple[Severity, str, str], list[Diagnostic]] = {}
    for diagnostic in sorted(diagnostics, key=lambda one: one.severity != "error"):
        groups.setdefault((diagnostic.severity, diagnostic.code, diagnostic.message), []).append(diagnostic)
    return [Reason(*why, tuple(affected)) for why, affected in groups.items()]


class Unlisted(NamedTuple):
    """How many findings are not listed, why, and the option or command that lists them."""

    number: int
    reason: str
    option: str


def unlisted(hidden: Hidden) -> list[Unlisted]:
    """Return the reasons for which findings are not listed, those that hold for none left out."""
    every = (
        Unlisted(hidden.confidence, "below the chosen confidence", "--min-confidence low"),
        Unlisted(hidden.examples, "from Stripe's documentation", "--include examples"),
        Unlisted(hidden.publishable, "publishable", "--include publishable"),
        Unlisted(hidden.ignored, "ignored", "--no-ignore"),
        Unlisted(hidden.baseline, "accepted in the baseline", "imgscan baseline list"),
    )
    return [one for one in every if one.number > 0]


def not_listed(hidden: Hidden) -> str:
    """Say how many findings are not listed and why; empty if all are listed."""
    reasons = ", ".join(f"{one.number:,} {one.reason}" for one in unlisted(hidden))
    return f"Not listed: {reasons}." if reasons else ""


def rebuilds(rules: Iterable[RuleInfo]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the ways to rebuild an image, each once: a heading, which names the rules if there are several."""
    titles: dict[tuple[str, ...], list[str]] = {}
    for rule in rules:
        titles.setdefault(rule.rebuild, []).append(rule.title)
    several = len(titles) > 1
    return [
        ("Rebuild the image" + (f": {', '.join(names)}" if several else ""), steps) for steps, names in titles.items()
    ]


def first_of(items: Sequence[_Item], most: int) -> tuple[Sequence[_Item], int]:
    """Keep the first `most` and count the others; all of them where the count would take the place of only one."""
    return (items, 0) if len(items) <= most + 1 else (items[:most], len(items) - most)


def listing(report: TargetReport) -> str:
    """Return the command that lists all findings of a target."""
    if report.kind == "git":  # what was asked for cannot be told from the target's name
        return "imgscan git … -f json -o report.json"
    command = "image" if report.kind == "image" else "fs"
    return f"imgscan {command} {shlex.quote(printable(report.target))} -f json -o report.json"
