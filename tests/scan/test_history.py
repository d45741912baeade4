"""Scanning git: what a commit, a push or a history adds, and where it is."""

from __future__ import annotations

import base64
import gzip
import io
import os
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from fixtures.builders import tar
from fixtures.keys import Keys
from imgscan.errors import TargetError
from imgscan.scan.git import scope as gitscope
from imgscan.sources.catfile import Objects
from imgscan.sources.gitpush import Push
from imgscan.sources.gitrepo import Repository
from tests.scan.repositories import DATE, ENVIRONMENT, Repo
from tests.scan.support import scan_repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgscan.model import Finding, TargetReport
    from imgscan.scan.git.scope import Scope
    from imgscan.scan.policy import Policy

ENV = "STRIPE_KEY={}\n"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a repository with one commit."""
    made = Repo.make(tmp_path / "repo")
    made.commit({"README": "nothing\n"})
    return made


@pytest.fixture
def keys() -> Keys:
    """Return keys."""
    return Keys("history")


def scan(repo: Repo, scope: Callable[[Repository], Scope], policy: Policy | None = None) -> TargetReport:
    """Scan a scope of a repository."""
    repository = Repository(repo.folder)
    return scan_repository(repository, scope(repository), policy)


def staged(repo: Repo) -> TargetReport:
    """Scan what is staged."""
    return scan(repo, gitscope.staged_scope)


def history(repo: Repo) -> TargetReport:
    """Scan all of it."""
    return scan(repo, gitscope.whole_scope)


def added(repo: Repo, *named: str) -> TargetReport:
    """Scan a range."""
    return scan(repo, lambda repository: gitscope.range_scope(repository, named))


def places(report: TargetReport) -> list[tuple[str, int | None, str | None]]:
    """Return path, line and commit of each finding."""
    return [(each.location.path, each.location.line, each.location.commit) for each in report.findings]


def states(report: TargetReport) -> list[str | None]:
    """Return what became of each finding."""
    return [each.visibility.state if each.visibility else None for each in report.findings]


def only(report: TargetReport) -> Finding:
    """Return the only finding."""
    [finding] = report.findings
    return finding


# staged


def test_staged_key(repo: Repo, keys: Keys) -> None:
    """A key that is staged is found, at its line, without a commit."""
    repo.write({"app/.env": "A=1\n" + ENV.format(keys.secret99())})
    report = staged(repo)
    assert places(report) == [("app/.env", 2, None)]
    assert report.kind == "git"
    assert only(report).location.authored is None
    assert only(report).visibility is None


def test_unstaged_key(repo: Repo, keys: Keys) -> None:
    """What is not staged is not looked at."""
    (repo.folder / ".env").write_text(ENV.format(keys.secret99()))
    assert staged(repo).findings == ()


def test_index_not_the_file(repo: Repo, keys: Keys) -> None:
    """The index counts, not the file in the working tree."""
    repo.write({".env": ENV.format(keys.secret99())})
    (repo.folder / ".env").write_text("cleaned\n")
    assert places(staged(repo)) == [(".env", 1, None)]


def test_first_commit(tmp_path: Path, keys: Keys) -> None:
    """Before there is any commit everything staged is new."""
    made = Repo.make(tmp_path / "new")
    made.write({".env": ENV.format(keys.secret99())})
    assert places(staged(made)) == [(".env", 1, None)]


def test_old_key_in_changed_file(repo: Repo, keys: Keys) -> None:
    """A key that was in the file before is not new; one that comes beside it is."""
    old, new = keys.secret99(), keys.secret99()
    repo.commit({".env": ENV.format(old)})
    repo.write({".env": "# moved down\n" + ENV.format(old) + ENV.format(new)})
    assert places(staged(repo)) == [(".env", 3, None)]


def test_moved_file(repo: Repo, keys: Keys) -> None:
    """A file that only changes its name brings nothing in."""
    repo.commit({".env": ENV.format(keys.secret99())})
    repo.git("mv", ".env", "config.env")
    assert staged(repo).findings == ()


def test_copied_file(repo: Repo, keys: Keys) -> None:
    """A copy of a file with a key is a new place of it."""
    text = ENV.format(keys.secret99())
    repo.commit({".env": text})
    repo.write({"copy.env": text})
    assert places(staged(repo)) == [("copy.env", 1, None)]


def test_staged_removal(repo: Repo, keys: Keys) -> None:
    """Removing a key is not a finding."""
    repo.commit({".env": ENV.format(keys.secret99())})
    repo.write({".env": None})
    assert staged(repo).findings == ()


def test_from_a_subfolder(repo: Repo, keys: Keys) -> None:
    """Paths are relative to the repository, wherever it is looked at from, and whatever diff.relative says."""
    repo.git("config", "diff.relative", "true")
    repo.write({"app/src/.env": ENV.format(keys.secret99()), "other/.env": ENV.format(keys.secret99())})
    report = staged(Repo(repo.folder / "app" / "src"))
    assert [path for path, _, _ in places(report)] == ["app/src/.env", "other/.env"]


def test_staged_merge(repo: Repo, keys: Keys) -> None:
    """During a merge, what the other side had already is not new; what the resolution adds is."""
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"side.env": ENV.format(keys.secret99())})
    repo.git("checkout", "-q", "main")
    repo.commit({"main.txt": "main\n"})
    repo.git("merge", "-q", "--no-commit", "side")
    assert staged(repo).findings == ()
    repo.write({"main.txt": ENV.format(keys.secret99())})
    assert places(staged(repo)) == [("main.txt", 1, None)]


def test_conflict_and_intent(repo: Repo, keys: Keys) -> None:
    """A file in conflict, or of which only the intent to add is staged, has nothing staged to search."""
    (repo.folder / "later.env").write_text(ENV.format(keys.secret99()))
    repo.git("add", "-N", "later.env")
    report = staged(repo)
    assert (report.findings, report.diagnostics) == ((), ())


def test_link_target(repo: Repo, keys: Keys) -> None:
    """A link's target is content too."""
    (repo.folder / "link").symlink_to(f"/keys/{keys.secret99()}")
    repo.git("add", "link")
    assert [path for path, _, _ in places(staged(repo))] == ["link"]


