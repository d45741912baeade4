"""Where reports go, and what becomes of them when something fails."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from imgscan.report.json import JsonReport
from tests.cli.driver import command, environment, process

if TYPE_CHECKING:
    from tests.cli.conftest import Imgscan
    from tests.cli.driver import Targets

FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def test_file_is_replaced(imgscan: Imgscan, targets: Targets, tmp_path: Path) -> None:
    """A report takes the place of an older one, keeps its permissions, and leaves nothing else behind."""
    report = tmp_path / "report.json"
    report.write_text("old")
    report.chmod(0o640)
    assert imgscan("image", targets.live, "-f", "json", "-o", report).code == 1
    assert json.loads(report.read_text())["schema"] == "imgscan/1"
    assert stat.S_IMODE(report.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [report]


def test_new_file_has_usual_permissions(imgscan: Imgscan, targets: Targets, tmp_path: Path) -> None:
    """A new report has the permissions that any new file gets."""
    old = os.umask(0o027)
    try:
        imgscan("image", targets.live, "-o", tmp_path / "report")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == 0o640


def test_link_is_followed(imgscan: Imgscan, targets: Targets, tmp_path: Path) -> None:
    """Where the name is a link, the file behind it is replaced, and the link stays."""
    (tmp_path / "there").mkdir()
    link = tmp_path / "report"
    link.symlink_to("there/report")
    imgscan("image", targets.live, "-o", link)
    assert link.is_symlink()
    assert (tmp_path / "there/report").read_text()


def test_long_name(imgscan: Imgscan, targets: Targets, tmp_path: Path) -> None:
    """A name as long as the file system allows is fine."""
    assert imgscan("image", targets.clean, "-o", tmp_path / ("r" * 255)).code == 0


def test_old_file_stays(imgscan: Imgscan, targets: Targets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a report cannot be finished, the older one is still there, whole."""

    def finish(_self: object, _out: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(JsonReport, "finish", finish)
    report = tmp_path / "report.json"
    report.write_text("old")
    done = imgscan("image", targets.live, "-f", "json", "-o", report)
    assert done.code == 2
    assert done.err == f"imgscan: cannot write {report}: No space left on device\n"
    assert report.read_text() == "old"
    assert list(tmp_path.iterdir()) == [report]


def test_old_file_stays_where_the_start_fails(
    imgscan: Imgscan, targets: Targets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is where a report cannot even be begun."""

    def start(_self: object, _out: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(JsonReport, "start", start)
    assert imgscan("image", targets.live, "-f", "json", "-o", tmp_path / "report.json").code == 2
    assert list(tmp_path.iterdir()) == []


@FULL
@pytest.mark.parametrize("format", ["text", "json", "jsonl", "sarif"])
def test_full_disk(imgscan: Imgscan, targets: Targets, format: str) -> None:  # noqa: A002
    """A disk that is full is reported in one sentence."""
    done = imgscan("image", targets.live, "-f", format, "-o", "/dev/full")
    assert (done.code, done.err) == (2, "imgscan: cannot write /dev/full: No space left on device\n")


@FULL
@pytest.mark.parametrize("arguments", [["image", "{}"], ["image", "{}", "-f", "json"], ["rules"], ["--help"], ["-V"]])
def test_full_standard_output(targets: Targets, arguments: list[str]) -> None:
    """So is a standard output that is full, once, and nothing complains at the end."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(*(argument.format(targets.live) for argument in arguments)),
            stdout=full, stderr=subprocess.PIPE, env=environment(), check=False, timeout=300,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.decode().startswith("imgscan: cannot ")
    assert done.stderr.decode().endswith(": No space left on device\n")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no/such/report", "No such file or directory"),
        (".", "it is a folder"),
        ("file/report", "Not a directory"),
        ("r" * 300, "File name too long"),
    ],
)
def test_place_that_cannot_be_written(
    imgscan: Imgscan, targets: Targets, tmp_path: Path, name: str, message: str
) -> None:
    """A place where nothing can be written is reported before anything is scanned."""
    (tmp_path / "file").write_text("")
    done = imgscan("image", targets.live, "-f", "text", "-f", "json", "-o", tmp_path / name)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("imgscan: cannot write ")
    assert done.err.endswith(f": {message}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_first_file_is_not_left(imgscan: Imgscan, targets: Targets, tmp_path: Path) -> None:
    """Where the second of two reports cannot be written, nothing is left of the first."""
    done = imgscan("image", targets.live, "-f", "json", "-o", tmp_path / "a", "-f", "sarif", "-o", tmp_path / "no/b")
    assert done.code == 2
    assert list(tmp_path.iterdir()) == []


def test_standard_output_by_name(targets: Targets) -> None:
    """/dev/stdout is written in place."""
    done = process("image", targets.live, "-f", "json", "-o", "/dev/stdout")
    assert done.code == 1
    assert done.json["schema"] == "imgscan/1"


def test_a_dash_is_standard_output(
    imgscan: Imgscan, targets: Targets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside another report in a file, and no file is called so."""
    monkeypatch.chdir(tmp_path)
    done = imgscan("image", targets.live, "-f", "json", "-o", "-", "-f", "sarif", "-o", "all.sarif")
    assert len(done.json["targets"]) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["all.sarif"]


def test_standard_output_is_not_cut(targets: Targets, tmp_path: Path) -> None:
    """/dev/stdout is written in place, too, where it is a file that has something in it."""
    log = tmp_path / "log"
    log.write_text("before\n")
    with log.open("ab") as file:
        words = command("image", targets.live, "-q", "-o", "/dev/stdout", "-f", "json", "-o", tmp_path / "json")
        done = subprocess.run(words, stdout=file, env=environment(), check=False, timeout=300)
    assert done.returncode == 1
    lines = log.read_text().splitlines()
    assert lines[0] == "before"
    assert lines[-1].startswith("1 secret in 1 place")


def test_pipe_by_name(imgscan: Imgscan, targets: Targets, tmp_path: Path) -> None:
    """A named pipe is written in place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert imgscan("image", targets.live, "-f", "json", "-o", pipe).code == 1
    reader.join()
    assert json.loads(read[0])["schema"] == "imgscan/1"
    assert pipe.is_fifo()


def test_report_before_the_end(imgscan: Imgscan, targets: Targets, tmp_path: Path) -> None:
    """A target that cannot be opened has its place in every report."""
    outputs = [word for name in ("text", "jsonl", "sarif") for word in ("-f", name, "-o", tmp_path / name)]
    done = imgscan("image", "/no/such.tar", "-f", "json", *outputs)
    [report] = done.json["targets"]
    assert done.code == 2
    assert report["diagnostics"][0]["code"] == "target-unreadable"
    assert all(
        "there is no such file" in " ".join((tmp_path / name).read_text().split())
        for name in ("text", "jsonl", "sarif")
    )


def test_show_secrets_in_a_pipe(imgscan: Imgscan, targets: Targets) -> None:
    """--show-secrets is refused where standard output is no terminal."""
    done = imgscan("image", targets.live, "--show-secrets")
    assert done.code == 2
    assert "--show-secrets writes to a terminal or to a file named by -o" in done.err
    assert done.out == ""


def test_show_secrets_in_a_named_pipe(imgscan: Imgscan, targets: Targets, tmp_path: Path) -> None:
    """--show-secrets is refused for a pipe that has a name, as /dev/stdout has."""
    os.mkfifo(tmp_path / "pipe")
    done = imgscan("image", targets.live, "--show-secrets", "-o", tmp_path / "pipe")
    assert done.code == 2
    assert process("image", targets.live, "--show-secrets", "-o", "/dev/stdout").code == 2


def test_show_secrets_in_a_file(imgscan: Imgscan, targets: Targets, tmp_path: Path) -> None:
    """--show-secrets writes whole credentials to a file that was named, and to no other place."""
    done = imgscan("image", targets.live, "-v", "--show-secrets", "-f", "json", "-o", tmp_path / "report.json")
    assert done.code == 1
    assert targets.keys[0] in (tmp_path / "report.json").read_text()
    assert targets.keys[0] not in done.out + done.err


@pytest.mark.parametrize(
    "way", ["itself", "link", "hard link", "scheme", "standard input", "baseline", "dockerfile", "fs"]
)
def test_a_report_does_not_replace_what_is_read(targets: Targets, tmp_path: Path, way: str) -> None:
    """`-o` onto a file that is read, under whatever name, is refused, and the file stays as it is."""
    path = tmp_path / "input"
    path.write_bytes(Path(targets.clean).read_bytes())
    other = tmp_path / "other"
    if way == "link":
        other.symlink_to(path)
    elif way == "hard link":
        other.hardlink_to(path)
    arguments: dict[str, list[object]] = {
        "scheme": ["image", f"docker-archive:{path}"],
        "standard input": ["image", "-"],
        "baseline": ["image", targets.live, "--baseline", path],
        "dockerfile": ["image", targets.live, "--dockerfile", path],
        "fs": ["fs", targets.live, path],
    }
    if way == "baseline":
        path.write_text("")
    before = path.read_bytes()
    with path.open("rb") as stdin:
        words = command(*arguments.get(way, ["image", path]), "-f", "json", "-o", other if "link" in way else path)
        done = subprocess.run(words, stdin=stdin, capture_output=True, env=environment(), check=False, timeout=300)
    assert (done.returncode, path.read_bytes()) == (2, before)
    assert b"would replace what is being read" in done.stderr
