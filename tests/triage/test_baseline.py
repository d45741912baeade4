"""The baseline: what it accepts, until when, and what its file looks like."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.keys import Keys
from imgscan.detect import Engine
from imgscan.detect.stripe import STRIPE
from imgscan.errors import UsageError
from imgscan.triage import baseline
from imgscan.triage.baseline import Acceptance, Baseline
from imgscan.triage.reports import Reported, Reports, read_report
from tests.report.samples import BROKEN, CLEAN, DIRECTORY, HOSTILE, SAMPLES, SHOP, render

if TYPE_CHECKING:
    from pathlib import Path

    from imgscan.model import TargetReport

TODAY = date(2026, 11, 24)
ENTRY = Acceptance(
    "0123456789abcdef:1", "stripe-secret-key", "app/.env", "sk_live_51…a1B2", "rotated", date(2027, 1, 31), "shop"
)
ONE = replace(CLEAN, findings=SHOP.findings[:1])


def redact(text: str) -> str:
    """Redact as the command line does."""
    return Engine(STRIPE, screen=False).redact(text)


def reported(*reports: TargetReport, form: str = "json") -> Reports:
    """Read the report of some targets."""
    return read_report(render(form, *reports), "report.json", redact)


def accepted(report: TargetReport, **changes: Any) -> Baseline:
    """Accept every finding of a report."""
    return Baseline().add(reported(report).findings, **changes)


def test_applied() -> None:
    """An accepted finding has the status baseline, and is still in the list."""
    applied = accepted(SHOP).apply(SHOP, TODAY)
    assert [finding.status for finding in applied.report.findings] == ["baseline"] * len(SHOP.findings)
    assert replace(applied.report, findings=()) == replace(SHOP, findings=())


def test_only_what_is_accepted() -> None:
    """A finding that has no entry stays new."""
    one = SHOP.findings[0].fingerprint
    applied = Baseline().add(reported(SHOP).findings, only=[one]).apply(SHOP, TODAY)
    assert {finding.fingerprint for finding in applied.report.findings if finding.status == "baseline"} == {one}


@pytest.mark.parametrize(("day", "status"), [(30, "baseline"), (31, "baseline"), (32, "new")])
def test_expiry(day: int, status: str) -> None:
    """An entry holds through the day it names, and is given back as expired afterwards."""
    today = date.fromordinal(date(2026, 12, 1).toordinal() + day - 1)
    known = accepted(ONE, expires=date(2026, 12, 31))
    applied = known.apply(ONE, today)
    assert applied.report.findings[0].status == status
    assert applied.expired == (() if status == "baseline" else known.entries)


def test_examples_need_no_entry() -> None:
    """Documented examples are not added, and keep their status."""
    known = accepted(DIRECTORY)
    assert len(known.entries) == 2
    assert [finding.status for finding in known.apply(DIRECTORY, TODAY).report.findings][2] == "example"


def test_every_report_is_read() -> None:
    """Findings of every report are read, whatever their names are, from JSON and JSON Lines alike."""
    for name in SAMPLES:
        for form in ["json", "jsonl"]:
            report = SAMPLES[name]
            read = reported(report, form=form)
            assert [each.fingerprint for each in read.findings] == [
                finding.fingerprint for finding in report.findings
            ], (name, form)
            assert read.whole == report.whole, (name, form)


def test_json_on_one_line() -> None:
    """A JSON report that a tool has put on one line is read as what it is."""
    compact = json.dumps(json.loads(render("json", SHOP))).encode()
    assert read_report(compact, "report.json", redact) == reported(SHOP)


def test_again_changes_nothing() -> None:
    """Adding the same report again keeps reasons and dates."""
    known = accepted(SHOP, reason="old", expires=TODAY)
    assert known.add(reported(SHOP).findings) == known


def test_again_with_reason() -> None:
    """A new reason replaces the old one."""
    known = accepted(SHOP, reason="old", expires=TODAY).add(reported(SHOP).findings, reason="new")
    assert {(entry.reason, entry.expires) for entry in known.entries} == {("new", TODAY)}


def test_add_unknown_fingerprint() -> None:
    """A fingerprint that no report lists cannot be accepted."""
    with pytest.raises(UsageError, match="no report lists a finding 0123456789abcdef:1"):
        Baseline().add(reported(SHOP).findings, only=["0123456789abcdef:1"])


def test_remove() -> None:
    """An entry that is removed is gone, the others stay."""
    known = accepted(SHOP)
    assert known.remove([known.entries[1].fingerprint]).entries == (known.entries[0], *known.entries[2:])


def test_remove_unknown() -> None:
    """Removing what is not there is an error."""
    with pytest.raises(UsageError, match="has no entry"):
        accepted(SHOP).remove(["0123456789abcdef:1"])


def test_prune() -> None:
    """Pruning keeps what a report still shows."""
    known = Baseline.of([*accepted(SHOP).entries, ENTRY])
    assert known.prune(reported(SHOP)) == accepted(SHOP)


def test_prune_needs_whole_reports() -> None:
    """A scan that was not whole says nothing of what is gone."""
    with pytest.raises(UsageError, match="incomplete scan"):
        Baseline.of([ENTRY]).prune(reported(BROKEN))


def test_prune_by_several_reports() -> None:
    """Of several reports one is enough to keep an entry."""
    known = Baseline.of([*accepted(SHOP).entries, *accepted(DIRECTORY).entries])
    assert known.prune(reported(SHOP) + reported(DIRECTORY)) == known


@pytest.mark.parametrize("report", [SHOP, HOSTILE], ids=["shop", "hostile"])
def test_round_trip(tmp_path: Path, report: TargetReport) -> None:
    """What is saved is read again as it was, whatever the names are."""
    known = accepted(report, reason="why\n\u202e", expires=TODAY)
    (tmp_path / "b.json").write_bytes(baseline.render(known))
    assert baseline.load(tmp_path / "b.json") == known


def test_file_is_sorted() -> None:
    """The order in which entries were added leaves no trace in the file."""
    entries = accepted(SHOP).entries
    assert baseline.render(Baseline.of(entries[::-1])) == baseline.render(Baseline.of(entries))


def test_file_form() -> None:
    """The file is JSON with a schema, a member a line."""
    assert baseline.render(Baseline.of([ENTRY])).decode().splitlines() == [
        "{",
        '  "schema": "imgscan-baseline/1",',
        '  "entries": [',
        "    {",
        '      "fingerprint": "0123456789abcdef:1",',
        '      "rule_id": "stripe-secret-key",',
        '      "path": "app/.env",',
        '      "redacted": "sk_live_51…a1B2",',
        '      "reason": "rotated",',
        '      "expires": "2027-01-31",',
        '      "target": "shop"',
        "    }",
        "  ]",
        "}",
    ]


def test_no_secret_from_a_revealing_report() -> None:
    """A report that was written with --show-secrets leaves no secret in the baseline."""
    key = Keys("baseline").secret99()
    shown = replace(SHOP.findings[0], secret=replace(SHOP.findings[0].secret, redacted=key))
    shown = replace(shown, location=replace(shown.location, path=f"keys/{key}.txt"))
    report = replace(SHOP, target=f"shop-{key}", findings=(shown,))
    written = baseline.render(accepted(report)).decode()
    assert key not in written
    assert key[-12:] not in written
    assert '"redacted": "sk_live_51' in written


def _json(**changes: Any) -> str:
    entry = json.loads(baseline.render(Baseline.of([ENTRY])))["entries"][0] | changes
    return json.dumps({"schema": baseline.SCHEMA, "entries": [entry]})


MALFORMED = {
    '{\n  "schema": oops}': r"b\.json:2:13: not JSON",
    "": r"b\.json:1:1: not JSON",
    "[" * 200_000: "nested too deeply",
    '{"a": 1, "a": 2}': "a name appears twice",
    '{"schema": NaN}': "not JSON",
    '{"schema": ' + "9" * 5000 + "}": "not JSON",
    "[]": "the document: must be an object",
    "{}": "/schema: not a baseline",
    '{"schema": "imgscan-baseline/2", "entries": []}': "/schema: written by another version",
    '{"schema": "imgscan-baseline/1"}': "/entries: must be an array",
    '{"schema": "imgscan-baseline/1", "entries": [], "x/y": 1}': "/x~1y: unknown member",
    '{"schema": "imgscan-baseline/1", "entries": [1]}': "/entries/0: must be an object",
    _json(fingerprint="zz"): "/entries/0/fingerprint: must be 16 hex digits",
    _json(fingerprint=None): "/entries/0/fingerprint: is missing",
    _json(expires="soon"): "/entries/0/expires: must be a date",
    _json(expires=2027): "/entries/0/expires: must be a string",
    _json(reason=["x"]): "/entries/0/reason: must be a string",
    _json(extra=True): "/entries/0/extra: unknown member",
}


def test_malformed(tmp_path: Path) -> None:
    """A malformed file is refused with its path and the place of the mistake."""
    for number in range(len(MALFORMED)):
        text, message = list(MALFORMED.items())[number]
        path = tmp_path / "b.json"
        path.write_text(text)
        with pytest.raises(UsageError, match=message) as told:
            baseline.load(path)
        assert str(told.value).startswith(str(path)), number


def test_duplicate_entry(tmp_path: Path) -> None:
    """Two entries with one fingerprint, as a bad merge leaves them, are refused."""
    document = json.loads(baseline.render(Baseline.of([ENTRY])))
    document["entries"] *= 2
    (tmp_path / "b.json").write_text(json.dumps(document))
    with pytest.raises(UsageError, match="/entries/1/fingerprint: appears twice, see /entries/0"):
        baseline.load(tmp_path / "b.json")


def test_no_utf8(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are refused with their line."""
    (tmp_path / "b.json").write_bytes(b"{\n\xff}")
    with pytest.raises(UsageError, match=r"b\.json:2: not JSON"):
        baseline.load(tmp_path / "b.json")


