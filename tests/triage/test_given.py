"""Which Dockerfile is taken for an image's, and what it is called."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from imgscan.image.documents import History
from imgscan.model import Origin
from imgscan.triage.given import Tracer
from tests.triage.keyed import find, found

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = "FROM x\nCOPY . /srv\nRUN echo KEY-run > /made\n"
HISTORY = [History("COPY . /srv", empty_layer=False), History("RUN echo KEY-run > /made", empty_layer=False)]
OTHER = [*HISTORY, History("RUN more", empty_layer=False)]
MADE = found("KEY-run", "made", layer=1)
COPIED = found("KEY-src", "srv/conf/a.ini", layer=0)


def lay(folder: Path, name: str = "Dockerfile", text: str = RECIPE) -> Path:
    """Write a build context with a Dockerfile, and return the path of that."""
    (folder / "conf").mkdir(parents=True, exist_ok=True)
    (folder / "conf/a.ini").write_text("x\nKEY-src\n")
    (folder / name).write_text(text)
    return folder / name


def origins(tracer: Tracer, history: list[History] = HISTORY) -> list[Origin | None]:
    """Return the origins of what RUN made and of what COPY brought."""
    trace = tracer.image(history, range(len(history)))
    traces = [trace(finding) if trace is not None else None for finding in (MADE, COPIED)]
    return [replace(each, ignorable=False) if each is not None else None for each in traces]


def test_a_named_dockerfile(tmp_path: Path) -> None:
    """A Dockerfile that was named counts also where the image has changed; paths are seen from the working folder."""
    path = lay(tmp_path / "services/pay")
    expected = [Origin(3, dockerfile="services/pay/Dockerfile"), Origin(2, source="services/pay/conf/a.ini")]
    for history in (HISTORY, OTHER):
        assert origins(Tracer(find, dockerfile=path, folder=tmp_path), history) == expected


@pytest.mark.parametrize("name", ["Dockerfile", "Containerfile"])
def test_the_dockerfile_of_the_working_folder(tmp_path: Path, name: str) -> None:
    """A Dockerfile or Containerfile that is there counts where it matches, and else not."""
    lay(tmp_path, name)
    assert origins(Tracer(find, folder=tmp_path)) == [Origin(3, dockerfile=name), Origin(2, source="conf/a.ini")]
    assert origins(Tracer(find, folder=tmp_path), OTHER) == [None, None]


def test_the_one_that_matches(tmp_path: Path) -> None:
    """Of two that are there, the one that matches counts."""
    lay(tmp_path, "Containerfile")
    lay(tmp_path, "Dockerfile", "FROM y\nRUN other\n")
    assert origins(Tracer(find, folder=tmp_path))[0] == Origin(3, dockerfile="Containerfile")


def test_another_source_root(tmp_path: Path) -> None:
    """The sources may lie elsewhere than the Dockerfile."""
    path = lay(tmp_path / "docker")
    (tmp_path / "docker/conf/a.ini").unlink()
    lay(tmp_path / "code", "unused")
    tracer = Tracer(find, dockerfile=path, source_root=tmp_path / "code", folder=tmp_path)
    assert origins(tracer) == [Origin(3, dockerfile="docker/Dockerfile"), Origin(2, source="code/conf/a.ini")]


def test_a_source_root_alone(tmp_path: Path) -> None:
    """With sources only, a file of the same name that alone holds the key is the origin."""
    lay(tmp_path / "code", "unused")
    assert origins(Tracer(find, source_root=tmp_path / "code", folder=tmp_path)) == [
        None,
        Origin(2, source="code/conf/a.ini"),
    ]


def test_a_named_dockerfile_that_is_missing(tmp_path: Path) -> None:
    """A Dockerfile that was named and is not there is an error."""
    with pytest.raises(FileNotFoundError):
        Tracer(find, dockerfile=tmp_path / "Dockerfile")


def test_a_pipe_is_no_dockerfile(tmp_path: Path) -> None:
    """What is in the working folder is read only if it is a regular file: a pipe would wait forever."""
    os.mkfifo(tmp_path / "Dockerfile")
    assert Tracer(find, folder=tmp_path).image(HISTORY, [0, 1]) is None


def test_the_ignore_file_of_a_dockerfile(tmp_path: Path) -> None:
    """`NAME.dockerignore` beside the Dockerfile is its own."""
    path = lay(tmp_path, "prod.Dockerfile")
    (tmp_path / "prod.Dockerfile.dockerignore").write_text("conf\n")
    trace = Tracer(find, dockerfile=path, folder=tmp_path).image(HISTORY, [0, 1])
    assert trace is not None
    traced = trace(COPIED)
    assert traced is not None
    assert not traced.ignorable
