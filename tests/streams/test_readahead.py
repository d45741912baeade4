"""Working ahead on another thread: the same items, the same exceptions, and an end on request."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.streams.readahead import Readahead
from tests.effort import examples

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(st.lists(st.none() | st.integers() | st.binary(max_size=3), max_size=20), st.integers(1, 5))
@settings(max_examples=examples(16))
def test_items_come_in_order(items: list[object], depth: int) -> None:
    """Every item comes once and in order; None and empty ones are items like others."""
    with Readahead(items, depth) as ahead:
        assert list(ahead) == items


def test_the_producer_runs_on_a_thread_of_its_own() -> None:
    """The items are made elsewhere than they are used."""

    def produce() -> Iterator[int]:
        yield threading.get_ident()

    with Readahead(produce()) as ahead:
        assert list(ahead) != [threading.get_ident()]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_comes_after_the_items_before_it(kind: type[BaseException]) -> None:
    """What the producer raises is raised to the consumer, behind what it had produced."""

    def produce() -> Iterator[int]:
        yield from range(10)
        raise kind("producer")

    got: list[int] = []
    with Readahead(produce()) as ahead, pytest.raises(kind, match="producer"):
        got.extend(ahead)
    assert got == list(range(10))


def test_leaving_early_stops_the_producer() -> None:
    """A consumer that leaves has the producer stop after the item at hand, and its resources can be closed."""
    made = []

    def produce() -> Iterator[int]:
        number = 0
        while True:
            made.append(number)
            yield number
            number += 1

    with Readahead(produce(), depth=2) as ahead:
        for item in ahead:
            if item == 3:
                break
    count = len(made)
    assert count <= 4 + 2 + 3  # taken, waiting in the queue, and those that leaving let through
    assert not [thread for thread in threading.enumerate() if thread.name == "imgscan-read"]
    assert len(made) == count


def test_an_exception_of_the_consumer_stops_the_producer() -> None:
    """An exception inside the context ends the producer and continues to the caller."""

    def fail() -> None:
        with Readahead(iter(int, 1), depth=1) as ahead:
            next(iter(ahead))
            raise ValueError("consumer")

    with pytest.raises(ValueError, match="consumer"):
        fail()
    assert not [thread for thread in threading.enumerate() if thread.name == "imgscan-read"]


def test_ctrl_c_does_not_wait_for_the_producer() -> None:
    """An interrupt inside the context leaves at once, though the producer is stuck."""
    release = threading.Event()

    def fail() -> None:
        with Readahead(iter(lambda: release.wait(30), None)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    stuck = [thread for thread in threading.enumerate() if thread.name == "imgscan-read"]
    release.set()
    for thread in stuck:
        thread.join(10)
    assert stuck
