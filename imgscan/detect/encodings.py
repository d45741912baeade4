"""How a credential's text can stand in a file: the literal to look for, and the way back to the text.

An anchor is the part of a prefix that its credentials share (`k_live_` of `sk_live_`, `rk_live_`, `pk_live_`).
Each encoding turns an anchor into one or more forms: bytes that stand in the file wherever the anchor stands in
the text, whatever stands beside it, together with the decoder that reads the neighbourhood of those bytes. A
further encoding is one more entry of `ENCODINGS`.

Decoders are local and bounded: they read no further than a `Reach`, never outside the file's own bytes, so a hit
costs the same in a megabyte of hits as alone.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Span:
    """Which bytes of a buffer are one file's: `[low, high)`; `origin` is the offset of `low` in that file."""

    low: int
    high: int
    origin: int = 0


@dataclass(frozen=True, slots=True)
class Reach:
    """How many characters to decode: `behind` before an anchor, `ahead` from its first on."""

    behind: int
    ahead: int


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded neighbourhood: one byte of `data` is one character.

    The file's own text is `data[low:high]`, the anchor begins at `at`. Character `i` stands in the buffer from
    `begin(i)`; `base`, `num` and `den` say where, as every encoding here has a constant rate.
    """

    encoding: str
    data: bytes
    at: int
    low: int
    high: int
    base: int = 0
    num: int = 1
    den: int = 1

    def begin(self, index: int) -> int:
        """Give the buffer offset of the first byte that holds bits of character `index`."""
        return self.base + index * self.num // self.den

    def end(self, index: int) -> int:
        """Give the buffer offset one past the last byte that holds bits of the character before `index`."""
        return self.base - (-index * self.num // self.den)


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One literal that betrays an anchor, and the encoding that reads it.

    `lead` counts the bytes between the decoder's starting point and the literal: in base64 the characters of the
    quantum that also depend on the neighbours.
    """

    encoding: Encoding
    anchor: bytes
    literal: bytes
    lead: int = 0

    def read(self, data: bytes, position: int, span: Span, reach: Reach) -> tuple[Text, ...]:
        """Decode around the literal at `position`, in every way that the bytes beside it allow, likeliest first.

        Some encodings round `reach` up to a whole unit.
        """
        return self.encoding.read(data, position, span, self, reach)


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """A way to write text: what its anchors look like, how to read them, and what a character costs.

    A text of n characters is at most `num * n / den + slack` bytes long.
    """

    name: str
    literals: Callable[[bytes], Iterator[tuple[bytes, int]]]
    read: Callable[[bytes, int, Span, Form, Reach], tuple[Text, ...]]
    num: int
    den: int
    slack: int

    def size(self, characters: int) -> int:
        """Bound the bytes that so many characters take."""
        return -(-characters * self.num // self.den) + self.slack


# Plain: every single-byte superset of ASCII, UTF-8 among them.


def _plain_literals(anchor: bytes) -> Iterator[tuple[bytes, int]]:
    yield anchor, 0


def _read_plain(data: bytes, position: int, span: Span, _form: Form, _reach: Reach) -> tuple[Text, ...]:
    return (Text("plain", data, position, span.low, span.high),)


# UTF-16: one literal serves both byte orders, from the first character's byte to the last one's. Big-endian text
# contains little-endian text one byte later (and the reverse). Where the bytes beside the literal allow both
# readings, the one whose units begin at even offsets of the file comes first.

_NO_SURROGATES = bytes(0xFF if 0xD8 <= byte <= 0xDF else byte for byte in range(256))
"""Takes a high byte of a surrogate to one of a plain character, so that each unit stays one character."""


def _utf16_literals(anchor: bytes) -> Iterator[tuple[bytes, int]]:
    yield b"\0".join(bytes([byte]) for byte in anchor), 0


def _read_utf16(data: bytes, position: int, span: Span, form: Form, reach: Reach) -> tuple[Text, ...]:
    after = position + len(form.literal)
    readings = []
    if after < span.high and data[after] == 0:
        readings.append(_read_units(data, position, span, reach, "utf-16-le"))
    if position > span.low and data[position - 1] == 0:
        readings.append(_read_units(data, position - 1, span, reach, "utf-16-be"))
    odd = (span.origin + position - span.low) % 2
    return tuple(reversed(readings) if odd else readings)


def _read_units(data: bytes, unit: int, span: Span, reach: Reach, name: str) -> Text:
    back = min(reach.behind, (unit - span.low) // 2)
    forward = min(reach.ahead, (span.high - unit) // 2)
    raw = bytearray(data[unit - 2 * back : unit + 2 * forward])
    high = slice(1, None, 2) if name == "utf-16-le" else slice(0, None, 2)
    raw[high] = raw[high].translate(_NO_SURROGATES)
    text = raw.decode(name)
    # The signs of a masked key must outlive Latin-1. Three characters for one are harmless after the anchor:
    # none of them can be inside a body, so nothing that lies behind them is ever located.
    text = text[:back] + text[back:].replace("…", "...").replace("•", "***")
    decoded = text.encode("latin-1", "replace")
    return Text(name, decoded, back, 0, len(decoded), base=unit - 2 * back, num=2)


# Base64 (RFC 4648, sections 4 and 5): 8 bits in, 6 bits out, so a text has three possible literals, one for each
# alignment of its first byte, made of the characters whose six bits all belong to the anchor.

_RUN = re.compile(rb"[0-9A-Za-z+/_-]*")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def _base64_literals(anchor: bytes) -> Iterator[tuple[bytes, int]]:
    for alignment in range(3):
        encoded = base64.b64encode(bytes(alignment) + anchor + bytes(3))
        first = -(-8 * alignment // 6)
        last = 8 * (alignment + len(anchor)) // 6
        yield encoded[first:last], first


def _read_base64(data: bytes, position: int, span: Span, form: Form, reach: Reach) -> tuple[Text, ...]:
    quantum = position - form.lead  # this character begins three bytes of text, the anchor's first among them
    back = -(-reach.behind // 3) * 4
    run = _RUN.match(data[max(span.low, quantum - back) : position][::-1])
    first = position - run.end() if run else position
    first += (quantum - first) % 4
    if first > quantum:
        return ()
    limit = quantum + -(-(reach.ahead + 2) // 3) * 4
    run = _RUN.match(data, position, min(span.high, limit))
    last = run.end() if run else position
    digits = data[first:last].translate(_STANDARD)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    decoded = binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))
    at = (quantum - first) // 4 * 3 + form.lead * 6 // 8
    return (Text("base64", decoded, at, 0, len(decoded), base=first, num=4, den=3),)


PLAIN = Encoding("plain", _plain_literals, _read_plain, 1, 1, 0)

ENCODINGS: tuple[Encoding, ...] = (
    PLAIN,
    Encoding("utf-16", _utf16_literals, _read_utf16, 2, 1, 1),
    Encoding("base64", _base64_literals, _read_base64, 4, 3, 8),
)


def forms(anchors: Iterable[bytes]) -> tuple[Form, ...]:
    """Compute every form of every anchor, plain ones first."""
    texts = tuple(anchors)
    return tuple(
        Form(encoding, anchor, literal, lead)
        for encoding in ENCODINGS
        for anchor in texts
        for literal, lead in encoding.literals(anchor)
    )
