"""Images that dockerd has built: through the SDK, saved to a file or a pipe, exported."""

from __future__ import annotations

import gzip
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.real.machine import environment
from tests.real.scanner import agree, agree_flattened, refuse_cut, rows_of, scan
from tests.real.subject import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.machine import Engine
    from tests.real.subject import Subject

pytestmark = pytest.mark.real("docker")


@pytest.fixture
def context(engine: Engine) -> str:
    """Return the name of a docker context that leads to the engine."""
    names = engine.docker("context", "ls", "--format", "{{.Name}}").decode().split()
    if "imgscan" not in names:
        engine.docker("context", "create", "imgscan", "--docker", f"host={engine.host}")
    return "imgscan"


@pytest.mark.parametrize("target", [f"docker:{NAME}", NAME])
def test_engine(engine: Engine, subject: Subject, target: str) -> None:
    """An engine's image is read through the SDK, with and without the scheme."""
    agree(scan(target, env=engine.env), subject)


@pytest.mark.parametrize("short", [False, True], ids=["id", "short-id"])
def test_engine_by_id(engine: Engine, subject: Subject, short: bool) -> None:
    """An engine's image is found by its id too."""
    name = _identifier(engine)
    agree(scan(f"docker:{name.removeprefix('sha256:')[:12] if short else name}", env=engine.env), subject)


def test_engine_of_the_current_context(engine: Engine, subject: Subject, context: str) -> None:
    """The engine of the current docker context is asked where `DOCKER_HOST` is not set."""
    engine.docker("context", "use", context)
    try:
        agree(scan(NAME, env={"DOCKER_CONFIG": str(engine.config)}), subject)
    finally:
        (engine.config / "config.json").unlink()


def test_engine_of_a_named_context(engine: Engine, subject: Subject, context: str) -> None:
    """`DOCKER_CONTEXT` names the context, and needs no configuration file of the client beside it."""
    assert not (engine.config / "config.json").exists()
    agree(scan(NAME, env={"DOCKER_CONFIG": str(engine.config), "DOCKER_CONTEXT": context}), subject)


def test_unknown_image(engine: Engine) -> None:
    """A name that the engine does not have is exit code 2 and one sentence."""
    done = scan("docker:imgscan-nothing:v1", env=engine.env)
    assert done.code == 2
    assert "imgscan-nothing:v1" in done.errors
    assert "Traceback" not in done.errors


def test_engine_that_is_gone(tmp_path: Path) -> None:
    """An address where no engine answers is exit code 2 and one sentence."""
    done = scan("docker:app:v1", env={"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"})
    assert done.code == 2
    assert done.errors.strip()
    assert "Traceback" not in done.errors


def test_save_to_file(engine: Engine, subject: Subject, tmp_path: Path) -> None:
    """`docker save` gives a file that is read by name."""
    agree(scan(_save(engine, tmp_path, NAME)), subject)


def test_save_by_id(engine: Engine, subject: Subject, tmp_path: Path) -> None:
    """An image saved by its id has no tag in the archive, and is the same image."""
    agree(scan(_save(engine, tmp_path, _identifier(engine))), subject)


def test_save_then_gzip(engine: Engine, subject: Subject, tmp_path: Path) -> None:
    """`docker save | gzip` is recognised by its content."""
    path = tmp_path / "image.tgz"
    path.write_bytes(gzip.compress(_save(engine, tmp_path, NAME).read_bytes(), 1))
    agree(scan(path), subject)
    with path.open("rb") as stream:
        agree(scan("-", stdin=stream), subject)


def test_save_to_pipe(engine: Engine, subject: Subject) -> None:
    """`docker save NAME | imgscan image -` reads the stream once, metadata last."""
    with subprocess.Popen(
        ["docker", "save", NAME], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment(engine.env)
    ) as saving:
        agree(scan("-", stdin=saving.stdout), subject)
    assert saving.returncode == 0


def test_save_two_tags(engine: Engine, subject: Subject, tmp_path: Path) -> None:
    """One image under two names is scanned once, whatever the archive makes of it."""
    engine.docker("tag", NAME, "imgscan-other:v2")
    try:
        path = _save(engine, tmp_path, NAME, "imgscan-other:v2")
    finally:
        engine.docker("rmi", "imgscan-other:v2")
    done = scan(path)
    assert done.code == 1, done.errors
    assert {row for target in done.targets for row in rows_of(target)} == subject.rows


def test_export_is_a_root_filesystem(engine: Engine, subject: Subject, tmp_path: Path) -> None:
    """`docker export` leaves no layer and no document: only what is visible is found."""
    container = engine.docker("create", "--network=none", NAME).decode().strip()
    path = tmp_path / "export.tar"
    engine.docker("export", "--output", path, container)
    engine.docker("rm", container)
    agree_flattened(scan(f"rootfs:{path}"), subject)
    agree_flattened(scan(path), subject)


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
def test_cut_archive_is_no_clean_scan(engine: Engine, subject: Subject, tmp_path: Path, kept: float) -> None:
    """A cut archive ends with exit code 2, from a file and from a pipe."""
    whole = _save(engine, tmp_path, NAME).read_bytes()
    path = tmp_path / "cut.tar"
    path.write_bytes(whole[: int(len(whole) * kept)])
    refuse_cut(scan(path), subject)
    with path.open("rb") as stream:
        refuse_cut(scan("-", stdin=stream), subject)


def _identifier(engine: Engine) -> str:
    return engine.docker("image", "inspect", "--format", "{{.Id}}", NAME).decode().strip()


def _save(engine: Engine, directory: Path, *names: str) -> Path:
    path = directory / "image.tar"
    engine.docker("save", "--output", path, *names)
    return path
