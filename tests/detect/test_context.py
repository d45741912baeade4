"""Words and siblings near a credential."""

from __future__ import annotations

from fixtures.keys import Keys
from fixtures.windows import File, whole, windowed
from imgscan.detect.context import LINE, SIBLING
from tests.detect.driver import ENGINES, agreed
from tests.detect.tables import over

KEY = Keys(1).secret24().encode()
SIBLING_KEY = Keys(2).publishable().encode()
SIZES = (4096, 65_536, 70_000, 1 << 20)


def _confidence(data: bytes, path: str = "file") -> str:
    found = agreed(File(data, path), sizes=(64, 4096, 1 << 20))
    return next(each.confidence for each in found if each.secret == KEY)


@over(
    ("text", "expected"),
    [
        (b"STRIPE_KEY=%b", "high"),
        (b"%b # for stripe", "high"),
        (b"myStripeKey: %b", "high"),
        (b"stripe\n%b\nstripe", "medium"),
        (b"stripe\r%b\rstripe", "medium"),
        (b"table-striped %b", "medium"),
    ],
)
def test_the_line_counts(text: bytes, expected: str) -> None:
    """The word in the credential's own line makes it more certain, on other lines it does not."""
    assert _confidence(text % KEY) == expected


def test_the_path_counts() -> None:
    """The word in the path makes every credential of the file more certain."""
    assert _confidence(KEY, "srv/Stripe-proxy/env") == "high"


@over(("distance", "expected"), [(LINE, "high"), (LINE + 1, "medium")])
@over("side", ["before", "after"])
def test_a_line_counts_only_so_far(distance: int, expected: str, side: str) -> None:
    """Of an endless line only so many characters on either side count."""
    word, padding = b"stripe", b"-" * (distance - len(b"stripe"))
    assert _confidence(word + padding + KEY if side == "before" else KEY + padding + word) == expected


@over("sibling", [SIBLING_KEY, Keys(3).publishable24().encode(), Keys(3).webhook().encode()])
def test_a_sibling_counts(sibling: bytes) -> None:
    """A publishable key or webhook secret in the same file makes a key more certain."""
    assert _confidence(b"A=%b\nB=%b\n" % (KEY, sibling)) == "high"


def test_a_sibling_in_another_encoding_counts() -> None:
    """A sibling counts in whatever encoding it is."""
    assert _confidence(KEY + b"\n\n" + SIBLING_KEY.decode().encode("utf-16-le")) == "high"


def test_a_webhook_secret_is_no_sibling_of_its_like() -> None:
    """Two webhook secrets do not vouch for each other: other services have them too."""
    keys = Keys(4)
    text = f"A={keys.webhook()}\nB={keys.webhook()}\n"
    assert [each.confidence for each in agreed(File(text.encode()))] == ["medium", "medium"]


def test_a_placeholder_is_no_sibling() -> None:
    """A publishable key that is a placeholder vouches for nothing."""
    assert _confidence(KEY + b"\nB=pk_" + b"live_" + b"x" * 24) == "medium"


@over(("distance", "expected"), [(SIBLING, "high"), (SIBLING + 1, "medium")])
@over("side", ["before", "after"])
def test_a_sibling_counts_within_64_kib(distance: int, expected: str, side: str) -> None:
    """A sibling counts up to 64 KiB from start to start, at any window size."""
    first, second = (SIBLING_KEY, KEY) if side == "before" else (KEY, SIBLING_KEY)
    data = b"\n" * 9000 + first + b"\n" * (distance - len(first)) + second + b"\n" * 9000
    for engine in ENGINES:
        expectation = whole(engine, File(data))
        assert next(each.confidence for each in expectation if each.secret == KEY) == expected
        for size in SIZES:
            assert windowed(engine, size, File(data)) == expectation


def test_a_sibling_in_another_file_does_not_count() -> None:
    """Siblings count within one file only, however near the next one is."""
    found = agreed(File(KEY, "a"), File(SIBLING_KEY, "b"), File(b"stripe", "c"))
    assert found[0].confidence == "medium"
