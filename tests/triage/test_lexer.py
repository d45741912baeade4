"""The words of a Dockerfile: splitting, pairs, variables, patterns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscan.triage.lexer import LONGEST, UNKNOWN, collapse, expand, fits, join, pairs, split

VALUES = {"set": "value", "empty": "", "dotted": "a.b"}
TEXTS = st.text(alphabet="ab \t'\"\\`${}:-+=\0", max_size=40)


def test_words_end_at_white_space_outside_of_quotes() -> None:
    """A word is what is between white space that is neither quoted nor escaped, as it is written."""
    table: list[tuple[str, list[str]]] = [
        ("a b", ["a", "b"]),
        ("  a\t b ", ["a", "b"]),
        ('a="b c" d', ['a="b c"', "d"]),
        ("a='b \"c' d", ["a='b \"c'", "d"]),
        (r"a\ b c", [r"a\ b", "c"]),
        (r'a="b\" c" d', [r'a="b\" c"', "d"]),
        (r"a='b\' c", [r"a='b\'", "c"]),
        ("a='open end", ["a='open end"]),
        ("", []),
    ]
    for text, words in table:
        assert [word for _, word in split(text)] == words, (text, words)


@given(TEXTS)
def test_words_stand_where_they_are_said_to(text: str) -> None:
    """Each word is found in the text at its offset, and what is between them is white space."""
    rest = list(text)
    for offset, word in split(text):
        assert text.startswith(word, offset)
        rest[offset : offset + len(word)] = " " * len(word)
    assert not "".join(rest).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1 B=2", [("A", "1"), ("B", "2")]),
        ('A="x y" B=', [("A", '"x y"'), ("B", "")]),
        ("A x  y=z ", [("A", "x  y=z")]),
        ("A", [("A", "")]),
        ("A=b=c", [("A", "b=c")]),
        ("", []),
    ],
)
def test_pairs_in_both_spellings(text: str, expected: list[tuple[str, str]]) -> None:
    """ENV is read as `NAME=value…` or, where the first word has no equals sign, as `NAME the rest`."""
    assert pairs(text) == expected


def test_expansion() -> None:
    """Quotes go and variables come, as the reference says; what cannot be known is unknown."""
    table: list[tuple[str, str]] = [
        ("$set", "value"),
        ("${set}", "value"),
        ("a${set}b", "avalueb"),
        ("$set.$empty.", "value.."),
        (r"\$set", "$set"),
        (r"\${set}", "${set}"),
        ("'$set'", "$set"),
        ('"$set"', "value"),
        ('"a\'b"', "a'b"),
        (r'"a\"b"', 'a"b'),
        (r'"a\b"', r"a\b"),
        (r"a\ b", "a b"),
        ("${set:-other}", "value"),
        ("${unset:-other}", "other"),
        ("${empty:-other}", "other"),
        ("${empty-other}", ""),
        ("${unset-other}", "other"),
        ("${set:+other}", "other"),
        ("${unset:+other}", ""),
        ("${empty:+other}", ""),
        ("${empty+other}", "other"),
        ("${unset:-${set}}", "value"),
        ("${unset:-a}b}", "ab}"),
        ("${set:?must be set}", "value"),
        ("$unset", UNKNOWN),
        ("${set%e}", UNKNOWN),
        ("$", "$"),
        ("a$ b", "a$ b"),
        ("${", "${"),
        ("${set", "value"),
        ("100%", "100%"),
    ]
    for text, value in table:
        assert expand(text, VALUES.get) == value, (text, value)


def test_expansion_with_the_other_escape() -> None:
    """With `escape=`` the backslash is a character like any other, as Windows paths need it."""
    assert expand("C:\\dir\\$set `$set", VALUES.get, "`") == "C:\\dir\\value $set"


def test_expansion_has_an_end() -> None:
    """A value that doubles at each step is unknown before it is large."""
    value = "ab"
    for _ in range(60):
        value = expand("$x$x", {"x": value}.get)
        assert len(value) <= LONGEST
    assert value == UNKNOWN + UNKNOWN or UNKNOWN in value


def test_nesting_has_an_end() -> None:
    """Defaults in defaults are followed some levels deep; below that the value is unknown."""
    assert expand("${u:-" * 500 + "x" + "}" * 500, VALUES.get) == UNKNOWN


@given(TEXTS)
def test_expansion_takes_any_text(text: str) -> None:
    """No text makes the lexer fail."""
    assert isinstance(expand(text, VALUES.get), str)


def test_patterns() -> None:
    """An unknown value stands for any text, once, and overlaps with nothing."""
    table: list[tuple[str, str, bool]] = [
        ("abc", "abc", True),
        ("abc", "abcd", False),
        (f"a{UNKNOWN}c", "abbbc", True),
        (f"a{UNKNOWN}c", "ac", True),
        (f"a{UNKNOWN}c", "acd", False),
        (f"ab{UNKNOWN}bc", "abc", False),
        (UNKNOWN, "", True),
        (f"{UNKNOWN}b{UNKNOWN}", "abc", True),
        (f"{UNKNOWN}x{UNKNOWN}", "abc", False),
        (f"a{UNKNOWN}b{UNKNOWN}c", "a-b-c", True),
        (f"a{UNKNOWN}b{UNKNOWN}c", "a-c", False),
    ]
    for pattern, text, fitting in table:
        assert fits(pattern, text) is fitting, (pattern, text, fitting)


def test_white_space_collapses() -> None:
    """Runs of white space, line ends included, count as one space."""
    assert collapse(" a \n\t b ") == "a b"


def test_joined_words_have_an_end() -> None:
    """What would be very long ends in an unknown rest."""
    joined = join("x" * 1000 for _ in range(10_000))
    assert joined.endswith(UNKNOWN)
    assert len(joined) < 20 * LONGEST
