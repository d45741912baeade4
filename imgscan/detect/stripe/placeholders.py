"""What tells a random body from one that a person typed.

Every threshold is set so that random keys pass: of seeded random bodies of 24, 34 and 99 characters at least
99.9 % do, which a test measures.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOWEST_ENTROPY = 3.0
_LONG = 72
_LONG_ENTROPY = 3.5
_EQUAL = 6
_MONOTONE = 8
_LEAST_LEFT = 8

_DIGITS = b"0123456789"
_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER = b"abcdefghijklmnopqrstuvwxyz"

_WORD_LIST = (
    b"placeholder publishable restricted credential password changeme redacted replace account private invalid example "
    b"testing secret stripe string sample insert change dummy token value enter paste local keys? your goes here this "
    b"that with from mock fake live test real todo demo null none must fill code data user word pass prod abcd 1234 "
    b"a1b2 c3d4 e5f6 put not the add api env var foo bar baz xxx abc 123 my me to in is "
)
"""Words of which placeholders are made, the longer first.

A random body loses one or two characters' worth to them, no more.
"""


def _either(words: Iterable[bytes]) -> bytes:
    """Write a regular expression of any of the words, those that begin alike together: it looks at few of them."""
    alike: dict[bytes, list[bytes]] = {}
    for word in words:
        alike.setdefault(word[:1], []).append(word[1:])
    return b"|".join(first + b"(?:" + b"|".join(rest) + b")" for first, rest in alike.items())


_WORDS = re.compile(_either(_WORD_LIST.split()))

_SHARE = [n and n * math.log2(n) for n in range(512)]
"""n log n, for every number of times that a character can occur in the longest body."""


_RAISED = bytes(byte ^ 0x80 for byte in range(256))
"""Takes an ASCII character so far up that no other is above it."""

_ALIKE, _UP, _DOWN = b"\x80" * (_EQUAL - 1), b"\x81" * (_MONOTONE - 1), b"\x7f" * (_MONOTONE - 1)
"""Steps from each character to the next where they are equal, ascend and descend."""


def entropy(body: bytes) -> float:
    """Return the Shannon entropy of a body of 1 to 511 characters, in bits a character."""
    size = len(body)
    return math.log2(size) - sum(map(_SHARE.__getitem__, map(body.count, set(body)))) / size


def classes(body: bytes) -> int:
    """Count which of digits, upper-case and lower-case letters occur."""
    return sum(_count(body, kind) > 0 for kind in (_DIGITS, _UPPER, _LOWER))


def mixed(body: bytes) -> bool:
    """Whether digits, upper case and lower case are mixed as chance mixes them.

    Of random bodies of 24 characters 1.5 % hold no digit. Those pass if at least two sevenths of the letters are
    of either case, which no words in camel case are.
    """
    if body.lower() == body or body.upper() == body:
        return not body
    if len(body.translate(None, _DIGITS)) < len(body):
        return True
    return min(_count(body, _UPPER), _count(body, _LOWER)) * 7 >= len(body) * 2


def has_run(body: bytes) -> bool:
    """Whether six equal characters or eight in sequence, up or down, are in a row."""
    count = max(0, len(body) - 1)
    # As numbers: a raised byte is above any other, so that none borrows from the next.
    difference = int.from_bytes(body[1:].translate(_RAISED), "big") - int.from_bytes(body[:count], "big")
    steps = difference.to_bytes(count, "big")
    return _ALIKE in steps or _UP in steps or _DOWN in steps


def crossed_out(body: bytes) -> bool:
    """Whether `xxxx` or `XXXX` is where the characters of a key would."""
    return b"xxxx" in body or b"XXXX" in body


def varied(body: bytes) -> bool:
    """Whether a body has the entropy of its length; many different characters are enough."""
    size, least = len(body), _LONG_ENTROPY if len(body) >= _LONG else _LOWEST_ENTROPY
    most = size - len(set(body)) + 1
    return math.log2(size) - _SHARE[most] / size >= least or entropy(body) >= least


def typed(body: bytes) -> bool:
    """Whether a person made this body up: a run, `xxxx`, words and little else, or too few characters."""
    if crossed_out(body) or has_run(body):
        return True
    if len(_WORDS.sub(b"", body.lower())) < _LEAST_LEFT:
        return True
    return not varied(body)


def _count(body: bytes, kind: bytes) -> int:
    return len(body) - len(body.translate(None, kind))
