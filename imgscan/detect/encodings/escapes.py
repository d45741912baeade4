r"""Characters written as escapes: percent signs in URLs, backslashes in source code, references in XML and HTML.

A credential's underscores are what encoders of every sort may escape, so the literals are the anchors with each
underscore in its disguise; and, for percent signs and `\x`, with every character so.
"""

from __future__ import annotations

import binascii
import re
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect.encodings.form import Encoding, Literal, uncut
from imgscan.detect.encodings.text import Gaps, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from imgscan.detect.encodings.form import Form
    from imgscan.detect.encodings.shared import Shared, Sight, View
    from imgscan.detect.encodings.text import Reach, Span

_UNDERSCORES = (
    rb"\u005f", rb"\u005F", rb"\u{5f}", rb"\u{5F}", rb"\x5f", rb"\x5F", rb"\137",
    b"&#95;", b"&#095;", b"&#x5f;", b"&#x5F;", b"&#X5F;", b"&lowbar;", b"&UnderBar;",
)  # fmt: skip
_WIDEST = 10  # `&UnderBar;`

_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_ESCAPE = re.compile(
    rb"\\u([0-9A-Fa-f]{4})|\\u\{([0-9A-Fa-f]{1,6})\}|\\x([0-9A-Fa-f]{2})|\\([0-3][0-7]{2})"
    rb"|&#([0-9]{1,7});|&#[xX]([0-9A-Fa-f]{1,6});|&(lowbar|UnderBar);"
)
_BASES = (16, 16, 16, 8, 10, 16)

_BLOCK = 1 << 15
"""Bytes of a buffer whose escapes are decoded together."""


def _percent_literals(anchor: bytes) -> Iterator[Literal]:
    for digits in (b"%5F", b"%5f"):
        if b"_" in anchor:
            yield Literal(anchor.replace(b"_", digits))
    for pattern in ("%%%02X", "%%%02x"):
        yield Literal("".join(pattern % byte for byte in anchor).encode())


def _escaped_literals(anchor: bytes) -> Iterator[Literal]:
    if b"_" in anchor:
        for escape in _UNDERSCORES:
            yield Literal(anchor.replace(b"_", escape))
    for pattern in ("\\x%02x", "\\x%02X", "\\u%04x", "\\u%04X"):
        yield Literal("".join(pattern % byte for byte in anchor).encode())


def _escape_of(match: re.Match[bytes]) -> bytes:
    group = match.lastindex or 0
    if group > len(_BASES):
        return b"_"
    code = int(match[group], _BASES[group - 1])
    return bytes([code]) if code < 0x100 else b"?"  # no credential's character: only that there is one matters


class _Syntax:
    """The escapes of an encoding: one by one, and those that are decoded a run at a time."""

    def __init__(self, escape: re.Pattern[bytes], *runs: bytes) -> None:
        self._runs = [(begin, len(begin) + 2) for begin in runs]
        either = b"|".join(b"((?:%s[0-9A-Fa-f]{2})+)" % re.escape(begin) for begin in runs)
        self._pattern = re.compile(b"%s|(%s)" % (either, escape.pattern))
        self._escape = escape

    def decode(self, data: bytes, first: int, last: int) -> Decoded:
        """Decode `data[first:last)`."""
        pieces: list[bytes] = []
        ends, sums = array("q"), array("q")
        done, total = first, 0
        for match in self._pattern.finditer(data, first, last):
            start, end = match.span()
            pieces.append(data[done:start])
            done = end
            number = match.lastindex or 0
            if number > len(self._runs):
                pieces.append(self._one(match[0]))
                total += end - start - 1
                ends.append(end)
                sums.append(total)
                continue
            begin, width = self._runs[number - 1]
            pieces.append(binascii.unhexlify(match[0].replace(begin, b"")))
            ends.extend(range(start + width, end + 1, width))
            after = total + (end - start) // width * (width - 1)
            sums.extend(range(total + width - 1, after + 1, width - 1))
            total = after
        pieces.append(data[done:last])
        return Decoded(b"".join(pieces), first, ends, sums)

    def _one(self, escape: bytes) -> bytes:
        match = self._escape.match(escape)
        return _escape_of(match) if match else b""


class Decoded(NamedTuple):
    """What a part of a buffer says, from `first` on; where its escapes end, and by how much each makes it shorter.

    The last are sums: of an escape and all before it.
    """

    data: bytes
    first: int
    ends: array[int]
    sums: array[int]

    def character(self, position: int) -> int:
        """Return the index of the character that begins at a position."""
        found = bisect_right(self.ends, position)
        return position - self.first - (self.sums[found - 1] if found else 0)

    def gaps(self) -> Gaps:
        """Say where the characters are."""
        at = array("q", [end - self.first - total for end, total in zip(self.ends, self.sums, strict=True)])
        return Gaps(at, self.sums, trailing=True)


def _encoding(name: str, syntax: _Syntax, literals: Callable[[bytes], Iterator[Literal]], num: int) -> Encoding:
    """Make an encoding of escapes of at most `num` bytes, but for the names of references."""

    def read(data: bytes, position: int, span: Span, _form: Form, reach: Reach) -> Iterator[Text]:
        first = max(span.low, position - num * reach.behind - _WIDEST)
        last = min(span.high, position + num * reach.ahead + _WIDEST)
        made = syntax.decode(data, first, last)
        at = made.character(position)
        yield Text(name, made.data, at, 0, len(made.data), base=first, gaps=made.gaps(), settles=True)

    def view(position: int, _form: Form, shared: Shared, span: Span) -> list[View] | None:
        if span.low > shared.low or span.high < shared.high:
            return None
        inside, at = shown(position, shared)
        return [(inside, at, True, 0, inside.high, None)]

    def shown(position: int, shared: Shared) -> tuple[Shared, int]:
        number = position // _BLOCK
        block: tuple[Decoded, Shared] | None = shared.made.get((syntax, number))
        if block is None:
            around = num * max(shared.reach) + _WIDEST
            first, last = number * _BLOCK - around, (number + 1) * _BLOCK + around
            made = syntax.decode(shared.data, max(shared.low, first), min(shared.high, last))
            block = made, shared.decoded(name, made.data, made.first, gaps=made.gaps())
            shared.made[syntax, number] = block
        return block[1], block[0].character(position)

    def sight(position: int, _form: Form, shared: Shared) -> Sequence[Sight]:
        return (shown(position, shared),)

    return Encoding(name, literals, uncut, read, num, 1, _WIDEST, sight, view)


PERCENT = _encoding("percent", _Syntax(_PERCENT, b"%"), _percent_literals, 3)
ESCAPED = _encoding("escaped", _Syntax(_ESCAPE, b"\\x", b"\\u00"), _escaped_literals, 6)
