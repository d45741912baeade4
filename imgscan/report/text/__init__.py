"""The report for people, in a terminal or a log.

It answers in this order: what leaked and where (by layer), what became of it, what to do, what was not looked at. The
last line says it all once more.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO

from imgscan.gate import printable
from imgscan.report.base import plural
from imgscan.report.text.findings import findings_section, quiet_line
from imgscan.report.text.notes import diagnostics_section, hidden_section, remedy_section
from imgscan.report.text.style import Style
from imgscan.report.text.totals import Totals, totals_line
from imgscan.report.words import verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgscan.model import TargetReport
    from imgscan.report.base import ReportContext


_LINES = 1000
"""Lines that are written at a time."""

_MANY = 100
"""Findings of a target above which what is worst, and how much there is, is said before the list as well."""


class TextReport:
    """A section for each target as it comes, each with its totals; over several targets, a last line for all."""

    def __init__(self, context: ReportContext) -> None:
        self._context = context
        self._style = Style(context.color, context.width)
        self._totals = Totals()

    def start(self, out: BinaryIO) -> None:
        """Nothing: the report begins with its first target."""

    def target(self, report: TargetReport, out: BinaryIO) -> None:
        """Write one target's section."""
        totals = Totals.of(report)
        lines = self._quiet(report) if self._context.quiet else self._section(report, totals)
        separated = self._totals.targets > 0 and not self._context.quiet
        self._totals += totals
        _write(out, chain([""] if separated else [], lines))
        if not self._context.quiet:
            _write(out, [totals_line(totals, self._style)])

    def finish(self, out: BinaryIO) -> None:
        """Write the totals, unless the only target's own are there already."""
        targets = self._totals.targets
        if targets == 1 and not self._context.quiet:
            return
        line = totals_line(self._totals, self._style) if targets else "No target was scanned."
        if targets > 1:
            line = f"{plural(targets, 'target')}: {line}"
        _write(out, [*([""] if targets and not self._context.quiet else []), line])

    def _quiet(self, report: TargetReport) -> Iterator[str]:
        for finding in report.findings:
            yield quiet_line(report, finding, self._style)

    def _section(self, report: TargetReport, totals: Totals) -> Iterator[str]:
        style, verbose = self._style, self._context.verbose
        yield from _heading(report, style, verbose)
        yield ""
        if len(report.findings) > _MANY:
            yield style.paint(f"{verdict(report)}.", "bold")
            yield totals_line(totals, style)
            yield ""
        yield from findings_section(report, style, verbose)
        yield from remedy_section(report, self._context.rules, style)
        yield from diagnostics_section(report, style, verbose)
        yield from hidden_section(report.hidden, style, verbose)


def _heading(report: TargetReport, style: Style, verbose: int) -> Iterator[str]:
    parts = [report.platform or "", "" if report.digest is None or verbose else report.digest.short]
    if report.reference is not None and report.reference != report.target:
        parts.insert(0, report.reference)
    about = "".join(f"  {printable(part)}" for part in parts if part)
    yield style.paint(printable(report.target), "bold") + style.paint(about, "dim")
    if verbose:
        digests = [("digest", report.digest), ("config", report.config_digest)]
        shown = [f"{name} {printable(str(digest))}" for name, digest in digests if digest is not None]
        yield from style.items(shown, 2, "dim")


def _write(out: BinaryIO, lines: Iterable[str]) -> None:
    """Write lines, some at a time: there may be a million findings."""
    remaining = iter(lines)
    while some := list(islice(remaining, _LINES)):
        out.write("".join(f"{line}\n" for line in some).encode("utf-8"))
