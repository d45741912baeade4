"""What the user wants left out: `--exclude` globs and `.gitignore` files.

Both are patterns of gitignore(5), matched against paths relative to the folder that they belong to; the last pattern
that matches decides, and nothing below a folder that is left out is examined.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from imgscan.errors import UsageError
from imgscan.scan.tree.gitignore import PatternError, Patterns, compile_pattern, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from imgscan.scan.tree.gitignore import Pattern

_NAME = b".gitignore"
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_LIMIT = 1 << 20
"""Bytes of one `.gitignore` that are obeyed."""


class Sieve:
    """Decides for one tree, folder by folder; `excluded` and `ignored` count the files and folders left out."""

    def __init__(self, root: bytes, globs: Sequence[str] = (), *, gitignore: bool = False) -> None:
        """Set the sieve up; UsageError for a glob that cannot match anything."""
        self.excluded = 0
        self.ignored = 0
        self._root = os.path.join(root, b"")  # noqa: PTH118 - Path knows no bytes
        self._globs = Patterns(map(_glob, globs))
        self._gitignore = gitignore
        self._above = list(_above(root)) if gitignore else []
        self._inside: list[tuple[bytes, Patterns]] = []  # those of the folders that the walk is in, outermost first

    def enter(self, folder: bytes) -> Callable[[bytes], bool] | None:
        """Return the patterns for the paths in a folder, relative to the tree; None if nothing is left out.

        Folders are entered in the order of a walk: each before what is in it, and never again after it is left.
        """
        if self._gitignore:
            while self._inside and not folder.startswith(self._inside[-1][0]):
                self._inside.pop()
            patterns = _read(self._root + folder)
            if patterns:
                self._inside.append((folder, patterns))
        if not (self._globs or self._inside or self._above):
            return None
        ignores = [(b"", len(above), patterns) for above, patterns in self._inside[::-1]]
        ignores += [(before, 0, patterns) for before, patterns in self._above]
        return lambda path: self._drops(path, ignores)

    def _drops(self, path: bytes, ignores: Sequence[tuple[bytes, int, Patterns]]) -> bool:
        if self._globs.decide(path):
            self.excluded += 1
            return True
        for before, depth, patterns in ignores:
            decision = patterns.decide(before + path[depth:])
            if decision is not None:
                self.ignored += decision
                return decision
        return False


def _glob(text: str) -> Pattern:
    """Compile a glob of the command line: `./x` is x at the top, and a hash sign does not begin a comment."""
    line = os.fsencode(text)
    if not line.strip():
        raise UsageError("--exclude: an empty glob excludes nothing (is a variable unset?)")
    try:
        return compile_pattern(line[1:] if line.startswith(b"./") else line)
    except PatternError as error:
        raise UsageError(f"--exclude {text}: not a glob: {error}") from error


def _read(folder: bytes) -> Patterns | None:
    """Read a folder's `.gitignore`; like git, not one that is a link."""
    try:
        handle = os.open(folder + _NAME, _FLAGS)
    except OSError:
        return None
    try:
        return parse(os.read(handle, _LIMIT))
    except OSError:  # a folder of that name
        return None
    finally:
        os.close(handle)


def _above(root: bytes) -> Iterator[tuple[bytes, Patterns]]:
    """Yield the patterns above a tree, innermost first, as far as its git repository goes, and the way down to it."""
    top = Path(os.fsdecode(root)).resolve()
    repository = next((folder for folder in (top, *top.parents) if (folder / ".git").exists()), top)
    for folder in top.parents:
        if not folder.is_relative_to(repository):
            return
        patterns = _read(os.fsencode(folder) + b"/")
        if patterns:
            yield os.fsencode(top.relative_to(folder)) + b"/", patterns
