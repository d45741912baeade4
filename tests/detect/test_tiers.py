"""Secret, restricted and publishable keys: shapes, boundaries, confidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fixtures.keys import CREATED, Keys
from fixtures.windows import File
from tests.detect.driver import NOW, SCREENED, agreed, secrets
from tests.detect.tables import over

LIVE = "sk_" + "live_"


def _confidence(text: str, *, path: str = "file") -> list[str]:
    return [each.confidence for each in agreed(File(text.encode(), path))]


def test_a_structured_key_names_its_account_and_mode() -> None:
    """A key as issued today tells the account it opens, when that was created, and its mode."""
    keys = Keys(1)
    account = keys.account()
    [match] = SCREENED.search(keys.secret99(live=False, account=account).encode())
    assert (match.account, match.account_created, match.mode) == (account, "2021-03-04T05:06:07Z", "test")


def test_a_structured_key_needs_no_boundary() -> None:
    """A structured key is cut at exactly 99 characters out of letters glued to both its sides."""
    key = Keys(1).secret99()
    assert secrets(f"letters{key}letters{key}more") == [key, key]


def test_a_structured_key_is_cut_out_of_an_endless_run() -> None:
    """A structured key is found though base62 follows it for longer than any key."""
    key = Keys(1).secret99()
    assert secrets(key + Keys(2).text(5000)) == [key]


def test_a_masked_structured_key_is_whole() -> None:
    """What follows a structured key cannot mask it."""
    key = Keys(1).secret99()
    assert secrets(f"{key}...") == [key]


@over(
    ("created", "confidence"),
    [
        (datetime(2012, 7, 15, 21, 56, 20, tzinfo=UTC), "very-high"),
        (datetime.fromtimestamp(NOW, UTC) + timedelta(hours=23), "very-high"),
        (datetime.fromtimestamp(NOW, UTC) + timedelta(hours=25), "medium"),
    ],
)
def test_an_account_is_not_from_the_future(created: datetime, confidence: str) -> None:
    """A key whose account would be created tomorrow or later has no structure."""
    assert _confidence(Keys(3).secret99(created=created)) == [confidence]


@over(("index", "character"), [(0, "6"), (1, "2"), (89, "1"), (90, "1")])
def test_every_constant_of_the_structure_is_asked_for(index: int, character: str) -> None:
    """A 99-character body with any constant character changed is a key without structure."""
    body = Keys(4).body99()
    assert _confidence(LIVE + body[:index] + character + body[index + 1 :]) == ["medium"]


def test_a_structured_body_of_one_case_is_none() -> None:
    """A body whose random part is all of one case has no structure, and an even one is a placeholder."""
    body = Keys(5).body99()
    assert _confidence(LIVE + body[:17] + body[17:89].lower() + body[89:]) == ["medium"]
    assert secrets(LIVE + body[:17] + "aB3" * 24 + body[89:]) == []


@over(
    ("length", "alone", "known"),
    [
        (24, "medium", "high"),
        (99, "medium", "high"),
        (25, "low", "medium"),
        (60, "low", "medium"),
        (247, "low", "medium"),
    ],
)
def test_confidence_by_length(length: int, alone: str, known: str) -> None:
    """Keys without structure are more certain at the two lengths that Stripe issued, and near the word Stripe."""
    key = Keys(6).secret(length)
    assert (_confidence(f"KEY={key}"), _confidence(f"STRIPE_KEY={key}")) == ([alone], [known])


def test_a_34_character_key_is_known_by_its_zeros() -> None:
    """24 characters, `00` and eight more are surely a key; 34 of anything are of one more length."""
    key = Keys(7).secret34()
    assert _confidence(key) == ["high"]
    assert _confidence(key[:32] + "0a" + key[34:]) == ["low"]


@over("length", [1, 12, 23, 248, 300])
def test_other_lengths_are_no_keys(length: int) -> None:
    """Fewer than 24 characters are no key, more than 247 are data."""
    assert secrets(LIVE + Keys(8).text(length)) == []


WORDS = ["task", "risk", "disk", "desk", "mask", "kiosk", "network", "benchmark", "cloak", "soak", "ask", "work"]


@over("word", WORDS)
@over("mode", ["live", "test"])
@over("size", [24, 34, 40])
def test_words_are_no_prefixes(word: str, mode: str, size: int) -> None:
    """A word that ends like a prefix begins no key, whatever follows."""
    body = Keys(9).body(24) + "00" + Keys(9).body(16)
    assert secrets(f"{word}_{mode}_{body[:size]}") == []


@over("before", ["_", "-", "=", '"', "/", ":", ".", "\0", "\n", "é"])
def test_anything_but_a_letter_or_digit_is_a_boundary(before: str) -> None:
    """A key may follow any character that is no letter or digit."""
    key = Keys(10).secret24()
    assert secrets(f"KEY{before}{key}") == [key]


@over("after", [*list("=:,;)]}<>@&\"' _-/.\\\x00\n%"), "é", "**", "*/"])
def test_anything_but_a_letter_or_digit_ends_a_key(after: str) -> None:
    """A key may be followed by any character that is no letter or digit."""
    key = Keys(11).secret24()
    assert secrets(f"={key}{after}") == [key]


@over("mask", ["***", "...", "•", "…", "*a", "********"])
def test_masked_keys_are_none(mask: str) -> None:
    """A key that ends in a mask is never reported."""
    assert secrets(f"={Keys(12).secret24()}{mask}") == []


@over("key", [Keys(13).secret24(), Keys(13).secret34(), Keys(13).webhook()])
def test_a_length_byte_is_a_boundary_in_a_binary(key: str) -> None:
    """In a binary, a letter that is the length of the key before it does not make it part of a word."""
    data = bytes([len(key)]) + key.encode() + b"\0"
    assert secrets(data, binary=True) == [key]


def test_a_length_byte_is_a_letter_in_a_text() -> None:
    """In a text, a letter before a key makes it part of a word, be it the key's length or not."""
    key = Keys(14).secret34()
    assert chr(len(key)) == "*"
    key = Keys(14).secret(40)
    assert secrets(f"{len(key):c}{key}") == []


