"""Whatever is wrong: one clear sentence, exit code 2, no traceback, and never a secret."""

from __future__ import annotations

import gzip
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from fixtures import builders
from fixtures.archives import lz4_frame
from fixtures.builders import Image
from fixtures.keys import Keys
from tests.cli.driver import archive, image
from tests.sources.engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Imgscan
    from tests.cli.driver import Run

KEY = Keys("bad input").secret99()
IMAGE = image({"app/.env": f"STRIPE_KEY={KEY}\n"}, more=7000)


@dataclass(frozen=True)
class Case:
    """A target that cannot be scanned, or not as a whole: what is written there, and what the sentence says."""

    make: Callable[[Path], object]
    message: str
    found: int = 0


def _file(data: bytes) -> Callable[[Path], object]:
    return lambda folder: builders.write(folder / "image.tar", data)


def _altered(data: bytes, text: bytes, place: int = 0) -> bytes:
    position = data.index(text) + place
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def _layout(change: Callable[[dict[str, bytes]], object]) -> Callable[[Path], object]:
    def make(folder: Path) -> Path:
        files = dict(builders.oci_files(IMAGE))
        change(files)
        return builders.folder(folder / "image", files)

    return make


def _with_layer(media_type: str, data: bytes) -> Callable[[Path], object]:
    """Return a layout to whose image a layer is added."""

    def change(files: dict[str, bytes]) -> None:
        index = json.loads(files["index.json"])
        name = index["manifests"][0]["digest"].replace(":", "/")
        manifest = json.loads(files.pop(f"blobs/{name}"))
        manifest["layers"].append(builders.descriptor(data, media_type))
        config = json.loads(files.pop("blobs/" + manifest["config"]["digest"].replace(":", "/")))
        config["rootfs"]["diff_ids"].append(f"sha256:{builders.sha256(data)}")
        config["history"].append({"created_by": "COPY more /"})
        packed = builders.dump(config)
        manifest["config"] = builders.descriptor(packed, builders.OCI_CONFIG)
        again = builders.dump(manifest)
        index["manifests"][0] |= builders.descriptor(again, builders.OCI_MANIFEST)
        files["index.json"] = builders.dump(index)
        files |= {f"blobs/sha256/{builders.sha256(blob)}": blob for blob in (packed, again, data)}

    return _layout(change)


def _without(digest: str) -> Callable[[Path], object]:
    return _layout(lambda files: files.pop(f"blobs/sha256/{digest}"))


FIRST = builders.sha256(IMAGE.layers[0].tar)
ARCHIVE = builders.docker_modern(IMAGE)

