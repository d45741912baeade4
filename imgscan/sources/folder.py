"""Images that are folders: OCI layouts, skopeo's `dir:`, unpacked `docker save` archives.

Nothing outside the folder is ever read: a link that leads out of it is reported.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from imgscan.image.documents import DOCUMENT_LIMIT
from imgscan.image.parts import printable
from imgscan.model import Diagnostic
from imgscan.sources.base import SNIFF, SeekableSource, Shelf
from imgscan.sources.margins import Beside
from imgscan.streams.readers import FileSlice, read_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgscan.streams.readers import ClosableReader


class ImageFolder(SeekableSource):
    """A folder whose files are an image's documents and blobs."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._names: list[Beside] = []
        self.shelf = Shelf()
        for folder, folders, files in os.walk(self._root, onerror=self._unlisted):
            folders.sort()
            here = self._root.__class__(folder)
            for name in folders:
                self._note_name(here / name)
            for file in sorted(files):
                self._note(here / file)

    def _unlisted(self, error: OSError) -> None:
        name = os.path.relpath(error.filename, self._root)
        message = f"a folder inside the image folder cannot be read: {error.strerror}"
        self.shelf.diagnostics.append(Diagnostic("error", "unreadable-file", message, path=printable(name)))

    def _note_name(self, path: Path) -> bool:
        """Note a name to be searched, and where it leads if it is a link; return whether it is one."""
        name = path.relative_to(self._root).as_posix()
        raw = os.fsencode(name)
        if not path.is_symlink():
            self._names.append(Beside(raw, raw, (("file/name", raw),)))
            return False
        try:
            link, target = os.fsencode(path.readlink()), path.resolve()
        except (OSError, RuntimeError):  # it went away, or leads to itself
            link, target = b"", self._root
        self._names.append(Beside(raw, raw + b"\0" + link, (("file/name", raw), ("file/link", link))))
        if not target.is_relative_to(self._root):
            message = "a link leads out of the image folder and was not followed"
            self.shelf.diagnostics.append(Diagnostic("skipped", "link-outside", message, path=printable(name)))
        elif target.is_file():
            self.shelf.links[name] = target.relative_to(self._root).as_posix()
        return True

    def _note(self, path: Path) -> None:
        if self._note_name(path):
            return
        name = path.relative_to(self._root).as_posix()
        try:
            if not path.is_file():
                message = "a socket, device or pipe in the image folder was not read"
                self.shelf.diagnostics.append(Diagnostic("skipped", "special-file", message, path=printable(name)))
                return
            with FileSlice(path) as reader:
                size = path.stat().st_size
                head = reader.read(SNIFF)
                if self.shelf.wants(head, size):
                    self.shelf.keep(name, head + read_all(reader, DOCUMENT_LIMIT))
                else:
                    self.shelf.blobs[name] = size
        except OSError as error:
            message = f"a file of the image folder cannot be read: {error.strerror}"
            self.shelf.diagnostics.append(Diagnostic("error", "unreadable-file", message, path=printable(name)))

    def beside(self, take: Callable[[Beside], None]) -> None:
        """Give out the names of files and folders, and where links lead."""
        for name in self._names:
            take(name)

    def open(self, name: str) -> ClosableReader:
        """Open a file of the folder by its relative name."""
        return FileSlice(self._root / name)
