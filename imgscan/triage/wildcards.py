"""Wildcards in paths: what `.imgscanignore`, `.dockerignore` and COPY have in common.

`*` and `?` match within one name, brackets one of several characters, `**` any number of names. What matches a folder
matches all in it. Matching takes no longer than pattern times path, whatever the two are: both may be hostile.

`imgscan.scan.tree.gitignore` does without this: git matches bytes, knows classes such as `[[:alpha:]]`, throws away
malformed lines, and asks of each folder on its own instead of matching whatever is in it; it is called for every file
of a tree, so its patterns are regular expressions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

ANY = "**"
"""Stands for any number of names."""

_WILD = "*?["

Token = tuple[str, str]
"""A wildcard, `[` with the characters of its brackets, or nothing with the character that is meant."""


def wild(pattern: str) -> bool:
    """Whether a pattern has a wildcard."""
    return any(char in pattern for char in _WILD)


class Name(NamedTuple):
    """A compiled pattern of one name of a path; `negation` is what begins the brackets of all other characters."""

    tokens: tuple[Token, ...]
    negation: str

    @classmethod
    def of(cls, pattern: str, *, negation: str = "^", escapes: bool = True) -> Name:
        """Compile a pattern, by default in the grammar of Go's `path.Match`; with `escapes` a backslash quotes.

        Nothing is malformed: brackets that are not closed are ordinary characters.
        """
        found, at, size = [], 0, len(pattern)
        while at < size:
            char = pattern[at]
            first = at + 1 + pattern.startswith(negation, at + 1)
            end = pattern.find("]", first + 1) if char == "[" else -1
            if char in "*?":
                found.append((char, ""))
            elif end >= 0:
                found.append(("[", pattern[at + 1 : end]))
                at = end
            else:
                at += escapes and char == "\\" and at + 1 < size
                found.append(("", pattern[at]))
            at += 1
        return cls(tuple(found), negation)

    def matches(self, name: str) -> bool:
        """Whether the pattern matches a whole name."""
        tokens, size = self.tokens, len(self.tokens)
        at = here = 0
        star, resume = -1, 0
        while here < len(name):
            kind, what = tokens[at] if at < size else ("end", "")
            if kind == "*":
                star, resume = at, here
                at += 1
            elif kind == "?" or (not kind and what == name[here]) or (kind == "[" and self._within(name[here], what)):
                at, here = at + 1, here + 1
            elif star >= 0:  # the last star takes one more character; those before it need not change
                resume += 1
                at, here = star + 1, resume
            else:
                return False
        return all(kind == "*" for kind, _ in tokens[at:])

    def _within(self, char: str, members: str) -> bool:
        negated = members.startswith(self.negation)
        at, found = int(negated), False
        while at < len(members):
            if members[at + 1 : at + 2] == "-" and at + 2 < len(members):
                found = found or members[at] <= char <= members[at + 2]
                at += 3
            else:
                found = found or members[at] == char
                at += 1
        return found != negated


class PathPattern(NamedTuple):
    """A compiled pattern of a path, name by name.

    None stands for any number of names; it is not the last one, unless there are no others.
    """

    names: tuple[Name | None, ...]

    def reach(self, path: Sequence[str]) -> int | None:
        """Return how many names of a path, from the top, the pattern matches at the least; None if it matches none."""
        reached = {0}
        for count, name in enumerate(path, 1):
            reached = self._step(reached, name)
            if len(self.names) in reached:
                return count
            if not reached:
                return None
        return None

    def _step(self, reached: set[int], name: str) -> set[int]:
        """Return how far the pattern may have come after one more name: the number of its names that are used up."""
        after = set()
        for start in reached:
            at = start
            while at < len(self.names) and self.names[at] is None:
                after.add(at)
                at += 1
            if at < len(self.names):
                pattern = self.names[at]
                if pattern is not None and pattern.matches(name):
                    after.add(at + 1)
            elif at > start:  # only ** is left
                after.add(at)
        return after
