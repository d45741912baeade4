"""The engines of the machine are not asked by tests: each test says where its engines are."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENGINE_VARIABLES = (
    "CONTAINER_HOST", "DOCKER_CERT_PATH", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "IMGSCAN_ENGINE_TIMEOUT",
    "XDG_RUNTIME_DIR",
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_engines(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hide this machine's engines: both kinds are looked for where there is nothing. Gives the docker config folder."""
    nowhere = tmp_path_factory.mktemp("engines")
    for variable in ENGINE_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(nowhere))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{nowhere}/docker.sock")
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{nowhere}/podman.sock")
    return nowhere


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect the test's garbage before the next test begins."""
    yield
    gc.collect()
