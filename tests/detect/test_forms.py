"""Encodings around encodings: which of several readings counts, and where in the file it stands."""

from __future__ import annotations

import base64
from itertools import product

import pytest

from tests.detect.driver import SCREENED, File, whole
from tests.keys import Keys


def digits(encoding: str, data: bytes, low: int, high: int) -> tuple[bytes, int, int]:
    """Encode, and give where in the result the bytes `data[low:high]` stand."""
    if encoding == "hex":
        return data.hex().encode(), 2 * low, 2 * high
    return base64.b64encode(data), low * 4 // 3, -(-high * 4 // 3)


CHAINS = [chain for chain in product(["base64", "hex"], repeat=3) if chain[:2] != ("hex", "hex")]


@pytest.mark.parametrize("chain", CHAINS, ids="+".join)
@pytest.mark.parametrize("before", range(3))
def test_the_place_in_three_encodings(chain: tuple[str, ...], before: int) -> None:
    """A key stands where the outermost encoding's bytes of it begin and end."""
    key = Keys(1).secret99().encode()
    data, low, high = b"=" * before + key + b"\n", before, before + len(key)
    for encoding in reversed(chain):
        data, low, high = digits(encoding, data, low, high)
    [found] = whole(SCREENED, File(b"data: " + data + b"\n"))
    assert (found.encoding, found.start, found.end) == ("+".join(chain), 6 + low, 6 + high)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("inner", ["base64", "hex"])
def test_a_utf16_file_of_two_encodings(codec: str, inner: str) -> None:
    """What is encoded twice may stand in a file of wide characters."""
    key = Keys(5).secret99()
    text = base64.b64encode(digits(inner, key.encode(), 0, 0)[0]).decode()
    found = whole(SCREENED, File(f"a = {text}\r\n".encode(codec)))
    assert [(each.secret.decode(), each.encoding) for each in found] == [(key, f"{codec}+base64+{inner}")]


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize("inner", ["base64", "hex"])
def test_an_encoded_command_that_holds_an_encoded_key(inner: str, before: int) -> None:
    """What PowerShell takes for `-EncodedCommand` is base64 of wide characters, and may hold more base64."""
    key = Keys(6).secret99()
    text = "$k = '" + "-" * before + digits(inner, key.encode(), 0, 0)[0].decode() + "'"
    found = whole(SCREENED, File(b"powershell -e " + base64.b64encode(text.encode("utf-16-le"))))
    assert [(each.secret.decode(), each.encoding) for each in found] == [(key, f"base64+utf-16-le+{inner}")]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", [b"", b"\xff"])
def test_the_byte_order_inside_of_an_encoding(codec: str, before: bytes) -> None:
    """What is encoded tells nothing by its offsets: the order is that in which more of it is text."""
    key = Keys(2).secret24()
    data = before + f"PORT=80 KEY={key} LAST=1".encode(codec)
    found = whole(SCREENED, File(base64.b64encode(data)))
    assert [(each.secret.decode(), each.encoding) for each in found] == [(key, f"base64+{codec}")]


def test_lines_that_an_encoder_wrote_are_read_as_one() -> None:
    """A longer key is not given up for a surer one that is its beginning on the first line."""
    key = Keys(3).secret(60)
    text = "-" * 24 + "\n" + key + "\n" + "A=b\n" * 40
    assert (25 + len("sk_live_") + 24) % 57 == 0
    found = whole(SCREENED, File(base64.encodebytes(text.encode())))
    assert [(each.secret.decode(), each.confidence) for each in found] == [(key, "low")]


def test_short_lines_are_read_as_one_where_that_shows_more() -> None:
    """A key that ends with its line gives way to one that goes on in the next line, and is surer."""
    key = Keys(4).secret34()
    data = base64.b64encode(b"=" + key.encode() + b"\n" + b"A=b\n" * 9)
    lines = b"\n".join(data[at : at + 44] for at in range(0, len(data), 44))
    assert base64.b64decode(lines[:44]) == b"=" + key[:32].encode()
    found = whole(SCREENED, File(lines))
    assert [(each.secret.decode(), each.confidence) for each in found] == [(key, "high")]
