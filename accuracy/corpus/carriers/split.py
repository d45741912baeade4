"""Keys that a program or a text breaks into two or three pieces: only today's keys, which prove themselves, are read.

Keys are broken behind their prefix, and inside it as well. Terminal tokens are only broken behind theirs: halves of
those prefixes are not looked for.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from accuracy.corpus.carriers.carrier import NAMES, PLACES, Carrier
from accuracy.corpus.kinds import STRUCTURAL
from accuracy.corpus.units import unit

if TYPE_CHECKING:
    from random import Random

    from accuracy.corpus.units import Unit

_LEAST = 3
_UNBROKEN = ("pst_", "pss_")

_JOINTS: dict[str, tuple[str, str, str]] = {
    "plus": ('{n} = "', '" + "', '"\n'),
    "plus, single quotes": ("var {n}='", "'+'", "';\n"),
    "plus at the line's end": ('String {n} = "', '" +\n        "', '";\n'),
    "plus at the line's start": ('String {n} = "', '"\r\n    + "', '";\r\n'),
    "implicit": ('{n} = ("', '" "', '")\n'),
    "implicit over lines": ("{n} = (\n    '", "'\n    '", "'\n)\n"),
    "implicit bytes": ("{n} = (b'", "' b'", "')\n"),
    "PHP dot": ("${n} = '", "' . '", "';\n"),
    "PHP dot, tight": ('${n}="', '"."', '";\n'),
    "Visual Basic ampersand": ('{n} = "', '" & "', '"\r\n'),
    "Visual Basic, continued": ('{n} = "', '" & _\r\n    "', '"\r\n'),
    "Lua": ('local {n} = "', '" .. "', '"\n'),
    "SQL": ("SET {n} = '", "' || '", "';\n"),
    "backslash and newline": ('{n}="', "\\\n", '"\n'),
    "backslash and CRLF": ('{n}="', "\\\r\n", '"\r\n'),
    "wrapped text": ("{n}: ", "\n", "\n\n"),
    "wrapped and indented text": ("{n}:\n    ", "\n    ", "\n\n"),
    "wrapped text, CRLF": ("{n}: ", "\r\n", "\r\n\r\n"),
}
"""What is before, between and behind the pieces."""


def _cuts(random: Random, secret: str, pieces: int, variant: int) -> list[int]:
    """Choose where to break; the first variant breaks right behind the prefix, every third inside it."""
    prefix = secret.index("_", secret.index("_") + 1) + 1
    if variant % 3 == 1 and not secret.startswith(_UNBROKEN):
        cuts = [0, random.randrange(1, prefix)]
    else:
        cuts = [0, prefix if variant == 0 else random.randrange(prefix + 1, len(secret) // 2)]
    if pieces == 3:
        cuts.append(random.randrange(max(cuts[-1], prefix) + _LEAST, len(secret) - _LEAST))
    return [*cuts, len(secret)]


def _carrier(name: str, pieces: int) -> Carrier:
    before, joint, after = _JOINTS[name]

    def write(random: Random, secret: str, variant: int) -> Unit:
        parts = [secret[low:high] for low, high in pairwise(_cuts(random, secret, pieces, variant))]
        head = before.replace("{n}", random.choice(NAMES))
        return unit(head.encode(), joint.join(parts).encode(), after.encode()).bound()

    return Carrier(f"split in {pieces}: {name}", "split", STRUCTURAL, PLACES, "text", write)


def carriers() -> tuple[Carrier, ...]:
    """Return the carriers of this module."""
    return tuple(_carrier(name, pieces) for pieces in (2, 3) for name in _JOINTS)
