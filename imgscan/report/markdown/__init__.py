r"""The report for job summaries (`GITHUB_STEP_SUMMARY`) and comments on merge requests.

GitHub's and GitLab's Markdown: a table per target, a row per key. Everything that comes from an image is in a code
span, where neither reads markup, links, users or issues; the few characters that could end the span or the table's
cell are written out, as `\x60` and `\x7c`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from imgscan.report.base import plural
from imgscan.report.grouped import keys_of, listing, rebuilds
from imgscan.report.markdown.markup import code, details
from imgscan.report.markdown.target import heading, not_scanned, row, unlisted_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.model import RuleInfo, TargetReport
    from imgscan.report.base import ReportContext

LIMIT = 1024 * 1024
"""GitHub takes this many bytes of a step's summary; it drops a longer one as a whole."""

_RESERVE = 128 * 1024
"""Kept for what follows the targets: the remedies and how much was left out."""

_TABLE = ("| | Key | Where |", "| :-- | :-- | :-- |")


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
        self._listing = ""

    def start(self, out: BinaryIO) -> None:
        """Nothing: the report is written at the end."""

    def target(self, report: TargetReport, out: BinaryIO) -> None:  # noqa: ARG002 - the protocol's
        """Keep as much of the target as there is room for."""
        self._targets += 1
        new = {finding.rule_id for finding in report.findings if finding.status == "new"}
        self._leaking += bool(new)
        self._rules |= new
        self._image = self._image or report.kind == "image"
        if not self._fits(heading(report)):
            self._unshown_targets += 1
            self._unshown += len(report.findings)
            self._listing = self._listing or listing(report)
            return
        self._findings(report)
        self._fits("".join(not_scanned(report)))
        self._fits(unlisted_line(report))

    def _findings(self, report: TargetReport) -> None:
        if not report.findings:
            return
        unshown = len(report.findings)
        if self._fits("\n".join(_TABLE) + "\n"):
            for key in keys_of(report.findings):
                if not self._fits(row(report, key)):
                    break  # once one is left out all after it are, or the list would have holes
                unshown -= len(key.findings)
            self._blocks.append("\n")
        if unshown:
            self._unshown += unshown
            self._listing = self._listing or listing(report)

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
            yield f"**{plural(self._unshown, 'finding')} left out{targets}: a summary is limited to 1 MiB.** "
            more = ", and so on for the other targets" if self._targets > 1 else ""
            yield f"The JSON report has all of them: {code(self._listing)}{more}.\n\n"
        yield from self._remedies()

    def _remedies(self) -> Iterator[str]:
        concerned = [rule for rule in self._context.rules if rule.id in self._rules]
        room = _RESERVE - 4096
        blocks = [_remedy(rule) for rule in concerned]
        blocks += [details(*rebuild) for rebuild in rebuilds(concerned)] if self._image else []
        for block in blocks:
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


def _remedy(rule: RuleInfo) -> str:
    return details(f"Rotate: {rule.title}", rule.rotate, rule.help_uri)
