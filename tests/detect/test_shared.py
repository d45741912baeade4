"""What candidates share: readings of it are those of each candidate by itself, and decoding it costs once."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.keys import Keys
from imgscan.detect.encodings import Shared, Span, chains, digits
from imgscan.detect.stripe import STRIPE
from imgscan.detect.verdict import Place
from tests.detect.driver import UNSCREENED
from tests.detect.tables import over

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from imgscan.detect.automaton import Candidate

KEYS = [key.encode() for key in (*Keys(1).all().values(), Keys(1).publishable24(), Keys(1).secret(60))]
JUNK = [
    b"", b"\n", b"=", b"/", b"-", b"\0", b"k", b"5", b"51", b"...", b"***", b'"', b'" + "', b"\\\n", b"%", b"\\", b"&#",
    b"_secret_", b"pi_", b"sk_" + b"live_", b"pk_" + b"test_", "…".encode("utf-16-le"), b"\r\n  ",
]  # fmt: skip


class Wrap(NamedTuple):
    """How an encoder breaks lines: behind so many digits, the first line shorter, with a break."""

    width: int
    first: int
    newline: bytes

    def __call__(self, text: bytes) -> bytes:
        """Break a text into lines."""
        parts = [text[: self.first], *(text[at : at + self.width] for at in range(self.first, len(text), self.width))]
        return self.newline.join(part for part in parts if part)


ENCODERS: list[Callable[[bytes], bytes]] = [
    bytes,
    base64.b64encode,
    base64.urlsafe_b64encode,
    lambda text: text.hex().encode(),
    lambda text: text.hex().upper().encode(),
    lambda text: text.decode("latin-1").encode("utf-16-le"),
    lambda text: text.decode("latin-1").encode("utf-16-be"),
    lambda text: b"".join(b"%%%02x" % byte for byte in text),
    lambda text: b"".join(b"\\x%02x" % byte for byte in text),
    lambda text: b"".join(b"\\u%04X" % byte for byte in text),
    lambda text: text.replace(b"_", b"\\137"),
    lambda text: text.replace(b"_", b"&#95;"),
]
encoders = st.sampled_from(ENCODERS)
wraps = st.one_of(
    st.just(bytes),
    st.builds(
        Wrap,
        st.sampled_from([4, 8, 16, 60, 64, 76, 77, 100]) | st.integers(4, 130),
        st.integers(0, 80),
        st.sampled_from([b"\n", b"\r\n", b"\n ", b"\n\t\t", b"\n" + b" " * 12]),
    ),
)
keys = st.sampled_from(KEYS)
LONG = b"PORT=8080\n" * 70
"""More than any reader looks at to one side."""
parts = st.one_of(st.sampled_from([*JUNK, LONG, LONG[1:]]), keys, keys.map(lambda key: key[:-3]))
texts = st.lists(st.builds(bytes.__mul__, parts, st.sampled_from([1, 1, 1, 2, 3])))
"""Some of the parts are repeated: what was refused is remembered."""
steps = st.lists(st.tuples(st.sampled_from(JUNK), encoders, wraps), max_size=3)


def _encoded(text: bytes, ways: list[tuple[bytes, Callable[[bytes], bytes], Callable[[bytes], bytes]]]) -> bytes:
    for before, encode, wrap in ways:
        text = wrap(encode(before + text))
    return text


contents = st.lists(st.builds(_encoded, texts.map(b"".join), steps), min_size=1, max_size=4).map(b"\n".join)


def _judged(data: bytes, candidate: Candidate, shared: Shared | None, *, binary: bool) -> object:
    view = UNSCREENED.open(data)
    judged = view._judge.judge(data, candidate, Span(0, len(data)), shared, binary=binary)
    if judged is None:
        return None
    text, verdict = judged.text, judged.verdict
    place = text.begin(verdict.start), text.end(verdict.end)
    return judged.rule.id, judged.secret, text.encoding, place, verdict.alone, verdict.account


@given(contents, st.booleans())
@settings(deadline=None)
def test_sharing_changes_nothing(data: bytes, binary: bool) -> None:
    """Each candidate is judged as it is without what the others have decoded, whatever they have."""
    shared = Shared(data, 0, len(data), STRIPE.reach, STRIPE.least)
    for candidate in UNSCREENED.find(data, 0, len(data)):
        if candidate.form.inner is not None:
            assert _judged(data, candidate, shared, binary=binary) == _judged(data, candidate, None, binary=binary)


SPELLED: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "wrapped": base64.encodebytes,
    "hex": lambda text: text.hex().encode(),
    "utf-16": lambda text: text.decode().encode("utf-16-le"),
    "percent": lambda text: text.replace(b"_", b"%5F"),
    "escaped": lambda text: b"".join(b"\\x%02x" % byte for byte in text),
    "base64 of hex": lambda text: base64.b64encode(text.hex().encode()),
}


@over("name", SPELLED)
def test_a_thousand_anchors_cost_few_decodings(name: str) -> None:
    """What is decoded of a buffer is a few times as much as it holds, though anchors are all that is in it."""
    data = SPELLED[name]((b"sk_" + b"live_") * 1000)
    shared = Shared(data, 0, len(data), STRIPE.reach, STRIPE.least)
    for candidate in UNSCREENED.find(data, 0, len(data)):
        assert _judged(data, candidate, shared, binary=False) is None
    assert len(data) / 8 <= _decoded(shared) <= 16 * len(data)


def _decoded(shared: Shared) -> int:
    """Count the bytes that were decoded from a buffer, and from what was decoded of it."""
    total = 0
    for made in shared.made.values():
        if isinstance(made, chains._Chains):
            found = [inside for chain in made._chains.values() for inside in chain._decoded.values()]
        else:
            some = made if isinstance(made, tuple) else (made,)
            found = [each for each in some if isinstance(each, Shared)]
        total += sum(len(inside.data) + _decoded(inside) for inside in found)
    return total


def _chain(data: bytes) -> chains._Chain:
    shared = Shared(data, 0, len(data), STRIPE.reach, STRIPE.least)
    return chains._Chains(shared, digits.BASE64_DIGITS).at(data.index(b"X2xpdmVf"))


def _digits(count: int, seed: int = 1) -> bytes:
    return bytes(random.Random(seed).choices(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", k=count))


def test_a_chain_has_all_lines_that_continue_each_other() -> None:
    """Before and behind the one that is asked for, as long as none is longer than the one before it."""
    lines = [_digits(64, 1), _digits(64, 2), b"X2xpdmVf" + _digits(56), _digits(64, 3), _digits(30, 4)]
    chain = _chain(b"key: \n" + b"\n".join(lines) + b"\n\n" + _digits(64, 5))
    assert chain.sizes == [64, 64, 64, 64, 30]
    assert chain.sums == [0, 64, 128, 192, 256, 286]
    assert chain.dense
    assert _chain(b"short\n" + lines[2] + b"\n" + lines[3] + b" more\n").sizes == [64]


@over(("indent", "dense"), [(7, True), (8, False)])
def test_a_chain_is_dense_where_half_of_it_is_digits(indent: int, dense: bool) -> None:
    """Readers give up where a run takes more than twice the bytes of its digits."""
    data = (b"\n" + b" " * indent).join([b"X2xpdmVf", _digits(8), _digits(8, 2)]) + b"\n"
    assert _chain(data).sizes == [8, 8, 8]
    assert _chain(data).dense is dense


def test_digits_around_a_place() -> None:
    """So many before it, of as many lines as that takes; and so many from it on, with the rest of the last line."""
    one, two, three = _digits(64), _digits(56, 2) + b"X2xpdmVf", _digits(64, 3)
    data = one + b"\n" + two + b"\n" + three + b"\n"
    chain, at = _chain(data), 65 + 56
    for count in (1, 10, 56, 57, 100, 120):
        assert chain.behind(at, count) == (one + two[:56])[-count:]
    assert chain.behind(at, 200) == one + two[:56]
    assert chain.ahead(at, 4) == two[56:60]
    assert chain.ahead(at, 72) == two[56:] + three
    assert chain.ahead(at, 1000) == two[56:] + three


def _asked(monkeypatch: pytest.MonkeyPatch, data: bytes) -> int:
    """Count the validators that are asked about a text."""
    asked: list[object] = []

    def note(*values: Any) -> object:
        asked.append(values)
        return Place(*values)

    monkeypatch.setattr("imgscan.detect.judge.Place", note)
    assert UNSCREENED.search(data) == []
    return len(asked)


def test_a_refused_text_is_not_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Placeholders repeat: after those at the beginning, whose neighbours differ, nobody is asked."""
    line = b"sk_" + b"live_Your0Secret0Key0Goes0Her\n"
    few, many = (_asked(monkeypatch, base64.b64encode(line * count)) for count in (60, 600))
    assert 0 < few == many


