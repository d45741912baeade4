"""Images that podman has built, saved in each of its formats and served on its socket."""

from __future__ import annotations

import gzip
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.real.machine import environment, served, succeeds
from tests.real.scanner import agree, agree_flattened, refuse_cut, scan
from tests.real.subject import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.machine import Storage
    from tests.real.subject import Subject

pytestmark = pytest.mark.real("podman")

_FORMATS = {
    "docker-archive": "docker-archive",
    "oci-archive": "oci-archive",
    "docker-dir": "docker-dir",
    "oci-dir": "oci-layout",
}
"""What podman calls a format, and the scheme that imgscan knows it by."""


def _save(podman: Storage, form: str, *options: str) -> Path:
    path = podman.directory / "-".join((form, *options)).replace("--", "")
    if not path.exists():
        podman.run("podman", "save", "--format", form, *options, "--output", path, NAME)
    return path


@pytest.mark.parametrize("form", _FORMATS)
def test_save_format_is_recognised(podman: Storage, subject: Subject, form: str) -> None:
    """Each format of `podman save` is recognised by its content."""
    agree(scan(_save(podman, form)), subject)


@pytest.mark.parametrize("form", _FORMATS)
def test_save_format_by_scheme(podman: Storage, subject: Subject, form: str) -> None:
    """Each format of `podman save` is read when its scheme is named."""
    agree(scan(f"{_FORMATS[form]}:{_save(podman, form)}"), subject)


def test_save_compressed_directory(podman: Storage, subject: Subject) -> None:
    """`podman save --compress` puts gzip layers into the folder, and the findings stay the same."""
    agree(scan(_save(podman, "docker-dir", "--compress")), subject)


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_save_to_pipe(podman: Storage, subject: Subject, form: str) -> None:
    """`podman save NAME | imgscan image -` reads the stream once, metadata last."""
    command = [str(word) for word in podman.command("podman", "save", "--format", form, NAME)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
    ) as saving:
        agree(scan("-", stdin=saving.stdout), subject)
    assert saving.returncode == 0


def test_save_then_gzip(podman: Storage, subject: Subject) -> None:
    """A saved image that was compressed as a whole gives the same findings."""
    plain = _save(podman, "docker-archive")
    packed = plain.with_suffix(".tar.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes(), 1))
    agree(scan(packed), subject)


def test_export_is_a_root_filesystem(podman: Storage, subject: Subject) -> None:
    """`podman export` leaves no layer and no document: only what is visible is found."""
    container = podman.run("podman", "create", "--network=none", NAME).decode().strip()
    path = podman.directory / "export.tar"
    podman.run("podman", "export", "--output", path, container)
    agree_flattened(scan(f"rootfs:{path}"), subject)


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
def test_cut_archive_is_no_clean_scan(podman: Storage, subject: Subject, form: str, kept: float) -> None:
    """An archive that was cut anywhere ends with exit code 2, and its report says why."""
    whole = _save(podman, form).read_bytes()
    path = podman.directory / f"{form}-cut"
    path.write_bytes(whole[: int(len(whole) * kept)])
    refuse_cut(scan(path), subject)


@pytest.fixture(scope="module")
def socket(podman: Storage) -> Iterator[str]:
    """Yield the address of podman's Docker-compatible service."""
    path = podman.directory / "podman.sock"
    address = f"unix://{path}"
    command = podman.command("podman", "system", "service", "--time=0", address)
    probe = ("curl", "--silent", "--fail", "--unix-socket", path, "http://podman/_ping")
    with served(command, podman.directory / "service.log", lambda: succeeds(*probe)):
        yield address


@pytest.mark.parametrize(
    ("variable", "target"),
    [
        ("CONTAINER_HOST", f"podman:{NAME}"),
        ("CONTAINER_HOST", f"podman:localhost/{NAME}"),
        ("CONTAINER_HOST", NAME),
        ("DOCKER_HOST", f"docker:{NAME}"),
        ("DOCKER_HOST", f"localhost/{NAME}"),
    ],
)
def test_service(socket: str, subject: Subject, variable: str, target: str) -> None:
    """The service of podman is an engine: by `CONTAINER_HOST`, and as a Docker engine by `DOCKER_HOST`."""
    agree(scan(target, env={variable: socket}), subject)
