"""Hostile input costs no more than its size: twice as much input is at most twice the work."""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING

from fixtures.keys import Keys
from fixtures.windows import File, windowed
from tests.detect.driver import SCREENED, UNSCREENED
from tests.detect.tables import over

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

LIVE = b"sk_" + b"live_"

HOSTILE: dict[str, Callable[[int], bytes]] = {
    "prefixes": lambda n: LIVE * n,
    "publishable prefixes": lambda n: (b"pk_" + b"live_") * n,
    "placeholders": lambda n: (LIVE + b"YourSecretKeyGoesHere1234\n") * n,
    "keys": lambda n: Keys(1).secret24().encode().join([b"\n"] * (n + 1)),
    "keys and siblings": lambda n: f"{Keys(1).secret24()}\n{Keys(2).publishable24()}\n".encode() * n,
    "no siblings": lambda n: (Keys(1).secret24().encode() + b"\npk_" + b"live_" + b"x" * 24 + b"\n") * n,
    "oak": lambda n: b"oak_" * n,
    "secret": lambda n: b"pi_" * n + b"_secret_" * n,
    "endless run": lambda n: LIVE + b"aB3" * 50 * n,
    "base64 of prefixes": lambda n: base64.b64encode(LIVE * n),
    "base64 of keys": lambda n: base64.b64encode((Keys(1).secret24().encode() + b"\n") * n),
    "utf-16 prefixes": lambda n: LIVE.decode().encode("utf-16-le") * n,
    "lines of base64": lambda n: base64.encodebytes(LIVE * n),
    "hexadecimal digits": lambda n: (LIVE * n).hex().encode(),
    "base64 of hexadecimal digits": lambda n: base64.b64encode((LIVE * n).hex().encode()),
    "percent signs": lambda n: LIVE.replace(b"_", b"%5F") * n,
    "escapes": lambda n: b"".join(b"\\x%02x" % byte for byte in LIVE) * n,
    "references": lambda n: LIVE.replace(b"_", b"&#95;") * n,
}


def _work(run: Callable[[], object]) -> int:
    """Count the calls, of Python and of C, that a run makes."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
    return calls


PREFIXES = [name for name in HOSTILE if "key" not in name and "sibling" not in name and name != "placeholders"]


@over("name", PREFIXES)
def test_an_anchor_that_is_no_credential_costs_little(name: str) -> None:
    """A few calls for each, in whatever encoding: what is decoded is shared, and what follows is looked at first."""
    data = HOSTILE[name](400)
    anchors = len(UNSCREENED.find(data, 0, len(data)))
    assert _work(lambda: UNSCREENED.search(data)) <= 60 * anchors + 500


@over("name", HOSTILE)
def test_work_grows_with_size(name: str) -> None:
    """Twice the hostile input is at most twice the calls, and a small number for each anchor."""
    small, large = (HOSTILE[name](size) for size in (400, 800))
    first, second = _work(lambda: UNSCREENED.search(small)), _work(lambda: UNSCREENED.search(large))
    assert second <= 2.1 * first + 200
    anchors = len(UNSCREENED.open(small).candidates(0, len(small)))
    assert first <= 500 * anchors + 500


def test_siblings_are_indexed_once() -> None:
    """All keys of a window share one search for siblings."""
    data = HOSTILE["no siblings"](300)
    view = SCREENED.open(data)
    candidates = view.candidates(0, len(data))
    view.confirm(candidates, 0, len(data))
    assert _work(lambda: view.confirm(candidates[:2], 0, len(data))) < 400


def test_hostile_windows_agree() -> None:
    """Hostile input is cut into windows like any other."""
    for name, make in HOSTILE.items():
        data = make(40)
        expected = windowed(SCREENED, 1 << 20, File(data))
        assert windowed(UNSCREENED, 1000, File(data)) == expected, name
