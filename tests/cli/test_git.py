"""`imgscan git`, by itself, as git's own hooks and under pre-commit."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.keys import Keys
from imgscan.report import FORMATS
from tests import tools
from tests.cli.driver import TOP, command, environment, process
from tests.scan.repositories import ENVIRONMENT, Repo

if TYPE_CHECKING:
    from tests.cli.conftest import Imgscan

ENV = "STRIPE_KEY={}\n"
ZEROS = "0" * 40


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in os.environ:
        if name.startswith(("PRE_COMMIT", "GIT_DIR", "GIT_INDEX")):
            monkeypatch.delenv(name)


@pytest.fixture
def keys() -> Keys:
    """Return keys."""
    return Keys("cli git")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """Return a repository with one commit that a bare remote has too; it is the working directory."""
    made = Repo.make(tmp_path / "repo")
    made.commit({"README": "nothing\n"})
    made.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote.git"))
    made.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    made.git("push", "-q", "origin", "main")
    monkeypatch.chdir(made.folder)
    return made


def pushed(*lines: str) -> bytes:
    """Write what git writes to its hook."""
    return "".join(f"{line}\n" for line in lines).encode()


# the command


def test_staged(imgscan: Imgscan, repo: Repo, keys: Keys) -> None:
    """A staged key makes the exit code 1, a clean index 0."""
    repo.write({"a.txt": "clean\n"})
    assert imgscan("git", "--staged").code == 0
    repo.write({".env": ENV.format(keys.secret99())})
    done = imgscan("git", "--staged")
    assert done.code == 1
    assert ".env:1:12" in done.out


def test_staged_is_the_default(imgscan: Imgscan, repo: Repo, keys: Keys) -> None:
    """Without a choice it is what the next commit would add."""
    repo.write({".env": ENV.format(keys.secret99())})
    assert imgscan("git", "-f", "json").json == imgscan("git", "--staged", "-f", "json").json


def test_range(imgscan: Imgscan, repo: Repo, keys: Keys) -> None:
    """A range is that of git rev-list."""
    repo.commit({".env": ENV.format(keys.secret99())})
    repo.commit({"x": "1"})
    assert imgscan("git", "HEAD~1..HEAD").code == 0
    done = imgscan("git", "HEAD~2..HEAD", "-f", "json")
    [target] = done.json["targets"]
    assert (done.code, target["target"], target["kind"]) == (1, "git:HEAD~2..HEAD", "git")


def test_all_history(imgscan: Imgscan, repo: Repo, keys: Keys) -> None:
    """The whole history knows a key that HEAD has no more."""
    repo.commit({".env": ENV.format(keys.secret99())})
    repo.commit({".env": None})
    done = imgscan("git", "--all-history", "-f", "json")
    [finding] = done.json["targets"][0]["findings"]
    assert (done.code, finding["visibility"]) == (1, {"state": "deleted", "layer": None})


def test_commit_in_json(imgscan: Imgscan, repo: Repo, keys: Keys) -> None:
    """JSON names commit and date, which are null for what is staged."""
    repo.write({".env": ENV.format(keys.secret99())})
    [finding] = imgscan("git", "-f", "json").json["targets"][0]["findings"]
    assert (finding["location"]["commit"], finding["location"]["authored"]) == (None, None)
    commit = repo.commit()
    [finding] = imgscan("git", "--all-history", "-f", "json").json["targets"][0]["findings"]
    assert (finding["location"]["commit"], finding["location"]["authored"]) == (commit, ENVIRONMENT["GIT_AUTHOR_DATE"])


@pytest.mark.parametrize("form", FORMATS)
def test_every_format(imgscan: Imgscan, repo: Repo, keys: Keys, form: str) -> None:
    """Each format can report a repository, without the secret."""
    key = keys.secret99()
    repo.commit({".env": ENV.format(key)}, f"stripe {key}")
    repo.commit({".env": None})
    done = imgscan("git", "--all-history", "-f", form)
    assert done.code == 1
    assert ".env" in done.out
    assert key not in done.out + done.err


@pytest.mark.parametrize(
    "arguments",
    [("--staged", "--all-history"), ("--staged", "HEAD"), ("--all-history", "HEAD"), ("--pre-push", "--staged")],
)
def test_one_choice(imgscan: Imgscan, repo: Repo, arguments: tuple[str, ...]) -> None:
    """Choices that contradict each other are refused."""
    done = imgscan("git", *arguments)
    assert done.code == 2
    assert "choose one" in done.err


def test_no_repository(imgscan: Imgscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a repository the exit code is 2, and the report says why."""
    monkeypatch.chdir(tmp_path)
    done = imgscan("git", "-f", "json")
    [diagnostic] = done.json["targets"][0]["diagnostics"]
    assert (done.code, diagnostic["severity"]) == (2, "error")
    assert "not a git repository" in done.err


