"""Real git repositories for tests, each made in a folder of the test, free of this machine's settings."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests import tools

if TYPE_CHECKING:
    from pathlib import Path

DATE = "2026-03-04T05:06:07+02:00"
ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": DATE,
    "GIT_COMMITTER_NAME": "Ben",
    "GIT_COMMITTER_EMAIL": "ben@example.org",
    "GIT_COMMITTER_DATE": "2026-03-05T05:06:07+00:00",
}


@dataclass(frozen=True)
class Repo:
    """A repository with a working tree."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, *options: str) -> Repo:
        """Make an empty one."""
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(folder)
        made.git("init", "-q", "-b", "main", *options, ".")
        return made

    def git(self, *arguments: str | bytes, check: bool = True, **environment: str) -> str:
        """Run git in it, and return what it writes."""
        done = subprocess.run(
            [tools.find("git"), *arguments],
            cwd=self.folder,
            env=os.environ | ENVIRONMENT | environment,
            capture_output=True,
            check=False,
            timeout=300,
        )
        if check and done.returncode:
            raise AssertionError(done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace").strip()

    def write(self, files: dict[str, str | bytes | None]) -> None:
        """Write files, None removes one, and stage them."""
        for name, content in files.items():
            path = self.folder / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "-A")

    def commit(self, files: dict[str, str | bytes | None] | None = None, message: str = "work") -> str:
        """Write files and commit them; return the commit's id."""
        self.write(files or {})
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head()

    def head(self, name: str = "HEAD") -> str:
        """Return the id of a commit."""
        return self.git("rev-parse", name)
