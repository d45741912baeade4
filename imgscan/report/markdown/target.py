"""One target: what was scanned, a table row per key, and what was not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.report.base import human_bytes, instruction, layer_number, layer_of, plural, shorten
from imgscan.report.grouped import first_of, not_listed, reasons_of
from imgscan.report.markdown.markup import LONGEST_NAME, code, prose
from imgscan.report.words import STATUS, commit, ignorable, life, origin, place, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.model import Diagnostic, Finding, TargetReport
    from imgscan.report.grouped import Key, Reason

_MOST_PLACES = 10
_MOST_REASONS = 20


def heading(report: TargetReport) -> str:
    """Write the verdict, the target's names, and how much of it was read."""
    about = [code(report.target)]
    if report.reference is not None and report.reference != report.target:
        about.append(code(report.reference))
    if report.platform:
        about.append(code(report.platform))
    if report.digest is not None:
        about.append(code(report.digest.short))
    new = any(finding.status == "new" for finding in report.findings)
    title = prose(verdict(report))
    title = f"**{title}**" if new or not report.whole else title
    return f"### {title}\n\n{' · '.join(about)}\n\n{_read(report)}\n\n"


def _read(report: TargetReport) -> str:
    stats = report.stats
    if report.kind == "image":
        amounts = [plural(stats.entries, "entry", "entries"), plural(stats.layers, "layer")]
    else:
        amounts = [plural(stats.entries, "file")]
    read = ", ".join([human_bytes(stats.bytes), *amounts])
    if not report.whole:
        return f"**Incomplete**: read {read}; what is missing is listed below."
    return f"Read {read}."


def row(report: TargetReport, key: Key) -> str:
    """Make a table row; a key with many places names the first of them."""
    leader = key.first
    secret = leader.secret
    about = [f"**{prose(leader.title)}**", code(secret.redacted)]
    if secret.account is not None:
        created = "" if secret.account_created is None else f", created {prose(secret.account_created[:10])}"
        about.append(f"account {code(secret.account)}{created}")
    confidence = f"confidence {leader.confidence.replace('-', ' ')}"
    about.append(f"{key.places}, {confidence}" if len(key.findings) > 1 else confidence)
    if leader.status in STATUS:
        about.append(STATUS[leader.status])
    shown, more = first_of(key.findings, _MOST_PLACES)
    places = [_place(report, finding, leader) for finding in shown]
    if more:
        places.append(f"and {more:,} more places")
    level = leader.level if leader.status == "new" else f"({leader.level})"
    return f"| {level} | {'<br>'.join(about)} | {'<br><br>'.join(places)} |\n"


def _place(report: TargetReport, finding: Finding, leader: Finding) -> str:
    location = finding.location
    lines = [code(place(finding)) + ("" if location.encoding == "plain" else f" as {code(location.encoding)}")]
    if (source := origin(finding)) is not None:
        lines.append(f"from {code(source)}")
    if (advice := ignorable(finding)) is not None:
        lines.append(advice)
    if (brought := commit(finding)) is not None:
        lines.append(code(brought))
    if location.layer is not None:
        text = layer_number(report, location.layer)
        layer = layer_of(report, location.layer)
        if layer is not None and layer.created_by:
            text += f": {code(shorten(instruction(layer.created_by), 100))}"
        lines.append(text)
    if (fate := life(report, finding)) is not None:
        lines.append(fate)
    if finding.status != leader.status and finding.status in STATUS:
        lines.append(STATUS[finding.status])
    return "<br>".join(lines)


def not_scanned(report: TargetReport) -> Iterator[str]:
    """Write what was not scanned: each reason once, errors first, and the first of its places."""
    if not report.diagnostics:
        return
    reasons = reasons_of(report.diagnostics)
    yield "Not scanned:\n\n"
    for reason in reasons[:_MOST_REASONS]:
        yield f"- {_reason(report, reason)}\n"
    if len(reasons) > _MOST_REASONS:
        yield f"- and {len(reasons) - _MOST_REASONS:,} more reasons\n"
    yield "\n"


def _reason(report: TargetReport, reason: Reason) -> str:
    size = f", {human_bytes(reason.bytes)}" if reason.bytes else ""
    label = "**error**" if reason.severity == "error" else "skipped"
    text = f"{label}: {prose(shorten(reason.message, LONGEST_NAME))} ({code(reason.code)}{size})"
    named = [where for diagnostic in reason.affected if (where := _affected(report, diagnostic))]
    shown, more = first_of(named, _MOST_PLACES)
    if more:
        shown = [*shown, f"and {more:,} more"]
    return f"{text}: {'; '.join(shown)}" if shown else text


def _affected(report: TargetReport, diagnostic: Diagnostic) -> str:
    layer = "" if diagnostic.layer is None else layer_number(report, diagnostic.layer)
    return ", ".join(part for part in (layer, "" if diagnostic.path is None else code(diagnostic.path)) if part)


def unlisted_line(report: TargetReport) -> str:
    """Say what is not listed; empty where all is."""
    sentence = not_listed(report.hidden)
    return f"{sentence}\n\n" if sentence else ""
