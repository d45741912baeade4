"""What an engine asks of its parts, and what it is told by default."""

from __future__ import annotations

import base64

import pytest

from fixtures.keys import Keys
from fixtures.windows import File
from imgscan.detect import Engine, Ruleset, context
from imgscan.detect.finder import SLICE
from imgscan.detect.stripe import STRIPE
from tests.detect.driver import ENGINES, NOW, SCREENED, UNSCREENED, agreed
from tests.detect.tables import over

WEBHOOK = "whsec" + "_"


class Fake:
    """A screen that finds nothing, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def begin(self) -> None:
        """Note it."""
        self.asked.append(("begin",))

    def busy(self, count: int) -> bool:
        """Tell that more than five bytes would wait."""
        return count > 5

    def worth(self, count: int) -> bool:
        """Tell that more than five bytes are worth it."""
        self.asked.append(("worth", count))
        return count > 5

    def regions(self, _data: bytes, low: int, high: int) -> list[tuple[int, int]]:
        """Find nothing."""
        self.asked.append(("regions", low, high))
        return []


def ruleset(screen: object) -> Ruleset:
    """Return Stripe's rules with another screen in the place of the real one."""
    made = Ruleset(STRIPE.rules)
    vars(made)["screen"] = screen
    return made


def test_the_screen_is_asked_first() -> None:
    """What it reports is all that the automaton looks at, if it is worth it."""
    fake = Fake()
    made = Engine(ruleset(fake), now=NOW)
    data = b"..." + Keys(1).secret99().encode()
    reach = min(len(data), 20 + max(len(form.literal) for form in STRIPE.forms) - 1)
    assert made.find(data, 2, 20) == []
    assert fake.asked == [("worth", reach - 2), ("regions", 2, reach)]
    assert made.find(data[:5], 0, 5) == []
    assert fake.asked[2:] == [("worth", 5)]


def test_preparing_begins_to_compile_the_screen() -> None:
    """A ruleset's, and so that of its engines; without a screen there is nothing to do."""
    fake = Fake()
    ruleset(fake).prepare()
    Engine(ruleset(fake), now=NOW).prepare()
    assert fake.asked == [("begin",), ("begin",)]
    Engine(ruleset(fake), screen=False).prepare()
    assert len(fake.asked) == 2


def test_an_engine_is_busy_while_its_screen_is() -> None:
    """Without a screen it never is."""
    made = Engine(ruleset(Fake()))
    assert [made.busy(count) for count in (5, 6)] == [False, True]
    assert not Engine(STRIPE, screen=False).busy(1 << 40)


def test_no_account_is_younger_than_now() -> None:
    """An engine believes what it is told of the time."""
    key = Keys(2).secret99().encode()
    assert [match.account is None for match in Engine(STRIPE, now=NOW).search(key)] == [False]
    assert [match.account is None for match in Engine(STRIPE, now=1_400_000_000).search(key)] == [True]


def test_how_far_an_engine_looks() -> None:
    """As far as siblings count, and a line more; and twice as far as a form needs."""
    needs = [form.needs(STRIPE.reach) for form in STRIPE.forms]
    reaches = STRIPE.needs
    assert reaches == (max(each.behind for each in needs), max(each.ahead for each in needs))
    around = context.SIBLING + context.LINE
    assert SCREENED.reach_behind == around + 2 * reaches.behind
    assert SCREENED.reach_ahead == around + 2 * reaches.ahead


def test_what_is_decoded_around_an_anchor() -> None:
    """The longest credential, a line, and what a validator may look at behind it."""
    longest = max(rule.max_length for rule in STRIPE.rules)
    assert tuple(STRIPE.reach) == (longest + 256 + 1, longest + 8 + 256)


def test_a_literal_that_begins_in_a_range_is_found_whole() -> None:
    """The longest one too, though all but its first byte is behind the range."""
    form = max(STRIPE.forms, key=lambda form: len(form.literal))
    data = form.literal + b"."
    for each in (SCREENED, UNSCREENED):
        assert form.literal in [candidate.form.literal for candidate in each.find(data, 0, 1)]


def test_what_is_searched_is_text_unless_it_is_told() -> None:
    """A letter before a key is a letter, though it be the key's length."""
    key = Keys(3).secret(40)
    data = f"{len(key):c}{key}".encode()
    assert SCREENED.search(data) == []
    assert len(SCREENED.search(data, binary=True)) == 1
    view = SCREENED.open(data)
    assert view.confirm(view.candidates(0, len(data)), 0, len(data)) == []


