"""Credentials in pieces: which pieces are joined, and how far."""

from __future__ import annotations

from imgscan.detect.encodings import Form, Reach, Span
from imgscan.detect.stripe import STRIPE
from tests.detect.driver import PLAIN
from tests.detect.tables import over

ANCHOR = b"k_" + b"live_"
REACH = Reach(300, 300)
BODY = b"5" + b"a1B2" * 60


class Near(bytes):
    """Bytes that no search may cross at large."""

    def rfind(self, sub: bytes, start: int, end: int) -> int:  # type: ignore[override]
        """Find as bytes do."""
        assert 0 <= end - start <= 64
        return super().rfind(sub, start, end)


def joined(data: bytes, *, low: int = 0, high: int | None = None) -> list[bytes]:
    """Return what the first anchor is read as, without its text as it is."""
    form = Form(PLAIN, ANCHOR, ANCHOR)
    first, *others = PLAIN.read(data, data.index(ANCHOR), Span(low, len(data) if high is None else high), form, REACH)
    assert first.encoding == "plain"
    return [text.data for text in others]


def halves(data: bytes, at: int, *, low: int = 0, high: int | None = None) -> list[bytes]:
    """Return what an anchor that is cut behind `at` characters is read as, by any of the literals that are in it."""
    found = []
    for literal, lead, cut in PLAIN.cuts(ANCHOR):
        if cut is not None and cut.at == at and literal in data:
            form = Form(PLAIN, ANCHOR, literal, lead, cut)
            span = Span(low, len(data) if high is None else high)
            found += [text.data for text in PLAIN.read(data, data.index(literal), span, form, REACH)]
    return found


def test_an_anchor_is_cut_anywhere() -> None:
    """The half that is looked for has two characters at least, and what touches it."""
    cuts = {(len(literal), lead, *cut) for literal, lead, cut in PLAIN.cuts(ANCHOR) if cut is not None}
    assert cuts == {(7, 0, ANCHOR, 1, True)} | {(at + 1, 0, ANCHOR, at, False) for at in range(2, 7)}


def test_what_follows_the_anchor_of_no_key_is_not_joined() -> None:
    """Keys that prove themselves continue with a five, ephemeral ones with a Y."""
    assert joined(b"s" + ANCHOR + b'5a" + "bc"') == [b"s" + ANCHOR + b"5abc"]
    assert joined(b"s" + ANCHOR + b'Ya" + "bc"') == [b"s" + ANCHOR + b"Yabc"]
    assert joined(b"s" + ANCHOR + b'4a" + "bc"') == []


@over("before", [0, 1, 1000])
@over("first", [100, 115, 116, 120])
def test_so_many_characters_are_joined_and_no_more(before: int, first: int) -> None:
    """Pieces are added until there are 128 characters from the prefix on, wherever in the file that is."""
    start = b"=" * before + b"s" + ANCHOR
    prefix = b"=" * min(before, STRIPE.splits.before - 1) + b"s" + ANCHOR
    whole = prefix + BODY[:first]
    expected = [whole + b"xyz"] if len(whole) < 128 else []
    assert joined(start + BODY[:first] + b'" + "xyz"') == expected


@over("second", [10, 100, 108, 109, 120])
def test_a_third_piece_is_added_where_two_are_too_short(second: int) -> None:
    """The characters of all pieces count."""
    whole = b"s" + ANCHOR + b"5abcdefghij" + BODY[:second]
    data = b"s" + ANCHOR + b'5abcdefghij" + "' + BODY[:second] + b'" + "xyz"'
    assert joined(data) == [whole + b"xyz" * (len(whole) < 128)]


@over("cut", range(1, 20))
def test_no_piece_goes_beyond_the_file(cut: int) -> None:
    """What follows the file's end is no part of a piece, and ends no glue."""
    data = b"s" + ANCHOR + b'5abcd" + "efgh" + "ijkl'
    high = len(data) - cut
    expected = b"s" + ANCHOR + b"".join(data[8:high].replace(b'"', b" ").replace(b"+", b" ").split())
    assert joined(data, high=high) == ([expected] if high > data.index(b"efgh") else [])


