"""Image archives: tar files that contain an image, read in any order or in one pass.

The outer tar uses the same walker as the layers, so a damaged header, a truncated member and a missing end are noticed
here too: a `docker save` that fails midway leaves exactly that behind, with exit status 0 and HTTP 200.

Every byte of the archive is handed out: a member's as a blob or document, all others (headers, padding, what follows
the end) as what is stored beside them.
"""

from __future__ import annotations

from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, BinaryIO

from imgscan.model import Diagnostic
from imgscan.sources.base import SNIFF, SeekableSource, Shelf
from imgscan.sources.margins import Collector
from imgscan.streams.readers import CHUNK, FileSlice
from imgscan.streams.tar import Kind, TarWalker, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from imgscan.sources.margins import Beside
    from imgscan.streams.readers import ClosableReader
    from imgscan.streams.tar import TarMember

_HEADER_READ = 1 << 12


def member_name(raw: bytes) -> str:
    """Spell a member's name as documents refer to it."""
    return normalise(raw).decode("utf-8", "surrogateescape").replace("\0", "\\0")


def note_link(shelf: Shelf, member: TarMember) -> None:
    """Record a symbolic or hard link of the archive, its target seen from the archive's root."""
    name = member_name(member.name)
    target = member.link.decode("utf-8", "surrogateescape")
    if member.kind is Kind.SYMLINK:
        target = normpath(join(dirname(name), target))
    shelf.links[name] = target.removeprefix("./").lstrip("/")


def note_problems(shelf: Shelf, walker: TarWalker) -> None:
    """Turn what was wrong with the outer tar into errors of the scan."""
    for problem in walker.problems:
        shelf.diagnostics.append(
            Diagnostic("error", problem.code, f"the image archive is incomplete: {problem.message}")
        )


def note_sparse(shelf: Shelf, member: TarMember) -> None:
    """Record a member whose bytes are not together: they are searched as they are stored, and nothing else."""
    message = "a member of the image archive is stored as a sparse file, which no image tool writes"
    shelf.diagnostics.append(Diagnostic("error", "sparse-member", message, bytes=member.size))


def is_blob(member: TarMember) -> bool:
    """Whether a member's data are a blob: a file's, and those of types that image tools do not know.

    What a hard link carries is not, since the walker sees it before it knows what it is.
    """
    if member.kind is Kind.FILE:
        return member.fragments is None
    return member.end > member.start and member.kind is not Kind.LINK


class ArchiveFile(SeekableSource):
    """An uncompressed image archive on disk: one pass over its headers, then blobs in any order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        self.shelf = Shelf()
        with path.open("rb", buffering=0) as file:
            self._size = file.seek(0, 2)
            walker = TarWalker()
            for member in self._walk(file, walker):
                self._note(member)
            note_problems(self.shelf, walker)
            for name, (start, length) in self._places.items():
                file.seek(start)
                head = file.read(min(length, SNIFF))
                if self.shelf.wants(head, length):
                    self.shelf.keep(name, head + file.read(length - len(head)))
                else:
                    self.shelf.blobs[name] = length

    def _walk(self, file: BinaryIO, walker: TarWalker) -> Iterator[TarMember]:
        """Yield the members; between two of them the file may be read elsewhere."""
        while walker.offset < self._size and not walker.lost:
            if walker.wanted > walker.offset:
                walker.skip(min(walker.wanted, self._size) - walker.offset)
            file.seek(walker.offset)
            data = file.read(CHUNK if walker.ended else _HEADER_READ)
            if not data:
                break
            yield from walker.feed(data)
        walker.finish()

    def _note(self, member: TarMember) -> None:
        name = member_name(member.name)
        if member.kind in (Kind.SYMLINK, Kind.LINK):
            note_link(self.shelf, member)
        elif member.fragments is not None:
            note_sparse(self.shelf, member)
        elif is_blob(member):
            if member.kind is not Kind.FILE:
                name = self.shelf.another(name)
            else:
                self.shelf.links.pop(name, None)
                if name in self._places:
                    self._places[self.shelf.another(name)] = self._places.pop(name)
            self._places[name] = (member.start, max(0, min(member.end, self._size) - member.start))

    def open(self, name: str) -> ClosableReader:
        """Open a blob by its name in the archive."""
        start, length = self._places[name]
        return FileSlice(self._path, start, length)

    def beside(self, take: Callable[[Beside], None]) -> None:
        """Give out what is between the blobs and behind them; OSError if the file cannot be read any more."""
        between = Collector(take)
        passed = 0
        with self._path.open("rb", buffering=0) as file:
            for member in self._walk(file, TarWalker()):
                self._feed(between, file, passed, min(member.start, self._size))
                between.end(member)
                passed = min(member.end, self._size) if is_blob(member) else member.start
            self._feed(between, file, passed, self._size)
        between.end()

    @staticmethod
    def _feed(between: Collector, file: BinaryIO, start: int, end: int) -> None:
        file.seek(start)
        while start < end and (data := file.read(min(CHUNK, end - start))):
            between.feed(data)
            start += len(data)
