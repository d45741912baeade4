"""The examples of docs/ci: each passes its product's schema where one is at hand, and its scan works in a shell."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from tests.cli.driver import TOP, Targets, environment

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = TOP / "docs/ci"

SCHEMAS = {
    "github-workflow.yml": ("vendor.github-workflows",),
    "gitlab-ci.yml": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    "circleci.yml": ("vendor.circle-ci",),
    # Its schema has patterns that only the older dialect of JavaScript takes.
    "azure-pipelines.yml": (
        *("vendor.azure-pipelines", "--data-transform", "azure-pipelines"),
        *("--regex-variant", "nonunicode"),
    ),
}
"""The schemas that come with check-jsonschema. There is none of Tekton or Jenkins."""

_SHIMS = {
    "imgscan": 'PYTHONPATH={top} exec {python} -P -m imgscan "$@"',
    "docker": '[ "$1" = save ] || exit 0; exec cat image',
    "skopeo": '[ "$1" = copy ] || exec cat >/dev/null; exec cp image "${{4#oci-archive:}}"',
    "pip": "exit 0",
    "apt-get": "exit 0",
}
"""What the examples call: imgscan as it is, and stand-ins that have the image in a file of that name."""


def load(name: str) -> Any:
    """Read an example."""
    return YAML(typ="safe").load(FOLDER / name)


@pytest.mark.parametrize("name", SCHEMAS)
def test_example_passes_its_schema(name: str) -> None:
    """The example is what its product takes for a pipeline."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *SCHEMAS[name], FOLDER / name],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_example_is_read() -> None:
    """Each YAML file is one document, and those without a schema are known."""
    names = {path.name for path in FOLDER.glob("*.y*ml")}
    assert names - set(SCHEMAS) == {"tekton-task.yaml"}
    assert all(isinstance(load(name), dict) for name in names)


def test_every_example_has_a_page() -> None:
    """Each example is linked from a page beside it, and each link of a page leads to a file."""
    pages = {page.name: page.read_text() for page in FOLDER.glob("*.md")}
    links = {link for text in pages.values() for link in re.findall(r"\]\(([^):#]+)\)", text)}
    assert {path.name for path in FOLDER.iterdir()} - set(pages) <= links
    assert [link for link in links if not (FOLDER / link).is_file()] == []


def _gitlab() -> list[str]:
    job = load("gitlab-ci.yml")["imgscan"]
    return [*job["before_script"], *job["script"]]


def _circleci() -> list[str]:
    runs = [step["run"] for step in load("circleci.yml")["jobs"]["imgscan"]["steps"] if "run" in step]
    return [run if isinstance(run, str) else run["command"] for run in runs]


def _azure() -> list[str]:
    steps = load("azure-pipelines.yml")["steps"]
    return [step[kind] for step in steps for kind in ("script", "bash") if kind in step]


def _jenkins() -> list[str]:
    return re.findall(r"sh '''(.*?)'''", (FOLDER / "Jenkinsfile").read_text(), re.DOTALL)


def _tekton() -> list[str]:
    [step] = load("tekton-task.yaml")["spec"]["steps"]
    assert "$(" not in step["script"]
    return [step["script"]]


EXAMPLES: dict[str, tuple[Callable[[], list[str]], list[str]]] = {
    "gitlab": (_gitlab, ["gl-secret-detection-report.json", "imgscan.html"]),
    "circleci": (_circleci, ["reports/imgscan.sarif", "reports/imgscan.html"]),
    "azure": (_azure, ["staging/imgscan.sarif"]),
    "jenkins": (_jenkins, ["imgscan.sarif", "imgscan.html"]),
    "tekton": (_tekton, ["imgscan.sarif", "code"]),
}
"""The commands of each example, and the files that it promises."""


@pytest.fixture(name="targets", scope="module")
def _targets(tmp_path_factory: pytest.TempPathFactory) -> Targets:
    return Targets.make(tmp_path_factory.mktemp("targets"))


def _play(name: str, target: str, folder: Path) -> int:
    """Run an example's commands one after the other, as the product does, and return the exit code."""
    shims = folder / "shims"
    for each in (shims, folder / "staging"):
        each.mkdir()
    for tool, text in _SHIMS.items():
        (shims / tool).write_text("#!/bin/sh\n" + text.format(top=TOP, python=sys.executable) + "\n")
        (shims / tool).chmod(0o755)
    image = Path(target).read_bytes()
    for file in ("image", "shop:ci", "image.tar"):  # an image's name is a file's here: no engine is needed
        (folder / file).write_bytes(image)
    variables = {
        "PATH": f"{shims}:/usr/bin:/bin",
        "BUILD_ARTIFACTSTAGINGDIRECTORY": str(folder / "staging"),
        "SCAN_TARGET": "image.tar",
        "EXIT_CODE": str(folder / "code"),
        "SCAN_IMAGE": "registry.example/shop:1",
    }
    code = 0
    for command in EXAMPLES[name][0]():
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", command], cwd=folder, env=environment(**variables), capture_output=True,
            stdin=subprocess.DEVNULL, check=False, timeout=300,
        )  # fmt: skip
        code = done.returncode
        if code:
            break
    return code


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(("target", "code"), [("clean", 0), ("live", 1), ("damaged", 2)])
def test_example_scans(name: str, target: str, code: int, targets: Targets, tmp_path: Path) -> None:
    """An example's job ends with the scan's exit code, and the reports that it promises are there in each case."""
    assert _play(name, getattr(targets, target), tmp_path) == code
    assert [file for file in EXAMPLES[name][1] if not (tmp_path / file).stat().st_size] == []


def test_tekton_tells_the_exit_code(targets: Targets, tmp_path: Path) -> None:
    """The task's result is the exit code, for tasks that come after it."""
    _play("tekton", targets.live, tmp_path)
    assert (tmp_path / "code").read_text() == "1"


def test_artifacts_are_kept_after_a_failure() -> None:
    """A job that findings have failed keeps its reports."""
    assert load("gitlab-ci.yml")["imgscan"]["artifacts"]["when"] == "always"
    assert load("azure-pipelines.yml")["steps"][-1]["condition"] == "succeededOrFailed()"
    assert "always {" in (FOLDER / "Jenkinsfile").read_text()


def test_the_page_of_the_action_names_its_inputs_and_outputs() -> None:
    """github.md has a row for each input and output of action.yml, and none besides."""
    action = YAML(typ="safe").load(TOP / "action.yml")
    rows = re.findall(r"(?m)^\| `([a-z-]+)` \|", (FOLDER / "github.md").read_text())
    assert rows == [*action["inputs"], *action["outputs"]]
    with_ = load("github-workflow.yml")["jobs"]["imgscan"]["steps"][-1]["with"]
    assert set(with_) <= set(action["inputs"])
