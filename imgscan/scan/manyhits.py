"""Many hits: packed as they come, and logged with what decides which of two hits to keep."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

from imgscan.model import Location
from imgscan.packed import Many, RowForm, location_row, made_secret, secret_row
from imgscan.scan.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from imgscan.scan.regions import JoinedFile

MOST = 250_000
"""Hits of one layer, and findings of one target, that are listed; memory is finite, and nobody reads more."""

NO_OFFSET = -1
"""The offset of a hit in a field."""

_LARGEST = (1 << 63) - 1


class ManyHits(Many[Hit]):
    """Hits that are made again whenever they are asked for."""

    def __init__(self, hits: Iterable[Hit] = ()) -> None:
        super().__init__(_HIT, hits)


class HitLog:
    """The hits of one stream in the order in which they are found, packed, and columns of what settling asks of each.

    `numbers` are those of the top files, `offsets` where a hit is in its own file, `keys` marks that are equal for
    equal credentials of one rule, `tokens` what the code that feeds a joined stream called the file, where it said
    anything. At most `most` hits of a file are kept, and twice as many (`most`, if it is `alone`) of all;
    `left_out` counts the others. `counted` is called with each hit.
    """

    def __init__(
        self, most: int = MOST, counted: Callable[[], object] | None = None, *, in_all: int | None = None
    ) -> None:
        self.hits = ManyHits()
        self.numbers = array("q")
        self.offsets = array("q")
        self.keys = array("q")
        self.tokens: list[Any] = []
        self.left_out = 0
        self._most = most
        self._in_all = most if in_all is None else in_all
        self._counted = counted
        self._begun = 0  # where the hits of the file at hand begin

    def take(self, hit: Hit, file: JoinedFile | None = None) -> None:
        """Take a hit that a search has found in a file."""
        self.add(hit, file.token if file is not None else None)

    def add(self, hit: Hit, token: object = None) -> None:
        """Take a hit."""
        numbers, where = self.numbers, hit.location
        count = len(numbers)
        if not count or numbers[-1] != hit.member:
            self._begun = count
        if count >= self._in_all or count - self._begun >= self._most:
            self.left_out += 1
            return
        numbers.append(hit.member)
        offset = where.offset if where.field is None and where.offset is not None else NO_OFFSET
        self.offsets.append(min(offset, _LARGEST))
        self.keys.append(hash((hit.rule_id, hit.secret.sha256)))
        if token is not None:
            self.tokens.append(token)
        self.hits.append(hit)
        if self._counted is not None:
            self._counted()

    def extend(self, hits: Iterable[Hit]) -> None:
        """Take several hits."""
        for hit in hits:
            self.add(hit)

    def __len__(self) -> int:
        return len(self.numbers)


def _row(hit: Hit) -> tuple[object, ...]:
    return (
        *(hit.rule_id, hit.title, hit.level, hit.confidence, hit.example, hit.optional, hit.allowed),
        *(hit.identity, hit.member, hit.trail, hit.inner),
        *secret_row(hit.secret),
        *location_row(hit.location),
    )


def _made(*row: Any) -> Hit:
    rule_id, title, level, confidence, example, optional, allowed, identity, member, trail, inner = row[:11]
    return Hit(
        rule_id,
        title,
        level,
        confidence,
        example,
        optional,
        allowed,
        made_secret(*row[11:17]),
        identity,
        Location(*row[17:]),
        member,
        trail,
        inner,
    )


_HIT = RowForm(_row, _made)
