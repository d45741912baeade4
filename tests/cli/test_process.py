"""Signals, pipes and terminals: how a run ends when it is not left in peace."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import shlex
import signal
import struct
import subprocess
import termios
import threading
from contextlib import contextmanager, suppress
from random import Random
from typing import IO, TYPE_CHECKING

import pytest

from fixtures import builders
from fixtures.keys import Keys
from tests.cli.driver import archive, command, environment, image, process
from tests.sources.engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.driver import Targets

SIGNALS = [signal.SIGINT, signal.SIGTERM]
DEADLINE = 300
"""Seconds that anything is waited for. What stalls in these tests does so for longer: a run that waits for it fails."""


@contextmanager
def started(*arguments: object, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run imgscan beside the test; it is gone afterwards."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    options = pipes | {"env": environment()} | options
    with subprocess.Popen(command(*arguments), **options) as running:  # type: ignore[call-overload]
        try:
            yield running
        finally:
            running.kill()


def feed(running: subprocess.Popen[bytes], data: bytes) -> None:
    """Write to a process that then waits for more: all has been read, but for what a pipe holds."""
    assert running.stdin is not None
    running.stdin.write(data)
    running.stdin.flush()


def stop(running: subprocess.Popen[bytes], number: int) -> tuple[str, str]:
    """Send a signal, and give both outputs when the run has ended. Standard input stays open until then."""
    running.send_signal(number)
    running.wait(DEADLINE)
    return _read(running.stdout), _read(running.stderr)


def first_line(running: subprocess.Popen[bytes]) -> str:
    """Wait for what a run says of its first target, which is damaged: the next target has begun."""
    assert running.stderr is not None
    return running.stderr.readline().decode()


def long_archive() -> bytes:
    """Return an archive whose first layer holds a key, with so much behind it that the key has been searched."""
    files = {"app/.env": f"STRIPE_KEY={Keys('stall').secret99()}\n"}
    members = [("first/layer.tar", image(files).layers[0].tar), ("second/layer.tar", b"\0" * 12_000_000)]
    return builders.tar(members)


@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_while_a_pipe_stalls(number: int) -> None:
    """Ctrl-C and SIGTERM end a scan whose pipe stalls: quickly, with exit code 2 and a report of what was found."""
    with started("image", "docker-archive:-", "-f", "json") as running:
        feed(running, long_archive()[:10_000_000])
        out, err = stop(running, number)
    assert running.returncode == 2
    [report] = json.loads(out)["targets"]
    assert [finding["location"]["path"].rpartition("!/")[2] for finding in report["findings"]] == ["app/.env"]
    assert [diagnostic["code"] for diagnostic in report["diagnostics"]].count("interrupted") == 1
    assert err == (
        "imgscan: docker-archive:-: the scan is not complete: the scan was interrupted: these are the findings so far\n"
    )


@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_while_a_pipe_is_opened(number: int, targets: Targets, tmp_path: Path) -> None:
    """A named pipe that nobody writes to does not hold the run, nor lose the targets before."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with started("fs", targets.damaged, pipe, "-f", "jsonl", "--min-confidence", "low") as running:
        assert running.stdout is not None
        line = b""
        while b'"summary"' not in line:  # of the first target: it has been written, and the next is being opened
            line = running.stdout.readline()
        out, err = stop(running, number)
    assert running.returncode == 2
    assert f"{pipe}: the scan was interrupted before anything of this target was searched" in err
    assert [json.loads(line)["code"] for line in out.splitlines() if '"diagnostic"' in line] == ["interrupted"]


