r"""Characters written as escapes: percent signs in URLs, backslashes in source code, references in XML and HTML.

A credential's underscores are what encoders of every sort may escape, so the literals are the anchors with each
underscore in its disguise; and, for percent signs and `\x`, with every character so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgscan.detect.encodings.form import Encoding, Literal, uncut
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

    return Encoding(name, literals, uncut, read, num, 1, _WIDEST)


def _summed(gaps: Sequence[tuple[int, int]]) -> Gaps:
    total = 0
    sums = []
    for _, width in gaps:
        total += width
        sums.append(total)
    return Gaps([at for at, _ in gaps], sums, trailing=True)


PERCENT = _encoding("percent", _PERCENT, _percent_literals, 3)
ESCAPED = _encoding("escaped", _ESCAPE, _escaped_literals, 6)
