"""Running imgscan: in this process where that is enough, as a process of its own where pipes and signals matter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fixtures import builders
from fixtures.builders import Image, Layer
from fixtures.keys import Keys
from imgscan.cli.app import run

if TYPE_CHECKING:
    import pytest

TOP = Path(__file__).parents[2]


def image(files: dict[str, str], *, more: int = 0, **changes: Any) -> Image:
    """Return an image of one layer with these files, and `more` bytes of nothing in a layer above it."""
    members: dict[str, builders.Content] = {name: text.encode() for name, text in files.items()}
    layers = [Layer(builders.tar(members))]
    if more:
        layers.append(Layer(builders.tar({"var/lib/data": b"no key\n" * (more // 7)})))
    return Image(layers=layers, **changes)


def archive(path: Path, files: dict[str, str], **changes: Any) -> str:
    """Write such an image as an archive, and return its path."""
    return str(builders.write(path, builders.docker_modern(image(files, **changes))))


@dataclass(frozen=True)
class Targets:
    """Archives by what is in them, in a folder of their own, and every key that was used."""

    folder: Path
    keys: tuple[str, ...]

    def __getattr__(self, name: str) -> str:
        return str(self.folder / f"{name}.tar")

    @classmethod
    def make(cls, folder: Path) -> Targets:
        """Write them."""
        keys = Keys("cli")
        live, test, webhook = keys.secret99(), keys.secret99(live=False), keys.webhook()
        low, publishable, session = keys.secret(60), keys.publishable(), keys.session_secret()
        archive(folder / "clean.tar", {"app/.env": "DEBUG=1\n"})
        archive(folder / "live.tar", {"app/.env": f"STRIPE_KEY={live}\n"})
        archive(folder / "test.tar", {"app/.env": f"STRIPE_KEY={test}\n"})
        archive(folder / "low.tar", {"app/.env": f"KEY={low}\n"})
        archive(folder / "publishable.tar", {"app/.env": f"KEY={publishable}\n"})
        damaged = bytearray((folder / "live.tar").read_bytes())
        damaged[damaged.index(b"STRIPE_KEY")] ^= 1
        builders.write(folder / "damaged.tar", bytes(damaged))
        return cls(folder, (live, test, webhook, low, publishable, session))


@dataclass(frozen=True)
class Run:
    """How a run ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The report, where it was requested as JSON."""
        return json.loads(self.out)


def imgscan(capfdbinary: pytest.CaptureFixture[bytes], *arguments: object) -> Run:
    """Run the command line in this process."""
    capfdbinary.readouterr()
    code = run([str(argument) for argument in arguments])
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = capfdbinary.readouterr()
    return Run(code, out.decode(), err.decode())


def environment(**changes: str) -> dict[str, str]:
    """Return the environment for a process: this one's, with the package on its path."""
    return os.environ | {"PYTHONPATH": str(TOP), "PYTHONWARNINGS": "error"} | changes


def command(*arguments: object) -> list[str]:
    """Return the command that runs imgscan."""
    return [sys.executable, "-m", "imgscan", *map(str, arguments)]


def process(*arguments: object, **changes: Any) -> Run:
    """Run the command line as a process of its own."""
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "env": environment()} | changes
    done = subprocess.run(command(*arguments), capture_output=True, check=False, timeout=300, **options)
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())
