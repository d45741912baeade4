"""The stop: a flag, hooks, and waits that look at it."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from typing import BinaryIO

import pytest

from imgscan.streams.readers import StreamError
from imgscan.streams.stop import PatientReader, Stop, is_interruption, patiently
from tests.trickle import Trickle


def test_a_stop_is_noticed_at_the_next_look() -> None:
    """Looking does nothing until the stop is set, and raises the interruption afterwards."""
    stop = Stop()
    stop.check()
    stop.set()
    with pytest.raises(StreamError) as failure:
        stop.check()
    assert is_interruption(failure.value)


@pytest.mark.parametrize("before", [True, False])
def test_a_hook_is_called_whether_the_stop_comes_before_or_after(before: bool) -> None:
    """What a stop has to end is ended even if it began after the stop."""
    stop, called = Stop(), threading.Event()
    if before:
        stop.set()
    with stop.hooked(called.set):
        if not before:
            stop.set()
        assert called.is_set()


def test_a_hook_whose_context_is_over_is_not_called() -> None:
    """What has ended is not ended again."""
    stop, called = Stop(), threading.Event()
    with stop.hooked(called.set):
        pass
    stop.set()
    assert not called.is_set()


def test_a_call_gives_what_it_returns() -> None:
    """A call that does not block returns as if it had been made directly."""
    assert patiently(lambda: 7, Stop()) == 7


def test_a_call_raises_what_it_raises() -> None:
    """The exception of a call arrives where it is waited for."""

    def fail() -> None:
        raise ValueError("within")

    with pytest.raises(ValueError, match="within"):
        patiently(fail, Stop())


def test_a_call_that_blocks_is_left_when_the_scan_stops() -> None:
    """Opening a pipe that nobody writes to ends with the stop."""
    stop, release, begun = Stop(), threading.Event(), threading.Event()

    def block() -> None:
        begun.set()
        release.wait()

    def stop_then() -> None:
        begun.wait()
        stop.set()

    threading.Thread(target=stop_then).start()
    with pytest.raises(StreamError) as failure:
        patiently(block, stop)
    release.set()
    assert is_interruption(failure.value)


def _pipe() -> tuple[BinaryIO, int]:
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb", buffering=0), writing


def test_a_pipe_is_read_to_its_end() -> None:
    """Bytes come through as they were written, and then the end."""
    file, writing = _pipe()
    with closing(PatientReader(file, Stop())) as reader:
        os.write(writing, b"some")
        assert reader.read(100) == b"some"
        os.close(writing)
        assert reader.read(100) == b""


def test_a_read_of_a_pipe_that_stalls_ends_with_the_stop() -> None:
    """A pipe whose writer says nothing does not hold a scan that is to stop."""
    file, writing = _pipe()
    stop = Stop()
    with closing(PatientReader(file, stop)) as reader:
        threading.Timer(0.05, stop.set).start()
        with pytest.raises(StreamError) as failure:
            reader.read(100)
    os.close(writing)
    assert is_interruption(failure.value)


def test_a_file_in_memory_is_read_as_well() -> None:
    """A file without a descriptor is read on a thread."""
    reader = PatientReader(Trickle(b"abcdef", 4), Stop())
    assert [reader.read(100) for _ in range(3)] == [b"abcd", b"ef", b""]


def test_what_was_read_may_be_searched_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop is overdue only some time after it: until then a search may end what it has at hand."""
    clock = [100.0]
    monkeypatch.setattr("imgscan.streams.stop.time.monotonic", lambda: clock[0])
    stop = Stop()
    stop.check_overdue()
    stop.set()
    stop.check_overdue()
    clock[0] += 1.5
    with pytest.raises(StreamError) as failure:
        stop.check_overdue()
    assert is_interruption(failure.value)
