"""Many hits in little memory are the hits that they were made of."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.model import CONFIDENCES, LEVELS, Location, Secret
from imgscan.packed import FEW
from imgscan.scan.hits import Hit
from imgscan.scan.manyhits import HitLog, ManyHits
from tests.effort import examples
from tests.report.test_properties import locations, names

HITS = st.builds(
    Hit,
    rule_id=names,
    title=names,
    level=st.sampled_from(LEVELS),
    confidence=st.sampled_from(CONFIDENCES),
    example=st.booleans(),
    optional=st.booleans(),
    allowed=st.booleans(),
    secret=st.builds(
        Secret, names, names, st.integers(0, 300), st.sampled_from(["live", "test", None]), st.none() | names
    ),
    identity=names,
    location=locations(),
    member=st.integers(-1, 2**40),
    trail=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3).map(tuple),
    inner=st.booleans(),
)
ONE = Hit(
    rule_id="stripe-secret-key",
    title="Stripe secret key (live)",
    level="error",
    confidence="high",
    example=False,
    optional=False,
    allowed=False,
    secret=Secret("sk_live_51…a1B2", "0" * 64, 107, "live"),
    identity="0" * 16,
    location=Location(None, "app/.env", line=1, column=1, end_line=1, end_column=108, offset=0, length=107),
)


def many(count: int) -> list[Hit]:
    """Make as many hits of different keys at different places."""
    return [
        ONE._replace(
            secret=replace(ONE.secret, sha256=f"{number:064x}"),
            identity=f"{number:016x}",
            location=replace(ONE.location, offset=number, line=number + 1, end_line=number + 1),
        )
        for number in range(count)
    ]


@settings(database=None, max_examples=examples(30))
@given(st.lists(HITS, max_size=8))
def test_the_same_hits(hits: list[Hit]) -> None:
    """Any hits come back equal, in their order, as often as they are asked for."""
    kept = ManyHits(hits)
    assert list(kept) == hits
    assert list(kept) == hits
    assert len(kept) == len(hits)


def test_any_of_them() -> None:
    """Each can be asked for by its number, from either end, and by slices."""
    hits = many(1500)
    kept = ManyHits(hits)
    assert [kept[0], kept[1499], kept[-1], kept[700]] == [hits[0], hits[1499], hits[-1], hits[700]]
    assert kept[510:515] == hits[510:515]


def test_few_stay_as_they_are() -> None:
    """A layer with few hits keeps them as objects."""
    assert ManyHits(many(3)).kept() == tuple(many(3))


def test_many_take_little_memory() -> None:
    """A log of many hits takes less than two hundred bytes for each, and as many as they were come back."""
    hits = many(20 * FEW)
    tracemalloc.start()
    log = HitLog()
    log.extend(hits)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert list(log.hits) == hits
    assert size < 200 * 20 * FEW
