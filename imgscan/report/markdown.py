r"""The report for job summaries (`GITHUB_STEP_SUMMARY`) and comments on merge requests.

GitHub's and GitLab's Markdown: a table a target, a row a key. Everything that comes from an image stands in a code
span, where neither reads markup, links, users or issues; the few characters that could end the span or the table's
cell are written out, as `\x60` and `\x7c`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from imgscan.report.base import (
    escape_terminal,
    human_bytes,
    instruction,
    layer_number,
    layers_by_index,
    plural,
    shorten,
)
from imgscan.report.words import STATUS, Key, commit, ignorable, keys_of, life, origin, place, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.model import Diagnostic, Finding, RuleInfo, TargetReport
    from imgscan.report.base import ReportContext

LIMIT = 1024 * 1024
"""GitHub takes this many bytes of a step's summary; it drops a longer one as a whole."""

_RESERVE = 128 * 1024
"""Kept for what stands after the targets: the remedies and how much was left out."""

_MOST_PLACES = 10
_MOST_REASONS = 20
_LONGEST_NAME = 2048

_URL = re.compile(r"https://[A-Za-z0-9./_-]+")

_TABLE = ("| | Key | Where |", "| :-- | :-- | :-- |")

# Punctuation that is only ever itself within a line. All other is written as a character reference, which cannot be
# markup (CommonMark 0.31, section 2.5).
_MARKUP = re.compile(r"[^\w ,;.:'()/+=>\"?…-]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?! )|\.(?=\u2060)")

_LIST = re.compile(r"[^A-Za-z0-9]|[0-9]{1,9}[.)]")

# What makes a user, an issue, an emoji or a link of the word behind it. Those are looked for in the text that was
# rendered, so no quoting keeps them off: a WORD JOINER, which nobody sees, comes between.
_SIGIL = re.compile(r"([@#!$%&~^:.])(?=\S)")


class MarkdownReport:
    """Rows until the limit is reached, counted from there on; written at the end, with the verdict first."""

    def __init__(self, context: ReportContext) -> None:
        self._context = context
        self._blocks: list[str] = []
        self._room = LIMIT - _RESERVE
        self._targets = 0
        self._leaking = 0
        self._rules: set[str] = set()
        self._image = False
        self._unshown = 0
        self._unshown_targets = 0

    def start(self, out: BinaryIO) -> None:
        """Nothing: the report is written at the end."""

    def target(self, report: TargetReport, out: BinaryIO) -> None:  # noqa: ARG002 - the protocol's
        """Keep as much of the target as there is room for."""
        self._targets += 1
        new = [finding for finding in report.findings if finding.status == "new"]
        self._leaking += bool(new)
        self._rules |= {finding.rule_id for finding in new}
        self._image = self._image or report.kind == "image"
        if not self._fits(_heading(report)):
            self._unshown_targets += 1
            self._unshown += len(report.findings)
            return
        self._findings(report)
        self._fits("".join(_not_scanned(report)))
        self._fits(_hidden(report))

    def _findings(self, report: TargetReport) -> None:
        keys = keys_of(report.findings)
        table = "\n".join(_TABLE) + "\n"
        if keys and not self._fits(table):
            self._unshown += len(report.findings)
            return
        full = False
        for key in keys:
            # Once one is left out all after it are, or the list would have holes.
            full = full or not self._fits(_row(report, key))
            if full:
                self._unshown += len(key.findings)
        if keys:
            self._blocks.append("\n")

    def finish(self, out: BinaryIO) -> None:
        """Write the document, at most `LIMIT` bytes of it."""
        out.write("".join(self._document()).encode("utf-8"))

    def _document(self) -> Iterator[str]:
        if not self._targets:
            yield "## imgscan\n\nNo target was scanned.\n"
            return
        many = f": {self._leaking:,} of {self._targets:,} targets with new findings" if self._targets > 1 else ""
        yield f"## imgscan{many}\n\n"
        yield from self._blocks
        if self._unshown or self._unshown_targets:
            targets = f", {plural(self._unshown_targets, 'whole target')} among them" if self._unshown_targets else ""
            yield f"**{plural(self._unshown, 'finding')} left out{targets}: a summary holds 1 MiB.** "
            yield "The JSON report has all of them.\n\n"
        yield from self._remedies()

    def _remedies(self) -> Iterator[str]:
        concerned = [rule for rule in self._context.rules if rule.id in self._rules]
        room = _RESERVE - 4096
        rebuilds: dict[tuple[str, ...], list[str]] = {}
        for rule in concerned:
            block = _remedy(rule)
            room -= len(block.encode())
            if room > 0:
                yield block
            rebuilds.setdefault(rule.rebuild, []).append(rule.title)
        for rebuild, titles in rebuilds.items() if self._image else ():
            heading = "Rebuild the image" + (f": {', '.join(titles)}" if len(rebuilds) > 1 else "")
            block = _details(heading, rebuild)
            room -= len(block.encode())
            if room > 0:
                yield block

    def _fits(self, block: str) -> bool:
        size = len(block.encode())
        if size > self._room:
            return False
        self._room -= size
        self._blocks.append(block)
        return True


