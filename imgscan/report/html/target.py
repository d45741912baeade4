"""One target's section: what was scanned, its layers, its keys, and what was not read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from imgscan.model import LEVELS
from imgscan.report.base import human_bytes, layer_number, plural
from imgscan.report.grouped import first_of, not_listed, reasons_of
from imgscan.report.html.findings import findings_section
from imgscan.report.html.markup import code, fate, text
from imgscan.report.html.stack import stack_section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from imgscan.model import Diagnostic, Level, RuleInfo, TargetReport
    from imgscan.report.grouped import Reason
    from imgscan.report.html.chosen import Chosen

_LIVES = (
    ("visible", "visible"),
    ("overwritten", "overwritten"),
    ("deleted", "deleted"),
    ("description", "in the description"),
)
_MOST_REASONS = 200
_MOST_PLACES = 10


class Summary(NamedTuple):
    """What the page's head says of a target."""

    number: int
    target: str
    reference: str | None
    platform: str | None
    digest: str | None
    verdict: str
    level: Level | None
    leaking: bool
    whole: bool
    facts: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, report: TargetReport, number: int, verdict: str) -> Self:
        """Count one target."""
        new = {finding.level for finding in report.findings if finding.status == "new"}
        return cls(
            number=number,
            target=report.target,
            reference=report.reference if report.reference != report.target else None,
            platform=report.platform,
            digest=None if report.digest is None else report.digest.short,
            verdict=verdict,
            level=min(new, key=LEVELS.index, default=None),
            leaking=bool(new),
            whole=report.whole,
            facts=tuple(_facts(report)),
        )

    def about(self) -> Iterator[str]:
        """Write what was scanned, and the facts in numbers."""
        names = (self.target, self.reference, self.platform, self.digest)
        shown = " ".join(code(name, shown_as_path=True) for name in names if name)
        yield f'<p class="about">{shown}</p>\n<dl class="facts">\n'
        for name, value, remark in self.facts:
            small = f"<small>{text(remark)}</small>" if remark else ""
            yield f"<div><dt>{text(name)}</dt><dd>{text(value)}{small}</dd></div>\n"
        yield "</dl>\n"

    def entry(self) -> str:
        """Write the target's line in the list of targets."""
        tone = self.level or ("clean" if self.whole else "unsure")
        name = code(self.target, shown_as_path=True)
        platform = f" <small>{text(self.platform)}</small>" if self.platform else ""
        words = f"<span>{text(self.verdict)}</span>"
        return f'<li class="{tone}"><a href="#t{self.number}">{name}</a>{platform}{words}</li>\n'


def _facts(report: TargetReport) -> Iterator[tuple[str, str, str]]:
    secrets, by_level = report.tally()
    levels = ", ".join(plural(count, level) for level, count in by_level.items() if count)
    yield "Keys", f"{secrets:,}", levels
    lives = Counter(fate(report, finding) for finding in report.findings)
    told = ", ".join(f"{lives[life]:,} {words}" for life, words in _LIVES if life in lives)
    yield "Places", f"{len(report.findings):,}", told
    stats = report.stats
    if report.kind == "image":
        yield (
            "Read",
            human_bytes(stats.bytes),
            f"{plural(stats.layers, 'layer')}, {plural(stats.entries, 'entry', 'entries')}",
        )
    else:
        yield "Read", human_bytes(stats.bytes), plural(stats.entries, "file")
    errors = sum(diagnostic.severity == "error" for diagnostic in report.diagnostics)
    skipped = len(report.diagnostics) - errors
    passed = f"{skipped:,} skipped" if skipped else ""
    failed = plural(errors, "error") if errors else ""
    yield "Complete", ("no" if errors else "yes"), ", ".join(remark for remark in (failed, passed) if remark)


def target_name(summary: Summary) -> str:
    """Write the head of a target's section, where the page has several of them."""
    return (
        f'<div class="name"><h2 id="t{summary.number}-name">{code(summary.target, shown_as_path=True)}</h2>\n'
        f'<p class="sentence">{text(summary.verdict)}</p>\n{"".join(summary.about())}</div>\n'
    )


def target_body(
    report: TargetReport, number: int, chosen: Chosen, rules: Mapping[str, tuple[int, RuleInfo]]
) -> Iterator[str]:
    """Write the layers, the keys and what was not read."""
    yield f'<div class="columns{"" if report.layers else " single"}">\n'
    yield from stack_section(report, number, chosen)
    yield from findings_section(report, number, chosen, rules)
    yield "</div>\n"
    yield from _not_scanned(report, number)


def _not_scanned(report: TargetReport, number: int) -> Iterator[str]:
    if report.diagnostics:
        yield f'<section class="missing" aria-labelledby="t{number}-missing">\n'
        yield f'<h3 id="t{number}-missing">Not scanned</h3>\n<ul>\n'
        reasons = reasons_of(report.diagnostics)
        for reason in reasons[:_MOST_REASONS]:
            yield _reason(report, reason)
        if len(reasons) > _MOST_REASONS:
            yield f"<li>and {len(reasons) - _MOST_REASONS:,} more reasons, which the JSON report lists</li>\n"
        yield "</ul>\n</section>\n"
    if sentence := not_listed(report.hidden):
        yield f'<p class="unlisted">{text(sentence)}</p>\n'


def _reason(report: TargetReport, reason: Reason) -> str:
    """Write one reason and the first of the places that it holds for."""
    about = text(reason.code) + (f", {human_bytes(reason.bytes)}" if reason.bytes else "")
    named = [where for diagnostic in reason.affected if (where := _affected(report, diagnostic))]
    shown, more = first_of(named, _MOST_PLACES)
    if more:
        shown = [*shown, f"and {more:,} more"]
    places = f"<ul>{''.join(f'<li>{where}</li>' for where in shown)}</ul>" if shown else ""
    label = f'<span class="label {reason.severity}">{reason.severity}</span>'
    return f"<li>{label} {text(reason.message or reason.code)} <small>({about})</small>{places}</li>\n"


def _affected(report: TargetReport, diagnostic: Diagnostic) -> str:
    layer = "" if diagnostic.layer is None else layer_number(report, diagnostic.layer)
    path = "" if diagnostic.path is None else code(diagnostic.path, shown_as_path=True)
    return " ".join(part for part in (layer, path) if part)
