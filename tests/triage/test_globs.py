"""Globs: what they match, held to git where git has an opinion."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscan.triage.globs import Glob
from tests import tools

if TYPE_CHECKING:
    from pathlib import Path

GLOBS = [
    "*.md", "docs", "docs/", "docs/*", "docs/**", "docs/**/x", "**/x", "**/docs/**", "/x", "/docs/x", "docs/x",
    "a/**/b", "a/**/**/b", "?", "[ab]", "[!ab]", "a*b", "*", "**", "\\*", "\\[x\\]", "a/*/b", "docs/*.md", "**/*.md",
    "x.md/",
]  # fmt: skip
PATHS = [
    "x", "a.md", "docs/x", "docs/a.md", "docs/d/x", "docs/d/a.md", "sub/docs/x", "sub/x", "a/b", "a/c/b", "a/c/d/b",
    "b", "ab", "acb", "*", "[x]", "x.md/inside", "a/b/c",
]  # fmt: skip


@pytest.fixture(scope="module")
def git_says(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Ask git which glob ignores which path."""
    git = tools.find("git")
    said = set()
    for number, glob in enumerate(GLOBS):
        folder: Path = tmp_path_factory.mktemp(f"glob{number}")
        subprocess.run([git, "init", "-q", str(folder)], check=True)
        (folder / ".gitignore").write_text(f"{glob}\n")
        asked = subprocess.run(
            [git, "check-ignore", "--no-index", "-z", "--stdin"], cwd=folder, input="\0".join(PATHS).encode(),
            capture_output=True, check=False,
        )  # fmt: skip
        said |= {(glob, path) for path in asked.stdout.decode().split("\0") if path}
    return said


@pytest.mark.parametrize("glob", GLOBS)
def test_as_git(git_says: set[tuple[str, str]], glob: str) -> None:
    """A glob matches the paths that git would ignore by it."""
    compiled = Glob(glob)
    assert {path for path in PATHS if compiled.matches(path)} == {path for one, path in git_says if one == glob}


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("app.jar!/config/*", "app.jar!/config/a.properties", True),
        ("*.jar!", "lib/app.jar!/config/a.properties", True),
        (".image/", ".image/config.json", True),
        ("docs/**", "DOCS/x", False),
    ],
)
def test_paths_of_reports(glob: str, path: str, *, expected: bool) -> None:
    """An archive is a folder, the image's description another; case counts."""
    assert Glob(glob).matches(path) is expected


@pytest.mark.parametrize("glob", ["", "/", "//"])
def test_empty(glob: str) -> None:
    """A glob that names nothing is refused."""
    with pytest.raises(ValueError, match="empty"):
        Glob(glob)


@given(st.text(alphabet="ab*?[]!-^\\/", max_size=12), st.text(alphabet="ab*[]!-^\\/", max_size=12))
def test_any_glob(glob: str, path: str) -> None:
    """Any text is a glob or refused as one, and can be asked of any path."""
    try:
        compiled = Glob(glob)
    except ValueError:
        return
    assert compiled.matches(path) in (True, False)
