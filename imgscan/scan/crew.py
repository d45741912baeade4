"""Threads that read batches of files, in a way that Ctrl-C cannot leave half done.

`concurrent.futures` takes locks in Python code: a KeyboardInterrupt between taking one and the block that gives it back
leaves it taken, and the pool waits for ever. What passes between threads here passes through `queue.SimpleQueue`, whose
steps are whole.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgscan.scan.lanes import Lane, Outcome

_STEP = 0.5
"""Seconds after which a wait looks around: on Windows a wait without an end does not notice Ctrl-C."""


class Crew:
    """Some threads that read batches with one lane, in the order in which they are given."""

    def __init__(self, lane: Lane, count: int) -> None:
        self._lane = lane
        self._work: SimpleQueue[tuple[Sequence[bytes], Outcome] | None] = SimpleQueue()
        self._ended: SimpleQueue[bool] = SimpleQueue()  # false for a batch, true for a thread
        self._left = count
        for number in range(count):
            threading.Thread(target=self._run, name=f"imgscan-files_{number}", daemon=True).start()

    def give(self, batch: Sequence[bytes], outcome: Outcome) -> None:
        """Let a batch be read; `outcome` is complete when `ended` is set."""
        self._work.put((batch, outcome))

    def wait(self, outcome: Outcome) -> None:
        """Wait until a batch has been read; raises what reading it has raised."""
        while not outcome.ended.is_set():
            self._look()
        if outcome.failure is not None:
            raise outcome.failure

    def dismiss(self) -> None:
        """Wait until the batches at hand are read; those that were not begun are not read any more."""
        with suppress(Empty):
            while True:
                self._work.get_nowait()
        for _ in range(self._left):
            self._work.put(None)
        while self._left:
            self._look()

    def _look(self) -> None:
        with suppress(Empty):
            self._left -= self._ended.get(timeout=_STEP)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            batch, outcome = work
            try:
                self._lane.read(batch, outcome)
            except BaseException as error:  # noqa: BLE001 - it is raised again, on the thread that waits
                outcome.failure = error
            outcome.ended.set()
            self._ended.put(False)  # noqa: FBT003 - a queue's only argument
        self._ended.put(True)  # noqa: FBT003
