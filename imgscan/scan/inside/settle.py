"""Settling: all hits of a pour in their order, without those that another one replaces; on columns of numbers."""

from __future__ import annotations

from array import array
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from imgscan.scan.inside.doubles import Doubles, Extents
from imgscan.scan.inside.node import in_its_place
from imgscan.scan.manyhits import MOST, NO_OFFSET, ManyHits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from imgscan.scan.hits import Hit
    from imgscan.scan.inside.doubles import Parts
    from imgscan.scan.manyhits import HitLog

_Order: TypeAlias = "tuple[bool, int, bool, tuple[int, ...], int]"


class Settled(NamedTuple):
    """Hits in their order, and how many there would be more."""

    hits: Sequence[Hit]
    left_out: int


def settled(
    outer: Sequence[HitLog], inner: Sequence[HitLog], squeezed: Mapping[int, Parts], most: int = MOST
) -> Settled:
    """Return at most so many hits by the number of their files: a file's own, by offset, then what it holds.

    `outer` are the hits in the top files' own bytes. Those that a member's hit replaces, and those that are pieces of
    compressed content (in the files whose numbers are `squeezed`, but for what is verbatim in them), are left out.
    `inner` are those in containers, by the order of members; their tokens are nodes. The logs are used up.
    """
    logs = [*outer, *inner]
    gone = Doubles(outer, inner).gone if any(inner) else [bytearray(len(log)) for log in logs]
    extents = Extents()
    for log, marks in zip(outer, gone, strict=False):
        if squeezed:
            for position, number in enumerate(log.numbers):
                offset = log.offsets[position]
                if number in squeezed and offset != NO_OFFSET and not extents.hold(squeezed[number], offset):
                    marks[position] = 1
    runs = []
    for which, (log, marks) in enumerate(zip(logs, gone, strict=True)):
        if len(log):
            runs.append(_run(log, marks, _inner_order(log) if which >= len(outer) else _outer_order(log)))
    hits = ManyHits()
    left_out = sum(log.left_out for log in logs)
    for _, log, position, ascending in merge(*runs, key=itemgetter(0)) if len(runs) > 1 else runs[0] if runs else ():
        if len(hits) >= most:
            left_out += 1
            continue
        hit = log.hits.take(position) if ascending else log.hits[position]
        hits.append(in_its_place(log.tokens[position], hit) if log.tokens else hit)
    return Settled(hits.kept(), left_out)


def _run(log: HitLog, gone: bytearray, order: Callable[[int], _Order]) -> Iterator[tuple[_Order, HitLog, int, bool]]:
    """Yield the positions of a log in order. It is in order already, unless there are hits in fields or at ends."""
    positions: Sequence[int] = range(len(log))
    ascending = _ascends(len(log), order)
    if not ascending:
        positions = array("q", sorted(positions, key=order))
    return ((order(position), log, position, ascending) for position in positions if not gone[position])


def _ascends(count: int, order: Callable[[int], _Order]) -> bool:
    before = order(0)
    for position in range(1, count):
        this = order(position)
        if this < before:
            return False
        before = this
    return True


def _outer_order(log: HitLog) -> Callable[[int], _Order]:
    numbers, offsets = log.numbers, log.offsets

    def order(position: int) -> _Order:
        number = numbers[position]
        return number < 0, number, False, (), offsets[position]

    return order


def _inner_order(log: HitLog) -> Callable[[int], _Order]:
    tokens, offsets = log.tokens, log.offsets

    def order(position: int) -> _Order:
        node = tokens[position]
        number = node.top.number
        return number < 0, number, True, node.key, max(0, offsets[position])

    return order
