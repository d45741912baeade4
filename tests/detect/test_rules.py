"""The table of rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from fixtures.keys import Keys
from fixtures.windows import File
from imgscan.detect import RULES, Rule
from imgscan.detect.rules import ANCHORS, CORES, FOLLOWS, prefixes_of
from tests.detect.driver import SCREENED, agreed

if TYPE_CHECKING:
    from collections.abc import Iterator


def _cases(attribute: str) -> Iterator[tuple[Rule, str]]:
    for rule in RULES:
        for text in getattr(rule, attribute)():
            yield rule, text


@pytest.mark.parametrize(("rule", "text"), [pytest.param(*each, id=each[0].id) for each in _cases("examples")])
def test_examples_match(rule: Rule, text: str) -> None:
    """Every example of a rule holds exactly one credential, of that rule."""
    assert [each.rule for each in agreed(File(text.encode()))] == [rule.id]


@pytest.mark.parametrize(("rule", "text"), [pytest.param(*each, id=each[0].id) for each in _cases("counter_examples")])
def test_counter_examples_do_not_match(rule: Rule, text: str) -> None:
    """No counter-example of a rule holds a credential, of whatever rule."""
    assert agreed(File(text.encode())) == []


@pytest.mark.parametrize("sort", Keys(1).all())
def test_every_sort_of_key_is_found_by_its_rule(sort: str) -> None:
    """Each sort of credential is found whole, by its own rule, and by no other."""
    secret = Keys(2).all()[sort]
    found = agreed(File(f"VALUE={secret}\n".encode()))
    assert [(each.rule, each.secret.decode(), each.start) for each in found] == [(sort.partition(" ")[0], secret, 6)]


def test_ids_are_unique() -> None:
    """No two rules share an id or a name."""
    assert len({rule.id for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_names_are_ids_in_pascal_case(rule: Rule) -> None:
    """A rule's name is its id in Pascal case."""
    assert rule.name == "".join(word.capitalize() for word in rule.id.split("-"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_credential_is_longer_than_its_rule_says(rule: Rule) -> None:
    """`max_length` bounds every example's credential."""
    lengths = [len(match.secret) for text in rule.examples() for match in SCREENED.search(text.encode())]
    assert max(lengths) <= rule.max_length


def test_publishable_keys_are_optional() -> None:
    """Only publishable keys are reported on request alone."""
    assert [rule.id for rule in RULES if rule.optional] == ["stripe-publishable-key"]


@pytest.mark.parametrize("anchor", ANCHORS)
def test_anchors_look_no_further_than_they_say(anchor: bytes) -> None:
    """What must follow an anchor fits into the first look at it."""
    minimum = {
        rb"(?:live_|test_)?[0-9A-Za-z]{24}": 29,
        rb"[0-9A-Za-z]{24}": 24,
        rb"[0-9A-Za-z]{32}": 32,
        rb"[0-9A-Za-z_]{20}": 20,
        rb"_?[0-9A-Za-z]{20}": 21,
        rb"YWNjdF": 6,
    }
    assert len(anchor) + minimum[ANCHORS[anchor].pattern] <= FOLLOWS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_prefix_holds_its_anchor(rule: Rule) -> None:
    """A prefix is found by an anchor inside it that the sieves look for."""
    for prefix in rule.prefixes:
        assert prefix.anchor in ANCHORS
        assert (rule, prefix, prefix.text.index(prefix.anchor)) in prefixes_of(prefix.anchor)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_prefix_holds_a_core(rule: Rule) -> None:
    """Inside of encodings a prefix is found by a core that stands in it."""
    for prefix in rule.prefixes:
        cores = [core for core in CORES if core in prefix.text]
        assert any((rule, prefix, prefix.text.index(core)) in prefixes_of(core) for core in cores)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_mode_is_what_the_prefix_says(rule: Rule) -> None:
    """A prefix that holds `_live_` or `_test_` says the mode, and no other does."""
    for prefix in rule.prefixes:
        said = re.search(rb"_(live|test)_", prefix.text)
        assert prefix.mode == (said[1].decode() if said else None)
