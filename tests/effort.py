"""How many examples a property test tries: few where somebody waits, more in CI.

Most of the suite's time went into properties whose one example is a whole scan. On a desk each draws others than the
last time, so few are enough; CI draws the same every time, and draws more of them, but where it runs the tests once
more with other versions (`IMGSCAN_EXAMPLES=few`).
"""

from __future__ import annotations

import os

_IN_CI = 3


def examples(few: int) -> int:
    """Return the number of examples for a property that tries `few` on a desk."""
    return few * _IN_CI if os.environ.get("CI") and os.environ.get("IMGSCAN_EXAMPLES") != "few" else few
