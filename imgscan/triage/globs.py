"""Globs of paths, in the grammar of gitignore(5) without its exclamation marks.

A glob without a slash in its middle matches at any depth, one that ends in a slash only what is below; whatever matches
a folder matches all in it.
"""

from __future__ import annotations

import re

from imgscan.triage.wildcards import ANY, Name, PathPattern

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Glob:
    """A compiled glob; ValueError if it is malformed."""

    def __init__(self, text: str) -> None:
        """Compile `text`."""
        body = text.removesuffix("/")
        self._below = text.endswith("/")
        if not body.strip("/"):
            raise ValueError("an empty glob")
        anchored = "/" in body
        names = [name for name in body.split("/") if name]
        if not anchored and names != [ANY]:
            names.insert(0, ANY)
        if names[-1] == ANY and set(names) != {ANY}:  # all in a folder, and not the folder
            names.pop()
            self._below = True
        self._pattern = PathPattern(tuple(None if name == ANY else _compile(name) for name in names))

    def matches(self, path: str) -> bool:
        """Whether the glob matches a path, or a folder that it is in. Archives count as folders (`a.jar!`)."""
        names = path.split("/")
        reach = self._pattern.reach(names[:-1] if self._below else names)
        return reach is not None


def _compile(name: str) -> Name:
    # A backslash before a wildcard is written as brackets around it; before anything else it says nothing.
    plain = _ESCAPED.sub(lambda found: f"[{found[1]}]" if found[1] in "*?[" else found[1], name)
    return Name.of(plain, negation="!", escapes=False)
