r"""Whatever is chosen by others and shown: no secret in it is shown, and no character that a terminal would obey.

Names, fields, commands, messages and settings reach the output on many ways; these are all of them, with every command
and every format.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from fixtures import builders
from fixtures.builders import Image, Layer
from fixtures.keys import Keys
from imgscan.report import FORMATS
from tests.scan.repositories import ENVIRONMENT, Repo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Imgscan

KEY = Keys("outside").secret99()
OTHER = Keys("outside, other").secret99()
OBEYED = "\x1b[2J\x9b31m\x7f\u202e\u2066\u2028"
"""What clears a screen, colours it, turns a line around, and ends it."""
_MARKUP = re.compile(r"\x1b\[[\d;]*m")


def hostile(name: str) -> str:
    """Return a name with all of it."""
    return f"{name}{OBEYED}{KEY}"


def shown_well(text: str) -> bool:
    """Whether no character of an output is obeyed, and no secret is in it."""
    lines = _MARKUP.sub("", text).replace("\t", " ").split("\n")
    return KEY not in text and OTHER not in text and all(line.isprintable() for line in lines)


def image(folder: Path) -> str:
    """Write an image in which every text is hostile."""
    name = hostile("f")
    layer = builders.tar({f"{name}/{name}": OTHER.encode(), f"{name}/b.gz": b"\x1f\x8b\x08broken"})
    made = Image(
        layers=[Layer(layer, created_by=f"RUN {name}")],
        tag=f"shop:{KEY}",
        config={"Env": [f"{name}={OTHER}"], "Labels": {name: name}, "WorkingDir": name},
    )
    return str(builders.write(folder / f"image{KEY}.tar", builders.docker_modern(made)))


def repository(folder: Path) -> Repo:
    """Make a repository in which every text is hostile that git allows to be."""
    made = Repo.make(folder / "repo")
    made.commit({hostile("f"): OTHER, f"g{KEY}": OTHER}, message=hostile("message "))
    made.git("branch", f"b\u202e{KEY}")
    made.git("tag", "-a", "-m", hostile("tag "), f"t\u2066{KEY}")
    return made


@pytest.mark.parametrize("form", FORMATS)
def test_an_image_shows_nothing_that_is_obeyed(imgscan: Imgscan, tmp_path: Path, form: str) -> None:
    """Names of members, tags, commands, variables, labels and the archive itself."""
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nENV X{OBEYED}={OTHER}\nRUN {hostile('x')}\n")
    done = imgscan("image", image(tmp_path), "-f", form, "--dockerfile", tmp_path / "Dockerfile")
    assert done.code in (1, 2)
    assert shown_well(done.out + done.err)


@pytest.mark.parametrize("form", FORMATS)
def test_a_history_shows_nothing_that_is_obeyed(
    imgscan: Imgscan, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of files, branches and tags, and what messages say."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(repository(tmp_path).folder)
    done = imgscan("git", "--all-history", "-f", form)
    assert done.code == 1
    assert shown_well(done.out + done.err)


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_shows_nothing_that_is_obeyed(imgscan: Imgscan, tmp_path: Path, form: str) -> None:
    """Names of folders and files, one of which cannot be read as what it seems to be."""
    folder = tmp_path / hostile("d")
    folder.mkdir()
    (folder / hostile("f")).write_text(OTHER)
    (folder / f"g{KEY}.gz").write_bytes(b"\x1f\x8b\x08broken")
    done = imgscan("fs", folder, "-f", form)
    assert done.code in (1, 2)
    assert shown_well(done.out + done.err)


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize(
    "arguments",
    [
        ("image", hostile("none")),
        ("fs", hostile("none")),
        ("git", hostile("none")),
        ("image", f"none:{KEY}"),
        ("fs", ".", "--baseline", hostile("none")),
        ("fs", ".", "-f", hostile("none")),
        ("fs", ".", "-o", hostile("none/none")),
        ("fs", ".", hostile("--none")),
        ("fs", ".", "--exclude", hostile("[")),
        (hostile("none"),),
    ],
    ids=lambda arguments: " ".join(part.split("\x1b")[0].split(KEY)[0] for part in arguments),
)
def test_a_mistake_shows_nothing_that_is_obeyed(
    imgscan: Imgscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """What was typed wrongly is quoted in the message."""
    monkeypatch.chdir(tmp_path)
    done = imgscan(*arguments)
    assert shown_well(done.out + done.err)
