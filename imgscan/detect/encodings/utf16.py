"""UTF-16, in both byte orders.

One literal serves both, from the first character's byte to the last one's. Big-endian text contains little-endian
text one byte later (and the reverse). Where the bytes beside the literal allow both readings, the one whose units
begin at even offsets of the file comes first; inside another encoding, where offsets tell nothing, the one of more
characters: what is before and after a text seldom continues it by chance. Of a text that is plain as far as a reader
looks, the one whose units begin at even offsets, or if its beginning is too far away, the little-endian one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from imgscan.detect.encodings.form import Encoding, Literal, uncut
from imgscan.detect.encodings.shared import Shared
from imgscan.detect.encodings.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.detect.encodings.form import Form
    from imgscan.detect.encodings.shared import Sight, View
    from imgscan.detect.encodings.text import Reach, Span

_NO_SURROGATES = bytes(0xFF if 0xD8 <= byte <= 0xDF else byte for byte in range(256))
"""Takes a high byte of a surrogate to one of a plain character, so that each unit stays one character."""

_NEAR = 4096
"""Bytes to either side that are looked at to tell the byte orders apart."""

_LITTLE = re.compile(rb"(?:[\t\n\r -~]\0)*")
_BIG = re.compile(rb"(?:\0[\t\n\r -~])*")
_LE, _BE = "utf-16-le", "utf-16-be"
_SIGNS = re.compile("[…•]")
_MASKS = "masks"
"""What is made of decoded characters: where the signs of masked keys are."""

_PLAIN = {_LE: (_LITTLE, _BIG), _BE: (_BIG, _LITTLE)}
"""A run of plain characters, forwards and backwards."""


def _literals(anchor: bytes) -> Iterator[Literal]:
    yield Literal(b"\0".join(bytes([byte]) for byte in anchor))


def _read(data: bytes, position: int, span: Span, form: Form, reach: Reach) -> Iterator[Text]:
    readings = [
        _units(data, unit, span, reach, name)
        for unit, name in _orders(data, position, span, position + len(form.literal), _Runs(data, span), reach)
    ]
    for reading in readings:
        yield reading if reading is readings[0] else reading._replace(rival=readings[0])


def _orders(data: bytes, position: int, span: Span, after: int, runs: _Runs, reach: Reach) -> list[tuple[int, str]]:
    """Say in which byte orders a literal may be, likelier first: where its first unit begins, and the order's name."""
    orders = []
    if after < span.high and data[after] == 0:
        orders.append((position, _LE))
    if position > span.low and data[position - 1] == 0:
        orders.append((position - 1, _BE))
    if len(orders) < 2:
        return orders
    likelier, known = 0, True
    if not span.aligned:
        likelier = runs.length(position, _LE, span, reach) - runs.length(position - 1, _BE, span, reach)
        known = position - span.low <= 2 * reach.behind
    if likelier < 0 or (not likelier and known and (span.origin + position - span.low) % 2):
        orders.reverse()
    return orders


class _Runs:
    """Where a buffer is plain characters in either byte order: the runs that were looked at last."""

    def __init__(self, data: bytes, span: Shared | Span) -> None:
        self._data = data
        self._low = span.low
        self._high = span.high
        self._last: dict[tuple[str, int], tuple[int, int]] = {}

    def length(self, unit: int, name: str, span: Span, reach: Reach) -> int:
        """Count the bytes around `unit` that are plain characters in a byte order, as far as a reader looks."""
        key = name, unit % 2
        start, end = self._last.get(key, (0, 0))
        if not start <= unit < end:
            self._last[key] = start, end = self._run(unit, *_PLAIN[name])
        behind = min(unit - start, unit - span.low, _NEAR, 2 * reach.behind)
        ahead = min(end - unit, span.high - unit, _NEAR, 2 * reach.ahead)
        return (behind & ~1) + (ahead & ~1)

    def _run(self, unit: int, order: re.Pattern[bytes], backwards: re.Pattern[bytes]) -> tuple[int, int]:
        """Find the run that holds a unit, as far back as anybody looks."""
        ahead = order.match(self._data, unit, self._high)
        behind = backwards.match(self._data[max(self._low, unit - _NEAR) : unit][::-1])
        return unit - (behind.end() if behind else 0), ahead.end() if ahead else unit


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
        yield _place(shared, position, _LE)
    if position > shared.low and shared.data[position - 1] == 0:
        yield _place(shared, position - 1, _BE)


def _view(position: int, form: Form, shared: Shared, span: Span) -> list[View]:
    """Return one reading or two; where the signs of a masked key are near, what was decoded is not shared."""
    runs: _Runs | None = shared.made.get(_Runs)
    if runs is None:
        shared.made[_Runs] = runs = _Runs(shared.data, shared)
    reach = _reach_inside(form, shared)
    views: list[View] = []
    likelier: tuple[Shared, int] | None = None
    shown: tuple[int, bytes] | None = None
    for unit, name in _orders(shared.data, position, span, position + len(form.literal), runs, reach):
        inside, at = _place(shared, unit, name)
        low = max(0, -(-(span.low - _first(shared, unit)) // 2))
        high = min(inside.high, (span.high - _first(shared, unit)) // 2)
        masks = inside.made[_MASKS]
        following = bisect_left(masks, at)
        if following < len(masks) and masks[following] < min(at + reach.ahead, high):
            text = _units(shared.data, unit, span, reach, name)
            inside, at, low, high = (
                Shared(text.data, 0, text.high, shared.reach, shared.least, text),
                text.at,
                0,
                text.high,
            )
        begin = max(low, at - reach.behind)
        near = at - begin, inside.data[begin : min(high, at + reach.ahead)]
        if near != shown:  # what a likelier reading has shown is not asked again
            views.append((inside, at, False, low, high, likelier))
        likelier, shown = likelier or (inside, at), near
    return views


def _reach_inside(form: Form, shared: Shared) -> Reach:
    """Return how many characters around the literal what is inside may need."""
    reach: Reach | None = shared.made.get(form)
    if reach is None:
        shared.made[form] = reach = form.inner.needs(shared.reach) if form.inner else shared.reach
    return reach


def _first(shared: Shared, unit: int) -> int:
    """Return where the first whole unit begins."""
    return shared.low + (unit - shared.low) % 2


def _place(shared: Shared, unit: int, name: str) -> tuple[Shared, int]:
    first = _first(shared, unit)
    key = name, first
    inside: Shared | None = shared.made.get(key)
    if inside is None:
        last = shared.high - (shared.high - first) % 2
        text = _characters(shared.data[first:last], name)
        shared.made[key] = inside = shared.decoded(name, text.encode("latin-1", "replace"), first, num=2)
        inside.made[_MASKS] = [each.start() for each in _SIGNS.finditer(text)]
    return inside, (unit - first) // 2


def _characters(units: bytes, name: str) -> str:
    """Decode whole units, each to one character."""
    raw = bytearray(units)
    high = slice(1, None, 2) if name == "utf-16-le" else slice(0, None, 2)
    raw[high] = raw[high].translate(_NO_SURROGATES)
    return raw.decode(name)


UTF16 = Encoding("utf-16", _literals, uncut, _read, 2, 1, 1, _sight, _view)
