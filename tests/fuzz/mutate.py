"""Inputs made from inputs: a seed with a few changes of the kinds that break parsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

LARGEST: Final = 1 << 16
"""Bytes of an input at most: what a parser does with more, it does with these."""

_NUMBERS: Final = (
    0,
    1,
    2,
    7,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x10000,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
_MAGICS: Final = (
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"PK\x07\x08",
    b"070701",
    b"070707",
    b"07070X",
    b"TRAILER!!!",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"\x02\x21\x4c\x18",
    b"#1/",
    b"`\n",
    b"//",
    b"\x8e\xad\xe8\x01",
    b"ustar\x0000",
)


def _flip(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.choice((0, 1, 0x20, 0x30, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _number(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    """Write a number that overflows something, in one of the ways in which lengths are written."""
    width = rng.choice((1, 2, 4, 8))
    at = rng.randrange(len(data))
    value = rng.choice((rng.choice(_NUMBERS), rng.randrange(300), len(data), len(data) - at)) % 256**width
    form = rng.choice(("little", "big", "decimal", "hex", "octal"))
    text = {"decimal": b"%-*d", "hex": b"%0*X", "octal": b"%0*o"}.get(form)
    piece = value.to_bytes(width, "big" if form == "big" else "little") if text is None else text % (width, value)
    data[at : at + len(piece)] = piece


def _cut(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _remove(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice((1, 2, 4, 16, 100))]


def _repeat(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.choice((1, 4, 30, 100, 1000))] * rng.choice((1, 2, 50))


def _splice(data: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    other = rng.choice(others)
    at = rng.randrange(len(other) + 1)
    data[rng.randrange(len(data)) :] = other[at:]


def _insert(data: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = rng.choice((rng.choice(others), rng.choice(_MAGICS), bytes(rng.randrange(600))))


def _magic(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    magic = rng.choice(_MAGICS)
    at = rng.randrange(len(data))
    data[at : at + len(magic)] = magic


_KINDS: Final[tuple[Callable[[bytearray, Sequence[bytes], random.Random], None], ...]] = (
    _flip,
    _set,
    _set,
    _number,
    _number,
    _number,
    _cut,
    _remove,
    _repeat,
    _splice,
    _insert,
    _magic,
)


def mutate(seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """Make an input: one of the seeds, changed one to eight times."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4, 8))):
        if not data:
            break
        rng.choice(_KINDS)(data, seeds, rng)
    return bytes(data[:LARGEST])
