"""The report for GitLab: a secret detection report, which merge requests and the vulnerability report show.

The format is GitLab's "Security report schemas", secret detection, version 15.0: the oldest that GitLab still takes,
so every installation since 15.0 reads it. It is documented under "Security scanner integration", "Report", and by
the schemas in the project gitlab-org/security-products/security-report-schemas.

GitLab follows a vulnerability over commits by its first identifier and its place. So the first identifier is the
finding's fingerprint: keys of one rule in one line (or in a binary, which has no lines) stay apart, and a rebuild
brings no new vulnerability. The rule and CWE-798 are the identifiers after it.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any, BinaryIO

from imgscan.gate import printable
from imgscan.report._json import Withheld, indented, pieces
from imgscan.report.base import human_bytes, layer_number, layer_of, plural, shorten
from imgscan.report.grouped import worst
from imgscan.report.sarif.names import category, plain_path
from imgscan.report.words import STATUS, commit, ignorable, life, origin, origin_file, place

if TYPE_CHECKING:
    from datetime import datetime

    from imgscan.model import Diagnostic, Finding, Level, RuleInfo, TargetReport
    from imgscan.report.base import ReportContext

VERSION = "15.0.6"
SCHEMA = (
    "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/"
    f"v{VERSION}/dist/secret-detection-report-format.json"
)

NO_COMMIT = "0" * 40
"""A placeholder for a missing commit: the schema wants one, and git writes the absent one so."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://docs.stripe.com/keys-best-practices#imgscan-finding")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_URL = re.compile(r"https?://.+", re.DOTALL)

# The schema's limits, in characters.
_LONGEST_NAME = 255
_LONGEST_SOLUTION = 7000
_LONGEST_DESCRIPTION = 65_536  # it would take a million; a description is one screen
_MOST_MESSAGES = 100

MOST = 100_000
"""How many vulnerabilities GitLab takes; it rejects a report that has more (gitlab-org/gitlab, issue 283878)."""

LARGEST = 100 << 20
"""Bytes of the largest artifact that GitLab takes unless its administrator says otherwise ("GitLab application limits",
"Maximum artifacts size": `ci_max_artifact_size_secret_detection` is 0, so the general limit holds)."""

_SEVERITIES: dict[Level, str] = {"error": "Critical", "warning": "Medium", "note": "Info"}
_CRITICAL = 9.0  # CVSS 3.1, "Qualitative severity rating scale"


class GitlabReport:
    """One document over all targets, written at the end, of at most `MOST` vulnerabilities."""

    def __init__(self, context: ReportContext) -> None:
        self._context = context
        self._rules = {rule.id: rule for rule in context.rules}
        self._started = ""
        self._whole = True
        self._messages: list[dict[str, Any]] = []
        self._unsaid = 0
        self._ids: set[str] = set()
        self._held = Withheld()  # the schema puts what is known at the end before them
        self._left_out = 0

    def start(self, out: BinaryIO) -> None:  # noqa: ARG002 - the protocol's
        """Note when the scan begins; the document is written at the end."""
        self._started = _time(self._context.clock())

    def target(self, report: TargetReport, out: BinaryIO) -> None:  # noqa: ARG002 - the protocol's
        """Keep the target's part of the document.

        Documented examples are not vulnerabilities; accepted findings are, or GitLab would take them for repaired.
        """
        self._whole = self._whole and report.whole
        for diagnostic in report.diagnostics:
            self._tell(report, diagnostic)
        place_of_report = category(report)
        room = MOST - self._held.items
        kept, left_out = worst(report.findings, ("new", "baseline"), room, self._context.rules)
        self._left_out += left_out
        for finding in kept:
            value = self._vulnerability(report, finding, self._id(place_of_report, finding))
            self._held.add(indented(value, depth=2))

    def finish(self, out: BinaryIO) -> None:
        """Write the document."""
        tool = {"id": "imgscan", "name": "imgscan", "version": self._context.version, "vendor": {"name": "imgscan"}}
        if self._unsaid:
            self._messages.append({"level": "warn", "value": f"{plural(self._unsaid, 'more remark')} in other reports"})
        if self._left_out:
            text = f"{plural(self._left_out, 'finding')} left out: GitLab takes {MOST:,} of a report"
            self._messages.append({"level": "warn", "value": f"{text}; imgscan -f json lists all"})
            self._context.warn(f"the GitLab report is cut: {text}; -f json has all of them")
        document = {
            "version": VERSION,
            "schema": SCHEMA,
            "scan": {
                "analyzer": tool,
                "scanner": tool,
                "type": "secret_detection",
                "start_time": self._started,
                "end_time": _time(self._context.clock()),
                "status": "success" if self._whole else "failure",
                **({"messages": self._messages} if self._messages else {}),
            },
            "vulnerabilities": self._held.take(),
        }
        out.writelines(pieces(document))
        out.write(b"\n")
        if self._held.size > LARGEST:
            self._context.warn(
                f"the GitLab report has {human_bytes(self._held.size)}; unless its administrator has raised the limit, "
                f"GitLab takes artifacts of at most {LARGEST >> 20} MiB"
            )

    def _tell(self, report: TargetReport, diagnostic: Diagnostic) -> None:
        if len(self._messages) >= _MOST_MESSAGES:
            self._unsaid += 1
            return
        path = "" if diagnostic.path is None else f"{printable(diagnostic.path)}: "
        text = f"{printable(report.target)}: {path}{printable(diagnostic.message or diagnostic.code)}"
        # "fatal" is for what ends a scan; ours continue.
        level = "warn" if diagnostic.severity == "error" else "info"
        self._messages.append({"level": level, "value": shorten(text, 1000)})

    def _id(self, place_of_report: str, finding: Finding) -> str:
        """Make an identity that a rebuild does not change, and that no other finding of the file has."""
        name, number = f"{place_of_report}\0{finding.fingerprint}".encode("utf-8", "backslashreplace").decode(), 1
        identity = str(uuid.uuid5(_NAMESPACE, name))
        while identity in self._ids:  # the same image given twice
            number += 1
            identity = str(uuid.uuid5(_NAMESPACE, f"{name}\0{number}"))
        self._ids.add(identity)
        return identity

    def _vulnerability(self, report: TargetReport, finding: Finding, identity: str) -> dict[str, Any]:
        rule = self._rules.get(finding.rule_id)
        links = [] if rule is None or not _URL.fullmatch(rule.help_uri) else [{"url": rule.help_uri}]
        return {
            "id": identity,
            # 15.0 no longer asks for category and message; importers made for 14 (DefectDojo) still read them.
            "category": "secret_detection",
            "name": shorten(printable(finding.title), _LONGEST_NAME),
            "message": shorten(f"{printable(finding.title)} in {place(finding)}", _LONGEST_NAME),
            "description": shorten(_description(report, finding, rule), _LONGEST_DESCRIPTION),
            "severity": _severity(finding, rule),
            **({} if rule is None else {"solution": shorten(_solution(report, rule), _LONGEST_SOLUTION)}),
            "raw_source_code_extract": printable(finding.secret.redacted),
            "identifiers": _identifiers(finding),
            **({"links": links} if links else {}),
            "location": self._location(report, finding),
        }

    def _location(self, report: TargetReport, finding: Finding) -> dict[str, Any]:
        """Point at the Dockerfile or source line where it is known: GitLab links to that file of the repository.

        The commit is one of that repository. A commit from a pack inside an image may belong to any repository, and
        GitLab's link would lead nowhere, so the description names it.
        """
        location, ours = finding.location, report.kind == "git"
        known = (location.commit if ours else None) or self._context.commit or ""
        commit = {"sha": known if _COMMIT.fullmatch(known) else NO_COMMIT}
        if ours and location.authored:
            commit["date"] = printable(location.authored)
        if finding.origin is not None:
            line = max(finding.origin.line, 1)
            lines = {"start_line": line, "end_line": line}
            return {"file": printable(origin_file(finding.origin)), **lines, "commit": commit}
        name = plain_path(report, location.path)
        if location.field is not None:
            name += f"/{location.field}"
        lines = {}
        if location.line is not None:
            first = lines["start_line"] = max(location.line, 1)
            if location.end_line is not None:
                lines["end_line"] = max(location.end_line, first)
        return {"file": printable(name), **lines, "commit": commit}


