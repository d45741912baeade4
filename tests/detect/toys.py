"""Rules that nobody's credentials follow, made as a new kind is: one `Rule`, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from imgscan.detect import Issuer, Prefix, Rule
from imgscan.detect.rule import base62
from imgscan.detect.verdict import Place, Verdict, masked, open_left, run_end

if TYPE_CHECKING:
    from collections.abc import Callable

TOYS = Issuer(re.compile(b"toyshop"))


def exactly(size: int) -> Callable[[Place], Verdict | None]:
    """Take so many letters and digits that stand by themselves."""

    def validate(place: Place) -> Verdict | None:
        end = run_end(place, size)
        if end - place.body != size or not open_left(place, place.start, end) or masked(place, end):
            return None
        return Verdict(place.start, end, place.body - place.start, "medium", "high")

    return validate


def toy(text: bytes, size: int = 24, *, prefix: dict[str, Any] | None = None, **rule: Any) -> Rule:
    """Make a rule of credentials that are a prefix and so many letters and digits."""
    name = text.decode().strip("_")
    made = Prefix(text, None, exactly(size), base62(min(size, 24)), **(prefix or {}))
    return Rule(name, name, name, "error", 5.0, (made,), len(text) + size, TOYS, tuple, tuple, **rule)
