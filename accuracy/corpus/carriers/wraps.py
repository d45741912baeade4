"""Base64 and hexadecimal digits in lines, as encoders and editors break them.

A line can end at each place in the encoded prefix, and before and behind it.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from accuracy.corpus.carriers.carrier import PLACES, Carrier
from accuracy.corpus.carriers.encoded import LEADS, TAILS, hexadecimal, inner_text
from accuracy.corpus.kinds import TIERS
from accuracy.corpus.units import Unit, based, unit, wrapped

if TYPE_CHECKING:
    from random import Random

_WIDTHS = (64, 76)
_NEWLINES = {"LF": b"\n", "CRLF": b"\r\n"}
_INDENTS = 9
_CUTS = 24
"""The characters of an encoded prefix, from the one before it to the one behind it, between which a line can end."""


def _anchor(secret: str) -> int:
    """Return where in a key the part is that identifies it: in client secrets of intents, in the middle."""
    return secret.index("_secret_") if secret.startswith(("pi_", "seti_")) else 0


_BLOCKS = (
    (b"Content-Transfer-Encoding: base64\n\n", b"\n\n"),
    (b"-----BEGIN DATA-----\n", b"\n-----END DATA-----\n"),
    (b"cat <<'#' | decode\n", b"\n#\n"),
)
"""What is around wrapped lines that are not indented."""

_LABEL = b"X-Shop-Settings-Of-This-Deployment-And-Of-All-That-It-Has-Been-Copied-From-Until-Now"


def _block(random: Random, made: Unit, width: int, newline: bytes, *, indented: bool) -> Unit:
    """Wrap into full lines, in a block of YAML or between what else surrounds such lines."""
    indent = random.randrange(_INDENTS) if indented else 0
    before, after = (b"content: |\n", b"\nzone: eu-west\n") if indented else random.choice(_BLOCKS)
    before, after = (part.replace(b"\n", newline) for part in (before, after))
    return wrapped(made, width, newline, indent).between(before + b" " * indent, after).bound()


def _folded(random: Random, made: Unit, offset: int, width: int, newline: bytes) -> Unit:
    """Fold a header so that its first or second line ends `offset` characters behind the carrier's first.

    All lines but the last end in one column: the first has a label where the others have their indent.
    """
    indent = random.randrange(1, _INDENTS)
    first = (made.start + offset) % width or width
    free = width + indent - first
    label = _LABEL[: free - 2] + b": " if free > 2 else b" " * free
    return wrapped(made, width, newline, indent, first).between(newline + label, newline + newline).bound()


def _base64_wrapped(width: int, newline: str) -> Carrier:
    def write(random: Random, secret: str, variant: int) -> Unit:
        offset = _anchor(secret) * 8 // 6 + variant // 2
        url = random.random() < 0.2
        if variant % 2:
            lead, tail = random.choice(LEADS), random.choice(TAILS)
            tail += b"\n" * (-len(lead + tail + secret.encode()) % 3)  # or a line could end inside the padding
            made = based(unit(lead, secret.encode(), tail), url=url)
            return _folded(random, made, offset, width, _NEWLINES[newline])
        # Of four characters in a row one is the first of no key, so that some lines end a character later.
        size = next(size for size in range(width) if (size * 8 // 6 + offset) % width in (0, 1))
        lead = (random.choice(LEADS) * width + b"\n" * width)[: size - 1] + b"\n" if size else b""
        made = based(unit(lead, secret.encode(), random.choice(TAILS)), url=url)
        return _block(random, made, width, _NEWLINES[newline], indented=variant % 3 > 0)

    return Carrier(f"base64: wrapped at {width}, {newline}", "base64", TIERS, 2 * _CUTS, "text", write)


def _base64_file(width: int, newline: str) -> Carrier:
    """Write what `base64 file` prints: all lines but the last are full."""

    def write(random: Random, secret: str, variant: int) -> Unit:
        before = b"".join(b"%s\n" % random.choice(LEADS).strip() for _ in range(variant + 1))
        made = based(unit(before[: random.randrange(len(before))] + b"\n", secret.encode(), b"\n" + before))
        end = _NEWLINES[newline]
        return wrapped(made, width, end).between(end, end + end).bound()

    return Carrier(f"base64: a whole file at {width}, {newline}", "base64", TIERS, 2 * PLACES, "text", write)


def _hex_wrapped(width: int, newline: str) -> Carrier:
    def write(random: Random, secret: str, variant: int) -> Unit:
        offset, upper = 2 * (_anchor(secret) + variant // 2), random.random() < 0.5
        if variant % 2:
            made = hexadecimal(inner_text(random, secret), upper)
            return _folded(random, made, offset, width, _NEWLINES[newline])
        lead = (random.choice(LEADS) * width + b"\n" * width)[: -offset // 2 % (width // 2)]
        made = hexadecimal(unit(lead[:-1] + b"\n" if lead else b"", secret.encode(), random.choice(TAILS)), upper)
        return _block(random, made, width, _NEWLINES[newline], indented=variant % 3 > 0)

    return Carrier(f"hex: wrapped at {width}, {newline}", "hex", TIERS, _CUTS, "text", write)


def carriers() -> tuple[Carrier, ...]:
    """Return the carriers of this module."""
    return tuple(
        make(*each) for make in (_base64_wrapped, _base64_file, _hex_wrapped) for each in product(_WIDTHS, _NEWLINES)
    )
