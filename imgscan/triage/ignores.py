r"""`.imgscanignore`: what is suppressed, line by line, each with its reason.

    # a comment
    path:docs/**                 # the tutorial's keys, none was ever issued
    rule:stripe-client-secret    # our checkout page shows them to customers anyway
    fingerprint:0123456789abcdef:1   # rotated on 2026-03-04
    sha256:9f86…0a08             # rotated as well; accepted wherever it moves

A space and a `#` begin the reason, which every line needs; after a space, a `#` in a glob is written `\#`. No line
contains a secret: a credential is named by its SHA-256, which is in every JSON report.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from imgscan.errors import UsageError
from imgscan.packed import many_findings
from imgscan.triage.edited import read_file
from imgscan.triage.globs import Glob

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from imgscan.model import Finding, TargetReport

FILE_NAME = ".imgscanignore"
LARGEST = 1 << 22

_REASON = re.compile(r"(?<!\\)\s#|^#")
_FINGERPRINT = re.compile(r"[0-9a-f]{16}:[1-9][0-9]{0,8}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KINDS = ("path", "rule", "fingerprint", "sha256")


class Ignore(NamedTuple):
    """One line: what it suppresses, why, and where it is."""

    line: int
    kind: str
    value: str
    reason: str


class Ignored(NamedTuple):
    """A report without what is suppressed, which it counts; `used` are the lines that applied."""

    report: TargetReport
    used: frozenset[int]


class Ignores:
    """The lines of a file, ready to be applied."""

    def __init__(self, lines: Collection[Ignore] = ()) -> None:
        """Take lines from `read_lines`."""
        self.lines = tuple(lines)
        self._globs = [(each.line, Glob(each.value)) for each in self.lines if each.kind == "path"]
        self._exact = {(each.kind, each.value): each.line for each in reversed(self.lines) if each.kind != "path"}

    def line_for(self, finding: Finding) -> int | None:
        """Return the number of a line that suppresses a finding; None if there is none."""
        for kind, value in (
            ("fingerprint", finding.fingerprint),
            ("sha256", finding.secret.sha256),
            ("rule", finding.rule_id),
        ):
            line = self._exact.get((kind, value))
            if line is not None:
                return line
        return next((line for line, glob in self._globs if glob.matches(finding.location.path)), None)

    def apply(self, report: TargetReport) -> Ignored:
        """Leave out what is suppressed, and count it as ignored."""
        kept, used = many_findings(), set()
        for finding in report.findings:
            line = self.line_for(finding)
            if line is None:
                kept.append(finding)
            else:
                used.add(line)
        gone = len(report.findings) - len(kept)
        hidden = replace(report.hidden, ignored=report.hidden.ignored + gone)
        return Ignored(replace(report, findings=kept.kept(), hidden=hidden), frozenset(used))


def load(path: Path, rules: Collection[str], redact: Callable[[str], str]) -> Ignores:
    """Read a file; `rules` are the ids that exist. UsageError with the line number if one is wrong.

    `redact` checks whether a line contains a secret, which would leak what it is meant to hide.
    """
    data = read_file(path, LARGEST, "ignore file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}:{data.count(bytes([10]), 0, error.start) + 1}: it is not UTF-8") from error
    return Ignores(tuple(read_lines(text, str(path), rules, redact)))


def read_lines(text: str, name: str, rules: Collection[str], redact: Callable[[str], str]) -> Iterator[Ignore]:
    """Read the lines of a file that is called `name`; UsageError if one is wrong."""
    for number, line in enumerate(text.split("\n"), 1):
        place = f"{name}:{number}"
        if redact(line) != line:
            raise UsageError(f"{place}: contains a secret: use its SHA-256 instead, which -f json shows")
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        mark = _REASON.search(said)
        reason = said[mark.end() :].strip(" \t#") if mark else ""
        what = (said[: mark.start()] if mark else said).strip()
        kind, colon, value = what.partition(":")
        if not colon or kind not in _KINDS:
            near = difflib.get_close_matches(kind, _KINDS, 1)
            meant = f" (did you mean {near[0]}:?)" if near else ""
            raise UsageError(f"{place}: must begin with path:, rule:, fingerprint: or sha256:{meant}")
        if not reason:
            raise UsageError(f"{place}: has no reason: add one after a space and a #")
        _check(kind, value, place, rules)
        yield Ignore(number, kind, value.replace("\\#", "#") if kind == "path" else value, reason)


def _check(kind: str, value: str, place: str, rules: Collection[str]) -> None:
    if kind == "path":
        try:
            Glob(value)
        except ValueError as error:
            raise UsageError(f"{place}: {error}") from error
    elif kind == "rule" and value not in rules:
        near = difflib.get_close_matches(value, sorted(rules), 1)
        meant = f" (did you mean {near[0]}?)" if near else " (imgscan rules lists them)"
        raise UsageError(f"{place}: there is no rule {value}{meant}")
    elif kind == "fingerprint" and _FINGERPRINT.fullmatch(value) is None:
        raise UsageError(f"{place}: a fingerprint is 16 hex digits, a colon and a number")
    elif kind == "sha256" and _SHA256.fullmatch(value) is None:
        raise UsageError(f"{place}: a SHA-256 is 64 lowercase hex digits")
