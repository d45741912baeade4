"""Which findings the user wants to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.model import CONFIDENCES

if TYPE_CHECKING:
    from imgscan.model import Confidence
    from imgscan.scan.hits import Hit


class Policy(NamedTuple):
    """Which findings are listed. `comments` says whether a comment on a credential's line suppresses it."""

    include: frozenset[str] = frozenset()
    min_confidence: Confidence = "medium"
    comments: bool = True

    def hides(self, hit: Hit) -> str | None:
        """Return the reason to leave a hit out of the list, as named in `Hidden`; None to show it."""
        if hit.example:
            return None if "examples" in self.include else "examples"
        if hit.optional and "publishable" not in self.include:
            return "publishable"
        if CONFIDENCES.index(hit.confidence) > CONFIDENCES.index(self.min_confidence):
            return "confidence"
        return "ignored" if hit.allowed and self.comments else None
