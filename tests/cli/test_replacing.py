"""Files that are replaced as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imgscan.cli.replacing import Replacement, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Imgscan
    from tests.cli.driver import Targets


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    """The new file has the permissions of the old one, unless others are requested."""
    path = tmp_path / "report"
    path.write_text("old")
    path.chmod(0o640)
    replace_file(path, b"new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
    replace_file(path, b"newer", 0o755)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("newer", 0o755)


def test_nothing_is_left_behind_where_a_file_cannot_be_replaced(tmp_path: Path) -> None:
    """Where the last step fails, the error is the system's and no half-written file stays."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "folder", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("complete", [True, False])
def test_only_what_is_complete_takes_the_name(tmp_path: Path, *, complete: bool) -> None:
    """Until `complete` the old content remains, and `discard` leaves it there; after `complete` it does nothing."""
    path = tmp_path / "report"
    path.write_text("old")
    replacement = Replacement(path)
    replacement.file.write(b"new")
    assert path.read_text() == "old"
    if complete:
        replacement.complete()
    replacement.discard()
    assert path.read_text() == ("new" if complete else "old")
    assert [each.name for each in tmp_path.iterdir()] == ["report"]


def test_a_link_to_a_baseline_stays_one(
    imgscan: Imgscan, targets: Targets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`imgscan baseline add` replaces the file behind a link."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real.json").write_text('{"schema": "imgscan-baseline/1", "entries": []}')
    (tmp_path / "link.json").symlink_to("real.json")
    imgscan("image", targets.live, "-f", "json", "-o", "report.json")
    assert imgscan("baseline", "add", "report.json", "--file", "link.json", "--reason", "rotated").code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert "rotated" in (tmp_path / "real.json").read_text()


def test_a_baseline_that_cannot_be_written(
    imgscan: Imgscan, targets: Targets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the baseline's folder is not there, nothing is accepted: exit code 2."""
    monkeypatch.chdir(tmp_path)
    imgscan("image", targets.live, "-f", "json", "-o", "report.json")
    done = imgscan("baseline", "add", "report.json", "--file", "none/b.json")
    assert (done.code, "cannot write" in done.err) == (2, True)
