"""The cases: files that hold exactly one key (a few hold two), each with what must be reported of it.

Everything follows from the seed, on any machine. A case depends on its own name and the seed only, so `example`
gives one again without making the others, and a further carrier leaves the rest as it was.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from accuracy import neighbours
from accuracy.carriers import carriers
from accuracy.kinds import KINDS
from accuracy.surroundings import PLACES, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accuracy.carriers import Carrier
    from accuracy.kinds import Kind
    from accuracy.surroundings import Charset
    from accuracy.units import Unit
    from imgscan.model import Confidence

CARRIERS = carriers()


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be reported, once.

    `offset` is that of the carrier's first byte; `line` and `column` are None in a binary. `confidences` has more
    than one where it depends on how much of the surroundings counts as nearby.
    """

    sha256: str
    rule: str
    encoding: str
    offset: int
    line: int | None
    column: int | None
    confidences: frozenset[Confidence]


@dataclass(frozen=True, slots=True)
class Case:
    """A file of the corpus. `path` says nothing of its content; `secret` is for scanners that print what they found."""

    path: str
    carrier: str
    kind: str
    variant: int
    data: bytes = field(repr=False)
    secret: str = field(repr=False)
    expected: tuple[Expected, ...]

    @property
    def name(self) -> str:
        """What the case is called among people."""
        return f"{self.carrier} / {self.kind} / {self.variant}"


def position(data: bytes, offset: int, charset: Charset) -> tuple[int, int] | tuple[None, None]:
    """Count line and column, from 1: characters of UTF-8, of Latin-1 where a line is not that, or of UTF-16."""
    if charset == "binary":
        return None, None
    before = data[:offset]
    if charset == "8-bit":
        row = before[before.rfind(b"\n") + 1 :]
        try:
            text = row.decode()
        except UnicodeDecodeError:
            text = row.decode("latin-1")
        return before.count(b"\n") + 1, len(text.removeprefix("\ufeff")) + 1
    decoded = before.decode(charset).removeprefix("\ufeff")
    return decoded.count("\n") + 1, len(decoded) - decoded.rfind("\n")


def expect(made: Unit, charset: Charset, kind: Kind, secret: str, encoding: str) -> Expected:
    """Say what must be reported of a key in a file."""
    line, column = position(made.data, made.start, charset)
    if encoding == "plain":
        near = b"stripe" in made.data.lower()
        confidences = frozenset((kind.known if near else kind.alone,))
    else:
        confidences = frozenset((kind.alone, kind.known))
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return Expected(digest, kind.rule, encoding, made.start, line, column, confidences)


def example(carrier: Carrier, kind: Kind, seed: int, variant: int) -> Case:
    """Make one case."""
    random = Random(f"{seed} {carrier.name} {kind.name} {variant}")
    secret = kind.secret(seed, random.randrange(1 << 16))
    made = carrier.write(random, secret, variant)
    where = PLACES[(variant + _number(kind.name)) % len(PLACES)]
    placed, charset = place(random, made, carrier.habitat, where)
    path = f"c/{_number(carrier.name):03}/{_number(kind.name):02}/{variant:03}"
    return Case(
        path,
        carrier.name,
        kind.name,
        variant,
        placed.data,
        secret,
        (expect(placed, charset, kind, secret, carrier.encoding),),
    )


def _number(name: str) -> int:
    return _NUMBERS[name]


_NUMBERS = {name: number for names in (CARRIERS, KINDS) for number, name in enumerate(names)}


def cases(seed: int, *, quick: bool = False) -> Iterator[Case]:
    """Make all cases of a seed: each carrier with each kind that can be told in it. `quick` makes one of each."""
    for carrier in CARRIERS.values():
        for kind in KINDS.values():
            if kind.tier in carrier.tiers:
                for variant in [(seed + _number(kind.name)) % carrier.variants] if quick else range(carrier.variants):
                    yield example(carrier, kind, seed, variant)
    yield from neighbours.cases(seed, quick=quick)
