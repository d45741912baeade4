"""Which format a file is in."""

from __future__ import annotations

import random

import pytest

from imgscan.containers.formats import _TABLE, FORMATS, find, may_be
from imgscan.containers.tarball import TAR
from tests.containers.archives import DIALECTS, ar_of, cpio_of, rpm_of, zip_of

SAMPLES: dict[str, list[bytes]] = {
    "zip": [zip_of([(b"a", b"b")]), zip_of([]), b"PK\7\x08" + zip_of([(b"a", b"b")])],
    "ar": [ar_of([(b"a", b"b")]), ar_of([])],
    "cpio": [cpio_of([(b"a", b"b")], dialect) for dialect in DIALECTS],
    "rpm": [rpm_of(b"")],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_archives_are_recognised_by_their_content(name: str) -> None:
    """Each sample is in its format, and in no other."""
    for sample in SAMPLES[name]:
        assert [known.name for known in FORMATS if known.recognise(sample[:1024])] == [name]
        known = find(sample[:1024])
        assert known is not None
        assert known.name == name


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
    """Every two first bytes, and all that formats begin with: what is passed over unseen would not be recognised."""
    samples = [sample[:1024] for group in SAMPLES.values() for sample in group]
    heads = [bytes((first, second)) + bytes(1022) for first in range(256) for second in range(256)]
    heads += [beginning + bytes(1024 - len(beginning)) for _, beginnings in _TABLE for beginning in beginnings]
    assert all(may_be(head, 0, len(head)) for head in samples + heads if find(head) is not None)
    assert all(may_be(head, 0, len(head)) for head in samples)
