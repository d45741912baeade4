"""Threads that run tasks in order, until the scan is stopped."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgscan.streams.stop import Stop

Result = TypeVar("Result")


class Task(Generic[Result]):
    """Something to do, and its outcome: `result` or `failure`; neither if it was not run."""

    __slots__ = ("failure", "result", "run")

    def __init__(self, run: Callable[[], Result]) -> None:
        self.run = run
        self.result: Result | None = None
        self.failure: Exception | None = None


class Crew(Generic[Result]):
    """Some threads that run tasks, starting them in order.

    Once `stop` is set, no other is started. Those that run must look at `stop` themselves.
    """

    def __init__(self, count: int, name: str, tasks: Sequence[Task[Result]], stop: Stop) -> None:
        self._tasks = tasks
        self._stop = stop
        self._names = [f"{name}_{number}" for number in range(count)]
        self._work: SimpleQueue[Task[Result] | None] = SimpleQueue()

    def work(self) -> None:
        """Run the tasks and wait for their end."""
        for each in (*self._tasks, *(None for _ in self._names)):
            self._work.put(each)
        threads = [threading.Thread(target=self._run, name=name, daemon=True) for name in self._names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _run(self) -> None:
        while (task := self._work.get()) is not None:
            if self._stop.is_set():
                continue
            try:
                task.result = task.run()
            except Exception as error:  # noqa: BLE001 - whoever wanted the task asks for its outcome
                task.failure = error
