"""The hits of all lanes, limited: the first of the walk, however many lanes there are."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from imgscan.packed import Many
from imgscan.scan.manyhits import MOST, ManyHits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.scan.hits import Hit


class Runs:
    """Takes runs of hits, each by the numbers of their files; a file's hits are in one run. Shared by threads.

    `left_out` counts those that were too many: at least `most` others come before them.
    """

    def __init__(self, most: int = MOST) -> None:
        self.left_out = 0
        self._most = most
        self._runs: list[Sequence[Hit]] = []
        self._count = 0
        self._lock = Lock()

    def add(self, hits: Sequence[Hit], left_out: int = 0) -> None:
        """Take a run."""
        with self._lock:
            self._runs.append(hits)
            self._count += len(hits)
            self.left_out += left_out
            if self._count > 2 * self._most:
                kept = ManyHits(islice(self.take(), self._most))
                self.left_out += self._count - len(kept)
                self._runs, self._count = [kept], len(kept)

    def take(self) -> Iterator[Hit]:
        """Yield all hits by the numbers of their files, once."""
        return merge(*map(_taken, self._runs), key=_number)


def _taken(run: Sequence[Hit]) -> Iterator[Hit]:
    return map(run.take, range(len(run))) if isinstance(run, Many) else iter(run)


def _number(hit: Hit) -> int:
    return hit.member
