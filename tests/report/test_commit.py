"""The commit that a key inside a git pack came in with."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from imgscan.model import Location, TargetReport
from imgscan.report import FORMATS, open_report
from imgscan.report.annotations import Annotations
from tests.report.samples import CLEAN, CONTEXT, DIRECTORY, SHOP, finding

COMMIT = "1f0c2d3e4a5b" + "6" * 28
OBJECT = "9" * 40
PATH = f"app/.git/objects/pack/x.pack!/{OBJECT}"
AUTHORED = "2024-02-29T12:00:00+01:00"
PACKED = Location(0, PATH, line=3, column=5, field="git/config/keys.py", commit=COMMIT, authored=AUTHORED)
IMAGE = replace(SHOP, findings=(finding(location=PACKED),))
FOLDER = replace(DIRECTORY, findings=(finding(location=replace(PACKED, layer=None)),))


def written(form: str, report: TargetReport) -> str:
    """Write a report as users see it."""
    if form == "annotations":
        annotations = Annotations()
        annotations.add(report)
        return "\n".join(annotations.lines())
    out = io.BytesIO()
    made = open_report(form, CONTEXT)
    made.start(out)
    made.target(report, out)
    made.finish(out)
    return out.getvalue().decode()


@pytest.mark.parametrize("report", [IMAGE, FOLDER], ids=["image", "folder"])
@pytest.mark.parametrize("form", [*FORMATS, "annotations"])
def test_every_format_shows_the_commit(form: str, report: TargetReport) -> None:
    """A key in a pack is shown with its commit, in images and folders as in repositories."""
    assert COMMIT[:12] in written(form, report)
    assert "2024-02-29" in written(form, report)


@pytest.mark.parametrize("report", [IMAGE, FOLDER], ids=["image", "folder"])
def test_programs_get_the_whole_commit(report: TargetReport) -> None:
    """JSON, JSON Lines and SARIF have the commit's full id beside the path of the object."""
    (found,) = json.loads(written("json", report))["targets"][0]["findings"]
    lines = [json.loads(line) for line in written("jsonl", report).splitlines()]
    (line,) = [line for line in lines if line["type"] == "finding"]
    for location in (found["location"], line["location"]):
        assert (location["path"], location["commit"]) == (PATH, COMMIT)
        assert location["authored"] == AUTHORED
    (result,) = json.loads(written("sarif", report))["runs"][0]["results"]
    assert (result["properties"]["commit"], result["properties"]["field"]) == (COMMIT, "git/config/keys.py")


@pytest.mark.parametrize("report", [IMAGE, FOLDER], ids=["image", "folder"])
def test_gitlab_links_to_no_foreign_commit(report: TargetReport) -> None:
    """GitLab takes `location.commit` for one of the project: a pack's may be of any repository, and is described."""
    (entry,) = json.loads(written("gitlab", report))["vulnerabilities"]
    commit: Any = entry["location"]["commit"]
    assert commit == {"sha": "0" * 40}
    assert f"It came in with `commit {COMMIT[:12]}, 2024-02-29`" in entry["description"]


def test_a_finding_without_a_commit_names_none() -> None:
    """Where no commit is known, JSON has no member for it outside repositories."""
    report = replace(CLEAN, findings=(finding(location=replace(PACKED, commit=None, authored=None)),))
    assert "commit" not in json.loads(written("json", report))["targets"][0]["findings"][0]["location"]
