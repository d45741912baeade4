"""What is left out: `--exclude` by table, `.gitignore` as git itself decides."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.keys import Keys
from imgscan.errors import UsageError
from imgscan.scan.tree.exclude import Sieve
from imgscan.scan.tree.gitignore import Patterns, compile_pattern
from tests import tools
from tests.effort import examples
from tests.scan.trees import grow, lacks, listed, paths, scan_tree

if TYPE_CHECKING:
    from pathlib import Path

LINE = b"STRIPE_KEY=" + Keys("globs").secret99().encode() + b"\n"

TREE = ["a.log", "b.txt", "build/x", "build/y.log", "src/a.log", "src/build/z", "src/deep/er/m.pdf", "docs/n.pdf",
        "#odd", "[x]", "with space", ".hidden/h"]  # fmt: skip


def test_globs_leave_out(tmp_path: Path) -> None:
    """A glob leaves out what a line of `.gitignore` at the top of the folder would."""
    root = grow(tmp_path, dict.fromkeys(TREE, LINE))
    table: list[tuple[list[str], set[str]]] = [
        (["*.log"], {"a.log", "build/y.log", "src/a.log"}),
        (["/*.log"], {"a.log"}),
        (["./a.log"], {"a.log"}),
        (["src/*.log"], {"src/a.log"}),
        (["build"], {"build/x", "build/y.log", "src/build/z"}),
        (["build/"], {"build/x", "build/y.log", "src/build/z"}),
        (["/build/"], {"build/x", "build/y.log"}),
        (["./build"], {"build/x", "build/y.log"}),
        (["build/*"], {"build/x", "build/y.log"}),
        (["b.txt/"], set()),
        (["**/*.pdf"], {"src/deep/er/m.pdf", "docs/n.pdf"}),
        (["src/**/*.pdf"], {"src/deep/er/m.pdf"}),
        (["src/**"], {"src/a.log", "src/build/z", "src/deep/er/m.pdf"}),
        (["**/er"], {"src/deep/er/m.pdf"}),
        (["*.log", "!src/*.log"], {"a.log", "build/y.log"}),
        (["[ab].*"], {"a.log", "b.txt", "src/a.log"}),
        (["?.log"], {"a.log", "build/y.log", "src/a.log"}),
        (["#odd"], {"#odd"}),
        (["\\[x\\]"], {"[x]"}),
        (["with space"], {"with space"}),
        (["*space"], {"with space"}),
        ([".*"], {".hidden/h"}),
        (["*"], set(TREE)),
        (["*.LOG"], set()),
        (["../*"], set()),
    ]
    for globs, gone in table:
        assert set(TREE) - set(paths(scan_tree(root, exclude=globs))) == gone, globs


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    """The report says how many files and folders were left out; a folder counts once."""
    root = grow(tmp_path, dict.fromkeys(TREE, LINE))
    report = scan_tree(root, exclude=["*.log", "/src/"])
    assert lacks(report) == [("skipped", "excluded", None)]
    assert report.diagnostics[0].message == "3 files or folders were left out because of --exclude"
    assert report.whole


def test_nothing_left_out_is_not_told(tmp_path: Path) -> None:
    """A glob that matches nothing adds nothing to the report."""
    assert scan_tree(grow(tmp_path, {"a": LINE}), exclude=["b"], gitignore=True).diagnostics == ()


def test_what_is_left_out_is_not_looked_at(tmp_path: Path) -> None:
    """Neither a pipe nor a folder that is left out is told of."""
    root = grow(tmp_path, {"a": LINE})
    os.mkfifo(root / "pipe")
    assert [code for _, code, _ in lacks(scan_tree(root, exclude=["pipe"]))] == ["excluded"]


def test_a_file_that_is_named_itself_is_never_left_out(tmp_path: Path) -> None:
    """Globs are for what a folder holds."""
    assert paths(scan_tree(grow(tmp_path, {"a.log": LINE}) / "a.log", exclude=["*.log"])) == ["a.log"]


@pytest.mark.parametrize("glob", ["", "  "])
def test_an_empty_glob_is_refused(glob: str) -> None:
    """A glob of nothing is an error of the request, not one that matches nothing."""
    with pytest.raises(UsageError, match="empty glob"):
        Sieve(b".", [glob])


@pytest.mark.parametrize("glob", ["!", "/", "a/***b\\"])
def test_a_glob_that_is_none_is_refused(glob: str) -> None:
    """A glob that cannot match anything is an error of the request."""
    with pytest.raises(UsageError, match="not a glob"):
        Sieve(b".", [glob])


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (b"*a" * 40 + b"*b", b"a" * 255),
        (b"*?" * 40 + b"[!a]", b"a" * 255),
        (b"**/" + b"a/**/" * 20 + b"b", b"a/" * 2000 + b"a"),
        (b"x/" + b"**/*a*/" * 20 + b"b", b"x/" + b"aa/" * 1300 + b"a"),
    ],
)
def test_a_hostile_pattern_ends(line: bytes, path: bytes) -> None:
    """A pattern of many wildcards is done with the longest name at once."""
    assert Patterns([compile_pattern(line)]).decide(path) is None


# .gitignore


def git(root: Path, *arguments: str, **options: object) -> bytes:
    """Run git in a folder without anybody's settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    command = [str(tools.find("git")), "-C", str(root), "-c", "core.excludesFile=", *arguments]
    return subprocess.run(command, env=environment, check=False, capture_output=True, timeout=300, **options).stdout  # type: ignore[call-overload,no-any-return]


