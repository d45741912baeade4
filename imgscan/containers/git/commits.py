"""Which commit brought a blob in, and where, based on the commits and trees of the same pack.

Nobody asks but for the few blobs in which something was found, so nothing is read before the first question; then
everything is, once: commits are gone through parents first and, as far as that leaves a choice, oldest first, and
each tree where it first appears. What is in it for the first time was brought in by that commit.

Ids are known here by their first eight bytes, and most of what is recorded is in arrays: a history has to fit
beside the pack that it is based on.
"""

from __future__ import annotations

import heapq
import re
from array import array
from contextlib import suppress
from typing import TYPE_CHECKING

from imgscan.containers.git.deltas import DeltaError
from imgscan.containers.git.objects import COMMIT, TREE, ObjectError
from imgscan.containers.git.packindex import Limited
from imgscan.containers.git.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held
    from imgscan.containers.git.objects import HashName

LARGEST = 250_000
"""Trees, commits and blobs, each, of a history that is read: 40 MB for each of the first and the last at most."""

_CACHE = 32 << 20  # bytes of trees that are kept while the history is read
_TREE_BYTES = 4 << 30
_DEEP = 512  # folders above a file; paths on most systems end at 4096 bytes

_LINK = re.compile(rb"(tree|parent) ([0-9a-f]{64}|[0-9a-f]{40})\n")
_COMMITTER = re.compile(rb"\ncommitter [^\n]*> (-?\d{1,18}) [-+]\d+\n")
_FOLDER = b"40000"
_SUBMODULE = b"160000"


class PackHistory:
    """The history of the pack at `start` of the file. It reads the file when it is first asked."""

    def __init__(self, held: Held, start: int, algorithm: HashName) -> None:
        self._held = held
        self._start = start
        self._algorithm = algorithm
        self._table: _Table | None = None
        self._store: Store | None = None

    def lend(self, store: Store) -> None:
        """Take a store that has gone through the whole pack and is needed no more, so that this is not done again."""
        store.renew(_CACHE)
        self._store = store

    def first(self, name: bytes) -> tuple[str, bytes] | None:
        """Return the commit's id and the path under which it brought in the blob of this (hexadecimal) id.

        None if the pack does not tell: the commit is in another one, is damaged, or is one of too many. Where a
        tree is damaged or lacks, it is the first commit of those whose trees could be read.
        """
        try:
            identity = bytes.fromhex(name.decode())
        except ValueError:
            return None
        if self._table is None:
            store = self._store or Store(self._held, self._start, cache=_CACHE, algorithm=self._algorithm)
            self._table = _Table(store)
        return self._table.first(identity)


class _Commits:
    """Commits as numbers: each with its time, its tree and its parents."""

    def __init__(self) -> None:
        self.numbers = array("i")  # in the store
        self.roots = array("Q")
        self._times = array("q")
        self._prefixes = array("Q")
        self._parents = array("Q")
        self._ends = array("I")  # where the parents of each end in `_parents`

    def add(self, number: int, prefix: int, body: bytes) -> None:
        """Read a commit's header (`git help commit-tree`); what its message says is not looked at."""
        header = body[: body.find(b"\n\n") + 1]
        links = [(kind, int(target[:16], 16)) for kind, target in _LINK.findall(header)]
        time = _COMMITTER.search(header)
        if links and links[0][0] == b"tree":
            self.numbers.append(number)
            self.roots.append(links[0][1])
            self._times.append(int(time[1]) if time else 0)
            self._prefixes.append(prefix)
            self._parents.extend({target for kind, target in links[1:] if kind == b"parent"})
            self._ends.append(len(self._parents))

    def in_order(self) -> Iterator[int]:
        """Yield the commits so that parents precede their children, and of several the oldest is first.

        Ids cannot form a circle; where forged ones do, those commits are not given.
        """
        count = len(self.numbers)
        where = {prefix: commit for commit, prefix in enumerate(self._prefixes)}
        waits = array("I", bytes(4 * count))
        first = array("i", [-1]) * count  # the first of a commit's children, in the two arrays after this
        child, following = array("i"), array("i")
        begin = 0
        for commit, end in enumerate(self._ends):
            for parent in self._parents[begin:end]:
                found = where.get(parent)
                if found is not None:
                    child.append(commit)
                    following.append(first[found])
                    first[found] = len(child) - 1
                    waits[commit] += 1
            begin = end
        ready = [(self._times[commit], self._prefixes[commit], commit) for commit in range(count) if not waits[commit]]
        del where
        heapq.heapify(ready)
        while ready:
            _, _, commit = heapq.heappop(ready)
            yield commit
            edge = first[commit]
            while edge >= 0:
                waits[child[edge]] -= 1
                if not waits[child[edge]]:
                    heapq.heappush(ready, (self._times[child[edge]], self._prefixes[child[edge]], child[edge]))
                edge = following[edge]


