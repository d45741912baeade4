"""What a validator is given and what it answers, and the tests that all validators share.

A validator is a pure function of a `Place`. It never looks further than its rule's `max_length` and a few
characters, so its answer is the same wherever the buffer happens to begin and end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from imgscan.model import Confidence


class Account(NamedTuple):
    """The account that a credential names; `created` is ISO 8601 in UTC, to the second."""

    id: str
    created: str


class Glued(NamedTuple):
    """The prefixes that end a body in which they are, and how long the longest is."""

    pattern: re.Pattern[bytes]
    longest: int


class Place(NamedTuple):
    """Where a prefix is: it begins at `start`, its body at `body`; the file's text is `data[low:high]`.

    `binary` says that the file is one, `now` (seconds since 1970) what time it is, `glued` what ends a body.
    """

    data: bytes
    start: int
    body: int
    low: int
    high: int
    binary: bool
    now: float
    glued: Glued


class Verdict(NamedTuple):
    """A credential is at `data[start:end]`, its public prefix being `prefix` characters long.

    `alone` is how sure this is from the credential itself, `known` how sure where something nearby speaks of its
    issuer. `unless` is a word that, standing nearby, says that another issuer made it. `proof` counts the characters,
    from `start` on, that the credential's own structure proves: 0 if it proves nothing.
    """

    start: int
    end: int
    prefix: int
    alone: Confidence
    known: Confidence
    account: Account | None = None
    unless: bytes | None = None
    proof: int = 0


BASE62 = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

_RUN = re.compile(rb"[0-9A-Za-z]*")
_MASKS = b"*.\xe2"
_MASKED = re.compile(rb"\*+[0-9A-Za-z]|\*{3}|\.{3}|\xe2\x80[\xa2\xa6]")
"""Asterisks (two of them alone may be Markdown's bold), three dots, and in UTF-8 the bullet and the ellipsis."""


_ESCAPE = re.compile(
    rb"(?:\\[abefnrtv0]|\x1b\[[0-9;]{0,12}[A-Za-z]"
    rb"|(?:\\u00|\\x|%|=)([0-9A-Fa-f]{2})|\\([0-3][0-7]{2}))\Z"
)
_LONGEST_ESCAPE = 16


def run_end(place: Place, most: int) -> int:
    """Find the end of the base62 run that is the body; of a run that is longer than `most`, an end behind that.

    Strings are glued together in some binaries: a prefix that begins inside the run ends it.
    """
    run = _RUN.match(place.data, place.body, min(place.high, place.body + most + place.glued.longest))
    end = run.end() if run else place.body
    if end < place.high and place.data[end] == ord("_"):
        return cut(place, end)
    return end


def cut(place: Place, end: int) -> int:
    """Find where the next prefix begins before `end`; `end` if none does."""
    glued = place.glued.pattern.search(place.data, place.body, min(place.high, end + place.glued.longest))
    return min(end, glued.start()) if glued else end


def open_left(place: Place, start: int, end: int) -> bool:
    r"""Whether the credential at `start` is the end of no word.

    In a binary the byte before a string may be the string's own length, and that may look like a letter. So may the
    last character of an escape that precedes it: `\n`, `%3D`, `\u003d`, `=3D`, a colour of the terminal.
    """
    if start == place.low:
        return True
    before = place.data[start - 1]
    if before not in BASE62 or (place.binary and before == end - start):
        return True
    escape = _ESCAPE.search(place.data, max(place.low, start - _LONGEST_ESCAPE), start)
    if escape is None:
        return False
    code = escape[1] or escape[2]
    return not code or int(code, 8 if escape[2] else 16) not in BASE62


def counted(place: Place, end: int) -> bool:
    """Whether a binary tells the credential's length in the byte before it: it then ends at `end`, whatever follows.

    That byte may be a character of a text as well (a space is the length of the oldest keys), so the one before it
    must be none that is in a text.
    """
    at = place.start - 1
    if not place.binary or at < place.low or place.data[at] != end - place.start:
        return False
    before = place.data[at - 1] if at > place.low else 0
    return not (0x20 <= before < 0x7F or before in b"\t\n\r")


def masked(place: Place, end: int) -> bool:
    """Whether what follows says that the rest of the credential has been hidden."""
    return end < place.high and place.data[end] in _MASKS and _MASKED.match(place.data, end, place.high) is not None
