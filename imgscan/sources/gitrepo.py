"""A git repository as a source: what commits change, and the objects that hold it.

Everything comes through git's plumbing and its pipes; nothing is checked out. Names are raw bytes, relative to the
top of the repository. Formats: git-diff-index(1) and git-diff-tree(1), "Raw output format"; git-cat-file(1), "Batch
output".
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, NamedTuple, Self

from imgscan.sources.gitprocess import Git, GitError, output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

_LINK_TO_REPOSITORY = b"160000"  # a submodule: its id is of a commit that is elsewhere
_RECORD_LIMIT = 1 << 20
_READ = 1 << 20
_PIPE = 4096
"""Bytes of requests that any pipe takes without anybody reading (PIPE_BUF of POSIX allows less, no system has it)."""
_MOST_RESTARTS = 64
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

    A merge changes what is as in none of its parents; all else came in by commits of its own.
    """

    id: str | None
    changes: tuple[Change, ...]


class Repository:
    """The repository that a folder belongs to. GitError (a TargetError) if there is none, or git fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        told = output(folder, "rev-parse", "--git-path", "shallow", "--git-path", "MERGE_HEAD")
        self._shallow, self._merge = (folder / line.decode("utf-8", "surrogateescape") for line in told.splitlines())

    def resolve(self, name: str) -> str | None:
        """Give the id of the commit that a name stands for; None if there is none."""
        try:
            text = output(self.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except GitError:
            return None
        return text.decode("ascii").strip()

    def shallow(self) -> frozenset[str]:
        """Give the commits at which a shallow clone ends: their parents are not here."""
        return frozenset(_lines_of(self._shallow))

    def staged(self) -> Commit:
        """Compare the index with HEAD, and with what is being merged; without a commit yet, with nothing."""
        head = self.resolve("HEAD")
        heads = [self._empty_tree()] if head is None else [head, *_lines_of(self._merge)]
        compared = []
        for parent in heads:
            with Git(self.folder, [*_diff("diff-index"), "--cached", parent, "--"]) as git:
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
        """Give the commits of `git rev-list REVISIONS`, parents first; each is whole."""
        with ExitStack() as stack:
            listing = ["rev-list", "--topo-order", "--reverse", *revisions, "--"]
            revisions_ = stack.enter_context(Git(self.folder, listing))
            comparing = [*_diff("diff-tree"), "--stdin", "-r", "-c", "--root", "--always"]
            differences = stack.enter_context(Git(self.folder, comparing, feed=revisions_.out))
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
        """Give the blobs of some files in a commit; a file that is not there is left out."""
        found = {}
        with Git(self.folder, ["ls-tree", "-r", "-z", "--full-tree", commit]) as git:
            for record in _records(git.out):
                about, _, path = record.partition(b"\t")
                mode, _, blob = about.split(b" ")
                if path in paths and mode != _LINK_TO_REPOSITORY:
                    found[path] = blob.decode("ascii")
            git.check()
        return found

    def tags(self) -> tuple[str, ...]:
        """Give the annotated tags."""
        listed = output(self.folder, "for-each-ref", "--format=%(objecttype) %(objectname)", "refs/tags")
        lines = [line.split() for line in listed.decode("ascii").splitlines()]
        return tuple(dict.fromkeys(each for kind, each in lines if kind == "tag"))

    def peel(self, each: str) -> tuple[str | None, tuple[str, ...]]:
        """Follow annotated tags to their commit, which is None where they end in something else."""
        tags: list[str] = []
        with Objects(self) as objects:
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
        return output(self.folder, "hash-object", "-t", "tree", "--stdin").decode("ascii").strip()


class Stored(NamedTuple):
    """An object: its id, its kind (`blob`, `commit`, `tag`, `tree`), its size, its bytes in pieces.

    `kind` is None where the object is not here or cannot be read. The pieces are gone when the next object is asked
    for.
    """

    id: str
    kind: str | None
    size: int
    data: Iterator[bytes]


class Objects:
    """Reads objects through one `git cat-file --batch`, which is asked ahead as far as its pipe takes requests.

    With `sizes` only what objects are is asked, and their data is empty.
    """

    def __init__(self, repository: Repository, *, sizes: bool = False) -> None:
        self._folder = repository.folder
        self._sizes = sizes
        self._git: Git | None = None
        self._restarts = 0

    def each(self, ids: Iterable[str]) -> Iterator[Stored]:
        """Give objects in the order of their ids, each of which is a full hexadecimal id.

        git dies of a damaged object: it is then started anew for the rest.
        """
        left = list(ids)[::-1]
        asked: list[str] = []
        waiting = 0
        while left or asked:
            git = self._running()
            width = len(left[-1]) + 1 if left else 0
            requests = []
            while left and waiting + width <= _PIPE:
                requests.append(left.pop())
                waiting += width
            if requests:
                asked[:0] = requests[::-1]
                self._ask(git, requests)
            wanted = asked[-1]
            stored = self._answer(git, wanted)
            if stored is None:
                self._restart()
                left += asked[:-1] if self._restarts <= _MOST_RESTARTS else []
                lost = [wanted] if self._restarts <= _MOST_RESTARTS else [*asked[::-1], *left[::-1]]
                if self._restarts > _MOST_RESTARTS:
                    left = []
                asked, waiting = [], 0
                yield from (Stored(each, None, 0, iter(())) for each in lost)
                continue
            asked.pop()
            waiting -= len(wanted) + 1
            yield stored
            for _ in stored.data:  # what nobody wanted stands before the next answer
                pass

    def close(self) -> None:
        """End git."""
        if self._git is not None:
            self._git.stop()
            self._git = None

    def _running(self) -> Git:
        if self._git is None:
            self._git = Git(self._folder, ["cat-file", "--batch-check" if self._sizes else "--batch"], ask=True)
        return self._git

    def _restart(self) -> None:
        self.close()
        self._restarts += 1

    @staticmethod
    def _ask(git: Git, ids: list[str]) -> None:
        try:
            git.request.write("".join(f"{each}\n" for each in ids).encode("ascii"))
            git.request.flush()
        except OSError:  # it has ended, which its answer shows
            return

    def _answer(self, git: Git, wanted: str) -> Stored | None:
        """Read the head of an answer; None if git ended instead."""
        head = git.out.readline(_RECORD_LIMIT)
        if not head.endswith(b"\n"):
            return None
        words = head.split()
        if len(words) != 3 or not words[2].isdigit():
            return Stored(wanted, None, 0, iter(()))
        size = int(words[2])
        data = iter(()) if self._sizes else _content(git.out, size)
        return Stored(wanted, words[1].decode("ascii", "replace"), size, data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _content(out: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        data = out.read(min(size, _READ))
        if not data:
            raise GitError("git cat-file ended in the middle of an object")
        size -= len(data)
        yield data
    out.read(1)  # the newline behind it


def _diff(command: str) -> list[str]:
    return [command, "--raw", "-z", "--no-renames", "--no-relative", "--full-index", "--ignore-submodules=none"]


def _records(out: IO[bytes]) -> Iterator[bytes]:
    """Give the records of `-z` output, each of which ends with a NUL."""
    rest = b""
    while data := out.read1(_READ):  # type: ignore[attr-defined]  # a pipe's reader is buffered
        *whole, rest = (rest + data).split(b"\0")
        yield from whole
        if len(rest) > _RECORD_LIMIT:
            raise GitError("the repository holds a name of more than a megabyte")


def _raw(out: IO[bytes]) -> Iterator[str | Change]:
    """Read raw differences: a commit's id, then its changes; `:` for each parent, then as many modes and ids."""
    records = _records(out)
    for record in records:
        if not record.startswith(b":"):
            yield record.decode("ascii")
            continue
        path = next(records, None)
        if path is None:
            return  # git was cut off, which its exit code tells
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
