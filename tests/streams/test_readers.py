"""Readers: slices of files, a look at what comes, a bounded read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.streams.readers import BytesReader, FileSlice, Peekable, read_all
from tests.effort import examples

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(0, None, b"0123456789"), (3, None, b"3456789"), (3, 4, b"3456"), (0, 0, b""), (8, 100, b"89"), (50, 1, b"")],
)
def test_a_slice_is_a_part_of_a_file(tmp_path: Path, offset: int, length: int | None, expected: bytes) -> None:
    """A slice gives its part of the file and no byte more, in reads of any size."""
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    for size in (1, 3, 100):
        with FileSlice(path, offset, length) as part:
            assert b"".join(iter(lambda: part.read(size), b"")) == expected  # noqa: B023 - used at once
            assert part.read(size) == b""


def test_slices_of_a_file_do_not_share_a_position(tmp_path: Path) -> None:
    """Two slices of one file are read independently."""
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with FileSlice(path, 0, 5) as first, FileSlice(path, 5, 5) as second:
        assert [first.read(2), second.read(3), first.read(3), second.read(2)] == [b"01", b"567", b"234", b"89"]


def test_a_slice_closes_its_file(tmp_path: Path) -> None:
    """Leaving the context closes the handle."""
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with FileSlice(path) as part:
        pass
    with pytest.raises(ValueError, match="closed"):
        part.read(1)


class _Short(io.BytesIO):
    """A reader that gives one byte at a time."""

    def read(self, count: int | None = -1, /) -> bytes:
        return super().read(1 if count else 0)


@given(st.binary(max_size=40), st.lists(st.tuples(st.booleans(), st.integers(1, 20)), max_size=12), st.booleans())
@settings(max_examples=examples(26))
def test_a_look_takes_nothing(data: bytes, steps: list[tuple[bool, int]], short: bool) -> None:
    """Whatever is looked at is read all the same, each byte once."""
    reader = Peekable(_Short(data) if short else BytesReader(data))
    taken = b""
    for look, count in steps:
        if look:
            assert reader.peek(count) == data[len(taken) : len(taken) + count]
        else:
            taken += reader.read(count)
        assert data.startswith(taken)
    assert taken + b"".join(iter(lambda: reader.read(7), b"")) == data


@pytest.mark.parametrize(
    ("size", "limit", "expected"), [(5, 10, 5), (10, 10, 10), (11, 10, 11), (90, 10, 11), (0, 0, 0)]
)
def test_a_bounded_read_tells_that_there_was_more(size: int, limit: int, expected: int) -> None:
    """At most the limit and one byte are read; that byte says that the limit was too low."""
    assert len(read_all(_Short(bytes(size)), limit)) == expected
