"""Which files of this machine the images are made of: the same ones each time, as long as it does not change."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgscan.containers.base import HEAD
from imgscan.containers.formats import PREFIXED, find

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEPTH = 3
_SMALL = 12 << 10  # the mean size of the files of a group that adds files rather than bytes
_SHARE = 8  # no group is more than this part of the whole


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or symbolic link that goes into a layer, and its size."""

    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Tree:
    """Entries in order, and how many of them are regular files."""

    entries: Sequence[Entry]
    files: int
    size: int

    def parts(self, count: int) -> Iterator[list[Entry]]:
        """Cut the tree into parts of about the same size."""
        part: list[Entry] = []
        held = 0
        given = 1
        for entry in self.entries:
            part.append(entry)
            held += entry.size
            if held >= self.size * given / count and given < count:
                yield part
                part = []
                given += 1
        yield part


def choose(top: Path, size: int, files: int) -> Tree:
    """Take groups of files in an order that only their folders' names decide, until bytes and files are enough.

    Of a large group only the beginning is taken. When there are bytes enough, groups of many small files are taken
    first. What cannot be read is left out, and so are containers, whose contents the tools that imgscan is compared
    with do not read.
    """
    groups = sorted(_groups(top, _DEPTH), key=lambda group: hashlib.sha256(os.fsencode(group[0])).digest())
    taken: list[Entry] = []
    passed: list[list[Entry]] = []
    held = count = 0
    for folder, whole in groups:
        entries = list(_beginning(_entries(folder, whole=whole), size // _SHARE))
        amount, regular = _measure(entries)
        if held >= size and count >= files:
            break
        if held >= size and amount > regular * _SMALL:
            passed.append(entries)
            continue
        taken += entries
        held += amount
        count += regular
    for entries in passed:
        if count >= files:
            break
        taken += entries
        count += _measure(entries)[1]
    held, count = _measure(taken)
    return Tree(taken, count, held)


def _is_container(path: Path) -> bool:
    with path.open("rb") as file:
        return find(file.read(HEAD)) not in (None, PREFIXED)


def _measure(entries: Sequence[Entry]) -> tuple[int, int]:
    """Return the bytes and the number of files that are not empty."""
    return sum(entry.size for entry in entries), sum(1 for entry in entries if entry.size)


def _beginning(entries: Iterator[Entry], limit: int) -> Iterator[Entry]:
    held = 0
    for entry in entries:
        held += entry.size
        if held > limit:
            return
        yield entry


def _groups(top: Path, depth: int) -> Iterator[tuple[Path, bool]]:
    """Yield folders, and whether what is below them belongs to their group too."""
    yield top, depth == 0
    if depth:
        try:
            folders = [Path(entry.path) for entry in os.scandir(top) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return
        for folder in folders:
            yield from _groups(folder, depth - 1)


def _entries(top: Path, *, whole: bool) -> Iterator[Entry]:
    for folder, folders, names in os.walk(top):
        folders.sort()
        yield Entry(Path(folder), 0)
        for name in sorted(names):
            path = Path(folder, name)
            try:
                status = path.lstat()
            except OSError:
                continue
            if stat.S_ISLNK(status.st_mode):
                yield Entry(path, 0)
            elif stat.S_ISREG(status.st_mode) and os.access(path, os.R_OK) and not _is_container(path):
                yield Entry(path, status.st_size)
        if not whole:
            return
