"""Which byte order wide characters are read in, and what they become."""

from __future__ import annotations

from imgscan.detect.encodings import Form, Reach, Span
from imgscan.detect.encodings.utf16 import UTF16
from tests.detect.driver import PLAIN
from tests.detect.tables import over

ANCHOR = b"k_live_"
[LITERAL] = [literal for literal, _, _ in UTF16.literals(ANCHOR)]
FORM = Form(UTF16, ANCHOR, LITERAL, inner=Form(PLAIN, ANCHOR, ANCHOR))
LITTLE, BIG = "utf-16-le", "utf-16-be"
TEXT = "sk_" + "live_x"


def texts(data: bytes, *, low: int = 0, high: int | None = None, origin: int = 0, aligned: bool = True) -> list[str]:
    """Return the byte orders in which the anchor is read, likeliest first."""
    span = Span(low, len(data) if high is None else high, origin, aligned)
    return [text.encoding for text in UTF16.read(data, data.index(LITERAL), span, FORM, Reach(8, 20))]


def decoded(text: str, codec: str) -> bytes:
    """Return what the characters of a text become that stand around an anchor."""
    data = text.encode(codec)
    position = data.index(LITERAL)
    [read] = [
        read for read in UTF16.read(data, position, Span(0, len(data)), FORM, Reach(99, 99)) if read.encoding == codec
    ]
    return read.data


def test_the_literal_is_the_anchor_with_zeros_between() -> None:
    """It begins and ends with the anchor's own characters, in either order."""
    assert LITERAL == "k_live_".encode(LITTLE)[:-1] == "k_live_".encode(BIG)[1:]


def test_zeros_on_one_side_tell_the_order() -> None:
    """Without a zero before or behind the literal there is one reading."""
    assert texts(b"\xff" + LITERAL + b"\0") == [LITTLE]
    assert texts(b"\0" + LITERAL + b"\xff") == [BIG]
    assert texts(b"\xff" + LITERAL + b"\xff") == []


def test_zeros_outside_of_the_file_tell_nothing() -> None:
    """The bytes before and behind the file are not its own."""
    assert texts(b"\0" + LITERAL + b"\0", low=1) == [LITTLE]
    assert texts(b"\0" + LITERAL + b"\0", high=14) == [BIG]


@over("low", [0, 1, 2])
@over("origin", [0, 1, 7, 8])
@over("before", [0, 1])
def test_offsets_in_the_file_tell_the_order(low: int, origin: int, before: int) -> None:
    """In a file of its own, units begin at even offsets, however much of it is plain in the other order."""
    data = b"\xff" * (low + before) + TEXT.encode(LITTLE) + b"\xff"
    little = (origin + before) % 2 == 0
    assert texts(data, low=low, origin=origin) == ([LITTLE, BIG] if little else [BIG, LITTLE])


@over("before", [0, 1])
@over("codec", [LITTLE, BIG])
def test_inside_of_an_encoding_the_longer_text_tells_the_order(codec: str, before: int) -> None:
    """Its first character is one more in little-endian text, its last in big-endian text, wherever units begin."""
    data = b"\xff" * (2 + before) + TEXT.encode(codec) + b"\xff\xff"
    assert texts(data, aligned=False)[0] == codec


@over("before", [0, 1])
def test_where_both_are_as_long_offsets_decide(before: int) -> None:
    """A zero in front makes the first character one of both orders."""
    data = b"\xff" * before + b"\0" + TEXT.encode(LITTLE) + b"\xff"
    assert texts(data, aligned=False)[0] == (BIG, LITTLE)[before]


def test_what_follows_the_file_makes_no_text_longer() -> None:
    """A character behind the file's end is none of it."""
    data = b"\xff\0" + TEXT.encode(LITTLE) + b"A"
    assert texts(data, aligned=False)[0] == BIG
    assert texts(data, aligned=False, high=len(data) - 1)[0] == LITTLE


@over("codec", [LITTLE, BIG])
def test_characters_become_bytes(codec: str) -> None:
    """Those of Latin-1 stay, the signs of a mask become what the validators know, others a question mark."""
    assert decoded(f"Ü…{TEXT}ßØ", codec) == f"Ü?{TEXT}ßØ".encode("latin-1")
    assert decoded(f"{TEXT}…", codec) == f"{TEXT}...".encode()
    assert decoded(f"{TEXT}•", codec) == f"{TEXT}***".encode()
    assert decoded(f"中{TEXT}\U0001f600\U00010000\U0001f7ff", codec) == f"?{TEXT}??????".encode()


def test_what_the_encoding_says_of_its_size() -> None:
    """Two bytes per character, and one that is beside the literal."""
    assert (UTF16.name, UTF16.num, UTF16.den, UTF16.slack) == ("utf-16", 2, 1, 1)


@over("before", [0, 1])
@over("codec", [LITTLE, BIG])
def test_inside_an_encoding_a_long_text_is_little_endian(codec: str, before: int) -> None:
    """What is plain farther than a reader looks fits both orders, and where decoding began tells nothing."""
    data = b"\xff" * before + ("a" * 50 + TEXT + "a" * 50).encode(codec)
    assert texts(data, aligned=False) == [LITTLE, BIG]