@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_before_the_first_byte(number: int, targets: Targets, tmp_path: Path) -> None:
    """A signal before anything has come gives the report as well, also for the targets before."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with (
        started("image", targets.clean, pipe, "-f", "json", "-o", tmp_path / "json") as running,
        pipe.open("wb", buffering=0),  # which waits for the reader
    ):
        out, err = stop(running, number)
    assert running.returncode == 2
    assert out == ""
    assert err == f"imgscan: {pipe}: the scan was interrupted before anything of this target was searched\n"
    reports = json.loads((tmp_path / "json").read_text())["targets"]
    assert [[diagnostic["code"] for diagnostic in report["diagnostics"]] for report in reports] == [[], ["interrupted"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["json", "pipe"]


@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_while_an_engine_stalls(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal ends a scan whose engine stalls, without waiting for the engine."""
    sent = long_archive()[:10_000_000]
    fake, delivered = FakeEngine(sent), threading.Event()

    def deliver(send: Callable[[bytes], None], data: bytes) -> None:
        send(data)
        delivered.set()
        fake.released.wait(2 * DEADLINE)

    fake.deliver = deliver
    with fake.listening() as socket:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
        with started("image", "shop:1", "-f", "json") as running:
            assert delivered.wait(DEADLINE)  # all has been read, but for what a socket holds
            out, _ = stop(running, number)
    assert running.returncode == 2
    [report] = json.loads(out)["targets"]
    assert len(report["findings"]) == 1


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive that keeps a processor busy for seconds: noise is what bzip2 is slowest at."""
    noise = builders.Layer(builders.tar({"noise": Random(1).randbytes(6 << 20)}))
    packed = builders.oci_archive(builders.Image([noise]), "bz2")
    return builders.write(tmp_path_factory.mktemp("slow") / "slow.tar", packed)


@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_while_files_are_read(number: int, targets: Targets, slow: Path) -> None:
    """A signal ends a scan that is busy, and the targets behind are not begun."""
    with started("image", targets.damaged, *[slow] * 10, "-f", "json") as running:
        assert "the scan is not complete" in first_line(running)
        out, err = stop(running, number)
    assert running.returncode == 2
    assert "Traceback" not in err
    reports = json.loads(out)["targets"]
    assert "interrupted" in [diagnostic["code"] for diagnostic in reports[-1]["diagnostics"]]
    assert len(reports) < 11


def test_two_signals(tmp_path: Path) -> None:
    """Whoever presses Ctrl-C again and again gets the end, and no traceback."""
    with started("image", "-", "-f", "json", "-o", tmp_path / "json") as running:
        feed(running, long_archive()[:10_000_000])
        for _ in range(DEADLINE * 100):
            running.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                running.wait(0.01)
                break
        err = _read(running.stderr)
    assert running.returncode == 2
    assert "Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} <= {"json"}


def _read(file: IO[bytes] | None) -> str:
    return "" if file is None else file.read().decode()


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "sarif", "gitlab", "markdown", "html"])
@pytest.mark.parametrize(("target", "code"), [("clean", 0), ("live", 1), ("damaged", 2)])
def test_a_reader_that_goes_away_changes_no_exit_code(targets: Targets, target: str, code: int, form: str) -> None:
    """The scan alone decides the exit code, whoever reads the report."""
    reading, writing = os.pipe()
    os.close(reading)
    arguments = ("image", getattr(targets, target), "-f", form)
    with started(*arguments, stdout=writing, stdin=subprocess.DEVNULL) as running:
        os.close(writing)
        assert running.wait(DEADLINE) == code


@pytest.mark.parametrize("arguments", [["image", "{}"], ["rules"], ["image", "--help"]], ids=" ".join)
def test_nothing_is_said_of_a_reader_that_goes_away(targets: Targets, arguments: list[str]) -> None:
    """`imgscan rules | head -1` has no complaint to print."""
    reading, writing = os.pipe()
    os.close(reading)
    words = [word.format(targets.live) for word in arguments]
    with started(*words, stdout=writing, stdin=subprocess.DEVNULL) as running:
        os.close(writing)
        running.wait(DEADLINE)
        assert _read(running.stderr) == ""


@pytest.mark.parametrize("arguments", [["rules"], ["image", "--help"]], ids=" ".join)
def test_what_scans_nothing_ends_with_0_for_a_reader_that_goes_away(arguments: list[str]) -> None:
    """What only shows something has shown enough."""
    reading, writing = os.pipe()
    os.close(reading)
    with started(*arguments, stdout=writing, stdin=subprocess.DEVNULL) as running:
        os.close(writing)
        assert running.wait(DEADLINE) == 0


@pytest.mark.parametrize(("target", "code"), [("clean", 0), ("live", 1), ("damaged", 2)])
def test_a_full_standard_error_changes_no_exit_code(targets: Targets, target: str, code: int) -> None:
    """What cannot be said there leaves the report and its code alone."""
    line = f"{shlex.join(command('image', '-v', getattr(targets, target)))} 2>/dev/full"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, env=environment(), check=False, timeout=300)
    assert done.returncode == code


def test_head(tmp_path: Path) -> None:
    """A reader that has read enough of a long report hears no complaint, and the key still counts."""
    keys = Keys("head")
    path = archive(tmp_path / "many.tar", {f"app/{index}.env": f"KEY={keys.secret99()}\n" for index in range(400)})
    with started("image", path, "-f", "json", stdin=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        assert running.stdout.read(10).startswith(b"{")
        running.stdout.close()
        assert running.wait(300) == 1
        assert _read(running.stderr) == ""


def test_closed_pipe_beside_a_file(targets: Targets, tmp_path: Path) -> None:
    """Where another report goes to a file, that is still finished, and the scan's own exit code counts."""
    reading, writing = os.pipe()
    os.close(reading)
    arguments = ("image", targets.live, "-f", "text", "-f", "sarif", "-o", tmp_path / "sarif")
    with started(*arguments, stdout=writing, stdin=subprocess.DEVNULL) as running:
        os.close(writing)
        assert running.wait(300) == 1
        assert _read(running.stderr) == ""
    assert json.loads((tmp_path / "sarif").read_text())["version"] == "2.1.0"


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_descriptors(targets: Targets, redirection: str) -> None:
    """Standard streams that the shell has closed lead to no traceback."""
    line = f"{shlex.join(command('image', targets.live))} {redirection}"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, env=environment(), check=False, timeout=300)
    assert done.returncode == (1 if redirection in ("2>&-", "<&-") else 2)
    if redirection == ">&-":
        assert done.stderr == b"imgscan: standard output is closed: give the report a file with -o\n"


