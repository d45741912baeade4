"""What the tests with real tools share: the subject, and storages and engines that have built it once each."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests import tools
from tests.real import subject as subjects
from tests.real.machine import HOST, Engine, Storage, dockerd, run, scratch, trixie

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.subject import Subject


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for the tools that a test's `real` marks name before any of its fixtures runs."""
    for mark in item.iter_markers("real"):
        for name in mark.args:
            tools.find(name)


@pytest.fixture(scope="session")
def subject() -> Iterator[Subject]:
    """Yield the build context and what its image holds."""
    busybox = tools.find("busybox")
    if b"/ld-linux" in busybox.read_bytes()[:8192]:
        tools.missing("a static busybox (Debian's busybox-static)")
    with scratch("subject") as directory:
        yield subjects.make(directory, busybox)


def _built(directory: Path, subject: Subject, driver: str, root: Path, *command: str) -> Storage:
    """Build the subject into a new storage; the context is copied to where another root sees it."""
    tools.root("an own containers/storage mounts its layers")
    storage = Storage(directory, driver, root)
    context = directory / "context"
    shutil.copytree(subject.context, context, symlinks=True)
    isolation = ("--isolation=chroot", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")
    storage.run(*command, *isolation, "--layers", *subject.build_arguments, "--tag", subjects.NAME, context)
    return storage


@pytest.fixture(scope="session", params=["host", "trixie"])
def podman(request: pytest.FixtureRequest, subject: Subject) -> Iterator[Storage]:
    """Yield the subject as podman has built it, on the overlay driver: Debian 12's 4.3 and Debian 13's 5.4."""
    root = HOST if request.param == "host" else trixie()
    with scratch("podman") as directory:
        yield _built(directory, subject, "overlay", root, "podman", "build")


@pytest.fixture(scope="session")
def buildah(subject: Subject) -> Iterator[Storage]:
    """Yield the subject as buildah has built it, on the vfs driver."""
    with scratch("buildah") as directory:
        yield _built(directory, subject, "vfs", HOST, "buildah", "bud")


@pytest.fixture(scope="session")
def archive(buildah: Storage) -> Path:
    """Return the subject as a docker-archive, whose layers are plain: what skopeo and umoci start from."""
    path = buildah.directory / "subject.tar"
    buildah.run("buildah", "push", subjects.NAME, f"docker-archive:{path}:{subjects.NAME}")
    return path


@pytest.fixture(scope="session", params=["host", "trixie", "trixie-containerd"])
def engine(request: pytest.FixtureRequest, subject: Subject) -> Iterator[Engine]:
    """Yield a dockerd that has built the subject: Debian 12's 20.10, and Debian 13's 26.1 with each image store."""
    tools.find("docker")
    tools.root("dockerd")
    if request.param == "host":
        tools.find("dockerd")
    root = HOST if request.param == "host" else trixie()
    with dockerd(root, containerd_store=request.param == "trixie-containerd") as running:
        # The builder without BuildKit: every engine has it, and none needs a client's plug-in for it.
        running.docker("build", *subject.build_arguments, "--tag", subjects.NAME, subject.context)
        yield running


@pytest.fixture(scope="session")
def buildkit(subject: Subject) -> Iterator[Engine]:
    """Yield Debian 13's dockerd with the containerd image store and buildx, where nothing is built yet."""
    tools.find("docker")
    with dockerd(trixie(), containerd_store=True) as running:
        run("docker", "buildx", "version", env=running.env)
        yield running
