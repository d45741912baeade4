"""Which commit brought a blob in, and where, told from the commits and trees of the same pack.

Nobody asks but for the few blobs in which something was found, so nothing is read before the first question; then
everything is, once: commits are gone through parents first and, as far as that leaves a choice, oldest first, and
each tree where it first appears. What stands in it for the first time was brought in by that commit.
"""

from __future__ import annotations

import heapq
import re
from array import array
from typing import TYPE_CHECKING, NamedTuple

from imgscan.containers.gitdelta import DeltaError
from imgscan.containers.gitindex import Limited
from imgscan.containers.gitobjects import COMMIT, TREE, ObjectError
from imgscan.containers.gitstore import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held
    from imgscan.containers.gitobjects import HashName

_CACHE = 32 << 20  # bytes of trees that are kept while the history is read
_TREES = 500_000
_BLOBS = 500_000  # both together cost about 130 MB at most
_TREE_BYTES = 4 << 30
_DEEP = 512  # folders above a file; paths on most systems end at 4096 bytes

_COMMIT_FIELD = re.compile(rb"(tree|parent) ([0-9a-f]{40,64})\n|(author|committer) [^\n]*? (-?\d{1,18}) [-+]\d+\n")
_FOLDER = b"40000"
_SUBMODULE = b"160000"


class _Commit(NamedTuple):
    time: int
    identity: bytes
    tree: bytes
    parents: tuple[bytes, ...]


class History:
    """The history of the pack at `start` of the file. It reads the file when it is first asked."""

    def __init__(self, held: Held, start: int, algorithm: HashName) -> None:
        self._held = held
        self._start = start
        self._algorithm = algorithm
        self._table: _Table | None = None

    def first(self, name: bytes) -> tuple[str, bytes] | None:
        """Give the commit's id and the path under which it brought in the blob of this (hexadecimal) id.

        None where the pack does not tell: the commit is in another one, it is damaged, or it is too large.
        """
        try:
            identity = bytes.fromhex(name.decode())
        except ValueError:
            return None
        if self._table is None:
            self._table = _Table(Store(self._held, self._start, cache=_CACHE, algorithm=self._algorithm))
        return self._table.first(identity)


class _Table:
    """What each tree and blob was first seen in.

    A record is a tree at the place where it first appears: its number in the store, the record of the tree above, its
    name there, and its commit. Blobs only know their record; their name is looked up in the tree when asked for.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entry = re.compile(rb"(\d{5,6}) ([^\0]+)\0(.{%d})" % store.namer.width, re.DOTALL)
        self._trees: dict[bytes, int] = {}
        self._numbers = array("i")
        self._above = array("i")
        self._commit = array("i")
        self._names: list[bytes] = []
        self._commits: list[_Commit] = []
        self._blobs: dict[bytes, int] = {}
        try:
            self._commits = _in_order(self._read())
            self._follow()
        except Limited:
            pass  # what was read so far is right: the oldest commits come first

    def first(self, blob: bytes) -> tuple[str, bytes] | None:
        """Give the commit and the path of a blob."""
        record = self._blobs.get(blob)
        if record is None:
            return None
        commit = self._commits[self._commit[record]]
        names = [name for _, name, identity in self._tree(self._numbers[record]) if identity == blob][:1]
        while self._above[record] >= 0:
            names.append(self._names[record])
            record = self._above[record]
        return commit.identity.hex(), b"/".join(reversed(names))

    def _read(self) -> list[_Commit]:
        """Name every tree, and read every commit."""
        store = self._store
        while not store.done:
            at = store.position
            try:
                _, entry = store.next_entry()
                store.pass_over(entry)
            except ObjectError:
                if not store.resume(at):
                    break
        commits: list[_Commit] = []
        wanted = [number for number, kind in enumerate(store.kinds) if kind in {0, COMMIT, TREE}]
        for number in store.depth_first(wanted):
            try:
                body = store.body(number)
            except (ObjectError, DeltaError):
                continue
            kind = store.kinds[number]
            identity = store.namer.of(kind, body)
            store.prefixes[number] = int.from_bytes(identity[:8], "big") or 1
            if kind == TREE:
                if len(self._trees) >= _TREES:
                    raise Limited
                self._trees[identity] = number
            elif kind == COMMIT and (commit := _commit(identity, body)):
                commits.append(commit)
        return commits

    def _follow(self) -> None:
        """Go through the commits in order, and through each tree once."""
        seen: set[int] = set()
        left = _TREE_BYTES
        for number, commit in enumerate(self._commits):
            stack = [(commit.tree, -1, b"", 0)]
            while stack:
                identity, above, name, depth = stack.pop()
                tree = self._trees.get(identity, -1)
                if tree < 0 or tree in seen or depth > _DEEP:
                    continue
                seen.add(tree)
                record = len(self._numbers)
                self._numbers.append(tree)
                self._above.append(above)
                self._commit.append(number)
                self._names.append(name)
                folders = []
                for mode, child, identity in self._tree(tree):
                    if mode == _FOLDER:
                        folders.append((identity, record, child, depth + 1))
                    elif identity not in self._blobs and mode != _SUBMODULE:
                        self._blobs[identity] = record
                stack += reversed(folders)
                left -= len(self._store.cached(tree) or b"")
                if left < 0 or len(self._blobs) > _BLOBS:
                    return

    def _tree(self, number: int) -> list[tuple[bytes, bytes, bytes]]:
        """Give mode, name and id of what stands in a tree, as far as it can be made."""
        try:
            return self._entry.findall(self._store.body(number))
        except (ObjectError, DeltaError):
            return []


def _commit(identity: bytes, body: bytes) -> _Commit | None:
    """Read a commit's header (`git help commit-tree`); its message may say anything."""
    header = body[: body.find(b"\n\n") + 1]
    tree, time, parents = b"", 0, []
    for link, target, _, seconds in _COMMIT_FIELD.findall(header):
        if link == b"tree" and not tree:
            tree = bytes.fromhex(target.decode()) if len(target) % 2 == 0 else b""
        elif link == b"parent":
            parents.append(bytes.fromhex(target.decode()) if len(target) % 2 == 0 else b"")
        elif seconds:
            time = int(seconds)  # the committer's line is the last
    return _Commit(time, identity, tree, tuple(parents)) if tree else None


def _in_order(commits: list[_Commit]) -> list[_Commit]:
    """Sort commits so that parents precede their children, and of several the oldest is first.

    Ids cannot form a circle; where a forged one does, its commits are left out.
    """
    return list(_ordered({commit.identity: commit for commit in commits}))


def _ordered(commits: dict[bytes, _Commit]) -> Iterator[_Commit]:
    waits = {name: len({each for each in commit.parents if each in commits}) for name, commit in commits.items()}
    children: dict[bytes, list[bytes]] = {}
    for name, commit in commits.items():
        for parent in set(commit.parents):
            children.setdefault(parent, []).append(name)
    ready = [(commits[name].time, name) for name, count in waits.items() if not count]
    heapq.heapify(ready)
    while ready:
        _, name = heapq.heappop(ready)
        yield commits[name]
        for child in children.get(name, ()):
            waits[child] -= 1
            if not waits[child]:
                heapq.heappush(ready, (commits[child].time, child))
