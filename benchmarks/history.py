"""The lines of the budget that search the whole history of a git repository, against git's own reading of it."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.contents import fast_import
from benchmarks.lines import Bench, Result, line, versus
from benchmarks.measure import Command, shell
from benchmarks.packing import planted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.images import Images

_FILES = 800
_FOLDERS = 40
_LEAST, _MOST = 100, 3000  # lines of a file, of some 40 bytes each
_CHANGED = 5  # files in a commit
_WORDS = [f"    call_{number % 97}(value_{number}, {number * number}, other);\n".encode() for number in range(4000)]


def history(images: Images) -> Path:
    """Make a git repository with a long history, in one pack with deltas; one of its early commits holds a key."""
    folder = images.new("history", "x").parent
    if (folder / "HEAD").exists():
        return folder
    images.tell(f"building a history of {images.sizes.commits:,} commits")
    git = ("git", "-C", str(folder))
    subprocess.run((*git, "init", "-q", "--bare", "-b", "main"), check=True)
    quickly = ("-c", "core.compression=1", "fast-import", "--quiet", "--depth=0")  # git gc does it well
    fast_import((*git, *quickly), _stream(images.sizes.commits))
    images.tell("packing the history")
    window = ("-c", "gc.aggressiveWindow=10", "-c", "gc.aggressiveDepth=50")  # as without --aggressive, which would
    subprocess.run((*git, *window, "gc", "-q", "--aggressive", "--prune=now"), check=True)  # keep what deltas there are
    return folder


def _stream(commits: int) -> Iterator[bytes]:
    """Yield a history in which each commit changes a few lines of a few files (git-fast-import(1))."""
    chance = random.Random("imgscan history")
    files = {}
    for number in range(_FILES):
        size = int(_LEAST + (_MOST - _LEAST) * chance.random() ** 2)
        files[f"src/d{number % _FOLDERS:02}/f{number:03}.c"] = chance.choices(_WORDS, k=size)
    names = sorted(files)
    for number in range(commits):
        message = f"change {number}".encode()
        yield b"commit refs/heads/main\ncommitter A <a@example.org> %d +0000\n" % (1_600_000_000 + number)
        yield b"data %d\n%s\n" % (len(message), message)
        for name in chance.sample(names, _CHANGED) if number else names:
            lines = files[name]
            at = chance.randrange(len(lines))
            lines[at : at + 2] = chance.choices(_WORDS, k=chance.randrange(4))
            text = b"".join(lines)
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(text), text)
        if number == commits // 3:
            yield b"M 100644 inline srv/app/.env\ndata %d\n%s\n" % (len(planted()), planted())


def _line(bench: Bench, name: str, jobs: int, within: float) -> Result:
    folder = history(bench.images)
    line = 'cd "$1" && exec "$2" -m imgscan git --all-history -q --no-progress --jobs "$3"'
    ours = Command(f"imgscan git --jobs {jobs}", ("sh", "-c", line, "sh", str(folder), sys.executable, str(jobs)),
                   codes=(1,), says="srv/app/.env")  # fmt: skip
    other = shell("git cat-file", 'git -C "$1" cat-file --batch-all-objects --batch --unordered > /dev/null', folder)
    what = f"a history of {bench.images.sizes.commits:,} commits, --jobs {jobs}, against git cat-file"
    return versus(bench, name, what, ours, other, within=within)


@line("history", "git")
def _history(bench: Bench) -> Result:
    """Search a whole git history, one object at a time, against git's reading all objects."""
    return _line(bench, "history", 1, 1.5)


@line("history-jobs", "git")
def _history_jobs(bench: Bench) -> Result:
    """Search it two objects at a time."""
    return _line(bench, "history-jobs", 2, 1.1)
