"""How many hits the results of one source keep: those of the first layers, in whatever order they are read."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from imgscan.scan.manyhits import MOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgscan.scan.result import LayerResult


class Results(dict[str, "LayerResult"]):
    """The result of each blob that was read, by its name on the shelf; shared by threads.

    A result keeps its hits if those before it have fewer than `most`. The order is that of `names`, and then that in
    which results are put here. So what is kept at the end does not depend on which of several is done first.
    """

    def __init__(self, names: Iterable[str] = (), most: int = MOST) -> None:
        super().__init__()
        self._order = {name: number for number, name in enumerate(names)}
        self._most = most
        self._count = 0
        self._lock = Lock()

    def put(self, name: str, result: LayerResult) -> None:
        """Add a result, and drop the hits of those for which there is no room."""
        with self._lock:
            self._order.setdefault(name, len(self._order))
            self[name] = result
            self._count += len(result.hits)
            if self._count > self._most:
                self._drop()

    def _drop(self) -> None:
        before = 0
        for each in sorted(self, key=self._order.__getitem__):
            kept = self[each]
            if kept.hits and before >= self._most:
                self[each] = replace(kept, hits=(), left_out=kept.left_out + len(kept.hits))
            else:
                before += len(kept.hits)
        self._count = before

    def rename(self, name: str, key: str) -> None:
        """Give a result another name."""
        with self._lock:
            self._order[key] = self._order.pop(name)
            self[key] = self.pop(name)
