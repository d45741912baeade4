"""The report for GitLab."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from imgscan.model import Location, Origin, TargetReport, Visibility
from tests.report.gitlab_schema import SCHEMA
from tests.report.samples import (
    BROKEN,
    CLEAN,
    CONTEXT,
    DIRECTORY,
    HISTORY,
    HOSTILE,
    SAMPLES,
    SHOP,
    finding,
    line,
    render,
)

VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def document(*reports: TargetReport, **settings: object) -> Any:
    """Render and read back."""
    return json.loads(render("gitlab", *reports, context=replace(CONTEXT, **settings)))  # type: ignore[arg-type]


def found(*reports: TargetReport, **settings: object) -> list[Any]:
    """Render and return the vulnerabilities."""
    vulnerabilities: list[Any] = document(*reports, **settings)["vulnerabilities"]
    return vulnerabilities


def test_the_schema_is_one() -> None:
    """The schema that is in for GitLab's is itself valid."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_schema_accepts_it(name: str) -> None:
    """A GitLab report has every required field in its form, whatever the names in the image."""
    VALIDATOR.validate(document(SAMPLES[name]))


def test_no_target_is_a_report_too() -> None:
    """A run without targets gives a report that GitLab takes."""
    VALIDATOR.validate(document())


@pytest.mark.parametrize("field", ["version", "scan", "vulnerabilities"])
def test_the_schema_would_notice(field: str) -> None:
    """The schema rejects a report that lacks a required field."""
    read = document(SHOP)
    del read[field]
    assert not VALIDATOR.is_valid(read)


def test_times_come_from_the_contexts_clock() -> None:
    """The scan begins when the report is started and ends when it is finished, told to the second, in UTC."""
    times = iter([datetime(2024, 5, 6, 7, 8, 9, 999, UTC), datetime(2024, 5, 6, 7, 9, 10, 0, UTC)])
    scan = document(SHOP, clock=lambda: next(times))["scan"]
    assert (scan["start_time"], scan["end_time"]) == ("2024-05-06T07:08:09", "2024-05-06T07:09:10")


def test_an_unwhole_scan_is_a_failure() -> None:
    """A scan that could not read everything has not succeeded, and says what is missing."""
    scan = document(CLEAN, BROKEN)["scan"]
    assert scan["status"] == "failure"
    assert {"level": "warn", "value": f"{BROKEN.target}: {BROKEN.diagnostics[0].message}"} in scan["messages"]
    assert document(CLEAN, SHOP)["scan"]["status"] == "success"


def test_messages_are_bounded() -> None:
    """Of very many diagnostics a hundred are reported and the others counted."""
    many = replace(CLEAN, diagnostics=BROKEN.diagnostics * 50)
    messages = document(many)["scan"]["messages"]
    assert len(messages) == 101
    assert messages[-1]["value"] == "700 more remarks in other reports"


def _elsewhere(location: Location) -> dict[str, Any]:
    """Return other lines for a place that has lines."""
    return {} if location.line is None else {"line": 77, "end_line": 77}


def test_identities_outlive_a_rebuild() -> None:
    """A finding's identity is a UUID that tag, digest, layer and line do not change."""
    moved = replace(
        SHOP,
        target="shop:next",
        reference="registry.example:5000/acme/shop:next",
        digest=None,
        findings=tuple(
            replace(one, location=replace(one.location, layer=1, **_elsewhere(one.location))) for one in SHOP.findings
        ),
    )
    identities = [one["id"] for one in found(SHOP)]
    assert [one["id"] for one in found(moved)] == identities
    assert all(uuid.UUID(identity).version == 5 for identity in identities)


def test_identities_are_distinct() -> None:
    """Each vulnerability of a report has an identity of its own, also where an image was scanned twice."""
    identities = [one["id"] for one in found(SHOP, SHOP, BROKEN, HOSTILE)]
    assert len(set(identities)) == len(identities)


def test_keys_in_one_line_stay_apart() -> None:
    """Two keys of one rule in one line differ in the first identifier, by which GitLab tells vulnerabilities apart."""
    twins = replace(CLEAN, findings=(finding(fingerprint="a:1"), finding(fingerprint="b:1")))
    first = [one["identifiers"][0] for one in found(twins)]
    assert [(one["type"], one["value"]) for one in first] == [
        ("imgscan_fingerprint", "a:1"),
        ("imgscan_fingerprint", "b:1"),
    ]


