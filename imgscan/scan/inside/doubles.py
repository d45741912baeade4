"""Which of two hits to keep; on columns, as there may be many.

A credential that is in a member is in the bytes of the containers around it too, where they store it as it is. The
member's hit is the one to keep. A hit in a field is never replaced: nothing else names its place.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from imgscan.scan.manyhits import NO_OFFSET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.scan.inside.node import Node
    from imgscan.scan.manyhits import HitLog

    Parts = Sequence[tuple[int, int]]
    """Extents of what is in a file verbatim."""

_LEAST, _MASK = -(1 << 63), (1 << 64) - 1
"""The least mark, and the bits of one number among several."""

_File: TypeAlias = "tuple[bool, int]"


class Doubles:
    """Finds the hits that another one replaces: `gone` marks them, for each log by position."""

    def __init__(self, outer: Sequence[HitLog], inner: Sequence[HitLog]) -> None:
        self._outer, self._inner = outer, inner
        self._starts = [0, *accumulate(map(len, (*outer, *inner)))]
        self._gone = bytearray(self._starts[-1])
        self._extents = Extents()
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
        # One number for all three sorts like them, and takes a third of a tuple's room.
        for each in sorted((mark - _LEAST) << 128 | offset << 64 | position for mark, offset, position in hits):
            self._marks.append((each >> 128) + _LEAST)
            self._offsets.append(each >> 64 & _MASK)
            self._positions.append(each & _MASK)
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


class Extents:
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
