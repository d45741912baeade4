"""The first two sieves put together: the screen says where to look, the automaton what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgscan.detect.automaton import Candidate
    from imgscan.detect.ruleset import Ruleset
    from imgscan.detect.screen import Screen


def position(candidate: Candidate) -> int:
    """Return the place by which candidates are sorted."""
    return candidate.position


class Finder:
    """Finds a ruleset's anchors in whatever form; immutable, shared by threads."""

    def __init__(self, ruleset: Ruleset, *, screen: bool | None) -> None:
        """Set the sieves up.

        `screen` None takes Hyperscan where it can be imported, True raises ImportError where it cannot, False
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
        reach = min(len(data), end + self._longest - 1)
        screen = self._screen
        regions = [(start, reach)]
        if screen is not None and screen.worth(reach - start):
            regions = screen.regions(data, start, reach)
        found = [
            candidate
            for low, high in regions
            for candidate in self._automaton.find(data, low, high)
            if candidate.position < end
        ]
        found.sort(key=position)
        return found
