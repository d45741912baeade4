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


EPHEMERAL = "YWNjdF" + "+" * 65 + "_00" + "a" * 8


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


def test_what_is_searched_for() -> None:
    """Anchors in plain text, shorter ones inside encodings, and those of keys that prove themselves in pieces."""
    shared = (b"sk_org_", b"whsec_", b"absec_", b"oak_", b"oaac_", b"oart_")
    tokens = (b"pst_live_", b"pst_test_", b"pss_live_", b"pss_test_")
    assert STRIPE.anchors == (b"k_live_", b"k_test_", b"rkcs_test_", *shared, *tokens, b"_secret_")
    assert STRIPE.cores == (b"_live_", b"_test_", *shared, b"_secret_")
    assert STRIPE.pieces == (b"k_live_", b"k_test_")
    assert STRIPE.splits == ((b"51", b"YWNjdF"), (b"e", b"p", b"r", b"s"), len("pst"))


@over("rule", STRIPE.rules)
def test_every_prefix_is_found_by_its_anchors(rule: Rule) -> None:
    """In plain text by its anchor, inside encodings by its core, at their place in it."""
    for prefix in rule.prefixes:
        for anchor in (prefix.anchor, prefix.core):
            assert (rule, prefix, prefix.text.index(anchor)) in STRIPE.holders[anchor]


def test_an_anchor_of_plain_text_stands_for_its_own_prefixes() -> None:
    """A core stands for every prefix that holds it."""
    for anchor, held in STRIPE.holders.items():
        for _, prefix, _ in held:
            assert prefix.anchor == anchor or (anchor not in STRIPE.anchors and anchor in prefix.text)
    assert {prefix.text for _, prefix, _ in STRIPE.holders[b"_live_"]} == {
        prefix.text for rule in STRIPE.rules for prefix in rule.prefixes if b"_live_" in prefix.text
    }


def test_what_must_follow_an_anchor() -> None:
    """The rest of a prefix, and as much of a body as its validator asks for at least; that of any prefix will do."""
    for anchor, least in {
        b"k_live_": ["a" * 24, EPHEMERAL], b"_test_": ["1" * 24, EPHEMERAL], b"whsec_": ["Z" * 32], b"oak_": ["_" * 20],
        b"sk_org_": ["a" * 24, "live_" + "a" * 24], b"_secret_": ["a" * 20, "_" + "a" * 20], b"pst_live_": [EPHEMERAL],
    }.items():  # fmt: skip
        for text in least:
            assert STRIPE.follows[anchor].match(text.encode()), (anchor, text)
            assert not STRIPE.follows[anchor].match(text[:-1].encode()), (anchor, text)
    assert not STRIPE.follows[b"_live_"].match(b"a" * 10 + b"_" + b"a" * 20)


def test_who_vouches() -> None:
    """Publishable keys and webhook secrets, by what they are found by."""
    keys = dict.fromkeys((b"k_live_", b"_live_", b"k_test_", b"_test_"), frozenset({"stripe-publishable-key"}))
    assert STRIPE.vouchers == {**keys, b"whsec_": frozenset({"stripe-webhook-secret"})}


def test_which_prefixes_end_a_body() -> None:
    """All but those of client secrets, whose names are words; where one begins with another, the shorter does."""
    texts = {prefix.text for rule in STRIPE.rules for prefix in rule.prefixes if b"_secret_" not in prefix.text}
    for text in texts:
        assert STRIPE.glued.pattern.match(text), text
    for text in (b"_secret_", b"cuss_secret_", b"accs_secret__", b"pi_", b"k_live_"):
        assert not STRIPE.glued.pattern.match(text), text
    assert STRIPE.glued.longest == len("rkcs_test_")


@over("rule", STRIPE.rules)
def test_a_mode_is_what_the_prefix_says(rule: Rule) -> None:
    """A prefix that holds `_live_` or `_test_` says the mode, and no other does."""
    for prefix in rule.prefixes:
        said = re.search(rb"_(live|test)_", prefix.text)
        assert prefix.mode == (said[1].decode() if said else None)


def test_the_least_of_a_credential() -> None:
    """The shortest prefix of the command-line client's, and the shortest body; no validator takes less."""
    assert STRIPE.least == len("oak_") + 20


@over(
    ("text", "expected"),
    [
        ("k_live_" + "a" * 24, True), ("k_live_" + "a" * 23, False),
        ("k_live_" + EPHEMERAL, True), ("k_live_" + EPHEMERAL[:-1], False),
        ('k_live_51ab" + "c', True), ("k_live_51ab.", False), ('k_live_5"51', True), ("k_live_6ab\n1", False),
        ("k_live_\n5\n", True), ("k_live_\n6", False), ("k_live_51" + "_" * 126 + '"', True),
        ("k_live_51" + "_" * 127 + '"', False), ("xk_live_" + "a" * 24, False),
    ],
)  # fmt: skip
def test_hints_of_a_credential(text: str, expected: bool) -> None:
    """An anchor, with as much of a body as any validator wants, or where that may be in another piece."""
    assert (STRIPE.hints[b"k_live_"].match(text.encode()) is not None) is expected
