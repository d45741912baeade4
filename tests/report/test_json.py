"""The reports for machines: JSON and JSON Lines."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from typing import Any

from imgscan.model import Diagnostic, Location, Origin, Stats, TargetReport
from imgscan.report import open_report
from tests.report.samples import BROKEN, CLEAN, CONTEXT, DIRECTORY, HISTORY, HOSTILE, SHOP, VERSION, finding, render


def document(*reports: TargetReport) -> Any:
    """Render and read back."""
    return json.loads(render("json", *reports))


def rows(*reports: TargetReport) -> list[Any]:
    """Render and read back, line by line."""
    return [json.loads(row) for row in render("jsonl", *reports).splitlines()]


def test_the_document_names_schema_and_program() -> None:
    """A JSON report opens with its schema and the program's name and version."""
    read = document(CLEAN)
    assert list(read) == ["schema", "tool", "targets"]
    assert read["schema"] == "imgscan/1"
    assert read["tool"] == {"name": "imgscan", "version": VERSION}


def test_the_document_is_indented_and_ends_its_last_line() -> None:
    """A JSON report is laid out as `json.dumps(indent=2)` would, and ends in a newline."""
    raw = render("json", SHOP, CLEAN).decode()
    assert raw == json.dumps(json.loads(raw), indent=2, ensure_ascii=False) + "\n"


def test_fields_and_their_order_are_the_schemas() -> None:
    """Objects have the fields of schema imgscan/1, in its order, and no others."""
    target = document(SHOP)["targets"][0]
    assert " ".join(target) == (
        "target kind reference digest config_digest platform layers findings diagnostics summary stats"
    )
    layer, found, skipped = target["layers"][0], target["findings"][0], target["diagnostics"][0]
    assert " ".join(layer) == "index digest diff_id media_type created_by size bytes entries from_base"
    assert " ".join(found) == ("rule_id title level confidence status secret location visibility origin fingerprint")
    assert " ".join(found["secret"]) == "redacted sha256 length mode account account_created"
    assert " ".join(found["location"]) == "layer path line column offset encoding field"
    assert " ".join(found["visibility"]) == "state layer"
    assert " ".join(skipped) == "severity code message layer path bytes"
    assert " ".join(target["summary"]) == "secrets findings by_level hidden"
    assert " ".join(target["summary"]["hidden"]) == "confidence examples publishable ignored baseline"
    assert " ".join(target["stats"]) == "bytes entries layers expanded members"


def test_the_summary_counts_secrets_and_findings() -> None:
    """The summary tells different secrets from findings, and has every level."""
    summary = document(SHOP)["targets"][0]["summary"]
    assert (summary["secrets"], summary["findings"]) == (3, 6)
    assert summary["by_level"] == {"error": 4, "warning": 2, "note": 0}


def test_a_name_that_is_not_utf_8_has_its_bytes() -> None:
    """A name that is not UTF-8 is written escaped, its bytes beside it in base64."""
    location = next(
        one["location"] for one in document(HOSTILE)["targets"][0]["findings"] if "path_bytes" in one["location"]
    )
    assert list(location)[:3] == ["layer", "path", "path_bytes"]
    assert location["path"] == "caf\\xe9/\\xff"
    assert base64.b64decode(location["path_bytes"]) == b"caf\xe9/\xff"


def test_an_origin_is_a_dockerfile_or_a_source() -> None:
    """An origin names the Dockerfile or the source file, whichever it is, and the line."""
    found = replace(BROKEN.findings[0], origin=Origin(3, source="app/.env"))
    source = document(replace(BROKEN, findings=(found,)))["targets"][0]["findings"][0]["origin"]
    dockerfile = document(BROKEN)["targets"][0]["findings"][0]["origin"]
    assert (source, dockerfile) == (
        {"source": "app/.env", "line": 3},
        {"dockerfile": "docker/Dockerfile", "line": 12},
    )


def test_lone_surrogates_are_written_as_text() -> None:
    """A string that UTF-8 has no form for is written with its surrogates spelt out."""
    report = TargetReport("a", "image", findings=(finding(location=Location(layer=None, path="a\udce9b\ud800")),))
    assert document(report)["targets"][0]["findings"][0]["location"]["path"] == "a\\udce9b\\ud800"


def test_absurd_sizes_are_capped() -> None:
    """A size that no 64 bits hold, which only a lying header has, is written as the largest one."""
    report = TargetReport(
        "a", "image", diagnostics=(Diagnostic("error", "a", "b", bytes=2**80),), stats=Stats(-(2**80))
    )
    target = document(report)["targets"][0]
    assert target["diagnostics"][0]["bytes"] == 2**63 - 1
    assert target["stats"]["bytes"] == -(2**63)


def test_lines_come_in_the_order_of_the_report() -> None:
    """JSON Lines has, for each target, its target line, layers, findings, diagnostics and summary."""
    kinds = [row["type"] for row in rows(CLEAN, SHOP)]
    assert kinds == [
        *["target", "layer", "layer", "summary"],
        *["target", *["layer"] * 7, *["finding"] * 6, "diagnostic", "summary"],
    ]


def test_lines_hold_the_documents_values() -> None:
    """A JSON Lines report holds what the JSON report holds."""
    for report in (SHOP, BROKEN, DIRECTORY, HOSTILE):
        target = document(report)["targets"][0]
        read = rows(report)
        rebuilt = {key: value for key, value in read[0].items() if key not in {"type", "schema", "tool"}}
        for kind, name in (("layer", "layers"), ("finding", "findings"), ("diagnostic", "diagnostics")):
            rebuilt[name] = [{k: v for k, v in row.items() if k != "type"} for row in read if row["type"] == kind]
        rebuilt["summary"] = {k: v for k, v in read[-1].items() if k not in {"type", "stats"}}
        rebuilt["stats"] = read[-1]["stats"]
        assert rebuilt == target


def test_lines_are_written_as_each_target_comes() -> None:
    """A reader of JSON Lines has a target's lines before the next target is scanned."""
    out = io.BytesIO()
    report = open_report("jsonl", CONTEXT)
    report.start(out)
    report.target(CLEAN, out)
    assert out.getvalue() == render("jsonl", CLEAN)


def test_a_commit_is_told_in_repositories_only() -> None:
    """In a git target a location has its commit and author date, null for what is staged; elsewhere it has neither."""
    first, second = (found["location"] for found in document(HISTORY)["targets"][0]["findings"])
    assert (first["commit"], first["authored"]) == ("1f0c" * 10, "2024-02-28T23:01:02+01:00")
    assert (second["commit"], second["authored"]) == (None, None)
    assert "commit" not in document(SHOP)["targets"][0]["findings"][0]["location"]
    assert [row["location"]["commit"] for row in rows(HISTORY) if row["type"] == "finding"] == ["1f0c" * 10, None]
