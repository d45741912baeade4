"""The credentials of the corpus: every kind in every shape that it is known to take, with its tier.

Keys are assembled when they are requested, by `fixtures.keys`, so none is in the repository. A credential depends
on nothing but the seed and its own name, so adding a kind or a carrier changes no other case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from fixtures.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.model import Confidence

STRUCTURAL = "A"
TIERS = "ABCDE"

POOL = 32
"""How many credentials of each kind a corpus draws from."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of credential: what it is called here, the rule that must report it, and its tier.

    `alone` is the confidence that it has by itself, `known` the one that a word about Stripe nearby gives it.
    """

    name: str
    rule: str
    tier: str
    alone: Confidence
    known: Confidence
    make: Callable[[Keys], str] = field(repr=False)

    def secret(self, seed: int, number: int) -> str:
        """Make one of the credentials of this kind that belong to a seed; there are `POOL` different ones."""
        return _secret(self.name, seed, number % POOL)


@cache
def _secret(name: str, seed: int, number: int) -> str:
    return KINDS[name].make(Keys(f"{name} {seed} {number}"))


_SURE: dict[str, tuple[Confidence, Confidence]] = {
    "A": ("very-high", "very-high"),
    "B": ("high", "high"),
    "C": ("medium", "high"),
    "D": ("low", "medium"),
    "E": ("medium", "high"),
}


def _kind(name: str, tier: str, make: Callable[[Keys], str]) -> Kind:
    rule = name.partition(" ")[0]
    alone, known = _SURE["B" if name.endswith((" pi", " seti")) else tier]
    return Kind(name, rule, tier, alone, known, make)


def _by_tests(name: str) -> Kind:
    """Take a kind from the list that the tests keep."""
    sort = name.partition(" ")[2]
    tier = "A" if "ephemeral" in name else {"99": "A", "34": "B", "24": "C"}.get(sort, "E")
    return _kind(name, tier, lambda keys: keys.all()[name])


def _like(prefix: str, make: Callable[[Keys], str]) -> Callable[[Keys], str]:
    """Put another prefix before the body of a secret key."""
    return lambda keys: prefix + "_" + make(keys).split("_", 2)[2]


_MORE: tuple[Kind, ...] = (
    _kind("stripe-secret-key 99 unstructured", "C", lambda keys: keys.secret(99)),
    _kind("stripe-secret-key 25", "D", lambda keys: keys.secret(25)),
    _kind("stripe-secret-key 60", "D", lambda keys: keys.secret(60)),
    _kind("stripe-secret-key 247", "D", lambda keys: keys.secret(247)),
    _kind("stripe-secret-key-test 120", "D", lambda keys: keys.secret(120, live=False)),
    _kind("stripe-restricted-key 34", "B", _like("rk_" + "live", Keys.secret34)),
    _kind("stripe-restricted-key 24", "C", _like("rk_" + "live", Keys.secret24)),
    _kind("stripe-restricted-key 70", "D", _like("rk_" + "live", lambda keys: keys.secret(70))),
    _kind("stripe-restricted-key-test 34", "B", _like("rk_" + "test", Keys.secret34)),
    _kind("stripe-restricted-key-test 24", "C", _like("rk_" + "test", Keys.secret24)),
    _kind("stripe-restricted-key-test claimable 99", "E", lambda keys: keys.claimable(99)),
    _kind("stripe-organization-key 24", "E", lambda keys: keys.organization(length=24)),
    _kind("stripe-organization-key 260", "E", lambda keys: keys.organization(length=260)),
    _kind("stripe-app-secret 20", "E", lambda keys: keys.app(20)),
    _kind("stripe-app-secret underscored", "E", lambda keys: keys.app(18) + "_" + keys.body(18)),
    _kind("stripe-cli-oauth underscored", "E", lambda keys: keys.cli_oauth() + "_" + keys.body(24)),
    _kind("stripe-ephemeral-key ek test", "A", lambda keys: keys.ephemeral("ek_test_")),
    _kind("stripe-ephemeral-key pst live", "A", lambda keys: keys.ephemeral("pst_live_")),
    _kind("stripe-ephemeral-key pss test", "A", lambda keys: keys.ephemeral("pss_test_")),
    _kind("stripe-publishable-key 99", "A", Keys.publishable),
    _kind("stripe-publishable-key 99 test", "A", lambda keys: keys.publishable(live=False)),
    _kind("stripe-publishable-key 34", "B", _like("pk_" + "live", Keys.secret34)),
    _kind("stripe-publishable-key 24", "C", Keys.publishable24),
    _kind("stripe-publishable-key 24 test", "C", lambda keys: keys.publishable24(live=False)),
    _kind("stripe-publishable-key 51", "D", _like("pk_" + "live", lambda keys: keys.secret(51))),
)

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (*(_by_tests(name) for name in Keys("names").all()), *_MORE)
}  # fmt: skip
"""By name: what `fixtures.keys` lists, and the shapes that it does not."""
