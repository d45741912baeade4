"""imgscan as a library."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import imgscan
from imgscan import Diagnostic, Finding, TargetError, scan_image, scan_path
from tests.builders import Image, Layer, docker_modern, tar, write
from tests.keys import Keys

KEY = Keys("api").secret99()


def archive(path: Path) -> Path:
    """Write an image with one key."""
    return write(path, docker_modern(Image([Layer(tar({"app/.env": f"STRIPE_KEY={KEY}\n".encode()}))])))


def test_an_image_gives_its_findings(tmp_path: Path) -> None:
    """`scan_image` yields a finding for each key."""
    [found] = scan_image(str(archive(tmp_path / "app.tar")))
    assert isinstance(found, Finding)
    assert (found.location.path, found.location.line) == ("app/.env", 1)


def test_what_could_not_be_read_is_given_too(tmp_path: Path) -> None:
    """`scan_image` yields a diagnostic for what is not whole."""
    path = archive(tmp_path / "app.tar")
    path.write_bytes(path.read_bytes()[:-2000])
    assert any(isinstance(item, Diagnostic) and item.severity == "error" for item in scan_image(str(path)))


def test_a_target_that_is_not_there_raises(tmp_path: Path) -> None:
    """A target that cannot be opened is an exception."""
    with pytest.raises(TargetError):
        list(scan_path(tmp_path / "none"))


def test_a_folder_is_scanned_as_files(tmp_path: Path) -> None:
    """`scan_path` searches every file below a folder."""
    write(tmp_path / "a/b/pay.py", f"\nstripe.api_key = '{KEY}'\n".encode())
    [found] = scan_path(tmp_path)
    assert isinstance(found, Finding)
    assert (found.location.path, found.location.line, found.location.column) == ("a/b/pay.py", 2, 19)


@pytest.mark.parametrize("source", ["docstring", "README.md"])
def test_the_documented_example_runs(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example of the package's docstring and of the README runs as it stands and prints the key's place."""
    archive(tmp_path / "app.tar")
    text = (imgscan.__doc__ or "") if source == "docstring" else (Path(__file__).parents[1] / source).read_text()
    match = re.search(r"(?ms)^( *)from imgscan import Finding.*?print\([^\n]*\)$", text)
    assert match is not None
    code = "\n".join(line.removeprefix(match[1]) for line in match[0].splitlines())
    monkeypatch.chdir(tmp_path)
    exec(compile(code, source, "exec"), {})  # noqa: S102 - the example is ours
    assert capsys.readouterr().out.startswith("app/.env sk_live_51")


def test_no_secret_in_any_value(tmp_path: Path) -> None:
    """The repr of what is given holds no secret."""
    assert KEY not in repr(list(scan_image(str(archive(tmp_path / "app.tar")))))
