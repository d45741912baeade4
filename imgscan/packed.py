"""Values in little memory: a layer may hold a million hits, and a report as many findings.

As objects each takes some eight hundred bytes, and in compressed groups of their plain values about a hundred.
"""

from __future__ import annotations

import marshal
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from typing import Any, Generic, NamedTuple, TypeVar, overload

from imgscan.model import Finding, Location, Origin, Secret, Visibility

FEW = 512
"""Values that are kept as they are."""

GROUP = 128
"""Values that are packed together: what a look at any of them has to unpack."""

_LOOKED_AT = 4
"""Groups that stay unpacked: several readers may go through the values side by side."""

Item = TypeVar("Item")


class RowForm(NamedTuple, Generic[Item]):
    """How a value becomes a row of plain values, always as many, and is made again."""

    row: Callable[[Item], Sequence[object]]
    made: Callable[..., Item]


class Many(Sequence[Item]):
    """Values that are made again whenever they are asked for, cheapest in order; more can be appended."""

    def __init__(self, form: RowForm[Item], items: Iterable[Item] = ()) -> None:
        self._form = form
        self._groups: list[bytes] = []
        self._tail: list[Item] = []
        self._seen: dict[int, list[Item]] = {}
        self._gone = 0
        self.extend(items)

    def append(self, item: Item) -> None:
        """Add a value at the end."""
        if len(self._tail) >= FEW:
            self._pack()
        self._tail.append(item)

    def extend(self, items: Iterable[Item]) -> None:
        """Add values at the end, one after another, so that the caller need not hold them all."""
        for item in items:
            self.append(item)

    def kept(self) -> Sequence[Item]:
        """Return the values in the form that suits their number; few are a tuple."""
        return self if self._groups else tuple(self._tail)

    def _pack(self) -> None:
        row = self._form.row
        for start in range(0, len(self._tail), GROUP):
            columns = list(zip(*map(row, self._tail[start : start + GROUP]), strict=True))
            self._groups.append(zlib.compress(marshal.dumps(columns), 1))
        self._tail.clear()

    def _unpacked(self, group: int) -> list[Item]:
        seen = self._seen.get(group)
        if seen is None:
            if len(self._seen) >= _LOOKED_AT:
                del self._seen[next(iter(self._seen))]
            seen = self._seen[group] = list(self._made(self._groups[group]))
        return seen

    def _made(self, group: bytes) -> Iterator[Item]:
        rows = zip(*marshal.loads(zlib.decompress(group)), strict=True)  # noqa: S302 - of what `_pack` has written
        return (self._form.made(*row) for row in rows)

    def take(self, index: int) -> Item:
        """Return a value; all that are some way before it are not needed any more, and their memory is given back."""
        gone = min(index // GROUP, len(self._groups))
        for group in range(self._gone, gone):
            self._groups[group] = b""
        self._gone = max(self._gone, gone)
        return self[index]

    def __len__(self) -> int:
        return len(self._groups) * GROUP + len(self._tail)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        group, place = divmod(position, GROUP)
        if group < len(self._groups):
            return self._unpacked(group)[place]
        return self._tail[position - len(self._groups) * GROUP]

    def __iter__(self) -> Iterator[Item]:
        for group in self._groups:
            yield from self._made(group)
        yield from self._tail

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Many | tuple):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # it can grow


def many_findings(findings: Iterable[Finding] = ()) -> Many[Finding]:
    """Pack findings."""
    return Many(_FINDING, findings)


def secret_row(secret: Secret) -> tuple[object, ...]:
    """Spell a secret out."""
    return (
        secret.redacted,
        _shorter(secret.sha256),
        secret.length,
        secret.mode,
        secret.account,
        secret.account_created,
    )


def made_secret(redacted: str, sha256: str | bytes, *others: Any) -> Secret:
    """Make a secret of its row."""
    return Secret(redacted, sha256 if isinstance(sha256, str) else sha256.hex(), *others)


def location_row(where: Location) -> tuple[object, ...]:
    """Spell a location out."""
    return (
        *(where.layer, where.path, where.path_bytes, where.line, where.column, where.end_line, where.end_column),
        *(where.offset, where.length, where.encoding, where.field, where.commit, where.authored),
    )


def _shorter(digits: str) -> str | bytes:
    """Return hex digits as bytes, which take half the room; any other text as it is."""
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        return digits
    return data if data.hex() == digits else digits


def _finding_row(finding: Finding) -> tuple[object, ...]:
    visibility, origin = finding.visibility, finding.origin
    return (
        *(finding.rule_id, finding.title, finding.level, finding.confidence, finding.status, finding.fingerprint),
        *(None if visibility is None else (visibility.state, visibility.layer),),
        None if origin is None else (origin.line, origin.dockerfile, origin.source, origin.ignorable),
        *secret_row(finding.secret),
        *location_row(finding.location),
    )


def _made_finding(*row: Any) -> Finding:
    rule_id, title, level, confidence, status, fingerprint, visibility, origin = row[:8]
    return Finding(
        rule_id,
        title,
        level,
        confidence,
        status,
        made_secret(*row[8:14]),
        Location(*row[14:]),
        None if visibility is None else Visibility(*visibility),
        fingerprint,
        None if origin is None else Origin(*origin),
    )


_FINDING = RowForm(_finding_row, _made_finding)


class Picked(Sequence[Item]):
    """Some of many values, by their positions, made when they are asked for."""

    def __init__(self, items: Sequence[Item], positions: Sequence[int]) -> None:
        self.positions = positions
        self._items = items

    def __len__(self) -> int:
        return len(self.positions)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Picked[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Picked[Item]:
        if isinstance(index, slice):
            return Picked(self._items, self.positions[index])
        return self._items[self.positions[index]]


class Alike:
    """Which of many values are alike, in sixteen bytes each: positions, gathered by a mark that equal ones share."""

    def __init__(self, marks: Iterable[int]) -> None:
        """Take the mark of each, a number of at most 64 bits."""
        last: dict[int, int] = {}
        self.first = array("q")
        """For each position the first of those alike."""
        self._next = array("q")
        for position, mark in enumerate(marks):
            before = last.get(mark)
            last[mark] = position
            self._next.append(-1)
            if before is None:
                self.first.append(position)
            else:
                self.first.append(self.first[before])
                self._next[before] = position

    def leaders(self) -> Iterator[int]:
        """Yield the first of each."""
        return (position for position, first in enumerate(self.first) if position == first)

    def of(self, first: int) -> array[int]:
        """Return the positions of all that are alike, by the first of them; ascending."""
        found = array("q")
        position = first
        while position >= 0:
            found.append(position)
            position = self._next[position]
        return found


class Distinct:
    """How many different texts there are, in eight bytes each; two may pass for one in a case of billions."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._marks = array("q", sorted({hash(text) for text in texts}))

    def __len__(self) -> int:
        return len(self._marks)

    def __or__(self, other: Distinct) -> Distinct:
        """Join two."""
        both = Distinct()
        if not self._marks or not other._marks:
            both._marks = self._marks or other._marks
            return both
        last = None
        for mark in merge(self._marks, other._marks):
            if mark != last:
                both._marks.append(mark)
                last = mark
        return both
