"""What is below the findings: what to do, what was not scanned, what is not listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.gate import printable
from imgscan.report.base import human_bytes, layer_number, plural
from imgscan.report.grouped import first_of, not_listed, reasons_of, rebuilds, unlisted
from imgscan.report.text.findings import INDENT, LABEL
from imgscan.report.text.style import LEVEL_STYLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.model import Diagnostic, Hidden, RuleInfo, TargetReport
    from imgscan.report.text.style import Style

_MOST_PLACES = 10  # a directory of encrypted archives must not bury the rest

_STEP = 7
"""Column of a step's text; its number hangs before it."""

CLEAN_UP = (
    "Take the secret out of the files above, and read it at run time from the environment or a secret store.",
    "If they were ever committed or shared, the old versions still contain it: only rotating ends the leak.",
)


def remedy_section(report: TargetReport, rules: Sequence[RuleInfo], style: Style) -> Iterator[str]:
    """Write what to do, once for each rule that found something; equal instructions for rebuilding once in all."""
    found = {finding.rule_id for finding in report.findings if finding.status == "new"}
    concerned = [rule for rule in rules if rule.id in found]
    if not concerned:
        return
    yield style.paint("What to do", "bold")
    yield ""
    for rule in concerned:
        yield from _steps(f"Rotate: {rule.title}", rule.rotate, style)
        yield f"{' ' * _STEP}{style.paint(f'More: {printable(rule.help_uri)}', 'dim')}"
        yield ""
    if report.kind != "image":
        yield from _steps("Clean up", CLEAN_UP, style)
        yield ""
        return
    for heading, steps in rebuilds(concerned):
        yield from _steps(heading, steps, style)
        yield ""


def _steps(heading: str, steps: Sequence[str], style: Style) -> Iterator[str]:
    yield f"  {style.paint(printable(heading), 'bold')}"
    for number, step in enumerate(steps, 1):
        yield from style.prose(printable(step), _STEP, f"{number}. ")


def diagnostics_section(report: TargetReport, style: Style, verbose: int) -> Iterator[str]:
    """Write what was not scanned: each reason once, errors first, and where; ten places of a reason unless verbose."""
    if not report.diagnostics:
        return
    yield style.paint("Not scanned", "bold")
    yield ""
    for reason in reasons_of(report.diagnostics):
        size = f", {human_bytes(reason.bytes)}" if reason.bytes else ""
        label = style.paint(reason.severity, "bold", LEVEL_STYLES[reason.severity])
        lead = f"{' ' * LABEL}{label}{' ' * (INDENT - LABEL - len(reason.severity))}"
        why = f"{printable(reason.message)} ({printable(reason.code)}{size})"
        first, *others = style.prose(why, INDENT)
        yield lead + first[INDENT:]
        yield from others
        named = [where for diagnostic in reason.affected if (where := _where(report, diagnostic))]
        shown, more = (named, 0) if verbose else first_of(named, _MOST_PLACES)
        yield from (" " * INDENT + style.paint(where, "cyan") for where in shown)
        if more:
            yield f"{' ' * INDENT}and {more:,} more; -v lists them"
    yield ""


def _where(report: TargetReport, diagnostic: Diagnostic) -> str:
    layer = "" if diagnostic.layer is None else layer_number(report, diagnostic.layer)
    path = "" if diagnostic.path is None else printable(diagnostic.path)
    return "  ".join(part for part in (layer, path) if part)


def hidden_section(hidden: Hidden, style: Style, verbose: int) -> Iterator[str]:
    """Say what was left out of the list, and how to see it."""
    present = unlisted(hidden)
    if not present:
        return
    if verbose:
        yield style.paint("Not listed", "bold")
        yield ""
        for count, reason, option in present:
            yield f"{plural(count, 'finding'):>{INDENT + 4}}  {reason}: {option}"
    else:
        options = [option for _, _, option in present]
        if hidden.examples > 0 and hidden.publishable > 0:
            options[options.index("--include examples")] = "--include examples,publishable"
            options.remove("--include publishable")
        yield from style.prose(not_listed(hidden), 0, "", "dim")
        options[0] = f"To see them: {options[0]}"
        yield from style.items(options, 0, "dim")
    yield ""
