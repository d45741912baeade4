"""Which format a file is in."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from fixtures import containers
from imgscan.containers.base import HEAD
from imgscan.containers.formats import FORMATS, find, may_be
from imgscan.containers.tarball import TAR
from tests.containers.specimens import specimens

if TYPE_CHECKING:
    from imgscan.containers.base import Format

ALIKE = {"git object": {"zlib"}}
"""Formats whose files are in others too, which come after them."""


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_files_are_recognised_by_their_content(known: Format) -> None:
    """Each specimen begins as its format says, is found to be in it, and is in no other."""
    for specimen in specimens(known):
        head = specimen[:HEAD]
        assert head.startswith(known.begins)
        assert may_be(head, 0, len(head))
        assert find(head) is known
        assert {other.name for other in FORMATS if other.recognise(head)} == {known.name, *ALIKE.get(known.name, ())}


APART = {"git pack", "git bundle", "sqlite", "apk", "lzma"}
"""Formats that tests of their own try: `test_gitpack.py`, `test_sqlite.py`, `test_compressed.py`."""


def test_every_format_is_tried_with_a_key_in_it() -> None:
    """Recall inside containers is measured over `fixtures/containers.py`: every format that is read is there."""
    tried = [find(make(bytes(100))[:HEAD]) for make, _ in containers.FORMATS.values()]
    assert {known.name for known in FORMATS if known not in tried and not known.foreign} == APART


def test_no_two_formats_have_one_name() -> None:
    """A name says which format is meant."""
    assert len({known.name for known in FORMATS}) == len(FORMATS)


def test_a_first_byte_hides_no_format() -> None:
    """What the look at the first byte lets through is what recognition finds without it."""
    for known in FORMATS:
        seeded = random.Random(known.name)
        for _ in range(2000):
            head = seeded.randbytes(seeded.choice((0, 1, 9, 64, 1024)))
            found = find(head)
            assert not known.recognise(head) or found is not None, known


def test_random_files_are_no_containers() -> None:
    """Of 50,000 random files at most three are taken for a container."""
    seeded = random.Random(11)
    assert sum(find(seeded.randbytes(1024)) is not None for _ in range(50_000)) <= 3


def test_a_tar_is_one_with_and_without_a_magic() -> None:
    """The first tars had none, and programs end a header's numbers in several ways."""
    for ends in [b"\0 ", b" \0", b"\0\0", b"  "]:
        for magic in [b"ustar\00000", b"ustar  \0", b"tar\0\0\0\0\0"]:
            block = bytearray(1024)
            block[:4] = b"name"
            block[100:108] = b"000644" + ends
            block[124:136] = b"0" * 10 + ends
            block[257:265] = magic
            block[148:156] = b" " * 8
            block[148:156] = b"%06o" % sum(block) + ends
            assert may_be(bytes(block), 0, 1024), (ends, magic)
            assert find(bytes(block)) is TAR, (ends, magic)


def test_a_file_that_begins_like_no_format_is_in_none() -> None:
    """Every two first bytes, and all that formats begin with: what is skipped unseen would not be recognised."""
    heads = [bytes((first, second)) + bytes(1022) for first in range(256) for second in range(256)]
    heads += [beginning + bytes(1024 - len(beginning)) for known in FORMATS for beginning in known.begins]
    assert all(may_be(head, 0, len(head)) for head in heads if find(head) is not None)
