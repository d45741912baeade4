"""The first two sieves put together: the screen says where to look, the automaton what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.detect.automaton import Candidate
    from imgscan.detect.ruleset import Ruleset
    from imgscan.detect.screen import Screen


SLICE = 1 << 14
"""Bytes whose candidates are listed at once, where there are many: each is an object, and they are every four bytes."""


def position(candidate: Candidate) -> int:
    """Return the place by which candidates are sorted."""
    return candidate.position


class Finder:
    """Finds a ruleset's anchors in whatever form; immutable, shared by threads."""

    def __init__(self, ruleset: Ruleset, *, screen: bool | None) -> None:
        """Set the sieves up.

        `screen` None takes Hyperscan where it can be imported, True raises ImportError if it cannot, False
        leaves it out.
        """
        self._screen: Screen | None = None
        if screen is not False:
            try:
                self._screen = ruleset.screen
            except ImportError:
                if screen:
                    raise
        self._automaton = ruleset.automaton
        self._longest = max(len(form.literal) for form in ruleset.forms)
        self.screened = self._screen is not None

    def prepare(self) -> None:
        """Begin to compile the screen, if there is one."""
        if self._screen is not None:
            self._screen.begin()

    def busy(self, count: int) -> bool:
        """Whether a search of `count` bytes would wait for the screen."""
        return self._screen is not None and self._screen.busy(count)

    def find(self, data: bytes, start: int, end: int) -> list[Candidate]:
        """List the anchors that begin in `data[start:end)`, ascending; they may extend past `end`."""
        return [candidate for some in self.slices(data, start, end) for candidate in some]

    def slices(self, data: bytes, start: int, end: int) -> Iterator[list[Candidate]]:
        """Yield the anchors that begin in `data[start:end)` in lists that ascend, none of them empty.

        Those of a slice of the data are listed together, and nothing is held of the others.
        """
        found: list[Candidate] = []
        count = 0
        for low, middle, high in _pieces(self._regions(data, start, end), end, self._longest - 1):
            found += [each for each in self._automaton.find(data, low, high) if each.position < middle]
            count += high - low
            if found and count >= SLICE:
                found.sort(key=position)
                yield found
                found, count = [], 0
        if found:
            found.sort(key=position)
            yield found

    def _regions(self, data: bytes, start: int, end: int) -> list[tuple[int, int]]:
        """List disjoint spans, ascending, in whose union every literal is wholly that begins in `data[start:end)`."""
        reach = min(len(data), end + self._longest - 1)
        screen = self._screen
        if screen is not None and screen.worth(reach - start):
            return screen.regions(data, start, reach)
        return [(start, reach)]


def _pieces(regions: list[tuple[int, int]], end: int, longest: int) -> Iterator[tuple[int, int, int]]:
    """Cut regions into pieces of a slice: where each begins, where the next begins, how far its literals may extend.

    None begins at or behind `end`; a literal extends `longest` bytes past its first.
    """
    for low, high in regions:
        for start in range(low, min(high, end), SLICE):
            middle = min(start + SLICE, end)
            yield start, middle, min(high, middle + longest)
