"""Files at their depth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgscan.image.lifecycle import trail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        "_parts",
        "brought",
        "container",
        "depth",
        "extent",
        "format",
        "name",
        "order",
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
        self._parts: list[tuple[int, int]] | None = None  # most have none, and there may be a million

    @property
    def parts(self) -> Sequence[tuple[int, int]]:
        """Extents of what is in it verbatim, which no compression changed."""
        return self._parts or ()

    def add_part(self, start: int, end: int) -> None:
        """Note that so much of it is verbatim."""
        if self._parts is None:
            self._parts = []
        self._parts.append((start, end))

    @property
    def key(self) -> tuple[int, ...]:
        """What sorts the files below one top file: each before what it holds."""
        orders: list[int] = []
        node: Node | None = self
        while node is not None and node.container is not None:
            orders.append(node.order)
            node = node.container
        return tuple(reversed(orders))


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
