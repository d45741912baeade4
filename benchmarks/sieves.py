"""How fast the sieves are alone: `python -m benchmarks.sieves FILE BYTES` prints JSON.

The first `BYTES` of the file go through the screen and through the automaton that stands in for it, in windows like
those of a scan. A process of its own, because it holds them in memory.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from imgscan.detect import Engine
from imgscan.detect.stripe import STRIPE

_WINDOW = 1 << 20


def rate(engine: Engine, windows: list[bytes]) -> tuple[float, int]:
    """Return the bytes per second at which anchors are found, and how many there are."""
    engine.find(windows[0], 0, len(windows[0]))
    found = 0
    started = time.perf_counter()
    for window in windows:
        found += len(engine.find(window, 0, len(window)))
    return sum(map(len, windows)) / (time.perf_counter() - started), found


def main(path: Path, size: int) -> dict[str, float]:
    """Measure both sieves; the automaton on the first eighth, as it is that much slower."""
    with path.open("rb") as file:
        windows = [file.read(_WINDOW) for _ in range(-(-min(size, path.stat().st_size) // _WINDOW))]
    started = time.perf_counter()
    screened = Engine(STRIPE, screen=True)
    setup = time.perf_counter() - started
    fast, found = rate(screened, windows)
    slow, _ = rate(Engine(STRIPE, screen=False), windows[: max(1, len(windows) // 8)])
    return {"setup": setup, "screen": fast, "automaton": slow, "anchors": found}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
