"""The lines of the budget that look into containers, folders and git repositories."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks import contents
from benchmarks.lines import Bench, Result, line, scan, started, versus
from benchmarks.measure import Command, shell

if TYPE_CHECKING:
    from pathlib import Path

_STAGED = 300  # milliseconds
_PREFIXES = r"[srp]k_(live|test)_|whsec_|sk_org_|rkcs_test_"


def _files(top: str, *options: str, label: str) -> Command:
    arguments = (sys.executable, "-m", "imgscan", "fs", top, "-q", "--no-progress", *options)
    return Command(label, arguments, codes=(0, 1, 2))


@line("fs", "rg")
def _fs(bench: Bench) -> Result:
    """Scan the bytes of a folder's files, against searching them with ripgrep."""
    top = str(bench.images.top)
    ours = _files(top, "--max-depth", "0", label="imgscan fs --max-depth 0")
    other = Command("rg -uuu -a", ("rg", "-uuu", "-a", "-c", "--no-messages", _PREFIXES, top), codes=(0, 1, 2))
    return versus(bench, "fs", f"imgscan fs {top}, bytes as they are, against rg -uuu -a", ours, other, within=3.0)


@line("fs-inside")
def _fs_inside(bench: Bench) -> Result:
    """Scan a folder with what its containers hold, against without."""
    top = str(bench.images.top)
    ours = _files(top, label="imgscan fs")
    other = _files(top, "--max-depth", "0", label="imgscan fs --max-depth 0")
    return versus(bench, "fs-inside", f"imgscan fs {top} with what containers hold, against without", ours, other)


def _against(bench: Bench, name: str, what: str, image: Path, other: Command, within: float) -> Result:
    result = versus(bench, name, what, scan(f"rootfs:{image}"), other, within=within)
    bench.images.release(image)
    return result


@line("jars", "unzip")
def _jars(bench: Bench) -> Result:
    """Jars by the thousand, against unzip."""
    folder, image = contents.jars(bench.images)
    other = shell("unzip -p", 'for f in "$1"/*.jar; do unzip -p "$f"; done > /dev/null', folder)
    return _against(bench, "jars", f"{bench.images.sizes.archives:,} jars against unzip -p", image, other, 1.0)


@line("pages", "zcat")
def _pages(bench: Bench) -> Result:
    """Small gzip files by the thousand, against zcat."""
    folder, image = contents.pages(bench.images)
    other = shell("zcat", 'find "$1" -name "*.gz" -print0 | xargs -0 zcat > /dev/null', folder)
    what = f"{bench.images.sizes.compressed:,} small gzip files against zcat"
    return _against(bench, "pages", what, image, other, 1.0)


@line("objects", "git")
def _objects(bench: Bench) -> Result:
    """All objects of a git repository, against git itself."""
    folder, image = contents.repository(bench.images)
    other = shell("git cat-file", 'git -C "$1" cat-file --batch-all-objects --batch > /dev/null', folder)
    what = f"{bench.images.sizes.objects:,} git objects against git cat-file"
    return _against(bench, "objects", what, image, other, 5.0)


@line("staged", "git")
def _staged(bench: Bench) -> Result:
    """`imgscan git --staged` on a change of ten files."""
    folder = contents.change(bench.images)
    ours = Command("imgscan git --staged", ("sh", "-c", 'cd "$1" && exec "$2" -m imgscan git --staged -q', "sh",
                   str(folder), sys.executable), codes=(1,), says=".env")  # fmt: skip
    return started(bench, "staged", "imgscan git --staged, ten files", ours, _STAGED)
