"""The GitHub action: its script in an environment like the runner's, and action.yml by GitHub's schema."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from fixtures.keys import Keys
from tests import tools
from tests.cli.driver import TOP, archive, environment

if TYPE_CHECKING:
    from tests.cli.driver import Targets

ACTION = TOP / "action.yml"
SCRIPT = TOP / "action/run.sh"

_PYTHON = """\
#!/bin/sh
[ "$1" = -I ] && shift
export PYTHONPATH='{top}'
exec '{python}' -P "$@"
"""
"""Stands for the Python of an installed environment: -P is what counts of -I, and PYTHONPATH is the installation."""

HOSTILE = [
    "$(touch made)`touch made`${IFS}touch${IFS}made'; touch made; '\"; touch made; \" || touch made & > made",
    "--output=made\ntouch made\n::error::made",
]
"""What an input may hold where a pull request can choose it: none of it may run, or write a file named made."""


@dataclass
class Runner:
    """A folder that looks like a runner's: workspace, temporary folder, and the files that a step writes to."""

    top: Path
    install: bool = False
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in (self.workspace, self.temporary):
            folder.mkdir()
        if not self.install:
            self.prepare("imgscan-action")

    @property
    def workspace(self) -> Path:
        """Where the repository is checked out, and where steps start."""
        return self.top / "work space"

    @property
    def temporary(self) -> Path:
        """RUNNER_TEMP."""
        return self.top / "temporary $HOME"

    def prepare(self, name: str) -> None:
        """Put an environment there that a use of the action earlier in the job has installed."""
        folder = self.temporary / name / "bin"
        folder.mkdir(parents=True)
        (folder / "python").write_text(_PYTHON.format(python=sys.executable, top=TOP))
        (folder / "python").chmod(0o755)
        (folder.parent / ".ready").touch()

    def step(self, **inputs: str) -> Step:
        """Run the scan step with these inputs; the others have their defaults, as the runner gives them."""
        output, summary = self.top / "output", self.top / "summary"
        for path in (output, summary):
            path.write_text("")
        given = {name: str(value.get("default", "")) for name, value in _action()["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        variables = {
            name: given[match[1]]
            for name, value in _action()["runs"]["steps"][0]["env"].items()
            if (match := re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value))
        }
        runner = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(TOP),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(self.temporary),
        }
        done = subprocess.run(
            [
                *(tools.find("bash"), "--noprofile", "--norc", "-eo", "pipefail", "-c"),
                _action()["runs"]["steps"][0]["run"],
            ],
            cwd=self.workspace,
            env=environment(**({"PYTHONWARNINGS": ""} | runner | variables | self.variables)),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=300,
        )
        lines = output.read_text().splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        assert len(outputs) == len(lines)
        return Step(done.returncode, done.stdout.decode(), done.stderr.decode(), outputs, summary.read_text())


@dataclass(frozen=True)
class Step:
    """How the step ended: exit code, log, outputs, and its part of the job's summary."""

    code: int
    out: str
    err: str
    outputs: dict[str, str]
    summary: str

    @property
    def sarif(self) -> Any:
        """The SARIF report that the outputs name."""
        return json.loads(Path(self.outputs["sarif"]).read_text())


def _action() -> Any:
    return YAML(typ="safe").load(ACTION)


@pytest.fixture(name="runner")
def _runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.parametrize(
    ("target", "code", "findings"), [("clean", 0, "0"), ("live", 1, "1"), ("damaged", 2, "1")], ids=["0", "1", "2"]
)
def test_exit_code_and_outputs(runner: Runner, targets: Targets, target: str, code: int, findings: str) -> None:
    """The step ends with the scan's exit code; SARIF, summary and outputs are written whatever it is."""
    step = runner.step(target=getattr(targets, target))
    assert step.code == code
    assert step.outputs == {
        "findings": findings,
        "sarif": str(runner.temporary / "imgscan.sarif"),
        "exit-code": str(code),
    }
    assert len(step.sarif["runs"][0]["results"]) == int(findings)
    assert f"{target}.tar" in step.summary


def test_text_and_annotations_are_in_the_log(runner: Runner, targets: Targets) -> None:
    """The log shows the text report, and each finding as an annotation."""
    step = runner.step(target=targets.live)
    assert "Stripe secret key (live)" in step.out
    assert "::error " in step.out + step.err


def test_nothing_is_left_beside_the_sarif_report(runner: Runner, targets: Targets) -> None:
    """The reports that only the step needs are removed, and nothing is written into the workspace."""
    runner.step(target=targets.live)
    assert {path.name for path in runner.temporary.iterdir()} == {"imgscan-action", "imgscan.sarif"}
    assert list(runner.workspace.iterdir()) == []


