"""Every place of a git repository that stores bytes: a key in any of them is found, once."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.keys import Keys
from imgscan.scan.git import scope as gitscope
from imgscan.sources.gitpush import Push
from imgscan.sources.gitrepo import Repository
from tests import tools
from tests.effort import examples
from tests.scan.repositories import ENVIRONMENT, Repo
from tests.scan.support import scan_repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.model import Finding, TargetReport
    from imgscan.scan.git.scope import Scope

WHO = "Ada <ada@example.org> 1770000000 +0000"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def keys() -> Keys:
    """Return keys."""
    return Keys("history places")


class Made(NamedTuple):
    """A bare repository that is made object by object."""

    repo: Repo

    @classmethod
    def new(cls, folder: Path) -> Made:
        """Make one with a commit on its only branch."""
        made = cls(Repo.make(folder, "--bare"))
        made.point("refs/heads/main", made.commit(made.tree({"README": made.blob("nothing\n")})))
        return made

    def store(self, kind: str, data: str | bytes) -> str:
        """Store an object, whatever git thinks of it."""
        command = [str(tools.find("git")), "hash-object", "-w", "--literally", "-t", kind, "--stdin"]
        data = data.encode() if isinstance(data, str) else data
        done = subprocess.run(command, cwd=self.repo.folder, input=data, capture_output=True, check=True, timeout=60)
        return done.stdout.decode().strip()

    def blob(self, text: str) -> str:
        """Store a blob."""
        return self.store("blob", text)

    def tree(self, entries: dict[str, str], mode: str = "100644") -> str:
        """Store a tree of entries of one mode."""
        return self.store("tree", b"".join(
            f"{mode} {name}\0".encode() + bytes.fromhex(each) for name, each in sorted(entries.items())
        ))  # fmt: skip

    def commit(
        self, tree: str, message: str = "work\n", *, who: str = WHO, headers: str = "", parents: tuple[str, ...] = ()
    ) -> str:
        """Store a commit."""
        before = "".join(f"parent {each}\n" for each in parents)
        return self.store("commit", f"tree {tree}\n{before}author {who}\ncommitter {WHO}\n{headers}\n{message}")

    def tag(self, each: str, kind: str, message: str = "tagged\n", name: str = "v") -> str:
        """Store a tag."""
        return self.store("tag", f"object {each}\ntype {kind}\ntag {name}\ntagger {WHO}\n\n{message}")

    def point(self, reference: str, each: str) -> None:
        """Let a reference name an object."""
        self.repo.git("update-ref", reference, each)

    def plain(self) -> str:
        """Return a tree with nothing in it worth a word."""
        return self.tree({"README": self.blob("nothing\n")})


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Return a repository with one commit."""
    return Made.new(tmp_path / "made")


def _on_branch(made: Made, number: int, tree: str, *, who: str = WHO, headers: str = "") -> str:
    commit = made.commit(tree, f"{number}\n", who=who, headers=headers)
    made.point(f"refs/heads/b{number}", commit)
    return commit


