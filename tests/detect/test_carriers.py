"""Every way in which a key can be written: wrapped, nested, escaped, hexadecimal, split."""

from __future__ import annotations

import base64
import gc
from itertools import cycle, product
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from fixtures.keys import Keys
from fixtures.windows import File, whole
from imgscan.detect.encodings import Shared
from imgscan.detect.stripe import STRIPE
from tests.detect.driver import SCREENED, agreed, secrets
from tests.detect.tables import over

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = Keys(5).all()
NAMES = sorted(KEYS)


def wrap(data: bytes, width: int, newline: bytes = b"\n", indent: bytes = b"") -> bytes:
    """Break digits into lines."""
    return newline.join(indent + data[at : at + width] for at in range(0, len(data), width))


def found(data: bytes) -> list[tuple[str, str]]:
    """Return what one engine finds, with the encoding."""
    return [(each.secret.decode(), each.encoding) for each in whole(SCREENED, File(data))]


def around(key: str, before: int) -> bytes:
    """Put a key between other lines of a settings file, `before` bytes of them before it."""
    return (b"PORT=8080\n" * 20)[:before] + f"\nSTRIPE_KEY={key}\nLAST=some value here\n".encode() + b"A=b\n" * 9


HOLDERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "hex": lambda data: data.hex().encode(),
    "utf-16-le": lambda data: data.decode("latin-1").encode("utf-16-le"),
    "utf-16-be": lambda data: data.decode("latin-1").encode("utf-16-be"),
}
UNDERSCORES = {
    rb"\u005f": "escaped", rb"\u005F": "escaped", rb"\u{5f}": "escaped", rb"\x5f": "escaped", rb"\x5F": "escaped",
    rb"\137": "escaped", b"&#95;": "escaped", b"&#x5f;": "escaped", b"&#x5F;": "escaped", b"&lowbar;": "escaped",
    b"%5F": "percent", b"%5f": "percent",
}  # fmt: skip


@over("name", NAMES)
@over("width", [60, 64, 72, 76])
@over("encode", [base64.b64encode, base64.urlsafe_b64encode, HOLDERS["hex"]])
def test_wrapped_digits(name: str, width: int, encode: Callable[[bytes], bytes]) -> None:
    """A key in wrapped base64 or hexadecimal digits is whole, wherever the break falls."""
    breaks = cycle(product([b"\n", b"\r\n"], [b"", b"    ", b"\t"]))
    for before, (newline, indent) in zip(range(NAMES.index(name) % 6, 48, 3), breaks, strict=False):
        data = wrap(encode(around(KEYS[name], before)), width, newline, indent)
        data = b"data: |" + newline + data + newline + b"end: 1\n"
        assert [secret for secret, _ in found(data)] == [KEYS[name]], (before, newline, indent)


@over("encode", [base64.b64encode, HOLDERS["hex"], lambda data: data.hex().upper().encode()])
@over("name", ["stripe-secret-key 24", "stripe-secret-key 99", "stripe-cli-oauth oak"])
def test_a_break_anywhere_in_the_anchor(name: str, encode: Callable[[bytes], bytes]) -> None:
    """One break at any place of the encoded key leaves it whole, and the carrier begins where it did."""
    digits = encode(b"K=" + KEYS[name].encode() + b"\n" + b"more = 1\n" * 20)
    [whole_line] = agreed(File(digits), sizes=())
    for at in range(1, 40):
        for line_break in (b"\n", b"\r\n", b"\n        "):
            lead = b"value: ".rjust(80 - at)
            data = lead + digits[:at] + line_break + wrap(digits[at:], 64, line_break)
            [match] = whole(SCREENED, File(data))
            assert match.secret.decode() == KEYS[name]
            shift = len(lead) + (len(line_break) if whole_line.start >= at else 0)
            assert match.start == whole_line.start + shift


def test_wrapped_digits_agree_at_every_window() -> None:
    """The sieves and the windows agree on wrapped and nested carriers."""
    text = around(KEYS["stripe-secret-key 24"], 11)
    lines = wrap(base64.b64encode(text), 64, b"\r\n", b"  ")
    for data in (lines, wrap(base64.b64encode(base64.b64encode(text)), 76), wrap(text.hex().encode(), 60)):
        assert [each.secret.decode() for each in agreed(File(data))] == [KEYS["stripe-secret-key 24"]]


