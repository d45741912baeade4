"""Run the real tools: in mounts of their own, on storage of their own, and ended by the number they were started as.

What was found out about them, on a machine that is itself a guest with a hybrid cgroup tree:

* `RUN` in a build needs `--isolation=chroot` with podman and buildah: crun and runc ask for a cgroup tree that is all
  v1 or all v2, and a build has nothing that needs one. dockerd runs its builds with runc as usual.
* podman 5 raises the limits of files and processes for a build, and may not here: lower ones are always allowed.
* containers/storage works with the overlay and the vfs driver, on a `--root` and `--runroot` of our own. It leaves a
  mount behind, which goes with the namespace of `enter.sh`.
* dockerd starts with no bridge and no firewall rules; a build by BuildKit then needs `--network none`.
* The dockerd of another root needs that root to be a mount point, or runc cannot remount it (`enter.sh`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests import tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HOST = Path("/")
_ENTER = Path(__file__).with_name("enter.sh")
_PATIENCE = 300.0
"""Seconds that one call of a tool may take: a build takes two, on a busy machine ten."""
_CONTAINER_VARIABLES = ("CONTAINER_", "DOCKER_", "BUILDAH_", "BUILDKIT_", "BUILDX_", "REGISTRY_")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without any setting of a container tool, and with `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_CONTAINER_VARIABLES)}
    return {**kept, **(extra or {})}


def run(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
    cwd: Path | None = None,
    within: tuple[Path, Path] | None = None,
) -> bytes:
    """Run a tool to its end and return its standard output; a failure fails the test with what the tool said.

    `within` is a root and the directory to be shared with it: see `enter.sh`.
    """
    prefix = ("sh", _ENTER, *within) if within else ()
    words = [str(word) for word in (*prefix, *command)]
    done = subprocess.run(
        words,
        env=environment(env),
        stdin=stdin or subprocess.DEVNULL,
        cwd=cwd,
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace")[-4000:]
        raise AssertionError(f"{' '.join(words[:12])}… ended with {done.returncode}:\n{said}")
    return done.stdout


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """Yield a directory with a short path (a Unix socket's holds 107 bytes), and remove it with all that is in it."""
    directory = Path(tempfile.mkdtemp(prefix=f"imgscan-{name}-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextmanager
def served(
    command: list[str | Path], log: Path, answers: Callable[[], bool], env: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Keep a server running that `answers`, and end it by the number it was started as."""
    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(env),
        )
    try:
        deadline = time.monotonic() + 60
        while not answers():
            with suppress(subprocess.TimeoutExpired):
                server.wait(0.1)
            if server.returncode is not None or time.monotonic() > deadline:
                raise AssertionError(f"{command[0]} does not answer:\n{log.read_text(errors='replace')[-4000:]}")
        yield
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(60)


def succeeds(*command: str | Path, env: Mapping[str, str] | None = None) -> bool:
    """Tell whether a command ends well; nothing of what it says is kept."""
    return (
        subprocess.run(
            [str(word) for word in command],
            env=environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        ).returncode
        == 0
    )


def trixie() -> Path:
    """Return the root of a Debian 13 system with its container tools, or leave the test."""
    tools.root("a Debian 13 root is entered with chroot")
    name = os.environ.get("IMGSCAN_TRIXIE_ROOT")
    if not name:
        tools.missing("IMGSCAN_TRIXIE_ROOT, a Debian 13 root as tests/real/trixie.sh makes it")
    if not (Path(name) / ".imgscan-complete").exists():
        tools.missing("a finished Debian 13 root in IMGSCAN_TRIXIE_ROOT (tests/real/trixie.sh)")
    return Path(name).resolve()


@dataclass(frozen=True)
class Storage:
    """A containers/storage of our own, and the tools that work on it: those of this machine or of another root."""

    directory: Path
    driver: str
    root: Path = HOST

    @property
    def options(self) -> tuple[str, ...]:
        """The global options by which every tool of the family finds this storage."""
        return (
            f"--root={self.directory}/root",
            f"--runroot={self.directory}/runroot",
            f"--storage-driver={self.driver}",
        )

    @property
    def reference(self) -> str:
        """The `containers-storage:` prefix that names this storage to skopeo."""
        return f"containers-storage:[{self.driver}@{self.directory}/root+{self.directory}/runroot]"

    def run(self, tool: str, *arguments: str | Path, cwd: Path | None = None) -> bytes:
        """Run podman or buildah on this storage."""
        return run(tool, *self.options, *arguments, within=(self.root, self.directory), cwd=cwd)

    def command(self, tool: str, *arguments: str | Path) -> list[str | Path]:
        """Return the same call as a command line."""
        return ["sh", _ENTER, self.root, self.directory, tool, *self.options, *arguments]


@dataclass(frozen=True)
class Engine:
    """A running dockerd: how to reach it, and the command-line client pointed at it."""

    host: str
    config: Path
    version: str
    containerd_store: bool
    _extra: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """What docker, buildx and imgscan need in their environment to reach this engine and no other."""
        return {"DOCKER_HOST": self.host, "DOCKER_CONFIG": str(self.config), **self._extra}

    def docker(self, *arguments: str | Path, buildkit: bool = False) -> bytes:
        """Run the docker command on this engine."""
        return run("docker", *arguments, env={**self.env, "DOCKER_BUILDKIT": "1" if buildkit else "0"})


@contextmanager
def dockerd(root: Path, *, containerd_store: bool) -> Iterator[Engine]:
    """Start a dockerd on data, state and socket of its own, without network, and end it.

    The directory of its data is removed afterwards. Nothing listens but a Unix socket in that directory.
    """
    with scratch("dockerd") as directory:
        settings = directory / "daemon.json"
        features = {"features": {"containerd-snapshotter": True}} if containerd_store else {}
        settings.write_text(json.dumps(features))
        config = directory / "client"
        plugin = root / "usr/libexec/docker/cli-plugins/docker-buildx"
        (config / "cli-plugins").mkdir(parents=True)
        if plugin.exists():
            (config / "cli-plugins/docker-buildx").symlink_to(plugin)
        host = f"unix://{directory}/docker.sock"
        command: list[str | Path] = [
            *("sh", _ENTER, root, directory, "dockerd"),
            *("--config-file", settings),
            *("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none"),
            *("--data-root", directory / "data", "--exec-root", directory / "exec"),
            *("--host", host, "--pidfile", directory / "docker.pid"),
        ]
        client = {"DOCKER_HOST": host, "DOCKER_CONFIG": str(config)}
        with served(command, directory / "log", lambda: succeeds("docker", "version", env=client)):
            version = run("docker", "version", "--format", "{{.Server.Version}}", env=client).decode().strip()
            yield Engine(host, config, version, containerd_store)
