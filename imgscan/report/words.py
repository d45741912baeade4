"""Sentences that several formats share: where a key is, what became of it, and the verdict over a target.

All of them come back on one line and escaped for a terminal (`printable`); a format adds its own quoting.
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING

from imgscan.gate import printable
from imgscan.model import CONFIDENCES, IMAGE_DOCUMENTS, LEVELS
from imgscan.packed import Picked
from imgscan.report.base import layer_number, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgscan.model import Finding, Origin, State, TargetReport, Visibility

# A rule's title is a name with its maker before it and its mode behind it: `Stripe secret key (live)`.
_TITLE = re.compile(r"(?:Stripe )?(?P<name>.+?)(?: \((?P<mode>live|test)\))?", re.DOTALL)

STATUS = {"baseline": "accepted in the baseline", "example": "an example from Stripe's documentation"}
"""How findings that are not new are described."""


IN_HISTORY: dict[State, str] = {
    "visible": "still there in the newest commit",
    "overwritten": "changed since, still in the history",
    "deleted": "deleted since, still in the history",
}
"""The lives of files in a repository."""


def place(finding: Finding) -> str:
    """Say where in which file: `path:line:column`, `path at byte 4,096`, or a document's path and field."""
    location = finding.location
    text = printable(location.path)
    if location.line is not None:
        text += f":{location.line}"
        if location.column is not None:
            text += f":{location.column}"
    elif location.offset is not None and location.field is None:
        text += f" at byte {location.offset:,}"
    if location.field is not None:
        text += f"  {printable(location.field)}"
    return text


def origin(finding: Finding) -> str | None:
    """Name the Dockerfile or source line that brought the key in, `docker/Dockerfile:12`; None if it is not known."""
    if finding.origin is None:
        return None
    return f"{printable(origin_file(finding.origin))}:{finding.origin.line}"


def origin_file(origin: Origin) -> str:
    """Return the name of the Dockerfile or source file, as it is."""
    return origin.dockerfile if origin.dockerfile is not None else origin.source or ""


def ignorable(finding: Finding) -> str | None:
    """Say that `.dockerignore` would have kept the file out of the image; None if it would not, or is not known."""
    if finding.origin is None or not finding.origin.ignorable:
        return None
    return "listing the file in .dockerignore keeps it out of the image"


def commit(finding: Finding) -> str | None:
    """Name the commit that brought the key in, `commit 1f0c2d3e4a5b, 2024-02-29`; None if there is none."""
    location = finding.location
    if location.commit is None:
        return None
    text = f"commit {printable(location.commit[:12])}"
    return text if location.authored is None else f"{text}, {printable(location.authored[:10])}"


def in_description(report: TargetReport, finding: Finding) -> bool:
    """Whether a finding is in the image's own documents, which no layer can delete."""
    return report.kind == "image" and finding.location.path.startswith(IMAGE_DOCUMENTS)


def life(report: TargetReport, finding: Finding) -> str | None:
    """Say in a few words what became of the file: `deleted in layer 5, still readable`; None if nothing is known."""
    visibility = finding.visibility
    if visibility is None:
        return "part of the image's description" if in_description(report, finding) else None
    if report.kind == "git":
        return IN_HISTORY[visibility.state]
    if visibility.state == "visible":
        return "visible in the finished image"
    return f"{ended(visibility)}, still readable"


def ended(visibility: Visibility) -> str:
    """Say how a file that is no longer visible ended: `deleted in layer 5`."""
    by = "a later layer" if visibility.layer is None else f"layer {visibility.layer + 1}"
    verb = "deleted in" if visibility.state == "deleted" else "overwritten by"
    return f"{verb} {by}"


def verdict(report: TargetReport) -> str:
    """Say in one sentence, without a full stop, what is worst about a target.

    `1 live secret key of account acct_… in layer 5 of 9, deleted but still readable`. Accepted and documented
    findings count only if there is nothing else.
    """
    new = array("q", (position for position, finding in enumerate(report.findings) if finding.status == "new"))
    if not new:
        return _nothing_new(report)
    leader, findings, here, total = _worst(report.findings, new)
    parts = [plural(here, *_noun(leader.title))]
    accounts = {finding.secret.account for finding in findings}
    if len(accounts) == 1 and leader.secret.account is not None:
        parts.append(f"of account {printable(leader.secret.account)}")
    sentence = f"{' '.join(parts)} {_where(report, findings)}"
    if (fate := _fate(report, findings)) is not None:
        sentence += f", {fate}"
    others = total - here
    if others:
        sentence += f"; and {plural(others, 'other key')}"
    return sentence