PLACES: dict[str, Callable[[Made, int, str], object]] = {
    "file": lambda made, number, key: _on_branch(made, number, made.tree({"a.env": made.blob(f"K={key}\n")})),
    "file name": lambda made, number, key: _on_branch(made, number, made.tree({f"{key}.txt": made.blob("\n")})),
    "folder name": lambda made, number, key: _on_branch(made, number, made.tree({key: made.plain()}, "40000")),
    "submodule name": lambda made, number, key: _on_branch(made, number, made.tree({key: "1" * 40}, "160000")),
    "link": lambda made, number, key: _on_branch(made, number, made.tree({"l": made.blob(f"/x/{key}")}, "120000")),
    "author": lambda made, number, key: _on_branch(made, number, made.plain(), who=WHO.replace("Ada", f"Ada {key}")),
    "encoding": lambda made, number, key: _on_branch(made, number, made.plain(), headers=f"encoding {key}\n"),
    "signature": lambda made, number, key: _on_branch(
        made, number, made.plain(), headers=f"gpgsig -----BEGIN\n \n {key}\n -----END\n"
    ),
    "merged tag": lambda made, number, key: _on_branch(
        made, number, made.plain(), headers=f"mergetag object {'1' * 40}\n type commit\n tag v\n \n for {key}\n"
    ),
    "message": lambda made, number, key: made.point(f"refs/heads/b{number}", made.commit(made.plain(), f"as {key}\n")),
    "branch name": lambda made, number, key: made.point(f"refs/heads/b{number}-{key}", made.commit(made.plain())),
    "tag name": lambda made, number, key: made.point(f"refs/tags/t{number}/{key}", made.commit(made.plain())),
    "other name": lambda made, number, key: made.point(f"refs/odd/{number}/{key}", made.blob("nothing\n")),
    "note": lambda made, number, key: made.point(
        f"refs/notes/n{number}", made.commit(made.tree({"1" * 40: made.blob(f"saw {key}\n")}), f"note {number}\n")
    ),
    "tag": lambda made, number, key: made.point(
        f"refs/tags/t{number}", made.tag(made.commit(made.plain()), "commit", f"has {key}\n")
    ),
    "tag's own name": lambda made, number, key: made.point(
        f"refs/tags/t{number}", made.tag(made.commit(made.plain()), "commit", name=f"v{key}")
    ),
    "inner tag": lambda made, number, key: made.point(
        f"refs/tags/t{number}",
        _tags(made, made.tag(made.commit(made.plain()), "commit", f"has {key}\n"), "tag", number),
    ),
    "tag elsewhere": lambda made, number, key: made.point(
        f"refs/odd/t{number}", made.tag(made.commit(made.plain()), "commit", f"has {key}\n")
    ),
    "tree": lambda made, number, key: made.point(f"refs/odd/{number}", made.tree({"t.env": made.blob(f"K={key}\n")})),
    "name in a tree": lambda made, number, key: made.point(
        f"refs/odd/{number}", made.tree({"f": made.tree({key: made.blob("\n")})}, "40000")
    ),
    "tagged tree": lambda made, number, key: made.point(
        f"refs/tags/{number}", _tags(made, made.tree({"t.env": made.blob(f"T={key}\n")}), "tree", number)
    ),
    "blob": lambda made, number, key: made.point(f"refs/odd/{number}", made.blob(f"B={key}\n")),
    "tagged blob": lambda made, number, key: made.point(
        f"refs/tags/{number}", _tags(made, made.blob(f"TB={key}\n"), "blob", number)
    ),
}  # fmt: skip


def _tags(made: Made, each: str, kind: str, number: int) -> str:
    """Tag an object, perhaps the tag as well, and so on."""
    for depth in range(1 + number % 3):
        each, kind = made.tag(each, kind, f"{number} {depth}\n"), "tag"
    return each


def scan(made: Made, scope: Callable[[Repository], Scope], jobs: int = 1) -> TargetReport:
    """Scan a scope of a repository."""
    repository = Repository(made.repo.folder)
    return scan_repository(repository, scope(repository), jobs=jobs)


def found(report: TargetReport) -> Counter[str]:
    """Count the findings of each key, and hold the scan to be whole."""
    assert report.diagnostics == ()
    return Counter(finding.secret.sha256 for finding in report.findings)


def sha256(key: str) -> str:
    """Return how a report names a key."""
    return hashlib.sha256(key.encode()).hexdigest()


@settings(max_examples=examples(4), deadline=None)
@given(st.lists(st.sampled_from(sorted(PLACES)), min_size=6, max_size=10), st.integers(0, 1 << 30), st.booleans())
def test_every_place(kinds: list[str], seed: int, packed: bool) -> None:
    """A key in each kind of place is found, once, wherever else there are keys, and in packs as well."""
    keys = Keys(f"every place {seed}")
    with tempfile.TemporaryDirectory() as folder:
        made = Made.new(Path(folder) / "r")
        hidden = []
        for number, kind in enumerate(kinds):
            hidden.append(keys.secret99())
            PLACES[kind](made, number, hidden[-1])
        if packed:
            made.repo.git("pack-refs", "--all")
            made.repo.git("repack", "-adq")
        report = scan(made, gitscope.whole_scope)
        again = scan(made, gitscope.whole_scope, jobs=3)
    assert found(report) == Counter(map(sha256, hidden))
    assert again == report


def test_each_place(made: Made, keys: Keys) -> None:
    """A key in each single kind of place is found, once."""
    hidden = {}
    for number, (kind, hide) in enumerate(sorted(PLACES.items())):
        hidden[kind] = keys.secret99()
        hide(made, number, hidden[kind])
    counts = found(scan(made, gitscope.whole_scope))
    assert {kind: counts[sha256(key)] for kind, key in hidden.items()} == dict.fromkeys(PLACES, 1)


