"""Settling: which of two hits to keep, and in which order; on columns, as there may be many hits.

A credential that is in a member is in the bytes of the containers around it too, where they store it as it is. The
member's hit is the one to keep. A hit in a field is never replaced: nothing else names its place. The module is long,
as all that decides about a hit is here.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from heapq import merge
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from imgscan.scan.inside.node import Node, in_its_place
from imgscan.scan.manyhits import MOST, NO_OFFSET, ManyHits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from imgscan.scan.hits import Hit
    from imgscan.scan.manyhits import HitLog

    Parts = Sequence[tuple[int, int]]
    """Extents of what is in a file verbatim."""

_Order: TypeAlias = "tuple[bool, int, bool, tuple[int, ...], int]"
_File: TypeAlias = "tuple[bool, int]"


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
    extents = _Extents()
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


class Doubles:
    """Finds the hits that another one replaces: `gone` marks them, for each log by position."""

    def __init__(self, outer: Sequence[HitLog], inner: Sequence[HitLog]) -> None:
        self._outer, self._inner = outer, inner
        self._starts = [0, *accumulate(map(len, (*outer, *inner)))]
        self._gone = bytearray(self._starts[-1])
        self._extents = _Extents()
        self._raw = _Raw(self._stored_hits(self._containers()), self._gone)
        self._climbed: set[int] = set()
        rows: set[int] = set()
        base = self._starts[len(outer)]
        for log in inner:
            for position, (node, key, offset) in enumerate(zip(log.tokens, log.keys, log.offsets, strict=True), base):
                if node.squeezed and offset != NO_OFFSET and not self._extents.hold(node.parts, offset):
                    self._gone[position] = 1
                container = node.container
                if container is not None and container.format is not None and container.format.rowless:
                    mark = hash((_file(container)[0], key))
                    if self._raw.has(mark) or mark in rows:
                        self._gone[position] = 1
                    if mark not in rows:
                        self._raw.drop_repeated(mark)  # an index repeats what a table holds
                    rows.add(mark)
                elif self._raw:
                    self._climb(node, key)
            base += len(log)
        self._replace_stored()

    @property
    def gone(self) -> list[bytearray]:
        """The marks, by log."""
        return [self._gone[start:end] for start, end in zip(self._starts, self._starts[1:], strict=False)]

    def _containers(self) -> set[_File]:
        """Return the files that hold a hit's file, at any depth."""
        files: set[_File] = set()
        known: set[int] = set()
        for log in self._inner:
            for token in log.tokens:
                node = token.container
                while node is not None and id(node) not in known:
                    known.add(id(node))
                    files.add(_file(node)[0])
                    node = node.container
        return files

    def _stored_hits(self, files: set[_File]) -> Iterator[tuple[int, int, int]]:
        """Yield hits in the bytes of containers: a mark of file and credential, the offset, and the hit's number."""
        for file, key, offset, position, _ in self._in_files(files):
            yield hash((file, key)), offset, position

    def _in_files(self, files: set[_File]) -> Iterator[tuple[_File, int, int, int, Node | None]]:
        base = 0
        for log in self._outer:
            for position, number in enumerate(log.numbers):
                if (False, number) in files and log.offsets[position] != NO_OFFSET:
                    yield (False, number), log.keys[position], log.offsets[position], base + position, None
            base += len(log)
        for log in self._inner:
            for position, node in enumerate(log.tokens):
                file = (True, id(node))
                if file in files and log.offsets[position] != NO_OFFSET:
                    yield file, log.keys[position], log.offsets[position], base + position, node
            base += len(log)

    def _climb(self, node: Node, key: int) -> None:
        """Drop what the containers around a file have in the place of it."""
        while node.container is not None:
            climb = hash((id(node), key))
            if climb in self._climbed:
                return
            self._climbed.add(climb)
            file, shift = _file(node.container)
            if node.extent is not None and not node.verbatim:
                start, end = node.extent
                self._raw.drop(hash((file, key)), start + shift, end + shift)
            node = node.container

    def _replace_stored(self) -> None:
        """Drop what the raw search found in bytes that a container stores: searched apart, they have clear borders."""
        places: set[tuple[_File, int, int]] = set()
        for log in self._inner:
            for node in log.tokens:
                if node.stored and node.container is not None and node.extent is not None:
                    file, shift = _file(node.container)
                    places.add((file, node.extent[0] + shift, node.extent[1] + shift))
        if not places:
            return
        raw = sorted(
            (file, offset, position)
            for file, _, offset, position, node in self._in_files({file for file, _, _ in places})
            if node is None or not node.stored
        )
        for file, start, end in places:
            for _, _, position in raw[bisect_left(raw, (file, start, 0)) : bisect_left(raw, (file, end, 0))]:
                self._gone[position] = 1


class _Raw:
    """Hits in the bytes of containers, sorted by file and credential (one mark for both), then by offset."""

    def __init__(self, hits: Iterator[tuple[int, int, int]], gone: bytearray) -> None:
        self._gone = gone
        self._marks, self._offsets, self._positions = array("q"), array("q"), array("q")
        for mark, offset, position in sorted(hits):
            self._marks.append(mark)
            self._offsets.append(offset)
            self._positions.append(position)
        self._next = array("q", range(len(self._marks) + 1))  # the first, from each on, that is not dropped

    def __bool__(self) -> bool:
        return len(self._marks) > 0

    def has(self, mark: int) -> bool:
        """Whether there are any of a mark."""
        at = bisect_left(self._marks, mark)
        return at < len(self._marks) and self._marks[at] == mark

    def drop(self, mark: int, start: int, end: int) -> None:
        """Drop those of a mark between two offsets."""
        low = bisect_left(self._marks, mark)
        high = bisect_right(self._marks, mark, low)
        self._drop(bisect_left(self._offsets, start, low, high), bisect_left(self._offsets, end, low, high))

    def drop_repeated(self, mark: int) -> None:
        """Drop those of a mark but the first."""
        low = bisect_left(self._marks, mark)
        self._drop(low + 1, bisect_right(self._marks, mark, low))

    def _drop(self, low: int, high: int) -> None:
        """Drop a range: each hit once, however often it is in one."""
        at = self._left(low)
        while at < high:
            self._gone[self._positions[at]] = 1
            self._next[at] = at + 1
            at = self._left(at)

    def _left(self, at: int) -> int:
        following = self._next
        at = min(at, len(following) - 1)
        while following[at] != at:
            following[at] = at = following[following[at]]
        return at


class _Extents:
    """Finds out whether an offset is in one of some extents; lists of those are sorted once."""

    def __init__(self) -> None:
        self._sorted: dict[int, tuple[Parts, list[int], list[int]]] = {}

    def hold(self, parts: Parts, offset: int) -> bool:
        """Whether one of the extents holds an offset."""
        if not parts:
            return False
        known = self._sorted.get(id(parts))
        if known is None:
            ordered = sorted(parts)
            ends = list(accumulate((end for _, end in ordered), max))
            known = self._sorted[id(parts)] = parts, [start for start, _ in ordered], ends
        _, starts, ends = known
        at = bisect_right(starts, offset) - 1
        return at >= 0 and offset < ends[at]


def _file(node: Node) -> tuple[_File, int]:
    """Return what identifies the file that a node's hits are in, a top file's number or a node, and where it begins.

    What is verbatim in a container is a part of the container's own file.
    """
    shift = 0
    while node.verbatim and node.container is not None:
        shift += node.extent[0] if node.extent is not None else 0
        node = node.container
    return ((False, node.top.number) if node.container is None else (True, id(node))), shift
