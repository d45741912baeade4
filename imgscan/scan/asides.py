"""What a compressed layer stores beside its tar, and behind it: searched as it is stored, under the blob's own name.

The name and comment of a gzip header, the frames that zstd skips, and whatever follows the compressed stream, which no
reader of layers unpacks: another compressed stream, or bytes that are none.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from imgscan.scan.ledger import shown
from imgscan.scan.manyhits import MOST, HitLog, ManyHits
from imgscan.scan.pour import Pour, pieces_of
from imgscan.scan.regions import JoinedFile
from imgscan.scan.search import JoinedSearch
from imgscan.streams.aside import Aside
from imgscan.streams.inflate import inflate
from imgscan.streams.readers import StreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from imgscan.model import Diagnostic
    from imgscan.scan.result import LayerResult
    from imgscan.scan.session import Session
    from imgscan.streams.inflate import Compression
    from imgscan.streams.readers import Chunk, Reader

    Pieces = Iterable[Chunk]
    ReadAhead = Callable[[Pieces, Callable[[Pieces], None]], Diagnostic | None]
    """Reads pieces ahead of what takes them, and returns what cut them off."""


_MOST = MOST >> 4
"""Hits beside one layer that are kept."""


class BesidePour(Pour):
    """Searches what the inflating of one layer leaves out; one thread at a time uses it. `name` is the blob's."""

    def __init__(self, session: Session, name: bytes, compression: Compression) -> None:
        super().__init__(session)
        self._name = name
        self._compression = compression
        self._rest = b""  # the beginning of what follows the stream, as far as the decoder has read it
        self._found = HitLog(_MOST)  # the thread that reads for a layer fills it too: it must not wait for its turn
        self.stream: JoinedSearch = JoinedSearch(
            session.concealer, window=session.window, go_on=session.finish_up, found=self._found
        )

    def inflate(self, raw: Reader) -> Iterator[Chunk]:
        """Yield the plain bytes, as `streams.inflate` does; search what is set aside, and keep what follows."""
        try:
            yield from inflate(raw, self._compression, Aside(self._take))
        except StreamError as error:
            self._rest = error.rest
            raise

    def _take(self, field: str, piece: Chunk, /, *, fresh: bool) -> None:
        if fresh:
            self.stream.begin(JoinedFile(self._name, field=field))
        self.stream.feed(piece)

    def complete(self, result: LayerResult, raw: Reader, read_ahead: ReadAhead) -> LayerResult:
        """Search what follows the stream; add that, and what was set aside, to the layer's result."""
        failure = None
        if self._rest and not result.interrupted:
            failure = read_ahead(chain((self._rest,), pieces_of(raw)), self._behind)
        hits = self.settle()
        if not hits and not self._rest:
            return result
        kept = ManyHits(chain(result.hits, hits))
        return replace(
            result,
            hits=kept.kept(),
            left_out=result.left_out + self.left_out,
            failure=failure or result.failure,
            unread=(*result.unread, *(shown(each, self._session.concealer) for each in self.take_unread())),
            expanded=result.expanded + self.expanded,
            inner=result.inner + self.inner,
        )

    def _behind(self, pieces: Pieces) -> None:
        """Search what follows, and look into what is compressed in it."""
        from imgscan.containers.compressed import behind  # noqa: PLC0415 - hardly any layer has anything behind it

        self.stream.begin(JoinedFile(self._name))
        intake = self.inside().take(behind(self._compression), self._name)
        try:
            for piece in pieces:
                self._session.go_on()
                self.stream.feed(piece)
                intake.feed(piece)
        finally:
            self.close(intake)
