"""Threads that do tasks, in a way that Ctrl-C cannot leave half done.

`concurrent.futures` takes locks in Python code: a KeyboardInterrupt between taking one and the block that gives it back
leaves it taken, and the pool waits for ever. Here the main thread takes none: what passes between threads passes
through `queue.SimpleQueue`, whose steps are whole.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STEP = 0.5
"""Seconds after which a wait looks around: on Windows a wait without an end does not notice Ctrl-C."""

Result = TypeVar("Result")


class Task(Generic[Result]):
    """Something to be done, and what came of it: `result` or `failure`, once it has `ended`."""

    __slots__ = ("ended", "failure", "result", "run")

    def __init__(self, run: Callable[[], Result]) -> None:
        self.run = run
        self.result: Result | None = None
        self.failure: BaseException | None = None
        self.ended = False


class Crew(Generic[Result]):
    """Some threads that do tasks, beginning them in their order."""

    def __init__(self, count: int, name: str, tasks: Sequence[Task[Result]]) -> None:
        self._tasks = tasks
        self._work: SimpleQueue[Task[Result] | None] = SimpleQueue()
        self._ended: SimpleQueue[bool] = SimpleQueue()  # false for a task, true for a thread
        self._count = count
        self._name = name
        self._left = 0

    def work(self) -> None:
        """Do all tasks; raises what the first of those that raised something has raised."""
        for task in self._tasks:
            self._work.put(task)
        for number in range(self._count):
            threading.Thread(target=self._run, name=f"{self._name}_{number}", daemon=True).start()
            self._left += 1
        for task in self._tasks:
            while not task.ended:
                self._look()
            if task.failure is not None:
                raise task.failure

    def dismiss(self) -> None:
        """Wait until the tasks at hand have ended; those that were not begun are not done any more."""
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
        while (task := self._work.get()) is not None:
            try:
                task.result = task.run()
            except BaseException as error:  # noqa: BLE001 - it is raised again, on the thread that waits
                task.failure = error
            task.ended = True
            self._ended.put(False)  # noqa: FBT003 - a queue's only argument
        self._ended.put(True)  # noqa: FBT003