class _Table:
    """What each tree and blob was first seen in.

    A record is a tree at the place where it first appears: its number in the store, the record of the tree above, its
    name there, and its commit. Blobs only know their record; their name is looked up in the tree when asked for.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entry = re.compile(rb"(\d{5,6}) ([^\0]+)\0(.{%d})" % store.namer.width, re.DOTALL)
        self._trees: dict[int, int] = {}
        self._numbers = array("i")
        self._above = array("i")
        self._commit = array("i")  # a number in the store
        self._names: list[bytes] = []
        self._blobs: dict[int, int] = {}
        with suppress(Limited):  # what was recorded before is right: the oldest commits come first
            self._follow(self._read())

    def first(self, blob: bytes) -> tuple[str, bytes] | None:
        """Return the commit and the path of a blob."""
        record = self._blobs.get(_prefix(blob))
        if record is None:
            return None
        names = [name for _, name, identity in self._tree(self._numbers[record]) if identity == blob][:1]
        try:
            commit = self._store.namer.of(COMMIT, self._store.body(self._commit[record]))
        except (ObjectError, DeltaError, Limited):
            return None
        while self._above[record] >= 0:
            names.append(self._names[record])
            record = self._above[record]
        return commit.hex(), b"/".join(reversed(names))

    def _read(self) -> _Commits:
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
        commits = _Commits()
        wanted = store.kinds.translate(bytes(kind in {0, COMMIT, TREE} for kind in range(256)))
        for number in store.depth_first(wanted):
            try:
                body = store.body(number)
            except (ObjectError, DeltaError):
                continue
            kind = store.kinds[number]
            prefix = _prefix(store.namer.of(kind, body))
            store.prefixes[number] = prefix or 1
            if kind == TREE:
                self._trees[prefix] = number
            elif kind == COMMIT:
                commits.add(number, prefix, body)
            if len(self._trees) > LARGEST or len(commits.numbers) > LARGEST:
                raise Limited
        return commits

    def _follow(self, commits: _Commits) -> None:
        """Go through the commits in order, and through each tree once."""
        seen = bytearray(len(self._store.kinds))
        left = _TREE_BYTES
        for commit in commits.in_order():
            stack = [(commits.roots[commit], -1, b"", 0)]
            while stack:
                prefix, above, name, depth = stack.pop()
                tree = self._trees.get(prefix, -1)
                if tree < 0 or seen[tree] or depth > _DEEP:
                    continue
                seen[tree] = 1
                record = len(self._numbers)
                self._numbers.append(tree)
                self._above.append(above)
                self._commit.append(commits.numbers[commit])
                self._names.append(name)
                folders = []
                for mode, child, identity in self._tree(tree):
                    prefix = int.from_bytes(identity[:8], "big")
                    if mode == _FOLDER:
                        folders.append((prefix, record, child, depth + 1))
                    elif prefix not in self._blobs and mode != _SUBMODULE:
                        self._blobs[prefix] = record
                stack += reversed(folders)
                left -= len(self._store.cached(tree) or b"")
                if left < 0 or len(self._blobs) > LARGEST:
                    return

    def _tree(self, number: int) -> list[tuple[bytes, bytes, bytes]]:
        """Return mode, name and id of what is in a tree, as far as it can be made."""
        try:
            return self._entry.findall(self._store.body(number))
        except (ObjectError, DeltaError):
            return []


def _prefix(identity: bytes) -> int:
    return int.from_bytes(identity[:8], "big")
