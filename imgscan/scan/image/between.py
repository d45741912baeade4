"""What is stored beside the blobs of an image: the archive's own headers and padding, the names of a folder's files.

It is searched as it is stored, member by member; a hit says which field holds the credential where a header says so.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from imgscan.model import IMAGE_DOCUMENTS
from imgscan.scan.ledger import shown, unread_blob
from imgscan.scan.manyhits import MOST, HitLog, ManyHits
from imgscan.scan.regions import JoinedFile
from imgscan.scan.search import JoinedSearch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.model import Diagnostic
    from imgscan.scan.hits import Hit
    from imgscan.scan.session import Session
    from imgscan.sources.base import Source
    from imgscan.sources.margins import Beside

ARCHIVE_PATH = f"{IMAGE_DOCUMENTS}archive.tar".encode()
"""The path of what is in the archive and in none of its members; the same wherever the archive comes from."""


class _Once(HitLog):
    """The hits beside the blobs, with their files: each credential once for a file."""

    def __init__(self) -> None:
        super().__init__(MOST >> 2)
        self._known: set[int] = set()

    def take(self, hit: Hit, file: JoinedFile | None = None) -> None:
        """Take a hit, unless its file has one of the credential already."""
        mark = hash((file, hit.secret.sha256))
        if mark not in self._known:
            self._known.add(mark)
            self.add(hit, file)


class BesideSearch:
    """Takes what a source gives out beside its blobs; `finish` returns the hits, in stored order.

    Nothing else is raised: `failure` is what ended the search early.
    """

    def __init__(self, session: Session) -> None:
        self.failure: Diagnostic | None = None
        self._session = session
        self._concealer = session.concealer
        self._found = _Once()
        self._search = JoinedSearch(
            session.concealer, window=session.window, go_on=session.finish_up, found=self._found
        )

    def read(self, source: Source) -> None:
        """Search what a source has beside its blobs: at once, or while they go by."""
        with self._noting():
            source.beside(self.take)

    def take(self, beside: Beside) -> None:
        """Search the next bytes. Raises the StreamError of an interruption."""
        self._session.go_on()
        if self.failure is not None:
            return
        with self._noting():
            if not beside.continues:
                self._search.begin(JoinedFile(beside.name or ARCHIVE_PATH, token=beside.texts))
            self._search.feed(beside.data)

    @property
    def left_out(self) -> int:
        """How many hits were too many to be kept."""
        return self._found.left_out

    def finish(self) -> Sequence[Hit]:
        """Search what is left; each credential is reported once for a member."""
        with self._noting():
            self._search.finish()
        found = zip(self._found.hits, self._found.tokens, strict=True)
        return ManyHits(next(self._named(hit, file), _within(hit, file)) for hit, file in found).kept()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, what was found so far is reported
            self.failure = shown(unread_blob(ARCHIVE_PATH, error), self._concealer)

    def _named(self, hit: Hit, file: JoinedFile) -> Iterator[Hit]:
        """Yield the hit as it is in the texts that the member's header holds."""
        texts: tuple[tuple[str, bytes], ...] = file.token  # type: ignore[assignment]  # what `take` put there
        for field, text in texts:
            for each in self._concealer.in_text(text, file.name, field=field):
                if each.secret.sha256 == hit.secret.sha256:
                    yield each


def _within(hit: Hit, file: JoinedFile) -> Hit:
    """Say that a hit is in none of those texts; it has neither lines nor a place in a file."""
    field = "tar/trailer" if file.name == ARCHIVE_PATH else "tar/header"
    place = replace(hit.location, line=None, column=None, end_line=None, end_column=None, offset=None, length=None)
    return hit._replace(location=replace(place, field=field))
