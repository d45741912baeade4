"""Programs with something behind their end."""

from __future__ import annotations

import gzip
import random

import pytest

from fixtures.archives import ELF_SHAPES, elf_of
from fixtures.zips import zip_of
from imgscan.containers import program
from imgscan.containers.formats import PREFIXED, find
from imgscan.containers.program import PROGRAM
from imgscan.streams.readers import BytesReader
from tests.containers.reading import read
from tests.trickle import Trickle


def test_a_program_ends_where_its_tables_say() -> None:
    """With words of either size and order, and with the sections' table at either end."""
    for bits, order, first in ELF_SHAPES:
        made = elf_of(bits=bits, order=order, first=first)
        assert program.recognise(made), (bits, order, first)
        assert program.end(made) == len(made), (bits, order, first)


def test_segments_tell_the_end_where_there_are_no_sections() -> None:
    """A program that was stripped of its sections ends with its last segment."""
    made = bytearray(elf_of(first=True))
    made[40:48] = bytes(8)
    made[60:62] = bytes(2)
    loaded = 64 + 56 + 3 * 64
    assert program.end(bytes(made)) == loaded


@pytest.mark.parametrize("first", [False, True])
def test_a_program_of_its_own_size_is_no_container(first: bool) -> None:
    """It is asked what it holds only where its size is not known, or is more than its own."""
    made = elf_of(first=first)
    assert find(made, len(made)) is None
    assert find(made, len(made) - 1) is None
    assert find(made, len(made) + 1) is PROGRAM
    assert find(made) is PROGRAM


@pytest.mark.parametrize(
    "behind", [b"", zip_of([(b"a", b"b")]), b"\n" + gzip.compress(b"hello")], ids=("none", "zip", "gzip")
)
@pytest.mark.parametrize("program", [b"#!/bin/sh\nexit 0\n", b"MZ" + bytes(99)], ids=("script", "windows"))
def test_a_script_that_is_there_as_a_whole_is_told_at_once(program: bytes, behind: bytes) -> None:
    """It is not a container if nothing follows it; where its end is not seen, or its size not known, it may be."""
    script = program + behind
    assert find(script, len(script)) is (PREFIXED if behind else None)
    assert find(script, len(script) + 1) is PREFIXED
    assert find(script) is PREFIXED


def test_what_follows_a_program_is_looked_into() -> None:
    """What follows the program and zeros, to the end, whatever it is: it is the file's own bytes."""
    for padding in [0, 1, 511]:
        for size in [1, 100, 1 << 20]:
            for behind in (gzip.compress(b"hello", mtime=0) + b"more", b"a signature, or what else nobody knows" * 9):
                made = elf_of(b"x" * 70_000) + bytes(padding)
                reading = read(PROGRAM.members(Trickle(made + behind, size)))
                assert (reading.members, reading.parts) == ([], [behind]), (padding, size)
                assert reading.whole, (padding, size)


@pytest.mark.parametrize("behind", [b"", bytes(4096)])
def test_zeros_behind_a_program_are_nothing(behind: bytes) -> None:
    """Padding is no part of its own."""
    assert read(PROGRAM.members(BytesReader(elf_of() + behind))).parts == []


def test_a_program_that_is_cut_is_no_container() -> None:
    """Where the file ends before the program does there is nothing behind it."""
    made = elf_of(b"x" * 500)
    assert all(read(PROGRAM.members(BytesReader(made[:size]))).parts == [] for size in range(64, len(made)))


def test_no_table_leads_astray() -> None:
    """Offsets, sizes and counts may say anything."""
    seeded = random.Random(5)
    made = elf_of() + zip_of([(b"a", b"b")])
    for _ in range(3000):
        head = bytearray(made)
        for _ in range(seeded.randrange(1, 5)):
            head[seeded.randrange(16, 300)] = seeded.choice((0, 1, 0xFF, seeded.randrange(256)))
        assert program.end(bytes(head)) >= 64
        reading = read(PROGRAM.members(BytesReader(bytes(head))))
        assert len(reading.parts) <= 1
