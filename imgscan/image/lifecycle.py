"""What becomes of a file: whiteouts, opaque directories, replaced parents, hard links and duplicate members.

While a layer is read, `LayerNames` notes its members (`imgscan.image.membernames`). Only when there are findings are
the notes searched for the names that matter. Rules: OCI image specification, layer.md, "Whiteouts": a whiteout hides
what lower layers hold, wherever in its own layer it appears; members of one layer apply in their order.

Hostile layers have millions of members that bear on one file, so nothing here is done more than once for each member,
and no more than a number is kept of any.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from imgscan.image.membernames import DIRECTORY, HARD_LINK, HIDING, PLAIN, ROOT, LayerNames, Trail, hashed, trail
from imgscan.model import Visibility

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgscan.model import State

__all__ = [
    "DIRECTORY",
    "HARD_LINK",
    "HIDING",
    "PLAIN",
    "LayerNames",
    "Spot",
    "Trail",
    "hashed",
    "resolve",
    "trail",
]

FOLLOWED: Final = 1 << 14
"""Hard links to files with findings that are followed, all together."""

_STRIDE: Final = 1 << 12


class Spot(NamedTuple):
    """Where a file's bytes are: the layer, the member's number in it, and the trail of the member's name."""

    layer: int
    member: int
    name: Trail


def resolve(
    spots: Iterable[Spot], layers: Sequence[LayerNames], *, whole: bool = True
) -> dict[Spot, Visibility] | None:
    """Say for each spot whether the file is visible in the finished filesystem, and if not, which layer ended it.

    None if that cannot be said, because the notes are not `whole`, or there are too many hard links to follow.
    """
    wanted = dict.fromkeys(spots)
    if not wanted:
        return {}
    indexes = _index([spot.name for spot in wanted], layers) if whole and all(layer.whole for layer in layers) else None
    return {spot: _follow(spot, indexes) for spot in wanted} if indexes is not None else None


