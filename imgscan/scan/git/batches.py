"""What there is to search in a part of a history, a batch of commits at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.scan.git.messages import COMMIT, TAG
from imgscan.sources.gitprocess import GitError
from imgscan.sources.gitrepo import Change, Commit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imgscan.scan.git.scope import Scope
    from imgscan.sources.gitrepo import Repository

MESSAGES = {"commit": COMMIT, "tag": TAG}
"""The objects that are searched themselves, by kind, and their paths."""

_BATCH = 8192
"""Objects that are searched in one stream, before those that hold something are looked at as files.

The more there are, the more versions of a file git reads one after another, and the more memory the commits take.
"""

_FIRST = 256
"""Of the first batch: if there is no second, nothing is set up for it."""


class Batch(NamedTuple):
    """Some commits, and the objects of theirs that are new: what each is called where it cannot be read."""

    commits: Sequence[Commit]
    wanted: Mapping[str, bytes]


class Batches:
    """The batches of a scope, to be gone through once.

    `searched` are the raw ids of the blobs that were searched before, to which those of each batch are added; `dirty`
    the objects that were found to hold something. If git fails, `failure` is set, and what came before is searched.
    """

    def __init__(self, repository: Repository, scope: Scope, searched: set[bytes], dirty: set[str]) -> None:
        self._repository = repository
        self._scope = scope
        self._searched = searched
        self._dirty = dirty
        self.failure: GitError | None = None

    def _commits(self) -> Iterator[Commit]:
        """Yield what is staged; or the tags, the commits, and the trees and blobs that references name."""
        scope, repository = self._scope, self._repository
        if scope.staged is not None:
            yield scope.staged
        for tag in scope.ends.tags:
            yield Commit(tag, (), "tag")
        if scope.revisions:
            yield from repository.commits(scope.revisions)
        trees = dict.fromkeys(reference.id for reference, kind in scope.ends.others if kind == "tree")
        yield from map(repository.whole_tree, trees)
        for reference, kind in scope.ends.others:
            if kind == "blob":
                yield Commit(reference.id, (Change(reference.path, reference.id, (None,)),), "blob")

    def __iter__(self) -> Iterator[Batch]:
        """Yield what there is to search. If git fails, that is for later: what came before it is searched."""
        commits: list[Commit] = []
        waiting, most = 0, _FIRST
        try:
            for commit in self._commits():
                commits.append(commit)
                waiting += 1 + len(commit.changes)
                if waiting >= most:
                    yield self._batch(commits)
                    commits, waiting, most = [], 0, _BATCH
        except GitError as error:
            self.failure = error
        yield self._batch(commits)

    def _batch(self, commits: Sequence[Commit]) -> Batch:
        """Say which objects of some commits are still to be searched."""
        searched, dirty = self._searched, self._dirty
        wanted: dict[str, bytes] = {}
        for commit in commits:
            if commit.id is not None and commit.kind in MESSAGES and commit.id not in dirty:
                wanted[commit.id] = MESSAGES[commit.kind]
            for change in brought(commit):
                blob = change.blob
                if blob is not None and (raw := bytes.fromhex(blob)) not in searched:
                    searched.add(raw)
                    wanted[blob] = change.path
        return Batch(commits, wanted)


def brought(commit: Commit) -> Iterator[Change]:
    """Yield the changes that may add content: not what a parent has unchanged, nor a file that was only moved."""
    gone = {change.parents[0] for change in commit.changes if change.blob is None and len(change.parents) == 1}
    for change in commit.changes:
        if change.blob is not None and change.blob not in change.parents and change.blob not in gone:
            yield change
