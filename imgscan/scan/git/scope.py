"""Which part of a git repository to search: what is staged, what a push sends, a range, or all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from imgscan.sources.gitpush import from_pre_commit, read_lines, revisions
from imgscan.sources.gitrefs import Ends, Reference, begun_from, ends_of, references
from imgscan.sources.gitrepo import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from imgscan.sources.gitpush import Push
    from imgscan.sources.gitrepo import Commit
    from imgscan.streams.stop import Stop


class Scope(NamedTuple):
    """What is searched: what is `staged`, or the commits of `git rev-list REVISIONS`, and what references name.

    `label` is the target's name in reports. `tip` is the commit that is checked for whether a credential is still
    there; None to check nowhere. Without revisions no commits are searched. `size` is how many bytes there are to
    search, None if that is not known beforehand. `names` are references whose names are searched, `ends` the tags,
    trees and blobs that they name.
    """

    label: str
    staged: Commit | None = None
    size: int | None = None
    revisions: tuple[str, ...] = ()
    tip: str | None = None
    names: tuple[Reference, ...] = ()
    ends: Ends = Ends()


@dataclass(frozen=True, slots=True)
class Request:
    """What the user requested, and of which repository.

    `named` is a range for `range`, and for `push` what git gives its hook: the remote's name and URL. `pushed` is
    what git writes to a pre-push hook, `environment` the environment, which pre-commit uses.
    """

    kind: Literal["staged", "push", "range", "whole"]
    named: tuple[str, ...] = ()
    pushed: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The target's name, if there is no better one."""
        names = {"staged": "git:staged", "push": "git:pre-push", "whole": "git:all-history"}
        return names.get(self.kind) or f"git:{' '.join(self.named)}"


def resolve(folder: Path, request: Request, stop: Stop | None = None) -> tuple[Repository, list[Scope]]:
    """Open the repository that a folder belongs to and return what to search in it. TargetError, UsageError.

    `stop` ends whatever git is busy with; that fails then.
    """
    repository = Repository(folder, stop)
    match request.kind:
        case "staged":
            scopes = [staged_scope(repository)]
        case "range":
            scopes = [range_scope(repository, request.named)]
        case "whole":
            scopes = [whole_scope(repository)]
        case "push":
            scopes = push_scopes(repository, request)
    return repository, scopes


def push_scopes(repository: Repository, request: Request) -> list[Scope]:
    """Return what each reference of a push adds to its remote, without what an earlier one already adds."""
    environment = request.environment
    remote = request.named[0] if request.named else environment.get("PRE_COMMIT_REMOTE_NAME") or None
    pushes = read_lines(request.pushed)
    if not pushes and not request.pushed:
        pushes = from_pre_commit(repository, environment)
    return [push_scope(repository, push, remote, pushes[:number]) for number, push in enumerate(pushes)]


def staged_scope(repository: Repository) -> Scope:
    """Return what the next commit would add."""
    commit = repository.staged()
    with repository.objects(sizes=True) as objects:
        size = sum(
            stored.size for stored in objects.each(each.blob for each in commit.changes if each.blob is not None)
        )
    return Scope("git:staged", staged=commit, size=size)


def push_scope(repository: Repository, push: Push, remote: str | None, before: Sequence[Push] = ()) -> Scope:
    """Return what a push of one reference adds to its remote; `before` are the references handled before it."""
    reference = Reference(b".git/" + push.name.encode("utf-8", "surrogateescape"), push.local)
    ends = ends_of(repository, [reference])
    listed = tuple(revisions(repository, push, remote, before)) if ends.commits else ()
    names = (reference,) if push.remote is None else ()
    return Scope(f"git:{push.name}", revisions=listed, tip=next(iter(ends.commits), None), names=names, ends=ends)


def range_scope(repository: Repository, named: Sequence[str]) -> Scope:
    """Say what `git rev-list NAMED` lists; git says later if there is nothing of that name."""
    revisions_ = ("--end-of-options", *named)
    label = " ".join(named)
    shown = label.encode("utf-8", "surrogateescape")
    ends = ends_of(repository, (Reference(shown, each) for each in begun_from(repository, named)))
    return Scope(f"git:{label}", revisions=revisions_, tip=repository.resolve("HEAD"), ends=ends)


def whole_scope(repository: Repository) -> Scope:
    """Return what all references and HEAD reach."""
    names = tuple(references(repository))
    tip = repository.resolve("HEAD")
    return Scope("git:all-history", revisions=("--all",), tip=tip, names=names, ends=ends_of(repository, names))
