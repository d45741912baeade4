"""Containers come through every door alike: in an image file, and in an image on standard input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.builders import Image, Layer, docker_modern, oci_archive, tar
from fixtures.containers import CHAINS, FORMATS, chained
from fixtures.keys import Keys
from tests.scan.support import digest, scan

if TYPE_CHECKING:
    from pathlib import Path

    from imgscan.model import TargetReport

KEY = Keys(1).secret99()
TEXT = b"A=1\n" * 300 + b"KEY=" + KEY.encode() + b"\n" + b"Z=2\n" * 300
DOORS = {"docker": docker_modern, "oci": oci_archive}


def built(data: bytes) -> Image:
    """Make an image whose second layer holds a file of these bytes."""
    return Image([Layer(tar([("a", b"1")])), Layer(tar([("app/first", b"x"), ("app/file", data), ("app/last", b"y")]))])


def told(reports: list[TargetReport]) -> list[tuple[str, str, int | None, int | None, int | None]]:
    """Return what the only report says of its findings; nothing may have been left unread."""
    [report] = reports
    assert report.diagnostics == ()
    locations = [(finding.secret.sha256, finding.location) for finding in report.findings]
    return [(sha256, place.path, place.layer, place.line, place.column) for sha256, place in locations]


@pytest.mark.parametrize("door", DOORS)
def test_a_key_is_found_once_in_a_file_and_on_standard_input(door: str, tmp_path: Path) -> None:
    """Each format, and each chain of formats: one finding, at the same path, line and layer."""
    for chain in [*([name] for name in FORMATS), *CHAINS]:
        data, path = chained(chain, TEXT)
        image = DOORS[door](built(data))
        (tmp_path / "image.tar").write_bytes(image)
        expected = [(digest(KEY), "app/file" + path, 1, 301, 5)]
        assert told(scan(tmp_path / "image.tar")) == expected, chain
        assert told(scan(image, size=5000)) == expected, chain