def kept_by_git(root: Path) -> list[bytes]:
    """Return the files below a repository that git would not ignore, in order."""
    names = [
        os.path.relpath(os.path.join(os.fsencode(folder), os.fsencode(name)), os.fsencode(root))  # noqa: PTH118
        for folder, _, files in os.walk(root)
        for name in files
    ]
    names = [name for name in names if not name.startswith(b".git/")]
    given = b"".join(name + b"\0" for name in names)
    ignored = git(root, "check-ignore", "--no-index", "--stdin", "-z", input=given).split(b"\0")
    return sorted(set(names) - set(ignored))


def kept(root: Path) -> list[bytes]:
    """Return the files that a walk which obeys .gitignore lists."""
    return [name for name in listed(root, Sieve(os.fsencode(root), gitignore=True)) if not name.startswith(b".git/")]


def test_gitignore_files_leave_out_what_git_ignores(tmp_path: Path) -> None:
    """`--respect-gitignore` lists the files that git itself does not ignore."""
    table = [
        {"": "*.log\nbuild/\n"},
        {"": "*.log\n!a.log\n"},
        {"": "/build\n/src/*\n!/src/deep\n"},
        {"": "*\n!*/\n!*.pdf\n"},
        {"": "# comment\n\n\\#odd\n\\!x\nwith\\ space\n*.txt   \n"},
        {"": "src/**/*.pdf\n**/build\nb.txt/\n"},
        {"": "**\n!src/\n!src/a.log\n"},
        {"": "docs/*\n!docs/n.pdf\nbuild\n!build/x\n"},
        {"": "*.log\r\nbuild/\r\n"},
        {"": "\ufeff*.log\n"},
        {"": "[a-b].*\n[!x]*.pdf\n[[]x]\n"},
        {"": "*.log\n", "src/": "!*.log\n/build\n"},
        {"src/": "*\n!.gitignore\n", "docs/": "/*.pdf\n"},
        {"src/": "deep/er\n", "src/deep/": "!er\n"},
        {"src/deep/er/": "m.*\n", "": "er/n\n"},
        {"": "build/*.log\n*/z\nsrc/deep/**\n"},
        {"": "a**g\nb*.t?t\nsr[c]/a.log\n"},
        {"": "/\n//\n!\n***\n"},
        {"": "[\n[a\nb.txt\n"},
    ]  # fmt: skip
    for number, ignores in enumerate(table):
        root = grow(tmp_path / str(number), dict.fromkeys(TREE, b"x"))
        git(root, "init", "-q")
        grow(root, {f"{folder}.gitignore": text.encode() for folder, text in ignores.items()})
        assert kept(root) == kept_by_git(root), ignores


_parts = st.sampled_from(["a", "b", "*", "?", "**", "[ab]", "a*", "*.b", "c.b"])
_lines = st.builds(
    lambda bang, top, parts, end: bang + top + "/".join(parts) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(_parts, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "/*", "/**"]),
)
_folders = st.sampled_from(["", "a/", "b/", "a/b/", "a/a/"])


@given(st.dictionaries(_folders, st.lists(_lines, min_size=1, max_size=4), min_size=1, max_size=3))
@settings(max_examples=examples(20))
def test_any_gitignore_files(tmp_path_factory: pytest.TempPathFactory, ignores: dict[str, list[str]]) -> None:
    """The same, for patterns at random in several folders."""
    names = ["a/a/a", "a/a/c.b", "a/b/b", "a/b/a.b", "a/c", "b/a", "b/c.b", "b/b/b/b", "c", "c.b", "ab"]
    root = grow(tmp_path_factory.mktemp("ignored"), dict.fromkeys(names, b"x"))
    git(root, "init", "-q")
    grow(root, {f"{folder}.gitignore": "\n".join(lines).encode() for folder, lines in ignores.items()})
    assert kept(root) == kept_by_git(root)


def test_gitignore_files_above_the_folder_count(tmp_path: Path) -> None:
    """In a folder of a repository the files above it, up to the repository's top, are obeyed too."""
    grow(
        tmp_path,
        {".gitignore": b"*.txt\n", "r/.git/": b"", "r/.gitignore": b"*.log\n/s/t/x\n", "r/s/.gitignore": b"!a.log\n"},
    )
    grow(tmp_path, {"r/s/t/a.log": b"", "r/s/t/b.log": b"", "r/s/t/x": b"", "r/s/t/y.txt": b""})
    assert kept(tmp_path / "r/s/t") == [b"a.log", b"y.txt"]


def test_gitignore_files_are_not_obeyed_unless_asked(tmp_path: Path) -> None:
    """A leak in an ignored file is a leak: `.gitignore` counts only where the user says so."""
    root = grow(tmp_path, {".gitignore": b"env\n", "env": LINE, "a": LINE})
    assert paths(scan_tree(root)) == ["a", "env"]
    report = scan_tree(root, gitignore=True)
    assert paths(report) == ["a"]
    assert report.diagnostics[0].message == "1 files or folders were left out because of .gitignore files"


def test_a_gitignore_that_is_no_file_is_not_obeyed(tmp_path: Path) -> None:
    """A link, a folder or a pipe of that name is none, and is not waited for."""
    grow(tmp_path, {"ignores": b"*\n", "a/x": b"", "b/x": b"", "b/.gitignore/": b"", "c/x": b""})
    (tmp_path / "a/.gitignore").symlink_to("../ignores")
    os.mkfifo(tmp_path / "c/.gitignore")
    assert kept(tmp_path) == [b"a/x", b"b/x", b"c/x", b"ignores"]
