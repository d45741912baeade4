"""What the references of a repository name: commits, tags, and sometimes trees and blobs.

An annotated tag is an object that names another, perhaps a tag again: git-mktag(1).
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from imgscan.sources.gitprocess import GitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgscan.sources.gitrepo import Repository

_TAGGED = re.compile(rb"object ([0-9a-f]{40}(?:[0-9a-f]{24})?)\n")
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Reference(NamedTuple):
    """A reference: its path in the folder `.git`, and the id of what it names."""

    path: bytes
    id: str


class Ends(NamedTuple):
    """What references name: `commits`, the `tags` on the way there, and `others`, which are trees and blobs.

    `missing` are references to objects that are not here. Each tag is followed once.
    """

    commits: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    others: tuple[tuple[Reference, Literal["tree", "blob"]], ...] = ()
    missing: tuple[Reference, ...] = ()


def references(repository: Repository) -> list[Reference]:
    """Return all references, in the order of their names."""
    listed = repository.output("for-each-ref", "--format=%(objectname) %(refname)")
    lines = [line.partition(b" ") for line in listed.splitlines()]
    return [Reference(b".git/" + name, each.decode("ascii")) for each, _, name in lines]


def ends_of(repository: Repository, references: Iterable[Reference]) -> Ends:
    """Follow references, and the tags that they name, to what is no tag."""
    commits: list[str] = []
    tags: dict[str, None] = {}
    others: list[tuple[Reference, Literal["tree", "blob"]]] = []
    missing: list[Reference] = []
    level = list(references)
    with repository.objects(sizes=True) as kinds, repository.objects() as objects:
        while level:
            known = {each.id: each.kind for each in kinds.each(dict.fromkeys(each.id for each in level))}
            found: dict[str, bytes] = {}
            for reference in level:
                match known[reference.id]:
                    case "tag":
                        found.setdefault(reference.id, reference.path)
                    case "commit":
                        commits.append(reference.id)
                    case "tree" | "blob" as kind:
                        others.append((reference, kind))
                    case _:
                        missing.append(reference)
            new = [each for each in found if each not in tags]
            tags.update(dict.fromkeys(new))
            named = ((each.id, _TAGGED.match(b"".join(islice(each.data, 1)))) for each in objects.each(new))
            level = [Reference(found[tag], match[1].decode("ascii")) for tag, match in named if match is not None]
    return Ends(tuple(commits), tuple(tags), tuple(others), tuple(missing))


def begun_from(repository: Repository, revisions: Sequence[str]) -> list[str]:
    """Return the ids of the objects that a range begins from; none if git does not understand it."""
    try:
        listed = repository.output("rev-parse", "--revs-only", "--end-of-options", *revisions)
    except GitError:
        return []
    return [line for line in listed.decode("ascii", "replace").splitlines() if _ID.fullmatch(line)]
