"""UTF-16, in both byte orders.

One literal serves both, from the first character's byte to the last one's. Big-endian text contains little-endian
text one byte later (and the reverse). Where the bytes beside the literal allow both readings, the one whose units
begin at even offsets of the file comes first; inside another encoding, where offsets tell nothing, the one of more
characters: what is before and after a text seldom continues it by chance.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgscan.detect.encodings.form import Encoding, Literal, uncut
from imgscan.detect.encodings.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.detect.encodings.form import Form
    from imgscan.detect.encodings.shared import Shared, Sight, View
    from imgscan.detect.encodings.text import Reach, Span

_NO_SURROGATES = bytes(0xFF if 0xD8 <= byte <= 0xDF else byte for byte in range(256))
"""Takes a high byte of a surrogate to one of a plain character, so that each unit stays one character."""

_NEAR = 4096
"""Bytes to either side that are looked at to tell the byte orders apart."""

_LITTLE = re.compile(rb"(?:[\t\n\r -~]\0)*")
_BIG = re.compile(rb"(?:\0[\t\n\r -~])*")


def _literals(anchor: bytes) -> Iterator[Literal]:
    yield Literal(b"\0".join(bytes([byte]) for byte in anchor))


def _read(data: bytes, position: int, span: Span, form: Form, reach: Reach) -> Iterator[Text]:
    after = position + len(form.literal)
    readings = []
    if after < span.high and data[after] == 0:
        readings.append(_units(data, position, span, reach, "utf-16-le"))
    if position > span.low and data[position - 1] == 0:
        readings.append(_units(data, position - 1, span, reach, "utf-16-be"))
    likelier = 0
    if len(readings) > 1 and not span.aligned:
        likelier = _length(data, position, span, _LITTLE, _BIG) - _length(data, position - 1, span, _BIG, _LITTLE)
    if likelier < 0 or (not likelier and (span.origin + position - span.low) % 2):
        readings.reverse()
    for reading in readings:
        yield reading if reading is readings[0] else reading._replace(rival=readings[0])


def _length(data: bytes, unit: int, span: Span, order: re.Pattern[bytes], backwards: re.Pattern[bytes]) -> int:
    """Count the bytes around `unit` that are plain characters in a byte order; `backwards` is it read from its end."""
    ahead = order.match(data, unit, min(span.high, unit + _NEAR))
    behind = backwards.match(data[max(span.low, unit - _NEAR) : unit][::-1])
    return (ahead.end() - unit if ahead else 0) + (behind.end() if behind else 0)


def _units(data: bytes, unit: int, span: Span, reach: Reach, name: str) -> Text:
    back = min(reach.behind, (unit - span.low) // 2)
    forward = min(reach.ahead, (span.high - unit) // 2)
    text = _characters(data[unit - 2 * back : unit + 2 * forward], name)
    # The signs of a masked key must outlive Latin-1. Three characters for one are harmless after the anchor:
    # none of them can be inside a body, so nothing that is behind them is ever located.
    text = text[:back] + text[back:].replace("…", "...").replace("•", "***")
    decoded = text.encode("latin-1", "replace")
    return Text(name, decoded, back, 0, len(decoded), base=unit - 2 * back, num=2)


def _sight(position: int, form: Form, shared: Shared) -> Iterator[Sight]:
    """Look at a literal in both byte orders; for the signs of a masked key there is one character each."""
    after = position + len(form.literal)
    if after < shared.high and shared.data[after] == 0:
        yield _unit(shared, position, "utf-16-le")
    if position > shared.low and shared.data[position - 1] == 0:
        yield _unit(shared, position - 1, "utf-16-be")


def _view(position: int, form: Form, shared: Shared) -> list[View] | None:
    """Return the only reading; None if both byte orders are possible, or if the signs of a masked key are there."""
    sights = list(_sight(position, form, shared))
    if len(sights) > 1 or any(inside.made["masked"] for inside, _, _ in sights):
        return None
    return [(inside, at, False, 0, inside.high) for inside, at, _ in sights]


def _unit(shared: Shared, unit: int, name: str) -> Sight:
    first = shared.low + (unit - shared.low) % 2
    key = name, first
    inside: Shared | None = shared.made.get(key)
    if inside is None:
        last = shared.high - (shared.high - first) % 2
        text = _characters(shared.data[first:last], name)
        shared.made[key] = inside = shared.decoded(name, text.encode("latin-1", "replace"), first, num=2)
        inside.made["masked"] = "…" in text or "•" in text
    return inside, (unit - first) // 2, True


def _characters(units: bytes, name: str) -> str:
    """Decode whole units, each to one character."""
    raw = bytearray(units)
    high = slice(1, None, 2) if name == "utf-16-le" else slice(0, None, 2)
    raw[high] = raw[high].translate(_NO_SURROGATES)
    return raw.decode(name)


UTF16 = Encoding("utf-16", _literals, uncut, _read, 2, 1, 1, _sight, _view)
