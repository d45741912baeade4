"""Encodings around encodings: which of several readings counts, and where in the file it is."""

from __future__ import annotations

import base64
from itertools import product

from fixtures.keys import Keys
from fixtures.windows import File, whole
from imgscan.detect.stripe import STRIPE
from tests.detect.driver import SCREENED
from tests.detect.tables import over


def digits(encoding: str, data: bytes, low: int, high: int) -> tuple[bytes, int, int]:
    """Encode, and give where in the result the bytes `data[low:high]` are."""
    if encoding == "hex":
        return data.hex().encode(), 2 * low, 2 * high
    return base64.b64encode(data), low * 4 // 3, -(-high * 4 // 3)


FORMS = STRIPE.forms
CHAINS = [chain for chain in product(["base64", "hex"], repeat=3) if chain[:2] != ("hex", "hex")]


@over("chain", CHAINS)
@over("before", range(3))
def test_the_place_in_three_encodings(chain: tuple[str, ...], before: int) -> None:
    """A key is where the outermost encoding's bytes of it begin and end."""
    key = Keys(1).secret99().encode()
    data, low, high = b"=" * before + key + b"\n", before, before + len(key)
    for encoding in reversed(chain):
        data, low, high = digits(encoding, data, low, high)
    [found] = whole(SCREENED, File(b"data: " + data + b"\n"))
    assert (found.encoding, found.start, found.end) == ("+".join(chain), 6 + low, 6 + high)


@over("codec", ["utf-16-le", "utf-16-be"])
@over("inner", ["base64", "hex"])
def test_a_utf16_file_of_two_encodings(codec: str, inner: str) -> None:
    """What is encoded twice may be in a file of wide characters."""
    key = Keys(5).secret99()
    text = base64.b64encode(digits(inner, key.encode(), 0, 0)[0]).decode()
    found = whole(SCREENED, File(f"a = {text}\r\n".encode(codec)))
    assert [(each.secret.decode(), each.encoding) for each in found] == [(key, f"{codec}+base64+{inner}")]


@over("before", range(3))
@over("inner", ["base64", "hex"])
def test_an_encoded_command_that_holds_an_encoded_key(inner: str, before: int) -> None:
    """What PowerShell takes for `-EncodedCommand` is base64 of wide characters, and may hold more base64."""
    key = Keys(6).secret99()
    text = "$k = '" + "-" * before + digits(inner, key.encode(), 0, 0)[0].decode() + "'"
    found = whole(SCREENED, File(b"powershell -e " + base64.b64encode(text.encode("utf-16-le"))))
    assert [(each.secret.decode(), each.encoding) for each in found] == [(key, f"base64+utf-16-le+{inner}")]


@over("codec", ["utf-16-le", "utf-16-be"])
@over("before", [b"", b"\xff"])
def test_the_byte_order_inside_of_an_encoding(codec: str, before: bytes) -> None:
    """What is encoded tells nothing by its offsets: the order is that in which more of it is text."""
    key = Keys(2).secret24()
    data = before + f"PORT=80 KEY={key} LAST=1".encode(codec)
    found = whole(SCREENED, File(base64.b64encode(data)))
    assert [(each.secret.decode(), each.encoding) for each in found] == [(key, f"base64+{codec}")]


def test_lines_that_an_encoder_wrote_are_read_as_one() -> None:
    """A longer key is not given up for a more certain one that is its beginning on the first line."""
    key = Keys(3).secret(60)
    text = "-" * 24 + "\n" + key + "\n" + "A=b\n" * 40
    assert (25 + len("sk_live_") + 24) % 57 == 0
    found = whole(SCREENED, File(base64.encodebytes(text.encode())))
    assert [(each.secret.decode(), each.confidence) for each in found] == [(key, "low")]


def test_short_lines_are_read_as_one_where_that_shows_more() -> None:
    """A key that ends with its line gives way to one that continues in the next line, and is more certain."""
    key = Keys(4).secret34()
    data = base64.b64encode(b"=" + key.encode() + b"\n" + b"A=b\n" * 9)
    lines = b"\n".join(data[at : at + 44] for at in range(0, len(data), 44))
    assert base64.b64decode(lines[:44]) == b"=" + key[:32].encode()
    found = whole(SCREENED, File(lines))
    assert [(each.secret.decode(), each.confidence) for each in found] == [(key, "high")]


def test_which_halves_of_anchors_are_looked_for_in_two_encodings() -> None:
    """In base64 that is wrapped, of base64; and in base64 of wrapped base64, if they are long enough to be rare."""
    own = {form.inner.encoding.name for form in FORMS if form.cut and form.depth == 3 and form.inner}
    assert own == {"base64"}
    halves = [form.inner.literal for form in FORMS if form.inner and form.inner.cut]
    assert min(map(len, halves)) == 6


def test_digits_of_digits_of_digits_are_not_looked_for() -> None:
    """Hexadecimal digits twice around another encoding would make every window look much farther."""
    chains = {
        (form.encoding.name, form.inner.encoding.name)
        for form in FORMS
        if form.depth == 4 and form.inner and not form.cut
    }
    names = ("base64", "hex", "utf-16")
    assert chains == {("base64", name) for name in names} | {(name, "base64") for name in names}


def narrow(data: bytes, width: int) -> bytes:
    """Break digits into lines that are shorter than encoders make them."""
    return b"\n".join(data[at : at + width] for at in range(0, len(data), width)) + b"\n"


def test_short_lines_are_read_as_one_where_that_shows_a_longer_key() -> None:
    """Of two keys that are as sure, the longer one counts if the other is its beginning."""
    key = Keys(7).secret(60)
    lines = narrow(base64.b64encode(key.encode() + b"\n" + b"A=b\n" * 9), 44)
    assert base64.b64decode(lines[:44]) == key[:33].encode()
    found = whole(SCREENED, File(lines))
    assert [(each.secret.decode(), each.confidence) for each in found] == [(key, "low")]


def test_a_reading_that_shows_the_same_ends_nothing() -> None:
    """Behind a slash the line may be read in two ways, which show one key; the lines show a better one."""
    key = Keys(8).secret34()
    lines = narrow(base64.b64encode(b"=" + key.encode() + b"\n" + b"A=b\n" * 9), 44)
    found = whole(SCREENED, File(b"abc/" + lines))
    assert [(each.secret.decode(), each.confidence) for each in found] == [(key, "high")]


@over("width", range(24, 56))
@over("before", range(3))
def test_a_line_that_ends_inside_of_the_inner_anchor_is_not_the_last_word(width: int, before: int) -> None:
    """What a line lacks of the anchor that it holds encoded may be in the next."""
    key = Keys(9).secret99()
    inner = base64.b64encode(b"=" * before + key.encode() + b"\n")
    found = whole(SCREENED, File(narrow(base64.b64encode(inner), width)))
    assert [each.secret.decode() for each in found] == [key]


def test_the_likelier_byte_order_refuses_for_the_other_one() -> None:
    """A masked key that begins a big-endian file is none that is a character shorter in the other order."""
    key = Keys(10).secret(30)
    assert whole(SCREENED, File(f"{key}\n".encode("utf-16-be")))
    assert whole(SCREENED, File(f"{key}…\n".encode("utf-16-be"))) == []
