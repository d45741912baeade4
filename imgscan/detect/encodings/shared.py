"""What has been decoded of a buffer, kept so that a thousand anchors in one run of digits cost one decoding.

A sight is a quick look at a candidate: it sees at least what a reader would (`Encoding.read`), so what it does not see
is not there. A view is a reading that is shared: as far as credentials and their context go, it is the reader's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgscan.detect.encodings.text import NO_GAPS, Text

if TYPE_CHECKING:
    from imgscan.detect.encodings.text import Gaps, Reach


Near = tuple[bytes, int, bytes]

_REMEMBERED = 128
"""Texts that are remembered at once."""


class Shared:
    """A part of a buffer, `data[low:high)`, that many candidates are in, and what encodings made of it.

    `reach` is how far around an anchor its credential and its context can be, `least` how many characters of a text a
    credential takes from its anchor on. `made` is the encodings' own. `text` is
    the whole of it as a text, with no anchor yet; None for a buffer that was not decoded. `refused` are texts that no
    validator took, as `near` gives them; what is decoded has its own buffer's.
    """

    __slots__ = ("data", "high", "least", "low", "made", "reach", "refused", "text")

    def __init__(
        self, data: bytes, low: int, high: int, reach: Reach, least: int = 0, text: Text | None = None
    ) -> None:
        self.data = data
        self.low = low
        self.high = high
        self.reach = reach
        self.least = least
        self.text = text
        self.made: dict[object, Any] = {}
        self.refused: set[Near] = set()

    def bare(self) -> Shared:
        """Return the same part with nothing made of it, for what is made to keep: no circle holds a buffer."""
        return self._with(Shared(self.data, self.low, self.high, self.reach, self.least, self.text))

    def near(self, anchor: bytes, at: int, low: int, high: int) -> Near:
        """Return all that a validator can look at, as a value: the anchor, its place, and the characters around it."""
        begin = max(low, at - self.reach.behind)
        return anchor, at - begin, self.data[begin : min(high, at + self.reach.ahead)]

    def refuse(self, near: Near) -> None:
        """Remember that no validator takes a text: a hostile one consists of repeats."""
        if len(self.refused) >= _REMEMBERED:
            self.refused.clear()
        self.refused.add(near)

    def _with(self, other: Shared) -> Shared:
        other.refused = self.refused
        return other

    def decoded(self, name: str, data: bytes, base: int, num: int = 1, den: int = 1, gaps: Gaps = NO_GAPS) -> Shared:
        """Return a buffer that was decoded from this one; the rest says where its characters are (`Text`)."""
        text = Text(name, data, 0, 0, len(data), base, num, den, gaps)
        return self._with(Shared(data, 0, len(data), self.reach, self.least, text))


Sight = tuple[Shared, int]
"""A decoded buffer, and where in it what a literal stands for may be; readers may see fewer characters."""

View = tuple[Shared, int, bool, int, int, tuple[Shared, int] | None]
"""A decoded buffer, where in it what a literal stands for is, whether that settles what is there, between which
characters it is read, and a likelier reading and where it is there (`Text.rival`)."""
