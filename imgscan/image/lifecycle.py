"""What becomes of a file: whiteouts, opaque directories, replaced parents, hard links and duplicate members.

While a layer is read, `LayerNames` records each member's name as a 64-bit hash and its kind, in order: nine bytes per
member, so an image of ten million members fits. Only when there are findings are the records searched for the
names that matter. The hash is the same in every process and nobody can make a second name with a given one, so the
notes can be kept; they hold no name. Rules: OCI image specification, layer.md, "Whiteouts": a whiteout hides what
lower layers hold, wherever in its own layer it appears; members of one layer apply in their order.
"""

from __future__ import annotations

import sys
from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from imgscan.model import Visibility

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgscan.model import State

WHITEOUT = b".wh."
OPAQUE = b".wh..wh..opq"

PLAIN, DIRECTORY, HARD_LINK, HIDING = range(4)
"""Kinds of a recorded member: any non-directory, a directory, a hard link, a whiteout (which is not a file)."""

_BYTES = 8

Trail = tuple[int, ...]
"""A name as the notes know it: its hash, then those of the directories above it, nearest first, without the root."""


def hashed(name: bytes) -> int:
    """Return the 64-bit hash of a normalised name (BLAKE2b, RFC 7693, of eight bytes)."""
    return int.from_bytes(blake2b(name, digest_size=_BYTES).digest(), sys.byteorder, signed=True)


def trail(name: bytes) -> Trail:
    """Return a normalised name's trail."""
    found = [hashed(name)]
    while (cut := name.rfind(b"/")) > 0:
        name = name[:cut]
        found.append(hashed(name))
    return tuple(found)


ROOT = hashed(b"")
"""The hash of the root's name."""


class HardLink(NamedTuple):
    """A hard link: its own trail, and the hash of what it links to."""

    name: Trail
    target: int


class LayerNames:
    """The members of one layer, in order. Names are normalised: no leading `./` or `/`, no trailing `/`.

    `whiteouts` are the hashes of the names that are hidden, `opaque` those of directories whose lower content is;
    `links` has the hard links by their numbers.
    """

    def __init__(self) -> None:
        self.hashes = array("q")
        self.kinds = bytearray()
        self.whiteouts: set[int] = set()
        self.opaque: set[int] = set()
        self.links: dict[int, HardLink] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LayerNames) and all(
            getattr(self, name) == getattr(other, name) for name in ("hashes", "kinds", "whiteouts", "opaque", "links")
        )

    __hash__ = None  # type: ignore[assignment]  # it grows while a layer is read

    def add(self, name: bytes, kind: int) -> None:
        """Note the next member that is not a hard link; whiteouts are recognised by their names."""
        if WHITEOUT in name:
            parent, _, base = name.rpartition(b"/")
            if base == OPAQUE:
                self.opaque.add(hashed(parent))
                kind = HIDING
            elif base.startswith(WHITEOUT) and not base.startswith(WHITEOUT * 2) and base != WHITEOUT:
                hidden = base[len(WHITEOUT) :]
                self.whiteouts.add(hashed(parent + b"/" + hidden if parent else hidden))
                kind = HIDING
        self.hashes.append(hashed(name))
        self.kinds.append(kind)

    def add_all(self, names: Sequence[bytes], kinds: Iterable[int]) -> None:
        """Note the next members, none of which is a hard link."""
        if WHITEOUT in b"\0".join(names):
            for name, kind in zip(names, kinds, strict=True):
                self.add(name, kind)
        else:
            self.hashes.frombytes(b"".join([blake2b(name, digest_size=_BYTES).digest() for name in names]))
            self.kinds.extend(kinds)

    def add_link(self, name: bytes, target: bytes) -> None:
        """Note the next member, a hard link to `target`."""
        link = HardLink(trail(name), hashed(target))
        self.links[len(self.kinds)] = link
        self.hashes.append(link.name[0])
        self.kinds.append(HARD_LINK)

    def holds(self, *names: bytes) -> bool:
        """Whether a member has one of the names."""
        return any(hashed(name) in self.hashes for name in names)


class Spot(NamedTuple):
    """Where a file's bytes are: the layer, the member's number in it, and the trail of the member's name."""

    layer: int
    member: int
    name: Trail