@over("name", NAMES)
@over("outer", ["base64", "hex"])
@over("inner", HOLDERS)
def test_what_an_encoding_holds_may_be_encoded(name: str, outer: str, inner: str) -> None:
    """Two encodings, and a third around them, are named from the outside in."""
    for before in range(3):
        twice = HOLDERS[outer](HOLDERS[inner](around(KEYS[name], before)))
        assert found(twice) == [(KEYS[name], f"{outer}+{inner}")]
    assert found(base64.b64encode(twice)) == [(KEYS[name], f"base64+{outer}+{inner}")]


@over("name", NAMES)
def test_encoded_text_in_a_utf16_file(name: str) -> None:
    """A value in base64 in a UTF-16 file is found, at an even offset."""
    data = ("a = " + base64.b64encode(around(KEYS[name], 2)).decode() + "\r\n").encode("utf-16-le")
    assert found(data) == [(KEYS[name], "utf-16-le+base64")]


@over("name", NAMES)
@over("escape", UNDERSCORES)
def test_escaped_underscores(name: str, escape: bytes) -> None:
    """A key whose underscores are escaped is found at its first byte, in base64 too."""
    data = b'x = "' + KEYS[name].encode().replace(b"_", escape) + b'";'
    [match] = agreed(File(data), sizes=(1, 64))
    assert (match.secret.decode(), match.encoding, match.start) == (KEYS[name], UNDERSCORES[escape], 5)
    assert match.end == len(data) - 2
    assert found(base64.b64encode(data)) == [(KEYS[name], f"base64+{UNDERSCORES[escape]}")]


@over("name", NAMES)
@over(
    ("pattern", "encoding"),
    [("%%%02X", "percent"), ("%%%02x", "percent"), ("\\x%02x", "escaped"), ("\\u%04x", "escaped")],
)
def test_every_character_escaped(name: str, pattern: str, encoding: str) -> None:
    """A key all of whose characters are escaped is found whole."""
    data = b"v=" + "".join(pattern % byte for byte in KEYS[name].encode()).encode() + b"&"
    [match] = agreed(File(data), sizes=(1, 64))
    assert (match.secret.decode(), match.encoding, match.start, match.end) == (KEYS[name], encoding, 2, len(data) - 1)


ESCAPES = [b"\\n", b"\\t", b"%3D", b"%3d", b"%20", b"\\u003d", b"\\x3d", b"\\075", b"=3D", b"\x1b[31m", b"\x1b[0;1m"]


@over("escape", ESCAPES)
def test_an_escape_before_a_key_is_no_letter(escape: bytes) -> None:
    """What precedes a key may be an escape that ends in a letter or digit."""
    key = KEYS["stripe-secret-key 24"]
    assert secrets(b'"a' + escape + key.encode() + b'\\n"') == [key]


@over("escape", [b"%61", b"\\u0061", b"\\x61", b"\\141", b"=61"])
def test_an_escaped_letter_before_a_key_is_a_letter(escape: bytes) -> None:
    """An escape that stands for a letter makes the key part of a word."""
    assert secrets(b'"' + escape + KEYS["stripe-secret-key 24"].encode() + b'"') == []


@over("delimiter", [b"/", b"-", b"_", b"+"])
def test_a_delimiter_that_base64_has_too(delimiter: bytes) -> None:
    """A value in base64 behind a slash or a dash begins there."""
    key = KEYS["stripe-secret-key 24"]
    assert found(b"https://a.example/pay" + delimiter + base64.b64encode(key.encode())) == [(key, "base64")]


@over("following", [b"EOF", b"done", b"SECOND=abc", b"SECOND: abc", b'B="c"', b"fi"])
@over("width", [24, 34])
def test_the_line_below_a_value_is_not_its_wrap(following: bytes, width: int) -> None:
    """A value in base64 that ends at its line's end does not continue in the next statement."""
    key = Keys(6).secret24() if width == 24 else Keys(6).secret34()
    for lead in (b"", b":", b"::"):
        digits = base64.b64encode(key.encode() + lead).rstrip(b"=")
        data = b"export STRIPE_SECRET=" + digits + b"\n" + following + b"\n"
        assert [secret for secret, _ in found(data)] == [key]


GLUES = [
    b'" + "', b"' + '", b'" "', b'" \\\n    "', b'"\n  "', b"' . '", b'" & "', b'" & _\n "', b"' || '", b'" .. "',
    b"\\\n", b"\\\r\n", b"\n", b"\r\n    ", b"=\n", b"\n# ", b'" +\n          "', b'"\n    + "', b'",\n "', b'" <> "',
    b'\\"+\\"', b"`+`", b'""', b"\n// ", b'" f"', b"\\n",
]  # fmt: skip