def test_no_standard_input() -> None:
    """A standard input that is closed is reported."""
    line = f"{shlex.join(command('image', '-'))} <&-"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, env=environment(), check=False, timeout=300)
    assert done.returncode == 2
    assert done.stderr.startswith(b"imgscan: standard input is closed")


# Terminals


def terminal(*arguments: object, out: bool = False, columns: int = 80, **changes: str) -> tuple[int, str, str]:
    """Run with standard error, and if asked standard output, on a terminal; return the code, output, and terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = environment(TERM="xterm", **changes)
    variables.pop("COLUMNS", None)  # it would be believed before the terminal is asked
    with subprocess.Popen(
        command(*arguments), stdin=theirs, stdout=theirs if out else subprocess.PIPE, stderr=theirs, env=variables
    ) as running:
        os.close(theirs)
        shown = b""
        try:
            while select.select([ours], [], [], 60)[0] and (data := os.read(ours, 65536)):
                shown += data
        except OSError:  # Linux tells so that nobody has the terminal open any more
            pass
        finally:
            os.close(ours)
        written = _read(running.stdout)
        return running.wait(300), written, shown.decode()


def test_progress(tmp_path: Path) -> None:
    """On a terminal a line on standard error shows how far the scan is, and is gone in the end; the report is clean."""
    path = archive(tmp_path / "shop.tar", {"app/.env": ""}, more=30_000_000)
    code, out, shown = terminal("image", path)
    assert code == 0
    assert "shop.tar: " in shown
    assert "B/s" in shown
    assert shown.rstrip(" \r").endswith("\r") or shown.endswith("\r")
    assert "\r" not in out
    assert "B/s" not in out
    assert out == process("image", path).out


@pytest.mark.parametrize("flag", ["--no-progress", "-q"])
def test_no_progress(tmp_path: Path, flag: str) -> None:
    """The line is not shown where it was switched off."""
    code, _, shown = terminal("image", archive(tmp_path / "shop.tar", {"app/.env": ""}), flag)
    assert (code, shown) == (0, "")


def test_no_progress_in_a_log(targets: Targets) -> None:
    """Nor where standard error is no terminal."""
    assert process("image", targets.live).err == ""


def test_progress_shows_no_secret(tmp_path: Path) -> None:
    """A target whose name holds a credential is shown without it."""
    key = Keys("progress").secret24()
    path = archive(tmp_path / f"{key}.tar", {"app/.env": ""}, more=3_000_000)
    _, out, shown = terminal("image", path)
    assert "B/s" in shown
    assert key[-16:] not in shown + out


def test_progress_shows_no_control(tmp_path: Path) -> None:
    """A target whose name holds an escape sequence does not steer the terminal."""
    path = archive(tmp_path / "a\x1b[31mb\x9b1m.tar", {"app/.env": ""}, more=3_000_000)
    _, _, shown = terminal("image", path)
    assert "\x1b[31m" not in shown
    assert "\x9b" not in shown


def test_color(targets: Targets) -> None:
    """On a terminal the report has colour, unless NO_COLOR is set; in a pipe it has none."""
    arguments = ("image", targets.live, "--no-progress")
    assert "\x1b[" in terminal(*arguments, out=True)[2]
    assert "\x1b[" not in terminal(*arguments, out=True, NO_COLOR="1")[2]
    assert "\x1b[" in terminal(*arguments, out=True, NO_COLOR="")[2]
    assert "\x1b[" not in process(*arguments).out


def test_width(targets: Targets) -> None:
    """Prose is as wide as the terminal."""
    shown = terminal("image", targets.live, "--no-progress", out=True, columns=60, NO_COLOR="1")[2]
    prose = shown.partition("What to do")[2].partition("Rebuild the image")[0].splitlines()
    assert len(prose) > 5
    assert max(len(line) for line in prose if "https://" not in line) <= 60


def test_show_secrets_on_a_terminal(targets: Targets) -> None:
    """--show-secrets writes whole credentials to a terminal."""
    code, _, shown = terminal("image", targets.live, "--no-progress", "--show-secrets", out=True, columns=200)
    assert code == 1
    assert targets.keys[0] in shown


def test_terminal_as_standard_input() -> None:
    """Nobody types an image: a terminal as standard input is refused with what to do."""
    code, _, shown = terminal("image", "-")
    assert code == 2
    assert "standard input is a terminal: pipe an image into it, for example docker save" in shown
