"""A git repository as a source: its references, its commits and what they change.

Everything comes through git's plumbing and its pipes; nothing is checked out. Names are raw bytes, relative to the
top of the repository. `imgscan.sources.catfile` reads the objects. Formats: git-diff-index(1) and git-diff-tree(1),
"Raw output format".
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Literal, NamedTuple

from imgscan.sources.catfile import Objects
from imgscan.sources.gitprocess import Git, GitError, output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from imgscan.streams.stop import Stop

_LINK_TO_REPOSITORY = b"160000"  # a submodule: its id is of a commit that is elsewhere
_NO_FILE = (b"000000", _LINK_TO_REPOSITORY)
_RECORD_LIMIT = 1 << 20
_READ = 1 << 20


class Change(NamedTuple):
    """What a commit makes of a file: `blob` is its content, `parents` what it was in each parent, None where absent.

    `blob` is None for a file that was removed. `added` says that no parent has anything of that name; so added, a
    submodule is a change too, without content, and in no other way.
    """

    path: bytes
    blob: str | None
    parents: tuple[str | None, ...]
    added: bool = False


class Commit(NamedTuple):
    """A commit and its changes in the order of their paths; `id` is None for what is staged.

    A merge changes only what differs from all its parents; everything else came in through other commits. Other `kind`s
    are what a reference may name in place of a commit: a tag, which changes nothing; a tree, which adds its files; a
    blob, which adds itself, under the reference's name.
    """

    id: str | None
    changes: tuple[Change, ...]
    kind: Literal["commit", "tag", "tree", "blob"] = "commit"


class Repository:
    """The repository that a folder belongs to. GitError, a TargetError, if there is none or git fails."""

    def __init__(self, folder: Path, stop: Stop | None = None) -> None:
        self.folder = folder
        self._stop = stop
        told = self.output("rev-parse", "--git-path", "shallow", "--git-path", "MERGE_HEAD")
        self._shallow, self._merge = (folder / line.decode("utf-8", "surrogateescape") for line in told.splitlines())

    def resolve(self, name: str) -> str | None:
        """Return the id of the commit that a name stands for; None if there is none."""
        try:
            text = self.output("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
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
                Change(
                    path,
                    change.blob,
                    change.parents + tuple(other[path].parents[0] for other in others),
                    change.added and all(other[path].added for other in others),
                )
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

    def tree(self, commit: str, paths: frozenset[bytes]) -> dict[bytes, str | None]:
        """Return the blobs of some files in a commit, None for a submodule; a file that is not there is left out."""
        return {path: blob for path, blob in self._files(commit) if path in paths}

    def whole_tree(self, tree: str) -> Commit:
        """Return a tree as one that adds all its files."""
        return Commit(tree, tuple(Change(path, blob, (None,), added=True) for path, blob in self._files(tree)), "tree")

    def _files(self, tree: str) -> Iterator[tuple[bytes, str | None]]:
        """Yield the files of a tree or of a commit's tree, None for the blob of a submodule."""
        with self._git(["ls-tree", "-r", "-z", "--full-tree", tree]) as git:
            for record in _records(git.out):
                about, _, path = record.partition(b"\t")
                mode, _, blob = about.split(b" ")
                yield path, _blob(mode, blob)
            git.check()

    def _empty_tree(self) -> str:
        return self.output("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()

    def objects(self, *, sizes: bool = False) -> Objects:
        """Return a reader of this repository's objects; the caller closes it."""
        return Objects(self.folder, sizes=sizes, stop=self._stop)

    def _git(self, arguments: Sequence[str], feed: IO[bytes] | None = None) -> Git:
        return Git(self.folder, arguments, feed=feed, stop=self._stop)

    def output(self, *arguments: str) -> bytes:
        """Run git here and return its whole output, which is short. GitError if it fails or is stopped."""
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
        if record[:1] != b":":
            yield record.decode("ascii")
            continue
        path = next(records, None)
        if path is None:
            return  # git was cut off, as its exit code shows
        *about, status = record.lstrip(b":").split(b" ")
        count = len(about) // 2
        *parents, blob = map(_blob, about[:count], about[count:])
        added = not status.strip(b"A")
        if about[count - 1] == _LINK_TO_REPOSITORY:
            if added:
                yield Change(path, None, tuple(parents), added=True)
        elif status[:1] != b"U":  # in conflict it cannot be committed
            yield Change(path, blob, tuple(parents), added)


def _blob(mode: bytes, each: bytes) -> str | None:
    return None if mode in _NO_FILE or not each.strip(b"0") else each.decode("ascii")


def _lines_of(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError):  # there is none, or nothing that git could read either
        return []
