"""Ctrl-C in the middle of anything that the main thread does: the report is still made, of what had been found."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from fixtures.builders import Image, Layer, docker_modern, tar
from fixtures.containers import zipped
from fixtures.keys import Keys
from imgscan.detect import Engine
from imgscan.detect.stripe import STRIPE
from imgscan.detect.view import View
from imgscan.scan.hits import Concealer
from tests.scan.support import NOW, scan
from tests.scan.trees import scan_tree
from tests.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.model import TargetReport

KEY = Keys("interruption").secret99().encode()
LINE = b"KEY=" + KEY + b"\n"
TEXT = (LINE + b"x" * 3000 + b"\n") * 200


ZIP = zipped({str(number): TEXT[: 1 << 17] for number in range(9)})
IMAGE = docker_modern(
    Image([Layer(tar([("a", LINE)])), Layer(tar([("b", TEXT), ("c.zip", zipped({"d": TEXT}))]))])
)  # made once: a zip has the time in it


def _stdin_of_fs(by: Concealer) -> TargetReport:
    return scan_tree("-", by=by, stdin=Trickle(TEXT, 1 << 16), window=1 << 16)


def _zip_on_stdin_of_fs(by: Concealer) -> TargetReport:
    return scan_tree("-", by=by, stdin=Trickle(ZIP, 1 << 12), window=1 << 16)


def _stdin_of_image(by: Concealer) -> TargetReport:
    [report] = scan(IMAGE, by=by, size=1 << 16, window=1 << 16)
    return report


@pytest.mark.parametrize("name", ["candidates", "confirm"])
@pytest.mark.parametrize("run", [_stdin_of_fs, _zip_on_stdin_of_fs, _stdin_of_image])
def test_an_interruption_anywhere_keeps_the_report(
    run: Callable[[Concealer], TargetReport], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever step of the search Ctrl-C falls into, the report says so, and has only findings of the whole scan."""
    by = Concealer(Engine(STRIPE, now=NOW))
    whole = run(by)
    assert whole.whole
    every = {(each.location.path.rpartition("!/")[2], each.location.line) for each in whole.findings}
    real = getattr(View, name)
    for moment in range(6):
        left = [moment]

        def step(self: View, *given: object, left: list[int] = left, **more: object) -> object:
            if threading.current_thread() is threading.main_thread():
                left[0] -= 1
                if left[0] == -1:
                    raise KeyboardInterrupt
            return real(self, *given, **more)

        monkeypatch.setattr(View, name, step)
        report = run(by)
        monkeypatch.setattr(View, name, real)
        if left[0] >= 0:  # there were not as many steps on this thread
            assert report == whole
            continue
        assert report.diagnostics[0].code == "interrupted", moment
        assert {(each.location.path.rpartition("!/")[2], each.location.line) for each in report.findings} <= every