def test_few_refused_texts_are_remembered() -> None:
    """So many, whatever there is in a block."""
    shared = Shared(b"", 0, 0, STRIPE.reach)
    for number in range(1000):
        shared.refuse((b"", number, b""))
    assert 0 < len(shared.refused) <= 128


def test_a_split_key_behind_a_refused_text_is_found() -> None:
    """What is refused as it is may be accepted when its pieces are put together, the second time too."""
    key = Keys(1).secret99()
    text = f'"{key[:60]}" + "{key[60:]}"\n'.encode() + b"-" * 2000
    assert len(UNSCREENED.search(base64.b64encode(text * 3))) == 3


@over("wrap", [b"", b"\n", b"\r\n  "])
def test_a_chance_literal_makes_no_chain(wrap: bytes) -> None:
    """What is right behind it says so, over a break too; after a few of them, what is there is shared."""
    line = _digits(40) + b"X2xpdmVf" + _digits(28, 2)
    data = (line + wrap) * 40
    shared = Shared(data, 0, len(data), STRIPE.reach, STRIPE.least)
    candidates = [each for each in UNSCREENED.find(data, 0, len(data)) if each.form.cut is None]
    assert len(candidates) == 40
    chained = []
    for candidate in candidates:
        assert _judged(data, candidate, shared, binary=False) is None
        chained.append(any(each._chains for each in shared.made.values() if isinstance(each, chains._Chains)))
    assert chained == [False] * 8 + [True] * 32
