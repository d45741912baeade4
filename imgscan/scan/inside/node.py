"""Files at their depth, and which of two hits to keep."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from imgscan.image.lifecycle import trail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imgscan.containers.base import Format
    from imgscan.scan.hits import Hit


class Top:
    """A file of a layer, tree or history as the outermost container: how many bytes have come out of it."""

    __slots__ = ("expanded", "name", "number")

    def __init__(self, name: bytes, number: int) -> None:
        self.name = name
        self.number = number
        self.expanded = 0


class Node:
    """A file at its depth: the container that holds it, and as which of its members.

    `extent`, `brought` and `verbatim` are those of `containers.base.Member`. `stored` says that it is not a member but
    what the container stores beside them.
    """

    __slots__ = (
        "brought",
        "container",
        "depth",
        "extent",
        "format",
        "name",
        "order",
        "parts",
        "squeezed",
        "stored",
        "top",
        "verbatim",
    )

    def __init__(
        self,
        top: Top,
        name: bytes,
        container: Node | None = None,
        order: int = -1,
        extent: tuple[int, int] | None = None,
        brought: Callable[[], tuple[str, bytes] | None] | None = None,
        *,
        stored: bool = False,
        verbatim: bool = False,
    ) -> None:
        self.stored = stored
        self.top = top
        self.name = name
        self.container = container
        self.order = order
        self.extent = extent
        self.brought = brought
        self.verbatim = verbatim
        self.depth: int = container.depth + 1 if container is not None else 0
        self.format: Format | None = None
        self.squeezed = False
        self.parts: list[tuple[int, int]] = []
        """Extents of what is in it verbatim, which no compression changed."""

    @property
    def key(self) -> tuple[int, ...]:
        """What sorts the files below one top file: each before what it holds."""
        orders: list[int] = []
        node: Node | None = self
        while node is not None and node.container is not None:
            orders.append(node.order)
            node = node.container
        return tuple(reversed(orders))


class Doubles:
    """Finds the hits that another one replaces: `ids` are those to be dropped.

    `outer` are the hits in the top files' own bytes, by number.
    """

    def __init__(self, found: list[tuple[Node, Hit]], outer: Mapping[int, list[Hit]]) -> None:
        self.ids: set[int] = set()
        self._raw: dict[tuple[object, str, str], list[Hit]] = {}
        for node, hit in found:
            self._raw.setdefault((node, hit.rule_id, hit.secret.sha256), []).append(hit)
            if node.squeezed and not in_part(node.parts, hit):
                self.ids.add(id(hit))
        for number, hits in outer.items():
            for hit in hits:
                if hit.location.field is None:
                    self._raw.setdefault((number, hit.rule_id, hit.secret.sha256), []).append(hit)
        rows: set[tuple[object, str, str]] = set()
        for node, hit in found:
            container = node.container
            if container is not None and container.format is not None and container.format.rowless:
                key = (_file(container)[0], hit.rule_id, hit.secret.sha256)
                raw = self._raw.get(key, ())
                if raw or key in rows:
                    self.ids.add(id(hit))
                self.ids.update(map(id, raw[1:]))  # an index repeats what a table holds
                rows.add(key)
                continue
            self._climb(node, hit)
        self._replace_stored(found, outer)

    def _replace_stored(self, found: list[tuple[Node, Hit]], outer: Mapping[int, list[Hit]]) -> None:
        """Drop what the raw search found in bytes that a container stores: searched apart, they have clear borders."""
        places: set[tuple[object, int, int]] = set()
        for node in (node for node, _ in found if node.stored):
            if node.container is not None and node.extent is not None:
                file, shift = _file(node.container)
                places.add((file, node.extent[0] + shift, node.extent[1] + shift))
        files = {file for file, _, _ in places}
        if not files:
            return
        raw: dict[object, list[tuple[int, int]]] = {}
        numbered = ((number, hit) for number, hits in outer.items() for hit in hits)
        for file, hit in chain(((node, hit) for node, hit in found if not node.stored), numbered):
            if file in files and hit.location.field is None:
                raw.setdefault(file, []).append((hit.location.offset or 0, id(hit)))
        for hits in raw.values():
            hits.sort()
        for file, start, end in places:
            hits = raw.get(file, [])
            low, high = bisect_left(hits, (start, 0)), bisect_left(hits, (end, 0))
            self.ids.update(identity for _, identity in hits[low:high])

    def _climb(self, node: Node, hit: Hit) -> None:
        while node.container is not None:
            file, shift = _file(node.container)
            if node.extent is not None and not node.verbatim:
                start, end = node.extent
                for raw in self._raw.get((file, hit.rule_id, hit.secret.sha256), ()):
                    if start + shift <= (raw.location.offset or 0) < end + shift:
                        self.ids.add(id(raw))
            node = node.container


def _file(node: Node) -> tuple[object, int]:
    """Return what identifies the file that a node's hits are in, a top file's number or a node, and where it begins.

    What is verbatim in a container is a part of the container's own file.
    """
    shift = 0
    while node.verbatim and node.container is not None:
        shift += node.extent[0] if node.extent is not None else 0
        node = node.container
    return (node.top.number if node.container is None else node), shift


def in_part(parts: list[tuple[int, int]], hit: Hit) -> bool:
    """Whether a hit is in bytes that no compression changed."""
    offset = hit.location.offset
    return offset is not None and any(start <= offset < end for start, end in parts)


def in_its_place(node: Node, hit: Hit) -> Hit:
    """Complete the location of a hit in a container: rows have no offsets, a git object has its commit."""
    location = hit.location
    container = node.container
    if container is not None and container.format is not None and container.format.rowless:
        location = replace(location, line=None, column=None, end_line=None, end_column=None, offset=None, length=None)
    brought = node.brought() if node.brought is not None else None
    if brought is not None:
        commit, path = brought
        location = replace(location, commit=commit, field="git/" + path.decode("utf-8", "backslashreplace"))
    return hit._replace(location=location, trail=trail(node.top.name), inner=True)


def settled(
    found: list[tuple[Node, Hit]], outer: Mapping[int, list[Hit]], squeezed: Mapping[int, list[tuple[int, int]]]
) -> list[Hit]:
    """Return the hits in containers, in the order of their top files and of what these hold, each in its place.

    `outer` are the hits in the top files' own bytes, by number; those that a member's hit replaces, and those that
    are pieces of compressed content (the files whose numbers are `squeezed`, but for what is verbatim in them), are
    taken out of its lists.
    """
    dropped = Doubles(found, outer).ids
    for hits in outer.values():
        hits[:] = [
            hit
            for hit in hits
            if id(hit) not in dropped
            and (hit.member not in squeezed or hit.location.field is not None or in_part(squeezed[hit.member], hit))
        ]
    kept = [(node, hit) for node, hit in found if id(hit) not in dropped]
    kept.sort(key=lambda each: (each[0].top.number, each[0].key, each[1].location.offset or 0))
    return [in_its_place(node, hit) for node, hit in kept]
