"""The three sieves put together: screen, automaton, validators.

An `Engine` is built once and shared; a `View` is one buffer of a stream. Everything that a view reports about a file
depends on no more than `reach_behind` bytes before an anchor and `reach_ahead` bytes from its start on, and on
nothing outside the file. So a stream may be cut into windows anywhere: as long as each window is given with that
much around it, the matches are those of the whole.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from imgscan.detect import context, redaction
from imgscan.detect.finder import Finder
from imgscan.detect.judge import Judge
from imgscan.detect.view import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.detect.automaton import Candidate
    from imgscan.detect.match import Match
    from imgscan.detect.ruleset import Ruleset


class Engine:
    """Finds and judges the credentials of a ruleset; immutable, shared by threads.

    `screened` says whether the SIMD screen is in use, `reach_behind` and `reach_ahead` how many bytes before and
    from an anchor's start on its match and the match's context may need.
    """

    def __init__(self, ruleset: Ruleset, *, screen: bool | None = None, now: float | None = None) -> None:
        """Set the sieves up.

        `screen` None takes Hyperscan where it can be imported, True raises ImportError if it cannot, False
        leaves it out. No account is younger than `now` (seconds since 1970; None: this moment).
        """
        self.ruleset = ruleset
        self._finder = Finder(ruleset, screen=screen)
        self._judge = Judge(ruleset, time.time() if now is None else now)
        self.screened = self._finder.screened
        around = context.SIBLING + context.LINE
        self.reach_behind = around + 2 * ruleset.needs.behind
        self.reach_ahead = around + 2 * ruleset.needs.ahead

    def open(self, data: bytes, go_on: Callable[[], None] | None = None) -> View:
        """Return a view of one buffer; costs nothing until it is used.

        `go_on` is called every few milliseconds of work, and stops it by raising.
        """
        return View(self.ruleset, self._finder, self._judge, data, go_on)

    def prepare(self) -> None:
        """Begin to compile the screen, if there is one: much is going to be searched, but not yet."""
        self._finder.prepare()

    def busy(self, count: int) -> bool:
        """Whether a search of `count` bytes would wait for the screen."""
        return self._finder.busy(count)

    def find(self, data: bytes, start: int, end: int) -> list[Candidate]:
        """List the anchors that begin in `data[start:end)`, ascending; they may extend past `end`."""
        return self._finder.find(data, start, end)

    def search(
        self, text: bytes, *, path: str = "", binary: bool = False, go_on: Callable[[], None] | None = None
    ) -> list[Match]:
        """Find every credential of a whole small document; `go_on` is that of `open`."""
        view = self.open(text, go_on)
        found: list[Match] = []
        for some in view.slices(0, len(text)):
            taken = found[-1].end if found else 0
            found += view.confirm(some, 0, len(text), path=path, binary=binary, taken=taken)
        return found

    def redact(self, text: str) -> str:
        """Make a string from an image fit to be printed: no credential in it, nor what begins like one.

        Applying it twice changes nothing more. The credentials of optional rules stay; those in another encoding
        become `[REDACTED]`.
        """
        data = text.encode("utf-8", "surrogatepass")
        while self.find(data, 0, len(data)):
            # Again, because a credential may have been half inside another; each round shortens the text.
            shorter = redaction.replace(data, self.search(data), self.ruleset.redacted)
            if shorter == data:
                break
            data = shorter
        return data.decode("utf-8", "surrogatepass")
