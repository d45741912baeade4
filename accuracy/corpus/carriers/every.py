"""All carriers by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accuracy.corpus.carriers import binary, encoded, plain, split, wraps

if TYPE_CHECKING:
    from accuracy.corpus.carriers.carrier import Carrier

CARRIERS: dict[str, Carrier] = {
    carrier.name: carrier
    for carrier in (
        *plain.carriers(),
        *encoded.carriers(),
        *wraps.carriers(),
        *split.carriers(),
        *binary.carriers(),
    )
}
"""In the order of the tables; a case's path has the number of its carrier in it."""