def test_another_letter_is_no_length_byte() -> None:
    """In a binary, a letter before a key that is not its length makes it part of a word."""
    key = Keys(14).secret(40)
    assert secrets(f"{len(key) + 1:c}{key}", binary=True) == []


def test_a_prefix_inside_a_run_ends_it() -> None:
    """Of two strings glued together in a binary the first key ends where the second begins."""
    first, second = Keys(15).secret24(), Keys(15).secret99()
    assert secrets(f"={first}{second}") == [first, second]


def test_digits_may_be_missing_by_chance() -> None:
    """A body without a digit is a key if its cases are mixed as chance mixes them, words in camel case are none."""
    keys = Keys(16)
    body = keys._until(
        lambda: keys.text(24, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        lambda made: 8 <= sum(map(str.isupper, made)) <= 16,
    )
    assert secrets(LIVE + body) == [LIVE + body]
    assert secrets(LIVE + "VermilionGiraffeUmbrellas") == []


def test_a_publishable_key_is_judged_like_a_secret_one() -> None:
    """Publishable keys have the tiers of secret ones, and say the same."""
    keys = Keys(17)
    account = keys.account()
    [match] = SCREENED.search(keys.publishable(account=account).encode())
    assert (match.rule.id, match.account, match.confidence) == ("stripe-publishable-key", account, "very-high")
    assert _confidence(keys.publishable24()) == ["medium"]


def test_created_is_the_default_of_the_builder() -> None:
    """The builder's accounts are created when it says."""
    [match] = SCREENED.search(Keys(18).secret99().encode())
    assert match.account_created == CREATED.strftime("%Y-%m-%dT%H:%M:%SZ")


@over("sort", ["stripe-secret-key 24", "stripe-secret-key 34", "stripe-webhook-secret 32"])
def test_a_counted_string_ends_where_its_length_says(sort: str) -> None:
    """In a binary a letter behind a string whose length precedes it is not part of the credential."""
    key = Keys(8).all()[sort]
    data = b"\x00\x00" + bytes([len(key)]) + key.encode() + b"t\x00\x05"
    assert secrets(data, binary=True) == [key]
    assert secrets(b"\x00ab" + key.encode() + b"t\x00\x05", binary=True) != [key]
