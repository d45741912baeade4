"""Files that hold others: compressed ones and tar archives, in a tree and on standard input."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
from typing import TYPE_CHECKING

import pytest
import zstandard

from fixtures.builders import tar
from fixtures.keys import Keys
from imgscan.containers.formats import find
from imgscan.scan.search import WINDOW
from tests.scan.support import digest
from tests.scan.trees import found, grow, lacks, paths, scan_tree
from tests.streams.tar_archives import END, file, header
from tests.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEYS = Keys("inside")
KEY = KEYS.secret99().encode()
OTHER = KEYS.restricted().encode()
LINE = b"STRIPE_KEY=" + KEY + b"\n"

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 1, mtime=0),
    "bz2": lambda data: bz2.compress(data, 1),
    "xz": lambda data: lzma.compress(data, preset=0),
    "zst": lambda data: zstandard.compress(data, 1),
}
NOISE = random.Random("noise").randbytes(WINDOW + (1 << 17))
"""What keeps a compressed file larger than a window."""


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("filler", [b"", b"\n" * len(NOISE), NOISE], ids=["small", "large-inside", "large"])
def test_a_compressed_file_is_read_as_what_it_holds(tmp_path: Path, kind: str, filler: bytes) -> None:
    """A key in a compressed file has the file's own path, and its place in the plain content."""
    root = grow(tmp_path, {f"logs/app.log.{kind}": PACK[kind](filler + b"\n" + LINE), "z": LINE})
    first, second = scan_tree(root).findings
    assert (first.location.path, second.location.path) == (f"logs/app.log.{kind}", "z")
    assert first.location.offset == len(filler) + 12
    assert first.location.line == (None if filler is NOISE else filler.count(b"\n") + 2)


@pytest.mark.parametrize("kind", ["", *PACK])
@pytest.mark.parametrize("filler", [b"", b"\n" * len(NOISE)], ids=["small", "large"])
def test_members_of_a_tar_have_its_path_before_theirs(tmp_path: Path, kind: str, filler: bytes) -> None:
    """A key in a tar, in any compression, is found under the archive's path, `!/` and the member's."""
    name = f"b.tar.{kind}".rstrip(".")
    data = tar([("./home/.env", b"a\n" + LINE), ("more", filler), ("x", OTHER)])
    report = scan_tree(grow(tmp_path, {f"d/{name}": PACK.get(kind, bytes)(data), "e": LINE}))
    assert paths(report) == [f"d/{name}!/home/.env", f"d/{name}!/x", "e"]
    assert (report.findings[0].location.line, report.findings[0].location.offset) == (2, 13)
    assert report.whole


def test_names_inside_and_outside_may_be_no_utf_8(tmp_path: Path) -> None:
    """The raw path of a member holds the archive's."""
    [finding] = scan_tree(grow(tmp_path, {b"\xff.tar": file(b"\xfe", LINE) + END})).findings
    assert finding.location.path == "\\xff.tar!/\\xfe"
    assert finding.location.path_bytes == b"\xff.tar!/\xfe"


def test_the_same_member_of_two_archives_is_two(tmp_path: Path) -> None:
    """Fingerprints are of the whole path."""
    data = tar([("env", LINE)])
    report = scan_tree(grow(tmp_path, {"a.tar": data, "b.tar": data}))
    assert len({finding.fingerprint for finding in report.findings}) == 2


def test_findings_stay_in_the_order_of_paths(tmp_path: Path) -> None:
    """What is found inside archives is where the archive does."""
    data = tar([("z", LINE), ("a", LINE)])
    tree = {"a": LINE, "b.tgz": gzip.compress(data), "c.gz": gzip.compress(LINE), "d.tar": data, "e": LINE}
    for jobs in (1, 4):
        report = scan_tree(grow(tmp_path, tree), jobs=jobs)
        assert paths(report) == ["a", "b.tgz!/z", "b.tgz!/a", "c.gz", "d.tar!/z", "d.tar!/a", "e"]
        assert report.stats.entries == 5


