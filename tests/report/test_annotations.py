"""Annotations for GitHub."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from imgscan.model import Origin, TargetReport
from imgscan.report.annotations import MOST, Annotations
from tests.report.samples import BROKEN, CLEAN, DIRECTORY, HOSTILE, SHOP, TEST, finding, line, secret

_COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def lines(*reports: TargetReport) -> list[str]:
    """Make the annotations of some targets."""
    annotations = Annotations()
    for report in reports:
        annotations.add(report)
    return annotations.lines()


def parsed(row: str) -> tuple[str, dict[str, str], str]:
    """Read a command as the runner does: kind, properties, text."""
    match = _COMMAND.fullmatch(row)
    assert match is not None
    kind, written, text = match.groups()
    properties = dict(pair.split("=", 1) for pair in written.split(","))
    for escape, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        properties = {key: value.replace(escape, character) for key, value in properties.items()}
    return kind, properties, text


def keys(count: int, rule: str = "stripe-secret-key", **changes: Any) -> TargetReport:
    """Make an image of so many different keys, each in its own file."""
    return replace(
        CLEAN,
        findings=tuple(
            finding(rule, secret(f"sk_live_51…{number:04d}"), line(0, f"f{number}", 1, 1), **changes)
            for number in range(count)
        ),
    )


def test_a_finding_points_at_its_origin() -> None:
    """A finding with a known Dockerfile line is annotated there."""
    kind, properties, text = parsed(lines(BROKEN)[0])
    assert kind == "error"
    assert properties == {"file": "docker/Dockerfile", "line": "12", "title": "Stripe secret key (live)"}
    assert text.startswith("sk_live_51…a1B2 in srv/.env:1:12, layer 2 of 3 of build/worker-2.1.tar.gz. Visible in")


def test_a_finding_in_a_folder_points_at_the_file() -> None:
    """A finding in a checkout is annotated at the file as the user named it."""
    assert parsed(lines(DIRECTORY)[0])[1]["file"] == "services/pay/.env.production"


def test_a_binary_has_no_line() -> None:
    """A finding without a line is annotated at the file."""
    assert "line" not in parsed(lines(SHOP)[2])[1]


@pytest.mark.parametrize("character", ["%", "\r", "\n", ":", ",", "::error::", "%0A"])
def test_names_inject_nothing(character: str) -> None:
    """Whatever a file is named, a command has three properties and one line."""
    report = replace(CLEAN, findings=(finding(origin=Origin(1, source=f"a{character}b,title=x::y")),))
    (row,) = lines(report)
    assert "\n" not in row
    assert list(parsed(row)[1]) == ["file", "line", "title"]


def test_hostile_names_are_one_command_a_line() -> None:
    """An image full of hostile names gives nothing but our own commands, each printable and on one line."""
    for row in lines(HOSTILE):
        assert row.isprintable()
        assert parsed(row)[1]["title"] in {"Stripe secret key (live)", "imgscan"}


def test_no_more_are_printed_than_are_shown() -> None:
    """Of each kind ten are kept, and a closing notice counts what was left out."""
    rows = lines(keys(25), keys(12, "stripe-secret-key-test"))
    kinds = [parsed(row)[0] for row in rows]
    assert kinds == ["error"] * MOST + ["warning"] * MOST + ["notice"]
    assert rows[-1] == (
        "::notice title=imgscan::17 more findings without an annotation: GitHub shows 10 of each kind per step. "
        "The report has all of them."
    )


def test_the_closing_notice_is_one_of_the_ten() -> None:
    """Where the notices are full, the closing one takes the place of the last."""
    rows = lines(keys(11, "stripe-publishable-key"))
    assert len(rows) == MOST
    assert "2 more findings" in rows[-1]


def test_exactly_ten_need_no_closing_notice() -> None:
    """Where all findings are annotated nothing is said of others."""
    assert len(lines(keys(MOST))) == MOST
    assert "imgscan::" not in lines(keys(MOST))[-1]


def test_the_surest_are_kept_in_report_order() -> None:
    """Of too many the surest are kept; they stay in the order of the report."""
    rows = lines(keys(6, confidence="medium"), keys(8))
    files = [parsed(row)[1]["file"] for row in rows[:MOST]]
    assert files == ["api/f0", "api/f1", *(f"api/f{number}" for number in range(8))]


def test_a_key_in_several_places_of_one_line_is_one_annotation() -> None:
    """Where one instruction brings a key to several places, its line has one annotation, which counts them."""
    origin = Origin(4, dockerfile="Dockerfile")
    places = tuple(finding(location=line(0, f"f{number}", 1, 1), origin=origin) for number in range(3))
    (row,) = lines(replace(CLEAN, findings=places))
    assert "in f0:1:1 and 2 more places, layer 1 of 2" in row


def test_only_new_findings_are_annotated() -> None:
    """Accepted findings and documented examples are no annotations."""
    report = replace(CLEAN, findings=(finding(status="baseline"), finding(held=TEST, status="example")))
    assert lines(report) == []


def test_what_is_kept_is_bounded() -> None:
    """However many findings there are, no more is held than can be printed."""
    annotations = Annotations()
    annotations.add(keys(2000))
    assert sum(len(best) for best in annotations._best.values()) == MOST
