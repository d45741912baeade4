"""Running git on a repository that is not trusted.

Only plumbing commands are called, which ignore every filter, text conversion, external diff or hook; what a
repository's own configuration could still make git do (start a file system monitor, ask a promisor remote for objects,
see other objects through replace references, grafts or a commit graph that lies) is switched off here. The user's
environment is kept: a hook gets `GIT_DIR` and `GIT_INDEX_FILE` that way.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from functools import cache
from typing import IO, TYPE_CHECKING, Self

from imgscan.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from imgscan.streams.stop import Stop

_SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.commitGraph=false",
    "diff.external=",
    "diff.relative=false",
    "log.showSignature=false",
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",  # since 2.45; before, no protocol is allowed that would fetch
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}
_DROPPED = ("GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "LANGUAGE")
_SHOWN = 300  # characters of what git says
_PIPE = 1 << 20
"""Bytes that a pipe may hold, so that git works on while a window is searched: what Linux allows everybody."""

_ANY_PIPE = 4096
"""Bytes that any pipe takes without anybody reading (PIPE_BUF of POSIX allows less, no system has it)."""


class GitError(TargetError):
    """git failed; the text is one sentence, with git's own first line in it."""


@cache
def _program() -> str:
    found = shutil.which("git")
    if found is None:
        raise TargetError("git is not installed, or not on PATH")
    return os.path.abspath(found)  # noqa: PTH100 - resolving would follow the links of wrappers


def _command(arguments: Sequence[str]) -> list[str]:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    return [_program(), "--no-pager", *settings, *arguments]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _DROPPED} | _ENVIRONMENT


class Git:
    """One running git: `out` is its standard output, `request` its standard input if it was requested."""

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[str],
        *,
        feed: IO[bytes] | None = None,
        ask: bool = False,
        stop: Stop | None = None,
    ) -> None:
        """Start git in `folder`. Its input is `feed`, or a pipe where `ask`, or nothing. `stop` ends it."""
        command, environment = _command(arguments), _environment()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process; a full pipe would stop git
        source: int | IO[bytes] = subprocess.PIPE if ask else subprocess.DEVNULL if feed is None else feed
        try:
            self._process = subprocess.Popen(  # noqa: S603 - git by its full path, no shell
                command,
                cwd=folder,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
                bufsize=_PIPE,
                # Ctrl-C in a terminal is for the whole group: git ends when the scan has noticed, not before.
                process_group=0 if os.name == "posix" else None,
            )
        except OSError as error:
            self._errors.close()
            raise GitError(f"git cannot be started: {error.strerror or error}") from error
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _widen(pipe)
        self._what = arguments[0]
        self._until = ExitStack()
        if stop is not None:
            self._until.enter_context(stop.hooked(self._process.kill))

    @property
    def out(self) -> IO[bytes]:
        """What git writes."""
        if self._process.stdout is None:
            raise AssertionError("a pipe was asked for")
        return self._process.stdout

    @property
    def request(self) -> IO[bytes]:
        """What git reads."""
        if self._process.stdin is None:
            raise AssertionError("a pipe was asked for")
        return self._process.stdin

    def check(self) -> None:
        """Wait for its end; GitError if it failed."""
        if self._process.wait() != 0:
            raise self.failure()

    def failure(self) -> GitError:
        """Make the error for a git that failed or stopped mid-answer, with its message."""
        with suppress(OSError):
            self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read(1 << 16).decode("utf-8", "backslashreplace").splitlines()
        said = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[0] if lines else "")
        said = said.removeprefix("fatal: ").removeprefix("error: ")[:_SHOWN]
        return GitError(_explained(said) or f"git {self._what} failed: {said or 'it gives no reason'}")

    def stop(self) -> None:
        """Kill it if necessary, and close its pipes."""
        process = self._process
        self._until.close()
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, self._errors):
            if pipe is not None:
                with suppress(OSError):  # a request that was never read
                    pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def output(folder: Path, *arguments: str, stop: Stop | None = None) -> bytes:
    """Run git and return its whole output; GitError if it fails or is stopped. For short answers."""
    with Git(folder, arguments, stop=stop) as git:
        written = git.out.read()
        git.check()
        return written


def capacity(pipe: IO[bytes]) -> int:
    """Return how many bytes a pipe takes without anybody reading."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl  # noqa: PLC0415 - not on Windows

        return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    return _ANY_PIPE


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold more, where the system allows that: fcntl(2), F_SETPIPE_SZ."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl  # noqa: PLC0415 - not on Windows

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _explained(said: str) -> str | None:
    """Explain the failures that the user can fix."""
    if "dubious ownership" in said:
        return (
            "git does not trust this repository, because it belongs to another user: if you do, run "
            "git config --global --add safe.directory with its path"
        )
    if "not a git repository" in said:
        return "this is not a git repository, nor is any folder above it"
    if "ambiguous argument" in said or "bad revision" in said or "unknown revision" in said:
        return f"there is no such revision or range ({said})"
    return None