@over("sizes", [(3, 9), (9, 3), (5, 5)])
def test_each_character_of_three_pieces_stands_where_it_does(sizes: tuple[int, int]) -> None:
    """Behind one gap, and behind two."""
    first, second = b"s" + ANCHOR + b"5" + b"a" * sizes[0], b"b" * sizes[1]
    data = b'x = "' + first + b'" + "' + second + b"' . '" + b"cdefg"
    form = Form(PLAIN, ANCHOR, ANCHOR)
    _, text = PLAIN.read(data, data.index(ANCHOR), Span(0, len(data)), form, REACH)
    assert bytes(data[text.begin(index)] for index in range(len(text.data))) == text.data
    assert [text.end(index + 1) for index in range(len(text.data))] == [
        text.begin(index) + 1 for index in range(len(text.data))
    ]


@over(
    ("glue", "expected"),
    [
        (b'" rb"', True), (b'" urb"', False),
        (b"\n" + b" " * 48 + b"#" + b" " * 4, True), (b"\n" + b" " * 49 + b"#", False), (b"\n#" + b" " * 5, False),
        (b"\n" + b" " * 52, True), (b"\n" + b" " * 53, False),
        (b"\\n" + b" " * 48, True), (b"\\n" + b" " * 49, False),
    ],
)  # fmt: skip
def test_what_may_stand_between_pieces(glue: bytes, expected: bool) -> None:
    """Two letters before a quotation mark, indents as they occur."""
    assert joined(b"s" + ANCHOR + b"5ab" + glue + b"cd") == [b"s" + ANCHOR + b"5abcd"] * expected


def test_plain_text_takes_a_byte_a_character() -> None:
    """Joining looks no farther than context does."""
    assert (PLAIN.name, PLAIN.num, PLAIN.den, PLAIN.slack) == ("plain", 1, 1, 0)


def test_no_first_piece_goes_beyond_the_file() -> None:
    """The piece with the anchor ends with the file too."""
    data = b's" + "' + ANCHOR + b"5abcdef"
    assert joined(data, high=len(data) - 3) == [b"s" + ANCHOR + b"5abc"]


@over("at", range(1, 7))
@over("before", [b"s", b"==s"])
def test_the_halves_of_an_anchor_are_joined(at: int, before: bytes) -> None:
    """Wherever it is cut, whatever precedes it, and with the rest of the key."""
    data = before + ANCHOR[:at] + b'" + "' + ANCHOR[at:] + b"5abc"
    assert halves(data, at) == [before + ANCHOR + b"5abc"]
    assert halves(data[len(before) :], at) == [ANCHOR + b"5abc"]


@over("at", range(1, 7))
def test_both_halves_are_in_the_file(at: int) -> None:
    """A half before the file's beginning or behind its end is none of it."""
    data = b"s" + ANCHOR[:at] + b'" + "' + ANCHOR[at:] + b"5abc"
    assert halves(data, at, high=data.rindex(b"5") + 1) == [b"s" + ANCHOR + b"5"]
    if at > 1:
        assert halves(data, at, high=data.rindex(b"5")) == []
    else:
        assert halves(data, at, low=2) == []
        assert halves(data, at, low=1) == [ANCHOR + b"5abc"]


@over("spaces", [0, 56, 57])
def test_the_first_half_is_near(spaces: int) -> None:
    """What is between two string literals has 56 characters at most, and nobody looks farther."""
    data = Near(b"k" * 100 + b'sk"' + b" " * spaces + b'"' + ANCHOR[1:] + b"5abc")
    assert halves(data, 1) == ([b"kksk" + ANCHOR[1:] + b"5abc"] if spaces <= 56 else [])
