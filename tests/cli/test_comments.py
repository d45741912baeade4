"""Comments on a credential's line, in a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.keys import Keys

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Imgscan


def test_comment(imgscan: Imgscan, tmp_path: Path) -> None:
    """A key that a comment lets through is counted and not listed; --no-ignore lists it."""
    keys = Keys("comments")
    (tmp_path / "a.py").write_text(f'A = "{keys.secret99()}"  # imgscan:allow made up\n')
    done = imgscan("fs", tmp_path, "-f", "json")
    [target] = done.json["targets"]
    assert (done.code, target["findings"], target["summary"]["hidden"]["ignored"]) == (0, [], 1)
    assert imgscan("fs", tmp_path, "--no-ignore").code == 1