def test_no_git(imgscan: Imgscan, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where git is not installed it is said."""
    from imgscan.sources import gitprocess  # noqa: PLC0415 - to let it look again

    gitprocess._program.cache_clear()
    monkeypatch.setenv("PATH", "/nonexistent")
    done = imgscan("git")
    monkeypatch.undo()
    gitprocess._program.cache_clear()
    assert done.code == 2
    assert "git is not installed" in done.err


def test_unknown_range(imgscan: Imgscan, repo: Repo) -> None:
    """A range of unknown names is exit code 2."""
    done = imgscan("git", "nope..HEAD")
    assert done.code == 2
    assert "no such revision" in done.err


def test_starts_light(repo: Repo) -> None:
    """A hook imports neither Hyperscan nor what reads images."""
    repo.write({"a.txt": "clean\n"})
    done = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-m", "imgscan", "git", "--staged"],
        capture_output=True, text=True, env=environment(), check=True, timeout=300,
    )  # fmt: skip
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "imgscan.scan.git.history" in modules
    assert not modules & {
        "hyperscan",
        "docker",
        "requests",
        "tqdm",
        "imgscan.scan.image.images",
        "imgscan.sources.daemon",
    }


# the protocol of the pre-push hook


def push(repo: Repo, data: bytes, *arguments: str, **environment_: str) -> tuple[int, str]:
    """Run the hook's command on its input; return its code and output."""
    options = environment(**environment_)
    done = subprocess.run(
        command("git", "--pre-push", *arguments), input=data, capture_output=True, check=False, env=options, timeout=300
    )
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def test_update(repo: Repo, keys: Keys) -> None:
    """Of a branch that the remote has, what comes after its commit is searched."""
    old = repo.commit({"old.env": ENV.format(keys.secret99())})
    repo.git("push", "-q", "origin", "main")
    new = repo.commit({"new.env": ENV.format(keys.secret99())})
    code, out = push(repo, pushed(f"refs/heads/main {new} refs/heads/main {old}"), "origin", "url")
    assert code == 1
    assert "new.env:1" in out
    assert "old.env" not in out


def test_deletion(repo: Repo, keys: Keys) -> None:
    """Deleting a branch sends nothing."""
    head = repo.commit({".env": ENV.format(keys.secret99())})
    assert push(repo, pushed(f"(delete) {ZEROS} refs/heads/topic {head}"), "origin", "url")[0] == 0


def test_nothing_pushed(repo: Repo, keys: Keys) -> None:
    """Git runs the hook for a push that sends nothing, too."""
    repo.commit({".env": ENV.format(keys.secret99())})
    assert push(repo, b"", "origin", "url")[0] == 0


def test_two_branches(repo: Repo, keys: Keys) -> None:
    """A commit that two pushed branches share is reported with the first."""
    shared = repo.commit({"shared.env": ENV.format(keys.secret99())})
    repo.git("checkout", "-q", "-b", "topic")
    topic = repo.commit({"topic.env": ENV.format(keys.secret99())})
    lines = [f"refs/heads/main {shared} refs/heads/main {ZEROS}", f"refs/heads/topic {topic} refs/heads/topic {ZEROS}"]
    code, out = push(repo, pushed(*lines), "origin", "url")
    assert code == 1
    assert (out.count("shared.env:1"), out.count("topic.env:1")) == (1, 1)


@pytest.mark.parametrize("data", [b"rubbish\n", b"a b c d\n", pushed(f"refs/heads/x zz refs/heads/x {ZEROS}")])
def test_not_the_protocol(repo: Repo, data: bytes) -> None:
    """What is not git's protocol is refused with its line, for nothing would be searched."""
    code, out = push(repo, data, "origin", "url")
    assert code == 2
    assert "standard input, line 1" in out


@pytest.mark.parametrize("first", [False, True], ids=["update", "first push"])
def test_pre_commit_variables(repo: Repo, keys: Keys, *, first: bool) -> None:
    """Under pre-commit its variables say what is pushed."""
    repo.commit({"new.env": ENV.format(keys.secret99())})
    variables = {"PRE_COMMIT": "1", "PRE_COMMIT_REMOTE_NAME": "origin", "PRE_COMMIT_LOCAL_BRANCH": "refs/heads/main",
                 "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/main"}  # fmt: skip
    if not first:
        variables |= {"PRE_COMMIT_FROM_REF": repo.head("HEAD~1"), "PRE_COMMIT_TO_REF": repo.head()}
    code, out = push(repo, b"", **variables)
    assert code == 1
    assert "git:refs/heads/main" in out
    assert "new.env:1" in out


def test_pre_commit_by_hand(repo: Repo, keys: Keys) -> None:
    """Where pre-commit says nothing of a push, it is what HEAD has and no remote."""
    repo.commit({"new.env": ENV.format(keys.secret99())})
    assert push(repo, b"", PRE_COMMIT="1")[0] == 1


def test_pre_commit_unknown_commit(repo: Repo) -> None:
    """A variable that names no commit is refused."""
    code, out = push(repo, b"", PRE_COMMIT_FROM_REF=ZEROS, PRE_COMMIT_TO_REF="1" * 40)
    assert code == 2
    assert "PRE_COMMIT_TO_REF is not a commit" in out


# real hooks, a real remote


@pytest.fixture
def hooked(repo: Repo) -> Repo:
    """Return the repository with both of git's hooks, which run this imgscan."""
    for name, arguments in (("pre-commit", "--staged"), ("pre-push", '--pre-push "$@"')):
        hook = repo.folder / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        run = shlex.join(command("git"))
        hook.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(TOP))} exec {run} {arguments}\n")
        hook.chmod(0o755)
    return repo


