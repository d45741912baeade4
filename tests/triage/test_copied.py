"""Source files: which of them COPY brought, by path and by content, and nothing outside the root."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from imgscan.triage import buildcontext as folder
from imgscan.triage.copied import SourceLine, SourceTree, Wanted
from imgscan.triage.lexer import UNKNOWN
from imgscan.triage.lines import lines_of
from imgscan.triage.steps import Copied
from tests.triage.keyed import find, sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "KEY-one"


def write(root: Path, path: str, text: str = f"a\nb {KEY}\n") -> None:
    """Write a file below the root; the key is on its second line, unless said otherwise."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def brought(
    root: Path, copied: tuple[list[str], str], path: str, *, unpacks: bool = False, parents: bool = False
) -> SourceLine | None:
    """Ask which source a COPY of `copied` brought to a path."""
    given, destination = copied
    into = destination.endswith("/") or len(given) > 1
    value = Copied(tuple(given), destination.rstrip("/") or "/", into)
    return SourceTree(root, find).brought(value, Wanted(path, sha256(KEY)), unpacks=unpacks, parents=parents)


def test_by_path(tmp_path: Path) -> None:
    """Folders give their content, files their name or the destination's, wildcards what they match."""
    table: list[tuple[str, list[str], str, str, bool]] = [
        ("app/x.env", ["app"], "/srv", "srv/x.env", False),
        ("app/x.env", ["."], "/", "app/x.env", False),
        ("app/x.env", ["./"], "/srv/", "srv/app/x.env", False),
        ("app/x.env", ["app/x.env"], "/etc/y", "etc/y", True),
        ("app/x.env", ["/app/x.env"], "/etc/", "etc/x.env", True),
        ("app/x.env", ["app/x.env"], "/etc", "etc/x.env", True),
        ("app/x.env", ["app/*.env"], "/etc/", "etc/x.env", False),
        ("app/x.env", ["a??/x.*"], "/etc/", "etc/x.env", False),
        ("app/conf/x.env", ["app/*"], "/etc/", "etc/x.env", False),
        ("app/x.env", ["other", "app/x.env"], "/etc/", "etc/x.env", True),
        ("app/x.env", [f"app/{UNKNOWN}.env"], "/etc/", "etc/x.env", False),
        ("app/x.env", ["app"], f"{UNKNOWN}/sub", "any/where/sub/x.env", False),
        ("app/x.env", ["../../app"], "/srv", "srv/x.env", False),
    ]
    for number, (source, given, destination, path, named) in enumerate(table):
        root = tmp_path / str(number)
        write(root, source)
        assert brought(root, (given, destination), path) == SourceLine(source, 2, named), (given, destination)


@pytest.mark.parametrize(
    ("given", "destination", "path"),
    [
        (["app"], "/srv", "etc/x.env"),
        (["app/x.env"], "/etc/", "etc"),
        (["app/x.env"], "/etc/y", "etc/z"),
        (["missing"], "/", "x.env"),
        (["https://example.com/x.env"], "/", "x.env"),
    ],
)
def test_other_paths_have_no_source(tmp_path: Path, given: list[str], destination: str, path: str) -> None:
    """A path that a COPY does not write has no source in it."""
    write(tmp_path, "app/x.env")
    assert brought(tmp_path, (given, destination), path) is None


def test_a_file_without_the_key_is_no_source(tmp_path: Path) -> None:
    """A file in the right place that does not hold the key is not the source."""
    write(tmp_path, "app/x.env", "KEY-other")
    assert brought(tmp_path, (["app"], "/srv"), "srv/x.env") is None


@pytest.mark.parametrize(("given", "path"), [("app/conf", "srv/app/conf/x.env"), ("app/./conf", "srv/conf/x.env")])
def test_parents(tmp_path: Path, given: str, path: str) -> None:
    """`COPY --parents` keeps the folders of a source, those after `/./` only."""
    write(tmp_path, "app/conf/x.env")
    assert brought(tmp_path, ([given], "/srv/"), path, parents=True) == SourceLine("app/conf/x.env", 2)