CASES = {
    "missing file": Case(lambda folder: folder / "none.tar", "there is no such file or folder"),
    "empty file": Case(_file(b""), "is empty"),
    "text": Case(_file(b"hello\n"), "is not an image: neither a tar archive nor"),
    "compressed text": Case(_file(gzip.compress(b"hello\n")), "it is gzip data, but without a tar archive inside"),
    "folder": Case(lambda folder: folder, "is a folder but not an image: an OCI layout has index.json"),
    "folder for a file": Case(lambda folder: f"docker-archive:{folder}", "a folder, and docker-archive: takes a file"),
    "empty": Case(lambda _: "", "the target is empty"),
    "scheme alone": Case(lambda _: "docker:", "docker: names no image"),
    "foreign scheme": Case(lambda _: "containers-storage://shop", "containers-storage:// is not supported"),
    "registry": Case(lambda _: "registry:example.com/shop", "pull the image (docker pull NAME)"),
    "truncated": Case(_file(ARCHIVE[: len(ARCHIVE) * 2 // 3]), "the scan is not complete"),
    "truncated gzip": Case(_file(gzip.compress(ARCHIVE)[:-300]), "the scan is not complete"),
    "altered layer": Case(_file(_altered(ARCHIVE, b"STRIPE_KEY")), "it was altered or damaged", found=1),
    "altered header": Case(_file(_altered(ARCHIVE, b"ustar", -150)), "is not an image: neither a tar archive nor"),
    "altered config": Case(_file(_altered(ARCHIVE, b'"created_by"', 15)), "the scan is not complete", found=1),
    "missing layer": Case(_without(FIRST), "is missing: its blob is not stored here"),
    "missing config": Case(_without(builders.sha256(IMAGE.config_json)), "the scan is not complete", found=1),
    "encrypted layer": Case(
        _with_layer("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", b"\x9c\x01" * 900),
        "is encrypted: decrypt the image before scanning it", found=1,
    ),
    "unknown compression": Case(
        _with_layer("application/vnd.oci.image.layer.v1.tar+lz4", lz4_frame(b"some text")),
        "it is lz4 data", found=1,
    ),
    "no tar": Case(_with_layer("application/vnd.oci.image.layer.v1.tar", b"some text"), "cannot be read", found=1),
}  # fmt: skip


def clear(done: Run) -> None:
    """Check that a run failed as it should: exit code 2, one sentence, nothing that looks like a crash or a secret."""
    assert done.code == 2
    assert re.fullmatch(r"imgscan: [^\n]{20,600}\n", done.err), done.err
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    assert not any(character in done.err for character in "\x1b\x9b\r")
    assert KEY not in done.err + done.out


@pytest.mark.parametrize("name", CASES)
def test_target(imgscan: Imgscan, tmp_path: Path, name: str) -> None:
    """A target that cannot be scanned is reported in one sentence, and what could be read of it is in the report."""
    case = CASES[name]
    done = imgscan("image", case.make(tmp_path), "-f", "json")
    clear(done)
    assert case.message in done.err
    [report] = done.json["targets"]
    assert report["diagnostics"]
    assert len(report["findings"]) >= case.found


def test_foreign_layer(imgscan: Imgscan, tmp_path: Path) -> None:
    """A layer that is distributed from elsewhere, and is not here, is reported as that."""
    layer = b"windows base layer"
    make = _with_layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", layer)
    path = make(tmp_path)
    (tmp_path / "image/blobs/sha256" / builders.sha256(layer)).unlink()
    done = imgscan("image", path, "-f", "json")
    clear(done)
    assert "is distributed from elsewhere (a foreign layer)" in done.err
    assert len(done.json["targets"][0]["findings"]) == 1


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("target", ["shop:1", "docker:shop:1", "podman:shop:1", "Dockerfile.prod", "no such image"])
def test_no_engine(imgscan: Imgscan, target: str) -> None:
    """A name where no engine answers is reported with what was tried and what to do."""
    done = imgscan("image", target)
    clear(done)
    assert "no container engine answers" in done.err
    assert "start one, or save it to a file where it is (docker save -o image.tar " in done.err


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("collected")
def test_engine_without_the_image(imgscan: Imgscan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that no engine has is reported with what to do."""
    with FakeEngine().listening() as socket:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
        done = imgscan("image", "other:2")
    clear(done)
    assert "pull it (docker pull other:2)" in done.err


def test_missing_context(imgscan: Imgscan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A docker context that does not exist is reported with how to see those that do."""
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    done = imgscan("image", "shop:1")
    clear(done)
    assert "the docker context gone does not exist: see docker context ls" in done.err


# Secrets and hostile names


@pytest.mark.parametrize(
    "kind", ["target", "missing", "engine", "folder", "output", "context", "platform", "format", "rule"]
)
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("collected")
def test_secret_in_an_argument(imgscan: Imgscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A credential in an argument is repeated nowhere, be it a name of a file, an image, or a mistake."""
    path = builders.write(tmp_path / f"{KEY}.tar", b"no image")
    (tmp_path / KEY).mkdir()
    monkeypatch.delenv("DOCKER_HOST") if kind == "context" else None
    monkeypatch.setenv("DOCKER_CONTEXT", KEY)
    arguments: Any = {
        "target": ["image", path],
        "missing": ["image", tmp_path / f"none-{KEY}"],
        "engine": ["image", f"docker:shop:{KEY}"],
        "folder": ["image", tmp_path / KEY],
        "output": ["image", path, "-o", tmp_path / f"no/{KEY}"],
        "context": ["image", "shop:1"],
        "platform": ["image", path, "--platform", KEY],
        "format": ["image", path, "-f", KEY],
        "rule": ["rules", KEY],
    }[kind]
    done = imgscan(*arguments)
    assert done.code == 2
    assert KEY not in done.out + done.err
    if kind != "platform":  # which is not repeated at all
        assert KEY[:12] + "…" in done.err or KEY[:10] + "…" in done.err


@pytest.mark.parametrize("format", ["text", "json", "jsonl", "sarif"])
def test_secret_in_a_name(imgscan: Imgscan, tmp_path: Path, format: str) -> None:  # noqa: A002
    """A credential in the name of the archive, a file in it, a tag or an instruction is in no report."""
    files = {f"app/{KEY}.txt": f"{KEY}\n"}
    path = archive(tmp_path / f"{KEY}.tar", files, tag=f"shop:{KEY}", empty=[(0, f"ENV STRIPE_KEY={KEY}")])
    root = builders.write(tmp_path / f"{KEY}-root.tar", builders.rootfs(image(files)))
    done = imgscan("image", path, root, "-f", format, "-v")
    assert done.code == 1
    assert KEY not in done.out + done.err
    assert KEY[20:60] not in done.out + done.err


@pytest.mark.parametrize("format", ["text", "json", "jsonl", "sarif"])
def test_secret_in_what_fails(imgscan: Imgscan, tmp_path: Path, format: str) -> None:  # noqa: A002
    """A credential in the parts of an image that do not fit together is in no sentence about them."""
    config = json.loads(IMAGE.config_json)
    config |= {"architecture": KEY, "rootfs": {"diff_ids": [f"sha256:{KEY}", KEY]}, "history": [{"created_by": [KEY]}]}
    packed = builders.dump(config)
    manifest = builders.dump(
        [{"Config": f"{KEY}.json", "RepoTags": [KEY], "Layers": [f"{KEY}/layer.tar", f"{KEY}.tar"]}]
    )
    members = [(f"{KEY}.json", packed), (f"{KEY}/layer.tar", IMAGE.layers[0].tar[:-700]), ("manifest.json", manifest)]
    path = builders.write(tmp_path / "image.tar", builders.tar(members))
    done = imgscan("image", path, "-f", format, "-v")
    assert done.code == 2
    assert KEY not in done.out + done.err
    assert KEY[20:60] not in done.out + done.err


HOSTILE = ["a\x1b[2Jb", "a\nb", "a\r\nb", "::error::b", "a\u202eb", "a\x9b31mb", "a\x07b", "a\x7fb"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_target(imgscan: Imgscan, tmp_path: Path, name: str) -> None:
    """A target's name that would steer a terminal or a log is reported in escaped form, on one line."""
    done = imgscan("image", builders.write(tmp_path / name, b"no image"))
    clear(done)
    assert not any(character in done.err + done.out for character in "\u202e\x07\x7f")
    assert not re.search(r"(?m)^\s*::", done.err)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_platform(imgscan: Imgscan, tmp_path: Path, name: str) -> None:
    """So is what an image says of itself in a sentence about it."""
    path = archive(tmp_path / "image.tar", {"app/.env": ""}, architecture=name)
    done = imgscan("image", path, "--platform", "linux/arm64")
    clear(done)
    assert not any(character in done.err + done.out for character in "\u202e\x07\x7f")


def test_name_that_is_not_utf_8(imgscan: Imgscan, tmp_path: Path) -> None:
    """A path that is not UTF-8 is scanned, and written so that it can be read."""
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.tar")
    done = imgscan("image", name)
    assert done.code == 2
    assert done.err.startswith("imgscan: cannot read ")
    archive_path = tmp_path / os.fsdecode(b"\xff.tar")
    archive(archive_path, {"app/.env": f"STRIPE_KEY={KEY}"})
    for form in ("text", "json", "jsonl", "sarif"):
        assert imgscan("image", archive_path, "-f", form).code == 1


def test_image_of_nothing(imgscan: Imgscan, tmp_path: Path) -> None:
    """An image without layers is scanned: its config is all there is."""
    path = builders.write(tmp_path / "image.tar", builders.docker_modern(Image([], config={"Env": [f"K={KEY}"]})))
    done = imgscan("image", path, "-f", "json")
    assert done.code == 1
    assert len(done.json["targets"][0]["findings"]) == 1


@pytest.mark.parametrize("error", [ValueError(KEY), RuntimeError(KEY), MemoryError(KEY), RecursionError(KEY)])
def test_mistake_of_ours(imgscan: Imgscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A mistake in imgscan is reported without the text of the exception, which may hold anything."""

    def scan(*_: object) -> None:
        raise error

    monkeypatch.setattr("imgscan.scan.image.images.ImageScanner.scan", scan)
    report = tmp_path / "report"
    done = imgscan("image", tmp_path, "-f", "json", "-o", report)
    assert done.code == 2
    pattern = r"imgscan: (internal error, \w+ at [\w.]+:\d+: please report it|there is not enough memory \(.*\)).*\n"
    assert re.fullmatch(pattern, done.err)
    assert KEY not in done.err + report.read_text()
    [target] = json.loads(report.read_text())["targets"]
    assert [each["code"] for each in target["diagnostics"]] == ["internal-error"]