def attempt(repo: Repo, *arguments: str) -> tuple[bool, str]:
    """Run git, which may be stopped by a hook."""
    done = subprocess.run(
        ["git", *arguments], cwd=repo.folder, capture_output=True, check=False, timeout=300, stdin=subprocess.DEVNULL
    )
    return done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")


def test_commit_is_stopped(hooked: Repo, keys: Keys) -> None:
    """A real commit with a key is stopped, and one without passes."""
    hooked.write({".env": ENV.format(keys.secret99())})
    made, said = attempt(hooked, "commit", "-m", "x")
    assert not made
    assert ".env:1:12" in said
    hooked.write({".env": "STRIPE_KEY=\n"})
    assert attempt(hooked, "commit", "-m", "x")[0]


def test_partial_commit(hooked: Repo, keys: Keys) -> None:
    """A commit of some files only, for which git makes an index of its own, is searched as what it is."""
    hooked.commit({"a": "1", ".env": "1"}, "files")
    (hooked.folder / ".env").write_text(ENV.format(keys.secret99()))
    (hooked.folder / "a").write_text("2")
    assert attempt(hooked, "commit", "-m", "x", "a")[0]
    assert not attempt(hooked, "commit", "-m", "x", ".env")[0]


def test_worktree(hooked: Repo, keys: Keys, tmp_path: Path) -> None:
    """In a linked working tree its own index is searched."""
    hooked.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    tree = Repo(tmp_path / "tree")
    tree.write({".env": ENV.format(keys.secret99())})
    assert not attempt(tree, "commit", "-m", "x")[0]
    assert attempt(hooked, "commit", "--allow-empty", "-m", "x")[0]


def test_push_is_stopped(hooked: Repo, keys: Keys) -> None:
    """A real push of a key in a new branch is stopped; after the commit is rewritten it passes."""
    hooked.git("checkout", "-q", "-b", "topic")
    hooked.write({".env": ENV.format(keys.secret99())})
    hooked.git("commit", "-q", "--no-verify", "-m", "oops")
    made, said = attempt(hooked, "push", "origin", "topic")
    assert not made
    assert ".env:1:12" in said
    hooked.write({".env": None})
    hooked.git("commit", "-q", "-m", "removed, but still in the history")
    assert not attempt(hooked, "push", "origin", "topic")[0]
    hooked.git("reset", "-q", "--hard", "main")
    hooked.git("commit", "-q", "--allow-empty", "-m", "clean")
    made, said = attempt(hooked, "push", "origin", "topic")
    assert made, said


def test_forced_push(hooked: Repo, keys: Keys) -> None:
    """A forced push is searched for what the remote lacks; a deletion passes."""
    hooked.git("checkout", "-q", "-b", "topic")
    hooked.commit({"x": "1"})
    assert attempt(hooked, "push", "origin", "topic")[0]
    hooked.git("reset", "-q", "--hard", "main")
    hooked.write({".env": ENV.format(keys.secret99())})
    hooked.git("commit", "-q", "--no-verify", "-m", "oops")
    assert not attempt(hooked, "push", "--force", "origin", "topic")[0]
    assert attempt(hooked, "push", "origin", ":topic")[0]


# pre-commit


