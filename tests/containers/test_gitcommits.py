"""Which commit brought a blob in: held to what `git` says of the same repository."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from imgscan.containers.base import Member
from imgscan.containers.git import commits as githistory
from imgscan.containers.git.pack import members
from tests.containers import gitpacks
from tests.containers.gitpacks import BLOB, COMMIT, TREE, Pack, identity, name_of

if TYPE_CHECKING:
    from pathlib import Path

    from imgscan.unread import Unread


def told(pack: bytes) -> dict[bytes, tuple[str, bytes] | None]:
    """Ask each blob of a pack what brought it in."""
    asked = [each for each in map(_member, members(pack)) if each.brought is not None]
    return {each.name or b"": each.brought() for each in asked if each.brought is not None}


def _member(each: Member | Unread) -> Member:
    assert isinstance(each, Member)
    return each


def branching(seed: int, count: int) -> bytes:
    """Write a history of branches and merges whose clocks do not agree, for `git fast-import`."""
    source = random.Random(seed)
    parts = []
    for number in range(1, count + 1):
        seconds = 1_700_000_000 + number * 60 + source.randint(-400, 400)
        parts.append(b"commit refs/heads/b%d\nmark :%d\n" % (number, number))
        parts.append(b"committer A <a@example.com> %d +0100\ndata 1\nx\n" % seconds)
        if number > 1:
            parts.append(b"from :%d\n" % source.randint(max(1, number - 4), number - 1))
        if number > 5 and source.random() < 0.3:
            parts.append(b"merge :%d\n" % source.randint(1, number - 1))
        for _ in range(2):
            path = b"d%d/e%d/f%d" % (source.randrange(3), source.randrange(3), source.randrange(4))
            text = b"text %d" % source.randrange(60)
            parts.append(b"M 100644 inline %b\ndata %d\n%b\n" % (path, len(text), text))
    return b"".join(parts)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_first_commit_that_holds_the_blob(tmp_path: Path, seed: int) -> None:
    """Parents go before children, and of commits that could come next the one with the oldest clock."""
    path = gitpacks.new(tmp_path / "repository")
    gitpacks.git(path, "fast-import", "--quiet", data=branching(seed, 60))
    gitpacks.git(path, "repack", "-adfq")
    found = told(gitpacks.the_pack(path))
    order = _order(gitpacks.git(path, "log", "--all", "--format=%H %ct %P").decode())
    expected: dict[bytes, list[tuple[str, bytes]]] = {}
    for commit in order:
        for line in gitpacks.git(path, "ls-tree", "-r", commit).splitlines():
            fields, _, name = line.partition(b"\t")
            expected.setdefault(fields.split()[2], []).append((commit, name))
    assert found.keys() == expected.keys()
    for blob, brought in found.items():
        assert brought in [each for each in expected[blob] if each[0] == expected[blob][0][0]]


def _order(log: str) -> list[str]:
    """Sort commits slowly and plainly."""
    left = {line.split()[0]: (int(line.split()[1]), line.split()[2:]) for line in log.splitlines()}
    order: list[str] = []
    while left:
        ready = [(seconds, name) for name, (seconds, parents) in left.items() if not set(parents) & set(left)]
        order.append(min(ready)[1])
        del left[order[-1]]
    return order


def tree(*entries: tuple[bytes, bytes, bytes]) -> bytes:
    """Write a tree of (mode, name, id)."""
    return b"".join(b"%b %b\0%b" % entry for entry in entries)


def commit(root: bytes, *parents: bytes, seconds: int = 1, message: bytes = b"m") -> bytes:
    """Write a commit."""
    lines = [b"tree " + root.hex().encode(), *(b"parent " + each.hex().encode() for each in parents)]
    lines += [b"author A <a> %d +0000" % seconds, b"committer A <a> %d +0000" % seconds, b"", message]
    return b"\n".join(lines)


def test_a_blob_that_no_commit_of_the_pack_holds() -> None:
    """Of it nothing is reported."""
    pack = Pack()
    pack.add(BLOB, b"text")
    assert told(bytes(pack)) == {name_of(b"text"): None}


def test_a_message_that_looks_like_a_header_is_a_message() -> None:
    """Only the lines before the first empty one are a commit's header."""
    pack = Pack()
    root = tree((b"100644", b"a", identity(BLOB, b"text")))
    made = commit(identity(TREE, root), message=b"parent " + b"1" * 40 + b"\ncommitter A <a> 99 +0000\n")
    for kind, body in ((BLOB, b"text"), (TREE, root), (COMMIT, made)):
        pack.add(kind, body)
    assert told(bytes(pack)) == {name_of(b"text"): (identity(COMMIT, made).hex(), b"a")}


def test_trees_deeper_than_any_path_end() -> None:
    """A thousand folders, one in the other, are followed as far as a path can go."""
    pack = Pack()
    pack.add(BLOB, b"deep")
    pack.add(BLOB, b"high")
    body = tree((b"100644", b"deep", identity(BLOB, b"deep")))
    for _ in range(1000):
        pack.add(TREE, body)
        body = tree((b"100644", b"high", identity(BLOB, b"high")), (b"40000", b"x", identity(TREE, body)))
    pack.add(TREE, body)
    made = commit(identity(TREE, body))
    pack.add(COMMIT, made)
    found = told(bytes(pack))
    assert found == {name_of(b"deep"): None, name_of(b"high"): (identity(COMMIT, made).hex(), b"high")}


def test_damage_leaves_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a tree cannot be read, blobs elsewhere still have their commit."""
    pack = Pack()
    root = tree(
        (b"100644", b"a", identity(BLOB, b"text")),
        (b"160000", b"module", identity(BLOB, b"other")),
        (b"40000", b"gone", b"\x11" * 20),
    )
    made = commit(identity(TREE, root), b"\x22" * 20)
    for kind, body in ((BLOB, b"text"), (BLOB, b"other"), (TREE, root), (TREE, b"100644 no end"), (COMMIT, made)):
        pack.add(kind, body)
    pack.add(COMMIT, b"no commit at all")
    expected = (identity(COMMIT, made).hex(), b"a")
    assert told(bytes(pack)) == {name_of(b"text"): expected, name_of(b"other"): None}
    monkeypatch.setattr(githistory, "LARGEST", 0)
    assert told(bytes(pack)) == {name_of(b"text"): None, name_of(b"other"): None}


def test_it_may_be_asked_before_the_pack_is_read(tmp_path: Path) -> None:
    """The answer is the same while objects are still to come; of a damaged pack, what can be read answers."""
    path = gitpacks.new(tmp_path / "repository")
    gitpacks.git(path, "fast-import", "--quiet", data=branching(7, 30))
    gitpacks.git(path, "repack", "-adfq")
    pack = gitpacks.the_pack(path)
    expected = told(pack)
    early = {each.name: each.brought() for each in map(_member, members(pack)) if each.brought is not None}
    assert early == expected
    damaged = bytearray(pack)
    damaged[-21] ^= 0xFF  # the last byte of the last object
    known = [each for each in members(bytes(damaged)) if isinstance(each, Member) and each.brought is not None]
    answers = {each.name: each.brought() for each in known if each.brought is not None}
    assert set(answers.items()) & set(expected.items())
