"""What a target is, told by its scheme or its content."""

from __future__ import annotations

import gzip
import itertools
import os
import socket
import tempfile
import threading
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard

from fixtures import builders
from imgscan.errors import EngineError, TargetError, UsageError
from imgscan.model import SCHEMES
from imgscan.sources import recognise
from imgscan.sources.archive import ArchiveFile
from imgscan.sources.base import RootFilesystem
from imgscan.sources.folder import ImageFolder
from imgscan.sources.recognise import open_source, split_scheme
from tests.sources.driver import OnePass, codes, scan, scan_stream, shop, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.model import TargetReport
    from imgscan.sources.base import Source

IMAGE = shop()

ARCHIVES: dict[str, Callable[[], bytes]] = {
    "legacy": lambda: builders.docker_legacy(IMAGE),
    "modern": lambda: builders.docker_modern(IMAGE),
    "containerd": lambda: builders.docker_containerd([IMAGE]),
    "podman": lambda: builders.podman_archive(IMAGE),
    "crane": lambda: builders.crane_archive(IMAGE),
    "oci": lambda: builders.oci_archive(IMAGE),
    "ancient": lambda: builders.ancient(IMAGE),
}
FOLDERS: dict[str, Callable[[Path], Path]] = {
    "oci": lambda path: builders.oci_folder(path, IMAGE, "gzip"),
    "docker-dir": lambda path: builders.docker_dir(path, IMAGE),
}
WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
}
LIVES = [(0, "app/.env", "visible"), (0, "app/settings.py", "overwritten"), (0, "app/old.sh", "deleted")]


def lives(report: TargetReport) -> list[tuple[int | None, str, str | None]]:
    """Return the findings that have a life: where they are, and what became of them."""
    return [place[1:] for place in told(report) if place[3] is not None]


def close(source: Source) -> Source:
    """Let go of a source that is not scanned, and return it back."""
    source.close()
    return source


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("dialect", ARCHIVES)
def test_archive_by_path(tmp_path: Path, dialect: str, wrapping: str) -> None:
    """An archive of any dialect, compressed or not, is taken for the image that it is, whatever its name."""
    path = builders.write(tmp_path / "download", WRAPPINGS[wrapping](ARCHIVES[dialect]()))
    [report] = scan(path)
    assert lives(report) == LIVES
    assert report.whole
    assert len(report.layers) == 3


def test_archive_by_stream() -> None:
    """An archive on standard input is read in one pass and gives the findings that its file gives."""
    for (wrapping, wrap), (dialect, make) in itertools.product(WRAPPINGS.items(), ARCHIVES.items()):
        [report] = scan_stream(wrap(make()))
        assert lives(report) == LIVES, (wrapping, dialect)
        assert report.whole, (wrapping, dialect)


@pytest.mark.parametrize("layout", FOLDERS)
def test_folder(tmp_path: Path, layout: str) -> None:
    """A folder is an image where it has an image's documents."""
    path = FOLDERS[layout](tmp_path / "image")
    assert isinstance(open_source(str(path)), ImageFolder)
    [report] = scan(path)
    assert lives(report) == LIVES
    assert report.whole


def test_unpacked_archive(tmp_path: Path) -> None:
    """A `docker save` archive that somebody has unpacked is an image, with the links that it has inside."""
    members = builders.docker_legacy_members(shop(tag="shop:2"))
    for name, content in members:
        if isinstance(content, bytes):
            builders.write(tmp_path / name, content)
    [report] = scan(tmp_path)
    assert lives(report) == LIVES
    assert report.reference == "shop:2"


@pytest.mark.parametrize(
    ("scheme", "dialect"), [("docker-archive", "modern"), ("docker-archive", "legacy"), ("oci-archive", "oci")]
)
def test_archive_schemes(tmp_path: Path, scheme: str, dialect: str) -> None:
    """A scheme for archives takes a file of that name."""
    path = builders.write(tmp_path / "image.tar", ARCHIVES[dialect]())
    assert isinstance(open_source(f"{scheme}:{path}"), ArchiveFile)
    assert lives(scan(f"{scheme}:{path}")[0]) == LIVES


def test_archive_scheme_for_a_stream() -> None:
    """A scheme for archives takes standard input, too."""
    [report] = scan_stream(ARCHIVES["modern"](), "docker-archive:-")
    assert lives(report) == LIVES


@pytest.mark.parametrize("layout", FOLDERS)
def test_folder_schemes(tmp_path: Path, layout: str) -> None:
    """A scheme for folders takes a folder of that name."""
    path = FOLDERS[layout](tmp_path / "image")
    scheme = {"oci": "oci-layout"}.get(layout, layout)
    assert isinstance(open_source(f"{scheme}:{path}"), ImageFolder)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("scheme", ["", "rootfs:"])