def pre_commit(repo: Repo, home: Path, *arguments: str) -> tuple[bool, str]:
    """Run pre-commit with a home of its own."""
    beside = shutil.which("pre-commit", path=str(Path(sys.executable).parent))
    tool = beside or tools.find("pre-commit", variable="IMGSCAN_PRE_COMMIT")
    done = subprocess.run(
        [str(tool), *arguments], cwd=repo.folder, capture_output=True, check=False, timeout=600,
        env=environment(PRE_COMMIT_HOME=str(home)),
    )  # fmt: skip
    return done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")


def hooks() -> str:
    """Return this project's hooks, to be run by this imgscan instead of one that is installed."""
    text = (TOP / ".pre-commit-hooks.yaml").read_text()
    assert text.count("entry: imgscan git") == text.count("language: python") == 2
    text = text.replace("entry: imgscan", f"entry: {shlex.join(command())}").replace(
        "language: python", "language: system"
    )
    return "repos:\n- repo: local\n  hooks:\n" + "".join(f"  {line}\n" for line in text.splitlines())


@pytest.fixture
def framed(repo: Repo, tmp_path: Path) -> Repo:
    """Return the repository with pre-commit's hooks in it."""
    repo.commit({".pre-commit-config.yaml": hooks()})
    done, said = pre_commit(repo, tmp_path / "home", "install", "-t", "pre-commit", "-t", "pre-push")
    assert done, said
    repo.git("push", "-q", "--no-verify", "origin", "main")
    return repo


def test_pre_commit_stops(framed: Repo, keys: Keys, tmp_path: Path) -> None:
    """pre-commit stops a commit with a key, and lets one without pass."""
    framed.write({".env": ENV.format(keys.secret99())})
    passed, said = pre_commit(framed, tmp_path / "home", "run")
    assert not passed
    assert ".env:1:12" in said
    framed.write({".env": "STRIPE_KEY=\n"})
    passed, said = pre_commit(framed, tmp_path / "home", "run")
    assert passed, said


@pytest.mark.parametrize("branch", ["main", "topic"])
def test_pre_commit_stops_a_push(
    framed: Repo, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, branch: str
) -> None:
    """A real push under pre-commit is stopped by a key, to a branch that is there and to a new one."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(TOP))
    if branch != "main":
        framed.git("checkout", "-q", "-b", branch)
    framed.write({".env": ENV.format(keys.secret99())})
    framed.git("commit", "-q", "--no-verify", "-m", "oops")
    made, said = attempt(framed, "push", "origin", branch)
    assert not made
    assert ".env:1:12" in said
    framed.git("reset", "-q", "--hard", "HEAD~1")
    framed.write({"clean.txt": "1\n"})
    framed.git("commit", "-q", "--no-verify", "-m", "clean")
    made, said = attempt(framed, "push", "origin", branch)
    assert made, said


def test_first_push_under_pre_commit(framed: Repo, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push of everything to an empty remote, of which pre-commit says least, is searched from the start."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(TOP))
    framed.git("init", "-q", "--bare", str(tmp_path / "empty.git"))
    framed.git("remote", "add", "empty", str(tmp_path / "empty.git"))
    framed.write({".env": ENV.format(keys.secret99())})
    framed.git("commit", "-q", "--no-verify", "-m", "oops")
    framed.write({".env": None})
    framed.git("commit", "-q", "--no-verify", "-m", "gone")
    made, said = attempt(framed, "push", "empty", "main")
    assert not made
    assert ".env:1:12" in said


def test_installed_by_pre_commit(repo: Repo, keys: Keys, tmp_path: Path) -> None:
    """pre-commit installs imgscan from its repository and runs it by the name of the hook."""
    tools.index("pre-commit installs imgscan")
    ours = Repo.make(tmp_path / "imgscan")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(TOP / name, ours.folder)
    shutil.copytree(TOP / "imgscan", ours.folder / "imgscan", ignore=shutil.ignore_patterns("__pycache__"))
    rev = ours.commit()
    config = (
        f"repos:\n- repo: {ours.folder}\n  rev: {rev}\n  hooks:\n  - id: imgscan-staged\n  - id: imgscan-pre-push\n"
    )
    repo.write({".pre-commit-config.yaml": config, ".env": ENV.format(keys.secret99())})
    passed, said = pre_commit(repo, tmp_path / "home", "run")
    assert not passed
    assert ".env:1:12" in said
    repo.write({".env": None})
    passed, said = pre_commit(repo, tmp_path / "home", "run")
    assert passed, said


def test_terminal(repo: Repo) -> None:
    """At a terminal --pre-push says what it waits for instead of waiting."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    done = process("git", "--pre-push", stdin=theirs)
    os.close(ours)
    os.close(theirs)
    assert done.code == 2
    assert "run it from one" in done.err
