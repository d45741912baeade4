"""Making any object of a git pack from its base: within bounds, and never recursively.

The last objects that were made are kept, up to a budget.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from imgscan.containers import gitdelta
from imgscan.containers.gitindex import Index
from imgscan.containers.gitobjects import WORDS, Entry, HashName, ObjectError, inflate_whole, read_entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgscan.containers.base import Held

BASE = 64 << 20
"""Bytes that an object may have from which others are told: it has to be in memory as a whole."""

DELTA = 16 << 20
"""Bytes that a delta may have."""

CACHE = 64 << 20
"""Bytes of objects that are kept because others may be told from them."""

_OVERHEAD = 100  # bytes that it costs to keep an object, whatever its size


class Store(Index):
    """The objects of the pack that begins at `start` of the file; `cache` bounds what is kept of them."""

    def __init__(self, held: Held, start: int, *, cache: int = CACHE, algorithm: HashName | None = None) -> None:
        super().__init__(held, start, algorithm=algorithm)
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._cached = 0
        self._budget = cache

    def entry(self, number: int) -> Entry:
        """Read an object's header again."""
        return read_entry(self.held, self.offsets[number], self.end, self.namer.width)

    def delta(self, number: int) -> bytes:
        """Inflate a delta again."""
        entry = self.entry(number)
        if entry.size > DELTA:
            raise ObjectError(f"a git delta of more than {DELTA} bytes", "limit")
        self.charge(entry.size)
        return inflate_whole(self.held, entry, self.end)[0]

    def apply(self, number: int, base: bytes, delta: bytes) -> bytes:
        """Make the object that a delta tells, and keep it for a while."""
        if len(delta) > self.steps:
            self.charge_steps(delta)
            body, _ = gitdelta.apply(base, delta)
        else:
            body, steps = gitdelta.apply(base, delta)
            self.steps -= steps
        self.keep(number, body)
        return body

    def cached(self, number: int) -> bytes | None:
        """Give an object that is still held."""
        body = self._cache.get(number)
        if body is not None:
            self._cache.move_to_end(number)
        return body

    def keep(self, number: int, body: bytes) -> None:
        """Hold an object, and let go of what was used longest ago."""
        size = len(body)
        if size > self._budget // 2 or number in self._cache:
            return
        self._cache[number] = body
        self._cached += size + _OVERHEAD
        while self._cached > self._budget:
            _, gone = self._cache.popitem(last=False)
            self._cached -= len(gone) + _OVERHEAD

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
            entry = self.entry(at)
            if entry.kind in WORDS:
                if entry.size > BASE:
                    raise ObjectError(f"an object of more than {BASE} bytes, from which others are told", "limit")
                self.charge(entry.size if chain else 0)
                self._make_room(entry.size)
                body, _ = inflate_whole(self.held, entry, self.end)
                self.keep(at, body)
                break
            chain.append(at)
            at = self.bases[at]
            if at < 0:
                raise ObjectError("an object's base is not in the pack", "missing-base")
        while chain:
            at = chain.pop()
            delta = self.delta(at)
            _, size, _ = gitdelta.sizes(delta)
            if size > BASE:
                raise ObjectError(f"an object of more than {BASE} bytes, from which others are told", "limit")
            self._make_room(size)
            body = self.apply(at, body, delta)
            if chain:
                self.charge(size)
        return body

    def depth_first(self, wanted: Iterable[int]) -> Iterator[int]:
        """Give the objects of `wanted`, each after its base; those whose base cannot be had are not given.

        Whoever asks sets `prefixes` of what it is given, before it asks for the next: that is how reference deltas
        find their base. Where it leaves 0, what is told from that object is not given.
        """
        todo = set(wanted)
        children: dict[int, list[int]] = {}
        by_id: dict[int, list[int]] = {}
        weight: dict[int, int] = {}
        roots: set[int] = set()
        for number in sorted(todo, reverse=True):
            base = self.bases[number]
            entry = self.entry(number)
            if base >= 0:
                children.setdefault(base, []).append(number)
                weight[base] = weight.get(base, 0) + weight.get(number, 0) + 1
                if base not in todo:
                    roots.add(base)
            elif isinstance(entry.base, bytes):
                by_id.setdefault(int.from_bytes(entry.base[:8], "big"), []).append(number)
            elif entry.kind in WORDS:
                roots.add(number)
        if by_id:
            for number, prefix in enumerate(self.prefixes):
                if prefix and prefix in by_id and number not in todo:
                    self._adopt(number, by_id.pop(prefix), children)
                    roots.add(number)
        stack = sorted(roots, reverse=True)
        while stack:
            number = stack.pop()
            if number in todo:
                base = self.bases[number]
                if base >= 0:
                    self.kinds[number] = self.kinds[base]
                yield number
                prefix = self.prefixes[number]
                if not prefix:
                    continue
                if prefix in by_id:
                    self._adopt(number, by_id.pop(prefix), children)
            # What has most told from it comes last, so that its base is needed no more by then.
            stack += sorted(children.pop(number, ()), key=lambda kid: weight.get(kid, 0), reverse=True)

    def _adopt(self, base: int, numbers: list[int], children: dict[int, list[int]]) -> None:
        for number in numbers:
            self.bases[number] = base
        children.setdefault(base, []).extend(numbers)
