"""What a carrier is: one way to carry a key, as a function from the key to bytes.

It says what the bytes look like, what `encoding` a report must call them, and which tiers can be recognised
in them. How many variants it has is part of it: a carrier that can be cut at twenty places has twenty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from accuracy.corpus.units import Unit, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Habitat = Literal["text", "binary", "utf-16-le", "utf-16-be"]


@dataclass(frozen=True, slots=True)
class Carrier:
    """One way to carry a key.

    `encoding` is the word that a report must use, nested ones joined by `+`, outermost first. `tiers` are those
    whose credentials can be recognised in it: with letters on both sides, only the structural one can.
    `write(random, key, variant)` gives the bytes. `habitat` is the sort of file that they are in: bytes for a
    `text` file may be in a binary as well, UTF-16 is the text of a whole file.
    """

    name: str
    encoding: str
    tiers: str
    variants: int
    habitat: Habitat
    write: Callable[[Random, str, int], Unit] = field(repr=False)


NAMES = ("PAYMENT_KEY", "STRIPE_API_KEY", "api_secret", "stripeSecretKey", "BILLING_TOKEN", "MY_STRIPE_KEY")
"""Half of them speak of Stripe."""

PLACES = 6
"""The number of ways in which a corpus surrounds a carrier: a carrier with no choices of its own has as many."""


def line(template: str, random: Random, secret: str) -> Unit:
    """Fill a line with a key and, where it has one, the name of a variable."""
    return fill(template.replace("{n}", random.choice(NAMES)), secret)
