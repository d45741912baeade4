"""Making text safe to print: wider than detection, as hiding a placeholder needlessly does no harm.

Paths, build commands and environments of an image are shown to people; this is what keeps credentials out of
them. It replaces what the engine confirms, and also whatever begins like a secret and continues like one, whether or
not a validator would take it: `Ruleset.redacted` says what that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.secrecy import redact

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from imgscan.detect.match import Match

ENCODED = b"[REDACTED]"


def replace(data: bytes, matches: Iterable[Match], undecided: re.Pattern[bytes]) -> bytes:
    """Put redacted forms in place of the matches (ascending) and of all that begins like a secret.

    Matches of optional rules stay: they are not secrets. What comes out is never longer, and shorter if anything was
    replaced.
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
    return undecided.sub(_undecided, b"".join(pieces))


def _undecided(found: re.Match[bytes]) -> bytes:
    prefix = found[found.lastindex or 0]
    return _shown(found[0], len(prefix))


def _shown(secret: bytes, prefix: int) -> bytes:
    return redact(secret.decode("ascii"), prefix).encode()
