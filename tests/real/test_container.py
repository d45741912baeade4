"""The image of imgscan itself: built by buildah on a Debian 12 root, run on an archive and a socket, scanned by itself.

Nothing is pulled: the base is a root made by debootstrap, or the one that `IMGSCAN_BOOKWORM_ROOT` names, and the
packages are wheels that pip has fetched before the build.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.keys import Keys
from tests import tools
from tests.cli.driver import archive
from tests.real.machine import Storage, environment, run, scratch, served, succeeds
from tests.real.scanner import Scan, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.real("buildah"), pytest.mark.real("podman"), pytest.mark.real("curl")]

_TOP = Path(__file__).parents[2]
_BASE = "localhost/imgscan-base:1"
_NAME = "localhost/imgscan-self:1"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PACKAGES = "python3,python3-venv,ca-certificates"
_LARGEST = 80_000_000
"""Bytes that imgscan may add to its base: 48 million with everything that it depends on, when this was written."""


@dataclass(frozen=True)
class Built:
    """The image of imgscan in a storage, a container made from it, and the image as an archive."""

    storage: Storage
    container: str
    archive: Path

    def inside(self, *command: str, volumes: tuple[str, ...] = (), user: str | None = None) -> Scan:
        """Run a command in the container, as the image's user or another."""
        options = [word for volume in volumes for word in ("--volume", volume)]
        options += ["--user", user] if user else []
        words = self.storage.command("buildah", "run", "--isolation=chroot", *options, self.container, "--", *command)
        done = subprocess.run(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment(),
            timeout=300,
            check=False,
        )
        return Scan(done.returncode, done.stdout.decode(), done.stderr.decode())

    @property
    def config(self) -> dict[str, Any]:
        """The image's configuration, as the engine that runs it reads it."""
        told = self.storage.run("buildah", "inspect", "--type=image", _NAME)
        config: dict[str, Any] = json.loads(told)["OCIv1"]["config"]
        return config


def _root(directory: Path) -> Path:
    """Return the root of a Debian 12 system with Python and nothing else that a minimal one has not."""
    named = os.environ.get("IMGSCAN_BOOKWORM_ROOT")
    if named:
        return Path(named)
    root = directory / "bookworm"
    run(tools.find("debootstrap"), "--variant=minbase", f"--include={_PACKAGES}", "bookworm", root)
    return root


def _wheels(directory: Path, python: str) -> Path:
    """Fetch what imgscan needs, and what builds it, as wheels for a version of Python."""
    if not succeeds(sys.executable, "-I", "-m", "pip", "--version"):
        tools.missing("pip in the environment of the tests")
    project = tomllib.loads((_TOP / "pyproject.toml").read_text())
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    options: list[str] = []
    if python != f"{sys.version_info.major}.{sys.version_info.minor}":
        tags = [f"{tag}_{platform.machine()}" for tag in ("manylinux_2_28", "manylinux_2_17", "manylinux2014")]
        options = [f"--python-version={python}", *(f"--platform={tag}" for tag in tags)]
    wheels = directory / "wheels"
    pip = (sys.executable, "-I", "-m", "pip", "download", "--quiet", "--only-binary=:all:")
    run(*pip, *options, "--dest", wheels, *needed)
    return wheels


