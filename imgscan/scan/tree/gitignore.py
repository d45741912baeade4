"""Patterns as gitignore(5) has them, matched byte for byte as git's own wildmatch.c does.

Each pattern becomes one regular expression that takes no more than linear time for a name: what is between two
wildcards is taken where it first fits and never reconsidered, which is enough because the wildcard before the next
piece can swallow whatever follows. The same way is gone for whole folders between two `**`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CLASSES = {
    b"alnum": rb"0-9A-Za-z", b"alpha": rb"A-Za-z", b"blank": rb" \t", b"cntrl": rb"\x00-\x1f\x7f", b"digit": rb"0-9",
    b"graph": rb"!-~", b"lower": rb"a-z", b"print": rb" -~", b"punct": rb"!-/:-@\[-`{-~", b"space": rb" \t-\r",
    b"upper": rb"A-Z", b"xdigit": rb"0-9A-Fa-f",
}  # fmt: skip
"""What `[[:alpha:]]` and its like stand for, in ASCII as in git."""

_LEAST_STARS = 2

_ESCAPED_SLASH = re.compile(rb"((?:^|[^\\])(?:\\\\)*)\\/")


class PatternError(ValueError):
    """A pattern that cannot match anything."""


class Pattern(NamedTuple):
    """One line: `leaves_out` is false behind `!`. `anywhere` says that the name alone is matched, not the path."""

    leaves_out: bool
    folders_only: bool
    anywhere: bool
    expression: re.Pattern[bytes]


class Patterns:
    """The lines of one file or command line: the last that matches decides."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._reversed = tuple(patterns)[::-1]

    def __bool__(self) -> bool:
        return bool(self._reversed)

    def decide(self, path: bytes) -> bool | None:
        """Say whether a path is left out; None if no line speaks of it. A folder's ends in a slash.

        Only the path itself is matched: the caller has already asked about the folders above it.
        """
        folder = path[-1:] == b"/"
        if folder:
            path = path[:-1]
        name = path[path.rfind(b"/") + 1 :]
        for pattern in self._reversed:
            if (folder or not pattern.folders_only) and pattern.expression.fullmatch(
                name if pattern.anywhere else path
            ):
                return pattern.leaves_out
        return None


def parse(text: bytes) -> Patterns:
    """Read a `.gitignore`; a line that cannot match anything is skipped, as git does."""
    patterns = []
    for line in text.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if line[:1] != b"#":
            with suppress(PatternError):
                patterns.append(compile_pattern(line.removesuffix(b"\r")))
    return Patterns(patterns)


def compile_pattern(line: bytes) -> Pattern:
    """Compile one line, comments excepted; PatternError if it is empty or malformed."""
    line = _without_trailing_spaces(line)
    leaves_out = line[:1] != b"!"
    if not leaves_out:
        line = line[1:]
    folders_only = line[-1:] == b"/"
    if folders_only:
        line = line[:-1]
    anywhere = b"/" not in line
    line = _ESCAPED_SLASH.sub(rb"\1/", line.removeprefix(b"/"))
    if not line:
        raise PatternError("an empty pattern")
    segments = [b"*"] if anywhere and not line.strip(b"*") else line.split(b"/")
    return Pattern(leaves_out, folders_only, anywhere, re.compile(_path(segments), re.DOTALL))


def _without_trailing_spaces(line: bytes) -> bytes:
    r"""Take away blanks at the end that no backslash keeps (`\ ` and, as git counts, `\\ ` not)."""
    stripped = line.rstrip(b" ")
    backslashes = len(stripped) - len(stripped.rstrip(b"\\"))
    return line[: len(stripped) + 1] if backslashes % 2 and len(line) > len(stripped) else stripped


def _path(segments: Sequence[bytes]) -> bytes:
    """Translate a path: runs of ordinary segments, between which `**` may stand for any number of folders."""
    runs: list[list[bytes]] = [[]]
    for segment in segments:
        if len(segment) >= _LEAST_STARS and not segment.strip(b"*"):
            if runs[-1] or len(runs) == 1:
                runs.append([])
        else:
            runs[-1].append(_segment(segment))
    pieces = [b"/".join(run) for run in runs]
    if len(pieces) == 1:
        return pieces[0]
    first, last = pieces[0], pieces[-1]
    expression = first + b"/" if first else b""
    expression += b"".join(b"(?>(?:[^/]+/)*?" + piece + b"/)" for piece in pieces[1:-1])
    return expression + (b"(?:.*/)?" + last if last else b".+")


def _segment(segment: bytes) -> bytes:
    """Translate what is between two slashes."""
    pieces = _pieces(segment)
    if len(pieces) == 1:
        return pieces[0]
    middle = b"".join(b"(?>[^/]*?" + piece + b")" for piece in pieces[1:-1] if piece)
    return pieces[0] + middle + b"[^/]*" + pieces[-1]


def _pieces(segment: bytes) -> list[bytes]:
    """Translate the pieces between asterisks."""
    pieces = [b""]
    position = 0
    while position < len(segment):
        character = segment[position : position + 1]
        position += 1
        if character == b"*":
            if len(pieces) == 1 or pieces[-1]:
                pieces.append(b"")
        elif character == b"?":
            pieces[-1] += b"[^/]"
        elif character == b"[":
            piece, position = _bracket(segment, position)
            pieces[-1] += piece
        else:
            if character == b"\\":
                character = segment[position : position + 1]
                position += 1
                if not character:
                    raise PatternError("a backslash at the end")
            pieces[-1] += re.escape(character)
    return pieces


def _bracket(segment: bytes, position: int) -> tuple[bytes, int]:
    """Translate a bracket expression from behind its `[`; return also where it ends."""
    negated = segment[position : position + 1] in (b"!", b"^")
    position += negated
    content = b""
    before: bytes | None = None  # what a range may begin with
    first = position
    while True:
        character = segment[position : position + 1]
        position += 1
        if not character:
            raise PatternError("an unclosed bracket")
        if character == b"]" and position - 1 > first:
            break
        if character == b"[" and segment[position : position + 1] == b":":
            end = segment.find(b":]", position + 1)
            if end < 0 or segment[position + 1 : end] not in _CLASSES:
                raise PatternError("no such class of characters")
            content += _CLASSES[segment[position + 1 : end]]
            position, before = end + 2, None
            continue
        if character == b"-" and before is not None and segment[position : position + 1] not in (b"]", b""):
            last, position = _literal(segment, position)
            if before <= last:
                content += re.escape(before) + b"-" + re.escape(last)
            before = None
            continue
        if character == b"\\":
            character, position = _literal(segment, position - 1)
        content += re.escape(character)
        before = character
    return (b"(?!/)[^" if negated else b"(?!/)[") + content + b"]", position


def _literal(segment: bytes, position: int) -> tuple[bytes, int]:
    """Read one character of a bracket expression, which a backslash may precede."""
    if segment[position : position + 1] == b"\\":
        position += 1
    character = segment[position : position + 1]
    if not character:
        raise PatternError("an unclosed bracket")
    return character, position + 1
