"""`docker imgscan`: the plugin's protocol, its installation, and Docker's own command line that runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from imgscan import __version__
from imgscan.cli import dockerinstall, dockerplugin
from imgscan.errors import UsageError
from imgscan.report.sarif.rules import INFORMATION_URI
from tests import tools
from tests.cli.driver import Run, environment, imgscan
from tests.cli.test_start import HEAVY

if TYPE_CHECKING:
    from tests.cli.driver import Targets

COMMANDS = frozenset(("image", "fs", "git", "rules"))


def plugin(*arguments: str, cwd: Path | None = None, **variables: str) -> Run:
    """Run the plugin as Docker does."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "imgscan.cli.dockerplugin", *arguments],
        capture_output=True, check=False, timeout=300, cwd=cwd, stdin=subprocess.DEVNULL,
        env=environment(PYTHONWARNINGS="", **variables),
    )  # fmt: skip
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_metadata() -> None:
    """Docker is told what it asks every plugin for."""
    done = plugin(dockerplugin.METADATA)
    assert done.code == 0
    assert done.json["SchemaVersion"] == "0.1.0"
    assert done.json["Version"] == __version__
    assert done.json["Vendor"]
    assert done.json["URL"] == INFORMATION_URI
    assert "\n" not in done.json["ShortDescription"]


def test_metadata_imports_nothing_heavy() -> None:
    """`docker --help` asks every plugin for its metadata, and does not wait for a detector."""
    code = "import sys, imgscan.cli.dockerplugin as plugin; plugin.metadata(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True, timeout=300
    )
    assert set(done.stdout.split()) & HEAVY == set()


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        (["imgscan", "app:1"], ["image", "app:1"]),
        (["imgscan", "-q", "app:1"], ["image", "-q", "app:1"]),
        (["imgscan", "app:1", "rules"], ["image", "app:1", "rules"]),
        (["imgscan", "imgscan"], ["image", "imgscan"]),
        (["imgscan", "fs", "."], ["fs", "."]),
        (["imgscan", "image", "rules"], ["image", "rules"]),
        (["imgscan", "--version"], ["--version"]),
        (["imgscan", "--help"], ["--help"]),
        (["imgscan"], ["--help"]),
        (["help", "imgscan"], ["--help"]),
        (["--help", "imgscan"], ["--help"]),
        ([], ["--help"]),
    ],
    ids=lambda words: " ".join(words) or "nothing",
)
def test_arguments(given: list[str], arguments: list[str]) -> None:
    """What follows is an image, unless it is a command of imgscan or asks for help or the version."""
    assert dockerplugin.arguments_of(given, COMMANDS) == (arguments, {})


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        (["--context", "build"], {"DOCKER_CONTEXT": "build", "DOCKER_HOST": ""}),
        (["--context=build"], {"DOCKER_CONTEXT": "build", "DOCKER_HOST": ""}),
        (["-c", "build"], {"DOCKER_CONTEXT": "build", "DOCKER_HOST": ""}),
        (["-cbuild"], {"DOCKER_CONTEXT": "build", "DOCKER_HOST": ""}),
        (["-H", "tcp://build:1"], {"DOCKER_HOST": "tcp://build:1"}),
        (["-H=tcp://build:1"], {"DOCKER_HOST": "tcp://build:1"}),
        (["--host", "imgscan"], {"DOCKER_HOST": "imgscan"}),
        (["--config", "/conf"], {"DOCKER_CONFIG": "/conf"}),
        (["-D", "--log-level", "debug", "-lwarn", "--debug"], {}),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_global_options(options: list[str], variables: dict[str, str]) -> None:
    """Docker's global options that choose an engine choose it for imgscan, too."""
    assert dockerplugin.arguments_of([*options, "imgscan", "a"], COMMANDS) == (["image", "a"], variables)


@pytest.mark.parametrize("option", ["--tls", "--tlscacert=ca.pem", "--tlsverify", "--new"])
def test_global_option_that_cannot_be_passed_on(option: str) -> None:
    """A global option that imgscan does not know is refused: another engine's image would be scanned."""
    with pytest.raises(UsageError, match="cannot be passed on"):
        dockerplugin.arguments_of([option, "imgscan", "a"], COMMANDS)


