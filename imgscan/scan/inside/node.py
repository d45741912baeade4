"""Files at their depth, and which of two findings stands for both."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imgscan.containers.base import Format
    from imgscan.scan.hits import Hit


class Lack(NamedTuple):
    """Something in a container that was not read. `path` is raw; `bytes` how many, None where unknown.

    `damage` says that the container is broken, not that it was passed over.
    """

    code: str
    message: str
    path: bytes
    bytes: int | None = None
    damage: bool = False


class Top:
    """A file of a layer or folder as the outermost container: how much has come out of it."""

    __slots__ = ("expanded", "name", "number", "token")

    def __init__(self, name: bytes, number: int, token: object) -> None:
        self.name = name
        self.number = number
        self.token = token
        self.expanded = 0


class Node:
    """A file at its depth: the container that holds it, and as which of its members.

    `extent` and `brought` are those of `containers.base.Member`.
    """

    __slots__ = ("brought", "container", "depth", "extent", "format", "name", "order", "squeezed", "top")

    def __init__(
        self,
        top: Top,
        name: bytes,
        container: Node | None = None,
        order: int = -1,
        extent: tuple[int, int] | None = None,
        brought: Callable[[], tuple[str, bytes] | None] | None = None,
    ) -> None:
        self.top = top
        self.name = name
        self.container = container
        self.order = order
        self.extent = extent
        self.brought = brought
        self.depth: int = container.depth + 1 if container is not None else 0
        self.format: Format | None = None
        self.squeezed = False

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
    """Finds the hits that stand for another's: `ids` are those to be dropped."""

    def __init__(self, found: list[tuple[Node, Hit]], outer: Mapping[object, list[Hit]]) -> None:
        self.ids: set[int] = set()
        self._raw: dict[tuple[object, str, str], list[Hit]] = {}
        for node, hit in found:
            self._raw.setdefault((node, hit.rule_id, hit.secret.sha256), []).append(hit)
            if node.squeezed:
                self.ids.add(id(hit))
        for token, hits in outer.items():
            for hit in hits:
                if hit.field is None:
                    self._raw.setdefault((token, hit.rule_id, hit.secret.sha256), []).append(hit)
        rows: set[tuple[object, str, str]] = set()
        for node, hit in found:
            container = node.container
            if container is not None and container.format is not None and container.format.rowless:
                key = (_token(container), hit.rule_id, hit.secret.sha256)
                raw = self._raw.get(key, ())
                if raw or key in rows:
                    self.ids.add(id(hit))
                self.ids.update(map(id, raw[1:]))  # an index repeats what a table holds
                rows.add(key)
                continue
            self._climb(node, hit)

    def _climb(self, node: Node, hit: Hit) -> None:
        while node.container is not None:
            key = (_token(node.container), hit.rule_id, hit.secret.sha256)
            if node.extent is not None:
                start, end = node.extent
                self.ids.update(id(raw) for raw in self._raw.get(key, ()) if start <= (raw.offset or 0) < end)
            node = node.container


def _token(node: Node) -> object:
    return node.top.token if node.container is None else node


def placed(node: Node, hit: Hit) -> Hit:
    """Give a hit its top file, and what is known of the commit that brought it."""
    container = node.container
    if container is not None and container.format is not None and container.format.rowless:
        hit = hit._replace(line=None, column=None, end_line=None, end_column=None, offset=None, length=None)
    brought = node.brought() if node.brought is not None else None
    if brought is not None:
        commit, path = brought
        hit = hit._replace(commit=commit, field="git/" + path.decode("utf-8", "backslashreplace"))
    return hit._replace(holder=node.top.name)
