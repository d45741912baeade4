"""Runs of base64 and hexadecimal digits: how they are put together from lines, and read."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from imgscan.detect.encodings import Form, Reach, Span
from imgscan.detect.encodings.digits import BASE64_DIGITS, HEX_DIGITS, LONGEST_BREAK, ends_of_cut
from imgscan.detect.encodings.form import Cut, Literal
from imgscan.detect.encodings.runs import BASE64, HEX, _Run
from tests.detect.driver import PLAIN
from tests.detect.tables import over

if TYPE_CHECKING:
    from imgscan.detect.encodings.digits import Alphabet
    from imgscan.detect.encodings.text import Text

MARK = b"X2xpdmVf"
"""Where a run's literal is in these tests: eight digits, two quanta."""


def run(
    data: bytes, *, low: int = 0, high: int | None = None, behind: int = 400, ahead: int = 400, lead: int = 0,
    alphabet: Alphabet = BASE64_DIGITS,
) -> _Run:  # fmt: skip
    """Make the run around the mark."""
    at = data.index(MARK)
    span = Span(low, len(data) if high is None else high)
    return _Run(data, span, alphabet, [(at, at + len(MARK))], lead, Reach(behind, ahead))


def digits(count: int, seed: int = 1) -> bytes:
    """Make digits at random, none of which is a delimiter."""
    return bytes(
        random.Random(seed).choices(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=count)
    )


def lines(before: list[int], own: tuple[int, int], behind: list[int], newline: bytes = b"\n") -> bytes:
    """Make lines of so many digits; the mark is in one of its own, with so many digits before and behind it."""
    made = [digits(count, seed) for seed, count in enumerate(before)]
    made.append(digits(own[0], 50) + MARK + digits(own[1], 51))
    made += [digits(count, seed) for seed, count in enumerate(behind, 60)]
    return newline.join(made) + newline


def lengths(made: _Run) -> list[int]:
    """Return how many digits each piece has."""
    return [end - start for start, end in made.pieces]


def wraps(data: bytes, *, low: int = 0, high: int | None = None) -> bool:
    """Tell whether the line of the mark continues in another one, or continues one."""
    return run(data, low=low, high=high, behind=3000, ahead=3000).wrapped()


# literals


def test_literals_are_the_digits_that_depend_on_nothing_else() -> None:
    """With how many digits of their quantum precede them."""
    assert list(BASE64.literals(b"_live_")) == [
        Literal(b"X2xpdmVf", 0),
        Literal(b"9saXZlX", 2),
        Literal(b"fbGl2ZV", 3),
    ]
    assert list(HEX.literals(b"_L")) == [Literal(b"5f4c", 0), Literal(b"5F4C", 0)]


def test_both_alphabets_have_literals_where_they_differ() -> None:
    """A literal with a plus sign or a slash has a twin with a dash or an underscore, in the same place."""
    made = list(BASE64.literals(b"~~~???"))
    twins = {b"fn5-Pz8_", b"5-fj8_P", b"-fn4_Pz", b"fn5+Pz8/", b"5+fj8/P", b"+fn4/Pz"}
    assert twins == {literal for literal, _, _ in made}
    assert [(made[at].lead, made[at + 1].lead) for at in (0, 2, 4)] == [(0, 0), (2, 2), (3, 3)]


@over("encoding", [BASE64, HEX])
def test_a_literal_is_cut_anywhere(encoding: object) -> None:
    """The longer half is looked for, the first where they are equal, with the byte of the break that touches it."""
    expected = []
    for whole, lead, _ in encoding.literals(b"_live_"):  # type: ignore[attr-defined]
        for at in range(1, len(whole)):
            if 2 * at >= len(whole):
                expected += [Literal(whole[:at] + end, lead, Cut(whole, at, after=False)) for end in (b"\n", b"\r")]
            else:
                starts = (b"\n", b" ", b"\t")
                expected += [Literal(start + whole[at:], lead, Cut(whole, at, after=True)) for start in starts]
    assert list(encoding.cuts(b"_live_")) == expected  # type: ignore[attr-defined]