def only(report: TargetReport) -> Finding:
    """Return the only finding."""
    [finding] = report.findings
    return finding


def place(finding: Finding) -> tuple[str, str | None, str | None]:
    """Return where a finding is: path, field, commit."""
    return finding.location.path, finding.location.field, finding.location.commit


# where they are reported


def test_file_name(made: Made, keys: Keys) -> None:
    """A key in a file's name is reported on the commit that adds the file, with its date, and redacted."""
    key = keys.secret99()
    first = made.commit(made.tree({f"{key}.txt": made.blob("1\n")}))
    second = made.commit(made.tree({f"{key}.txt": made.blob("2\n")}), parents=(first,))
    made.point("refs/heads/main", second)
    finding = only(scan(made, gitscope.whole_scope))
    path, field, commit = place(finding)
    assert (field, commit, finding.location.authored) == ("file/name", first, "2026-02-02T02:40:00+00:00")
    assert (path.endswith(".txt"), key in path) == (True, False)


@pytest.mark.parametrize(("kept", "state"), [(True, "visible"), (False, "deleted")], ids=["kept", "removed"])
def test_life_of_a_name(made: Made, keys: Keys, kept: bool, state: str) -> None:
    """A name is still there as long as the tip has a file of that name, whatever is in it."""
    first = made.commit(made.tree({(name := f"{keys.secret99()}.txt"): made.blob("1\n")}))
    after = made.tree({name: made.blob("2\n")}) if kept else made.plain()
    made.point("refs/heads/main", made.commit(after, parents=(first,)))
    visibility = only(scan(made, gitscope.whole_scope)).visibility
    assert visibility is not None
    assert visibility.state == state


def test_key_in_name_and_file(made: Made, keys: Keys) -> None:
    """A file whose name holds the key that is in it is two places."""
    key = keys.secret99()
    commit = _on_branch(made, 1, made.tree({f"{key}.env": made.blob(f"K={key}\n")}))
    fields = [(each.location.field, each.location.commit) for each in scan(made, gitscope.whole_scope).findings]
    assert fields == [("file/name", commit), (None, commit)]


def test_headers(made: Made, keys: Keys) -> None:
    """A key in a header of several lines is in that header."""
    commit = _on_branch(made, 1, made.plain(), headers=f"gpgsig BEGIN\n \n {keys.secret99()}\n END\n")
    assert place(only(scan(made, gitscope.whole_scope))) == (".git/commit", "commit/gpgsig", commit)


def test_inner_tag(made: Made, keys: Keys) -> None:
    """A key in a tag that another tag names is reported with its own tag."""
    inner = made.tag(made.commit(made.plain()), "commit", f"has {keys.secret99()}\n")
    made.point("refs/tags/t", made.tag(inner, "tag"))
    assert place(only(scan(made, gitscope.whole_scope))) == (".git/tag", "tag/message", inner)


def test_deep_tags(made: Made, keys: Keys) -> None:
    """However many tags name one another, what they end in is searched."""
    each, kind = made.blob(f"K={keys.secret99()}\n"), "blob"
    for depth in range(70):
        each, kind = made.tag(each, kind, f"{depth}\n"), "tag"
    made.point("refs/tags/t", each)
    assert only(scan(made, gitscope.whole_scope)).location.path == ".git/refs/tags/t"


def test_branch_name(made: Made, keys: Keys) -> None:
    """A key in a branch's name is reported with the commit that the branch names, and redacted."""
    key, commit = keys.secret99(), made.commit(made.plain())
    made.point(f"refs/heads/fix-{key}", commit)
    path, field, of = place(only(scan(made, gitscope.whole_scope)))
    assert (path.startswith(".git/refs/heads/fix-"), key in path, field, of) == (True, False, "ref/name", commit)


def test_blob(made: Made, keys: Keys) -> None:
    """A blob that a reference names is reported under the reference's name, with its own id and its lines."""
    blob = made.blob(f"A=1\nK={keys.secret99()}\n")
    made.point("refs/tags/pub", blob)
    finding = only(scan(made, gitscope.whole_scope))
    assert place(finding) == (".git/refs/tags/pub", None, blob)
    assert (finding.location.line, finding.visibility) == (2, None)