@pytest.mark.parametrize("kind", ["", *PACK])
def test_an_archive_on_standard_input(kind: str) -> None:
    """A tar or a compressed stream on standard input is recognised."""
    data = PACK.get(kind, bytes)(tar([("etc/env", LINE)]))
    assert paths(scan_tree("-", stdin=Trickle(data, 100))) == ["-!/etc/env"]
    if kind:
        assert paths(scan_tree("-", stdin=Trickle(PACK[kind](LINE), 3))) == ["-"]


def test_a_single_archive_is_its_own_name(tmp_path: Path) -> None:
    """An archive that was named itself is read like one in a tree."""
    root = grow(tmp_path, {"b.tar.gz": gzip.compress(tar([("env", LINE)]))})
    assert paths(scan_tree(root / "b.tar.gz")) == ["b.tar.gz!/env"]


@pytest.mark.parametrize(("kind", "filler"), [*((kind, b"") for kind in PACK), ("gz", NOISE)], ids=[*PACK, "large"])
def test_a_cut_compressed_file_is_told(tmp_path: Path, kind: str, filler: bytes) -> None:
    """A compressed file that ends too soon is told in a tree and an error by itself; what came before is searched."""
    root = grow(tmp_path, {"a": PACK[kind](LINE + NOISE[:400_000] + filler)[:-30], "b": OTHER})
    report = scan_tree(root)
    assert [place.path for place in found(report)][-2:] == ["a", "b"]
    assert lacks(report) == [("skipped", "cut-stream", "a")]
    assert lacks(scan_tree(root / "a")) == [("error", "cut-stream", "a")]


def test_a_cut_tar_is_told(tmp_path: Path) -> None:
    """A tar that ends too soon is reported, with the member that it ends in."""
    report = scan_tree(grow(tmp_path, {"a.tar": tar([("x", LINE), ("y", NOISE)])[:-100_000]}))
    assert paths(report) == ["a.tar!/x"]
    assert ("skipped", "tar-cut-member", "a.tar") in lacks(report)


def test_bytes_behind_a_compressed_file_are_skipped(tmp_path: Path) -> None:
    """What follows the compressed data is said to be left out, and the scan is whole."""
    report = scan_tree(grow(tmp_path, {"a.gz": gzip.compress(LINE) + b"trailing"}))
    assert (lacks(report), report.whole) == ([("skipped", "trailing-data", "a.gz")], True)


@pytest.mark.parametrize(
    "content",
    [
        bytes(2048) + KEY,
        b"BZh91 is no bzip2: " + KEY,
        b"\x1f\x8b\x08\xff not gzip " + KEY,
        b"PQ*M " + KEY,
        b" " * 148 + b"0000000 " + b" " * 400 + KEY,
        header(b"", size=0) + KEY + END,
    ],
    ids=["zeros", "text-like-bzip2", "reserved-flags", "text-like-zstd", "no-checksum", "no-name"],
)
def test_what_only_looks_like_an_archive_is_a_file(tmp_path: Path, content: bytes) -> None:
    """Disk images that begin with zeros, and texts that begin like archives, are searched as they are."""
    report = scan_tree(grow(tmp_path, {"a": content}))
    assert [(each.path, each.sha256) for each in found(report)] == [("a", digest(KEY))]
    assert report.diagnostics == ()


@pytest.mark.parametrize("data", [b"", b"x", b"\x1f\x8b", LINE * 50])
def test_ordinary_files_hold_no_more(data: bytes) -> None:
    """A file of any length that is not an archive is not taken for one."""
    assert find(data) is None


def test_a_sparse_archive_is_looked_into(tmp_path: Path) -> None:
    """A tar with holes, which is read by its extents, is still an archive."""
    root = grow(tmp_path, {"a": b""})
    with (root / "a").open("wb") as archive:
        archive.write(header(b"x", size=4 << 20))
        archive.truncate(512 + (4 << 20))
        archive.seek(0, os.SEEK_END)
        archive.write(file(b"y", LINE) + END)
    assert paths(scan_tree(root)) == ["a!/y"]
