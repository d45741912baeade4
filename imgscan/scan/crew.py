"""Threads that run tasks, in a way that Ctrl-C cannot leave half done.

`concurrent.futures` takes locks in Python code: a KeyboardInterrupt between taking one and the block that gives it back
leaves it taken, and the pool waits forever. Here the main thread takes none: threads communicate only
through `queue.SimpleQueue`, whose operations are atomic.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STEP = 0.5
"""Seconds after which a wait wakes up: on Windows an unlimited wait does not notice Ctrl-C."""

Result = TypeVar("Result")


class Task(Generic[Result]):
    """Something to do, and its outcome: `result` or `failure`, once it has `ended`."""

    __slots__ = ("ended", "failure", "result", "run")

    def __init__(self, run: Callable[[], Result]) -> None:
        self.run = run
        self.result: Result | None = None
        self.failure: BaseException | None = None
        self.ended = False


class Crew(Generic[Result]):
    """Some threads that run tasks, starting them in order.

    `stop` is set if the user stops the scan or a task fails: running tasks end the next time they check it.
    """

    def __init__(self, count: int, name: str, tasks: Sequence[Task[Result]], stop: threading.Event) -> None:
        self._tasks = tasks
        self._stop = stop
        self._names = [f"{name}_{number}" for number in range(count)]
        self._work: SimpleQueue[Task[Result] | None] = SimpleQueue()
        self._ended: SimpleQueue[None] = SimpleQueue()
        for task in tasks:
            self._work.put(task)

    def work(self) -> None:
        """Run all tasks; if the user stops the scan, end those that have started and start no others.

        Raises the exception of the first task that failed.
        """
        try:
            for name in self._names:
                threading.Thread(target=self._run, name=name, daemon=True).start()
            for task in self._tasks:
                self._wait(task)
                if task.failure is not None:
                    raise task.failure
        except KeyboardInterrupt:
            self._stop.set()
        finally:
            self._dismiss()

    def _dismiss(self) -> None:
        """Wait until the started tasks have ended; the others are not run."""
        undone: set[Task[Result] | None] = set()
        with suppress(Empty):
            while True:
                undone.add(self._work.get_nowait())
        for _ in self._names:
            self._work.put(None)
        for task in self._tasks:
            if task not in undone:
                self._wait(task)

    def _wait(self, task: Task[Result]) -> None:
        while not task.ended:
            with suppress(Empty):
                self._ended.get(timeout=_STEP)

    def _run(self) -> None:
        while (task := self._work.get()) is not None:
            try:
                task.result = task.run()
            except BaseException as error:  # noqa: BLE001 - it is raised again, on the waiting thread
                task.failure = error
                self._stop.set()
            task.ended = True
            self._ended.put(None)