@over("origin", [0, 1])
def test_the_offset_of_a_window_tells_the_byte_order(origin: int) -> None:
    """Units of UTF-16 begin at even offsets of the file, not of the window."""
    data = b"\0" * (2 - origin) + Keys(4).secret24().encode("utf-16-le") + b"\0"
    view = SCREENED.open(data)
    [match] = view.confirm(view.candidates(0, len(data)), 0, len(data), origin=origin)
    assert match.encoding == "utf-16-le"


def test_a_path_may_hold_what_is_no_text() -> None:
    """Bytes that are no UTF-8 are skipped in a path, the rest of it counts."""
    [match] = SCREENED.search(Keys(5).secret24().encode(), path="caf\udce9/Stripe")
    assert match.confidence == "high"


def test_siblings_in_a_binary_are_looked_for_as_there() -> None:
    """A publishable key that follows its length, a letter, is a sibling in a binary only."""
    keys = Keys(6)
    sibling = "pk_" + "live_" + keys.body(40)
    data = b"\0" + f"{len(sibling):c}{sibling}".encode() + b"\0" * 300 + keys.secret24().encode() + b"\0"
    assert chr(len(sibling)).isalnum()
    assert [each.confidence for each in agreed(File(data, binary=True))] == ["low", "high"]
    assert [each.confidence for each in agreed(File(data))] == ["medium"]


def test_the_first_bytes_of_a_file_may_be_a_sibling() -> None:
    """A webhook secret at the very beginning tells that a key is Stripe's."""
    keys = Keys(7)
    data = f"{keys.webhook()}\n" + "-" * 400 + f"\n{keys.secret24()}\n"
    assert [each.confidence for each in agreed(File(data.encode()))][1] == "high"


@over("before", range(3))
def test_matches_share_one_byte_at_most(before: int) -> None:
    """A credential that begins before the last one ended is none, but for a character of base64 that both are in."""
    data = base64.b64encode(b"=" * before + Keys(8).secret99().encode())
    view = SCREENED.open(data)
    candidates = view.candidates(0, len(data))
    [match] = view.confirm(candidates, 0, len(data))
    for taken, found in ((match.start, 1), (match.start + 1, 1), (match.start + 2, 0), (match.start + 3, 0)):
        assert len(view.confirm(candidates, 0, len(data), taken=taken)) == found


def test_an_encoded_key_has_no_note() -> None:
    """What the command-line client's files say is said of keys as they write them."""
    key = Keys(9).secret99(live=False)
    for spelled in (base64.b64encode(key.encode()).decode(), key.replace("_", "\\x5f")):
        [match] = SCREENED.search(f"[default]\ntest_mode_api_key = '{spelled}'\n".encode())
        assert match.note == ""


class StopError(Exception):
    """What a stop raises here."""


def test_a_view_asks_whether_to_go_on() -> None:
    """Once for each list of candidates, once for each that is judged, and what a stop raises ends it."""
    data = Keys(10).secret99().encode() + b"\n" + b"-" * (2 * SLICE) + Keys(11).secret24().encode() + b"\n"
    left = [10]

    def go_on() -> None:
        left[0] -= 1
        if not left[0]:
            raise StopError

    view = UNSCREENED.open(data, go_on)
    first, second = view.slices(0, len(data))
    assert left == [8]
    assert len(view.confirm(first, 0, len(data))) == 1
    assert left == [7]
    left = [1]
    with pytest.raises(StopError):
        view.confirm(second, 0, len(data))


def test_a_stop_is_heeded_among_siblings() -> None:
    """The search for siblings is part of judging, and can be as long."""
    data = (Keys(12).secret24() + "\n" + Keys(13).publishable24() + "\n").encode()
    asked: list[None] = []
    view = UNSCREENED.open(data, lambda: asked.append(None))
    candidates = view.candidates(0, len(data))
    view.confirm(candidates[:1], 0, len(data))
    assert len(asked) > 1


def test_candidates_come_in_lists_of_a_slice() -> None:
    """Where anchors are dense no list holds more than those of a slice, and together they are all."""
    data = (b"sk_" + b"live_") * SLICE
    for engine in ENGINES:
        view = engine.open(data)
        some = list(view.slices(3, len(data) - 3))
        assert max(map(len, some)) <= SLICE // 4
        assert [each for part in some for each in part] == view.candidates(3, len(data) - 3)
        assert [each.position for each in view.candidates(3, len(data) - 3)] == list(range(9, len(data) - 3, 8))


def test_a_search_of_a_whole_document_asks_whether_to_go_on() -> None:
    """A commit message can have megabytes; what a stop raises ends it."""
    key = Keys(14).secret24()

    def go_on() -> None:
        raise StopError

    assert [match.secret.decode() for match in UNSCREENED.search(key.encode(), go_on=lambda: None)] == [key]
    with pytest.raises(StopError):
        UNSCREENED.search(key.encode(), go_on=go_on)
