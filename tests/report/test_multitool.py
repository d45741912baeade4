"""SARIF as Microsoft's validator sees it, with the rules that it has for GitHub.

The tool is npm's `@microsoft/sarif-multitool`; `IMGSCAN_MULTITOOL` names its binary, `Sarif.Multitool`.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests import tools
from tests.report.samples import CLEAN, SAMPLES, SHOP, render

if TYPE_CHECKING:
    from pathlib import Path

    from imgscan.model import TargetReport

# The tool ends well, and reports nothing at all, on a file that it could not read. This note ("no
# versionControlProvenance") holds for every run of ours, so its presence proves that the run was read.
_PROOF_OF_READING = "SARIF2003"


def _complaints(directory: Path, *reports: TargetReport) -> list[Any]:
    tool = tools.find("Sarif.Multitool", variable="IMGSCAN_MULTITOOL")
    file, answer = directory / "imgscan.sarif", directory / "answer.sarif"
    file.write_bytes(render("sarif", *reports))
    asked = ["--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note", "--log", "ForceOverwrite"]
    command = [str(tool), "validate", str(file), *asked, "-o", str(answer)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return [result for run in json.loads(answer.read_bytes())["runs"] for result in run["results"]]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_validator_has_no_complaint(name: str, tmp_path: Path) -> None:
    """Microsoft's validator reads every SARIF report and finds no error and nothing to warn of."""
    complaints = _complaints(tmp_path, SAMPLES[name])
    assert _PROOF_OF_READING in {one["ruleId"] for one in complaints}
    assert [one for one in complaints if one.get("level", "warning") != "note"] == []


def test_several_runs_are_read(tmp_path: Path) -> None:
    """A file of several images has no complaint either."""
    complaints = _complaints(tmp_path, SHOP, CLEAN, SHOP)
    assert sum(one["ruleId"] == _PROOF_OF_READING for one in complaints) == 3
    assert [one for one in complaints if one.get("level", "warning") != "note"] == []
