r"""The words of a Dockerfile: how a line is cut into them, and what its variables become.

Follows "Environment replacement" of the Dockerfile reference, and BuildKit's lexer where that is silent. A value that
cannot be known here (a variable of the base image, a pattern operator) becomes `UNKNOWN`, which matches anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

UNKNOWN = "\0"
"""Stands for any text; a Dockerfile cannot hold it."""

LONGEST = 1 << 12
"""Characters of the longest value that is kept: `ENV A=$A$A`, written often enough, would fill the memory."""

_DEEPEST = 8
"""Levels of `${a:-${b:-…}}` that are followed."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_SPACE = " \t\r\v\f\n"
_PLAIN = re.compile(r"[^\s'\"\\`]+")


def split(text: str, escape: str = "\\") -> Iterator[tuple[int, str]]:
    """Cut a text at white space outside quotes; returns each word as it is written, with its offset."""
    at, size = 0, len(text)
    while at < size:
        if text[at] in _SPACE:
            at += 1
            continue
        start, quote = at, ""
        while at < size and (quote or text[at] not in _SPACE):
            if not quote and (plain := _PLAIN.match(text, at)):
                at = plain.end()
                continue
            char = text[at]
            if char == escape and quote != "'" and at + 1 < size:
                at += 1
            elif char == quote:
                quote = ""
            elif not quote and char in "'\"":
                quote = char
            at += 1
        yield start, text[start:at]


def pairs(text: str, escape: str = "\\") -> list[tuple[str, str]]:
    """Read the arguments of ENV or LABEL, as they are written: `A=1 B=2`, or the old `A the rest`."""
    words = [word for _, word in split(text, escape)]
    if words and "=" not in words[0]:
        return [(words[0], text.strip()[len(words[0]) :].strip())]
    return [(name, value) for name, _, value in (word.partition("=") for word in words)]


def collapse(text: str) -> str:
    """Make each run of white space one space: builders differ in how they join lines."""
    return " ".join(text.split())


def expand(text: str, lookup: Callable[[str], str | None], escape: str = "\\", *, _depth: int = 0) -> str:
    """Take the quotes off a word and put the values of its variables in.

    `lookup` returns a variable's value, None if it is not set. The result is no longer than `LONGEST`; what would be
    is `UNKNOWN`.
    """
    parts: list[str] = []
    at, size, quote, length = 0, len(text), "", 0
    while at < size:
        char = text[at]
        part = char
        if quote == "'":
            end = text.find("'", at)
            end = size if end < 0 else end
            part, at, quote = text[at:end], end + 1, ""
        elif char == "$":
            part, at = _variable(text, at + 1, lookup, escape, _depth)
        elif char == escape and at + 1 < size:
            following = text[at + 1]
            part = char + following if quote and following not in ('"', "$", escape) else following
            at += 2
        elif char == '"':
            part, at, quote = "", at + 1, "" if quote else '"'
        elif char == "'" and not quote:
            part, at, quote = "", at + 1, "'"
        elif plain := _PLAIN_TEXT.match(text, at):
            part, at = plain[0], plain.end()
        else:
            at += 1
        length += len(part)
        if length > LONGEST:
            return UNKNOWN
        parts.append(part)
    return "".join(parts)


_PLAIN_TEXT = re.compile(r"[^'\"\\`$]+")


def _variable(text: str, at: int, lookup: Callable[[str], str | None], escape: str, depth: int) -> tuple[str, int]:
    """Read the variable whose `$` precedes `at`; returns its value and where the text continues."""
    braced = text.startswith("{", at)
    name = _NAME.match(text, at + braced)
    if name is None:
        return "$", at
    at = name.end()
    value = lookup(name[0])
    known = value is not None and UNKNOWN not in value
    plain = UNKNOWN if value is None else value
    if not braced:
        return plain, at
    end = _closing(text, at, escape)
    modifier, after = text[at:end], min(end + 1, len(text))
    if not modifier:
        return plain, after
    colon = modifier.startswith(":")
    operator, word = modifier[colon : colon + 1], modifier[colon + 1 :]
    if operator not in ("-", "+") or depth >= _DEEPEST or (value is not None and not known):
        return (plain if operator == "?" else UNKNOWN), after
    present = value is not None and not (colon and not value)
    if operator == "-":
        return (plain if present else expand(word, lookup, escape, _depth=depth + 1)), after
    return (expand(word, lookup, escape, _depth=depth + 1) if present else ""), after


def _closing(text: str, at: int, escape: str) -> int:
    """Find the brace that closes a variable; the end of the text, where none does."""
    depth = 0
    while at < len(text):
        char = text[at]
        if char == escape:
            at += 1
        elif char == "{":
            depth += 1
        elif char == "}":
            if not depth:
                return at
            depth -= 1
        at += 1
    return len(text)


def join(parts: Iterable[str]) -> str:
    """Join words with spaces; what is longer than sixteen values may be ends in `UNKNOWN`."""
    taken: list[str] = []
    length = 0
    for part in parts:
        taken.append(part)
        length += len(part) + 1
        if length > 16 * LONGEST:
            taken.append(UNKNOWN)
            break
    return collapse(" ".join(taken))


def fits(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern says, each `UNKNOWN` in it standing for any text."""
    first, *rest = pattern.split(UNKNOWN)
    if not rest:
        return pattern == text
    last = rest.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in rest:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
