"""The source files that an image was built from: which file COPY brought, and where in it a key is.

A file is taken for the source only if the key is in it; a name alone proves nothing.
"""

from __future__ import annotations

import posixpath
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from imgscan.triage import buildcontext as folders
from imgscan.triage.buildcontext import Folder, contents
from imgscan.triage.dockerignore import IgnoreFile
from imgscan.triage.lexer import UNKNOWN
from imgscan.triage.lines import lines_of
from imgscan.triage.wildcards import Name, wild

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imgscan.triage.lines import Find
    from imgscan.triage.steps import Copied

_MOST_MATCHES = 4096
_SKIPPED = frozenset((".git", ".hg", ".svn"))


class SourceLine(NamedTuple):
    """A place in a source file: its path below the root, with slashes, and the line from 1.

    The line is 1 in a file without lines: a binary, or an archive that ADD unpacked. `named` says that the Dockerfile
    names this very file, so that the build would fail without it.
    """

    path: str
    line: int
    named: bool = False


class Wanted(NamedTuple):
    """A key in a file of an image: the file's path, the key's SHA-256 in hex, and its line, where it has one."""

    path: str
    sha256: str
    line: int | None = None


class SourceTree:
    """The files below a folder, read when they are requested, each at most once."""

    def __init__(self, root: Path, find: Find, *, ignore_file: Path | None = None) -> None:
        """Look at `root`; `ignore_file` is the one that belongs to the Dockerfile, before the root's own."""
        self._folder = Folder(root)
        self._find = find
        self._files: dict[str, dict[str, tuple[int, ...]]] = {}
        self._archives: dict[str, dict[str, frozenset[str]]] = {}
        self._index: dict[str, list[SourceLine]] | None = None
        self._expanded: dict[str, tuple[tuple[str, bool], ...]] = {}
        self._ignore_file = ignore_file

    # by path

    def brought(self, copied: Copied, wanted: Wanted, *, unpacks: bool, parents: bool) -> SourceLine | None:
        """Find the file that COPY or ADD (which `unpacks` archives) brought to a path, if the key is in it.

        Where the destination is not known, and several files could be meant, None.
        """
        found: dict[str, SourceLine] = {}
        for source in copied.sources:
            clean = _clean(source)
            for relative, folder in self._matches(clean):
                pivot = _pivot(source) if parents else None
                for candidate in self._candidates(copied, wanted.path, relative, folder=folder, pivot=pivot):
                    if lines := self.keys(candidate).get(wanted.sha256):
                        line = wanted.line if wanted.line in lines else lines[0]
                        found[candidate] = SourceLine(
                            self._folder.real(candidate) or candidate, line or 1, candidate == clean
                        )
                if unpacks and not folder and self._unpacked(copied, wanted, relative):
                    found[relative] = SourceLine(self._folder.real(relative) or relative, 1, relative == clean)
        if len(found) > 1 and UNKNOWN in copied.destination:
            return None
        return next(reversed(found.values()), None)  # the last one wins

    def _unpacked(self, copied: Copied, wanted: Wanted, relative: str) -> bool:
        members = self._archive(relative)
        return any(wanted.sha256 in members.get(below, ()) for below in copied.below(wanted.path))

    def _candidates(
        self, copied: Copied, path: str, relative: str, *, folder: bool, pivot: str | None
    ) -> Iterator[str]:
        """Yield the files that one source of COPY may have brought to `path`."""
        for below in copied.below(path):
            if pivot is not None:
                whole = posixpath.normpath(posixpath.join(pivot, below))
                if relative in (".", whole) or whole.startswith(f"{relative}/"):
                    yield whole
            elif folder:
                yield posixpath.normpath(posixpath.join(relative, below))
            elif below == posixpath.basename(relative) or (not below and not copied.into):
                yield relative

    # by content

    def anywhere(self, sha256: str, copies: Sequence[Copied] | None = None) -> SourceLine | None:
        """Find the one place below the root at which a key is, or below what `copies` bring; None for several."""
        places = self._whole().get(sha256, [])
        if copies is not None:
            places = [place for place in places if any(self._below(place.path, copied) for copied in copies)]
        return places[0] if len(places) == 1 else None

    def _below(self, path: str, copied: Copied) -> bool:
        for source in copied.sources:
            for relative, folder in self._matches(_clean(source)):
                if path == relative or (folder and (relative == "." or path.startswith(f"{relative}/"))):
                    return True
        return False

    def _whole(self) -> Mapping[str, list[SourceLine]]:
        if self._index is None:
            self._index = {}
            files = read = 0
            for relative, size in self._walk():
                files, read = files + 1, read + min(size, folders.LARGEST)
                if files > folders.MOST_FILES or read > folders.MOST_BYTES:
                    self._index = {}
                    break
                for sha256, lines in self.keys(relative).items():
                    self._index.setdefault(sha256, []).extend(SourceLine(relative, line) for line in lines)
        return self._index

    def _walk(self) -> Iterator[tuple[str, int]]:
        """Yield the regular files and their sizes, without following a link, and without what builds leave out."""
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            inner = []
            for entry in self._folder.entries(folder):
                relative = f"{folder}/{entry.name}" if folder else entry.name
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _SKIPPED and not (self.ignored(relative) and not self._ignored.exceptions):
                            inner.append(relative)
                    elif entry.is_file(follow_symlinks=False) and not self.ignored(relative):
                        yield relative, entry.stat(follow_symlinks=False).st_size
                except OSError:
                    continue  # it went away, or may not be looked at: there is no origin in it
            waiting += reversed(inner)

    # files

    def keys(self, relative: str) -> Mapping[str, tuple[int, ...]]:
        """Return the credentials of a file, each with its lines; none where it cannot be read."""
        if relative not in self._files:
            data = self._folder.read(relative)
            self._files[relative] = lines_of(data, self._find(data)) if data else {}
        return self._files[relative]

    def ignored(self, relative: str) -> bool:
        """Whether the build context leaves a file out, by `.dockerignore` as it is now."""
        return self._ignored.ignores(relative)

    @cached_property
    def _ignored(self) -> IgnoreFile:
        own = [self._ignore_file] if self._ignore_file is not None else []
        for path in (*own, Path(self._folder.path, ".dockerignore"), Path(self._folder.path, ".containerignore")):
            data = contents(str(path))
            if data is not None:
                return IgnoreFile.parse(data.decode("utf-8", "replace"))
        return IgnoreFile()

    def _matches(self, pattern: str) -> tuple[tuple[str, bool], ...]:
        """Return the files and folders that a source of COPY names, each with whether it is a folder."""
        if pattern not in self._expanded:
            found = [""]
            for part in pattern.split("/") if pattern != "." else []:
                if wild(part):
                    names = [(folder, entry.name) for folder in found for entry in self._folder.entries(folder)]
                    fitting = Name.of(part)
                    found = [posixpath.join(folder, name) for folder, name in names if fitting.matches(name)]
                else:
                    found = [posixpath.join(folder, part) for folder in found]
                found = found[:_MOST_MATCHES]
            kinds = ((path or ".", self._folder.is_folder(path)) for path in found)
            self._expanded[pattern] = tuple((path, folder) for path, folder in kinds if folder is not None)
        return self._expanded[pattern]

    def _archive(self, relative: str) -> Mapping[str, frozenset[str]]:
        """Return the credentials of each member of a tar archive; nothing for what is none."""
        if relative not in self._archives:
            self._archives[relative] = self._folder.unpack(relative, self._find)
        return self._archives[relative]


def _clean(source: str) -> str:
    """Make a source of COPY a path below the root, as builders do: `..` does not lead above it."""
    return posixpath.normpath("/" + source.replace(UNKNOWN, "*")).lstrip("/") or "."


def _pivot(source: str) -> str:
    """Return the part of a source that `COPY --parents` leaves out of the destination: what is before `/./`."""
    return posixpath.normpath("/" + source.partition("/./")[0]).lstrip("/") if "/./" in source else ""
