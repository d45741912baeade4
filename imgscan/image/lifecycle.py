"""What becomes of a file: whiteouts, opaque directories, replaced parents, hard links and duplicate members.

While a layer is read, `LayerNames` notes each member's name as a 64-bit hash and its kind, in order: nine bytes a
member, so an image of ten million members fits. Only when findings are there are the notes looked through, for the
names that matter. Rules: OCI image specification, layer.md, "Whiteouts": a whiteout hides what lower layers hold,
wherever in its own layer it stands; members of one layer apply in their order.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from imgscan.model import Visibility

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgscan.model import State

WHITEOUT = b".wh."
OPAQUE = b".wh..wh..opq"

PLAIN, DIRECTORY, HARD_LINK, HIDING = range(4)
"""Kinds of a noted member: any non-directory, a directory, a hard link, a whiteout (which is no file)."""


class LayerNames:
    """The members of one layer, in order. Names are normalised: no leading `./` or `/`, no trailing `/`."""

    def __init__(self) -> None:
        self.hashes = array("q")
        self.kinds = bytearray()
        self.whiteouts: set[bytes] = set()
        self.opaque: set[bytes] = set()
        self.links: dict[int, tuple[bytes, bytes]] = {}

    def add(self, name: bytes, kind: int) -> None:
        """Note the next member that is not a hard link; whiteouts are recognised by their names."""
        if WHITEOUT in name:
            parent, _, base = name.rpartition(b"/")
            if base == OPAQUE:
                self.opaque.add(parent)
                kind = HIDING
            elif base.startswith(WHITEOUT) and not base.startswith(WHITEOUT * 2) and base != WHITEOUT:
                hidden = base[len(WHITEOUT) :]
                self.whiteouts.add(parent + b"/" + hidden if parent else hidden)
                kind = HIDING
        self.hashes.append(hash(name))
        self.kinds.append(kind)

    def add_all(self, names: Sequence[bytes], kinds: Iterable[int]) -> None:
        """Note the next members, none of which is a hard link."""
        if WHITEOUT in b"\0".join(names):
            for name, kind in zip(names, kinds, strict=True):
                self.add(name, kind)
        else:
            self.hashes.extend(map(hash, names))
            self.kinds.extend(kinds)

    def add_link(self, name: bytes, target: bytes) -> None:
        """Note the next member, a hard link to `target`."""
        self.links[len(self.kinds)] = (name, target)
        self.hashes.append(hash(name))
        self.kinds.append(HARD_LINK)

    def holds(self, *names: bytes) -> bool:
        """Whether a member has one of the names."""
        return any(hash(name) in self.hashes for name in names)


class Place(NamedTuple):
    """Where a file's bytes stand: the layer, the member's number in it, and the member's normalised name."""

    layer: int
    member: int
    name: bytes


def ancestors(name: bytes) -> list[bytes]:
    """Give the directories above a name, nearest first, without the root (which has the name `b""`)."""
    found = []
    while (cut := name.rfind(b"/")) > 0:
        name = name[:cut]
        found.append(name)
    return found


def resolve(places: Iterable[Place], layers: Sequence[LayerNames]) -> dict[Place, Visibility]:
    """Say for each place whether the file is visible in the finished filesystem, and if not, which layer ended it."""
    wanted = dict.fromkeys(places)
    indexes = _index([place.name for place in wanted], layers)
    return {place: _follow(place, indexes) for place in wanted}


class _LayerIndex(NamedTuple):
    """Of one layer, the members that bear on the places asked for."""

    names: LayerNames
    numbers: dict[int, list[int]]  # hash of a name -> the numbers of the members that have it
    links: dict[bytes, list[int]]  # target of hard links -> their numbers

    def bearing(self, names: Iterable[bytes], after: int) -> list[int]:
        """Give the members behind `after` that are one of `names`, a parent of one, or a hard link to one."""
        found: set[int] = set()
        for name in names:
            for hashed in (hash(name), *map(hash, ancestors(name))):
                found.update(self.numbers.get(hashed, ()))
            found.update(self.links.get(name, ()))
        return sorted(number for number in found if number > after)

    def hides(self, name: bytes) -> bool:
        """Whether a whiteout or an opaque directory of this layer hides the name in the layers below."""
        whiteouts, opaque = self.names.whiteouts, self.names.opaque
        if not whiteouts and not opaque:
            return False
        above = ancestors(name)
        return name in whiteouts or b"" in opaque or not whiteouts.isdisjoint(above) or not opaque.isdisjoint(above)


def _index(places: Sequence[bytes], layers: Sequence[LayerNames]) -> list[_LayerIndex]:
    links: list[dict[bytes, list[int]]] = []
    for layer in layers:
        by_target: dict[bytes, list[int]] = {}
        for number, (_, target) in layer.links.items():
            by_target.setdefault(target, []).append(number)
        links.append(by_target)
    needed: set[int] = set()
    known: set[bytes] = set()
    fresh = list(places)
    while fresh:
        name = fresh.pop()
        if name in known:
            continue
        known.add(name)
        needed.add(hash(name))
        needed.update(map(hash, ancestors(name)))
        for layer, by_target in zip(layers, links, strict=True):
            fresh.extend(layer.links[number][0] for number in by_target.get(name, ()))
    indexes = []
    for layer, by_target in zip(layers, links, strict=True):
        numbers: dict[int, list[int]] = {}
        for number, hashed in enumerate(layer.hashes):
            if hashed in needed:
                numbers.setdefault(hashed, []).append(number)
        indexes.append(_LayerIndex(layer, numbers, by_target))
    return indexes


def _follow(place: Place, layers: Sequence[_LayerIndex]) -> Visibility:
    """Carry the names of one file through its own layer and those above it."""
    kind = layers[place.layer].names.kinds[place.member]
    if kind == HIDING:
        return Visibility("deleted", place.layer)  # a whiteout may hold data, but no filesystem has it
    names = {place.name}
    for index in range(place.layer, len(layers)):
        layer = layers[index]
        own = index == place.layer
        gone = set() if own else {name for name in names if layer.hides(name)}
        names -= gone
        state = _apply(layer, names, gone, place.member if own else -1, directory=kind == DIRECTORY)
        if not names:
            return Visibility(state, index)
    return Visibility("visible")


def _apply(layer: _LayerIndex, names: set[bytes], gone: set[bytes], after: int, *, directory: bool) -> State:
    """Apply the members of a layer to a file's names, in order; give what ended the last name that ended.

    `gone` are the names that a whiteout of this layer took: one that is made anew here counts as overwritten. A
    `directory` that is listed again goes on.
    """
    state: State = "deleted"
    numbers = layer.bearing(names | gone, after)
    while numbers:
        number = numbers.pop(0)
        kind = layer.names.kinds[number]
        hashed = layer.names.hashes[number]
        if kind == HIDING:
            continue
        if kind == HARD_LINK:
            name, target = layer.names.links[number]
            if name == target:
                continue  # a link to itself changes nothing
            if target in names:
                if name not in names:
                    names.difference_update([inside for inside in names if name in ancestors(inside)])
                    names.add(name)
                    numbers = layer.bearing(names | gone, number)
                continue
        if any(hash(name) == hashed for name in gone):
            state = "overwritten"
        if kind == DIRECTORY and directory:
            continue
        for name in tuple(names):
            if hash(name) == hashed:
                names.discard(name)
                state = "overwritten"
            elif kind != DIRECTORY and hashed in map(hash, ancestors(name)):
                names.discard(name)
                state = "deleted"
    return state