def test_digits_that_make_no_whole_byte_are_left_out() -> None:
    """One digit of base64 too many, or of two of a byte."""
    assert [BASE64_DIGITS.decode(made) for made in (b"QUJD", b"QUJDQ", b"QUJDQU", b"QUJDQUI", b"-_-_")] == [
        b"ABC", b"ABC", b"ABCA", b"ABCAB", b"\xfb\xff\xbf",
    ]  # fmt: skip
    assert [HEX_DIGITS.decode(made) for made in (b"4142", b"41424", b"4A4b")] == [b"AB", b"AB", b"JK"]


# where cut literals are


@over("after", [False, True])
def test_both_halves_of_a_cut_literal_are_in_the_file(after: bool) -> None:
    """They may be the first and the last of it, and nothing outside it completes one."""
    data = b"..X2xp\n  dmVf.."
    cut = Cut(MARK, 4, after=after)
    position = data.index(b" dmVf") if after else data.index(b"X2xp")
    found = [(2, 6), (9, 13)]
    assert ends_of_cut(data, position, Span(2, 13), cut) == found
    assert ends_of_cut(data, position, Span(3, 13), cut) is (None if after else found) or not after
    if not after:
        assert ends_of_cut(data, position, Span(2, 12), cut) is None


# lines that belong together


@over(
    ("own", "behind", "ahead", "expected"),
    [
        ((0, 56), [64, 64, 64], 128, [64, 64]),
        ((0, 56), [64, 64, 64], 129, [64, 64, 64]),
        ((0, 56), [64, 64, 64], 192, [64, 64, 64]),
        ((0, 56), [64, 64, 64], 193, [64, 64, 64, 64]),
        ((40, 16), [64, 64, 64], 88, [64, 64]),
        ((40, 16), [64, 64, 64], 89, [64, 64, 64]),
        ((0, 56), [64, 64, 30], 900, [64, 64, 64, 30]),
    ],
)
def test_lines_behind_are_taken_as_far_as_they_are_needed(
    own: tuple[int, int], behind: list[int], ahead: int, expected: list[int]
) -> None:
    """What counts is the number of digits from the literal on."""
    made = run(lines([], own, behind), ahead=ahead)
    assert made.wrapped()
    assert lengths(made) == expected


@over(
    ("behind", "expected"),
    [(40, [48]), (41, [41, 48]), (64, [64, 48]), (104, [64, 48]), (105, [64, 64, 48]), (900, [64, 64, 64, 48])],
)
def test_lines_before_are_taken_as_far_as_they_are_needed(behind: int, expected: list[int]) -> None:
    """What counts is the number of digits before the literal; of a line no more is read than that."""
    made = run(lines([64, 64, 64], (40, 0), []), behind=behind)
    assert made.wrapped() == (len(expected) > 1)
    assert lengths(made) == expected
    assert made.at == sum(expected) - 8


def test_a_run_is_no_longer_than_it_is_needed() -> None:
    """Neither before the literal nor behind it, nor are more bytes looked at than twice that and a break."""
    data = b"." * 1000 + digits(1000) + MARK + digits(1000) + b"." * 1000
    made = run(data, behind=300, ahead=200)
    assert (made.at, lengths(made)) == (300, [300 + 8 + 200])
    at = data.index(MARK)
    assert (made._low, made._high) == (at - 600 - LONGEST_BREAK, at + 8 + 400 + LONGEST_BREAK)
    short = run(data, behind=300, ahead=200, low=at - 5, high=at + 10)
    assert (short.at, lengths(short), short._low, short._high) == (5, [15], at - 5, at + 10)


