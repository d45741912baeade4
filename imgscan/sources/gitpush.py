"""What a push would send, as git passes it to its pre-push hook, and as pre-commit passes it on.

githooks(5), "pre-push": a line for each reference, `<local ref> SP <local oid> SP <remote ref> SP <remote oid>`, an
id of zeros for what does not exist. pre-commit consumes these lines and sets `PRE_COMMIT_FROM_REF`,
`PRE_COMMIT_TO_REF` and `PRE_COMMIT_REMOTE_NAME` instead; of a first push, which it calls "all files", it sets
`PRE_COMMIT_LOCAL_BRANCH` only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from imgscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgscan.sources.gitrepo import Repository

_ID = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MOST_LINES = 100_000


class Push(NamedTuple):
    """A reference that is pushed: `local` is the object's id, `remote` the id of what is there, None if nothing.

    `name` is the reference's name at the remote, its bytes that are not UTF-8 written out.
    """

    name: str
    local: str
    remote: str | None


def read_lines(data: bytes) -> list[Push]:
    """Read what git writes to its hook; deletions, which send nothing, are left out. UsageError if malformed."""
    pushes = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line:
            continue
        words = line.split(b" ")
        if len(words) != 4 or not (_ID.fullmatch(words[1]) and _ID.fullmatch(words[3])) or number > _MOST_LINES:
            raise UsageError(f"standard input, line {number}: not what git writes to a pre-push hook")
        local, remote = (None if not word.strip(b"0") else word.decode("ascii") for word in (words[1], words[3]))
        if local is not None:
            pushes.append(Push(words[2].decode("utf-8", "backslashreplace"), local, remote))
    return pushes


def from_pre_commit(repository: Repository, environment: Mapping[str, str]) -> list[Push]:
    """Read what pre-commit's environment says; UsageError if it names no commit of this repository.

    Where pre-commit says that it runs and no more, as when it is run by hand, it is what HEAD has. Without pre-commit
    there is nothing: git runs its hook for a push that sends nothing, too.
    """
    start, end = environment.get("PRE_COMMIT_FROM_REF"), environment.get("PRE_COMMIT_TO_REF")
    variable, name = "PRE_COMMIT_TO_REF", end
    if not name:
        variable, name = "PRE_COMMIT_LOCAL_BRANCH", environment.get("PRE_COMMIT_LOCAL_BRANCH")
    if not name and environment.get("PRE_COMMIT"):
        variable, name = "HEAD", "HEAD"
    if not name:
        return []
    local = repository.resolve(name)
    if local is None:
        raise UsageError(f"{variable} is not a commit in this repository")
    remote = repository.resolve(start) if start and end else None
    return [Push(environment.get("PRE_COMMIT_REMOTE_BRANCH") or name, local, remote)]


def revisions(repository: Repository, push: Push, remote: str | None, before: Sequence[Push] = ()) -> list[str]:
    """Return arguments for `git rev-list`: which commits a push sends that its remote does not have.

    `remote` is the remote's name, None if it is not known: then no remote's commits are new. What the remote had
    under this name counts only if it is here too, which after another's forced push it is not. `before` are pushes
    whose commits are already covered.
    """
    known = [] if push.remote is None else [push.remote]
    known = [each for each in known if repository.resolve(each) is not None]
    known += [each.local for each in before]
    others = "--remotes" if remote is None else f"--remotes={remote}"
    return [push.local, "--not", *known, others]
