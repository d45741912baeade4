"""The report as a page: one self-contained file, to attach to a build or send to the person who has to act.

The verdict comes first, then for each target its layers as a stack and its keys, then what to do. All of it is in the
page's own markup, so it can be read and printed without scripts; a script of its own adds the filter. Names from
images are text and nothing else: they are escaped here, and a content security policy lets no other script or style
run, nor anything be loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from imgscan.report.base import plural
from imgscan.report.html.chosen import choose
from imgscan.report.html.filters import Counts, filter_form
from imgscan.report.html.frame import document, nothing_scanned
from imgscan.report.html.remedies import remedies_section
from imgscan.report.html.target import Summary, target_body
from imgscan.report.words import verdict

if TYPE_CHECKING:
    from imgscan.model import TargetReport
    from imgscan.report.base import ReportContext


MOST_PLACES = 2000
"""How many places a page lists: browsers take longer and longer with more, and nobody reads them."""


class HtmlReport:
    """One page over all targets, written at the end: the worst places of each target, as long as there is room."""

    def __init__(self, context: ReportContext) -> None:
        self._context = context
        self._rules = {rule.id: (position, rule) for position, rule in enumerate(context.rules)}
        self._room = MOST_PLACES
        # Rendered at once: markup is smaller than the objects that it came from.
        self._sections: list[bytes] = []
        self._summaries: list[Summary] = []
        self._counts = Counts()
        self._concerned: set[str] = set()
        self._kinds: set[str] = set()

    def start(self, out: BinaryIO) -> None:
        """Nothing: the page is written at the end."""

    def target(self, report: TargetReport, out: BinaryIO) -> None:  # noqa: ARG002 - the protocol's
        """Keep the target's section."""
        number = len(self._sections) + 1
        self._summaries.append(Summary.of(report, number, verdict(report)))
        chosen = choose(report, self._room)
        self._room -= len(chosen.findings)
        self._counts.add(report, number, chosen)
        new = {finding.rule_id for finding in report.findings if finding.status == "new"}
        self._concerned |= new
        if new:
            self._kinds.add(report.kind)
        self._sections.append("".join(target_body(report, number, chosen, self._rules)).encode())

    def finish(self, out: BinaryIO) -> None:
        """Write the page."""
        if not self._sections:
            out.writelines(part.encode() for part in nothing_scanned(self._context.version))
            return
        concerned = [entry for rule_id, entry in self._rules.items() if rule_id in self._concerned]
        form = "".join(filter_form(self._counts, self._summaries))
        remedies = "".join(remedies_section(concerned, self._kinds))
        title = self._summaries[0].verdict if len(self._summaries) == 1 else self._over_all()
        out.writelines(document(title, self._summaries, (form, self._sections, remedies), self._context.version))

    def _over_all(self) -> str:
        leaking = sum(summary.leaking for summary in self._summaries)
        total = len(self._summaries)
        unread = sum(not summary.whole for summary in self._summaries)
        found = f"{leaking:,} of {plural(total, 'target')} hold secrets" if leaking else "No new Stripe secrets found"
        return f"{found}; {plural(unread, 'target')} could not be read completely" if unread else found
