"""The result of a layer as a value: written in one process and read in another, it gives the same report."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING

import pytest

from fixtures.builders import Image, Layer, Link, artifact_files, docker_legacy, docker_modern, oci_archive, tar
from fixtures.builders.tars import sorted_tar
from fixtures.containers import CHAINS, FORMATS, chained
from fixtures.keys import Keys
from imgscan.scan.image import images
from imgscan.scan.layer import scan_layer
from imgscan.scan.session import Session
from imgscan.streams.readers import BytesReader
from tests.scan.support import concealer, scan

if TYPE_CHECKING:
    from typing import Any

    from tests.scan.another import Another


KEYS = Keys("results")
KEY, OTHER = KEYS.secret99(), KEYS.secret34()
LINE = f"KEY={KEY}\n".encode()


def _layers() -> list[Layer]:
    """Make layers that overwrite, delete and link files, and hold containers, odd names and damage."""
    members: list[tuple[str, Any]] = [
        (f"inside/{number}", chained([name], LINE)[0]) for number, name in enumerate(FORMATS)
    ]
    return [
        Layer(tar([("etc/a", LINE), ("etc/b", LINE), ("etc/c", Link("etc/a", hard=True)), (f"{OTHER}/k", LINE)])),
        Layer(tar([*members, ("chain", chained(CHAINS[0], LINE)[0]), ("bin", b"\0" + LINE)])),
        Layer(tar([("etc/.wh.b", b""), ("etc/a", b"x"), ("inside/.wh..wh..opq", b""), ("deep/" * 40 + "k", LINE)])),
        Layer(tar([("cut.gz", chained(["gzip"], LINE)[0][:-9]), ("e\udce9", LINE)], end=False)),
    ]


IMAGES = {
    "docker": lambda: docker_modern(Image(_layers(), config={"Env": [f"K={KEY}"]})),
    "legacy": lambda: docker_legacy(Image(_layers())),
    "oci": lambda: oci_archive(Image(_layers()), "gzip"),
    "zstd": lambda: oci_archive(Image(_layers()), "zstd"),
    "artifact": lambda: sorted_tar(artifact_files(chained(CHAINS[2], LINE)[0])),
    "stray": lambda: sorted_tar(artifact_files(tar([("a", LINE)]), "stray")),
    "cut": lambda: docker_modern(Image(_layers()))[:-3000],
}


@pytest.mark.parametrize("kind", IMAGES)
def test_a_report_of_results_that_were_kept_is_the_same(
    kind: str, another: Another, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every result of an image goes through another process and back; the report does not change."""
    image, passed = IMAGES[kind](), another.passed
    kept = scan(image)
    assert another.passed > passed
    monkeypatch.setattr(images, "scan_layer", scan_layer)
    assert scan(image) == kept
    assert any(report.findings for report in kept)


def test_what_is_written_holds_no_secret_and_no_name_that_is_one() -> None:
    """A key in a file, in its name, in a PAX record or in the blob's own name is in no byte that is kept."""
    for data in (_layers()[0].tar, LINE, chained(["zip deflated"], LINE)[0][:-4]):
        result = scan_layer(BytesReader(data), Session(concealer()), name=f"blobs/{OTHER}")
        written = result.write()
        assert KEY.encode() not in written
        assert OTHER.encode() not in written
        assert result.hits or result.unread


def test_a_result_cannot_be_changed() -> None:
    """A result is frozen, and so are its hits."""
    result = scan_layer(BytesReader(LINE), Session(concealer()), name="x")
    with pytest.raises(FrozenInstanceError):
        result.size = 1  # type: ignore[misc]
    with pytest.raises(AttributeError):
        result.hits[0].member = 5  # type: ignore[misc]
