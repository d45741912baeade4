"""Where programs and pictures end."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from fixtures.pictures import GIF, JPEG, PNG, macho_of, windows_of
from imgscan.containers import ends
from imgscan.containers.formats import PREFIXED, find
from imgscan.containers.script import TEXT_PAYLOAD, prefixed
from tests.containers.reading import read_file

WHOLE = {
    "png": (ends.png, PNG),
    "gif": (ends.gif, GIF),
    "jpeg": (ends.jpeg, JPEG),
    **{f"macho {bits}{order}": (ends.macho, macho_of(bits=bits, order=order)) for bits in (32, 64) for order in "<>"},
    **{
        f"windows {bits} {symbols}": (ends.windows, windows_of(bits=bits, symbols=symbols))
        for bits in (32, 64)
        for symbols in (False, True)
    },
}


def test_each_ends_where_its_structure_says() -> None:
    """Whatever follows; and one with nothing behind it is not a container."""
    for name, (end, data) in WHOLE.items():
        assert end(data) == len(data), name
        assert end(data + b"more, and more of it") == len(data), name
        assert find(data, len(data)) is None, name
        assert find(data + b"more, and more of it", len(data) + 20) is PREFIXED, name


def test_what_follows_is_given_as_it_is() -> None:
    """Without the zeros that fill up in front of it."""
    for name, (_, data) in WHOLE.items():
        reading = read_file(PREFIXED, data + bytes(9) + b"more, and more of it")
        assert (reading.members, reading.parts) == ([], [b"more, and more of it"]), name


def test_a_signature_is_not_what_follows_a_program() -> None:
    """What is before and behind the signature of a program for Windows is."""
    signed = windows_of(signature=b"s" * 64)
    assert find(signed, len(signed)) is None
    assert read_file(PREFIXED, signed + b"more, and more of it").parts == [b"more, and more of it"]


def test_no_structure_leads_astray() -> None:
    """Sizes, counts and offsets may say anything: an end is a number, or there is none."""
    seeded = random.Random(5)
    for name, (end, data) in WHOLE.items():
        for _ in range(300):
            damaged = bytearray(data[: seeded.randrange(8, len(data) + 1)])
            for _ in range(seeded.randrange(4)):
                damaged[seeded.randrange(2, len(damaged))] = seeded.choice((0, 1, 0xFF, seeded.randrange(256)))
            assert (end(bytes(damaged)) or 0) >= 0, name


@given(before=st.text().map(str.encode), payload=st.from_regex(TEXT_PAYLOAD, fullmatch=True))
def test_a_script_that_is_text_hides_no_payload(before: bytes, payload: bytes) -> None:
    """The quick look at a script sees every beginning of a payload, also one that is text itself."""
    script = b"#!/bin/sh\n" + before + payload
    barren = prefixed(lambda _: True).barren
    assert barren is not None
    assert not barren(script, len(script))
