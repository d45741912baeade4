"""A scan that is stopped, or fails, in the middle of anything: the report is still made, of what had been found."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from fixtures.builders import Image, Layer, docker_modern, tar
from fixtures.containers import zipped
from fixtures.keys import Keys
from imgscan.detect import Engine
from imgscan.detect.stripe import STRIPE
from imgscan.detect.view import View
from imgscan.scan.git.scope import whole_scope
from imgscan.scan.hits import Concealer
from imgscan.sources.gitrepo import Repository
from imgscan.streams.stop import Stop
from tests.scan.repositories import Repo
from tests.scan.support import NOW, scan, scan_repository
from tests.scan.trees import grow, scan_tree
from tests.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from imgscan.model import TargetReport

KEY = Keys("interruption").secret99().encode()
LINE = b"KEY=" + KEY + b"\n"
TEXT = (LINE + b"x" * 3000 + b"\n") * 200


ZIP = zipped({str(number): TEXT[: 1 << 17] for number in range(9)})
IMAGE = docker_modern(
    Image([Layer(tar([("a", LINE)])), Layer(tar([("b", TEXT), ("c.zip", zipped({"d": TEXT}))]))])
)  # made once: a zip has the time in it


def _stdin_of_fs(by: Concealer, stop: Stop, _folder: Path) -> TargetReport:
    return scan_tree("-", by=by, stop=stop, stdin=Trickle(TEXT, 1 << 16), window=1 << 16)


def _zip_on_stdin_of_fs(by: Concealer, stop: Stop, _folder: Path) -> TargetReport:
    return scan_tree("-", by=by, stop=stop, stdin=Trickle(ZIP, 1 << 12), window=1 << 16)


def _folder(by: Concealer, stop: Stop, folder: Path) -> TargetReport:
    if not folder.exists():
        grow(folder, {"a": LINE, "b": TEXT, "c.zip": ZIP})
    return scan_tree(folder, by=by, stop=stop, window=1 << 16, jobs=2)


def _stdin_of_image(by: Concealer, stop: Stop, _folder: Path) -> TargetReport:
    [report] = scan(IMAGE, by=by, stop=stop, size=1 << 16, window=1 << 16)
    return report


def _image(by: Concealer, stop: Stop, folder: Path) -> TargetReport:
    folder.mkdir(exist_ok=True)
    (folder / "image.tar").write_bytes(IMAGE)
    [report] = scan(folder / "image.tar", by=by, stop=stop, window=1 << 16, jobs=2)
    return report


def _history(by: Concealer, stop: Stop, folder: Path) -> TargetReport:
    repo = Repo(folder)
    if not folder.exists():
        repo = Repo.make(folder)
        for number, content in enumerate((LINE, TEXT, ZIP)):
            repo.commit({f"{number}": content})
    repository = Repository(folder)
    return scan_repository(repository, whole_scope(repository), by=by, stop=stop, jobs=2)


RUNS = [_stdin_of_fs, _zip_on_stdin_of_fs, _folder, _stdin_of_image, _image, _history]
STEPS = ["slices", "confirm"]
"""The steps of a search."""


@contextmanager
def at_step(name: str, moment: int, happening: Callable[[], object]) -> Iterator[None]:
    """Let something happen when a step has been made so many times."""
    real = getattr(View, name)
    left = iter(range(moment))

    def step(self: View, *given: object, **more: object) -> object:
        if next(left, None) is None:
            happening()
        return real(self, *given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(View, name, step)
        yield


def places(report: TargetReport) -> set[tuple[str, int | None]]:
    """Return where something was found, whatever the container is called."""
    return {(each.location.path.rpartition("!/")[2], each.location.line) for each in report.findings}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("run", RUNS)
def test_a_stop_anywhere_keeps_the_report(
    run: Callable[[Concealer, Stop, Path], TargetReport], name: str, tmp_path: Path
) -> None:
    """Whichever step of the search a stop falls into, the report says so, and has only findings of the whole scan."""
    by = Concealer(Engine(STRIPE, now=NOW))
    whole = run(by, Stop(), tmp_path / "target")
    assert whole.whole
    for moment in range(6):
        stop = Stop()
        with at_step(name, moment, stop.set):
            report = run(by, stop, tmp_path / "target")
        if not stop.is_set():  # there were not as many steps
            assert report == whole
            continue
        assert report.diagnostics[0].code == "interrupted", moment
        assert places(report) <= places(whole)


class _Fault:
    """An error of the program that is made once, when it is called."""

    made = False

    def __call__(self) -> None:
        """Make it."""
        if not self.made:
            self.made = True
            raise ZeroDivisionError


@pytest.mark.parametrize("name", [*STEPS, "candidates"])
@pytest.mark.parametrize("run", RUNS)
def test_an_error_of_the_program_keeps_the_report(
    run: Callable[[Concealer, Stop, Path], TargetReport], name: str, tmp_path: Path
) -> None:
    """Wherever the program is wrong, the report is not whole, says so, and has only findings of the whole scan."""
    by = Concealer(Engine(STRIPE, now=NOW))
    whole = run(by, Stop(), tmp_path / "target")
    for moment in range(6):
        fault = _Fault()
        with at_step(name, moment, fault):
            report = run(by, Stop(), tmp_path / "target")
        if not fault.made:  # there were not as many steps
            assert report == whole
            continue
        assert "internal-error" in [each.code for each in report.diagnostics], moment
        assert not report.whole
        assert places(report) <= places(whole)