def test_the_last_source_wins(tmp_path: Path) -> None:
    """Of two sources that give the same path, the later one is in the image."""
    write(tmp_path, "a/x.env")
    write(tmp_path, "b/x.env")
    assert brought(tmp_path, (["a", "b"], "/srv/"), "srv/x.env") == SourceLine("b/x.env", 2)


def test_two_files_for_one_path_are_none(tmp_path: Path) -> None:
    """Where the destination is not known and two files that hold the key could be meant, neither is."""
    write(tmp_path, "x.env")
    write(tmp_path, "b/x.env")
    assert brought(tmp_path, (["."], UNKNOWN), "srv/b/x.env") is None


def test_the_line_of_the_finding(tmp_path: Path) -> None:
    """Of several lines with the key, the one that the finding has is meant, and else the first."""
    write(tmp_path, "x", f"{KEY}\n\n{KEY}\n")
    tree = SourceTree(tmp_path, find)
    for line, expected in ((3, 3), (1, 1), (2, 1), (None, 1)):
        wanted = Wanted("x", sha256(KEY), line)
        place = tree.brought(Copied((".",), "/", into=True), wanted, unpacks=False, parents=False)
        assert place == SourceLine("x", expected)


def _archive(path: Path, compress: Callable[[bytes], bytes] = bytes, **members: str) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in members.items():
            member = tarfile.TarInfo(f"./etc/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    path.write_bytes(compress(stream.getvalue()))


@pytest.mark.parametrize("compress", [bytes, gzip.compress, lzma.compress, bz2.compress])
def test_archives(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    """ADD unpacks a tar archive, however it is compressed: the archive is the source of what comes out."""
    _archive(tmp_path / "a.tar", compress, x="a", y=KEY)
    add = (["a.tar"], "/opt/")
    assert brought(tmp_path, add, "opt/etc/y", unpacks=True) == SourceLine("a.tar", 1, named=True)
    assert brought(tmp_path, add, "opt/etc/x", unpacks=True) is None
    assert brought(tmp_path, add, "opt/etc/y") is None


def test_a_broken_archive_is_no_source(tmp_path: Path) -> None:
    """An archive that is cut has the members before the cut, and does no harm."""
    _archive(tmp_path / "a.tar", x=KEY, y=KEY)
    data = (tmp_path / "a.tar").read_bytes()
    (tmp_path / "a.tar").write_bytes(data[:1030])
    add = (["a.tar"], "/")
    assert brought(tmp_path, add, "etc/x", unpacks=True) == SourceLine("a.tar", 1, named=True)
    assert brought(tmp_path, add, "etc/y", unpacks=True) is None


def test_links_are_followed_within_the_root_only(tmp_path: Path) -> None:
    """A link to a file of the root leads to it; one that leads out of the root, or to itself, leads nowhere."""
    root = tmp_path / "root"
    write(root, "real/x.env")
    write(tmp_path, "outside/x.env")
    (root / "link").symlink_to("real")
    (root / "out").symlink_to("../outside")
    (root / "loop").symlink_to("loop")
    assert brought(root, (["link"], "/srv"), "srv/x.env") == SourceLine("real/x.env", 2)
    assert brought(root, (["out"], "/srv"), "srv/x.env") is None
    assert brought(root, (["loop"], "/srv"), "srv/x.env") is None
    assert brought(root, (["."], "/srv"), "srv/out/x.env") is None
    assert SourceTree(root, find).anywhere(sha256(KEY)) == SourceLine("real/x.env", 2)


@pytest.mark.parametrize("path", ["../secret", "a/../../secret", "nul\0", "x/" * 500])
def test_paths_of_an_image_do_not_lead_out(tmp_path: Path, path: str) -> None:
    """A path that an image names is read below the root, or not at all."""
    write(tmp_path, "secret")
    (tmp_path / "root").mkdir()
    assert brought(tmp_path / "root", (["."], "/"), path) is None


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A pipe in the sources does not stop the search."""
    os.mkfifo(tmp_path / "pipe")
    assert brought(tmp_path, (["."], "/"), "pipe") is None
    assert SourceTree(tmp_path, find).anywhere(sha256(KEY)) is None


def test_large_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit has no origin."""
    monkeypatch.setattr(folder, "LARGEST", 64)
    write(tmp_path, "large", f"{KEY}\n" + "x" * 64)
    assert brought(tmp_path, (["."], "/"), "large") is None


def test_by_content(tmp_path: Path) -> None:
    """A key that is at one place below the root is known by that."""
    write(tmp_path, "src/pay.js")
    assert SourceTree(tmp_path, find).anywhere(sha256(KEY)) == SourceLine("src/pay.js", 2)


def test_two_places_are_none(tmp_path: Path) -> None:
    """A key that is at two places has no certain one, unless only one is in what was copied."""
    write(tmp_path, "src/pay.js")
    write(tmp_path, "docs/pay.md")
    tree = SourceTree(tmp_path, find)
    assert tree.anywhere(sha256(KEY)) is None
    assert tree.anywhere(sha256(KEY), [Copied(("src",), "/", into=True)]) == SourceLine("src/pay.js", 2)


def test_a_tree_over_the_limit_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a search by content would not see all files, it concludes nothing."""
    write(tmp_path, "a")
    write(tmp_path, "b", "nothing")
    monkeypatch.setattr(folder, "MOST_FILES", 1)
    assert SourceTree(tmp_path, find).anywhere(sha256(KEY)) is None


def test_version_control_is_left_out(tmp_path: Path) -> None:
    """What git keeps in `.git` is no source."""
    write(tmp_path, ".git/COMMIT_EDITMSG")
    assert SourceTree(tmp_path, find).anywhere(sha256(KEY)) is None


@pytest.mark.parametrize(("ignore", "line"), [("docs\n", 2), ("*\n!src\n", 2), ("src\ndocs\n", None)])
def test_a_search_by_content_leaves_out_what_builds_do(tmp_path: Path, ignore: str, line: int | None) -> None:
    """A key in a file that `.dockerignore` leaves out does not make another place uncertain, nor is it one."""
    write(tmp_path, "src/pay.js")
    write(tmp_path, "docs/pay.md")
    write(tmp_path, ".dockerignore", ignore)
    found = SourceTree(tmp_path, find).anywhere(sha256(KEY))
    assert found == (SourceLine("src/pay.js", line) if line else None)


def test_no_root(tmp_path: Path) -> None:
    """A root that does not exist has no files."""
    assert brought(tmp_path / "none", (["."], "/"), "x") is None
    assert SourceTree(tmp_path / "none", find).anywhere(sha256(KEY)) is None


@pytest.mark.parametrize("name", [".dockerignore", ".containerignore"])
def test_ignored(tmp_path: Path, name: str) -> None:
    """What the ignore file of the root leaves out is ignored."""
    write(tmp_path, name, "*.env\n")
    tree = SourceTree(tmp_path, find)
    assert (tree.ignored("x.env"), tree.ignored("y")) == (True, False)


def test_the_own_ignore_file_goes_first(tmp_path: Path) -> None:
    """The ignore file of the Dockerfile takes the place of the root's."""
    write(tmp_path, ".dockerignore", "a\n")
    write(tmp_path, "Dockerfile.dockerignore", "b\n")
    tree = SourceTree(tmp_path, find, ignore_file=tmp_path / "Dockerfile.dockerignore")
    assert (tree.ignored("a"), tree.ignored("b")) == (False, True)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a\r\nb\rKEY-x", 2),
        ("\ufeffa\nbĊ\nKEY-x".encode("utf-16-le"), 3),
        ("\ufeffa\nbĊ\nKEY-x".encode("utf-16-be"), 3),
        ("a\nb\nKEY-x".encode("utf-16-le"), 3),
        (b"\0\1\nKEY-x\0\0\0", 1),
    ],
    ids=["8-bit", "utf-16-le", "utf-16-be", "utf-16 without mark", "binary"],
)
def test_lines(data: bytes, line: int) -> None:
    """Lines are counted as in reports: by newlines, in the file's characters; a binary has one."""
    assert lines_of(data, [("x", data.index(b"K"))]) == {"x": (line,)}


def test_every_line_once() -> None:
    """A key that is on several lines has all of them, each once, in order."""
    data = b"KEY-x KEY-x\n\nKEY-x\n"
    assert lines_of(data, find(data)) == {sha256("KEY-x"): (1, 3)}