def test_tree(made: Made, keys: Keys) -> None:
    """A file in a tree that a reference names is reported under its path, with the tree's id."""
    tree = made.tree({"d": made.tree({"k.env": made.blob(f"K={keys.secret99()}\n")})}, "40000")
    made.point("refs/odd/tree", tree)
    assert place(only(scan(made, gitscope.whole_scope))) == ("d/k.env", None, tree)


def test_tree_of_a_commit(made: Made, keys: Keys) -> None:
    """What a commit has brought in is not reported again of a tree."""
    tree = made.tree({"k.env": made.blob(f"K={keys.secret99()}\n")})
    commit = _on_branch(made, 1, tree)
    made.point("refs/odd/tree", tree)
    assert place(only(scan(made, gitscope.whole_scope))) == ("k.env", None, commit)


def test_missing_end(made: Made, keys: Keys) -> None:
    """A tag of something that is not here is an error; the tag itself is searched."""
    tag = made.tag("1" * 40, "blob", f"has {keys.secret99()}\n")
    made.point("refs/tags/t", tag)
    report = scan(made, gitscope.whole_scope)
    assert place(only(report)) == (".git/tag", "tag/message", tag)
    assert ("error", "object-missing", ".git/refs/tags/t") in [
        (each.severity, each.code, each.path) for each in report.diagnostics
    ]


# pushes, ranges, what is staged


def push(made: Made, name: str, each: str, remote: str | None = None) -> TargetReport:
    """Scan what a push of a reference adds."""
    return scan(made, lambda repository: gitscope.push_scope(repository, Push(name, each, remote), "origin"))


@pytest.mark.parametrize("kind", ["inner tag", "tag", "tree", "tagged tree", "blob", "tagged blob", "file name"])
def test_pushed(made: Made, keys: Keys, kind: str) -> None:
    """A push is searched wherever its reference leads, tags of tags, trees and blobs included."""
    before = set(made.repo.git("for-each-ref", "--format=%(refname)").split())
    PLACES[kind](made, 1, keys.secret99())
    [name] = set(made.repo.git("for-each-ref", "--format=%(refname)").split()) - before
    assert len(push(made, name, made.repo.head(name)).findings) == 1


def test_pushed_name(made: Made, keys: Keys) -> None:
    """The name of a reference that is new to the remote is part of the push; one that it has is not."""
    name, head = f"refs/heads/{keys.secret99()}", made.repo.head("main")
    assert only(push(made, name, head)).location.field == "ref/name"
    assert push(made, name, head, head).findings == ()


def test_pushed_without_object(made: Made) -> None:
    """A pushed object that is not here is an error."""
    [diagnostic] = push(made, "refs/heads/x", "1" * 40).diagnostics
    assert (diagnostic.severity, diagnostic.code) == ("error", "object-missing")


def test_range_to_a_tag(made: Made, keys: Keys) -> None:
    """A range that ends in a tag has the tag in it."""
    tag = made.tag(made.repo.head("main"), "commit", f"has {keys.secret99()}\n")
    made.point("refs/tags/t", tag)
    report = scan(made, lambda repository: gitscope.range_scope(repository, ["t"]))
    assert place(only(report)) == (".git/tag", "tag/message", tag)
    assert scan(made, lambda repository: gitscope.range_scope(repository, ["t..main"])).findings == ()


def test_range_to_a_blob(made: Made, keys: Keys) -> None:
    """What is named is searched, though it has no history."""
    commit = _on_branch(made, 1, made.tree({"k.env": made.blob(f"K={keys.secret99()}\n")}))
    report = scan(made, lambda repository: gitscope.range_scope(repository, [f"{commit}:k.env"]))
    assert len(report.findings) == 1


def test_staged_name(tmp_path: Path, keys: Keys) -> None:
    """The name of a file that is staged is searched if it is new."""
    repo = Repo.make(tmp_path / "work")
    repo.write({f"{keys.secret99()}.txt": "nothing\n"})
    repository = Repository(repo.folder)
    finding = only(scan_repository(repository, gitscope.staged_scope(repository)))
    assert (finding.location.field, finding.location.commit) == ("file/name", None)
    repo.commit()
    repo.write({"other.txt": "1\n"})
    assert scan_repository(repository, gitscope.staged_scope(repository)).findings == ()
