"""The screen and the automaton must agree."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.keys import Keys
from imgscan.detect import Engine, Ruleset, ruleset
from imgscan.detect.automaton import Automaton
from imgscan.detect.screen import _LITTLE, DENSE, Screen
from imgscan.detect.stripe import STRIPE
from tests.detect.driver import SCREENED, UNSCREENED
from tests.detect.tables import over

if TYPE_CHECKING:
    from collections.abc import Sequence

HYPERSCAN = find_spec("hyperscan") is not None

FORMS = STRIPE.forms
LITERALS = [form.literal for form in FORMS]

pieces = st.one_of(
    st.sampled_from(LITERALS),
    st.sampled_from(LITERALS).flatmap(lambda literal: st.integers(0, len(literal)).map(lambda cut: literal[:cut])),
    st.sampled_from(LITERALS).flatmap(lambda literal: st.integers(0, len(literal)).map(lambda cut: literal[cut:])),
    st.binary(max_size=6),
)
streams = st.lists(pieces, max_size=40).map(b"".join)


KNOWN = Counter(LITERALS)
LENGTHS = sorted({len(literal) for literal in LITERALS})


def _naive(data: bytes) -> list[tuple[int, bytes]]:
    return sorted(
        (position, data[position : position + length])
        for position in range(len(data))
        for length in LENGTHS
        if position + length <= len(data)
        for _ in range(KNOWN[data[position : position + length]])
    )


@given(streams)
def test_every_literal_is_found(data: bytes) -> None:
    """Both engines find every literal that a naive search finds, and nothing else."""
    for engine in (SCREENED, UNSCREENED):
        found = engine.open(data).candidates(0, len(data))
        assert sorted((each.position, each.form.literal) for each in found) == _naive(data)


@given(streams, st.integers(0, 200), st.integers(0, 200))
def test_a_range_owns_the_anchors_that_begin_in_it(data: bytes, one: int, other: int) -> None:
    """A view lists exactly the anchors that begin in the range, though they may end after it."""
    start, end = sorted((min(one, len(data)), min(other, len(data))))
    for engine in (SCREENED, UNSCREENED):
        found = engine.open(data).candidates(start, end)
        expected = [each for each in _naive(data) if start <= each[0] < end]
        assert sorted((each.position, each.form.literal) for each in found) == expected
        assert [each.position for each in found] == sorted(each.position for each in found)


def test_each_literal_alone() -> None:
    """Each literal, NULs included, is found by itself at the right place."""
    for literal in LITERALS:
        found = SCREENED.open(b"~~" + literal + b"~").candidates(0, 3 + len(literal))
        assert (2, literal) in [(each.position, each.form.literal) for each in found]


@pytest.mark.skipif(not HYPERSCAN, reason="hyperscan is not installed: there is no screen to test")
def test_a_dense_window_goes_to_the_automaton_whole() -> None:
    """From so many hits on the screen gives up, and the result is the same."""
    literal = b"sk_" + b"live_"
    screen, automaton = Screen(sorted(KNOWN)), Automaton(FORMS)
    assert screen.regions(literal * (DENSE - 1), 0, 8 * DENSE) != [(0, 8 * DENSE)]
    assert screen.regions(literal * DENSE, 0, 8 * DENSE) == [(0, 8 * DENSE)]
    data = literal * 3 * DENSE
    assert len(SCREENED.open(data).candidates(0, len(data))) == 3 * DENSE
    assert len(automaton.find(data, 0, len(data))) == 3 * DENSE


def test_an_engine_says_whether_it_is_screened() -> None:
    """The screen is used where it can be, unless it was left out."""
    assert (Engine(STRIPE).screened, Engine(STRIPE, screen=False).screened) == (HYPERSCAN, False)


@pytest.mark.skipif(HYPERSCAN, reason="needs an environment without hyperscan")
def test_a_screen_that_is_required_and_missing_is_an_error() -> None:
    """Where Hyperscan is not installed, asking for it by name fails instead of going slower in silence."""
    with pytest.raises(ImportError):
        Engine(STRIPE, screen=True)


class Watched(Screen):
    """Tells on which thread it is compiled, and how often it was asked for a scratch space."""

    def __init__(self) -> None:
        super().__init__([b"abc"])
        self.threads: list[tuple[str, bool]] = []
        self.asked = 0

    def _compile(self) -> None:
        thread = threading.current_thread()
        self.threads.append((thread.name, thread.daemon))
        super()._compile()

    def _ready(self) -> object:
        self.asked += 1
        return super()._ready()


needs_hyperscan = pytest.mark.skipif(not HYPERSCAN, reason="needs hyperscan")


@needs_hyperscan
def test_the_screen_is_compiled_once_on_a_thread_of_its_own() -> None:
    """The thread has a name, and does not keep the process alive; a thread that searches clones its scratch once."""
    screen = Watched()
    screen.begin()
    screen.begin()
    assert screen._done.wait(60)
    for _ in range(3):
        assert screen.regions(b"--abc--", 1, 7) == [(2, 5)]
    assert screen.threads == [("imgscan-screen", True)]
    assert screen.asked == 1


@needs_hyperscan
@over("byte", range(256))
def test_a_literal_may_hold_any_byte(byte: int) -> None:
    """None has a meaning to the screen."""
    literal = bytes((byte, 0x61, byte))
    assert Screen([literal]).regions(b"--" + literal + b"--", 0, 7) == [(2, 5)]


def test_when_the_screen_is_worth_it() -> None:
    """Half a mebibyte, and as many hits as cost as much as the automaton over a window."""
    assert (_LITTLE, DENSE) == (524_288, 4096)


@needs_hyperscan
def test_a_little_is_searched_before_the_screen_is_compiled() -> None:
    """Half a mebibyte is not worth it, one byte more is; once it is there it is worth any."""
    screen = Watched()
    assert not screen.worth(_LITTLE - 1)
    assert not screen.worth(1)
    assert screen.threads == []
    assert screen.worth(1)
    assert screen._done.wait(60)
    assert screen.worth(1)


@needs_hyperscan
def test_a_search_that_would_wait_is_told() -> None:
    """A search of more than is left begins to compile; when that is done none waits."""
    screen = Watched()
    assert not screen.busy(_LITTLE)
    assert screen.threads == []
    assert screen.busy(_LITTLE + 1)
    assert screen._done.wait(60)
    assert not screen.busy(_LITTLE + 1)


@needs_hyperscan
def test_what_goes_wrong_in_compiling_is_raised_where_it_is_missed() -> None:
    """The thread that searches gets the failure."""
    screen = Watched()
    screen._hyperscan = None
    with pytest.raises(AttributeError, match="has no attribute 'Database'"):
        screen.regions(b"abc", 0, 3)


def test_threads_share_an_engine() -> None:
    """Many threads may search with one engine at once."""
    data = b"\n" * 50_000 + Keys(1).secret99().encode() + b"\n" * 50_000
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: SCREENED.search(data), range(64)))
    assert all(each == results[0] for each in results)
    assert len(results[0]) == 1


class Absent(Screen):
    """A screen where Hyperscan cannot be imported."""

    def __init__(self, _literals: Sequence[bytes]) -> None:
        raise ImportError("hyperscan")


def test_without_hyperscan_the_automaton_works_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Hyperscan cannot be imported an engine does without, unless it was asked to have it; nothing prepares."""
    monkeypatch.setattr(ruleset, "Screen", Absent)
    fresh = Ruleset(STRIPE.rules)
    fresh.prepare()
    assert not Engine(fresh).screened
    assert Engine(fresh).search(Keys(1).secret99().encode())
    with pytest.raises(ImportError):
        Engine(fresh, screen=True)
