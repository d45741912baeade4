"""Image archives that go by once, as on standard input, from an engine, or compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.image.documents import DOCUMENT_LIMIT
from imgscan.sources.archive import is_blob, member_name, note_link, note_problems, note_sparse
from imgscan.sources.base import SNIFF, Shelf, Source
from imgscan.sources.margins import Collector
from imgscan.streams.readers import CHUNK, Peekable, StreamError, read_all
from imgscan.streams.tar import Kind, TarWalker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.sources.margins import Beside, Packed
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.readers import ClosableReader, Reader
    from imgscan.streams.tar import TarMember


class ArchiveStream(Source):
    """An image archive that goes by once.

    `file` is where the chunks come from, and is closed at the end; `packed` is what its compression stores beside them.
    """

    def __init__(
        self, chunks: Iterator[Chunk], file: ClosableReader | None = None, packed: Packed | None = None
    ) -> None:
        self._chunks = chunks
        self._file = file
        self._packed = packed
        self._walker = TarWalker()
        self._pending: list[TarMember] = []
        self._chunk: Chunk = b""
        self._base = 0  # stream offset of the chunk's first byte
        self._passed = 0  # up to where every byte has been handed out, in a blob or beside it
        self._between: Collector | None = None
        self.shelf = Shelf()

    def beside(self, take: Callable[[Beside], None]) -> None:
        """Give out what is between the blobs and behind them, while they go by."""
        self._between = Collector(take)
        if self._packed is not None:
            self._packed.beside(take)

    def blobs(self) -> Iterator[tuple[str, Reader]]:
        """Hand out every member that is not a document; documents go to the shelf."""
        while (member := self._next_member()) is not None:
            self._leave(member.start)
            if self._between is not None:
                self._between.end(member, max(0, self._passed - member.start))
            if member.kind in (Kind.SYMLINK, Kind.LINK):
                note_link(self.shelf, member)
            elif member.fragments is not None:
                note_sparse(self.shelf, member)
            if not is_blob(member):
                continue
            self._passed = member.end
            name = member_name(member.name)
            reader = Peekable(_MemberReader(self, member))
            if member.kind is not Kind.FILE:
                name = self.shelf.another(name)
            else:
                self.shelf.links.pop(name, None)
                self.shelf.set_aside(name)
            if self.shelf.wants(reader.peek(SNIFF), member.size):
                self.shelf.keep(name, read_all(reader, DOCUMENT_LIMIT))
            else:
                self.shelf.blobs[name] = member.size
                yield name, reader
            while reader.read(CHUNK):
                pass
        self._walker.finish()
        note_problems(self.shelf, self._walker)

    def close(self) -> None:
        """Close the file behind the stream."""
        if self._file is not None:
            self._file.close()

    def _next_member(self) -> TarMember | None:
        try:
            while not self._pending and self.advance():
                pass
        finally:
            if not self._pending and self._between is not None:
                self._between.end()
        return self._pending.pop(0) if self._pending else None

    def _leave(self, position: int) -> None:
        """Hand out what is beside the blobs up to a position in the current chunk, or at its end."""
        start = max(self._passed, self._base)
        if position > start:
            if self._between is not None:
                self._between.feed(bytes(self._chunk[start - self._base : position - self._base]))
            self._passed = position

    def advance(self) -> bool:
        """Go to the next chunk of the stream; False at its end."""
        self._leave(self._base + len(self._chunk))
        self._base += len(self._chunk)
        self._chunk = b""  # so that an error of the stream does not leave its bytes to be handed out twice
        try:
            self._chunk = next(self._chunks, b"")
        except StreamError as error:
            if self._packed is not None and self._between is not None:
                self._packed.drain(error, self._between)
            raise
        if not self._chunk:
            return False
        self._pending += self._walker.feed(self._chunk)
        return True

    def take(self, start: int, count: int) -> bytes:
        """Return at most `count` bytes from stream offset `start` on, which is at or behind the current chunk."""
        while start >= self._base + len(self._chunk):
            if not self.advance():
                return b""
        position = start - self._base
        return bytes(self._chunk[position : position + count])


class _MemberReader:
    """The bytes of the member that is going by."""

    def __init__(self, stream: ArchiveStream, member: TarMember) -> None:
        self._stream = stream
        self._position = member.start
        self._end = member.end

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes of the member."""
        data = self._stream.take(self._position, min(count, self._end - self._position))
        self._position += len(data)
        return data