def resolve(spots: Iterable[Spot], layers: Sequence[LayerNames]) -> dict[Spot, Visibility]:
    """Say for each spot whether the file is visible in the finished filesystem, and if not, which layer ended it."""
    wanted = dict.fromkeys(spots)
    indexes = _index([spot.name for spot in wanted], layers)
    return {spot: _follow(spot, indexes) for spot in wanted}


class _LayerIndex(NamedTuple):
    """Of one layer, the members that bear on the spots asked for."""

    names: LayerNames
    numbers: dict[int, list[int]]  # hash of a name -> the numbers of the members that have it
    links: dict[int, list[int]]  # target of hard links -> their numbers

    def bearing(self, names: Iterable[Trail], after: int) -> list[int]:
        """Return the members behind `after` that are one of `names`, a parent of one, or a hard link to one."""
        found: set[int] = set()
        for name in names:
            for each in name:
                found.update(self.numbers.get(each, ()))
            found.update(self.links.get(name[0], ()))
        return sorted(number for number in found if number > after)

    def hides(self, name: Trail) -> bool:
        """Whether a whiteout or an opaque directory of this layer hides the name in the layers below."""
        whiteouts, opaque = self.names.whiteouts, self.names.opaque
        if not whiteouts and not opaque:
            return False
        return ROOT in opaque or not whiteouts.isdisjoint(name) or not opaque.isdisjoint(name[1:])


def _index(wanted: Sequence[Trail], layers: Sequence[LayerNames]) -> list[_LayerIndex]:
    links: list[dict[int, list[int]]] = []
    for layer in layers:
        by_target: dict[int, list[int]] = {}
        for number, link in layer.links.items():
            by_target.setdefault(link.target, []).append(number)
        links.append(by_target)
    needed: set[int] = set()
    known: set[Trail] = set()
    fresh = list(wanted)
    while fresh:
        name = fresh.pop()
        if name in known:
            continue
        known.add(name)
        needed.update(name)
        for layer, by_target in zip(layers, links, strict=True):
            fresh.extend(layer.links[number].name for number in by_target.get(name[0], ()))
    return [
        _LayerIndex(layer, _numbered(layer, needed), by_target) for layer, by_target in zip(layers, links, strict=True)
    ]


def _numbered(layer: LayerNames, needed: set[int]) -> dict[int, list[int]]:
    """Return the needed hashes that occur in a layer, with the numbers of the members that have them."""
    numbers: dict[int, list[int]] = {}
    for number, each in enumerate(layer.hashes):
        if each in needed:
            numbers.setdefault(each, []).append(number)
    return numbers


def _follow(spot: Spot, layers: Sequence[_LayerIndex]) -> Visibility:
    """Carry the names of one file through its own layer and those above it."""
    kind = layers[spot.layer].names.kinds[spot.member]
    if kind == HIDING:
        return Visibility("deleted", spot.layer)  # a whiteout may hold data, but no filesystem has it
    names = {spot.name}
    for index in range(spot.layer, len(layers)):
        layer = layers[index]
        own = index == spot.layer
        gone = set() if own else {name for name in names if layer.hides(name)}
        names -= gone
        state = _apply(layer, names, gone, spot.member if own else -1, directory=kind == DIRECTORY)
        if not names:
            return Visibility(state, index)
    return Visibility("visible")


def _apply(layer: _LayerIndex, names: set[Trail], gone: set[Trail], after: int, *, directory: bool) -> State:
    """Apply the members of a layer to a file's names, in order; return what ended the last name that ended.

    `gone` are the names that a whiteout of this layer took: one that is made again here counts as overwritten. A
    `directory` that is listed again continues.
    """
    state: State = "deleted"
    numbers = layer.bearing(names | gone, after)
    while numbers:
        number = numbers.pop(0)
        kind = layer.names.kinds[number]
        made = layer.names.hashes[number]
        if kind == HIDING:
            continue
        if kind == HARD_LINK:
            link = layer.names.links[number]
            if made == link.target:
                continue  # a link to itself changes nothing
            if any(name[0] == link.target for name in names):
                if link.name not in names:
                    names.difference_update([inside for inside in names if made in inside[1:]])
                    names.add(link.name)
                    numbers = layer.bearing(names | gone, number)
                continue
        if any(name[0] == made for name in gone):
            state = "overwritten"
        if kind == DIRECTORY and directory:
            continue
        for name in tuple(names):
            if name[0] == made:
                names.discard(name)
                state = "overwritten"
            elif kind != DIRECTORY and made in name[1:]:
                names.discard(name)
                state = "deleted"
    return state
