"""Images that are folders: nothing outside them is read, and nothing inside is skipped in silence."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from fixtures import builders
from fixtures.keys import Keys
from imgscan.sources.folder import ImageFolder
from imgscan.streams.readers import FileSlice
from tests.sources.driver import codes, scan, shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IMAGE = shop()


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Return an OCI layout."""
    return builders.oci_folder(tmp_path / "image", IMAGE)


def _largest_blob(layout: Path) -> Path:
    digest = builders.sha256(IMAGE.layers[0].tar)
    return layout / "blobs/sha256" / digest


def test_links_inside(layout: Path) -> None:
    """A link to another file of the folder is that file."""
    blob = _largest_blob(layout)
    (layout / "store").mkdir()
    blob.rename(layout / "store/layer")
    blob.symlink_to("../../store/layer")
    [report] = scan(layout)
    assert report.whole
    assert len(report.findings) == 4


def test_links_to_the_outside(layout: Path, tmp_path: Path) -> None:
    """A link that leads out of the folder is not followed, be it to a file or to a folder, which is reported."""
    blob = _largest_blob(layout)
    blob.rename(tmp_path / "layer")
    blob.symlink_to(tmp_path / "layer")
    outside = builders.write(tmp_path / "secrets/key", IMAGE.layers[0].tar)
    (layout / "more").symlink_to(outside.parent)
    (layout / "index.bak").symlink_to("/etc/passwd")
    shelf = ImageFolder(layout).shelf
    assert not [
        name for name in (*shelf.blobs, *shelf.documents, *shelf.links) if name.startswith(("more", "index.bak"))
    ]
    [report] = scan(layout)
    assert codes(report) == [*["link-outside"] * 3, "layer-missing"]
    assert {each.path for each in report.diagnostics if each.code == "link-outside"} == {
        "more",
        "index.bak",
        blob.relative_to(layout).as_posix(),
    }
    assert [finding.location.field for finding in report.findings] == ["config/Env/STRIPE_WEBHOOK_SECRET"]


def test_folder_given_by_a_link(layout: Path, tmp_path: Path) -> None:
    """The folder itself may be given by a link."""
    link = tmp_path / "current"
    link.symlink_to(layout)
    [report] = scan(link)
    assert report.whole


def test_special_files(layout: Path) -> None:
    """Pipes and the like are no part of an image, and are not opened, which is reported."""
    os.mkfifo(layout / "pipe")
    [report] = scan(layout)
    assert report.whole
    assert [(each.severity, each.code, each.path) for each in report.diagnostics] == [
        ("skipped", "special-file", "pipe")
    ]


def test_a_link_to_itself_ends(layout: Path) -> None:
    """A link that leads to itself is nothing, and crashes nothing."""
    (layout / "loop").symlink_to("loop")
    [report] = scan(layout)
    assert report.diagnostics == ()


def test_names_are_searched(layout: Path) -> None:
    """A key in the name of a file or folder, or in where a link leads, is found and says so."""
    keys = Keys("names of a layout")
    folder, file, link = (keys.secret99() for _ in range(3))
    builders.write(layout / folder / "x", b"x")
    builders.write(layout / f"{file}.txt", b"x")
    (layout / "link").symlink_to(f"gone/{link}")
    [report] = scan(layout)
    found = {each.secret.sha256: each.location for each in report.findings}
    fields = [found[builders.sha256(key.encode())].field for key in (folder, file, link)]
    assert fields == ["file/name", "file/name", "file/link"]
    assert file not in repr(report)


def test_subfolder_that_cannot_be_read(layout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder inside that cannot be listed is an error of the scan."""
    extra = layout / "extra"
    builders.write(extra / "blob", b"x")
    real = os.scandir

    def scandir(path: str) -> Iterator[os.DirEntry[str]]:
        if str(path) == str(extra):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    [report] = scan(layout)
    assert [(each.code, each.path) for each in report.diagnostics] == [("unreadable-file", "extra")]


def test_file_that_cannot_be_read(layout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file inside that cannot be opened is an error of the scan."""
    builders.write(layout / "blobs/sha256/other", b"x")
    real = FileSlice

    def open_file(path: Path) -> FileSlice:
        if path.name == "other":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr("imgscan.sources.folder.FileSlice", open_file)
    [report] = scan(layout)
    assert [(each.code, each.path) for each in report.diagnostics] == [("unreadable-file", "blobs/sha256/other")]