def _worst(every: Sequence[Finding], new: Sequence[int]) -> tuple[Finding, Sequence[Finding], int, int]:
    """Return of the worst rule what represents it, its findings at its worst level, their keys, and all keys.

    The same as the first of `keys_of`, without holding them.
    """
    findings = Picked(every, new)
    rules: dict[str, dict[int, int]] = {}  # a rule, a mark of a credential: how bad the worst finding of that is
    for finding in findings:
        known = rules.setdefault(finding.rule_id, {})
        badness = LEVELS.index(finding.level) * len(CONFIDENCES) + CONFIDENCES.index(finding.confidence)
        mark = hash(finding.secret.sha256)
        known[mark] = min(badness, known.get(mark, badness))
    level = min(min(known.values()) for known in rules.values()) // len(CONFIDENCES)
    rule_id, known = next(
        (rule_id, known) for rule_id, known in rules.items() if min(known.values()) // len(CONFIDENCES) == level
    )
    badness = min(known.values())
    worst = next(mark for mark, one in known.items() if one == badness)
    keys = {mark for mark, one in known.items() if one // len(CONFIDENCES) == level}
    places = (
        position
        for position, finding in zip(new, findings, strict=True)
        if finding.rule_id == rule_id and hash(finding.secret.sha256) in keys
    )
    ours = Picked(every, array("q", places))
    leader = next(
        finding
        for finding in ours
        if hash(finding.secret.sha256) == worst
        and LEVELS.index(finding.level) == level
        and CONFIDENCES.index(finding.confidence) == badness % len(CONFIDENCES)
    )
    return leader, ours, len(keys), sum(map(len, rules.values()))


def _nothing_new(report: TargetReport) -> str:
    if report.findings:
        kinds = {finding.status for finding in report.findings}
        what = "accepted" if kinds == {"baseline"} else "documented" if kinds == {"example"} else "known"
        found = f"Nothing new: {plural(len(report.findings), f'{what} finding')}"
    else:
        found = "No Stripe secrets found"
    return found if report.whole else f"{found} in what could be read; the scan is incomplete"


def _noun(title: str) -> tuple[str, str]:
    """Make a noun of a rule's title, and its plural: `live secret key`."""
    match = _TITLE.fullmatch(title)
    name = "secret" if match is None else match["name"]
    mode = "" if match is None or match["mode"] is None else f"{match['mode']} "
    noun = printable(mode + name)
    return noun, f"{noun}s"


def _where(report: TargetReport, findings: Sequence[Finding]) -> str:
    layers = {finding.location.layer for finding in findings}
    if layers == {None}:
        if all(in_description(report, finding) for finding in findings):
            return "in the image's description"
        if len(findings) == 1:
            return f"in {place(findings[0])}"
        files = len({finding.location.path for finding in findings})
        return f"in {plural(files, 'file')}"
    numbered = [layer for layer in layers if layer is not None]
    if len(layers) == 1:
        return f"in {layer_number(report, numbered[0])}"
    described = " and the image's description" if None in layers else ""
    many = f"{len(numbered):,} layers" if len(numbered) > 1 else layer_number(report, numbered[0])
    return f"in {many}{described}"


def _fate(report: TargetReport, findings: Sequence[Finding]) -> str | None:
    """Say what became of the files: the worst of it, since one readable copy is enough."""
    states = {None if finding.visibility is None else finding.visibility.state for finding in findings}
    history = report.kind == "git"
    if "visible" in states:
        return IN_HISTORY["visible"] if history else "visible in the finished image"
    readable = "still in the history" if history else "still readable"
    if states == {"deleted"}:
        return f"deleted but {readable}"
    if states == {"overwritten"}:
        return f"{'changed' if history else 'overwritten'} but {readable}"
    return f"removed but {readable}" if states == {"deleted", "overwritten"} else None