def test_summary_is_added(runner: Runner, targets: Targets) -> None:
    """The summary of a step is added to what other commands of the step wrote."""
    runner.variables["GITHUB_STEP_SUMMARY"] = ""
    assert runner.step(target=targets.clean).code == 0  # where there is no such file, none is written
    (runner.top / "own").write_text("before\n")
    runner.variables["GITHUB_STEP_SUMMARY"] = str(runner.top / "own")
    runner.step(target=targets.live)
    assert (runner.top / "own").read_text().startswith("before\n")
    assert len((runner.top / "own").read_text()) > 100


def test_several_targets(runner: Runner, targets: Targets) -> None:
    """Each line of the target is one: they are scanned in one run."""
    step = runner.step(target=f"{targets.live}\n\n  {targets.test}\n")
    assert step.outputs["findings"] == "2"


def test_files(runner: Runner) -> None:
    """With kind fs the target is a folder, relative to the workspace."""
    (runner.workspace / ".env").write_text(f"STRIPE_KEY={Keys('action').secret99()}\n")
    step = runner.step(target=".", kind="fs", args="--exclude=*.log\n--min-confidence\nlow\n")
    assert (step.code, step.outputs["findings"]) == (1, "1")


def test_fail_on(runner: Runner, targets: Targets) -> None:
    """The level from which a finding fails the step is an input; the findings are counted all the same."""
    step = runner.step(target=targets.live, fail_on="never")
    assert (step.code, step.outputs["findings"]) == (0, "1")


def test_baseline(runner: Runner, targets: Targets) -> None:
    """What the baseline accepts does not fail the step, and is not counted."""
    with (runner.workspace / "report.json").open("wb") as report:
        subprocess.run(
            [sys.executable, "-m", "imgscan", "image", targets.live, "-f", "json"],
            env=environment(), stdout=report, check=False, timeout=300,
        )  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "imgscan", "baseline", "add", "report.json", "--reason", "known"],
        env=environment(), cwd=runner.workspace, check=True, timeout=300, capture_output=True,
    )  # fmt: skip
    step = runner.step(target=targets.live, baseline="imgscan-baseline.json")
    assert (step.code, step.outputs["findings"]) == (0, "0")


def test_sarif_file(runner: Runner, targets: Targets) -> None:
    """The SARIF report goes where it is requested, in a folder that is made if need be."""
    step = runner.step(target=targets.live, sarif_file="out/$HOME/a b.sarif")
    assert step.outputs["sarif"] == "out/$HOME/a b.sarif"
    assert (runner.workspace / "out/$HOME/a b.sarif").is_file()


def test_sarif_of_an_earlier_scan_is_not_uploaded(runner: Runner, targets: Targets) -> None:
    """Where the scan cannot start there is no SARIF output, even if there is a file of that name."""
    (runner.workspace / "old.sarif").write_text("{}")
    step = runner.step(target=targets.live, args="--no-such-option", sarif_file="old.sarif")
    assert (step.code, step.outputs) == (2, {"exit-code": "2"})


@pytest.mark.parametrize(
    "inputs",
    [
        {"target": ""},
        {"target": " \n"},
        {"kind": "git"},
        {"kind": "image --show-secrets"},
        {"args": "--show-secrets"},
        {"args": "--"},
        {"fail_on": "sometimes"},
        {"fail_on": "error\nnever"},
        {"baseline": "missing.json"},
        {"sarif_file": "a\nexit-code=0"},
        {"sarif_file": "."},
        {"version": "1.0 @ https://example.com/x.whl"},
        {"version": "1.0; python_version<'4'"},
    ],
    ids=str,
)
def test_wrong_inputs(runner: Runner, targets: Targets, inputs: dict[str, str]) -> None:
    """A wrong input ends the step with 2 and a reason, and no report claims that anything was scanned."""
    step = runner.step(**{"target": targets.live} | inputs)
    assert step.code == 2
    assert step.outputs == {"exit-code": "2"}
    assert "::error title=imgscan::" in step.out or "imgscan: " in step.err


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["target", "kind", "args", "fail_on", "baseline", "sarif_file", "version", "python"])
def test_no_input_is_run(runner: Runner, targets: Targets, name: str, text: str) -> None:
    """No input is read by a shell, or starts a command of the runner."""
    if name == "python":
        (runner.temporary / "imgscan-action/.ready").unlink()
    step = runner.step(**{"target": targets.live, name: text})
    assert not (runner.workspace / "made").exists() or name == "sarif_file"
    assert not re.search(r"(?m)^\s*::error::made", step.out + step.err)


