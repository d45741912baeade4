"""Work ahead: run an iterator on its own thread, a few items ahead of its consumer.

Reading and inflating let other threads run, so a layer is searched while it is still being inflated.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

Item = TypeVar("Item")


class Readahead(Generic[Item]):
    """An iterator over the items of another, at most `depth` of them produced ahead.

    Used as a context manager: leaving it stops the producer after the item at hand and waits for it, so the
    resources behind the iterable can be closed afterwards. An exception of the producer is raised to the consumer
    after the items that came before it.
    """

    def __init__(self, items: Iterable[Item], depth: int = 3) -> None:
        self._items = items
        self._queue: queue.Queue[tuple[Item] | BaseException | None] = queue.Queue(depth)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._produce, name="imgscan-read", daemon=True)

    def _produce(self) -> None:
        end: BaseException | None = None
        try:
            for item in self._items:
                self._queue.put((item,))
                if self._stopped.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised again, on the consumer's thread
            end = error
        self._queue.put(end)

    def __iter__(self) -> Iterator[Item]:
        while not isinstance(got := self._queue.get(), BaseException):
            if got is None:
                return
            yield got[0]
        raise got

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        if error is not None and not isinstance(error, Exception):
            return
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.05)
            except queue.Empty:
                continue
        self._thread.join()
