"""Images that BuildKit has built and exported through buildx, attestations included."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.real.machine import environment
from tests.real.scanner import agree, agree_flattened, scan
from tests.real.subject import CONFIG, NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.machine import Engine
    from tests.real.scanner import Scan
    from tests.real.subject import Subject

pytestmark = pytest.mark.real("docker")


def _build(buildkit: Engine, subject: Subject, *options: str) -> None:
    arguments: tuple[str | Path, ...] = ("--network=none", *options, *subject.build_arguments, subject.context)
    buildkit.docker("buildx", "build", *arguments, buildkit=True)


@pytest.mark.parametrize("form", ["docker", "oci"])
@pytest.mark.parametrize("compression", ["uncompressed", "gzip", "estargz", "zstd"])
def test_export_archive(buildkit: Engine, subject: Subject, tmp_path: Path, form: str, compression: str) -> None:
    """Each archive and compression of buildx gives the same findings: estargz has a gzip member for each file."""
    path = tmp_path / "image.tar"
    settings = f"type={form},dest={path},compression={compression},force-compression=true"
    _build(buildkit, subject, f"--output={settings},name={NAME}", "--provenance=false")
    agree(scan(path), subject)
    with path.open("rb") as stream:
        agree(scan("-", stdin=stream), subject)


def test_export_layout(buildkit: Engine, subject: Subject, tmp_path: Path) -> None:
    """An OCI layout as a folder, with buildx's own further folder in it, gives the same findings."""
    path = tmp_path / "layout"
    _build(buildkit, subject, f"--output=type=oci,dest={path},tar=false", "--provenance=false")
    agree(scan(path), subject)


@pytest.mark.parametrize("form", ["tar", "local"])
def test_export_root_filesystem(buildkit: Engine, subject: Subject, tmp_path: Path, form: str) -> None:
    """A root filesystem of buildx holds what is visible."""
    path = tmp_path / "root"
    _build(buildkit, subject, f"--output=type={form},dest={path}", "--provenance=false")
    if form == "local":
        done = scan(path)
        assert done.code == 2, "a folder that is no image is said to be none"
        return
    agree_flattened(scan(f"rootfs:{path}"), subject)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("way", ["engine", "file", "pipe"])
def test_attestation(buildkit: Engine, subject: Subject, tmp_path: Path, mode: str, way: str) -> None:
    """The findings stay the same beside an attestation, which adds those in its own document and no other.

    With `mode=max` it holds the build arguments, and the Dockerfile, so ENV and LABEL once more.
    """
    name = f"imgscan-attested:{mode}"
    _build(buildkit, subject, f"--tag={name}", f"--provenance=mode={mode}", "--load")
    done = _scan(buildkit, name, tmp_path, way)
    (target,) = [one for one in done.targets if one["layers"]]
    recipe = {row.sha256 for row in subject.rows if row.path == CONFIG}
    agree(done, subject, ignore=".image/attestation")
    attested = [
        finding for finding in target["findings"] if finding["location"]["path"].startswith(".image/attestation")
    ]
    assert {finding["secret"]["sha256"] for finding in attested} == (recipe if mode == "max" else set())


def _scan(buildkit: Engine, name: str, directory: Path, way: str) -> Scan:
    if way == "engine":
        return scan(f"docker:{name}", env=buildkit.env)
    path = directory / "image.tar"
    if way == "file":
        buildkit.docker("save", "--output", path, name)
        return scan(path)
    with subprocess.Popen(
        ["docker", "save", name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment(buildkit.env)
    ) as saving:
        return scan("-", stdin=saving.stdout)
