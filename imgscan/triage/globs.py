"""Globs of paths, in the grammar of gitignore(5) without its exclamation marks.

`*` and `?` match within one name, `[a-z]` one character, `**` any number of names. A glob without a slash in its
middle matches at any depth, one that ends in a slash only what is below; whatever matches a folder matches all in it.
A glob is compared name by name and each name in linear time, for paths come from hostile archives.
"""

from __future__ import annotations

import re
from fnmatch import translate

_ANY = "**"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Glob:
    """A compiled glob; ValueError if it is none."""

    def __init__(self, text: str) -> None:
        """Compile `text`."""
        body = text.removesuffix("/")
        self._below = text.endswith("/")
        if not body.strip("/"):
            raise ValueError("an empty glob")
        anchored = "/" in body
        names = [name for name in body.split("/") if name]
        if not anchored and names != [_ANY]:
            names.insert(0, _ANY)
        if names[-1] == _ANY and set(names) != {_ANY}:  # all in a folder, and not the folder
            names.pop()
            self._below = True
        self._names = [None if name == _ANY else _compile(name) for name in names]

    def matches(self, path: str) -> bool:
        """Whether the glob matches a path, or a folder that it stands in. Archives count as folders (`a.jar!`)."""
        given = path.split("/")
        reached = {0}
        for index, name in enumerate(given):
            reached = self._step(reached, name)
            if not reached:
                return False
            if len(self._names) in reached and not (self._below and index == len(given) - 1):
                return True
        return False

    def _step(self, reached: set[int], name: str) -> set[int]:
        """Give how far the glob may have come after one more name: the number of its names that are used up."""
        after = set()
        for start in reached:
            at = start
            while at < len(self._names) and self._names[at] is None:
                after.add(at)
                at += 1
            if at < len(self._names):
                pattern = self._names[at]
                if pattern is not None and pattern.match(name):
                    after.add(at + 1)
            elif at > start:  # only ** is left
                after.add(at)
        return after


def _compile(name: str) -> re.Pattern[str]:
    # fnmatch knows no backslash; a class of one character says the same.
    plain = _ESCAPED.sub(lambda found: f"[{found[1]}]" if found[1] in "*?[" else found[1], name)
    try:
        return re.compile(translate(plain))
    except re.error as error:
        raise ValueError(f"{name}: not a glob") from error