@over("offset", [0, 3000])
@over(
    ("data", "expected"),
    [
        (MARK + digits(56) + b"\n" + digits(64) + b"\n", True),
        (MARK + digits(56) + b"\r\n" + digits(20) + b"==\r\n", True),
        (MARK + digits(56) + b"\n\t" + digits(64) + b"\n", True),
        (MARK + digits(56) + b"\n        " + digits(64) + b"\n", True),
        (MARK + digits(56) + b"\n" + digits(65) + b"\n", False),
        (MARK + digits(56) + b"\n        " + digits(65) + b"\n", False),
        (b"data: " + MARK + digits(50) + b"\n" + digits(64) + b"\n", True),
        (b"data: " + MARK + digits(50) + b"\n  " + digits(62) + b"\n", True),
        (b"data: " + MARK + digits(50) + b"\n" + digits(65) + b"\n", False),
        (b"data: " + MARK + digits(50) + b"\n  " + digits(63) + b"\n", False),
        (MARK + digits(56) + b"\n" + digits(30) + b" text\n", False),
        (MARK + digits(56) + b"\n" + digits(30) + b'"', True),
        (MARK + digits(56) + b"\n" + digits(30) + b'"x', False),
        (MARK + digits(56) + b"\n\n" + digits(30) + b"\n", False),
        (MARK + digits(56) + b"\n" + b" " * 64 + digits(30) + b"\n", True),
        (MARK + digits(56) + b"\n" + b" " * 65 + digits(30) + b"\n", False),
        (digits(64) + b"\n" + b" " * 64 + MARK + digits(20) + b"\n", True),
        (digits(64) + b"\n" + b" " * 65 + MARK + digits(20) + b"\n", False),
        (MARK + digits(56) + b"\n" + digits(30) + b"===\n", False),
        (digits(64) + b"\n\n" + MARK + digits(20) + b"\n", False),
        (digits(64) + b"\n" + MARK + digits(20) + b"\n", True),
        (digits(20) + b"\n" + MARK + digits(20) + b"\n", False),
        (MARK + digits(1015) + b"\n" + digits(1023) + b"\n", True),
        (MARK + digits(1016) + b"\n" + digits(1024) + b"\n", False),
        (MARK + digits(1200) + b"\n" + digits(1025) + b"\n", False),
    ],
)
def test_what_a_wrap_is(data: bytes, expected: bool, offset: int) -> None:
    """The next line holds nothing else and is no longer: by its digits, or by its columns with label and indent."""
    assert wraps(b"." * offset + b"\n" + b"#" * 90 + b"\n" + data + b"{ }\n" + b"." * 70) is expected


def test_lines_outside_of_the_file_do_not_count() -> None:
    """A line is as long as the file has it, and what follows the file is not behind a line."""
    data = digits(64) + b"\n" + MARK + digits(56) + b"\n"
    assert wraps(data)
    assert not wraps(data, low=30)
    assert not wraps(b"k\n" + b"y" * 30 + data, low=62)
    data = MARK + digits(56) + b"\n" + digits(30) + b'"x'
    assert wraps(data, high=len(data) - 1)


# what the digits say


@over(
    ("own", "behind", "expected"),
    [
        ((0, 52), [60, 28], True),
        ((0, 51), [59, 30], False),
        ((0, 52), [60, 27], False),
        ((0, 68), [76], True),
        ((0, 69), [75], False),
        ((0, 69), [76, 75], True),
        ((0, 32), [40, 40], False),
    ],
)
@over("offset", [0, 1000])
def test_which_lines_an_encoder_may_have_written(
    own: tuple[int, int], behind: list[int], expected: bool, offset: int
) -> None:
    """They have 60 digits or more and make whole bytes; two lines of more than 76 are none."""
    made = run(b"." * offset + b"\n" + lines([], own, behind))
    assert made.wrapped()
    assert made.usual is expected


