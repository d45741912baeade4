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
        self._order = dict.fromkeys(names)
        self._most = most
        self._lock = Lock()

    def put(self, name: str, result: LayerResult) -> None:
        """Add a result, and drop the hits of those for which there is no room."""
        with self._lock:
            self._order.setdefault(name)
            self[name] = result
            before = 0
            for each in self._order:
                kept = self.get(each)
                if kept is not None and kept.hits and before >= self._most:
                    self[each] = replace(kept, hits=(), left_out=kept.left_out + len(kept.hits))
                elif kept is not None:
                    before += len(kept.hits)

    def rename(self, name: str, key: str) -> None:
        """Give a result another name."""
        with self._lock:
            self._order = {key if each == name else each: None for each in self._order}
            self[key] = self.pop(name)
