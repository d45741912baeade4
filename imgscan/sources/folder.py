"""Images that are folders: OCI layouts, skopeo's `dir:`, unpacked `docker save` archives.

Nothing outside the folder is ever read: a link that leads out of it counts as absent.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from imgscan.image.documents import DOCUMENT_LIMIT
from imgscan.model import Diagnostic
from imgscan.sources.base import SNIFF, SeekableSource, Shelf
from imgscan.streams.readers import FileSlice, read_all

if TYPE_CHECKING:
    from pathlib import Path

    from imgscan.streams.readers import ClosableReader


class ImageFolder(SeekableSource):
    """A folder whose files are an image's documents and blobs."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.shelf = Shelf()
        for folder, folders, files in os.walk(self._root, onerror=self._unlisted):
            folders.sort()
            for file in sorted(files):
                self._note(self._root.__class__(folder) / file)

    def _unlisted(self, error: OSError) -> None:
        name = os.path.relpath(error.filename, self._root)
        message = f"a folder inside the image folder cannot be read: {error.strerror}"
        self.shelf.diagnostics.append(Diagnostic("error", "unreadable-file", message, path=name))

    def _note(self, path: Path) -> None:
        name = path.relative_to(self._root).as_posix()
        if path.is_symlink():
            target = path.resolve()
            if target.is_relative_to(self._root) and target.is_file():
                self.shelf.links[name] = target.relative_to(self._root).as_posix()
            return
        if not path.is_file():
            return
        try:
            with FileSlice(path) as reader:
                size = path.stat().st_size
                head = reader.read(SNIFF)
                if self.shelf.wants(head, size):
                    self.shelf.keep(name, head + read_all(reader, DOCUMENT_LIMIT))
                else:
                    self.shelf.blobs[name] = size
        except OSError as error:
            message = f"a file of the image folder cannot be read: {error.strerror}"
            self.shelf.diagnostics.append(Diagnostic("error", "unreadable-file", message, path=name))

    def open(self, name: str) -> ClosableReader:
        """Open a file of the folder by its relative name."""
        return FileSlice(self._root / name)
