"""A temporary folder to work in, and the compilers and encoders of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_SECONDS = 300
"""A tool that takes longer hangs."""


class Missing(Exception):  # noqa: N818 - it says what happened: something is missing
    """A tool is not here, or does not do its work. The text names the tool and holds nothing of its output."""


class Toolbox:
    """Runs tools in folders of its own, which are gone when it is closed.

    What a tool says is never passed on: compilers quote the line that they do not like.
    """

    def __init__(self) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="imgscan-accuracy-")
        self._made = 0
        self._packages: dict[str, Path | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._root.cleanup()

    def folder(self) -> Path:
        """Make an empty folder."""
        self._made += 1
        folder = Path(self._root.name) / f"{self._made}"
        folder.mkdir()
        return folder

    def run(self, *command: str | Path, within: Path | None = None, given: bytes = b"", **variables: str) -> bytes:
        """Run a tool and return its standard output; Missing if it is not here or fails.

        `given` is its standard input, `within` its folder, `variables` are added to its environment.
        """
        name = Path(command[0]).name
        program = shutil.which(command[0])
        if program is None:
            raise Missing(f"no {name}")
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": self._root.name}
        for kept in ("RUSTUP_HOME", "CARGO_HOME"):  # where rustup's own rustc looks for the real one
            environment[kept] = os.environ.get(kept) or str(Path.home() / f".{kept.partition('_')[0].lower()}")
        try:
            done = subprocess.run(
                [program, *command[1:]],
                input=given,
                capture_output=True,
                check=False,
                cwd=within or self._root.name,
                env=environment | variables,
                timeout=_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Missing(f"{name} does not run ({type(error).__name__})") from None
        if done.returncode:
            raise Missing(f"{name} ends with exit code {done.returncode}")
        return done.stdout

    def package(self, name: str) -> Path:
        """Return the program of an npm package of the same name, installed once; Missing if it cannot be installed."""
        if name not in self._packages:
            folder = self.folder()
            self._packages[name] = None
            command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder), name]
            if (npm := shutil.which("npm")) is None:
                raise Missing("no npm")
            # In the caller's environment, which knows where packages come from.
            done = subprocess.run([npm, *command[1:]], capture_output=True, check=False, timeout=_SECONDS, cwd=folder)
            if done.returncode == 0:
                self._packages[name] = folder / "node_modules" / ".bin" / name
        program = self._packages[name]
        if program is None:
            raise Missing(f"no {name} from npm")
        return program
