"""What every parser owes to any input, and how it is watched.

A fuzz target is a function of bytes that raises `AssertionError`, or anything else, where a law is broken. Work is
counted in calls, never in time, so that a finding repeats: a parser may make so many calls for each byte of its
input, and no more.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgscan.containers.base import HeaderBatch
from imgscan.streams.inflate import StreamError
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType
    from typing import Any

    from imgscan.containers.base import Format, Part

OUTPUT = 16 << 20
"""Bytes of content after which a container is left alone, as a scan's limits would."""

LARGEST = (1 << 20) + 1
"""Bytes of one chunk at most."""

CALLS = 20_000
"""Calls that any input may cost, on top of those for its bytes and its content."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parser under test: what runs it on an input, and the inputs from which others are made."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    formats: tuple[Format, ...] = ()
    """The container formats that it reads."""
    tries: int = 300
    """How many mutations the test suite runs."""


class TooMuchWorkError(AssertionError):
    """A parser made more calls than its input allows."""


class Counter:
    """How many calls were made."""

    used = 0


@contextmanager
def bounded(calls: int) -> Iterator[Counter]:
    """Count the calls of Python and C functions in the context; TooMuchWorkError beyond `calls`."""
    counter = Counter()

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        if event in ("call", "c_call"):
            counter.used += 1
            if counter.used > calls:
                sys.setprofile(None)
                raise TooMuchWorkError(f"more than {calls} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield counter
    finally:
        sys.setprofile(before)


def check(parts: Iterable[Part], size: int, *, per_byte: int = 8) -> None:
    """Read a container of `size` bytes and hold it to the laws.

    Nothing but StreamError comes from chunks, and nothing from the container; chunks are at most a megabyte; extents
    are in order; calls are at most `per_byte` for each byte, and a few for each chunk.
    """
    total = 0
    with bounded(CALLS + per_byte * size + OUTPUT // 1024):
        for part in parts:
            if isinstance(part, HeaderBatch):
                continue
            if isinstance(part, Unread):
                assert part.severity in ("error", "skipped")
                assert part.code
                assert part.message
                assert part.bytes is None or part.bytes >= 0
                continue
            if part.extent is not None:
                assert 0 <= part.extent[0] <= part.extent[1]
            try:
                for chunk in part.chunks:
                    assert len(chunk) <= LARGEST
                    total += len(chunk)
                    if total > OUTPUT:
                        return
            except StreamError:
                continue
