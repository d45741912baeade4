"""A position in a stream: how streamed formats read whole headers and data in pieces, and know where they are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import LEAST, Member
from imgscan.streams.readers import CHUNK, StreamError
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgscan.streams.readers import Chunk, Reader

TO_THE_END: Final = 2**63 - 1
"""The end of an extent that continues to the end of its container, wherever that is."""

_READ: Final = 1 << 18


class Cursor:
    """Reads `raw` from front to back; `offset` is how many bytes were taken.

    A member's bytes are handed out by `data`; `leave` skips what was not taken, so that the
    next header is always found. No more than what is requested, and a read of 256 KiB, is ever held.
    """

    def __init__(self, raw: Reader) -> None:
        self._raw = raw
        self._held = b""
        self._at = 0
        self._left = 0
        self.offset = 0
        self.ended = False
        """Whether the stream ended before a member's data did."""
        self.failure: StreamError | None = None
        """What ended a damaged stream: for a cursor, that is its end."""

    def take(self, count: int) -> bytes:
        """Take the next `count` bytes, fewer only at the end of the stream. They are held, so `count` is bounded."""
        at = self._at
        if len(self._held) - at < count:
            self._fill(count)
            at = 0
        data = self._held[at : at + count]
        self._at = at + len(data)
        self.offset += len(data)
        return data

    def peek(self, count: int) -> bytes:
        """Return the next `count` bytes, fewer only at the end of the stream, without taking them."""
        if len(self._held) - self._at < count:
            self._fill(count)
        return self._held[self._at : self._at + count]

    def _fill(self, count: int) -> None:
        parts = [self._held[self._at :]]
        size = len(parts[0])
        try:
            while self.failure is None and size < count and (data := self._raw.read(max(_READ, count - size))):
                parts.append(data)
                size += len(data)
        except StreamError as error:
            self.failure = error
        self._held = b"".join(parts)
        self._at = 0

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes, as a reader does: here a failure is raised, where the stream ends with one."""
        data = self.take(min(count, len(self._held) - self._at) or min(count, _READ))
        if not data and count and self.failure is not None:
            raise self.failure
        return data

    def data(self, size: int, what: str) -> Iterable[Chunk]:
        """Return the next `size` bytes in pieces; StreamError, naming the format, if the stream ends early."""
        if size <= _READ and len(self.peek(size)) == size:
            return (self.take(size),)
        self._left = size
        return self._pieces(what)

    def _pieces(self, what: str) -> Iterator[Chunk]:
        while self._left:
            piece = self.take(min(self._left, CHUNK))
            if not piece:
                self._left = 0
                self.ended = True
                raise self.failure or StreamError("cut-stream", f"the {what} ends inside a member")
            self._left -= len(piece)
            yield piece

    def leave(self, what: str) -> Iterator[Unread]:
        """Skip what was not taken of the data requested last; report if it is missing."""
        if self._left:
            whole = self.skip(self._left)
            self._left = 0
            if not whole:
                yield self.lack("cut-stream", f"the {what} ends inside a member")

    def lack(self, code: str, message: str) -> Unread:
        """Return what is missing, and why: the stream's own failure, if it has one."""
        if self.failure is not None:
            return self.failure.unread()
        return Unread("error", code, message)

    def skip(self, count: int) -> bool:
        """Skip `count` bytes; whether there were as many."""
        while count:
            passed = len(self.take(min(count, _READ)))
            if not passed:
                self.ended = True
                return False
            count -= passed
        return True

    def skip_zeros(self) -> None:
        """Skip zero bytes, as many as there are."""
        while not self.peek(1).strip(b"\0"):
            piece = self.peek(_READ)
            if not piece:
                return
            zeros = len(piece) - len(piece.lstrip(b"\0"))
            self.skip(zeros)

    def rest(self, base: int = 0) -> Iterator[Member]:
        """Yield all that is left as it is, less zeros in front, to be looked into; nothing if it is too little.

        `base` is where in the container the first byte of the stream is.
        """
        self.skip_zeros()
        if len(self.peek(LEAST)) == LEAST:
            yield Member(None, iter(partial(self.read, CHUNK), b""), (base + self.offset, TO_THE_END), verbatim=True)


class Chunks:
    """Chunks as a reader; a StreamError is raised at its place among them."""

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        self._chunks = iter(chunks)
        self._held = memoryview(b"")

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes."""
        while not self._held:
            held = next(self._chunks, None)
            if held is None:
                return b""
            self._held = memoryview(held)
        data = bytes(self._held[:count])
        self._held = self._held[count:]
        return data
