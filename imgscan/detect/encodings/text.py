"""Decoded neighbourhoods, and the way back from a character to the bytes that hold it."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Span(NamedTuple):
    """Which bytes of a buffer are one file's: `[low, high)`; `origin` is the offset of `low` in that file.

    `aligned` says that these offsets tell where units of two bytes begin: inside another encoding they do not.
    """

    low: int
    high: int
    origin: int = 0
    aligned: bool = True


class Reach(NamedTuple):
    """How many characters to decode: `behind` before an anchor, `ahead` from its first on."""

    behind: int
    ahead: int


class Gaps(NamedTuple):
    """Bytes of a carrier that are between the characters it holds: line breaks, quotes, the rest of an escape.

    `at` are the indexes of the carrier's characters before which bytes are skipped, ascending; `sums` how many
    bytes are skipped up to and with each. `trailing` says that a gap belongs to the character before it.
    """

    at: Sequence[int] = ()
    sums: Sequence[int] = ()
    trailing: bool = False

    def before(self, index: int) -> int:
        """Count the bytes that are skipped up to a character of the carrier."""
        found = bisect_right(self.at, index)
        return self.sums[found - 1] if found else 0


NO_GAPS = Gaps()


class Text(NamedTuple):
    """A decoded neighbourhood: one byte of `data` is one character.

    The file's own text is `data[low:high]`, the anchor begins at `at`. `encoding` says how the text was written,
    outermost first. `strict` admits only credentials whose own structure proves them, `settles` says that no later
    reading is asked if this one holds a credential. `rival` is a likelier reading of the same bytes: what it shows
    and does not take for a credential is none here either.

    Character `i` is in the carrier from `num * i / den` on, `base` and the gaps say where that is in the buffer
    that was decoded; where that was the `data` of another text, `outer` continues from there.
    """

    encoding: str
    data: bytes
    at: int
    low: int
    high: int
    base: int = 0
    num: int = 1
    den: int = 1
    gaps: Gaps = NO_GAPS
    strict: bool = False
    settles: bool = False
    rival: Text | None = None
    outer: Text | None = None

    def begin(self, index: int) -> int:
        """Return the buffer offset of the first byte that holds bits of character `index`."""
        first = index * self.num // self.den
        place = self.base + first + self.gaps.before(first)
        return place if self.outer is None else self.outer.begin(place)

    def end(self, index: int) -> int:
        """Return the buffer offset one past the last byte that holds bits of the character before `index`."""
        past = -(-index * self.num // self.den)
        place = self.base + past + self.gaps.before(past if self.gaps.trailing else past - 1)
        return place if self.outer is None else self.outer.end(place)
