"""A git repository as a source: its references, its commits and what they change.

Everything comes through git's plumbing and its pipes; nothing is checked out. Names are raw bytes, relative to the
top of the repository. `imgscan.sources.catfile` reads the objects. Formats: git-diff-index(1) and git-diff-tree(1),
"Raw output format".
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, NamedTuple

from imgscan.sources.catfile import Objects
from imgscan.sources.gitprocess import Git, GitError, output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from imgscan.streams.stop import Stop

_LINK_TO_REPOSITORY = b"160000"  # a submodule: its id is of a commit that is elsewhere
_RECORD_LIMIT = 1 << 20
_READ = 1 << 20
_DEEPEST_TAG = 64
_TAGGED = re.compile(rb"object ([0-9a-f]{40}(?:[0-9a-f]{24})?)\n")


class Change(NamedTuple):
    """What a commit makes of a file: `blob` is its content, `parents` what it was in each parent, None where absent.

    `blob` is None for a file that was removed. Submodules are left out.
    """

    path: bytes
    blob: str | None
    parents: tuple[str | None, ...]


class Commit(NamedTuple):
    """A commit and its changes in the order of their paths; `id` is None for what is staged.

    A merge changes only what differs from all its parents; everything else came in through other commits.
    """

    id: str | None
    changes: tuple[Change, ...]


class Repository:
    """The repository that a folder belongs to. GitError, a TargetError, if there is none or git fails."""

    def __init__(self, folder: Path, stop: Stop | None = None) -> None:
        self.folder = folder
        self._stop = stop
        told = self._output("rev-parse", "--git-path", "shallow", "--git-path", "MERGE_HEAD")
        self._shallow, self._merge = (folder / line.decode("utf-8", "surrogateescape") for line in told.splitlines())

    def resolve(self, name: str) -> str | None:
        """Return the id of the commit that a name stands for; None if there is none."""
        try:
            text = self._output("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except GitError:
            return None
        return text.decode("ascii").strip()

    def shallow(self) -> frozenset[str]:
        """Return the commits at which a shallow clone ends: their parents are not here."""
        return frozenset(_lines_of(self._shallow))

    def staged(self) -> Commit:
        """Compare the index with HEAD, and with what is being merged; without a commit yet, with nothing."""
        head = self.resolve("HEAD")
        heads = [self._empty_tree()] if head is None else [head, *_lines_of(self._merge)]
        compared = []
        for parent in heads:
            with self._git([*_diff("diff-index"), "--cached", parent, "--"]) as git:
                compared.append({item.path: item for item in _raw(git.out) if isinstance(item, Change)})
                git.check()
        first, *others = compared
        return Commit(
            None,
            tuple(
                Change(path, change.blob, change.parents + tuple(other[path].parents[0] for other in others))
                for path, change in first.items()
                if all(path in other for other in others)
            ),
        )

    def commits(self, revisions: Iterable[str]) -> Iterator[Commit]:
        """Yield the commits of `git rev-list REVISIONS`, parents first; each is whole."""
        with ExitStack() as stack:
            listing = ["rev-list", "--topo-order", "--reverse", *revisions, "--"]
            revisions_ = stack.enter_context(self._git(listing))
            comparing = [*_diff("diff-tree"), "--stdin", "-r", "-c", "--root", "--always"]
            differences = stack.enter_context(self._git(comparing, feed=revisions_.out))
            revisions_.out.close()  # so that rev-list notices if diff-tree ends
            current: str | None = None
            changes: list[Change] = []
            for item in _raw(differences.out):
                if isinstance(item, Change):
                    changes.append(item)
                    continue
                if current is not None:
                    yield Commit(current, tuple(changes))
                current, changes = item, []
            differences.check()
            revisions_.check()
            if current is not None:
                yield Commit(current, tuple(changes))

    def tree(self, commit: str, paths: frozenset[bytes]) -> dict[bytes, str]:
        """Return the blobs of some files in a commit; a file that is not there is left out."""
        found = {}
        with self._git(["ls-tree", "-r", "-z", "--full-tree", commit]) as git:
            for record in _records(git.out):
                about, _, path = record.partition(b"\t")
                mode, _, blob = about.split(b" ")
                if path in paths and mode != _LINK_TO_REPOSITORY:
                    found[path] = blob.decode("ascii")
            git.check()
        return found

    def tags(self) -> tuple[str, ...]:
        """Return the annotated tags."""
        listed = self._output("for-each-ref", "--format=%(objecttype) %(objectname)", "refs/tags")
        lines = [line.split() for line in listed.decode("ascii").splitlines()]
        return tuple(dict.fromkeys(each for kind, each in lines if kind == "tag"))

    def peel(self, each: str) -> tuple[str | None, tuple[str, ...]]:
        """Follow annotated tags to their commit, which is None if they end in something else."""
        tags: list[str] = []
        with self.objects() as objects:
            while len(tags) < _DEEPEST_TAG:
                for stored in objects.each([each]):
                    kind, data = stored.kind, b"".join(stored.data) if stored.kind == "tag" else b""
                if kind != "tag":
                    return (each if kind == "commit" else None), tuple(tags)
                tags.append(each)
                named = _TAGGED.match(data)
                if named is None:
                    break
                each = named[1].decode("ascii")
        return None, tuple(tags)

    def _empty_tree(self) -> str:
        return self._output("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()

    def objects(self, *, sizes: bool = False) -> Objects:
        """Return a reader of this repository's objects; the caller closes it."""
        return Objects(self.folder, sizes=sizes, stop=self._stop)

    def _git(self, arguments: Sequence[str], feed: IO[bytes] | None = None) -> Git:
        return Git(self.folder, arguments, feed=feed, stop=self._stop)

    def _output(self, *arguments: str) -> bytes:
        return output(self.folder, *arguments, stop=self._stop)


def _diff(command: str) -> list[str]:
    return [command, "--raw", "-z", "--no-renames", "--no-relative", "--full-index", "--ignore-submodules=none"]


def _records(out: IO[bytes]) -> Iterator[bytes]:
    """Yield the records of `-z` output, each of which ends with a NUL."""
    rest = b""
    while data := out.read1(_READ):  # type: ignore[attr-defined]  # a pipe's reader is buffered
        *whole, rest = (rest + data).split(b"\0")
        yield from whole
        if len(rest) > _RECORD_LIMIT:
            raise GitError("the repository contains a name of more than a megabyte")


def _raw(out: IO[bytes]) -> Iterator[str | Change]:
    """Read raw differences: a commit's id, then its changes; `:` for each parent, then as many modes and ids."""
    records = _records(out)
    for record in records:
        if not record.startswith(b":"):
            yield record.decode("ascii")
            continue
        path = next(records, None)
        if path is None:
            return  # git was cut off, as its exit code shows
        words = record.lstrip(b":").split(b" ")
        count = (len(words) - 1) // 2
        modes, ids = words[:count], words[count : 2 * count]
        *parents, blob = (_blob(mode, each) for mode, each in zip(modes, ids, strict=True))
        if modes[-1] == _LINK_TO_REPOSITORY or words[-1].startswith(b"U"):  # or in conflict: it cannot be committed
            continue
        yield Change(path, blob, tuple(parents))


def _blob(mode: bytes, each: bytes) -> str | None:
    return None if mode == _LINK_TO_REPOSITORY or not each.strip(b"0") else each.decode("ascii")


def _lines_of(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError):  # there is none, or nothing that git could read either
        return []
