"""Comments on a line that let the credential on it through."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from fixtures.keys import Keys
from imgscan.detect import Engine
from imgscan.detect.context import LINE
from imgscan.detect.stripe import STRIPE
from tests.detect.tables import over

ENGINE = Engine(STRIPE, screen=False)
KEY = Keys("allowed").secret99()

ALLOWED = [
    "key = {}  # imgscan:allow",
    "# imgscan:allow {}",
    "key = {} // gitleaks:allow",
    "key = {} /* pragma: allowlist secret */",
    "key = {} <!-- Pragma: Allowlist Secret -->",
    "key = {} # pragma:allowlist-secret",
    "other\nkey = {} # imgscan:allow a demo\nother",
    "key = {} #IMGSCAN:ALLOW",
]
REFUSED = [
    "key = {}",
    "# imgscan:allow\nkey = {}",
    "key = {}\n# imgscan:allow",
    "key = {}\r# imgscan:allow",
    "key = {} # imgscan:allowed",
    "key = {} # imgscan: allow",
    "key = {} # notimgscan:allow",
    "key = {} # imgscan:allow-all",
    "key = {} # pragma: allowlist nextline secret",
    "key = {} # see pragma",
]


@over("number", range(len(ALLOWED)))
def test_allowed(number: int) -> None:
    """A comment on the credential's own line suppresses it, in the spelling of three scanners."""
    [match] = ENGINE.search(ALLOWED[number].format(KEY).encode())
    assert match.allowed


@over("number", range(len(REFUSED)))
def test_refused(number: int) -> None:
    """A comment on another line, or another word, does not."""
    [match] = ENGINE.search(REFUSED[number].format(KEY).encode())
    assert not match.allowed


@over("charset", ["utf-16-le", "utf-16-be"])
def test_utf_16(charset: str) -> None:
    """The line is read in the file's encoding."""
    [match] = ENGINE.search(f"key = {KEY} # imgscan:allow\n".encode(charset))
    assert match.allowed


def test_base64() -> None:
    """A comment behind an encoded credential suppresses it; one inside the encoded text does too."""
    carrier = base64.b64encode(f"key={KEY}".encode()).decode()
    inside = base64.b64encode(f"key={KEY} # imgscan:allow".encode()).decode()
    for text in (f"stripe: {carrier} # imgscan:allow", f"stripe: {inside}"):
        [match] = ENGINE.search(text.encode())
        assert match.allowed


@given(st.integers(1, 2 * LINE))
def test_reach(distance: int) -> None:
    """A comment counts as far from the credential as a word does, so that windows change nothing."""
    [match] = ENGINE.search(f"{KEY}{' ' * distance}imgscan:allow".encode())
    assert match.allowed == (distance + len("imgscan:allow") <= LINE)
