"""Annotations for GitHub: findings beside the lines of a pull request, by workflow commands.

The runner reads commands such as `::error file=F,line=N,title=T::TEXT` from both streams of a step, so they go to
standard error, which never carries a report that a script may want to read. Their grammar and escaping are documented
under "Workflow commands for GitHub Actions"; the escaping is that of the toolkit (`@actions/core`, command.ts).
"""

from __future__ import annotations

import heapq
from array import array
from typing import TYPE_CHECKING

from imgscan.gate import printable
from imgscan.model import CONFIDENCES, LEVELS
from imgscan.packed import Alike, Picked
from imgscan.report.base import layer_number, plural, shorten
from imgscan.report.sarif.names import plain_path
from imgscan.report.words import commit, life, origin, origin_file, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.model import Finding, Level, TargetReport

MOST = 10
"""How many annotations of one kind GitHub shows for a step; the others are dropped silently."""

_COMMANDS: dict[Level, str] = {"error": "error", "warning": "warning", "note": "notice"}
_LONGEST_NAME = 1024
_LONGEST_TEXT = 4096  # the runner cuts there (`Constants.Runner.MaxIssueMessageLength` in actions/runner)

_Mark = tuple[str, int | None]
"""A file and a line: what an annotation of a credential is made for."""


class Annotations:
    """The new findings of a run, limited to what GitHub shows: the most certain of each level, in report order.

    The places of one credential at one line of one file (a `COPY` that brings a folder, say) share an annotation.
    What is kept is bounded by `MOST`, whatever the number of findings; what is counted is not.
    """

    def __init__(self) -> None:
        self._best: dict[Level, list[tuple[int, int, str]]] = {level: [] for level in LEVELS}
        self._findings = 0
        self._told = dict.fromkeys(LEVELS, 0)
        self._number = 0

    def add(self, report: TargetReport) -> None:
        """Take one target's findings."""
        for positions in _by_key(report):
            marks = (hash(_file(report, finding)) for finding in Picked(report.findings, positions))
            shared = Alike(marks)
            for first in shared.leaders():
                marked = array("q", (positions[place] for place in shared.of(first)))
                self._mark(report, _file(report, report.findings[marked[0]]), marked)
        self._number += len(report.findings)

    def _mark(self, report: TargetReport, mark: _Mark, positions: array[int]) -> None:
        findings = Picked(report.findings, positions)
        leader = min(findings, key=lambda finding: LEVELS.index(finding.level))
        rank = -CONFIDENCES.index(leader.confidence), -(self._number + positions[0])
        best = self._best[leader.level]
        self._told[leader.level] += 1
        # The heap's minimum is dropped first: the least certain, and the last among equals.
        if len(best) < MOST:
            heapq.heappush(best, (*rank, _command(report, findings, leader, *mark)))
        elif rank > best[0][:2]:
            heapq.heapreplace(best, (*rank, _command(report, findings, leader, *mark)))

    def lines(self) -> list[str]:
        """Return the commands, errors first, each a line without its end; at last how many there was no room for."""
        kept = {level: sorted(best, key=lambda one: -one[1]) for level, best in self._best.items()}
        left_out = sum(self._told[level] - len(best) for level, best in kept.items())
        if left_out and len(kept["note"]) == MOST:  # the closing notice takes the place of one
            kept["note"].pop()
            left_out += 1
        commands = [command for level in LEVELS for _, _, command in kept[level]]
        if left_out:
            text = (
                f"{plural(left_out, 'more finding')} without an annotation: GitHub shows {MOST} of each kind per step"
            )
            commands.append(f"::notice title=imgscan::{_data(f'{text}. The report has all of them.')}")
        return commands


def _by_key(report: TargetReport) -> Iterator[array[int]]:
    """Gather the positions of new findings by rule and credential; most have only one."""
    new = array("q")

    def marks() -> Iterator[int]:
        for position, finding in enumerate(report.findings):
            if finding.status == "new":
                new.append(position)
                yield hash((finding.rule_id, finding.secret.sha256))

    alike = Alike(marks())
    for first in alike.leaders():
        yield array("q", (new[each] for each in alike.of(first)))


def _file(report: TargetReport, finding: Finding) -> tuple[str, int | None]:
    """Name the line to mark: the Dockerfile's or source's where it is known, else the place that was scanned."""
    if finding.origin is not None:
        return origin_file(finding.origin), max(finding.origin.line, 1)
    line = finding.location.line
    return plain_path(report, finding.location.path), None if line is None else max(line, 1)


def _command(report: TargetReport, findings: Sequence[Finding], leader: Finding, name: str, line: int | None) -> str:
    properties = {
        "file": shorten(printable(name), _LONGEST_NAME),
        "line": None if line is None else str(line),
        "title": shorten(printable(leader.title), 255),
    }
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{_COMMANDS[leader.level]} {written}::{_data(shorten(_text(report, findings, leader), _LONGEST_TEXT))}"


def _text(report: TargetReport, findings: Sequence[Finding], leader: Finding) -> str:
    where = place(leader)
    if len(findings) > 1:
        where += f" and {plural(len(findings) - 1, 'more place')}"
    if (brought := commit(leader)) is not None:
        where += f", {brought}"
    if leader.location.layer is not None:
        where += f", {layer_number(report, leader.location.layer)}"
    if report.kind == "image":
        where += f" of {printable(report.target)}"
    sentences = [f"{printable(leader.secret.redacted)} in {where}"]
    if (fate := life(report, leader)) is not None:
        sentences.append(fate[0].upper() + fate[1:])
    if (source := origin(leader)) is not None:
        sentences.append(f"It comes from {source}")
    if leader.secret.account is not None:
        sentences.append(f"It opens account {printable(leader.secret.account)}")
    if leader.level != "note":
        sentences.append("Rotate it: anyone who has read it still has it")
    return ". ".join(sentences) + "."


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
