"""UTF-16 and base64."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import TYPE_CHECKING

from fixtures.keys import Keys
from fixtures.windows import File
from imgscan.detect.context import LINE
from imgscan.detect.stripe import STRIPE
from tests.detect.driver import SCREENED, agreed, secrets
from tests.detect.tables import over

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = Keys(1).all()
FORMS = STRIPE.forms


def test_the_base64_literals_are_what_every_neighbour_leaves() -> None:
    """The computed base64 literals are the characters that do not depend on neighbours."""
    literals = [
        each.literal.decode()
        for each in FORMS
        if each.encoding.name == "base64" and each.anchor == b"_live_" and each.depth == 2 and each.cut is None
    ]
    assert literals == ["X2xpdmVf", "9saXZlX", "fbGl2ZV"]


def test_no_form_comes_twice() -> None:
    """Each form is looked for once, though two may have the same literal."""
    assert len({form.key for form in FORMS}) == len(FORMS)


@over("sort", KEYS)
@over("codec", ["utf-16-le", "utf-16-be"])
@over("before", ["", "a=", "zażółć=", "a", "ab\n"])
def test_utf16_text(sort: str, codec: str, before: str) -> None:
    """A credential in a UTF-16 file is found in either byte order, and located by its first unit."""
    before = before if before != "a" else "a="
    data = f"{before}{KEYS[sort]}\r\nmore".encode(codec)
    [found] = agreed(File(data))
    assert (found.secret.decode(), found.encoding) == (KEYS[sort], codec)
    assert (found.start, found.end) == (2 * len(before), 2 * len(before + KEYS[sort]))


@over("shift", [0, 1])
@over("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_text_after_its_mark(shift: int, codec: str) -> None:
    """A credential in UTF-16 is found after a byte order mark, at an even or odd offset, whatever follows."""
    for sort in ("stripe-secret-key 24", "stripe-secret-key 99"):
        key = KEYS[sort]
        for after in ("\n".encode(codec), b"", b"\n", b"\xff\xff"):
            assert secrets(b"x" * shift + f"\ufeff{key}".encode(codec) + after) == [key]


def test_utf16_in_a_string_heap_has_any_alignment() -> None:
    """A little-endian string at an odd offset behind its length byte is found and named right."""
    key = KEYS["stripe-secret-key 24"]
    data = b"\x01" * 3 + b"\x41" + key.encode("utf-16-le") + b"\x00\x05"
    data = data if len(data[:4]) % 2 else b"\x01" + data
    [found] = agreed(File(data, binary=True))
    assert (found.encoding, found.start % 2) == ("utf-16-le", 1)


def test_utf16_masks_are_seen() -> None:
    """A masked key in UTF-16 is as little reported as in UTF-8."""
    for mask in ("…", "•••", "..."):
        assert secrets(f"={KEYS['stripe-secret-key 24']}{mask}".encode("utf-16-le")) == []


def test_utf16_guards_are_characters() -> None:
    """In UTF-16 the character before a key is its boundary, not the byte."""
    key = KEYS["stripe-secret-key 24"]
    assert secrets(f"a{key}".encode("utf-16-le")) == []
    assert secrets(f"\u6161{key}".encode("utf-16-le")) == [key]
    assert secrets(f"\U0001f600{key}".encode("utf-16-be")) == [key]


@over("sort", KEYS)
@over("shift", range(6))
@over("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_text(sort: str, shift: int, encode: object) -> None:
    """A credential inside base64 is found at every alignment, in both alphabets, with its neighbours as guards."""
    assert callable(encode)
    before = "\xfb\xff>?=="[6 - shift :] if shift else ""
    data = encode(f"{before}{KEYS[sort]}\n\xff\xfe?>".encode("latin-1"))
    [found] = agreed(File(b"data: " + data + b"\n"))
    assert (found.secret.decode(), found.encoding) == (KEYS[sort], "base64")
    first, last = 8 * shift // 6, -(-8 * (shift + len(KEYS[sort])) // 6)
    assert (found.start, found.end) == (6 + first, 6 + last)


@over("sort", KEYS)
@over("padded", [True, False])
def test_base64_of_a_key_alone(sort: str, padded: bool) -> None:
    """A credential that is all that was encoded is found, with or without padding."""
    data = base64.b64encode(KEYS[sort].encode())
    assert secrets(b'"' + (data if padded else data.rstrip(b"=")) + b'"') == [KEYS[sort]]


def test_basic_authorization() -> None:
    """The user name of an `Authorization: Basic` header is found."""
    key = KEYS["stripe-secret-key 24"]
    assert secrets(b"Authorization: Basic " + base64.b64encode(f"{key}:".encode())) == [key]


def test_a_key_in_the_middle_of_an_encoded_file() -> None:
    """Keys among other lines of an encoded `.env` are found with their lines as context."""
    first, second = Keys(2).secret24(), Keys(3).secret24()
    text = f"PORT=80\nSTRIPE_KEY={first}\nOTHER={second}\n" + "A=b\n" * 300
    found = agreed(File(base64.b64encode(text.encode())))
    assert [(each.secret.decode(), each.confidence) for each in found] == [(first, "high"), (second, "medium")]


@over("encode", [lambda text: text.decode().encode("utf-16-be"), base64.b64encode])
@over(("distance", "expected"), [(LINE, "high"), (LINE + 1, "medium")])
@over("size", [24, 99])
def test_decoded_lines_count_as_far_as_plain_ones(
    encode: Callable[[bytes], bytes], distance: int, expected: str, size: int
) -> None:
    """Inside an encoded text the word counts at the same number of characters, on either side."""
    key, padding = Keys(7).secret(size).encode(), b"-" * (distance - len(b"stripe"))
    for text in (b"stripe" + padding + key + b"\n", b"\n" + key + padding + b"stripe"):
        assert [each.confidence for each in agreed(File(encode(text)))] == [expected]


def test_the_line_around_base64_counts() -> None:
    """The name before an encoded value is context as well."""
    data = b"  STRIPE_KEY: " + base64.b64encode(Keys(4).secret24().encode())
    assert [each.confidence for each in agreed(File(data))] == ["high"]


def test_base64_guards_are_decoded() -> None:
    """A letter before a key inside base64 makes it part of a word."""
    key = KEYS["stripe-secret-key 24"]
    for shift in range(3):
        assert secrets(base64.b64encode(f"{'-' * shift}a{key}".encode())) == []


def test_glued_keys_in_base64_share_a_character() -> None:
    """Two keys that meet inside a base64 character are both found."""
    keys = [Keys(seed).secret99() for seed in range(4)]
    found = agreed(File(base64.b64encode("".join(keys).encode())))
    assert [each.secret.decode() for each in found] == keys
    assert all(one.start < other.start for one, other in pairwise(found))


def test_a_long_base64_run_is_decoded_around_the_key_only() -> None:
    """However long a run of base64 is, what lies far away in it does not matter."""
    key = Keys(5).secret99()
    filler = base64.b64encode(Keys(6).text(30_000).encode())
    data = filler + base64.b64encode(f"\n{key} ".encode()) + filler
    found = [match.secret.decode() for match in SCREENED.search(data)]
    assert found == [key]


@over("word", ["noseveme", "nose", "and so on"])
def test_a_word_below_a_long_line_is_not_its_last_line(word: str) -> None:
    """Of base64 in one long line, whose text is wrapped base64, nothing is lost to a word that is below it."""
    key = Keys("long line").secret(60)
    lines = base64.encodebytes(f"PORT=8080\n{key}".encode())
    outer = base64.b64encode(lines.rstrip()).decode()
    assert len(outer) > 76
    assert secrets(f"\n{outer}\n  {word}\n") == [key]
