"""Digits: the alphabets of base64 and hexadecimal digits, and when a line of them continues another.

Encoders wrap their output, most at 64 or 76 characters, and some indent it. A line break is taken for a wrap where
the next line holds nothing else and is no longer than the line before. Where the break is inside a literal, that proves
it.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect.encodings.text import Reach

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.detect.encodings.form import Cut
    from imgscan.detect.encodings.text import Span

_INDENT = 64
BREAK = re.compile(rb"\r?\n[ \t]{0,%d}" % _INDENT)
BREAK_BEFORE = re.compile(rb"\r?\n[ \t]{0,%d}\Z" % _INDENT)
LONGEST_BREAK = 2 + _INDENT
DELIMITER = re.compile(rb"[/_+-](?=[^/_+-]*\Z)")
"""The last character of a run that may also stand between two of them."""

WIDEST = 1024
"""Characters of a line from which on it is taken to continue forever, and not to be wrapped."""

STRETCH = 2
"""How many times the bytes of one line a wrapped run may take before it is given up."""

USUAL = 60
"""Encoders wrap lines of this length or more; a shorter line may as well end where a value ends."""

LONGEST_USUAL = 76
"""The longest lines that encoders wrap at unless configured otherwise (RFC 2045, 6.8)."""

AFTER = re.compile(rb"={0,2}(?:[ \t]*(?:\r?\n|\Z)|[\"'`](?![0-9A-Za-z\"'`$ ]))|[<,;)\]}&\\]")
"""What may follow the digits of a line in a wrapped run."""

NEAR = 16
"""Digits before a literal in which the beginning of its credential is looked for."""

_STANDARD = bytes.maketrans(b"-_", b"+/")

Segments = list[tuple[int, int]]


class Alphabet(NamedTuple):
    """The digits of an encoding: its name, a pattern for a run of them, and how many make `size` bytes."""

    name: str
    run: re.Pattern[bytes]
    digits: int
    size: int
    decode: Callable[[bytes], bytes]

    def forward(self, data: bytes, start: int, high: int) -> int:
        """Return the end of the run that begins at `start`."""
        match = self.run.match(data, start, high)
        return match.end() if match else start

    def backward(self, data: bytes, end: int, low: int) -> int:
        """Return the beginning of the run that ends at `end`."""
        match = self.run.match(data[low:end][::-1])
        return end - match.end() if match else end


def _decode_base64(digits: bytes) -> bytes:
    digits = digits.translate(_STANDARD)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _decode_hex(digits: bytes) -> bytes:
    return bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))


BASE64_DIGITS = Alphabet("base64", re.compile(rb"[0-9A-Za-z+/_-]*"), 4, 3, _decode_base64)
HEX_DIGITS = Alphabet("hex", re.compile(rb"[0-9A-Fa-f]*"), 2, 1, _decode_hex)


def ends_of_cut(data: bytes, position: int, span: Span, cut: Cut) -> Segments | None:
    """Find where both halves of an interrupted literal are; None if they are missing."""
    left, right = cut.whole[: cut.at], cut.whole[cut.at :]
    if cut.after:
        second = position + 1
        found = BREAK_BEFORE.search(data, max(span.low, second - LONGEST_BREAK), second)
        if found is None:
            return None
        first = found.start() - len(left)
        if first < span.low or not data.startswith(left, first):
            return None
    else:
        first = position
        found = BREAK.match(data, first + len(left), span.high)
        if found is None or not data.startswith(right, found.end(), span.high):
            return None
        second = found.end()
    return [(first, first + len(left)), (second, second + len(right))]


def wraps(data: bytes, begin: int, end: int, start: int, last: int, low: int, high: int) -> bool:
    """Whether the digits of `data[start:last)` are a line that continues the digits of `data[begin:end)`."""
    if last - start >= WIDEST or (last < high and not AFTER.match(data, last, high)):
        return False
    if last - start <= end - begin:
        return True
    low = max(low, end - WIDEST)
    columns = end - (data.rfind(b"\n", low, end) + 1 or low)
    indent = start - data.rfind(b"\n", end, start) - 1
    return indent + last - start <= columns


def digits_around(alphabet: Alphabet, lead: int, reach: Reach) -> Reach:
    """Count the digits that so many characters before and from an anchor on take."""
    return Reach(
        -(-reach.behind // alphabet.size) * alphabet.digits + lead,
        -(-(reach.ahead + alphabet.size) // alphabet.size) * alphabet.digits,
    )