@over("offset", [0, 1000])
@over("lead", range(4))
@over("more", range(8))
@over("padding", [b"", b"=", b"==", b"==="])
def test_which_digits_make_whole_bytes(lead: int, more: int, padding: bytes, offset: int) -> None:
    """From the quantum of the literal on, with what pads them; where a run continues farther than is looked, all do."""
    made = run(b"." * offset + MARK + digits(more) + padding + b" ", lead=lead)
    assert made.whole() == ((8 + more + lead + min(len(padding), 2)) % 4 == 0)
    assert run(b"." * offset + MARK + digits(40), lead=lead, ahead=more).whole()
    assert run(b"." * offset + MARK + digits(more) + padding + b" ", lead=lead, ahead=8 + more).whole()


def test_a_single_line_is_not_wrapped() -> None:
    """What is in one line is recognised as such."""
    assert not wraps(b"a: " + digits(20) + MARK + digits(40) + b"\n")


# the way back


def places(text: Text, positions: list[int], digits: int, size: int) -> None:
    """Check that each character of a text is where its digits do, of which these are the positions."""
    first = positions.index(text.begin(0))
    for index in range(len(text.data)):
        assert text.begin(index) == positions[first + digits * index // size]
        assert text.end(index + 1) == positions[first - (-digits * (index + 1) // size) - 1] + 1


@over("newline", [b"\n", b"\r\n", b"\n    "])
@over("line", range(4))
@over("behind", [0, 3, 4, 21, 63, 64, 65, 100, 128, 129, 400])
@over("more", [[], [64], [64, 64]])
@over("lead", [0, 2, 3])
def test_each_character_stands_where_its_digits_do(
    newline: bytes, line: int, behind: int, lead: int, more: list[int]
) -> None:
    """In lines of a run, whichever of them the literal is in and however far the text reaches back."""
    data = lines([64] * line, (20 + lead, 36 - lead), more, newline)
    positions = [at for at, byte in enumerate(data) if byte not in b"\r\n "]
    made = run(data, behind=behind + lead, ahead=300, lead=lead)
    made.wrapped()
    all_digits = b"".join(data[start:end] for start, end in made.pieces)
    quantum = made.at - lead
    [text] = made.texts("name", settles=True)
    skipped = positions.index(text.begin(0)) - positions.index(made.pieces[0][0])
    assert (quantum - skipped) % 4 == 0
    assert 0 <= skipped - max(0, quantum - behind - lead) < 4
    assert text.data == BASE64_DIGITS.decode(all_digits[skipped:])
    assert text.at == (quantum - skipped) // 4 * 3 + lead * 3 // 4
    assert (text.encoding, text.settles) == ("name", True)
    places(text, positions, 4, 3)


def test_each_character_of_hexadecimal_lines_stands_where_its_digits_do() -> None:
    """Two digits a character."""
    text = bytes(range(60, 160))
    whole = text.hex().encode()
    data = b"\n".join(whole[at : at + 60] for at in range(0, len(whole), 60)) + b"\n"
    at = data.index(b"7071")
    form = Form(HEX, b"", b"7071", inner=Form(PLAIN, b"", b""))
    [read, *_] = HEX.read(data, at, Span(0, len(data)), form, Reach(900, 900))
    assert (read.data, read.at) == (text, 0x70 - 60)
    places(read, [place for place, byte in enumerate(data) if byte not in b"\n"], 2, 1)


@over("delimiter", [b"/", b"-", b"_", b"+"])
@over("before", [0, 1, 2, 7, 30])
@over("between", range(21))
@over("lead", [0, 2])
def test_a_text_may_begin_behind_a_delimiter(delimiter: bytes, before: int, between: int, lead: int) -> None:
    """If that is near and a quantum begins there; it is the less likely reading."""
    data = b": " * 100 + digits(before) + delimiter + digits(between + lead, 2) + MARK + digits(20) + b" "
    made = run(data, lead=lead)
    texts = list(made.texts("base64", settles=True))
    begins = 200 + before + 1
    aligned = between % 4 == 0
    if aligned and before < 3:
        assert texts[0].begin(0) == begins
    expected = aligned and between < 16 and before >= 3
    assert len(texts) == 1 + expected
    assert texts[-1].encoding == "base64"
    assert [text.settles for text in texts] == [True] * len(texts)
    if expected:
        assert texts[1].begin(0) == begins
        assert texts[1].data == BASE64_DIGITS.decode(data[begins:-1])


@over("between", range(20))
def test_without_a_delimiter_there_is_one_reading(between: int) -> None:
    """Nor does a delimiter count in the line before, or in hexadecimal digits."""
    assert len(list(run(b": " + digits(between) + MARK + b" ").texts("base64", settles=False))) == 1
    before = b"." * 70 + b"\n"
    made = run(
        before + digits(51) + b"/" + digits(8) + b"/" + digits(3) + b"\n" + digits(between) + MARK + digits(20) + b"\n"
    )
    assert made.wrapped()
    assert len(list(made.texts("base64", settles=False))) == 1
    at_the_end = run(digits(51) + b"/" + digits(12) + b"\n" + MARK + digits(20) + b"\n")
    assert at_the_end.wrapped()
    assert len(list(at_the_end.texts("base64", settles=False))) == 2


# readings


def readings(data: bytes, reach: Reach = Reach(600, 600)) -> list[tuple[str, bool, bytes]]:  # noqa: B008 - a tuple
    """Return the readings around the mark: what each is called, whether it settles what is there, and its text."""
    form = Form(BASE64, b"_live_", MARK, inner=Form(PLAIN, b"_live_", b"_live_"))
    made = BASE64.read(data, data.index(MARK), Span(0, len(data)), form, reach)
    return [(text.encoding, text.settles, text.data) for text in made]


def test_what_the_encodings_say_of_their_size() -> None:
    """Twice the digits of one line, for wraps and indents, and two quanta and breaks more."""
    assert (BASE64.name, BASE64.num, BASE64.den, BASE64.slack) == ("base64", 8, 3, 16 + 2 * 66)
    assert (HEX.name, HEX.num, HEX.den, HEX.slack) == ("hex", 4, 1, 8 + 2 * 66)


def test_a_single_line_settles_what_is_there() -> None:
    """There is no other reading of it."""
    line = digits(8) + MARK + digits(20, 2)
    assert readings(b": " + line + b";") == [("base64", True, BASE64_DIGITS.decode(line))]


def test_lines_of_an_encoder_settle_what_is_there() -> None:
    """The line by itself is the other reading."""
    first, second = MARK + digits(56), digits(40, 2)
    whole, line = BASE64_DIGITS.decode(first + second), BASE64_DIGITS.decode(first)
    assert readings(first + b"\n" + second + b"\n") == [("base64", True, whole), ("base64", False, line)]


@over("offset", [0, 2000])
@over(
    ("first", "second", "alone"),
    [
        (69, 11, False),
        (69, 20, False),
        (72, 10, True),
        (72, 20, False),
        (68, 10, False),
        (67, 10, False),
        (32, 10, False),
    ],
)
def test_other_lines_settle_nothing(first: int, second: int, alone: bool, offset: int) -> None:
    """Save one that is longer than encoders make them, makes whole bytes, and none with what follows."""
    own, other = MARK + digits(first), digits(second, 2)
    line, both = (BASE64_DIGITS.decode(made) for made in (own, own + other))
    data = b"." * offset + b"\n" + own + b"\n" + other + b"\n"
    assert readings(data) == [("base64", alone, line), ("base64", False, both)]


@over("form", [Form(BASE64, b"_live_", *each) for each in BASE64.literals(b"_live_")])
def test_as_much_is_read_as_was_asked_for(form: Form) -> None:
    """Whole quanta of it: ten characters before the anchor are twelve, and 20 from it on are at least as many."""
    data = digits(100) + b"AAAA"[: form.lead] + form.literal + digits(100)
    [text] = BASE64.read(data, 100 + form.lead, Span(0, len(data)), form, Reach(10, 20))
    assert text.at == 12 + form.lead * 3 // 4
    assert len(text.data) == len(BASE64_DIGITS.decode(digits(16 + form.lead + len(form.literal) + 32)))
