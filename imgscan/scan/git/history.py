"""Scanning what git commits add: blobs, messages, tags.

    Repository -> Commit (its changes) -> blobs, each searched once, without a name -> files that hold something,
    searched under their names and compared with their parents -> Finding, with commit and date

A history is mostly the same files over and over, so each distinct blob is searched once, many in one stream. A name
can only raise a match's confidence or speak for another issuer; so a blob without a match under no name has none
under any, and only the few others are searched again, as the files that they are.

A finding is where a credential is added: one that was in the parent's version of the file is not reported again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from imgscan.model import Diagnostic, Stats, TargetReport, Visibility
from imgscan.scan.findings import Placed, diagnostics_of, findings_of
from imgscan.scan.git.messages import COMMIT, TAG, date_of, search_message
from imgscan.scan.git.versions import FileVersions
from imgscan.scan.ledger import shown
from imgscan.scan.pour import FilePour
from imgscan.sources.gitprocess import GitError
from imgscan.streams.readers import StreamError
from imgscan.streams.stop import is_interruption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgscan.scan.git.scope import Scope
    from imgscan.scan.hits import Hit
    from imgscan.scan.session import Session
    from imgscan.sources.catfile import Objects
    from imgscan.sources.gitrepo import Change, Commit, Repository

_BATCH = 4096
"""Objects that are searched in one stream, before those that hold something are looked at as files."""


class _Brought(NamedTuple):
    """A hit, with the commit that brought it in as its location; `file` is None for a message."""

    hit: Hit
    file: bytes | None


@dataclass(frozen=True, slots=True)
class HistoryScanner:
    """Scans scopes of one repository; what one scope has searched is free for the next.

    TargetError if git says that there is nothing of that name; later failures are diagnostics.
    """

    session: Session
    repository: Repository
    scopes: Sequence[Scope]
    clean: set[bytes] = field(default_factory=set)
    """Blobs, by their raw ids, in which nothing was found: 85 bytes each, and two million are a large repository."""
    dirty: set[str] = field(default_factory=set)
    """Objects that hold something, or would under some name."""

    def scan(self, _target: str) -> Iterator[TargetReport]:
        """Search each scope to its end, and return its report."""
        for scope in self.scopes:
            yield self._scan(scope)
            if self.session.interrupted:
                return

    def _scan(self, scope: Scope) -> TargetReport:
        with self.repository.objects() as objects:
            search = _ScopeSearch(self, scope, objects)
            try:
                search.search()
                search.look_at_tip()
            except GitError as error:
                if not search.begun and not self.session.interrupted:
                    raise
                if not self.session.interrupted:  # stopping ends git as well
                    search.diagnostics.append(Diagnostic("error", "git-failed", str(error)))
            except StreamError as error:
                if not is_interruption(error):
                    raise
            return search.report()


class _ScopeSearch:
    """One scope on its way."""

    def __init__(self, scanner: HistoryScanner, scope: Scope, objects: Objects) -> None:
        self._scanner = scanner
        self._session = scanner.session
        self._scope = scope
        self._objects = objects
        self._concealer = scanner.session.concealer
        self._found: list[_Brought] = []
        self._lives: dict[tuple[bytes, str], Visibility] = {}
        self._versions = FileVersions(self._session, objects, self._missing)
        self._shallow: frozenset[str] = frozenset()
        self._size = self._entries = 0
        self.diagnostics: list[Diagnostic] = []

    def search(self) -> None:
        """Search the scope's commits, a batch at a time."""
        scope, repository = self._scope, self._scanner.repository
        self._session.progress.begin(scope.label, scope.size, None)
        if scope.staged is not None:
            self._batch([scope.staged])
            return
        self._shallow = repository.shallow()
        self._tags(scope.tags)
        if not scope.revisions:
            return
        commits: list[Commit] = []
        waiting = 0
        for commit in repository.commits(scope.revisions):
            commits.append(commit)
            waiting += 1 + len(commit.changes)
            if waiting >= _BATCH:
                self._batch(commits)
                commits, waiting = [], 0
        self._batch(commits)

    @property
    def begun(self) -> bool:
        """Whether anything was searched."""
        return self._entries > 0

    def look_at_tip(self) -> None:
        """Record for each finding in a file whether its credential is still there at the tip."""
        tip = self._scope.tip
        files: dict[bytes, set[str]] = defaultdict(set)
        for hit, file in self._found:
            if file is not None:
                files[file].add(hit.secret.sha256)
        if tip is None or not files:
            return
        blobs = self._scanner.repository.tree(tip, frozenset(files))
        for name, secrets in sorted(files.items()):
            blob = blobs.get(name)
            present = self._versions.secrets(blob, name)
            gone = Visibility("deleted" if blob is None else "overwritten")
            for secret in secrets:
                self._lives[name, secret] = Visibility("visible") if secret in present else gone

    def report(self) -> TargetReport:
        """Make the report of what was found so far."""
        placed = (
            Placed(hit, None if file is None else self._lives.get((file, hit.secret.sha256)))
            for hit, file in self._found
        )
        findings, hidden = findings_of(placed, self._session)
        return TargetReport(
            target=self._concealer.text(self._scope.label),
            kind="git",
            findings=findings,
            diagnostics=diagnostics_of(self.diagnostics, self._session),
            hidden=hidden,
            stats=Stats(self._size, self._entries),
        )

    def _bring(self, hits: Iterable[Hit], file: bytes | None, commit: str | None, authored: str | None) -> None:
        """Record hits as those of a commit; None means what is staged."""
        for hit in hits:
            location = replace(hit.location, commit=commit, authored=authored if commit is not None else None)
            self._found.append(_Brought(hit._replace(location=location), file))

    # one batch

    def _batch(self, commits: Sequence[Commit]) -> None:
        """Search what is new in some commits, then look at the files that hold something."""
        wanted: dict[str, bytes] = {}
        for commit in commits:
            if commit.id is not None:
                wanted[commit.id] = COMMIT
            wanted |= {change.blob: change.path for change in _brought(commit) if change.blob is not None}
        self._screen(wanted)
        dirty = self._scanner.dirty
        for commit in commits:
            if commit.id in self._shallow:
                text = "the clone is shallow: the history before this commit is not here, and was not searched"
                self.diagnostics.append(Diagnostic("skipped", "shallow-clone", text, path=commit.id))
            files = [change for change in _brought(commit) if change.blob in dirty]
            authored = None
            if commit.id is not None and (commit.id in dirty or files):
                data = self._read(commit.id)
                authored = date_of(data)
                if commit.id in dirty:
                    self._bring(search_message(data, COMMIT, self._concealer), None, commit.id, authored)
            for change in files:
                self._bring(self._versions.brought(change), change.path, commit.id, authored)

    def _screen(self, wanted: dict[str, bytes]) -> None:
        """Search objects that were not searched before, under no name, and note which hold something."""
        clean, dirty = self._scanner.clean, self._scanner.dirty
        fresh = [each for each in wanted if bytes.fromhex(each) not in clean and each not in dirty]
        pour = FilePour(self._session, self._session.progress.advance, lazy=True)
        poured: list[str] = []
        held: set[str] = set()
        try:
            for stored in self._objects.each(fresh):
                if stored.kind is None:
                    self._missing(wanted[stored.id])
                    continue
                self._entries += 1
                poured.append(stored.id)
                look = wanted[stored.id] is not COMMIT
                pour.file(len(poured) - 1, b"", stored.data, size=stored.size, look=look)
                self._note(pour, wanted[stored.id])
        finally:
            held |= {poured[hit.member] for hit in pour.finish()}
            self._size += pour.size
            dirty |= held
        clean.update(bytes.fromhex(each) for each in fresh if each not in held and wanted[each] is not COMMIT)
        self._session.progress.layer(len(held))

    def _note(self, pour: FilePour, path: bytes) -> None:
        """Report what was not read inside a file: skipped, because what is stored is intact, as git has hashed it."""
        for each in pour.take_unread():
            self.diagnostics.append(shown(each._replace(path=path + (each.path or b"")), self._concealer))

    def _missing(self, path: bytes) -> None:
        shown = self._concealer.spell(path).path
        text = "an object of the repository is missing or damaged: git fsck says more"
        self.diagnostics.append(Diagnostic("error", "object-missing", text, path=shown))

    def _read(self, each: str) -> bytes:
        return b"".join(data for stored in self._objects.each([each]) for data in stored.data)

    def _tags(self, tags: Iterable[str]) -> None:
        """Search the messages of annotated tags; one may precede another."""
        for tag in tags:
            data = self._read(tag)
            self._entries, self._size = self._entries + 1, self._size + len(data)
            self._bring(search_message(data, TAG, self._concealer), None, tag, date_of(data))


def _brought(commit: Commit) -> Iterator[Change]:
    """Yield the changes that may add content: not what a parent has unchanged, nor a file that was only moved."""
    gone = {change.parents[0] for change in commit.changes if change.blob is None and len(change.parents) == 1}
    for change in commit.changes:
        if change.blob is not None and change.blob not in change.parents and change.blob not in gone:
            yield change
