"""The versions of files that hold something: blobs searched under their names, and compared with their parents."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from imgscan.errors import INTERNAL
from imgscan.scan.git.firstlook import missing
from imgscan.scan.pour import FilePour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from imgscan.scan.hits import Hit
    from imgscan.scan.session import Session
    from imgscan.sources.catfile import Objects
    from imgscan.sources.gitrepo import Change
    from imgscan.unread import Unread

_REMEMBERED = 64  # searched files: a file's parent is most often the one before
_MOST_HITS = 1 << 15
"""Hits of searched files that are remembered, besides those of the last one."""


class FileVersions:
    """Searches blobs as the files that they are; `note` is called with what was not read.

    What is wrong with a blob itself was noted when it was searched under no name.
    """

    def __init__(self, session: Session, objects: Objects, note: Callable[[Unread], None]) -> None:
        self._session = session
        self._objects = objects
        self._note = note
        self._searched: OrderedDict[tuple[str, bytes], Sequence[Hit]] = OrderedDict()
        self.left_out = 0
        """Hits that were too many to be kept, of all files."""

    def brought(self, change: Change) -> Iterable[Hit]:
        """Return the hits that a change brings into a file: not those that a parent's version has too."""
        if change.blob is None:
            return ()
        hits = self._hits(change.blob, change.path)
        before = {mark for parent in change.parents for mark in self.secrets(parent, change.path)} if hits else set()
        return (hit for hit in hits if hash(hit.secret.sha256) not in before)

    def secrets(self, blob: str | None, path: bytes) -> set[int]:
        """Return the hashes of the digests of the credentials in a version of a file; None means no such file."""
        return set() if blob is None else {hash(hit.secret.sha256) for hit in self._hits(blob, path)}

    def _hits(self, blob: str, path: bytes) -> Sequence[Hit]:
        key = blob, path
        if key in self._searched:
            self._searched.move_to_end(key)
            return self._searched[key]
        pour = FilePour(self._session, lazy=True)
        try:
            for stored in self._objects.each([blob]):
                if stored.kind is None:
                    self._note(missing(path))
                pour.file(0, path, stored.data, size=stored.size)
            hits = pour.finish()
        finally:
            pour.give_up()
        for each in pour.take_unread():
            if each.code == INTERNAL:
                self._note(each)
        self.left_out += pour.left_out
        self._searched[key] = hits
        while len(self._searched) > 1 and (
            len(self._searched) > _REMEMBERED or sum(map(len, self._searched.values())) > _MOST_HITS + len(hits)
        ):
            self._searched.popitem(last=False)
        return hits
