"""Reports of earlier scans, as the baseline reads them: JSON and JSON Lines of schema `imgscan/1`.

Only what names a finding is taken, and every text of it goes through `redact` first: a report that was written with
`--show-secrets` must leave no secret in a file that is committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgscan.errors import UsageError
from imgscan.model import SCHEMA
from imgscan.triage.edited import JsonValue, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LARGEST = 1 << 28
"""Bytes of the largest report that is read; ten thousand findings make five million."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding as a report names it; no text of it holds a secret."""

    fingerprint: str
    rule_id: str
    path: str
    redacted: str
    status: str
    target: str


@dataclass(frozen=True, slots=True)
class Reports:
    """What some reports list; `whole` says that nothing was left unread in their scans."""

    findings: tuple[Reported, ...] = ()
    whole: bool = True

    def __add__(self, other: Reports) -> Reports:
        return Reports(self.findings + other.findings, self.whole and other.whole)


def read_report(data: bytes, name: str, redact: Callable[[str], str]) -> Reports:
    """Read a report; `name` is what the user calls it. UsageError with the place where it is none."""
    if len(data) > LARGEST:
        raise UsageError(f"{name}: too large for a report: {len(data):,} bytes")
    first = data.lstrip().partition(b"\n")[0].rstrip()
    if first.startswith(b"{") and first.endswith(b"}"):
        return _lines(data, name, redact)
    return _document(JsonValue(parse(data, name), name), redact)


def _document(document: JsonValue, redact: Callable[[str], str]) -> Reports:
    _check(document)
    found: list[Reported] = []
    whole = True
    for target in document.get("targets").items():
        called = redact(target.get("target").text())
        found += (_reported(finding, called, redact) for finding in target.get("findings").items())
        whole = whole and not any(_is_error(each) for each in target.get("diagnostics").items())
    return Reports(tuple(found), whole)


def _lines(data: bytes, name: str, redact: Callable[[str], str]) -> Reports:
    found: list[Reported] = []
    whole, called = True, None
    for node in _nodes(data, name):
        match node.get("type").value:
            case None:  # a JSON report on one line
                return _document(node, redact)
            case "target":
                _check(node)
                called = redact(node.get("target").text())
            case "finding" if called is not None:
                found.append(_reported(node, called, redact))
            case "finding":
                raise node.wrong("a finding before any target")
            case "diagnostic":
                whole = whole and not _is_error(node)
    return Reports(tuple(found), whole)


def _nodes(data: bytes, name: str) -> Iterator[JsonValue]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield JsonValue(parse(line, name, first_line=number), f"{name}:{number}")


def _check(document: JsonValue) -> None:
    schema = document.get("schema")
    if schema.value != SCHEMA:
        raise schema.wrong(f"not an imgscan report: the schema must be {SCHEMA}; make one with -f json")


def _is_error(diagnostic: JsonValue) -> bool:
    return diagnostic.get("severity").text() == "error"


def _reported(finding: JsonValue, target: str, redact: Callable[[str], str]) -> Reported:
    return Reported(
        fingerprint=redact(finding.get("fingerprint").text()),
        rule_id=redact(finding.get("rule_id").text()),
        path=redact(finding.get("location").get("path").text()),
        redacted=redact(finding.get("secret").get("redacted").text()),
        status=finding.get("status").text(),
        target=target,
    )