@over("glue", GLUES)
def test_a_key_in_two_pieces(glue: bytes) -> None:
    """A key that proves itself is put together from two pieces, wherever it is split."""
    key = KEYS["stripe-secret-key 99"]
    for at in range(1 if glue != b"\\n" else 10, len(key)):
        data = b'v = "' + key[:at].encode() + glue + key[at:].encode() + b'";\n'
        [match] = whole(SCREENED, File(data))
        assert (match.secret.decode(), match.encoding, match.start, match.end) == (key, "split", 5, len(data) - 3), at


@over("glue", GLUES[:-1])
@over(("first", "second"), [(3, 8), (8, 20), (8, 60), (30, 90), (5, 107 - 8)])
def test_a_key_in_three_pieces(glue: bytes, first: int, second: int) -> None:
    """Three pieces are joined, in every view of the file."""
    key = KEYS["stripe-restricted-key 99"]
    pieces = [key[:first], key[first:second], key[second:]]
    carrier = glue.join(piece.encode() for piece in pieces)
    [match] = agreed(File(b'v = "' + carrier + b'";\n'), sizes=(1, 64))
    assert (match.secret.decode(), match.encoding) == (key, "split")
    assert (match.start, match.end) == (5, 5 + len(carrier))


def test_four_pieces_are_not_joined() -> None:
    """More pieces than three are no key any more."""
    key = KEYS["stripe-secret-key 99"]
    assert secrets(b'"' + b'" + "'.join(key[at : at + 27].encode() for at in range(0, len(key), 27)) + b'"') == []


@over("name", ["stripe-secret-key 24", "stripe-secret-key 34", "stripe-webhook-secret 32"])
def test_only_keys_that_prove_themselves_are_joined(name: str) -> None:
    """Two pieces that make a key of another build are not put together."""
    key = KEYS[name]
    at = key.index("_", 4) + 1
    assert secrets(f'"{key[:at]}" + "{key[at:]}"') == []


def test_split_keys_inside_encodings() -> None:
    """Source code in base64 may hold a split key."""
    key = KEYS["stripe-secret-key 99"]
    data = base64.b64encode(f'x = "{key[:8]}" +\n    "{key[8:]}";'.encode())
    assert found(data) == [(key, "base64+split")]


@given(st.sampled_from(NAMES), st.binary(max_size=60), st.binary(max_size=60), st.sampled_from([64, 76]))
def test_any_neighbours_in_wrapped_base64(name: str, before: bytes, after: bytes, width: int) -> None:
    """Whatever surrounds a key inside wrapped base64, it is found if it stands by itself there."""
    data = wrap(base64.b64encode(before + b"\n" + KEYS[name].encode() + b"\n" + after), width) + b"\n"
    assert KEYS[name] in [secret for secret, _ in found(data)]


def test_chance_digits_do_no_harm() -> None:
    """Digits that look like the middle of a nested anchor and hold none are skipped."""
    assert secrets(b"RElXRSxvWV") == []
    for form in STRIPE.forms[::17]:
        assert found(b"x" + form.literal) == []
        assert found(form.literal * 3) == []


def test_a_truncated_key_takes_nothing_from_the_next_line() -> None:
    """A key cut in its last characters is not completed with the word below it."""
    for sort in ("stripe-secret-key 99", "stripe-ephemeral-key ek"):
        for missing in range(1, 8):
            data = f"key = {KEYS[sort][:-missing]}\nexported=1\n".encode()
            assert "split" not in [encoding for _, encoding in found(data)]


def test_big_endian_text_keeps_its_last_character() -> None:
    """The likelier byte order decides, though the other one sees a shorter and more certain key."""
    key = Keys(3).secret(25)
    assert found(f"K={key}".encode("utf-16-be")) == [(key, "utf-16-be")]


def _alive() -> int:
    return sum(isinstance(each, Shared) for each in gc.get_objects())


@over("outer", sorted(HOLDERS))
@over("inner", sorted(HOLDERS))
def test_nothing_keeps_a_buffer_alive(outer: str, inner: str) -> None:
    """What was decoded of a buffer, and the buffer with it, is gone when the search is: a circle would keep both."""
    gc.collect()
    before = _alive()
    gc.disable()
    try:
        assert found(HOLDERS[outer](HOLDERS[inner](around(KEYS[NAMES[0]], 3))))
        assert _alive() == before
    finally:
        gc.enable()
