"""What has been decoded of a buffer, kept so that a thousand anchors in one run of digits cost one decoding.

A sight is a quick look at a candidate. It sees at least what a reader would (`Encoding.read`), for as much of a buffer
as was shared; so what it does not see is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imgscan.detect.encodings.text import Reach


class Shared:
    """A part of a buffer, `data[low:high)`, that many candidates are in, and what encodings made of it.

    `reach` is how far around an anchor its credential and its context can be. `made` is the encodings' own.
    """

    __slots__ = ("data", "high", "low", "made", "reach")

    def __init__(self, data: bytes, low: int, high: int, reach: Reach) -> None:
        self.data = data
        self.low = low
        self.high = high
        self.reach = reach
        self.made: dict[object, Any] = {}

    def decoded(self, data: bytes) -> Shared:
        """Return a buffer that was decoded from this one, as a whole."""
        return Shared(data, 0, len(data), self.reach)


Sight = tuple[Shared, int, bool]
"""A decoded buffer, where in it what a literal stands for may be, and whether that is sure.

It is if readers see the same characters there, between the same borders; else they may see fewer of them.
"""
