"""What several formats list alike: keys, what was not scanned, what is not listed, and how to rebuild."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from imgscan.model import CONFIDENCES, LEVELS
from imgscan.report.base import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgscan.model import Diagnostic, Finding, Hidden, RuleInfo, Severity

_Item = TypeVar("_Item")


class Key(NamedTuple):
    """All findings of one credential under one rule, in report order; never empty."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding that stands for the key: a new one if there is one, then the most severe, then the first."""
        return min(self.findings, key=_rank)

    @property
    def places(self) -> str:
        """Say how many places there are, and in how many layers if in more than one."""
        layers = len({finding.location.layer for finding in self.findings})
        return plural(len(self.findings), "place") + (f", {plural(layers, 'layer')}" if layers > 1 else "")


def keys_of(findings: Iterable[Finding]) -> list[Key]:
    """Gather findings by credential and rule.

    New keys come before accepted ones, severe before mild; those of one rule are together, the surest first, the
    rules and all else in report order.
    """
    groups: dict[tuple[str, str], list[Finding]] = {}
    rules: dict[str, int] = {}
    for finding in findings:
        groups.setdefault((finding.secret.sha256, finding.rule_id), []).append(finding)
        rules.setdefault(finding.rule_id, len(rules))

    def rank(key: Key) -> tuple[bool, int, int, int]:
        known, level, confidence = _rank(key.first)
        return known, level, rules[key.first.rule_id], confidence

    return sorted((Key(tuple(group)) for group in groups.values()), key=rank)


def _rank(finding: Finding) -> tuple[bool, int, int]:
    return finding.status != "new", LEVELS.index(finding.level), CONFIDENCES.index(finding.confidence)


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
    """Say how many findings are not listed and why; empty where all are."""
    reasons = ", ".join(f"{one.number:,} {one.reason}" for one in unlisted(hidden))
    return f"Not listed: {reasons}." if reasons else ""


def rebuilds(rules: Iterable[RuleInfo]) -> list[tuple[str, tuple[str, ...]]]:
    """Give the ways to rebuild an image, equal ones once: a heading, which names the rules if there are several."""
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
