"""Patterns of paths: those of `.dockerignore`, and the wildcards of COPY.

Formats: "`.dockerignore` file" in Docker's documentation on build contexts; Go's `path.Match`, with `**` for any number
of folders. Matching takes no longer than pattern times path, whatever the pattern.
"""

from __future__ import annotations

import posixpath
from typing import NamedTuple

MOST = 4096
"""Patterns of the longest `.dockerignore` that is read."""

_WILD = "*?["


def wild(pattern: str) -> bool:
    """Whether a pattern has a wildcard."""
    return any(char in pattern for char in _WILD)


def _tokens(pattern: str) -> list[tuple[str, str]]:
    """Read one component: `*`, `?`, a set of characters, or a character."""
    found, at, size = [], 0, len(pattern)
    while at < size:
        char = pattern[at]
        end = pattern.find("]", at + 2) if char == "[" else -1
        if char in "*?":
            found.append((char, ""))
        elif end >= 0:
            found.append(("[", pattern[at + 1 : end]))
            at = end
        else:
            at += char == "\\" and at + 1 < size
            found.append(("", pattern[at]))
        at += 1
    return found


def _in_set(char: str, members: str) -> bool:
    negated = members.startswith("^")
    at, found = int(negated), False
    while at < len(members):
        if members[at + 1 : at + 2] == "-" and at + 2 < len(members):
            found = found or members[at] <= char <= members[at + 2]
            at += 3
        else:
            found = found or members[at] == char
            at += 1
    return found != negated


def component_matches(pattern: str, name: str) -> bool:
    """Whether one component of a path fits one of a pattern."""
    if not wild(pattern) and "\\" not in pattern:
        return pattern == name
    tokens = _tokens(pattern)
    at = here = 0
    star, resume = -1, 0
    while here < len(name):
        kind, what = tokens[at] if at < len(tokens) else ("end", "")
        if kind == "*":
            star, resume = at, here
            at += 1
        elif kind == "?" or (kind == "" and what == name[here]) or (kind == "[" and _in_set(name[here], what)):
            at, here = at + 1, here + 1
        elif star >= 0:
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return all(kind == "*" for kind, _ in tokens[at:])


def matches(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether a path, or a folder that it is in, fits a pattern; both are given by component."""
    reached = {0}
    for name in path:
        reached |= {at + 1 for at in _past_stars(pattern, reached)}
        following = set()
        for at in reached:
            if at < len(pattern) and pattern[at] == "**":
                following.add(at)
            elif at < len(pattern) and component_matches(pattern[at], name):
                following.add(at + 1)
        reached = following
        if not reached:
            return False
        if len(pattern) in reached:
            return True
    return len(pattern) in reached or any(all(part == "**" for part in pattern[at:]) for at in reached)


def _past_stars(pattern: tuple[str, ...], reached: set[int]) -> set[int]:
    """Give the places of `**` that may stand for nothing, one behind the other."""
    found = set()
    for start in reached:
        at = start
        while at < len(pattern) and pattern[at] == "**" and at + 1 < len(pattern):
            found.add(at)
            at += 1
    return found


class IgnoreFile(NamedTuple):
    """The patterns of a `.dockerignore`, in order, each with whether it takes back what others leave out."""

    patterns: tuple[tuple[tuple[str, ...], bool], ...] = ()

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
                found.append((tuple(clean.split("/")), back))
        return cls(tuple(found))

    def ignores(self, path: str) -> bool:
        """Whether the last pattern that a path fits leaves it out of the build context."""
        parts = tuple(path.split("/"))
        return next((not back for pattern, back in reversed(self.patterns) if matches(pattern, parts)), False)