@pytest.mark.parametrize("name", [b"new\nline", b"tab\t\"quote'", b"\xff\xfe", b":(top)x", b"-rf", "é \u202e".encode()])
def test_any_name(repo: Repo, keys: Keys, name: bytes) -> None:
    """Names may hold any bytes."""
    path = os.path.join(os.fsencode(repo.folder), name)  # noqa: PTH118 - Path knows no bytes
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - the same way
        file.write(ENV.format(keys.secret99()))
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "names")
    finding = only(history(repo))
    assert finding.location.path == name.decode("utf-8", "backslashreplace")
    assert finding.visibility is not None
    assert finding.visibility.state == "visible"


def test_submodule(repo: Repo) -> None:
    """A submodule's commit is elsewhere: no object of this repository is missing."""
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head()},sub")
    assert staged(repo).diagnostics == ()
    repo.git("commit", "-q", "-m", "sub")
    assert history(repo).diagnostics == ()


def test_sha256_repository(tmp_path: Path, keys: Keys) -> None:
    """A repository may name its objects by SHA-256."""
    made = Repo.make(tmp_path / "new", "--object-format=sha256")
    made.write({".env": ENV.format(keys.secret99())})
    assert len(staged(made).findings) == 1
    commit = made.commit()
    assert places(history(made)) == [(".env", 1, commit)]
    assert len(commit) == 64


# ranges and histories


def test_commit_and_date(repo: Repo, keys: Keys) -> None:
    """A finding names the commit that brought it in, and when that was written."""
    commit = repo.commit({".env": ENV.format(keys.secret99())})
    repo.commit({"other": "x\n"})
    finding = only(history(repo))
    assert (finding.location.commit, finding.location.authored) == (commit, DATE)


@pytest.mark.parametrize(
    ("after", "state"),
    [({"x": "1"}, "visible"), ({".env": "clean\n"}, "overwritten"), ({".env": None}, "deleted")],
    ids=["visible", "overwritten", "deleted"],
)
def test_life(repo: Repo, keys: Keys, after: dict[str, str | bytes | None], state: str) -> None:
    """It is said whether the key still is at HEAD."""
    repo.commit({".env": ENV.format(keys.secret99())})
    repo.commit(after)
    assert states(history(repo)) == [state]


def test_once_a_key(repo: Repo, keys: Keys) -> None:
    """A key that stays in a file through many versions is reported once, where it came in."""
    key = keys.secret99()
    first = repo.commit({".env": ENV.format(key)})
    for number in range(5):
        repo.commit({".env": f"N={number}\n" + ENV.format(key)})
    assert places(history(repo)) == [(".env", 1, first)]


