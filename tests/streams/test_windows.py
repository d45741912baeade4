"""Windows: each byte is owned once, with what stands around it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.streams.windows import Window, Windower
from tests.effort import examples

streams = st.lists(st.binary(max_size=30), max_size=12)
reaches = st.integers(0, 12)
sizes = st.integers(1, 40)


def cut(chunks: list[bytes], behind: int, ahead: int, size: int) -> list[Window]:
    """Cut a stream that comes in these chunks."""
    windower = Windower(behind, ahead, size)
    windows = [windower.feed(memoryview(chunk)) for chunk in chunks]
    return [window for window in (*windows, windower.finish()) if window is not None]


@given(streams, reaches, reaches, sizes)
@settings(max_examples=examples(50))
def test_each_byte_is_owned_once(chunks: list[bytes], behind: int, ahead: int, size: int) -> None:
    """The bytes that windows own are the stream, in order, none twice."""
    windows = cut(chunks, behind, ahead, size)
    assert b"".join(window.data[window.start : window.end] for window in windows) == b"".join(chunks)
    assert all(first.offset + first.end == second.offset + second.start for first, second in pairwise(windows))


@given(streams, reaches, reaches, sizes)
@settings(max_examples=examples(50))
def test_a_window_is_a_piece_of_the_stream(chunks: list[bytes], behind: int, ahead: int, size: int) -> None:
    """A window's data are the bytes of the stream from its offset on."""
    stream = b"".join(chunks)
    for window in cut(chunks, behind, ahead, size):
        assert stream[window.offset : window.offset + len(window.data)] == window.data


@given(streams, reaches, reaches, sizes)
@settings(max_examples=examples(50))
def test_what_stands_around_is_there(chunks: list[bytes], behind: int, ahead: int, size: int) -> None:
    """Before and behind the bytes that it owns a window has what was requested, as far as the stream has it."""
    length = sum(map(len, chunks))
    for window in cut(chunks, behind, ahead, size):
        owned = window.offset + window.start
        assert window.start >= min(behind, owned)
        assert len(window.data) - window.end >= min(ahead, length - window.offset - window.end)


@given(streams, reaches, reaches, sizes)
@settings(max_examples=examples(33))
def test_windows_are_not_too_small(chunks: list[bytes], behind: int, ahead: int, size: int) -> None:
    """All windows but the last own at least the size that was requested."""
    assert all(window.end - window.start >= size for window in cut(chunks, behind, ahead, size)[:-1])


def test_memory_is_bounded() -> None:
    """Of a stream in small chunks no more is held than a window and what stands around it."""
    windows = cut([b"x" * 10] * 500, 20, 30, 100)
    assert max(len(window.data) for window in windows) <= 20 + 100 + 30 + 10


def test_a_window_grows_while_nobody_can_take_it() -> None:
    """It is given when somebody can, and when it has grown to four times its size."""
    busy = True
    windower = Windower(0, 0, 100, lambda _: busy)
    given = [windower.feed(b"x" * 50) for _ in range(8)]
    assert [window is not None for window in given] == [False] * 7 + [True]
    assert windower.feed(b"x" * 120) is None
    busy = False
    window = windower.feed(b"x")
    assert window is not None
    assert window.end - window.start == 121


def test_nothing_gives_no_window() -> None:
    """A stream without a byte has no window."""
    assert cut([], 5, 5, 10) == []
    assert cut([b"", b""], 5, 5, 10) == []