def test_refusal_ends_with_2() -> None:
    """Such a refusal is a sentence, and exit code 2."""
    done = plugin("--tls", "imgscan", "a")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("imgscan: docker's option --tls cannot be passed on")


def test_plugin_scans(targets: Targets) -> None:
    """The plugin scans an image and ends with the scan's exit code."""
    assert plugin("imgscan", targets.clean).code == 0
    assert plugin("imgscan", targets.live).code == 1
    assert plugin("imgscan", targets.damaged).code == 2


def test_completion_is_left_to_the_shell() -> None:
    """Docker's completion, which asks plugins, is told to complete file names."""
    assert plugin("__complete", "imgscan", "im").out == ":0\n"


# Installation


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of plugins of a configuration of our own, not yet made."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return tmp_path / "docker" / "cli-plugins"


def test_install_and_uninstall(capfdbinary: pytest.CaptureFixture[bytes], folder: Path) -> None:
    """`install` writes one executable into DOCKER_CONFIG, and `uninstall` removes it."""
    done = imgscan(capfdbinary, "docker-plugin", "install")
    path = folder / "docker-imgscan"
    assert (done.code, done.out) == (0, f"{path}: installed; try: docker imgscan --help\n")
    assert list(folder.iterdir()) == [path]
    assert os.access(path, os.X_OK)
    assert imgscan(capfdbinary, "docker-plugin", "uninstall").out == f"{path}: removed\n"
    assert list(folder.iterdir()) == []