@pytest.fixture(scope="module")
def built() -> Iterator[Built]:
    """Build the image as its Containerfile says, on a base of our own; pip asks no index."""
    tools.root("an own containers/storage mounts its layers")
    with scratch("self") as directory:
        storage = Storage(directory, "overlay")
        root = _root(directory)
        python = run("chroot", root, "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        wheels = _wheels(directory, python.decode().strip())
        base = storage.run("buildah", "from", "scratch").decode().strip()
        storage.run("buildah", "copy", "--quiet", base, root, "/")
        storage.run("buildah", "config", "--env", f"PATH={_PATH}", base)
        storage.run("buildah", "commit", "--quiet", "--rm", base, _BASE)
        storage.run(
            *("buildah", "bud", "--isolation=chroot", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"),
            f"--volume={wheels}:/wheels:ro",
            *(f"--build-arg=BASE={_BASE}", "--build-arg=PIP_FIND_LINKS=/wheels", "--build-arg=PIP_NO_INDEX=1"),
            *("--file", _TOP / "Containerfile", "--tag", _NAME, _TOP),
        )
        container = storage.run("buildah", "from", _NAME).decode().strip()
        saved = directory / "self.tar"
        storage.run("buildah", "push", "--quiet", _NAME, f"docker-archive:{saved}:{_NAME}")
        yield Built(storage, container, saved)


def _added(path: Path) -> list[tarfile.TarInfo]:
    """Return the members of all layers above the base."""
    members = []
    with tarfile.open(path) as image:
        [manifest] = json.load(image.extractfile("manifest.json"))  # type: ignore[arg-type]
        for name in manifest["Layers"][1:]:
            with tarfile.open(fileobj=image.extractfile(name)) as layer:
                members += layer.getmembers()
    return members


def test_an_archive_is_scanned(built: Built) -> None:
    """An archive that is mounted into the container is scanned, and its key is found: exit code 1."""
    keys = Keys("container")
    archive(built.storage.directory / "live.tar", {"app/.env": f"STRIPE_KEY={keys.secret99()}\n"})
    done = built.inside(
        *("imgscan", "image", "live.tar", "-f", "json"),
        volumes=(f"{built.storage.directory}/live.tar:/scan/live.tar:ro",),
    )
    assert [finding["location"]["path"] for finding in done.target["findings"]] == ["app/.env"]
    assert done.code == 1


def test_a_clean_archive_ends_with_0(built: Built) -> None:
    """An archive without a key ends with exit code 0, and all of it was read."""
    archive(built.storage.directory / "clean.tar", {"app/.env": "DEBUG=1\n"})
    done = built.inside(
        *("imgscan", "image", "clean.tar", "-f", "json"),
        volumes=(f"{built.storage.directory}/clean.tar:/scan/clean.tar:ro",),
    )
    assert done.target["diagnostics"] == []
    assert done.code == 0


def test_the_image_scans_itself(built: Built) -> None:
    """The image scans its own archive: every byte of it is read, and there is no key in it."""
    done = built.inside("imgscan", "image", "self.tar", "-f", "json", volumes=(f"{built.archive}:/scan/self.tar:ro",))
    assert done.target["findings"] == []
    assert [each for each in done.target["diagnostics"] if each["severity"] == "error"] == []
    assert done.code == 0


def test_the_container_reports_what_this_machine_reports(built: Built) -> None:
    """What is in the image and the imgscan of this machine give the same report of the same archive."""
    inside = built.inside("imgscan", "image", "self.tar", "-f", "json", volumes=(f"{built.archive}:/scan/self.tar:ro",))
    here = scan(built.archive)
    assert {**here.target, "target": None} == {**inside.target, "target": None}


def test_an_image_of_a_mounted_engine_is_scanned(built: Built) -> None:
    """With an engine's socket mounted, an image of that engine is scanned by its name."""
    directory = built.storage.directory
    keys = Keys("engine of the container")
    path = archive(directory / "engine.tar", {"app/.env": f"STRIPE_KEY={keys.secret99()}\n"})
    built.storage.run("podman", "load", "--quiet", "--input", path)
    socket = directory / "podman.sock"
    command = built.storage.command("podman", "system", "service", "--time=0", f"unix://{socket}")
    probe = ("curl", "--silent", "--fail", "--unix-socket", socket, "http://podman/_ping")
    with served(command, directory / "service.log", lambda: succeeds(*probe)):
        scanned = ("imgscan", "image", "shop:1", "-f", "json")
        volumes = (f"{socket}:/run/docker.sock",)
        done = built.inside(*scanned, volumes=volumes, user="0")
        refused = built.inside(*scanned, volumes=volumes)
    assert done.target["diagnostics"] == []
    assert [finding["location"]["path"] for finding in done.target["findings"]] == ["app/.env"]
    assert done.code == 1
    assert "permission denied" in refused.errors  # the image's own user may not open a socket of root's
    assert refused.code == 2


def test_the_image_runs_imgscan_as_nobody(built: Built) -> None:
    """The image starts imgscan, without arguments its help, as a user that is not root."""
    config = built.config
    assert (config["Entrypoint"], config["Cmd"], config["User"]) == (["imgscan"], ["--help"], "65532:65532")
    assert built.inside("id", "-u").output == "65532\n"


def test_the_user_can_change_nothing_of_imgscan(built: Built) -> None:
    """Nothing that the image adds belongs to its user or may be written by it."""
    loose = [
        member.name
        for member in _added(built.archive)
        if not member.issym() and (member.uid != 0 or member.mode & 0o002)
    ]
    assert loose == []


def test_nothing_of_the_build_is_left(built: Built) -> None:
    """The image adds imgscan's environment and nothing else: no pip, no cache, no wheels."""
    names = ["/" + member.name.rstrip("/") for member in _added(built.archive)]
    assert {name for name in names if not name.startswith("/opt/imgscan")} <= {"/opt", "/scan"}
    assert [name for name in names if "/site-packages/pip" in name or name.endswith(".whl")] == []


def test_the_image_is_small(built: Built) -> None:
    """What the image adds to its base, imgscan and all that it depends on, is less than the limit above."""
    assert sum(member.size for member in _added(built.archive)) < _LARGEST
