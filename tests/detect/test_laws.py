"""Laws that hold for any input: windows, borders, sieves, and a naive search."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.keys import Keys
from fixtures.windows import File, whole, windowed
from imgscan.detect import Engine, context
from imgscan.detect.stripe import STRIPE
from tests.detect.driver import NOW, SCREENED, UNSCREENED
from tests.detect.tables import over

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = [*Keys(1).all().values(), Keys(1).publishable(), Keys(1).publishable24(), Keys(1).secret(60)]

_ENCODERS: list[Callable[[bytes], bytes]] = [
    bytes,
    lambda text: text.decode("latin-1").encode("utf-16-le"),
    lambda text: text.decode("latin-1").encode("utf-16-be"),
    base64.b64encode,
    base64.urlsafe_b64encode,
]
JUNK = [
    b"", b"\n", b"=", b" ", b"\0", b"a", b"k", b"5", b"51", b"00", b"xxxx", b"...", b"***", b"\xff", b"/", b"-",
    b"stripe", b"clerk", b"oak_", b"pi_", b"_secret_", b"c2tf", b"tfbGl2ZV",
    b"sk_" + b"live_", b"pk_" + b"test_", b"whsec" + b"_",
]  # fmt: skip

encoders = st.sampled_from(_ENCODERS)
keys = st.sampled_from([key.encode() for key in ALL])
plain = st.lists(st.one_of(st.sampled_from(JUNK), keys, keys.map(lambda key: key[:-3])), max_size=6).map(b"".join)
chunks = st.tuples(encoders, plain).map(lambda pair: pair[0](pair[1]))
contents = st.lists(st.one_of(chunks, st.sampled_from(JUNK)), max_size=5).map(b"".join)
files = st.lists(
    st.builds(File, contents, binary=st.booleans(), gap=st.sampled_from([b"", b"\0", b"\0\0\0", b"a", b"0" * 40])),
    min_size=1,
    max_size=3,
).map(lambda made: [File(each.data, f"file {number}", each.binary, each.gap) for number, each in enumerate(made)])


@given(files, st.integers(1, 90))
def test_windows_change_nothing(stream: list[File], size: int) -> None:
    """The matches of a stream are those of its files, at any window size and whatever lies between them."""
    assert windowed(SCREENED, size, *stream) == whole(SCREENED, *stream)


fillers = st.sampled_from(
    [b"\n" * 30_000, b"a" * 40_000, b"\0" * 20_000, b"QUJD" * 10_000, b"k\0" * 20_000, (b"QUJD" * 19 + b"\n") * 500]
)


@given(st.lists(st.one_of(contents, fillers), min_size=4, max_size=12).map(b"".join), st.integers(3_000, 30_000))
def test_reach_is_far_enough(data: bytes, size: int) -> None:
    """A window with no more around it than the engine asks for gives the matches of the whole file.

    The distance of siblings is made short, so that windows do end between them.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "SIBLING", 600)
        engine = Engine(STRIPE, now=NOW)
        assert engine.reach_behind < 80_000
        file = File(data)
        assert windowed(engine, size, file) == whole(engine, file)


@given(files)
def test_the_screen_changes_nothing(stream: list[File]) -> None:
    """The matches with the screen are those of the automaton alone."""
    assert whole(UNSCREENED, *stream) == whole(SCREENED, *stream)


@given(contents, contents, contents)
def test_nothing_outside_a_file_counts(before: bytes, inside: bytes, after: bytes) -> None:
    """What surrounds a file in the buffer has no influence on its matches."""
    file = File(inside)
    view = SCREENED.open(before + inside + after)
    candidates = view.candidates(0, len(before + inside + after))
    found = view.confirm(candidates, len(before), len(before) + len(inside))
    shifted = [(match.start - len(before), match.secret, match.encoding, match.confidence) for match in found]
    assert shifted == [(each.start, each.secret, each.encoding, each.confidence) for each in whole(SCREENED, file)]


OUTSIDE = [b"a", b"stripe", b"***", b"...", b"=", b"0" * 40, b"\0", b"aB3dE5fG", b"\x40"]


@over("key", [*ALL, ALL[0][:-1], ALL[2][:-1]])
@over("encode", _ENCODERS)
@over("binary", [False, True])
def test_a_credential_at_a_border_stops_there(key: str, encode: Callable[[bytes], bytes], binary: bool) -> None:
    """A file that is nothing but a credential, whole or cut, is the same whatever touches it."""
    inside = encode(key.encode())
    alone = [(each.start, each.secret, each.confidence) for each in SCREENED.search(inside, binary=binary)]
    for outside in OUTSIDE:
        for before, after in ((outside, outside), (outside, encode(outside)), (encode(outside), b"")):
            view = SCREENED.open(before + inside + after)
            low, high = len(before), len(before) + len(inside)
            found = view.confirm(view.candidates(0, high), low, high, binary=binary)
            assert [(each.start - low, each.secret, each.confidence) for each in found] == alone, (before, after)


@over("key", [Keys(2).secret(247), Keys(2).organization(length=260), Keys(2).app(260)])
@over("encode", _ENCODERS)
def test_the_longest_credentials_are_whole_in_every_encoding(key: str, encode: Callable[[bytes], bytes]) -> None:
    """The decoders reach as far as the longest credentials do, and a little further."""
    line = f"STRIPE={key}; "
    assert [match.secret.decode() for match in SCREENED.search(encode(line.encode()))] == [key]
    masked = f"STRIPE={key}..."
    assert SCREENED.search(encode(masked.encode())) == []


@given(contents)
def test_matches_ascend_and_carry_their_secret(data: bytes) -> None:
    """Matches ascend, share at most one byte, and a plain carrier is the secret itself."""
    end = 0
    for match in SCREENED.search(data):
        assert end - 1 <= match.start < match.end <= len(data)
        assert match.encoding != "plain" or data[match.start : match.end] == match.secret
        end = match.end


@given(
    st.lists(st.tuples(keys, encoders, st.sampled_from([b"\n\n", b'"\n', b":\n\n:"])), min_size=1, max_size=6),
)
def test_no_planted_key_is_missed(planted: list[tuple[bytes, Callable[[bytes], bytes], bytes]]) -> None:
    """Every key that is in a file between lines, in whatever encoding, is found."""
    data = b""
    for key, encode, line in planted:
        data += line + encode(key) + line
        data += b"\n" * (len(data) % 2)
    found = [match.secret for match in SCREENED.search(data)]
    assert found == [key for key, _, _ in planted]


@given(st.binary(max_size=400), st.integers(0, 400), st.sampled_from(_ENCODERS[:3]))
def test_a_structured_key_is_found_anywhere(noise: bytes, at: int, encode: Callable[[bytes], bytes]) -> None:
    """A structured key is found in any bytes whatever, as a naive search for it would."""
    key = ALL[0].encode()
    at = min(at, len(noise))
    carrier = encode(key)
    data = noise[:at] + carrier + noise[at:]
    assert key in [match.secret for match in SCREENED.search(data)]
    assert data.find(carrier) >= 0