class _LayerIndex:
    """Of one layer, the members that bear on the spots asked for."""

    def __init__(self, names: LayerNames, links: dict[int, array[int]], needed: set[int]) -> None:
        self.names = names
        self.links = links  # target of hard links -> their numbers
        self.numbers: dict[int, array[int]] = {}  # hash of a name -> the numbers of the members that have it
        if not needed.isdisjoint(names.hashes):
            for number, each in enumerate(names.hashes):
                if each in needed:
                    self.numbers.setdefault(each, array("q")).append(number)
        self._whiteouts = needed.intersection(names.whiteouts)
        self._opaque = (needed | {ROOT}).intersection(names.opaque)
        self._before: list[int] = []  # the hard links before each `_STRIDE` members

    def hides(self, name: Trail) -> bool:
        """Whether a whiteout or an opaque directory of this layer hides the name in the layers below."""
        whiteouts, opaque = self._whiteouts, self._opaque
        if not whiteouts and not opaque:
            return False
        return ROOT in opaque or not whiteouts.isdisjoint(name) or not opaque.isdisjoint(name[1:])

    def link(self, number: int) -> tuple[Trail, int]:
        """Return the trail of a member that is a hard link, and the hash of what it links to."""
        names = self.names
        if not self._before:
            count = 0
            for start in range(0, len(names.kinds), _STRIDE):
                self._before.append(count)
                count += names.kinds.count(HARD_LINK, start, start + _STRIDE)
        place = self._before[number // _STRIDE] + names.kinds.count(HARD_LINK, number - number % _STRIDE, number)
        return (names.hashes[number], *names.folders[names.parents[place]]), names.targets[place]


class _Bearing:
    """The members behind a number that are one of some names, a parent of one, or a hard link to one; ascending."""

    def __init__(self, layer: _LayerIndex, names: Iterable[Trail], after: int) -> None:
        self._layer = layer
        self._last = after
        self._heap: list[tuple[int, int, int]] = []  # a number, in which of the lists, and where in it
        self._lists: list[array[int]] = []
        self._known: set[int] = set()
        for name in names:
            self.add(name)

    def add(self, name: Trail) -> None:
        """From here on, give those of another name too."""
        numbers = self._layer.numbers
        for each in name:
            if each not in self._known:
                self._known.add(each)
                self._push(numbers.get(each))
        self._push(self._layer.links.get(name[0]))

    def _push(self, numbers: array[int] | None) -> None:
        if numbers is not None:
            self._lists.append(numbers)
            self._further(len(self._lists) - 1, bisect_right(numbers, self._last))

    def _further(self, which: int, at: int) -> None:
        numbers = self._lists[which]
        if at < len(numbers):
            heapq.heappush(self._heap, (numbers[at], which, at))

    def __iter__(self) -> Iterator[int]:
        while self._heap:
            number, which, at = heapq.heappop(self._heap)
            self._further(which, at + 1)
            if number > self._last:
                self._last = number
                yield number


class _FileNames:
    """The names of one file, by their own hashes and by those of the directories above them."""

    def __init__(self, names: Iterable[Trail]) -> None:
        self.by_hash: dict[int, Trail] = {}
        self._inside: dict[int, dict[Trail, None]] = {}
        for name in names:
            self.add(name)

    def add(self, name: Trail) -> None:
        """Add a name."""
        self.by_hash[name[0]] = name
        for above in name[1:]:
            self._inside.setdefault(above, {})[name] = None

    def remove(self, name: Trail) -> None:
        """Remove a name."""
        del self.by_hash[name[0]]
        for above in name[1:]:
            del self._inside[above][name]

    def inside(self, directory: int) -> list[Trail]:
        """List the names below a directory."""
        return list(self._inside.get(directory, ()))


def _index(wanted: Sequence[Trail], layers: Sequence[LayerNames]) -> list[_LayerIndex] | None:
    """Find the names that the files get, and what bears on all of them; None if there are too many.

    A hard link follows its target, in its layer or in one below: so one pass in their order finds all names.
    """
    known = {name[0]: name for name in wanted}
    followed = 0
    links: list[dict[int, array[int]]] = []
    for layer in layers:
        by_target: dict[int, array[int]] = {}
        links.append(by_target)
        if known.keys().isdisjoint(layer.targets):
            continue
        number = -1
        for target, parent in zip(layer.targets, layer.parents, strict=True):
            number = layer.kinds.find(HARD_LINK, number + 1)
            if target in known:
                by_target.setdefault(target, array("q")).append(number)
                known.setdefault(layer.hashes[number], (layer.hashes[number], *layer.folders[parent]))
                followed += 1
                if followed > FOLLOWED:
                    return None
    needed = {each for name in known.values() for each in name}
    return [_LayerIndex(layer, by_target, needed) for layer, by_target in zip(layers, links, strict=True)]


def _follow(spot: Spot, layers: Sequence[_LayerIndex]) -> Visibility:
    """Carry the names of one file through its own layer and those above it."""
    kind = layers[spot.layer].names.kinds[spot.member]
    if kind == HIDING:
        return Visibility("deleted", spot.layer)  # a whiteout may hold data, but no filesystem has it
    names = _FileNames([spot.name])
    for index in range(spot.layer, len(layers)):
        layer = layers[index]
        own = index == spot.layer
        gone = [] if own else [name for name in names.by_hash.values() if layer.hides(name)]
        for name in gone:
            names.remove(name)
        state = _apply(layer, names, gone, spot.member if own else -1, directory=kind == DIRECTORY)
        if not names.by_hash:
            return Visibility(state, index)
    return Visibility("visible")


def _apply(layer: _LayerIndex, names: _FileNames, gone: Sequence[Trail], after: int, *, directory: bool) -> State:
    """Apply the members of a layer to a file's names, in order; return what ended the last name that ended.

    `gone` are the names that a whiteout of this layer took: one that is made again here counts as overwritten. A
    `directory` that is listed again continues.
    """
    state: State = "deleted"
    taken = {name[0] for name in gone}
    bearing = _Bearing(layer, (*names.by_hash.values(), *gone), after)
    for number in bearing:
        kind = layer.names.kinds[number]
        made = layer.names.hashes[number]
        if kind == HIDING:
            continue
        if kind == HARD_LINK:
            name, target = layer.link(number)
            if made == target:
                continue  # a link to itself changes nothing
            if target in names.by_hash:
                if made not in names.by_hash:
                    for inside in names.inside(made):
                        names.remove(inside)
                    names.add(name)
                    bearing.add(name)
                continue
        if made in taken:
            state = "overwritten"
        if kind == DIRECTORY and directory:
            continue
        for inside in names.inside(made) if kind != DIRECTORY else ():
            names.remove(inside)
            state = "deleted"
        if made in names.by_hash:
            names.remove(names.by_hash[made])
            state = "overwritten"
    return state