def test_show_secrets_is_refused(runner: Runner, targets: Targets) -> None:
    """No argument makes the action write whole credentials."""
    step = runner.step(target=targets.live, args="-f\njson\n  --show-secrets\n-o\nall.json")
    assert step.code == 2
    assert list(runner.workspace.iterdir()) == []


def test_secrets_are_in_nothing_that_is_written(runner: Runner, targets: Targets) -> None:
    """Log, outputs, summary and SARIF hold no credential."""
    step = runner.step(target=f"{targets.live}\n{targets.test}")
    written = "".join([step.out, step.err, step.summary, str(step.outputs), json.dumps(step.sarif)])
    assert [key for key in targets.keys if key[-24:] in written] == []


def _trap(runner: Runner) -> None:
    """Fill the workspace with modules that end whatever imports them."""
    for name in ("json", "venv", "pip", "runpy", "imgscan", "click"):
        (runner.workspace / f"{name}.py").write_text("raise SystemExit(77)\n")


def test_modules_of_the_workspace_are_not_run(tmp_path: Path, targets: Targets) -> None:
    """Python modules of the repository that is scanned take the place of none that the action needs."""
    runner = Runner(tmp_path)
    _trap(runner)
    step = runner.step(target=targets.live)
    assert (step.code, step.outputs["findings"]) == (1, "1")


def test_an_environment_of_a_version_is_found_again(runner: Runner, targets: Targets) -> None:
    """A second use of the action in a job does not install again what the first has installed."""
    runner.prepare("imgscan-1.2.3")
    assert runner.step(target=targets.clean, version="1.2.3", python="/nowhere/python").code == 0


@pytest.mark.parametrize("name", ["RUNNER_TEMP", "GITHUB_OUTPUT"])
def test_whatever_stops_the_script_is_no_finding(runner: Runner, targets: Targets, name: str) -> None:
    """A runner whose folders are missing or cannot be written ends the step with 2, not with 1."""
    runner.variables[name] = "" if name == "RUNNER_TEMP" else str(runner.top / "missing/output")
    assert runner.step(target=targets.live).code == 2


def test_python_that_is_missing(tmp_path: Path, targets: Targets) -> None:
    """Where imgscan cannot be installed, the step ends with 2 and says what it needs."""
    step = Runner(tmp_path, install=True).step(target=targets.clean, python="no-such-python")
    assert (step.code, step.outputs) == (2, {"exit-code": "2"})
    assert "::error title=imgscan::imgscan cannot be installed" in step.out


def test_installation(tmp_path: Path) -> None:
    """The step installs imgscan from the action's own folder into an environment of its own, and scans with it."""
    tools.index("the action installs imgscan")
    runner = Runner(tmp_path, install=True)
    runner.variables["PYTHONPATH"] = "."
    _trap(runner)
    path = archive(runner.workspace / "shop.tar", {"app/.env": f"STRIPE_KEY={Keys('installed').secret99()}\n"})
    step = runner.step(target=os.path.relpath(path, runner.workspace), python=sys.executable)
    assert (step.code, step.outputs.get("findings")) == (1, "1"), step.out + step.err
    assert (runner.temporary / "imgscan-action/bin/docker-imgscan").exists()


# action.yml


def test_action_passes_the_schema() -> None:
    """action.yml is what GitHub takes for an action."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", ACTION],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_no_expression_stands_in_a_script() -> None:
    """Expressions are put into scripts as text, before a shell reads them: so there is none in one."""
    assert [step["run"] for step in _action()["runs"]["steps"] if "${{" in step.get("run", "")] == []


def test_every_input_is_used_and_described() -> None:
    """Each input has a description and reaches a step."""
    action = _action()
    used = set(re.findall(r"inputs\.([a-z-]+)", json.dumps(action["runs"])))
    assert used == set(action["inputs"])
    assert [name for name, value in action["inputs"].items() if not value["description"]] == []


def test_every_output_is_written(runner: Runner, targets: Targets) -> None:
    """The outputs that action.yml promises are those that the script writes."""
    promised = {
        name: re.fullmatch(r"\$\{\{ steps\.scan\.outputs\.([a-z-]+) \}\}", value["value"])
        for name, value in _action()["outputs"].items()
    }
    names = {name: match[1] for name, match in promised.items() if match}
    assert names == {name: name for name in runner.step(target=targets.live).outputs}


def test_the_upload_follows_a_failed_scan() -> None:
    """SARIF is uploaded after a scan that failed, too, and not where there is none."""
    condition = _action()["runs"]["steps"][1]["if"]
    assert "!cancelled()" in condition
    assert "steps.scan.outputs.sarif != ''" in condition
