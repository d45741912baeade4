"""Scanning what git commits add: blobs, messages, tags.

    Repository -> Commit (its changes) -> blobs, each searched once, without a name -> files that hold something,
    searched under their names and compared with their parents -> Finding, with commit and date

A history is mostly the same files over and over, so each distinct blob is searched once, many in one stream. A name
can only raise a match's confidence or speak for another issuer; so a blob without a match under no name has none
under any, and only the few others are searched again, as the files that they are.

A finding is where a credential is added: one that was in the parent's version of the file is not reported again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from imgscan.errors import ImgscanError
from imgscan.model import Diagnostic, Stats, TargetReport, Visibility
from imgscan.scan.findings import Placed, diagnostics_of, findings_of
from imgscan.scan.git.additions import Additions
from imgscan.scan.git.batches import MESSAGES, Batches, brought
from imgscan.scan.git.firstlook import Lanes, missing
from imgscan.scan.git.messages import search_message
from imgscan.scan.git.versions import FileVersions
from imgscan.scan.ledger import shown, unread_blob
from imgscan.sources.gitprocess import GitError
from imgscan.sources.gitrepo import Commit
from imgscan.streams.stop import is_interruption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgscan.scan.git.batches import Batch
    from imgscan.scan.git.firstlook import Screened
    from imgscan.scan.git.scope import Scope
    from imgscan.scan.hits import Hit
    from imgscan.scan.session import Session
    from imgscan.sources.catfile import Objects
    from imgscan.sources.gitrefs import Reference
    from imgscan.sources.gitrepo import Repository
    from imgscan.unread import Unread


@dataclass(frozen=True, slots=True)
class HistoryScanner:
    """Scans scopes of one repository; what one scope has searched is free for the next.

    TargetError if git says that there is nothing of that name; later failures are diagnostics.
    """

    session: Session
    repository: Repository
    scopes: Sequence[Scope]
    searched: set[bytes] = field(default_factory=set)
    """Blobs, by their raw ids, that were searched: 85 bytes each, and two million are a large repository."""
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
                self.searched.clear()  # not everything in there was
            except ImgscanError:
                raise
            except Exception as error:  # noqa: BLE001 - what was found so far is reported
                if not is_interruption(error):
                    search.diagnostics.append(shown(unread_blob(None, error), self.session.concealer))
                self.searched.clear()
            return search.report()


class _ScopeSearch:
    """One scope on its way."""

    def __init__(self, scanner: HistoryScanner, scope: Scope, objects: Objects) -> None:
        self._scanner = scanner
        self._session = scanner.session
        self._scope = scope
        self._objects = objects
        self._concealer = scanner.session.concealer
        self._found = Additions()
        self._places: set[int] = set()
        self._versions = FileVersions(self._session, objects, self._note)
        self._shallow: frozenset[str] = frozenset()
        self._size = self._entries = 0
        self.diagnostics: list[Diagnostic] = []

    def search(self) -> None:
        """Search everything in the scope, a batch at a time."""
        scope = self._scope
        self._session.progress.begin(scope.label, scope.size, None)
        if scope.staged is None:
            self._shallow = self._scanner.repository.shallow()
        for reference in scope.ends.missing:
            self._note(missing(reference.path))
        self._names(scope.names)
        batches = Batches(self._scanner.repository, scope, self._scanner.searched, self._scanner.dirty)
        with Lanes(self._session, self._scanner.repository) as lanes:
            for batch, screened in lanes.screen(batches):
                self._look(batch, screened)
        if batches.failure is not None:
            raise batches.failure

    @property
    def begun(self) -> bool:
        """Whether anything was searched."""
        return self._entries > 0

    def look_at_tip(self) -> None:
        """Record for each finding in a file whether its credential is still there at the tip."""
        tip = self._scope.tip
        found = self._found
        if tip is None or not found.files:
            return
        blobs = self._scanner.repository.tree(tip, frozenset(found.files))
        visible, overwritten, deleted = Visibility("visible"), Visibility("overwritten"), Visibility("deleted")
        for name, positions in sorted(found.files.items()):
            blob = blobs.get(name)
            present = self._versions.secrets(blob, name)
            if name in blobs:
                present.add(0)
            gone = overwritten if name in blobs else deleted
            for position in positions:
                found.lives[position] = visible if found.marks[position] in present else gone

    def report(self) -> TargetReport:
        """Make the report of what was found so far."""
        found = self._found
        placed = map(Placed, found.hits, found.lives)
        listed = findings_of(placed, self._session, left_out=found.left_out + self._versions.left_out)
        return TargetReport(
            target=self._concealer.text(self._scope.label),
            kind="git",
            findings=listed.findings,
            diagnostics=diagnostics_of((*listed.noted, *self.diagnostics), self._session),
            hidden=listed.hidden,
            stats=Stats(self._size, self._entries),
        )

    def _bring(
        self, hits: Iterable[Hit], file: bytes | None, commit: Commit, authored: str | None, *, named: bool = False
    ) -> None:
        """Record hits as those of a commit. Of a tree, only what no commit has brought in under the same name."""
        for hit in hits:
            place = hash((file, named, hit.identity))
            if file is not None and commit.kind == "tree" and place in self._places:
                continue
            self._places.add(place)
            location = replace(hit.location, commit=commit.id, authored=authored if commit.id is not None else None)
            self._found.add(hit._replace(location=location), file, named=named)

    # what came of a batch

    def _look(self, batch: Batch, screened: Screened) -> None:
        """Look at the files that hold something, and at names."""
        self._scanner.dirty.update(screened.held)
        self._entries += screened.entries
        self._size += screened.size
        for each in screened.unread:
            self._note(each)
        self._session.progress.layer(len(screened.held))
        names = self._suspicious(change.path for commit in batch.commits for change in commit.changes if change.added)
        for commit in batch.commits:
            if commit.id in self._shallow:
                text = "the clone is shallow: the history before this commit is not here, and was not searched"
                self.diagnostics.append(Diagnostic("skipped", "shallow-clone", text, path=commit.id))
            self._look_at(commit, names)

    def _look_at(self, commit: Commit, names: frozenset[bytes]) -> None:
        """Look at a commit if it holds something; `names` are those of files that do themselves."""
        dirty = self._scanner.dirty
        own = commit.id in dirty and commit.kind in MESSAGES
        changes = [each for each in commit.changes if each.blob in dirty or (each.added and each.path in names)]
        if not own and not changes:
            return
        authored = None
        if commit.id is not None and commit.kind in MESSAGES:
            hits, authored = self._message(commit.id, MESSAGES[commit.kind])
            self._bring(hits if own else (), None, commit, authored)
        new = set(brought(commit))
        for change in changes:
            path, file = change.path, None if commit.kind == "blob" else change.path
            if change.added and path in names:
                self._bring(self._concealer.in_text(path, path, field="file/name"), file, commit, authored, named=True)
            if change in new:
                self._bring(self._versions.brought(change), file, commit, authored)

    def _message(self, each: str, path: bytes) -> tuple[Sequence[Hit], str | None]:
        """Search a commit or tag object; return also its date."""
        pieces = (data for stored in self._objects.each([each]) for data in stored.data)
        return search_message(pieces, path, self._concealer, self._session.finish_up)

    def _suspicious(self, names: Iterable[bytes]) -> frozenset[bytes]:
        """Return the names in which something was found: all are searched at once, then each if need be."""
        together = dict.fromkeys(names)
        find, joined = self._concealer.engine.find, b"\0".join(together)
        if not find(joined, 0, len(joined)):
            return frozenset()
        return frozenset(each for each in together if find(each, 0, len(each)))

    def _names(self, references: Iterable[Reference]) -> None:
        """Search the names of references."""
        found = self._suspicious(reference.path for reference in references)
        for path, each in references:
            if path in found:
                hits = self._concealer.in_text(path, path, field="ref/name")
                self._bring(hits, None, Commit(each, (), "blob"), None)

    def _note(self, unread: Unread) -> None:
        self.diagnostics.append(shown(unread, self._concealer))
