"""`imgscan docker-plugin`: puts imgscan where Docker looks for its plugins, and removes it.

Docker looks for executables named `docker-NAME` in `cli-plugins` of its configuration folder.
`imgscan.cli.dockerplugin` is what they run.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from imgscan.errors import UsageError

_NAME = "docker-imgscan"
_MODULE = "imgscan.cli.dockerplugin"
"""Appears in every file that `install` writes, and in the console script of the same name: it identifies ours."""
_LARGEST = 1 << 20
"""How many bytes of a file in the plugin folder are examined; ours has a few hundred, a Windows launcher 110,000."""

_DIRECTORY = click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="The plugin folder (default: cli-plugins in DOCKER_CONFIG, or in ~/.docker).",
)


@click.group("docker-plugin")
def docker_plugin() -> None:
    """Make imgscan a command of Docker: docker imgscan myapp:latest."""


@docker_plugin.command()
@_DIRECTORY
def install(directory: Path | None) -> None:
    """Put the plugin where Docker finds it. The plugin runs this imgscan."""
    path = _path(directory)
    if os.path.lexists(path) and not _ours(path):
        raise UsageError(f"{path} is not imgscan's: remove it first")
    try:
        _write(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    click.echo(f"{path}: installed; try: docker imgscan --help")


@docker_plugin.command()
@_DIRECTORY
def uninstall(directory: Path | None) -> None:
    """Remove the plugin."""
    path = _path(directory)
    if not os.path.lexists(path):
        click.echo(f"{path}: not installed")
        return
    if not _ours(path):
        raise UsageError(f"{path} is not imgscan's, so it was not removed")
    try:
        path.unlink()
    except OSError as error:
        raise UsageError(f"cannot remove {path}: {error.strerror or error}") from error
    click.echo(f"{path}: removed")


def _path(directory: Path | None) -> Path:
    if directory is None:
        configured = os.environ.get("DOCKER_CONFIG")
        directory = (Path(configured) if configured else Path.home() / ".docker") / "cli-plugins"
    return directory / (f"{_NAME}.exe" if os.name == "nt" else _NAME)


def _ours(path: Path) -> bool:
    """Whether a file is one that `install` wrote, or imgscan's own console script."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return _MODULE.encode() in file.read(_LARGEST)
    except OSError:
        return False


def _write(path: Path) -> None:
    """Write the executable whole or not at all, so that Docker never runs half of one."""
    import sysconfig  # noqa: PLC0415 - both keep --help and --version quick

    from imgscan.cli.replacing import replace_file  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    # On Windows Docker runs only .exe files: there it is the launcher that pip made.
    launcher = Path(sysconfig.get_path("scripts")) / path.name
    replace_file(path, launcher.read_bytes() if os.name == "nt" else script().encode(), 0o755)


def script() -> str:
    """Return the executable for systems with a shell.

    -P keeps the working folder out of Python's path: `docker imgscan` may be run in a folder with a package
    named imgscan. A script's `#!` line has a length limit, `exec` has none.
    """
    import shlex  # noqa: PLC0415 - as above

    return (
        "#!/bin/sh\n"
        "# Written by imgscan docker-plugin install; imgscan docker-plugin uninstall removes it.\n"
        f'exec {shlex.quote(sys.executable)} -P -m {_MODULE} "$@"\n'
    )
