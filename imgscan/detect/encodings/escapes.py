r"""Characters written as escapes: percent signs in URLs, backslashes in source code, references in XML and HTML.

A credential's underscores are what encoders of every sort may escape, so the literals are the anchors with each
underscore in its disguise; and, for percent signs and `\x`, with every character so.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect.encodings.form import Encoding, Literal, uncut
from imgscan.detect.encodings.shared import Shared, Sight
from imgscan.detect.encodings.text import Gaps, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from imgscan.detect.encodings.form import Form
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

_BLOCK = 1 << 14
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


class _Block(NamedTuple):
    """A part of a buffer, decoded: where its escapes end, from `first` on, and how much shorter it is up to each."""

    number: int
    first: int
    ends: list[int]
    sums: list[int]
    shared: Shared

    def character(self, position: int) -> int:
        """Return the character that begins at a position."""
        found = bisect_right(self.ends, position)
        return position - self.first - (self.sums[found - 1] if found else 0)


class _Escapes(dict[bytes, bytes]):
    """What each escape stands for, as far as any was looked up."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self._pattern = pattern

    def __missing__(self, escape: bytes) -> bytes:
        match = self._pattern.match(escape)
        self[escape] = made = _escape_of(match) if match else b"?"
        return made


def _block(pattern: re.Pattern[bytes], shared: Shared, number: int, around: int) -> _Block:
    """Decode a block, and as much around it as is read of a text."""
    first = max(shared.low, number * _BLOCK - around)
    last = min(shared.high, (number + 1) * _BLOCK + around)
    table = _Escapes(pattern)
    spans = [match.span() for match in pattern.finditer(shared.data, first, last)]
    ends = [end for _, end in spans]
    sums = list(accumulate(end - start - 1 for start, end in spans))
    decoded = pattern.sub(lambda match: table[match[0]], shared.data[first:last])
    return _Block(number, first, ends, sums, shared.decoded(decoded))


def _encoding(
    name: str, pattern: re.Pattern[bytes], literals: Callable[[bytes], Iterator[Literal]], num: int
) -> Encoding:
    """Make an encoding of escapes of at most `num` bytes, but for the names of references."""

    def read(data: bytes, position: int, span: Span, _form: Form, reach: Reach) -> Iterator[Text]:
        first = max(span.low, position - num * reach.behind - _WIDEST)
        last = min(span.high, position + num * reach.ahead + _WIDEST)
        pieces: list[bytes] = []
        gaps: list[tuple[int, int]] = []
        done, size, at = first, 0, -1
        for match in pattern.finditer(data, first, last):
            if match.start() >= position and at < 0:
                at = size + position - done
            pieces += (data[done : match.start()], _escape_of(match))
            size += match.start() - done + 1
            gaps.append((size, match.end() - match.start() - 1))
            done = match.end()
        pieces.append(data[done:last])
        if at < 0:
            at = size + position - done
        decoded = b"".join(pieces)
        yield Text(name, decoded, at, 0, len(decoded), base=first, gaps=_summed(gaps), settles=True)

    def sight(position: int, _form: Form, shared: Shared) -> Iterator[Sight]:
        block: _Block | None = shared.made.get(pattern)
        if block is None or block.number != position // _BLOCK:
            around = num * max(shared.reach) + _WIDEST
            shared.made[pattern] = block = _block(pattern, shared, position // _BLOCK, around)
        yield Sight(block.shared, block.character(position))

    return Encoding(name, literals, uncut, read, num, 1, _WIDEST, sight)


def _summed(gaps: Sequence[tuple[int, int]]) -> Gaps:
    total = 0
    sums = []
    for _, width in gaps:
        total += width
        sums.append(total)
    return Gaps([at for at, _ in gaps], sums, trailing=True)


PERCENT = _encoding("percent", _PERCENT, _percent_literals, 3)
ESCAPED = _encoding("escaped", _ESCAPE, _escaped_literals, 6)
