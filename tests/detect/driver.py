"""Both engines, asked the same: with Hyperscan and without, over whole files and over windows of several sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.windows import File, Found, whole, windowed
from imgscan.detect import Engine
from imgscan.detect.encodings.plain import plain
from imgscan.detect.stripe import STRIPE

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = 1_767_225_600.0
"""2026-01-01, so that no test depends on the day it runs."""

SCREENED = Engine(STRIPE, now=NOW)
"""With Hyperscan, where it is installed; without it these tests hold the automaton alone."""

PLAIN = plain(STRIPE.splits._replace(starts=(b"5", b"Y")))
"""Plain text, in which bodies begin with one certain character."""

UNSCREENED = Engine(STRIPE, screen=False, now=NOW)
ENGINES = (SCREENED, UNSCREENED) if SCREENED.screened else (UNSCREENED,)


def secrets(text: str | bytes, *, path: str = "file", binary: bool = False) -> list[str]:
    """List the credentials of a text, having asked both engines and windows of several sizes."""
    data = text.encode() if isinstance(text, str) else text
    return [each.secret.decode() for each in agreed(File(data, path, binary))]


def agreed(*files: File, sizes: Sequence[int] = (1, 7, 64, 1 << 20)) -> list[Found]:
    """Return the matches that both engines find at every window size."""
    expected = whole(SCREENED, *files)
    assert whole(UNSCREENED, *files) == expected
    for size in sizes:
        assert windowed(SCREENED, size, *files) == expected
    return expected
