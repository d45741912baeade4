"""What several formats share: keys, what was not scanned, what is not listed, and how to rebuild."""

from __future__ import annotations

import heapq
import shlex
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from imgscan.gate import printable
from imgscan.model import CONFIDENCES, LEVELS
from imgscan.report.base import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgscan.model import Diagnostic, Finding, Hidden, RuleInfo, Severity, TargetReport

_Item = TypeVar("_Item")


class Key(NamedTuple):
    """All findings of one credential under one rule, in report order; never empty."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding that represents the key: a new one if there is one, then the most severe, then the first."""
        return min(self.findings, key=_rank)

    @property
    def places(self) -> str:
        """Say how many places there are, and in how many layers if in more than one."""
        layers = len({finding.location.layer for finding in self.findings})
        return plural(len(self.findings), "place") + (f", {plural(layers, 'layer')}" if layers > 1 else "")


def keys_of(findings: Iterable[Finding]) -> Iterator[Key]:
    """Gather findings by credential and rule, and yield one key at a time: there may be a million.

    New keys come before accepted ones, severe before mild; those of one rule are together, the most certain first, the
    rules and all else in report order.
    """
    groups: list[Finding | list[Finding]] = []  # in report order; few keys are at more places than one
    known: dict[str, dict[str, int]] = {}  # a rule, a credential: which group that is
    for finding in findings:
        of_rule = known.setdefault(finding.rule_id, {})
        number = of_rule.setdefault(finding.secret.sha256, len(groups))
        if number == len(groups):
            groups.append(finding)
        elif isinstance(group := groups[number], list):
            group.append(finding)
        else:
            groups[number] = [group, finding]
    rules = {rule_id: number for number, rule_id in enumerate(known)}

    def rank(number: int) -> tuple[bool, int, int, int]:
        first = _key(groups[number]).first
        old, level, confidence = _rank(first)
        return old, level, rules[first.rule_id], confidence

    for number in sorted(range(len(groups)), key=_ordinal(rank)):
        yield _key(groups[number])


def _key(group: Finding | list[Finding]) -> Key:
    return Key(tuple(group) if isinstance(group, list) else (group,))


def _ordinal(rank: Callable[[int], tuple[bool, int, int, int]]) -> Callable[[int], int]:
    """Make one number of a rank, which sorts like it and takes less room than a tuple."""

    def number(item: int) -> int:
        old, level, rule, confidence = rank(item)
        return ((old * len(LEVELS) + level << 32) + rule) * len(CONFIDENCES) + confidence

    return number


def _rank(finding: Finding) -> tuple[bool, int, int]:
    return finding.status != "new", LEVELS.index(finding.level), CONFIDENCES.index(finding.confidence)


def worst(findings: Sequence[Finding], most: int, rules: Iterable[RuleInfo]) -> Sequence[Finding]:
    """Choose at most so many findings, in the given order: new ones, the most severe, the surest, the first."""
    if len(findings) <= most:
        return findings
    scores = {rule.id: rule.score for rule in rules}

    def rank(position: int) -> tuple[bool, int, float, int]:
        finding = findings[position]
        old, level, confidence = _rank(finding)
        return old, level, -scores.get(finding.rule_id, 0.0), confidence

    return [findings[position] for position in sorted(heapq.nsmallest(most, range(len(findings)), key=rank))]


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