def test_install_into_the_home_folder(
    capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without DOCKER_CONFIG the folder is ~/.docker/cli-plugins."""
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert imgscan(capfdbinary, "docker-plugin", "install").code == 0
    assert (tmp_path / ".docker/cli-plugins/docker-imgscan").exists()


def test_install_into_a_named_folder(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    """`--dir` names another folder, for all users of a machine for example."""
    assert imgscan(capfdbinary, "docker-plugin", "install", "--dir", tmp_path / "all").code == 0
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["docker-imgscan"]


def test_install_again(capfdbinary: pytest.CaptureFixture[bytes], folder: Path) -> None:
    """A second `install` replaces the first, as after an upgrade."""
    for _ in range(2):
        assert imgscan(capfdbinary, "docker-plugin", "install").code == 0
    assert len(list(folder.iterdir())) == 1


def test_install_over_a_link_to_the_console_script(capfdbinary: pytest.CaptureFixture[bytes], folder: Path) -> None:
    """A link to imgscan's own console script is replaced, and what it points to stays as it is."""
    folder.mkdir(parents=True)
    script = folder.parent / "console"
    script.write_text("from imgscan.cli.dockerplugin import main\n")
    (folder / "docker-imgscan").symlink_to(script)
    assert imgscan(capfdbinary, "docker-plugin", "install").code == 0
    assert not (folder / "docker-imgscan").is_symlink()
    assert script.read_text() == "from imgscan.cli.dockerplugin import main\n"


@pytest.mark.parametrize("command", ["install", "uninstall"])
@pytest.mark.parametrize("kind", ["file", "folder", "link to nothing"])
def test_what_is_not_ours_stays(
    capfdbinary: pytest.CaptureFixture[bytes], folder: Path, command: str, kind: str
) -> None:
    """A file of that name that imgscan has not written is neither replaced nor removed: exit code 2."""
    path = folder / "docker-imgscan"
    folder.mkdir(parents=True)
    if kind == "file":
        path.write_text("#!/bin/sh\nsomething else\n")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    done = imgscan(capfdbinary, "docker-plugin", command)
    assert done.code == 2
    assert f"{path} is not imgscan's" in done.err
    assert os.path.lexists(path)


def test_uninstall_of_nothing(capfdbinary: pytest.CaptureFixture[bytes], folder: Path) -> None:
    """Where nothing is installed, `uninstall` says so and is content."""
    done = imgscan(capfdbinary, "docker-plugin", "uninstall")
    assert (done.code, done.out) == (0, f"{folder / 'docker-imgscan'}: not installed\n")


def test_install_where_nothing_can_be_written(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    """A folder that cannot be made is reported with its path: exit code 2."""
    (tmp_path / "file").write_text("")
    done = imgscan(capfdbinary, "docker-plugin", "install", "--dir", tmp_path / "file" / "plugins")
    assert done.code == 2
    assert done.err.startswith(f"imgscan: cannot write {tmp_path}/file/plugins/docker-imgscan: ")


def test_script_of_a_path_with_special_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python whose path holds blanks, quotes and dollar signs is started by the installed script."""
    python = tmp_path / "a b'c\"$HOME;x" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    path = tmp_path / "plugin"
    path.write_text(dockerinstall.script())
    done = subprocess.run(
        ["/bin/sh", path, "imgscan", "--version"],
        capture_output=True, text=True, check=False, timeout=300,
        env=environment(PYTHONPATH=os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), *sys.path]))),
    )  # fmt: skip
    assert done.stdout == f"imgscan {__version__}\n"


def test_a_package_in_the_working_folder_is_not_run(
    capfdbinary: pytest.CaptureFixture[bytes], folder: Path, tmp_path: Path
) -> None:
    """A folder named imgscan where `docker imgscan` is run is no part of the program."""
    imgscan(capfdbinary, "docker-plugin", "install")
    (tmp_path / "imgscan").mkdir()
    (tmp_path / "imgscan/__init__.py").write_text("raise SystemExit(77)\n")
    done = subprocess.run(
        [folder / "docker-imgscan", "imgscan", "--version"],
        capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path, env=environment(),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"imgscan {__version__}\n")


# Docker's own command line


def _docker(*arguments: str) -> Run:
    """Run Docker's command line, with no engine."""
    variables = {name: value for name, value in environment().items() if name not in ("DOCKER_HOST", "DOCKER_CONTEXT")}
    done = subprocess.run(
        [tools.find("docker"), *arguments], capture_output=True, check=False, timeout=300, env=variables
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(name="installed")
def _installed(capfdbinary: pytest.CaptureFixture[bytes], folder: Path) -> Path:
    imgscan(capfdbinary, "docker-plugin", "install")
    return folder


@pytest.mark.real("docker")
def test_docker_lists_the_plugin(installed: Path) -> None:
    """`docker --help` names the plugin and what it does."""
    shown = _docker("--help").out
    assert "Find leaked Stripe keys in container images" in shown
    assert "Invalid Plugins" not in shown


@pytest.mark.real("docker")
@pytest.mark.parametrize("arguments", [["imgscan", "--help"], ["help", "imgscan"], ["imgscan"]], ids=" ".join)
def test_docker_shows_the_help(installed: Path, arguments: list[str]) -> None:
    """Docker's ways to ask for help end at imgscan's."""
    done = _docker(*arguments)
    assert done.code == 0
    assert "Find leaked Stripe keys in container images, layer by layer" in done.out


@pytest.mark.real("docker")
def test_docker_scans(installed: Path, targets: Targets) -> None:
    """`docker imgscan TARGET` gives the report and exit code of `imgscan image TARGET`."""
    done = _docker("imgscan", targets.live, "-f", "json")
    assert done.code == 1
    assert len(json.loads(done.out)["targets"][0]["findings"]) == 1
    assert _docker("imgscan", targets.clean, "-q").code == 0


@pytest.mark.real("docker")
def test_docker_passes_its_context_on(installed: Path) -> None:
    """`docker --context NAME imgscan` asks the engine of that context, and no other."""
    done = _docker("--context", "missing", "imgscan", "app:1")
    if "unable to resolve docker endpoint" in done.err:  # Docker 20.10 looks itself, before it asks a plugin
        assert (done.code, "missing" in done.err) == (1, True)
    else:
        assert (done.code, "the docker context missing does not exist" in done.err) == (2, True)
