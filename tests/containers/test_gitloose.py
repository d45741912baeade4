"""Loose git objects: what they hold, without their header."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imgscan.containers.base import Member
from imgscan.containers.git import loose as gitloose
from imgscan.streams.readers import BytesReader, StreamError
from tests.containers import gitpacks
from tests.trickle import Trickle

if TYPE_CHECKING:
    from pathlib import Path


def body(data: bytes) -> bytes:
    """Read the one member of a loose object, a byte at a time and at once."""
    (member,) = gitloose.members(BytesReader(data))
    assert isinstance(member, Member)
    assert member.name is None
    return b"".join(bytes(chunk) for chunk in member.chunks)


def test_every_loose_object_of_a_repository(tmp_path: Path) -> None:
    """Each is recognised, and is what `git cat-file` shows; stashed and lost ones too."""
    path = gitpacks.new(tmp_path / "repository")
    for step in range(3):
        (path / "a").write_bytes(b"text %d\n" % step * 1000)
        gitpacks.git(path, "add", "a")
        gitpacks.git(path, "commit", "-q", "-m", f"commit {step}")
    gitpacks.git(path, "tag", "-a", "-m", "tagged", "v1")
    (path / "a").write_bytes(b"stashed")
    gitpacks.git(path, "stash", "-q")
    gitpacks.git(path, "hash-object", "-w", "--stdin", data=b"lost")
    found = {}
    for file in (path / ".git" / "objects").glob("??/*"):
        data = file.read_bytes()
        assert gitloose.recognise(data[:1024])
        found[(file.parent.name + file.name).encode()] = body(data)
    expected = gitpacks.everything(path)
    assert {name: found[name] for name in expected} == expected
    assert b"stashed" in found.values()
    assert b"lost" in found.values()


def test_other_zlib_streams_are_not_git() -> None:
    """Only the four kinds, a size and a NUL make an object."""
    table: list[bytes] = [
        b"",
        b"blob",
        b"blob 5",
        b"blob 05\0",
        b"blob -1\0",
        b"glob 5\0",
        b"blob 5 ",
        b"Blob 5\0",
        b"x" * 4000,
    ]
    for plain in table:
        assert not gitloose.recognise(zlib.compress(plain)[:1024]), plain


@given(st.binary(max_size=100))
@example(b"\x78\x9c")
@example(b"\x78\xbb")
def test_anything_may_be_asked(head: bytes) -> None:
    """No bytes make `recognise` fail, and none of these are an object."""
    assert not gitloose.recognise(head)


def test_an_empty_object() -> None:
    """The empty blob is an object."""
    data = zlib.compress(b"blob 0\0")
    assert gitloose.recognise(data)
    assert body(data) == b""


@pytest.mark.parametrize("level", [0, 1, 9])
def test_an_object_of_many_pieces(level: int) -> None:
    """Three megabytes come whole."""
    text = bytes(range(256)) * 12_000
    assert body(zlib.compress(b"blob %d\0" % len(text) + text, level)) == text


def failing(data: bytes) -> tuple[bytes, StreamError]:
    """Read an object that breaks off."""
    (member,) = gitloose.members(BytesReader(data))
    assert isinstance(member, Member)
    parts: list[bytes] = []
    with pytest.raises(StreamError) as caught:
        parts.extend(bytes(chunk) for chunk in member.chunks)
    return b"".join(parts), caught.value


@pytest.mark.parametrize("size", [3, 5])
def test_a_size_that_lies(size: int) -> None:
    """All that is there is given, and the error behind it."""
    given, error = failing(zlib.compress(b"blob %d\0text" % size))
    assert (given, error.code) == (b"text", "damaged-stream")


def test_a_cut_object() -> None:
    """What precedes the cut is given."""
    text = bytes(range(256)) * 400
    given, error = failing(zlib.compress(b"blob %d\0" % len(text) + text, 0)[:-50])
    assert text.startswith(given)
    assert len(given) > len(text) - 100
    assert error.code == "cut-stream"


def test_bytes_behind_an_object() -> None:
    """They are said to be there; the object is whole."""
    given, error = failing(zlib.compress(b"blob 4\0text") + b"more")
    assert (given, error.code, error.severity) == (b"text", "trailing-data", "skipped")


DATA = zlib.compress(b"blob 60\0" + bytes(range(60)))


@given(at=st.integers(2, len(DATA) - 1), byte=st.integers(1, 255))
def test_any_byte_may_change(at: int, byte: int) -> None:
    """One changed byte behind the header is a StreamError, or a bit that fills up a byte and means nothing."""
    data = bytearray(DATA)
    data[at] ^= byte
    try:
        assert body(bytes(data)) == bytes(range(60))
    except StreamError as error:
        assert error.severity == "error"  # noqa: PT017 - the body may as well be whole


def test_reading_in_small_pieces_changes_nothing() -> None:
    """However few bytes a read gives, the object is the same."""
    (member,) = gitloose.members(Trickle(DATA, 1))
    assert isinstance(member, Member)
    assert b"".join(bytes(chunk) for chunk in member.chunks) == bytes(range(60))
