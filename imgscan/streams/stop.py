"""How a scan stops early: a flag that everything looks at, and waiting in a way that notices it.

Nothing is interrupted from outside. Whoever stops a scan sets the flag, from any thread; whatever runs looks at it
at least a few times a second, and raises the `StreamError` of an interruption. So the scan unwinds as after any other
failure to read, and the report is made of what was found until then.
"""

from __future__ import annotations

import io
import select
import threading
import time
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from imgscan.streams.readers import StreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INTERRUPTED = "interrupted"
"""The code of a scan that was stopped."""

STEP = 0.2
"""Seconds after which a wait looks at the flag."""

_GRACE = 0.7
"""Seconds for which what has been read is still searched; most of the time it takes some hundredths."""

Outcome = TypeVar("Outcome")


class Stop:
    """Whether the scan is to stop. It takes no locks, so a signal handler may set it."""

    def __init__(self) -> None:
        self._set = False
        self._overdue = 0.0
        self._hooks: dict[object, Callable[[], None]] = {}

    def set(self) -> None:
        """Stop the scan."""
        self._overdue = time.monotonic() + _GRACE
        self._set = True
        for hook in list(self._hooks.values()):
            hook()

    def is_set(self) -> bool:
        """Whether the scan is to stop."""
        return self._set

    def check(self) -> None:
        """Raise the StreamError of an interruption if the scan is to stop."""
        if self._set:
            raise interruption()

    def check_overdue(self) -> None:
        """Raise it once the scan should have stopped some time ago: what was read until then is still searched."""
        if self._set and time.monotonic() > self._overdue:
            raise interruption()

    @contextmanager
    def hooked(self, hook: Callable[[], None]) -> Iterator[None]:
        """While the context lasts, stopping also calls `hook`, at once if that has happened before; perhaps twice."""
        key = object()
        self._hooks[key] = hook
        try:
            if self._set:
                hook()
            yield
        finally:
            del self._hooks[key]


def interruption() -> StreamError:
    """Make what ends the reading of a stream once the scan is to stop."""
    return StreamError(INTERRUPTED, "the scan was interrupted")


def is_interruption(error: BaseException) -> bool:
    """Whether an error only says that the scan was stopped."""
    return isinstance(error, StreamError) and error.code == INTERRUPTED


def patiently(call: Callable[[], Outcome], stop: Stop) -> Outcome:
    """Return what a call returns that may block for ever, as opening a named pipe does.

    It runs on a thread of its own, which is left to itself if the scan stops: then the StreamError of an interruption
    is raised.
    """
    ended: SimpleQueue[tuple[Outcome] | BaseException] = SimpleQueue()

    def run() -> None:
        try:
            ended.put((call(),))
        except BaseException as error:  # noqa: BLE001 - it is raised again, on the waiting thread
            ended.put(error)

    stop.check()
    threading.Thread(target=run, name="imgscan-wait", daemon=True).start()
    while True:
        try:
            got = ended.get(timeout=STEP)
        except Empty:
            stop.check()
            continue
        if isinstance(got, BaseException):
            raise got
        return got[0]


class PatientReader:
    """A file that may keep its reader waiting for ever, such as a pipe: a read that waits ends when the scan stops.

    `read` raises the StreamError of an interruption then. Closing closes the file.
    """

    def __init__(self, file: BinaryIO, stop: Stop) -> None:
        self._read = file.read
        self._stop = stop
        self._ready = _readiness(file)
        self.close = file.close

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes; `b""` only at the end."""
        self._stop.check()
        if self._ready is None:
            return patiently(partial(self._read, count), self._stop) or b""
        while not self._ready():
            self._stop.check()
        return self._read(count) or b""


def _readiness(file: BinaryIO) -> Callable[[], object] | None:
    """Return what waits a moment for a file to have something to read; None where that cannot be asked.

    A buffered file cannot be asked: it reads until it has as many bytes as were requested.
    """
    if not isinstance(file, io.RawIOBase) or not hasattr(select, "poll"):
        return None
    try:
        handle = file.fileno()
    except OSError:  # it is in memory
        return None
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return partial(poll.poll, STEP * 1000)