def code(text: str) -> str:
    """Show foreign text in a code span."""
    shown = shorten(escape_terminal(text), _LONGEST_NAME).replace("`", "\\x60").replace("|", "\\x7c")
    # A span of nothing is no span; a space at either end would be stripped.
    shown = shown if shown.strip() == shown else shown.replace(" ", "\\x20")
    return f"`{shown}`" if shown else "`''`"


def prose(text: str) -> str:
    """Show a sentence that may have foreign words in it, without any of it being read as markup."""
    return _quote(_SIGIL.sub("\\1\u2060", escape_terminal(text)))


def _quote(text: str) -> str:
    # At the start of a line more is markup than within it: `- `, `> `, `1. `.
    first = f"&#{ord(text[0])};" if _LIST.match(text) else text[:1]
    return first + _MARKUP.sub(lambda match: f"&#{ord(match.group())};", text[1:])


def _heading(report: TargetReport) -> str:
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


def _row(report: TargetReport, key: Key) -> str:
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
    shown = key.findings if len(key.findings) <= _MOST_PLACES + 1 else key.findings[:_MOST_PLACES]
    places = [_place(report, finding, leader) for finding in shown]
    if len(shown) < len(key.findings):
        places.append(f"and {len(key.findings) - len(shown):,} more places")
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
        layer = layers_by_index(report).get(location.layer)
        if layer is not None and layer.created_by:
            text += f": {code(shorten(instruction(layer.created_by), 100))}"
        lines.append(text)
    if (fate := life(report, finding)) is not None:
        lines.append(fate)
    if finding.status != leader.status and finding.status in STATUS:
        lines.append(STATUS[finding.status])
    return "<br>".join(lines)


def _not_scanned(report: TargetReport) -> Iterator[str]:
    """Write what was not scanned: each reason once, errors first, and the first of its places."""
    if not report.diagnostics:
        return
    reasons: dict[tuple[str, str, str], list[Diagnostic]] = {}
    for diagnostic in sorted(report.diagnostics, key=lambda one: one.severity != "error"):
        reasons.setdefault((diagnostic.severity, diagnostic.code, diagnostic.message), []).append(diagnostic)
    yield "Not scanned:\n\n"
    for affected in list(reasons.values())[:_MOST_REASONS]:
        yield f"- {_reason(report, affected)}\n"
    if len(reasons) > _MOST_REASONS:
        yield f"- and {len(reasons) - _MOST_REASONS:,} more reasons\n"
    yield "\n"


def _reason(report: TargetReport, affected: Sequence[Diagnostic]) -> str:
    first = affected[0]
    amount = sum(diagnostic.bytes or 0 for diagnostic in affected)
    size = f", {human_bytes(amount)}" if amount else ""
    label = "**error**" if first.severity == "error" else "skipped"
    text = f"{label}: {prose(shorten(first.message, _LONGEST_NAME))} ({code(first.code)}{size})"
    named = [where for diagnostic in affected if (where := _affected(report, diagnostic))]
    shown = named if len(named) <= _MOST_PLACES + 1 else named[:_MOST_PLACES]
    if len(shown) < len(named):
        shown = [*shown, f"and {len(named) - len(shown):,} more"]
    return f"{text}: {'; '.join(shown)}" if shown else text


def _affected(report: TargetReport, diagnostic: Diagnostic) -> str:
    layer = "" if diagnostic.layer is None else layer_number(report, diagnostic.layer)
    return ", ".join(part for part in (layer, "" if diagnostic.path is None else code(diagnostic.path)) if part)


def _hidden(report: TargetReport) -> str:
    hidden = report.hidden
    reasons = [
        (hidden.confidence, "below the confidence asked for"),
        (hidden.examples, "from Stripe's documentation"),
        (hidden.publishable, "publishable"),
        (hidden.ignored, "ignored"),
        (hidden.baseline, "accepted in the baseline"),
    ]
    present = [f"{count:,} {reason}" for count, reason in reasons if count > 0]
    return f"Not listed: {', '.join(present)}.\n\n" if present else ""


def _remedy(rule: RuleInfo) -> str:
    return _details(f"Rotate: {rule.title}", rule.rotate, rule.help_uri)


def _details(heading: str, steps: Sequence[str], link: str = "") -> str:
    """Fold a numbered list; the texts are the rules' own, so they are quoted but nothing is put into their words."""
    numbered = "".join(f"{number}. {_quote(escape_terminal(step))}\n" for number, step in enumerate(steps, 1))
    more = f"\nMore: <{link}>\n" if _URL.fullmatch(link) else ""
    return f"<details><summary>{_quote(escape_terminal(heading))}</summary>\n\n{numbered}{more}\n</details>\n\n"
