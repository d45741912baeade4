"""The table of rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fixtures.keys import Keys
from fixtures.windows import File
from imgscan.detect.stripe import STRIPE
from tests.detect.driver import SCREENED, agreed
from tests.detect.tables import over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.detect import Rule


def _cases(attribute: str) -> Iterator[tuple[Rule, str]]:
    for rule in STRIPE.rules:
        for text in getattr(rule, attribute)():
            yield rule, text


@over(("rule", "text"), _cases("examples"))
def test_examples_match(rule: Rule, text: str) -> None:
    """Every example of a rule holds exactly one credential, of that rule."""
    assert [each.rule for each in agreed(File(text.encode()))] == [rule.id]


@over(("rule", "text"), _cases("counter_examples"))
def test_counter_examples_do_not_match(rule: Rule, text: str) -> None:
    """No counter-example of a rule holds a credential, of whatever rule."""
    assert agreed(File(text.encode())) == []


@over("sort", Keys(1).all())
def test_every_sort_of_key_is_found_by_its_rule(sort: str) -> None:
    """Each sort of credential is found whole, by its own rule, and by no other."""
    secret = Keys(2).all()[sort]
    found = agreed(File(f"VALUE={secret}\n".encode()))
    assert [(each.rule, each.secret.decode(), each.start) for each in found] == [(sort.partition(" ")[0], secret, 6)]


def test_ids_are_unique() -> None:
    """No two rules share an id or a name."""
    assert len({rule.id for rule in STRIPE.rules}) == len({rule.name for rule in STRIPE.rules}) == len(STRIPE.rules)


@over("rule", STRIPE.rules)
def test_names_are_ids_in_pascal_case(rule: Rule) -> None:
    """A rule's name is its id in Pascal case."""
    assert rule.name == "".join(word.capitalize() for word in rule.id.split("-"))


@over("rule", STRIPE.rules)
def test_no_credential_is_longer_than_its_rule_says(rule: Rule) -> None:
    """`max_length` bounds every example's credential."""
    lengths = [len(match.secret) for text in rule.examples() for match in SCREENED.search(text.encode())]
    assert max(lengths) <= rule.max_length


def test_publishable_keys_are_optional() -> None:
    """Only publishable keys are reported on request alone."""
    assert [rule.id for rule in STRIPE.rules if rule.optional] == ["stripe-publishable-key"]


@over("rule", STRIPE.rules)
def test_a_mode_is_what_the_prefix_says(rule: Rule) -> None:
    """A prefix that holds `_live_` or `_test_` says the mode, and no other does."""
    for prefix in rule.prefixes:
        said = re.search(rb"_(live|test)_", prefix.text)
        assert prefix.mode == (said[1].decode() if said else None)
