"""What stands below the findings: what to do, what was not scanned, what is not listed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from imgscan.report.base import escape_terminal, human_bytes, layer_number, plural
from imgscan.report.text.findings import INDENT, LABEL
from imgscan.report.text.style import LEVEL_STYLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.model import Diagnostic, Hidden, RuleInfo, Severity, TargetReport
    from imgscan.report.text.style import Style

_MOST_PLACES = 10  # a directory of encrypted archives must not bury the rest

_STEP = 7
"""Column of a step's text; its number hangs before it."""

CLEAN_UP = (
    "Take the secret out of the files above, and read it at run time from the environment or a secret store.",
    "If they were ever committed or shared, the old versions still hold it: rotating is what ends the leak.",
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
        yield f"{' ' * _STEP}{style.paint(f'More: {escape_terminal(rule.help_uri)}', 'dim')}"
        yield ""
    if report.kind != "image":
        yield from _steps("Clean up", CLEAN_UP, style)
        yield ""
        return
    rebuilds: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for rule in concerned:
        rebuilds[rule.rebuild].append(rule.title)
    for rebuild, titles in rebuilds.items():
        heading = "Rebuild the image"
        if len(rebuilds) > 1:
            heading += f": {', '.join(titles)}"
        yield from _steps(heading, rebuild, style)
        yield ""


def _steps(heading: str, steps: Sequence[str], style: Style) -> Iterator[str]:
    yield f"  {style.paint(escape_terminal(heading), 'bold')}"
    for number, step in enumerate(steps, 1):
        yield from style.prose(escape_terminal(step), _STEP, f"{number}. ")


def diagnostics_section(report: TargetReport, style: Style, verbose: int) -> Iterator[str]:
    """Write what was not scanned: each reason once, errors first, and where; ten places of a reason unless verbose."""
    if not report.diagnostics:
        return
    yield style.paint("Not scanned", "bold")
    yield ""
    reasons: dict[tuple[Severity, str, str], list[Diagnostic]] = defaultdict(list)
    for diagnostic in sorted(report.diagnostics, key=lambda one: one.severity != "error"):
        reasons[diagnostic.severity, diagnostic.code, diagnostic.message].append(diagnostic)
    for (severity, code, message), affected in reasons.items():
        amount = sum(diagnostic.bytes or 0 for diagnostic in affected)
        size = f", {human_bytes(amount)}" if amount else ""
        label = style.paint(severity, "bold", LEVEL_STYLES[severity])
        lead = f"{' ' * LABEL}{label}{' ' * (INDENT - LABEL - len(severity))}"
        reason = list(style.prose(f"{escape_terminal(message)} ({escape_terminal(code)}{size})", INDENT))
        yield lead + reason[0][INDENT:]
        yield from reason[1:]
        named = [where for diagnostic in affected if (where := _where(report, diagnostic))]
        shown = named if verbose or len(named) <= _MOST_PLACES + 1 else named[:_MOST_PLACES]
        yield from (" " * INDENT + style.paint(where, "cyan") for where in shown)
        if len(shown) < len(named):
            yield f"{' ' * INDENT}and {len(named) - len(shown):,} more; -v lists them"
    yield ""


def _where(report: TargetReport, diagnostic: Diagnostic) -> str:
    layer = "" if diagnostic.layer is None else layer_number(report, diagnostic.layer)
    path = "" if diagnostic.path is None else escape_terminal(diagnostic.path)
    return "  ".join(part for part in (layer, path) if part)


def hidden_section(hidden: Hidden, style: Style, verbose: int) -> Iterator[str]:
    """Say what was left out of the list, and how to see it."""
    reasons = [
        (hidden.confidence, "below the confidence asked for", "--min-confidence low"),
        (hidden.examples, "from Stripe's documentation", "--include examples"),
        (hidden.publishable, "publishable", "--include publishable"),
        (hidden.ignored, "ignored", "--no-ignore"),
        (hidden.baseline, "accepted in the baseline", "imgscan baseline list"),
    ]
    present = [reason for reason in reasons if reason[0] > 0]
    if not present:
        return
    if verbose:
        yield style.paint("Not listed", "bold")
        yield ""
        for count, reason, option in present:
            yield f"{plural(count, 'finding'):>{INDENT + 4}}  {reason}: {option}"
    else:
        counted = ", ".join(f"{count:,} {reason}" for count, reason, _ in present)
        options = [option for _, _, option in present]
        if hidden.examples > 0 and hidden.publishable > 0:
            options[options.index("--include examples")] = "--include examples,publishable"
            options.remove("--include publishable")
        yield from style.prose(f"Not listed: {counted}.", 0, "", "dim")
        options[0] = f"To see them: {options[0]}"
        yield from style.items(options, 0, "dim")
    yield ""
