"""imgscan as a library."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import imgscan
from fixtures.builders import Image, Layer, docker_containerd, docker_modern, tar, write
from fixtures.keys import Keys
from imgscan import Diagnostic, Finding, TargetError, UsageError, scan_image, scan_path

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def test_findings_are_typed_values(tmp_path: Path) -> None:
    """Findings and diagnostics are told apart by their type, and say what the reports say."""
    items: Iterator[Finding | Diagnostic] = scan_image(str(archive(tmp_path / "app.tar")), jobs=1)
    finding = next(item for item in items if isinstance(item, Finding))
    assert finding.rule_id == "stripe-secret-key"
    assert finding.secret.sha256 == sha256(KEY.encode()).hexdigest()
    assert finding.secret.mode == "live"
    assert finding.visibility is not None
    assert finding.visibility.state == "visible"
    with pytest.raises(FrozenInstanceError):
        finding.title = "other"  # type: ignore[misc]


def test_publishable_keys_are_asked_for(tmp_path: Path) -> None:
    """`include` and `min_confidence` are those of the command line."""
    keys = Keys("api include")
    write(tmp_path / "a", f"A={keys.publishable()}\n".encode())
    write(tmp_path / "b", f"B={keys.secret(60)}\n".encode())
    sure = scan_path(tmp_path)
    asked = scan_path(str(tmp_path), include=["publishable"], min_confidence="low")
    assert [len(list(items)) for items in (sure, asked)] == [0, 2]


def test_a_platform_is_chosen(tmp_path: Path) -> None:
    """`platform` chooses among the images of an archive; one that is not there is a diagnostic."""
    images = [Image([Layer(tar({"k": f"{KEY}\n".encode()}))], architecture=name) for name in ("amd64", "arm64")]
    path = str(write(tmp_path / "app.tar", docker_containerd(images)))
    counts = [len(list(scan_image(path, platform=platform))) for platform in (None, "all", "linux/arm64")]
    assert counts == [2, 2, 1]
    assert [type(item) for item in scan_image(path, platform="linux/s390x")] == [Diagnostic]


@pytest.mark.parametrize("platform", ["linux", "linux/a/b/c", ""])
def test_a_platform_that_is_none(tmp_path: Path, platform: str) -> None:
    """A malformed platform is a ValueError, before the target is opened."""
    with pytest.raises(ValueError, match="OS/ARCH"):
        list(scan_image(str(tmp_path / "none.tar"), platform=platform))


def test_an_empty_target_raises() -> None:
    """A request that makes no sense is a UsageError."""
    with pytest.raises(UsageError):
        list(scan_image(""))


def test_the_scanner_comes_when_it_is_used() -> None:
    """The package has no other names than those that it lists."""
    assert all(hasattr(imgscan, name) for name in imgscan.__all__)
    with pytest.raises(AttributeError):
        imgscan.no_such_name  # noqa: B018


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
