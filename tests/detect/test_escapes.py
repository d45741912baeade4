"""Escapes: how anchors look in them, what they stand for, and where their characters are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.detect.encodings import Form, Reach, Shared, Span
from imgscan.detect.encodings.escapes import ESCAPED, PERCENT
from imgscan.detect.encodings.form import Encoding, Literal
from imgscan.detect.stripe import STRIPE
from tests.detect.driver import PLAIN
from tests.detect.tables import over

if TYPE_CHECKING:
    from imgscan.detect.encodings import Text


def read(
    encoding: Encoding, data: bytes, position: int, reach: Reach, *, low: int = 0, high: int | None = None
) -> Text:
    """Return the only reading of a literal that is at a position."""
    form = Form(encoding, b"_", b"_", inner=Form(PLAIN, b"_", b"_"))
    [text] = encoding.read(data, position, Span(low, len(data) if high is None else high), form, reach)
    return text


def test_what_percent_signs_make_of_an_anchor() -> None:
    """They stand for its underscores or for all of it, with digits of either case."""
    assert list(PERCENT.literals(b"k_o")) == [
        Literal(b"k%5Fo"),
        Literal(b"k%5fo"),
        Literal(b"%6B%5F%6F"),
        Literal(b"%6b%5f%6f"),
    ]
    assert list(PERCENT.literals(b"ko")) == [Literal(b"%6B%6F"), Literal(b"%6b%6f")]


UNDERSCORES = [
    "\\u005f", "\\u005F", "\\u{5f}", "\\u{5F}", "\\x5f", "\\x5F", "\\137",
    "&#95;", "&#095;", "&#x5f;", "&#x5F;", "&#X5F;", "&lowbar;", "&UnderBar;",
]  # fmt: skip


def test_what_escapes_make_of_an_anchor() -> None:
    """Each stands for its underscores; those of source code for all of it too."""
    whole = [b"\\x6b\\x5f", b"\\x6B\\x5F", b"\\u006b\\u005f", b"\\u006B\\u005F"]
    expected = [Literal(b"k" + escape.encode()) for escape in UNDERSCORES] + [Literal(each) for each in whole]
    assert list(ESCAPED.literals(b"k_")) == expected
    assert list(ESCAPED.literals(b"ko")) == [
        Literal(b"\\x6b\\x6f"),
        Literal(b"\\x6B\\x6F"),
        Literal(b"\\u006b\\u006f"),
        Literal(b"\\u006B\\u006F"),
    ]


def test_no_line_break_stands_inside_of_an_escaped_anchor() -> None:
    """There are no halves of it to be looked for."""
    assert [list(encoding.cuts(b"k_live_")) for encoding in (PERCENT, ESCAPED)] == [[], []]


def test_what_encodings_of_escapes_say_of_their_size() -> None:
    """Three bytes a character, or six, and the widest escape once."""
    assert (PERCENT.name, PERCENT.num, PERCENT.den, PERCENT.slack) == ("percent", 3, 1, 10)
    assert (ESCAPED.name, ESCAPED.num, ESCAPED.den, ESCAPED.slack) == ("escaped", 6, 1, 10)


@over(
    ("escape", "byte"),
    [(escape, b"_") for escape in UNDERSCORES]
    + [
        ("\\u00ff", b"\xff"), ("\\u0100", b"?"), ("\\u{e9}", b"\xe9"), ("\\u{1F511}", b"?"), ("\\x00", b"\0"),
        ("\\377", b"\xff"), ("\\400", b"\\400"), ("&#233;", b"\xe9"), ("&#256;", b"?"), ("&#x100;", b"?"),
        ("&amp;", b"&amp;"), ("%5F", b"%5F"),
        ("\\u{9}", b"\t"), ("\\u{000041}", b"A"), ("\\u{}", b"\\u{}"), ("\\u{0000041}", b"\\u{0000041}"),
        ("&#9;", b"\t"), ("&#0000065;", b"A"), ("&#;", b"&#;"), ("&#00000065;", b"&#00000065;"),
        ("&#x9;", b"\t"), ("&#x000041;", b"A"), ("&#x;", b"&#x;"), ("&#x0000041;", b"&#x0000041;"),
    ],
)  # fmt: skip
def test_what_an_escape_stands_for(escape: str, byte: bytes) -> None:
    """A character of Latin-1 by its number, in the base that the escape is written in; others are a question mark."""
    data = b"a" + escape.encode() + b"b"
    text = read(ESCAPED, data, 0, Reach(99, 99))
    assert (text.encoding, text.data, text.at, text.settles) == ("escaped", b"a" + byte + b"b", 0, True)


def test_what_a_percent_sign_stands_for() -> None:
    """A byte, by its two digits; nothing if there are none."""
    text = read(PERCENT, b"a%5f%C3%a9%G0%5b", 0, Reach(99, 99))
    assert (text.encoding, text.data, text.at, text.settles) == ("percent", b"a_\xc3\xa9%G0[", 0, True)


@over(
    ("encoding", "data", "pieces"),
    [
        (PERCENT, b"x%3Dsk%5Fl%5f%35a", [b"x", b"%3D", b"s", b"k", b"%5F", b"l", b"%5f", b"%35", b"a"]),
        (ESCAPED, b"\\x3dk&#95;a\\u{5f}", [b"\\x3d", b"k", b"&#95;", b"a", b"\\u{5f}"]),
    ],
)  # fmt: skip
def test_each_character_stands_where_its_escape_does(encoding: Encoding, data: bytes, pieces: list[bytes]) -> None:
    """It begins with the first byte of the escape and ends with the last."""
    ends = [sum(map(len, pieces[: index + 1])) for index in range(len(pieces))]
    for at in [0, *ends[:-1]]:
        text = read(encoding, data, at, Reach(99, 99))
        assert len(text.data) == len(pieces)
        assert [text.begin(index) for index in range(len(pieces))] == [0, *ends[:-1]]
        assert [text.end(index + 1) for index in range(len(pieces))] == ends
        assert text.begin(text.at) == at


@over(("encoding", "escape"), [(PERCENT, b"%5F"), (ESCAPED, b"&lowbar;")])
def test_an_escape_that_ends_behind_the_file_is_none(encoding: Encoding, escape: bytes) -> None:
    """What the end of the file cuts off is what it is."""
    data = b"a" + escape + b"b" + escape
    for missing in range(1, len(escape) + 1):
        text = read(encoding, data, 0, Reach(99, 99), high=len(data) - missing)
        assert text.data == b"a_b" + escape[:-missing]


@over(("encoding", "width"), [(PERCENT, 3), (ESCAPED, 6)])
@over(("low", "high"), [(0, 400), (150, 400), (0, 220)])
def test_no_more_is_decoded_than_was_asked_for(encoding: Encoding, width: int, low: int, high: int) -> None:
    """As many bytes as the widest characters take, and one escape; nothing outside the file."""
    data = b"." * 400
    text = read(encoding, data, 200, Reach(10, 20), low=low, high=high)
    first, last = max(low, 200 - 10 * width - 10), min(high, 200 + 20 * width + 10)
    assert (text.base, text.at, text.low, text.high, len(text.data)) == (
        first,
        200 - first,
        0,
        last - first,
        last - first,
    )


SPELLINGS: dict[Encoding, list[bytes]] = {
    PERCENT: [b"%5F", b"%5f", b"%41", b"%4", b"%", b"a", b"F"],
    ESCAPED: [
        b"\\x5f", b"\\x41", b"\\u0041", b"\\u005F", b"\\u2026", b"\\u{5f}", b"\\137", b"\\101", b"&#95;", b"&#x5f;",
        b"&lowbar;", b"\\", b"\\x", b"\\u00", b"a", b"5",
    ],
}  # fmt: skip


@over("encoding", [PERCENT, ESCAPED])
@given(data=st.data())
@settings(deadline=None)
def test_escapes_in_a_row_are_what_each_is(encoding: Encoding, data: st.DataObject) -> None:
    """Runs of them are decoded together, and each character stands where it would by itself."""
    pieces = data.draw(st.lists(st.sampled_from(SPELLINGS[encoding]), min_size=1))
    joined = b".".join(pieces)
    apart = read(encoding, joined, 0, Reach(99, 999))
    for count in (1, 2, 5):
        rows = [piece * count for piece in pieces]
        text = read(encoding, b".".join(rows), 0, Reach(99, 9999))
        assert text.data.split(b".") == [read(encoding, piece * count, 0, Reach(99, 999)).data for piece in pieces]
    assert [apart.begin(index) for index in range(len(apart.data))] == sorted(
        {apart.begin(index) for index in range(len(apart.data))}
    )
    assert apart.end(len(apart.data)) == len(joined)


def test_what_is_decoded_for_many_is_what_is_read_for_one() -> None:
    """Of each block and a reach around it; a literal is found in it where it is."""
    for encoding, anchor in ((PERCENT, b"%5F"), (ESCAPED, b"\\x5f")):
        data = (anchor + b"abc%41\\101") * 6000
        shared, form = (
            Shared(data, 0, len(data), STRIPE.reach),
            Form(encoding, b"_", anchor, inner=Form(PLAIN, b"_", b"_")),
        )
        view, sight = encoding.view, encoding.sight
        assert view is not None
        assert sight is not None
        for position in (0, len(data) // 2 // 13 * 13, data.rindex(anchor)):
            (inside, at, settles, low, high, rival), *others = view(position, form, shared, Span(0, len(data))) or []
            assert (others, rival) == ([], None)
            text = read(encoding, data, position, Reach(50, 50))
            assert inside.text is not None
            near = slice(max(0, at - 20), at + 20)
            assert inside.data[near] == text.data[max(0, text.at - 20) : text.at + 20]
            assert inside.text.begin(at) == position
            assert (settles, low, high) == (text.settles, 0, len(inside.data))
            assert list(sight(position, form, shared)) == [(inside, at)]
