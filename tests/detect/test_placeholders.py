"""What a person typed against what chance made."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.keys import BASE62, Keys
from imgscan.detect.stripe import placeholders
from tests.detect.driver import SCREENED, secrets
from tests.detect.tables import over

LIVE = "sk_" + "live_"
SAMPLE = 10_000


@over(
    "body",
    [
        "x" * 24,
        "X" * 99,
        "0" * 24,
        "your_secret_key_here_please_thanks",
        "YourStripeSecretKeyGoesHere1",
        "ReplaceThisWithYourSecretKey99",
        "PLACEHOLDERplaceholder0123",
        "thisIsNotARealTestKey12345",
        "abcdefghijklmnopqrstuvwxyz",
        "1234567890abcdefABCDEFghij",
        "changemechangemechangeme",
        "aB3aB3aB3aB3aB3aB3aB3aB3",
        "deadbeefdeadbeefdeadbeef",
    ],
)
def test_placeholders_are_never_reported(body: str) -> None:
    """Runs, sequences, words and too few characters make a placeholder."""
    assert secrets(f"STRIPE={LIVE}{body}") == []


@over("run", ["xxxx", "XXXX", "aaaaaa", "777777", "12345678", "hgfedcba", "QRSTUVWX"])
def test_a_run_anywhere_in_a_body_makes_a_placeholder(run: str) -> None:
    """One run in an otherwise random body is enough."""
    body = Keys(run).body(30)
    assert secrets(f"={LIVE}{body[:9]}{run}{body[9:]}") == []


@over("run", ["aaaaa", "1234567", "xxx", "gfedcba"])
def test_a_shorter_run_does_not(run: str) -> None:
    """Chance makes short runs, so they do not make a placeholder."""
    body = f"Q7{Keys(run).body(20)}"
    made = f"{body[:9]}{run}{body[9:]}"
    assert secrets(f"={LIVE}{made}") == [f"{LIVE}{made}"]


@over(("sort", "size"), [("secret99", 99), ("secret34", 34), ("secret24", 24)])
def test_random_keys_pass(sort: str, size: int) -> None:
    """At least 99.9 % of keys with random bodies are found."""
    keys = Keys(f"sample {sort}")
    made = []
    for _ in range(SAMPLE):
        if size == 99:
            made.append(f"{LIVE}5{keys.account()[5:]}{keys.text(72)}00{keys.text(8)}")
        elif size == 34:
            made.append(f"{LIVE}{keys.text(24)}00{keys.text(8)}")
        else:
            made.append(f"{LIVE}{keys.text(24)}")
    found = {match.secret.decode() for match in SCREENED.search("\n".join(made).encode())}
    assert len(found) / SAMPLE >= 0.999


def test_a_long_body_must_be_richer_than_a_short_one() -> None:
    """Ten different characters may be chance among 24, and are not among 80."""
    few = Keys(1).text(80, "aB3dE5fG7h")
    assert secrets(f"={LIVE}{few[:24]}") == [f"{LIVE}{few[:24]}"]
    assert secrets(f"={LIVE}{few}") == []


def test_entropy_is_in_bits_a_character() -> None:
    """Entropy is 0 for one character and 4 for sixteen different ones."""
    assert (placeholders.entropy(b"aaaa"), placeholders.entropy(b"0123456789abcdef")) == (0.0, 4.0)


@over(
    ("body", "mixed"),
    [(b"A1b", True), (b"A1", False), (b"1b", False), (b"A" * 8 + b"b" * 20, True), (b"A" * 7 + b"b" * 21, False)],
)
def test_one_letter_of_each_case_beside_a_digit_is_a_mix(body: bytes, mixed: bool) -> None:
    """With a digit one letter of either case suffices; without one two sevenths must be of the rarer case."""
    assert placeholders.mixed(body) is mixed


@given(st.text(BASE62, min_size=1, max_size=120) | st.text("aB3", min_size=1, max_size=99))
@settings(deadline=None)
def test_a_body_is_varied_if_its_entropy_is_high(body: str) -> None:
    """Whether that is computed, or seen from how many different characters there are."""
    least = 3.5 if len(body) >= 72 else 3.0
    assert placeholders.varied(body.encode()) is (placeholders.entropy(body.encode()) >= least)


@over("step", [0, 1, -1])
def test_a_run_is_so_many_steps(step: int) -> None:
    """Of six equal characters or eight in sequence, anywhere in a body; a body of one character has none."""
    least = 8 if step else 6
    for before, after in ((b"", b""), (b"x", b""), (b"", b"x"), (b"0X", b"Zz")):
        for count in (least - 1, least):
            run = bytes(ord("M") + step * index for index in range(count))
            assert placeholders.has_run(before + run + after) is (count == least)
    assert not placeholders.has_run(b"a")
    assert not placeholders.has_run(b"")