def test_back_again(repo: Repo, keys: Keys) -> None:
    """A key that comes back, even by the same content, comes in again."""
    text = ENV.format(keys.secret99())
    first = repo.commit({".env": text})
    repo.commit({".env": None})
    back = repo.commit({".env": text})
    assert places(history(repo)) == [(".env", 1, first), (".env", 1, back)]
    assert places(added(repo, "HEAD~1..HEAD")) == [(".env", 1, back)]


def test_fingerprint_is_of_the_path(repo: Repo, keys: Keys) -> None:
    """One content under two names is two findings, with fingerprints of their own."""
    repo.commit({"a.env": (text := ENV.format(keys.secret99())), "b.env": text})
    report = history(repo)
    assert [path for path, _, _ in places(report)] == ["a.env", "b.env"]
    assert len({finding.fingerprint for finding in report.findings}) == 2


def test_fingerprint_stays(repo: Repo, keys: Keys) -> None:
    """A fingerprint is the same when staged, in a range and in the history."""
    repo.write({".env": ENV.format(keys.secret99())})
    before = only(staged(repo)).fingerprint
    repo.commit()
    assert before == only(added(repo, "HEAD~1..HEAD")).fingerprint == only(history(repo)).fingerprint


def test_range(repo: Repo, keys: Keys) -> None:
    """Of a range only what its commits add is reported."""
    repo.commit({"old.env": ENV.format(keys.secret99())})
    commit = repo.commit({"new.env": ENV.format(keys.secret99())})
    assert places(added(repo, "HEAD~1..HEAD")) == [("new.env", 1, commit)]


def test_merge(repo: Repo, keys: Keys) -> None:
    """A merge is told of only what it has from no parent."""
    repo.git("checkout", "-q", "-b", "side")
    side = repo.commit({"side.env": ENV.format(keys.secret99())})
    repo.git("checkout", "-q", "main")
    repo.commit({"main.txt": "main\n"})
    repo.git("merge", "-q", "--no-commit", "side")
    merge = repo.commit({"README": ENV.format(keys.secret99())}, "merge")
    assert places(history(repo)) == [("side.env", 1, side), ("README", 1, merge)]


def test_all_references(repo: Repo, keys: Keys) -> None:
    """The history is that of all branches, not of HEAD alone."""
    repo.git("checkout", "-q", "-b", "side")
    commit = repo.commit({"side.env": ENV.format(keys.secret99())})
    repo.git("checkout", "-q", "main")
    report = history(repo)
    assert places(report) == [("side.env", 1, commit)]
    assert states(report) == ["deleted"]


def test_message(repo: Repo, keys: Keys) -> None:
    """A key in a commit's message is found, at its line of the message."""
    commit = repo.commit({}, f"subject\n\nworks with\nstripe {keys.secret99()}\n")
    finding = only(history(repo))
    assert places(history(repo)) == [(".git/commit", 4, commit)]
    assert (finding.location.field, finding.location.column) == ("commit/message", 8)


def test_author(repo: Repo, keys: Keys) -> None:
    """So is one in a header."""
    repo.git("commit", "-q", "--allow-empty", "-m", "x", GIT_AUTHOR_NAME=f"stripe {keys.secret99()}")
    finding = only(history(repo))
    assert (finding.location.path, finding.location.field, finding.location.line) == (
        ".git/commit",
        "commit/author",
        None,
    )


def test_tag(repo: Repo, keys: Keys) -> None:
    """So is one in an annotated tag."""
    repo.git("tag", "-a", "v1", "-m", f"release\n\nstripe {keys.secret99()}")
    finding = only(history(repo))
    assert (finding.location.path, finding.location.field, finding.location.line) == (".git/tag", "tag/message", 3)
    assert finding.location.commit == repo.head("v1^{tag}")


def test_encoded(repo: Repo, keys: Keys) -> None:
    """Encodings are read in git as elsewhere."""
    repo.commit({"secret.yaml": "stripe: " + base64.b64encode(keys.secret99().encode()).decode() + "\n"})
    assert only(history(repo)).location.encoding == "base64"


