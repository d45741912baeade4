"""All cases of a seed.

Everything follows from the seed, on any machine. A case depends on its own name and the seed only, so `example`
gives one again without making the others, and a further carrier leaves the rest as it was.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from accuracy.corpus import neighbours
from accuracy.corpus.carriers.every import CARRIERS
from accuracy.corpus.case import Case, expect
from accuracy.corpus.kinds import KINDS
from accuracy.corpus.surroundings import PLACES, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accuracy.corpus.carriers.carrier import Carrier
    from accuracy.corpus.kinds import Kind


def example(carrier: Carrier, kind: Kind, seed: int, variant: int) -> Case:
    """Make one case."""
    random = Random(f"{seed} {carrier.name} {kind.name} {variant}")
    secret = kind.secret(seed, random.randrange(1 << 16))
    made = carrier.write(random, secret, variant)
    where = PLACES[(variant + _NUMBERS[kind.name]) % len(PLACES)]
    placed, charset = place(random, made, carrier.habitat, where)
    expected = expect(placed, charset, kind, secret, carrier.encoding)
    return Case(path(carrier, kind, variant), carrier.name, kind.name, variant, placed.data, secret, (expected,))


def path(carrier: Carrier, kind: Kind, variant: int) -> str:
    """Return the path of a case, which says nothing of what it holds."""
    return f"c/{_NUMBERS[carrier.name]:03}/{_NUMBERS[kind.name]:02}/{variant:03}"


_NUMBERS = {name: number for names in (CARRIERS, KINDS) for number, name in enumerate(names)}


def choices(seed: int, *, quick: bool = False) -> Iterator[tuple[Carrier, Kind, int]]:
    """Yield each carrier with each kind that can be recognised in it, in all variants; if `quick`, in one."""
    for carrier in CARRIERS.values():
        for kind in KINDS.values():
            if kind.tier in carrier.tiers:
                variants = [(seed + _NUMBERS[kind.name]) % carrier.variants] if quick else range(carrier.variants)
                yield from ((carrier, kind, variant) for variant in variants)


def cases(seed: int, *, quick: bool = False) -> Iterator[Case]:
    """Make all cases of a seed: of each choice, and of the bytes beside a key."""
    yield from (example(carrier, kind, seed, variant) for carrier, kind, variant in choices(seed, quick=quick))
    yield from neighbours.cases(seed, quick=quick)
