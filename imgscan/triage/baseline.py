"""The baseline: findings that a team knows and has accepted, each with a reason and, optionally, an expiry date.

The file is committed and reviewed: sorted, one value per line, and no secret in it; what identifies a finding is its
fingerprint, the rest is for human readers.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from imgscan.errors import UsageError
from imgscan.gate import json_escaped
from imgscan.packed import many_findings
from imgscan.triage.edited import JsonValue, parse, read_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from imgscan.model import TargetReport
    from imgscan.triage.reports import Reported, Reports

SCHEMA = "imgscan-baseline/1"
LARGEST = 1 << 26
"""Bytes of the largest baseline that is read: some two hundred thousand entries."""

_FINGERPRINT = re.compile(r"[0-9a-f]{16}:[1-9][0-9]{0,8}")
_MEMBERS = frozenset(("fingerprint", "rule_id", "path", "redacted", "reason", "expires", "target"))


class Acceptance(NamedTuple):
    """An accepted finding.

    `expires` is the last day on which it is accepted, None for no expiry date. `target` is what was scanned when it was
    added. `rule_id`, `path` (as reports spell it), `redacted` and `reason` are for people.
    """

    fingerprint: str
    rule_id: str
    path: str
    redacted: str
    reason: str | None = None
    expires: date | None = None
    target: str | None = None

    def holds(self, today: date) -> bool:
        """Whether the finding is still accepted today."""
        return self.expires is None or today <= self.expires


class Applied(NamedTuple):
    """A report in which known findings have the status `baseline`; `expired` are entries that are no longer valid."""

    report: TargetReport
    expired: tuple[Acceptance, ...]


class Baseline(NamedTuple):
    """The entries of a file, by path, rule and fingerprint; no fingerprint appears twice."""

    entries: tuple[Acceptance, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[Acceptance]) -> Self:
        """Sort entries; of those with the same fingerprint the last one stays."""
        return cls(tuple(sorted({entry.fingerprint: entry for entry in entries}.values(), key=_order)))

    def apply(self, report: TargetReport, today: date) -> Applied:
        """Mark what is accepted. Nothing leaves the list, so totals count it; examples keep their status."""
        known = {entry.fingerprint: entry for entry in self.entries}
        findings, expired = many_findings(), []
        for finding in report.findings:
            entry = known.get(finding.fingerprint)
            if entry is None or finding.status != "new":
                findings.append(finding)
            elif entry.holds(today):
                findings.append(replace(finding, status="baseline"))
            else:
                findings.append(finding)
                expired.append(entry)
        return Applied(replace(report, findings=findings.kept()), tuple(expired))

    def add(
        self,
        reported: Iterable[Reported],
        *,
        reason: str | None = None,
        expires: date | None = None,
        only: Collection[str] = (),
    ) -> Baseline:
        """Accept what was reported; examples from the documentation are not leaks and need no entry.

        An existing entry keeps its reason and expiry date unless new ones are given. `only` limits this to some
        fingerprints; UsageError if one of them was not reported.
        """
        entries = {entry.fingerprint: entry for entry in self.entries}
        wanted = {each.fingerprint: each for each in reported if each.status != "example"}
        for fingerprint in only:
            if fingerprint not in wanted:
                raise UsageError(f"no report lists a finding {fingerprint}")
        for fingerprint, finding in wanted.items():
            if _FINGERPRINT.fullmatch(fingerprint) is None:
                raise UsageError(f"not an imgscan fingerprint: {fingerprint}")
            if only and fingerprint not in only:
                continue
            old = entries.get(fingerprint)
            entries[fingerprint] = Acceptance(
                fingerprint,
                finding.rule_id,
                finding.path,
                finding.redacted,
                reason if reason is not None or old is None else old.reason,
                expires if expires is not None or old is None else old.expires,
                finding.target if old is None else old.target,
            )
        return Baseline.of(entries.values())

    def remove(self, fingerprints: Iterable[str]) -> Baseline:
        """Remove entries; UsageError if one is missing."""
        gone = set(fingerprints)
        for fingerprint in sorted(gone - {entry.fingerprint for entry in self.entries}):
            raise UsageError(f"the baseline has no entry {fingerprint}")
        return Baseline(tuple(entry for entry in self.entries if entry.fingerprint not in gone))

    def prune(self, reports: Reports) -> Baseline:
        """Keep the entries that the reports still show; UsageError if a scan was incomplete and may have missed one."""
        if not reports.whole:
            raise UsageError("a report comes from an incomplete scan: what it does not show may still be there")
        shown = {finding.fingerprint for finding in reports.findings}
        return Baseline(tuple(entry for entry in self.entries if entry.fingerprint in shown))


def load(path: Path) -> Baseline:
    """Read a baseline; UsageError if there is none or it is malformed, with the place of the mistake."""
    document = JsonValue(parse(read_file(path, LARGEST, "baseline"), str(path)), str(path))
    schema = document.get("schema")
    if schema.value != SCHEMA:
        newer = isinstance(schema.value, str) and schema.value.startswith("imgscan-baseline/")
        hint = "written by another version of imgscan" if newer else "not a baseline"
        raise schema.wrong(f"{hint}: the schema must be {SCHEMA}")
    _only(document, frozenset(("schema", "entries")))
    places: dict[str, str] = {}
    entries = []
    for node in document.get("entries").items():
        entry = _entry(node)
        first = places.setdefault(entry.fingerprint, node.pointer)
        if first != node.pointer:
            raise node.get("fingerprint").wrong(f"appears twice, see {first}")
        entries.append(entry)
    return Baseline.of(entries)


def _entry(node: JsonValue) -> Acceptance:
    _only(node, _MEMBERS)
    fingerprint = node.get("fingerprint")
    if _FINGERPRINT.fullmatch(fingerprint.text()) is None:
        raise fingerprint.wrong("must be 16 hex digits, a colon and a number")
    expires = node.get("expires")
    text = expires.text_or_none()
    try:
        ends = None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise expires.wrong("must be a date, YYYY-MM-DD") from error
    return Acceptance(
        fingerprint.text(),
        node.get("rule_id").text(),
        node.get("path").text(),
        node.get("redacted").text(),
        node.get("reason").text_or_none(),
        ends,
        node.get("target").text_or_none(),
    )


def _only(node: JsonValue, members: frozenset[str]) -> None:
    for name in sorted(node.object().keys() - members):
        raise node.get(name).wrong(f"unknown member; the known ones are {', '.join(sorted(members))}")


def render(baseline: Baseline) -> bytes:
    """Write the file's bytes: the same entries produce the same bytes."""
    text = json_escaped(json.dumps(view(baseline), indent=2, ensure_ascii=False))
    # A path may hold a lone surrogate, for which UTF-8 has no form; reports spell it the same way.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def view(baseline: Baseline) -> dict[str, Any]:
    """Spell out the document."""
    return {"schema": SCHEMA, "entries": [acceptance_view(entry) for entry in baseline.entries]}


def acceptance_view(entry: Acceptance) -> dict[str, Any]:
    """Spell out one entry."""
    return {
        "fingerprint": entry.fingerprint,
        "rule_id": entry.rule_id,
        "path": entry.path,
        "redacted": entry.redacted,
        "reason": entry.reason,
        "expires": None if entry.expires is None else entry.expires.isoformat(),
        "target": entry.target,
    }


def _order(entry: Acceptance) -> tuple[str, str, str]:
    return entry.path, entry.rule_id, entry.fingerprint