def test_compressed(repo: Repo, keys: Keys) -> None:
    """A compressed file is searched for what it holds, and known by its own name at HEAD."""
    commit = repo.commit({"old.log.gz": gzip.compress(ENV.format(keys.secret99()).encode())})
    report = history(repo)
    assert (places(report), states(report)) == ([("old.log.gz", 1, commit)], ["visible"])


def test_tar(repo: Repo, keys: Keys) -> None:
    """So is a tar, whose members are named, and are compared with those of the version before."""
    old, new = keys.secret99(), keys.secret99()
    repo.commit({"backup.tgz": gzip.compress(tar({"home/.env": ENV.format(old).encode()}))})
    both = {"home/.env": ENV.format(old).encode(), "new/.env": ENV.format(new).encode()}
    commit = repo.commit({"backup.tgz": gzip.compress(tar(both))})
    report = added(repo, "HEAD~1..HEAD")
    assert (places(report), states(report)) == ([("backup.tgz!/new/.env", 1, commit)], ["visible"])


def test_zip(repo: Repo, keys: Keys) -> None:
    """So is a zip, beside text in the same commit."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config/app.properties", ENV.format(keys.secret99()) * 2)
    repo.write({"a.env": ENV.format(keys.secret99()), "app.jar": packed.getvalue(), "z.txt": "nothing\n"})
    found = [
        ("a.env", 1, None),
        ("app.jar!/config/app.properties", 1, None),
        ("app.jar!/config/app.properties", 2, None),
    ]
    assert places(staged(repo)) == found


def test_damaged_archive(repo: Repo) -> None:
    """A compressed file that is damaged is reported and stops nobody: git has it as it was committed."""
    repo.write({"bad.gz": gzip.compress(bytes(1000))[:-9]})
    [diagnostic] = staged(repo).diagnostics
    assert (diagnostic.severity, diagnostic.path) == ("skipped", "bad.gz")


def test_name_as_context(repo: Repo, keys: Keys) -> None:
    """A file's name counts as context of what is in it, though a blob is first searched without one."""
    text = f"KEY={keys.secret(60)}\n"
    repo.commit({"stripe.env": text, "other.env": text})
    assert [path for path, _, _ in places(history(repo))] == ["stripe.env"]


def test_many_files(repo: Repo, keys: Keys) -> None:
    """Batches and files beyond one request of git's are all searched."""
    files: dict[str, str | bytes | None] = {f"d{number % 7}/f{number}": f"{number}\n" for number in range(5000)}
    files |= {f"z{number}.env": ENV.format(keys.secret99()) for number in range(3)}
    commit = repo.commit(files)
    report = history(repo)
    assert places(report) == [(f"z{number}.env", 1, commit) for number in range(3)]
    assert report.stats.entries == 5000 + 3 + 1 + 2


def test_large_file(repo: Repo, keys: Keys) -> None:
    """A file larger than a window is searched to its end, and its lines are counted."""
    repo.commit({"big.log": b"0123456\n" * 400_000 + ENV.format(keys.secret99()).encode()})
    assert only(history(repo)).location.line == 400_001


def test_policy(repo: Repo, keys: Keys) -> None:
    """What the user did not ask to see is counted, and the findings keep their own commits."""
    repo.commit({"a.txt": f"KEY={keys.secret(60)}\n"})
    commit = repo.commit({"b.env": ENV.format(keys.secret99())})
    report = history(repo)
    assert (places(report), report.hidden.confidence) == ([("b.env", 1, commit)], 1)


def test_bare_repository(repo: Repo, keys: Keys, tmp_path: Path) -> None:
    """A bare repository has a history too."""
    commit = repo.commit({".env": ENV.format(keys.secret99())})
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    assert places(history(Repo(tmp_path / "bare.git"))) == [(".env", 1, commit)]


def test_shallow(repo: Repo, keys: Keys, tmp_path: Path) -> None:
    """A shallow clone is searched as far as it goes, and it is said where it ends."""
    repo.commit({"old.env": ENV.format(keys.secret99())})
    repo.commit({"old.env": None})
    last = repo.commit({"x": "1"})
    repo.git("clone", "-q", "--depth=1", f"file://{repo.folder}", str(tmp_path / "shallow"))
    report = history(Repo(tmp_path / "shallow"))
    [diagnostic] = report.diagnostics
    assert (report.findings, diagnostic.severity, diagnostic.code) == ((), "skipped", "shallow-clone")
    assert diagnostic.path == last


