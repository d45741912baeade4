"""Claimed is searched: whatever refers to whatever, each blob and each document of an image is searched."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given, settings

from fixtures.builders import folder as laid
from fixtures.builders import sha256, tar, write
from tests.effort import examples
from tests.scan.support import scan, told
from tests.scan.wiring import Wired, wirings

if TYPE_CHECKING:
    from imgscan.model import TargetReport
    from tests.scan.support import Told


def found(reports: list[TargetReport]) -> set[str]:
    """Return the SHA-256 of what was found."""
    return {finding.secret.sha256 for report in reports for finding in report.findings}


def everything(reports: list[TargetReport]) -> list[tuple[list[Told], list[tuple[str, str, str | None]]]]:
    """Return what must not depend on how an image is read."""
    return [
        (told(report.findings), [(each.code, each.message, each.path) for each in report.diagnostics])
        for report in reports
    ]


@given(wired=wirings())
@settings(max_examples=examples(25), deadline=None)
def test_every_blob_and_document_is_searched(wired: Wired) -> None:
    """Over random wirings: each key is found, nothing is left over, and no way of reading changes anything."""
    archive = tar(wired.members)
    with TemporaryDirectory() as folder:
        path = write(Path(folder) / "image.tar", archive)
        expected = scan(f"docker-archive:{path}")
        assert {sha256(key.encode()) for key in wired.keys} <= found(expected)
        assert not [each for report in expected for each in report.diagnostics if each.code == "unsearched"]
        right = everything(expected)
        assert everything(scan(archive, size=700)) == right
        assert everything(scan(gzip.compress(archive, mtime=0))) == right
        if not wired.doubled:
            assert found(scan(f"oci-layout:{laid(Path(folder) / 'layout', dict(wired.members))}")) == found(expected)
