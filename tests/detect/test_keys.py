"""The builder that all tests take their credentials from."""

from __future__ import annotations

from fixtures.keys import Keys
from tests.detect.driver import SCREENED
from tests.detect.tables import over


def test_a_seed_gives_the_same_keys() -> None:
    """The same seed gives the same credentials, another seed others."""
    assert Keys(1).all() == Keys(1).all()
    assert not set(Keys(1).all().values()) & set(Keys(2).all().values())


def test_every_call_gives_another_key() -> None:
    """One builder gives a new credential at every call."""
    keys = Keys(1)
    assert len({keys.secret99() for _ in range(50)}) == 50


@over("seed", range(40))
def test_all_keys_are_found(seed: int) -> None:
    """Whatever the seed, every credential of the builder is found."""
    made = Keys(seed).all()
    found = SCREENED.search("\n".join(made.values()).encode())
    assert [match.secret.decode() for match in found] == list(made.values())
    assert [match.rule.id for match in found] == [sort.partition(" ")[0] for sort in made]
