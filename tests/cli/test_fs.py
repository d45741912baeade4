"""`imgscan fs`: files and folders by the same rules as images."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from fixtures.builders import tar
from fixtures.keys import Keys
from tests.cli.driver import command, environment, process
from tests.scan.trees import grow

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Imgscan

KEYS = Keys("fs")
KEY = KEYS.secret99()
LINE = f"STRIPE_KEY={KEY}\n".encode()
TEST = f"STRIPE_KEY={KEYS.secret99(live=False)}\n".encode()


def test_a_folder(imgscan: Imgscan, tmp_path: Path) -> None:
    """A folder's findings have the shape of an image's, without layer and life, and exit code 1."""
    done = imgscan("fs", grow(tmp_path / "app", {"src/pay.py": b"\n" + LINE, "b": b""}), "-f", "json")
    assert done.code == 1
    [target] = done.json["targets"]
    assert (target["target"], target["kind"], target["layers"]) == (str(tmp_path / "app"), "filesystem", [])
    [finding] = target["findings"]
    place = finding["location"]
    assert (place["layer"], place["path"], place["line"], place["column"]) == (None, "src/pay.py", 2, 12)
    assert finding["visibility"] is None
    stats = target["stats"]
    assert (stats["bytes"], stats["entries"], stats["layers"]) == (len(LINE) + 1, 2, 0)


@pytest.mark.parametrize("format", ["text", "json", "jsonl", "sarif"])
def test_every_format(imgscan: Imgscan, tmp_path: Path, format: str) -> None:  # noqa: A002
    """Each format takes files, and none of them holds the secret."""
    root = grow(tmp_path, {"a.env": LINE, "b.tar": tar([("x", LINE)])})
    os.mkfifo(root / "pipe")
    done = imgscan("fs", root, "-f", format)
    assert done.code == 1
    assert "a.env" in done.out
    assert KEY not in done.out + done.err


def test_several_paths(imgscan: Imgscan, tmp_path: Path) -> None:
    """Each path is a target of its own; one that is not there does not stop the others, and is exit code 2."""
    root = grow(tmp_path, {"a/x": LINE, "b/y": TEST})
    done = imgscan("fs", root / "a", root / "none", root / "b/y", "-f", "json")
    assert done.code == 2
    assert [target["kind"] for target in done.json["targets"]] == ["filesystem"] * 3
    assert [[each["location"]["path"] for each in target["findings"]] for target in done.json["targets"]] == [
        ["x"], [], ["y"]
    ]  # fmt: skip
    assert "cannot read" in done.err
    assert imgscan("fs", root / "a", root / "b/y").code == 1


@pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("never", 0)])
def test_fail_on(imgscan: Imgscan, tmp_path: Path, level: str, code: int) -> None:
    """--fail-on counts as for images."""
    assert imgscan("fs", grow(tmp_path, {"a": TEST}), "--fail-on", level).code == code


def test_nothing_found(imgscan: Imgscan, tmp_path: Path) -> None:
    """A clean folder is exit code 0, also where something was skipped."""
    os.mkfifo(tmp_path / "pipe")
    done = imgscan("fs", tmp_path)
    assert (done.code, done.err) == (0, "")


def test_exclude(imgscan: Imgscan, tmp_path: Path) -> None:
    """--exclude may be given several times, and the report says how much was left out."""
    root = grow(tmp_path, {"a.log": LINE, "b/c": LINE, "d": LINE})
    done = imgscan("fs", root, "--exclude", "*.log", "--exclude", "/b/", "-f", "json")
    [target] = done.json["targets"]
    assert [each["location"]["path"] for each in target["findings"]] == ["d"]
    assert [(each["severity"], each["code"], each["message"]) for each in target["diagnostics"]] == [
        ("skipped", "excluded", "2 files or folders were left out because of --exclude")
    ]
    assert imgscan("fs", root, "--exclude", "*").code == 0


@pytest.mark.parametrize(("glob", "message"), [("", "an empty glob"), ("[a", "not a glob")])
def test_a_glob_that_is_none(imgscan: Imgscan, tmp_path: Path, glob: str, message: str) -> None:
    """A glob that cannot match is said and is exit code 2: what it was to leave out is not known."""
    done = imgscan("fs", grow(tmp_path, {"a": b""}), "--exclude", glob)
    assert done.code == 2
    assert message in done.err


def test_respect_gitignore(imgscan: Imgscan, tmp_path: Path) -> None:
    """.gitignore counts only where it is requested."""
    root = grow(tmp_path, {".gitignore": b".env\n", "app/.env": LINE})
    assert imgscan("fs", root).code == 1
    assert imgscan("fs", root, "--respect-gitignore").code == 0


def test_jobs_change_nothing(imgscan: Imgscan, tmp_path: Path) -> None:
    """The report is the same at any --jobs."""
    root = grow(tmp_path, {f"d{number % 7}/f{number}": LINE * (number % 3) for number in range(200)})
    assert len({imgscan("fs", root, "-f", "json", "--jobs", jobs).out for jobs in (1, 2, 8)}) == 1


@pytest.mark.parametrize("content", [LINE, tar([("x", LINE)])], ids=["text", "tar"])
def test_standard_input(content: bytes) -> None:
    """What is piped in is one file named -, an archive what is in it."""
    done = process("fs", "-", "-f", "json", stdin=None, input=content)
    assert done.code == 1
    [finding] = done.json["targets"][0]["findings"]
    assert finding["location"]["path"] == ("-" if content is LINE else "-!/x")


def test_file_substitution(tmp_path: Path) -> None:
    """What a shell makes of <(command) is read like a file."""
    (tmp_path / "env").write_bytes(LINE)
    script = f'{" ".join(command("fs"))} <(cat "$1")'
    done = subprocess.run(
        ["bash", "-c", script, "bash", tmp_path / "env"],
        env=environment(),
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_standard_input_is_silent(number: int) -> None:
    """A signal ends a scan that waits for more; what came until then is reported."""
    with subprocess.Popen(
        command("fs", "-", "-f", "json"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as running:  # fmt: skip
        assert running.stdin is not None
        running.stdin.write(LINE + b"\n" * (16 << 20))  # more than a window ever holds: the first has been searched
        running.stdin.flush()  # it has taken all but what a pipe holds, so it is reading
        running.send_signal(number)
        out, err = running.communicate(timeout=300)
    assert running.returncode == 2
    assert b"Traceback" not in err
    [target] = json.loads(out)["targets"]
    assert target["diagnostics"][0]["code"] == "interrupted"
    assert len(target["findings"]) == 1


def test_a_timeout_ends_a_read_that_waits() -> None:
    """`--timeout` ends a scan of standard input that is open and silent."""
    with subprocess.Popen(
        command("fs", "-", "--timeout", "0.2", "-f", "json"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as running:  # fmt: skip
        assert running.stdout is not None
        out = running.stdout.read()
        assert running.wait(timeout=300) == 2
    assert [each["code"] for each in json.loads(out)["targets"][0]["diagnostics"]] == ["timeout"]


def test_a_closed_standard_input() -> None:
    """Without standard input, - is refused."""
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(command('fs'))} - <&-"],
        env=environment(),
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, b"standard input is closed" in done.stderr) == (2, True)


def test_help(imgscan: Imgscan) -> None:
    """The help names what the command has of its own."""
    done = imgscan("fs", "--help")
    assert done.code == 0
    assert all(word in done.out for word in ("PATH...", "--exclude GLOB", "--respect-gitignore", "--fail-on"))