def test_root_filesystem(tmp_path: Path, scheme: str, wrapping: str) -> None:
    """What `docker export` writes is one layer, in which only what is left can be found."""
    path = builders.write(tmp_path / "root", WRAPPINGS[wrapping](builders.rootfs(IMAGE)))
    assert isinstance(close(open_source(f"{scheme}{path}")), RootFilesystem)
    [report] = scan(f"{scheme}{path}")
    assert lives(report) == [(0, "app/.env", "visible")]
    assert report.whole


def _root_with_manifest(manifest: bytes) -> bytes:
    root = {"bin/": None, "etc/os-release": b"ID=alpine\n", "manifest.json": manifest, "srv/key": shop().config_json}
    return builders.tar(root | {"index.json": b'{"manifests": []}', "repositories": b"{}"})


MANIFESTS = [b"{}", b"[]", b'[{"Config": "x.json", "Layers": ["y/layer.tar"]}]', b"\xff"]


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_root_filesystem_with_a_manifest(tmp_path: Path, manifest: bytes) -> None:
    """A root filesystem in which a file is called `manifest.json` is not taken for an image."""
    path = builders.write(tmp_path / "root.tar", _root_with_manifest(manifest))
    assert isinstance(close(open_source(str(path))), RootFilesystem)
    [report] = scan(path)
    assert [finding.location.path for finding in report.findings] == ["srv/key"]
    assert report.whole


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_stream_of_a_root_filesystem_with_a_manifest(manifest: bytes) -> None:
    """Nor is it in a stream, which cannot be looked through before: whether it is one is then asked back."""
    data = _root_with_manifest(manifest)
    [report] = scan_stream(data)
    assert [finding.location.path for finding in report.findings] == ["srv/key"]
    assert codes(report) == ["kind-unclear"]
    [report] = scan_stream(data, "rootfs:-")
    assert report.whole


def test_scheme_overrides_content(tmp_path: Path) -> None:
    """With `rootfs:` an image archive is read as the plain tar that it also is."""
    path = builders.write(tmp_path / "image.tar", ARCHIVES["modern"]())
    assert isinstance(close(open_source(f"rootfs:{path}")), RootFilesystem)


def test_schemes() -> None:
    """A scheme is a known word before a colon; any other colon belongs to the name."""
    table: list[tuple[str, tuple[str | None, str]]] = [
        ("docker:shop:1", ("docker", "shop:1")),
        ("podman:localhost/shop", ("podman", "localhost/shop")),
        ("oci-layout:a:b", ("oci-layout", "a:b")),
        ("rootfs:-", ("rootfs", "-")),
        ("shop:1", (None, "shop:1")),
        ("DOCKER:shop", (None, "DOCKER:shop")),
        ("dockers:shop", (None, "dockers:shop")),
        ("-", (None, "-")),
    ]
    for target, expected in table:
        assert split_scheme(target) == expected, (target, expected)


def test_path_with_a_colon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose name has a colon is a file; one that begins with a scheme's name can be given with its folder."""
    monkeypatch.chdir(tmp_path)
    builders.write(tmp_path / "shop:1", ARCHIVES["modern"]())
    builders.write(tmp_path / "docker:shop", ARCHIVES["modern"]())
    assert isinstance(open_source("shop:1"), ArchiveFile)
    assert isinstance(open_source("./docker:shop"), ArchiveFile)


def test_scheme_alone() -> None:
    """A scheme with nothing behind it is refused."""
    for scheme in [*SCHEMES, "registry"]:
        with pytest.raises(UsageError, match="names no image"):
            open_source(f"{scheme}:")


@pytest.mark.parametrize("target", ["docker://alpine", "oci://a/b", "https://example.com/image.tar", "x://"])
def test_foreign_scheme(target: str) -> None:
    """What looks like a URL is refused with the schemes that there are."""
    with pytest.raises(UsageError, match=r"is not supported.* docker: podman: "):
        open_source(target)


def test_registry() -> None:
    """A registry cannot be read yet, and the message says what to do."""
    with pytest.raises(UsageError, match=r"docker pull .*skopeo copy .*oci-archive:"):
        open_source("registry:example.com/shop:1")


def test_empty_target() -> None:
    """An empty target is refused, not taken for the current folder."""
    with pytest.raises(UsageError, match="the target is empty"):
        open_source("")


@pytest.mark.parametrize(
    "target", ["{}/nothing", "./nothing.tar", "../nothing", "~/nothing", "docker-archive:{}/nothing"]
)
def test_missing_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """What can only be a path is not asked for at an engine."""
    monkeypatch.setattr(recognise, "_engine_source", lambda *_: pytest.fail("asked an engine"))
    with pytest.raises(TargetError, match=r"(?i)cannot read .*no such file"):
        open_source(target.format(tmp_path))


def test_dangling_link(tmp_path: Path) -> None:
    """A link that leads nowhere is a path that cannot be read."""
    (tmp_path / "image.tar").symlink_to(tmp_path / "gone")
    with pytest.raises(TargetError, match=r"cannot read .*No such file"):
        open_source(str(tmp_path / "image.tar"))


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("collected")
def test_unknown_name() -> None:
    """A name that is not a path is looked up in the engines."""
    with pytest.raises(EngineError, match="shop:1 is not a file here, and no container engine answers"):
        open_source("shop:1")


