"""`.dockerignore`: what a build leaves out of its context.

Format: "`.dockerignore` file" in Docker's documentation on build contexts; Go's `path.Match`, with `**` for any number
of folders.
"""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from imgscan.triage.wildcards import ANY, Name, PathPattern

MOST = 4096
"""Patterns of the longest `.dockerignore` that is read."""


class IgnoreFile(NamedTuple):
    """The patterns of a `.dockerignore`, in order, each with whether it takes back what others leave out."""

    patterns: tuple[tuple[PathPattern, bool], ...] = ()

    @property
    def exceptions(self) -> bool:
        """Whether a file can be in the context whose folder is not."""
        return any(back for _, back in self.patterns)

    @classmethod
    def parse(cls, text: str) -> IgnoreFile:
        """Read the file."""
        found = []
        for raw in text.removeprefix("\ufeff").splitlines()[:MOST]:
            line = raw.strip()
            if not line or raw.startswith("#"):
                continue
            back = line.startswith("!")
            clean = posixpath.normpath("/" + line[back:].strip()).strip("/")
            if clean:
                found.append((_compile(clean.split("/")), back))
        return cls(tuple(found))

    def ignores(self, path: str) -> bool:
        """Whether the last pattern that matches a path, or a folder that it is in, leaves it out of the context."""
        names = path.split("/")
        return next((not back for pattern, back in reversed(self.patterns) if pattern.reach(names) is not None), False)


def _compile(names: list[str]) -> PathPattern:
    while len(names) > 1 and names[-1] == ANY:  # a folder is left out with all in it, so `a/**` says no more than `a`
        names = names[:-1]
    return PathPattern(tuple(None if name == ANY else Name.of(name) for name in names))
