"""Every byte beside a key, and two keys in one file.

The structural tier needs no boundary; of the others a letter or digit on either side makes part of a word, and
some end only where their own alphabet does. Encoded keys end where the alphabet of the encoding does.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from accuracy.corpus.case import Case, expect
from accuracy.corpus.kinds import KINDS, STRUCTURAL
from accuracy.corpus.units import Unit, based, each, unit, utf16
from fixtures.keys import BASE62
from imgscan.detect.stripe import STRIPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from accuracy.corpus.kinds import Kind
    from accuracy.corpus.surroundings import Charset

_BASE62 = frozenset(BASE62.encode())
_BASE64 = _BASE62 | frozenset(b"+/-_=")
_HEX = frozenset(b"0123456789abcdefABCDEF")
_ALL = frozenset(range(256))
_UNDERSCORED = {rule.id for rule in STRIPE.rules if any(b"_" in each.least.pattern for each in rule.prefixes)}
"""Rules in whose bodies an underscore may stand."""


def _plain_sides(kind: Kind) -> tuple[frozenset[int], frozenset[int]]:
    """Return the bytes that may be before and behind a key of this kind."""
    if kind.tier == STRUCTURAL:
        return _ALL, _ALL
    after = _ALL - _BASE62
    if kind.rule == "stripe-webhook-secret":
        after -= _BASE64
    elif kind.rule in _UNDERSCORED:
        after -= frozenset(b"_")
    return _ALL - _BASE62, after


_QUICK = 32
"""Of so many bytes a quick corpus takes one, another for each kind."""

_FORMS: dict[str, tuple[frozenset[int] | None, Callable[[Unit], Unit]]] = {
    "plain": (None, lambda made: made),
    "base64": (_ALL - _BASE64, based),
    "hex": (_ALL - _HEX, lambda made: each(made, 2, lambda data: data.hex().encode())),
    "utf-16-le": (frozenset(range(1, 256)), lambda made: utf16(made, "le")),
}
"""Which bytes may be on either side (None: it depends on the kind), and how the key is written."""


def _sides(encoding: str, kind: Kind) -> tuple[list[int], list[int]]:
    sides = _FORMS[encoding][0]
    before, after = _plain_sides(kind) if sides is None else (sides, sides)
    return sorted(before), sorted(after)


def cases(seed: int, *, quick: bool) -> Iterator[Case]:
    """Yield each kind in each of four encodings, each allowed byte before it, and behind it; if quick, some of them."""
    for number, kind in enumerate(KINDS.values()):
        for index, encoding in enumerate(_FORMS):
            chosen = slice(number % _QUICK, None, _QUICK) if quick else slice(None)
            yield from _beside(seed, kind, encoding, f"c/{900 + index}/{number:02}", chosen)
        yield from _twice(seed, kind, number)


def _beside(seed: int, kind: Kind, encoding: str, folder: str, chosen: slice) -> Iterator[Case]:
    random = Random(f"{seed} beside {encoding} {kind.name}")
    before, after = _sides(encoding, kind)
    random.shuffle(after)
    for variant, left in list(enumerate(before))[chosen]:
        right = after[variant % len(after)]
        secret = kind.secret(seed, variant)
        made = _FORMS[encoding][1](unit(b"", secret.encode(), b""))
        # Two bytes before, so that a string of wide characters behind the third is at an odd offset.
        placed = made.between(b"##" + bytes([left]), bytes([right]) + b"##\n")
        charset: Charset = "binary" if 0 in placed.data else "8-bit"
        if encoding == "utf-16-le":
            placed, charset = placed.between(b"\x00\x01\x00\x00", b""), "binary"
        path = f"{folder}/{variant:03}"
        expected = (expect(placed, charset, kind, secret, encoding),)
        yield Case(path, f"each byte beside it: {encoding}", kind.name, variant, placed.data, secret, expected)


_PAIRS: tuple[tuple[str, str, bytes], ...] = (
    ("plain", "plain", b"\n"),
    ("plain", "base64", b"\nk: "),
    ("base64", "plain", b"\n\n"),
    ("base64", "base64", b" "),
    ("hex", "plain", b"\n\n"),
)


def _twice(seed: int, kind: Kind, number: int) -> Iterator[Case]:
    """Yield files that hold one key twice: two occurrences are two findings, whatever their encodings."""
    secret = kind.secret(seed, 0)
    for variant, (first, second, between) in enumerate(_PAIRS):
        one, other = (_FORMS[encoding][1](unit(b"", secret.encode(), b"")) for encoding in (first, second))
        data = b"k = " + one.data + between + other.data + b"\n"
        at = 4 + len(one.data) + len(between)
        placed = (Unit(data, 4 + one.start, 4 + one.end), Unit(data, at + other.start, at + other.end))
        expected = tuple(
            replace(expect(each, "8-bit", kind, secret, encoding), confidences=frozenset((kind.alone, kind.known)))
            for each, encoding in zip(placed, (first, second), strict=True)
        )
        yield Case(f"c/950/{number:02}/{variant:03}", "the same key twice", kind.name, variant, data, secret, expected)
