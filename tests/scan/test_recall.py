"""Nothing that a naive search finds is missed, and no window or read size changes a report.

The detector is made near-sighted here (600 bytes instead of 64 KiB), so that layers of a few kilobytes are cut into
many windows.
"""

from __future__ import annotations

import base64
import itertools
import random
from typing import TYPE_CHECKING

import pytest

from fixtures.builders import (
    COMPRESSIONS,
    Content,
    Image,
    Layer,
    Link,
    docker_legacy,
    docker_modern,
    oci_folder,
    tar,
    write,
)
from fixtures.keys import Keys
from imgscan.scan.search import WINDOW
from imgscan.sources.onepass import ArchiveStream
from imgscan.streams import inflate
from tests.scan.support import digest, scan, short_sight, told
from tests.trickle import Trickle

if TYPE_CHECKING:
    from pathlib import Path


def _image(seed: int) -> tuple[Image, dict[str, list[str]]]:
    """Make an image with keys in many files; return also the paths at which each key was put."""
    keys, choose = Keys(seed), random.Random(seed)
    planted: dict[str, list[str]] = {}
    layers = []
    for number in range(3):
        members: dict[str, Content] = {}
        for index in range(8):
            key = choose.choice([keys.secret99, keys.restricted, keys.secret34])()
            path = f"dir{index}/file{number}-{index}"
            line = choose.choice([b"\n", b"a: b\n", b'{"x": "y"}\n', "größe\n".encode(), b"\0\1"])
            content = choose.choice([key.encode(), base64.b64encode(key.encode()), key.encode("utf-16-le")])
            if content == key.encode("utf-16-le"):
                members[path] = b"\xff\xfe" + "k\n".encode("utf-16-le") * choose.randrange(300) + content
            else:
                members[path] = line * choose.randrange(600) + b"K=" + content + b"\n" + line * choose.randrange(90)
            planted.setdefault(key, []).append(path)
        if number:
            members[f"dir1/.wh.file{number - 1}-1"] = b""
            members[f"link{number}"] = Link("dir0/file0-0")
        layers.append(Layer(tar(members)))
    return Image(layers), planted


@pytest.mark.parametrize("seed", range(4))
def test_every_planted_key_is_found(seed: int, tmp_path: Path) -> None:
    """Each key is found at each path where it was put, at any window size."""
    image, planted = _image(seed)
    path = write(tmp_path / "image.tar", docker_legacy(image))
    for window in (300, 4096, WINDOW):
        with short_sight() as by:
            (report,) = scan(path, window=window, by=by)
        assert report.whole
        found = {(each.secret.sha256, each.location.path) for each in report.findings}
        assert found == {(digest(key), place) for key, places in planted.items() for place in places}


@pytest.mark.parametrize("seed", range(2))
def test_every_plain_key_of_a_layer_is_found(seed: int, tmp_path: Path) -> None:
    """What a naive search of the uncompressed layers finds is among the findings, as often."""
    image, planted = _image(seed)
    (report,) = scan(write(tmp_path / "image.tar", docker_modern(image)))
    for key in planted:
        naive = sum(layer.tar.count(key.encode()) for layer in image.layers)
        hits = [each for each in report.findings if each.secret.sha256 == digest(key)]
        assert sum(each.location.encoding == "plain" for each in hits) == naive


def _small_pieces(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Have plain bytes come in chunks of this size, as far as each decoder lets itself be told."""
    monkeypatch.setattr(inflate, "CHUNK", size)
    monkeypatch.setattr(inflate, "_ENOUGH", size)


@pytest.mark.parametrize("compression", ["plain", "gzip", "gzip-members", "zstd-frames", "bz2"])
def test_windows_and_jobs_change_nothing(compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The findings are the same for windows of any size and any number of jobs."""
    sizes = [(101, 1), (101, 7), (512, 512), (3000, 4096), (1 << 20, 1 << 20)]
    image, _ = _image(7)
    path = oci_folder(tmp_path / "oci", image, compression)
    with short_sight() as by:
        (expected,) = scan(path, by=by)
        assert len(expected.findings) == 24
        for (chunk, window), jobs in itertools.product(sizes, (1, 4)):
            _small_pieces(monkeypatch, chunk)
            (report,) = scan(path, window=window, jobs=jobs, by=by)
            assert report.diagnostics == ()
            assert told(report.findings) == told(expected.findings), (chunk, window, jobs)


@pytest.mark.parametrize("compression", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize(("size", "window"), [(1, 512), (513, 1), (10_000, 7), (1 << 20, 4096)])
def test_reads_change_nothing(compression: str, size: int, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The findings of an image that passes once are the same however few bytes come at a time."""
    image, _ = _image(8)
    layers = image.layers[: 1 if size == 1 else 3]  # what comes byte by byte takes seconds a layer
    archive = docker_modern(Image(layers))
    data = COMPRESSIONS[compression][1](archive)
    with short_sight() as by:
        (expected,) = scan(archive, by=by)
        assert len(expected.findings) == 8 * len(layers)
        _small_pieces(monkeypatch, size)
        source = ArchiveStream(inflate.inflate(Trickle(data, size), inflate.sniff(data[:6])))
        (report,) = scan(source, window=window, by=by)
    assert report.diagnostics == ()
    assert told(report.findings) == told(expected.findings)


def test_one_byte_at_a_time_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that own one byte, of a layer that comes byte by byte, give the same."""
    image, _ = _image(9)
    path = oci_folder(tmp_path / "oci", Image(image.layers[:1]))
    with short_sight() as by:
        (expected,) = scan(path, by=by)
        _small_pieces(monkeypatch, 1)
        (report,) = scan(path, window=1, by=by)
    assert len(expected.findings) == 8
    assert told(report.findings) == told(expected.findings)
