"""Making any object of a git pack from its base: within bounds, and never recursively.

The last objects that were made are kept, up to a budget.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from typing import TYPE_CHECKING

from imgscan.containers.git import deltas
from imgscan.containers.git.objects import WORDS, HashName, ObjectError, PackEntry, inflate_whole, read_entry
from imgscan.containers.git.packindex import Index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held

BASE = 64 << 20
"""Bytes that an object may have on which others are based: it has to be in memory as a whole."""

DELTA = 16 << 20
"""Bytes that a delta may have."""

CACHE = 64 << 20
"""Bytes of objects that are kept because others may be based on them."""

_OVERHEAD = 250  # bytes that it costs to keep an object, whatever its size


class Store(Index):
    """The objects of the pack that begins at `start` of the file; `cache` bounds what is kept of them."""

    def __init__(self, held: Held, start: int, *, cache: int = CACHE, algorithm: HashName | None = None) -> None:
        super().__init__(held, start, algorithm=algorithm)
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._cached = 0
        self._budget = cache
        self._large = (-1, b"")  # the last object that is too large to be one of many

    def entry(self, number: int) -> PackEntry:
        """Read an object's header again."""
        return read_entry(self.held, self.offsets[number], self.end, self.namer.width)

    def delta(self, number: int) -> bytes:
        """Inflate a delta again."""
        entry = self.entry(number)
        if entry.size > DELTA:
            raise ObjectError(f"a git delta of more than {DELTA} bytes", "size-limit")
        self.charge(entry.size)
        return inflate_whole(self.held, entry, self.end)[0]

    def apply(self, number: int, base: bytes, delta: bytes) -> bytes:
        """Make the object that a delta tells, and keep it for a while."""
        if len(delta) > self.steps:
            self.charge_steps(delta)
            body, _ = deltas.apply(base, delta)
        else:
            body, steps = deltas.apply(base, delta)
            self.steps -= steps
        self.keep(number, body)
        return body

    def cached(self, number: int) -> bytes | None:
        """Return an object that is still held."""
        if number == self._large[0]:
            return self._large[1]
        body = self._cache.get(number)
        if body is not None:
            self._cache.move_to_end(number)
        return body

    def keep(self, number: int, body: bytes) -> None:
        """Hold an object, and let go of what was used longest ago."""
        size = len(body)
        if size > self._budget // 2:
            self._large = (number, body)
            return
        if number in self._cache:
            return
        self._cache[number] = body
        self._cached += size + _OVERHEAD
        while self._cached > self._budget:
            _, gone = self._cache.popitem(last=False)
            self._cached -= len(gone) + _OVERHEAD

    def renew(self, cache: int) -> None:
        """Begin again with what was recorded of the objects, but without the objects themselves."""
        self._cache.clear()
        self._cached = 0
        self._large = (-1, b"")
        self._budget = cache
        self.allow()

    def _make_room(self, size: int) -> None:
        """Let go of everything before something large is made."""
        if size > self._budget // 2:
            self._cache.clear()
            self._cached = 0

    def body(self, number: int) -> bytes:
        """Make an object whose bases are known, however long the chain. ObjectError, DeltaError, Limited."""
        chain: list[int] = []
        at = number
        while (body := self.cached(at)) is None:
            if self.bases[at] >= 0:
                chain.append(at)
                at = self.bases[at]
                continue
            entry = self.entry(at)
            if entry.kind not in WORDS:
                raise ObjectError("an object's base is not in the pack", "missing-base")
            if entry.size > BASE:
                raise ObjectError(f"an object of more than {BASE} bytes that is the base of others", "size-limit")
            self.charge(entry.size if chain else 0)
            self._make_room(entry.size)
            body, _ = inflate_whole(self.held, entry, self.end)
            self.keep(at, body)
            break
        while chain:
            at = chain.pop()
            delta = self.delta(at)
            _, size, _ = deltas.sizes(delta)
            if size > BASE:
                raise ObjectError(f"an object of more than {BASE} bytes that is the base of others", "size-limit")
            self._make_room(size)
            body = self.apply(at, body, delta)
            if chain:
                self.charge(size)
        return body

    def depth_first(self, todo: bytearray) -> Iterator[int]:
        """Yield the objects whose place in `todo` is not 0, each after its base, as far as that can be had.

        Whoever asks sets `prefixes` of what it is given, before it asks for the next: that is how reference deltas
        find their base. Where it leaves 0, what is based on that object is not given.
        """
        count = len(self.kinds)
        first, following = array("i", [-1]) * count, array("i", [-1]) * count  # what is based on each, as a chain
        weight = array("I", [0]) * count  # how many are based on it, and from those
        roots = bytearray(count)
        by_id: dict[int, int] = {}  # the first of those that wait for an object of this id
        for number in range(count - 1, -1, -1):
            if not todo[number]:
                continue
            base = self.bases[number]
            if base >= 0:
                following[number], first[base] = first[base], number
                weight[base] += weight[number] + 1
                roots[base] = roots[base] or not todo[base]
                continue
            entry = self.entry(number)
            if isinstance(entry.base, bytes):
                prefix = int.from_bytes(entry.base[:8], "big") or 1  # 0 is what is not known
                following[number] = by_id.get(prefix, -1)
                by_id[prefix] = number
            elif entry.kind in WORDS:
                roots[number] = 1

        def adopt(base: int) -> None:
            number = by_id.pop(self.prefixes[base], -1)
            while number >= 0:
                self.bases[number] = base
                after = following[number]
                following[number], first[base] = first[base], number
                number = after

        if by_id:
            for number, prefix in enumerate(self.prefixes):
                if prefix in by_id and not todo[number]:
                    adopt(number)
                    roots[number] = 1
        for root in range(count):
            stack = [root] if roots[root] else []
            while stack:
                number = stack.pop()
                if todo[number]:
                    if self.bases[number] >= 0:
                        self.kinds[number] = self.kinds[self.bases[number]]
                    yield number
                    if not self.prefixes[number]:
                        continue
                    adopt(number)
                kids = []
                kid = first[number]
                while kid >= 0:
                    kids.append(kid)
                    kid = following[kid]
                # What has most based on it comes last, so that its base is needed no more by then.
                kids.sort(key=weight.__getitem__, reverse=True)
                stack += kids