def test_the_rule_and_its_weakness_are_identifiers() -> None:
    """A vulnerability also names its rule, and hard-coded credentials as its weakness."""
    identifiers = found(SHOP)[0]["identifiers"]
    assert [(one["type"], one["value"]) for one in identifiers[1:]] == [
        ("imgscan_rule_id", "stripe-secret-key"),
        ("cwe", "798"),
    ]


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ("stripe-secret-key", "Critical"),
        ("stripe-webhook-secret", "High"),
        ("stripe-secret-key-test", "Medium"),
        ("stripe-publishable-key", "Info"),
    ],
)
def test_severity_follows_level_and_score(rule: str, severity: str) -> None:
    """An error of 9.0 and above is critical, below it high, a warning is medium, a note for information."""
    assert found(replace(CLEAN, findings=(finding(rule),)))[0]["severity"] == severity


def test_the_extract_is_the_redacted_key() -> None:
    """What stands for the source code is the redacted key."""
    assert found(SHOP)[0]["raw_source_code_extract"] == "sk_live_51…a1B2"


def test_an_origin_is_the_location() -> None:
    """A finding whose Dockerfile line is known points there, so that GitLab can link to it."""
    location = found(BROKEN)[0]["location"]
    assert (location["file"], location["start_line"], location["end_line"]) == ("docker/Dockerfile", 12, 12)


def test_without_an_origin_the_location_is_the_place() -> None:
    """Other findings point into the image, or into the folder as the user named it."""
    assert found(SHOP)[0]["location"]["file"] == "shop/app/.env"
    assert found(SHOP)[5]["location"]["file"] == "shop/.image/config.json/config/Env/STRIPE_API_KEY"
    assert found(DIRECTORY)[0]["location"]["file"] == "services/pay/.env.production"


def test_a_binary_has_no_line() -> None:
    """A location without a line has no line, and none is made up."""
    assert "start_line" not in found(SHOP)[3]["location"]


@pytest.mark.parametrize(
    ("commit", "told"),
    [("1" * 40, "1" * 40), ("a" * 64, "a" * 64), (None, "0" * 40), ("main; rm", "0" * 40), ("A" * 40, "0" * 40)],
)
def test_the_commit_is_told_where_it_is_one(commit: str | None, told: str) -> None:
    """The commit is the one that is being built; anything that is none becomes forty zeros."""
    assert found(SHOP, commit=commit)[0]["location"]["commit"] == {"sha": told}


def test_examples_are_no_vulnerabilities_and_accepted_ones_stay() -> None:
    """A documented example is left out; an accepted finding stays, and says so, or GitLab would call it repaired."""
    report = replace(CLEAN, findings=(finding(status="example", level="note"), finding(status="baseline")))
    (one,) = found(report)
    assert "Accepted in the baseline." in one["description"]


def test_a_description_holds_foreign_names_in_code_spans() -> None:
    """A name that would be markup, a user or the end of its code span is in a code span, harmless."""
    name = "`@all` ![x](https://evil.example) `` #1"
    text = found(replace(CLEAN, findings=(finding(location=line(0, name, 1, 1)),)))[0]["description"]
    assert f"`{name.replace('`', chr(92) + 'x60')}:1:1`" in text


def test_a_description_tells_layer_life_and_origin() -> None:
    """A description says where the key is, what became of the file, where it came from and what it opens."""
    report = replace(SHOP, findings=(replace(SHOP.findings[0], origin=Origin(9, source="deploy/.env")),))
    assert found(report)[0]["description"].startswith(
        "`sk_live_51…a1B2` is in `app/.env:3:19`, layer 4 of 7, made by `COPY . /app # buildkit`. "
        "Deleted in layer 5, still readable. It comes from `deploy/.env:9`. It opens account `acct_1HhabcDEFghiJKLm`.\n"
    )


def test_what_dockerignore_would_do_is_told() -> None:
    """A source file that a line of .dockerignore would have kept out is described with that advice."""
    origin = Origin(9, source="deploy/.env", ignorable=True)
    report = replace(SHOP, findings=(replace(SHOP.findings[0], origin=origin),))
    advice = " It comes from `deploy/.env:9`. Listing the file in .dockerignore keeps it out of the image. "
    assert advice in found(report)[0]["description"]


def test_limits_are_kept() -> None:
    """Names as long as an archive allows do not make a report that GitLab rejects."""
    long = replace(
        CLEAN,
        findings=(
            finding(location=Location(0, "x/" * 40_000, offset=1), visibility=Visibility("visible"), title="t" * 1000),
        ),
    )
    rules = [replace(rule, rotate=("step " * 3000,)) for rule in CONTEXT.rules]
    VALIDATOR.validate(document(long, rules=rules))


def test_a_finding_of_a_commit_names_that_commit() -> None:
    """In a repository the commit is the finding's own; for what is staged it is the one being built."""
    commits = [one["location"]["commit"] for one in found(HISTORY, commit="1" * 40)]
    assert commits == [{"sha": "1f0c" * 10, "date": "2024-02-28T23:01:02+01:00"}, {"sha": "1" * 40}]
