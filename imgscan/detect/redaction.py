"""Making text safe to print: wider than detection, as a placeholder that is hidden in vain harms nobody.

Paths, build commands and environments of an image are shown to people; this is what keeps credentials out of
them. It replaces what the engine confirms, and also whatever begins like a secret and goes on for twelve
characters, whether or not a validator would take it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgscan.secrecy import redact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgscan.detect.match import Match

ENCODED = b"[REDACTED]"

# Bodies are taken to the end of their run, further prefixes in it included, so that nothing is left over that
# could make a new one. `oak_` begins ordinary names as well: one character must be no lower-case letter.
_UNDECIDED = re.compile(
    rb"(?<![0-9A-Za-z])(?:"
    rb"((?:[sr]k|rkcs)_(?:live|test)_|sk_org_(?:live_|test_)?|absec_|(?:cuss|accs)_secret_|"
    rb"oa(?:k|ac|rt)_(?=[0-9A-Za-z_]{0,260}?[0-9A-Z]))[0-9A-Za-z_]{12,}"
    rb"|(whsec_|(?:ek|ps[st])_(?:live|test)_)[0-9A-Za-z+/=_-]{12,}"
    rb"|((?:pi|seti)_)[0-9A-Za-z]{12,}_secret_[0-9A-Za-z_]{12,}"
    rb")"
)


def replace(data: bytes, matches: Iterable[Match]) -> bytes:
    """Put redacted forms in place of the matches (ascending) and of all that begins like a secret.

    Publishable keys stay. What comes out is never longer, and shorter if anything was replaced.
    """
    pieces = []
    done = 0
    for match in matches:
        if match.rule.optional:
            continue
        pieces.append(data[done : match.start])
        plain = match.encoding == "plain"
        pieces.append(_shown(match.secret, match.prefix) if plain else ENCODED)
        done = match.end
    pieces.append(data[done:])
    return _UNDECIDED.sub(_undecided, b"".join(pieces))


def _undecided(found: re.Match[bytes]) -> bytes:
    prefix = found[found.lastindex or 0]
    return _shown(found[0], len(prefix))


def _shown(secret: bytes, prefix: int) -> bytes:
    return redact(secret.decode("ascii"), prefix).encode()