def test_missing_file(tmp_path: Path) -> None:
    """A baseline that is not there is an error: a typing mistake must not accept nothing."""
    with pytest.raises(UsageError, match="cannot read the baseline"):
        baseline.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{}", "/schema: not an imgscan report"),
        (b'{"schema": "imgscan/2", "targets": []}', "/schema: not an imgscan report"),
        (b'{"schema": "imgscan/1"}', "/targets: must be an array"),
        (b'{"type": "finding"}\n', ":1: the document: a finding before any target"),
        (b'{"type": "target", "schema": "imgscan/1", "target": "x"}\n{"type": oops}', r"report\.json:2:10: not JSON"),
        (b'{"type": "target", "schema": "imgscan/1", "target": 7}', ":1: /target: must be a string"),
        (b'{"schema": "imgscan/1", "targets": [{"target": "x", "findings": [{}]}]}', "0/fingerprint: is missing"),
    ],
)  # fmt: skip
def test_not_a_report(data: bytes, message: str) -> None:
    """What is not a report is refused with the place of the mistake."""
    with pytest.raises(UsageError, match=message):
        read_report(data, "report.json", redact)


def test_forged_fingerprint() -> None:
    """A report cannot put just any text into the baseline as a fingerprint."""
    forged = Reported("anything", "rule", "path", "sk_live_…", "new", "target")
    with pytest.raises(UsageError, match="not an imgscan fingerprint"):
        Baseline().add([forged])