def test_replaced_object(repo: Repo, keys: Keys) -> None:
    """A replacement hides nothing: what is stored is searched."""
    commit = repo.commit({".env": ENV.format(keys.secret99())})
    clean = repo.git("commit-tree", repo.head("HEAD~1^{tree}"), "-p", repo.head("HEAD~1"), "-m", "clean")
    repo.git("replace", commit, clean)
    assert (".env", 1, commit) in places(history(repo))


def test_graft(repo: Repo, keys: Keys) -> None:
    """A graft hides nothing."""
    commit = repo.commit({".env": ENV.format(keys.secret99())})
    last = repo.commit({".env": None})
    (repo.folder / ".git/info/grafts").write_text(f"{last}\n")
    assert places(history(repo)) == [(".env", 1, commit)]


def test_configured_programs_do_not_run(repo: Repo, keys: Keys, tmp_path: Path) -> None:
    """Nothing that the repository's own settings name is started."""
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    repo.commit({".gitattributes": "* filter=trap diff=trap\n", "a.env": "A=1\n"})
    for name in ("core.fsmonitor", "diff.external", "diff.trap.textconv", "diff.trap.command", "filter.trap.clean",
                 "filter.trap.smudge", "core.pager", "core.editor", "gpg.program", "core.sshCommand"):  # fmt: skip
        repo.git("config", name, str(trap))
    repo.git("config", "log.showSignature", "true")
    sprung.unlink(missing_ok=True)
    (repo.folder / "a.env").write_text(ENV.format(keys.secret99()))
    repo.git("-c", "filter.trap.clean=cat", "-c", "core.fsmonitor=false", "add", "-A")
    sprung.unlink(missing_ok=True)
    assert len(staged(repo).findings) == 1
    repo.git("-c", "filter.trap.clean=cat", "-c", "core.fsmonitor=false", "commit", "-q", "-m", "x")
    sprung.unlink(missing_ok=True)
    assert len(history(repo).findings) == 1
    assert not sprung.exists()


# what goes wrong


def test_no_repository(tmp_path: Path) -> None:
    """A folder that belongs to no repository is reported as such."""
    with pytest.raises(TargetError, match="not a git repository"):
        Repository(tmp_path)