@pytest.mark.parametrize("scheme", ["", "docker-archive:", "oci-archive:"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"#!/bin/sh\n", "is not an image: neither a tar"),
        (b"{}", "is not an image: neither a tar"),
        (os.urandom(5000), "is not an image: neither a tar"),
        (gzip.compress(b"some text"), "is not an image: it is gzip data, but without a tar"),
        (zstandard.compress(b"some text"), "is not an image: it is zstd data, but without a tar"),
        (gzip.compress(b"some text")[:14], "cannot be read: "),
        (gzip.compress(b""), "is not an image: it is gzip data, but without a tar"),
    ],
    ids=["empty", "script", "json", "noise", "gzip", "zstd", "cut", "gzip of nothing"],
)
@pytest.mark.parametrize("by", ["path", "stream"])
def test_file_that_is_no_image(tmp_path: Path, content: bytes, message: str, scheme: str, by: str) -> None:
    """A file that is not an archive is refused by what it is."""
    path = builders.write(tmp_path / "file", content)
    with pytest.raises(TargetError, match=message):
        open_source(f"{scheme}{path}") if by == "path" else open_source(f"{scheme}-", stdin=OnePass(content))


def test_folder_that_is_no_image(tmp_path: Path) -> None:
    """A folder without an image's documents is refused, with what to do to scan its files."""
    builders.write(tmp_path / "app.py", b"")
    with pytest.raises(TargetError, match=r"is a folder but not an image.*rootfs:-"):
        open_source(str(tmp_path))


@pytest.mark.parametrize("scheme", ["docker-archive", "oci-archive", "rootfs"])
def test_folder_for_a_file(tmp_path: Path, scheme: str) -> None:
    """A scheme for archives refuses a folder."""
    with pytest.raises(TargetError, match=f"is a folder, and {scheme}: takes a file"):
        open_source(f"{scheme}:{tmp_path}")


@pytest.mark.parametrize("scheme", ["oci-layout", "docker-dir"])
def test_file_for_a_folder(tmp_path: Path, scheme: str) -> None:
    """A scheme for folders refuses a file and standard input."""
    path = builders.write(tmp_path / "image.tar", ARCHIVES["oci"]())
    with pytest.raises(TargetError, match=f"is not a folder, and {scheme}: takes one"):
        open_source(f"{scheme}:{path}")
    with pytest.raises(UsageError, match=f"{scheme}: takes a folder"):
        open_source(f"{scheme}:-", stdin=BytesIO())


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero"])
def test_device(path: str) -> None:
    """A device is refused: it may never end."""
    with pytest.raises(TargetError, match=f"{path} is a device"):
        open_source(path)


def test_socket() -> None:
    """A socket cannot be read, and the message says why."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        path = Path(folder) / "s"
        listening.bind(str(path))
        with pytest.raises(TargetError, match=r"cannot read .*: No such device or address"):
            open_source(str(path))


def test_named_pipe(tmp_path: Path) -> None:
    """A named pipe is read once, as a shell's `<(docker save …)` gives it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(ARCHIVES["modern"](),))
    writer.start()
    try:
        [report] = scan(path)
    finally:
        writer.join()
    assert lives(report) == LIVES
    assert report.whole


class _Broken(BytesIO):
    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


def test_stream_that_cannot_be_read() -> None:
    """A standard input that gives an error is reported, like a file that does."""
    with pytest.raises(TargetError, match="cannot read -: Input/output error"):
        open_source("-", stdin=_Broken())


@pytest.mark.parametrize("dialect", ["modern", "crane", "oci"])
@pytest.mark.parametrize("by", ["path", "gzip", "stream"])
def test_truncated_archive(tmp_path: Path, dialect: str, by: str) -> None:
    """An archive that was cut is not whole, and what could be read of it is reported."""
    data = ARCHIVES[dialect]()
    data = data.rstrip(b"\0")[:-700]
    path = builders.write(tmp_path / "image.tar", gzip.compress(data) if by == "gzip" else data)
    reports = scan_stream(data) if by == "stream" else scan(path)
    assert not all(report.whole for report in reports)
    assert any(code.startswith(("tar-", "layer-")) for report in reports for code in codes(report))


@pytest.mark.parametrize("document", [b'[1,{"Layers":[]}]', b'[{"Layers":5}]', b'[{"Layers":[5],"Config":{}}]'])
def test_a_file_named_like_a_manifest_does_not_crash(document: bytes, tmp_path: Path) -> None:
    """A `manifest.json` of any shape makes no image, and no crash."""
    path = builders.write(tmp_path / "root.tar", builders.tar({"manifest.json": document, "a": b"x"}))
    source = open_source(str(path))
    assert isinstance(source, RootFilesystem)
    source.close()