def _time(moment: datetime) -> str:
    """Write a time as the schema wants it: UTC, to the second, without a zone."""
    return moment.replace(tzinfo=None, microsecond=0).isoformat()


def _severity(finding: Finding, rule: RuleInfo | None) -> str:
    if finding.level == "error" and rule is not None and rule.score < _CRITICAL:
        return "High"
    return _SEVERITIES[finding.level]


def _identifiers(finding: Finding) -> list[dict[str, str]]:
    rule = printable(finding.rule_id) or "unknown"
    fingerprint = printable(finding.fingerprint) or "unknown"
    return [
        {"type": "imgscan_fingerprint", "name": f"imgscan {rule}", "value": fingerprint},
        {"type": "imgscan_rule_id", "name": f"imgscan rule {rule}", "value": rule},
        {"type": "cwe", "name": "CWE-798", "value": "798", "url": "https://cwe.mitre.org/data/definitions/798.html"},
    ]


def _description(report: TargetReport, finding: Finding, rule: RuleInfo | None) -> str:
    """Say in plain sentences what was found where, what became of it, and what it opens.

    GitLab reads its Markdown in this text, and users, issues and labels in it. So each foreign name is in a code
    span, without the backticks that would end it.
    """
    location, secret = finding.location, finding.secret
    sentences = [f"{_code(secret.redacted)} is in {_code(place(finding))}"]
    if location.layer is not None:
        sentences[0] += f", {layer_number(report, location.layer)}"
        layer = layer_of(report, location.layer)
        if layer is not None and layer.created_by:
            sentences[0] += f", made by {_code(shorten(layer.created_by, 200))}"
    if report.kind != "git" and (brought := commit(finding)) is not None:
        sentences.append(f"It came in with {_code(brought)}")
    if location.encoding != "plain":
        sentences.append(f"It is written as {_code(location.encoding)}")
    if (fate := life(report, finding)) is not None:
        sentences.append(fate[0].upper() + fate[1:])
    if (source := origin(finding)) is not None:
        sentences.append(f"It comes from {_code(source)}")
    if (advice := ignorable(finding)) is not None:
        sentences.append(advice[0].upper() + advice[1:])
    if secret.account is not None:
        sentences.append(f"It opens account {_code(secret.account)}")
    if finding.status in STATUS:
        sentences.append(STATUS[finding.status].capitalize())
    text = "".join(f"{sentence}. " for sentence in sentences).rstrip()
    return text if rule is None else f"{text}\n\n{printable(rule.description)}"


def _code(text: str) -> str:
    shown = printable(text).replace("`", "\\x60")
    return f"`{shown}`" if shown.strip() else "an empty name"


def _solution(report: TargetReport, rule: RuleInfo) -> str:
    steps = [*rule.rotate, *(rule.rebuild if report.kind == "image" else ())]
    return "\n".join(f"{number}. {printable(step)}" for number, step in enumerate(steps, 1))