def test_untrusted_owner(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where git does not trust a repository of another user it is said what can be done."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(TargetError, match=r"safe\.directory"):
        Repository(repo.folder)


@pytest.mark.parametrize("name", ["nope", "nope..HEAD", "--all", "--output=x", ""])
def test_no_such_range(repo: Repo, name: str) -> None:
    """A range that git does not know is an error, and one that looks like an option is none."""
    with pytest.raises(TargetError):
        added(repo, name)
    assert not (repo.folder / "x").exists()


def _object(repo: Repo, each: str) -> Path:
    return repo.folder / ".git/objects" / each[:2] / each[2:]


def test_missing_object(repo: Repo, keys: Keys) -> None:
    """An object that is gone is an error in the report; what else there is is searched."""
    commit = repo.commit({"a.env": "gone\n", "b.env": ENV.format(keys.secret99())})
    _object(repo, repo.head("HEAD:a.env")).unlink()
    report = history(repo)
    assert places(report) == [("b.env", 1, commit)]
    assert [(each.severity, each.code, each.path) for each in report.diagnostics] == [
        ("error", "object-missing", "a.env")
    ]


def test_damaged_object(repo: Repo, keys: Keys) -> None:
    """So is one that is damaged, of which git dies."""
    commit = repo.commit({"a.env": "damaged\n", "b.env": ENV.format(keys.secret99())})
    path = _object(repo, repo.head("HEAD:a.env"))
    path.chmod(0o644)
    path.write_bytes(b"rubbish")
    report = history(repo)
    assert places(report) == [("b.env", 1, commit)]
    assert [(each.severity, each.code, each.path) for each in report.diagnostics] == [
        ("error", "object-missing", "a.env")
    ]


def test_partial_clone_fetches_nothing(repo: Repo, keys: Keys, tmp_path: Path) -> None:
    """A partial clone is not completed over the network: what is not here is said to be missing."""
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit({"a.env": ENV.format(keys.secret99())})
    repo.commit({"a.env": None})
    url = f"file://{repo.folder}"
    repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", url, str(tmp_path / "partial"))
    report = history(Repo(tmp_path / "partial"))
    assert report.findings == ()
    assert {each.code for each in report.diagnostics} == {"object-missing"}


def test_objects_in_any_order(repo: Repo) -> None:
    """Objects come in the order in which they were requested, and one that was not read is skipped."""
    repo.commit({f"f{number}": f"{number}\n" * 3000 for number in range(300)})
    ids = [repo.head(f"HEAD:f{number}") for number in (5, 3, 299, 5)] + ["0" * 39 + "1"]
    with Objects(repo.folder) as objects:
        read = [(stored.id, stored.kind, stored.size) for stored in objects.each(ids)]
    assert read == [(ids[0], "blob", 6000), (ids[1], "blob", 6000), (ids[2], "blob", 12000), (ids[3], "blob", 6000),
                    (ids[4], None, 0)]  # fmt: skip


def test_objects_asked_for_beforehand(repo: Repo) -> None:
    """What is requested ahead is answered in order, however many objects before it git dies of."""
    repo.commit({f"f{number}": f"{number}\n" for number in range(90)})
    listed = [line.split()[2:] for line in repo.git("ls-tree", "HEAD").splitlines()]
    ids = [each for each, name in listed if name.startswith("f")]
    for each in ids[5:75]:
        _object(repo, each).chmod(0o644)
        _object(repo, each).write_bytes(b"rubbish")
    with Objects(repo.folder) as objects:
        objects.ask(ids[:80])
        objects.ask(ids[80:])
        kinds = [stored.kind for stored in (*objects.answers(80), *objects.answers(10))]
    assert kinds[:5] + kinds[80:] == ["blob"] * 15
    assert set(kinds[5:75]) == {None}


def test_jobs(repo: Repo, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many objects are read at once, the report is the same."""
    monkeypatch.setattr("imgscan.scan.git.batches._FIRST", 20)
    monkeypatch.setattr("imgscan.scan.git.batches._BATCH", 20)
    for number in range(3):
        files: dict[str, str | bytes | None] = {f"d{number}/f{each}": f"{number} {each}\n" for each in range(50)}
        repo.commit(files | {f"d{number}/k.env": ENV.format(keys.secret99()), "bad.gz": gzip.compress(bytes(99))[:-9]})
    repository = Repository(repo.folder)
    reports = [scan_repository(repository, gitscope.whole_scope(repository), jobs=jobs) for jobs in (1, 2, 5)]
    assert (len(reports[0].findings), len(reports[0].diagnostics)) == (3, 1)
    assert reports[1:] == reports[:1] * 2


# pushes


def _push(repo: Repo, push: Push, remote: str | None = "origin") -> TargetReport:
    return scan(repo, lambda repository: gitscope.push_scope(repository, push, remote))


def test_new_branch(repo: Repo, keys: Keys, tmp_path: Path) -> None:
    """Of a new branch only what the remote has on no branch is reported."""
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare")], check=True)
    repo.git("remote", "add", "origin", str(tmp_path / "bare"))
    repo.commit({"old.env": ENV.format(keys.secret99())})
    repo.git("push", "-q", "origin", "main")
    commit = repo.commit({"new.env": ENV.format(keys.secret99())})
    report = _push(repo, Push("refs/heads/topic", commit, None))
    assert places(report) == [("new.env", 1, commit)]
    assert report.target == "git:refs/heads/topic"


def test_forced_push_over_unknown(repo: Repo, keys: Keys) -> None:
    """Where the remote has a commit that is not here, everything that no remote branch here has is reported."""
    commit = repo.commit({".env": ENV.format(keys.secret99())})
    report = _push(repo, Push("refs/heads/main", commit, "1" * 40))
    assert places(report) == [(".env", 1, commit)]


def test_pushed_tag(repo: Repo, keys: Keys) -> None:
    """A pushed annotated tag is searched, with the commits that come with it."""
    commit = repo.commit({".env": ENV.format(keys.secret99())})
    repo.git("tag", "-a", "v1", "-m", f"stripe {keys.secret99()}")
    tag = repo.head("v1^{tag}")
    report = _push(repo, Push("refs/tags/v1", tag, None))
    assert places(report) == [(".git/tag", 1, tag), (".env", 1, commit)]


def test_pushed_blob(repo: Repo) -> None:
    """A reference to what is no commit has no history."""
    report = _push(repo, Push("refs/heads/odd", repo.head("HEAD:README"), None))
    assert report.findings == ()
