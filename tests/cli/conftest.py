"""What the tests of the command line share."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.cli import driver
from tests.cli.driver import Run, Targets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Imgscan(Protocol):
    """Runs the command line in this process."""

    def __call__(self, *arguments: object) -> Run: ...


@pytest.fixture
def imgscan(capfdbinary: pytest.CaptureFixture[bytes]) -> Imgscan:
    """Return the command line as a function."""
    return lambda *arguments: driver.imgscan(capfdbinary, *arguments)


@pytest.fixture(scope="session")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Targets:
    """Return the archives that tests scan."""
    return Targets.make(tmp_path_factory.mktemp("targets"))


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hide this machine's engines and settings."""
    nowhere = tmp_path_factory.mktemp("engines")
    monkeypatch.setenv("DOCKER_CONFIG", str(nowhere))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{nowhere}/docker.sock")
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{nowhere}/podman.sock")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return nowhere


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect the test's garbage before the next test begins."""
    yield
    gc.collect()
