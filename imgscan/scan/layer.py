"""One blob from its stored bytes to its result: read, hash, inflate, hash again, search.

Reading, inflating and hashing run on separate threads, ahead of the search; all of them let other threads run while
they work. Whatever goes wrong with the bytes, the rest of the blob is still read, so that its digest is known,
and what was found before stays.

A blob whose plain bytes are a tar is a layer: its members are searched. Any other blob is handled as a
file: its stored bytes are searched, and what it contains, whatever container it is.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from imgscan.containers.base import HEAD
from imgscan.containers.formats import find
from imgscan.scan.asides import BesidePour
from imgscan.scan.inside.tap import Tap
from imgscan.scan.ledger import shown, unread_blob
from imgscan.scan.pour import FilePour, Pour, pieces_of
from imgscan.scan.result import LayerResult
from imgscan.scan.search import Search
from imgscan.scan.tarmap import TarRegions
from imgscan.streams.hashing import Hashing
from imgscan.streams.inflate import MAGIC_LENGTH, inflate, sniff
from imgscan.streams.readahead import Readahead
from imgscan.streams.readers import CHUNK, BytesReader, Peekable, StreamError
from imgscan.streams.tar import HEAD_LENGTH, TarWalker, looks_like_tar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgscan.image.lifecycle import LayerNames
    from imgscan.image.membernames import Room
    from imgscan.model import Diagnostic
    from imgscan.scan.hits import Hit
    from imgscan.scan.session import Session
    from imgscan.streams.hashing import Hash
    from imgscan.streams.inflate import Compression
    from imgscan.streams.readers import Chunk, Reader
    from imgscan.unread import Unread

_GLIMPSES = (1 << 12, 1 << 16, 1 << 20)
"""Stored bytes by which a compressed blob is looked into, one after another; no format puts more before its first."""


class TarPour(Pour):
    """Takes the plain stream of a layer, in chunks of any size; `finish` returns what was found in its members.

    `name` is used for bytes after the archive's end. With `look`, members are looked into. `names` collects
    what the life of a file is derived from.
    """

    def __init__(self, session: Session, name: bytes, *, look: bool = True, room: Room | None = None) -> None:
        super().__init__(session)
        self.walker = TarWalker(payloads=True)
        self._tap = Tap(self.inside()) if look else None
        self._regions = TarRegions(
            self.walker, session.concealer, name=name, tap=self._tap, room=room, hits=self._early
        )
        self.stream = Search(
            session.concealer, self._regions, session.window, go_on=session.finish_up, found=self._found
        )

    @property
    def names(self) -> LayerNames:
        """The members' names, as hashes."""
        return self._regions.names

    def feed(self, chunk: Chunk) -> None:
        """Search the next bytes of the stream."""
        self.stream.feed(chunk)

    def finish(self) -> Sequence[Hit]:
        """Search what is left; return the hits in the order of the members."""
        try:
            if self._tap is not None:
                self.close(self._tap.last())
            self.stream.finish()
            self._regions.conclude()
            return self.settle()
        finally:
            self.give_up()


class _Passing:
    """The stored bytes in transit: counted, hashed and reported as they pass."""

    def __init__(self, raw: Reader, session: Session, hashing: Hashing, algorithms: frozenset[str]) -> None:
        self.count = 0
        self._raw = raw
        self._advance = session.advance
        self._hashing = hashing
        self._hashes = {name: hashing.new(name) for name in sorted(algorithms)}

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes."""
        data = self._raw.read(count)
        self.count += len(data)
        for each in self._hashes.values():
            self._hashing.update(each, data)
        self._advance(len(data))
        return data

    def drain(self) -> None:
        """Read what is left: what a failed or finished decoder leaves belongs to the digest too."""
        while self.read(CHUNK):
            pass

    def digests(self) -> dict[str, str]:
        """Return the digests in hex, once the hashing has finished."""
        return {name: value.hexdigest() for name, value in self._hashes.items()}


def scan_layer(
    raw: Reader,
    session: Session,
    *,
    name: str,
    algorithms: frozenset[str] = frozenset(),
    look: bool = True,
    room: Room | None = None,
) -> LayerResult:
    """Read a blob to its end and search it.

    `name` is the blob's name in storage; a blob that is not a tar is a file of that name. `algorithms`
    are the digests wanted beside SHA-256. With `look`, the files of the blob are looked into. `room` is what the notes
    on its names may take, shared by all layers that are kept together. Nothing is raised: what goes wrong is in the
    result.
    """
    held = Peekable(raw)
    head = held.peek(HEAD_LENGTH)
    compression = sniff(head[:MAGIC_LENGTH])
    with Hashing() as hashing:
        passing = _Passing(held, session, hashing, algorithms | {"sha256"})
        plain: Hash | None = None
        if _holds_tar(held, head, compression):
            plain = hashing.new("sha256") if compression != "none" else None
            beside = BesidePour(session, os.fsencode(name), compression)
            chunks = _plain(beside.inflate(passing), hashing, plain)
            result = _scan_tar(chunks, session, os.fsencode(name), look=look, room=room)
            ahead = partial(_read_ahead, session=session, name=os.fsencode(name))
            result = beside.complete(result, passing, ahead)
        else:
            kind = _format_of(held.peek(HEAD))
            result = _scan_file(pieces_of(passing), session, os.fsencode(name), look=look)
            result = replace(result, format=kind)
        if result.interrupted:
            return result
        with suppress(OSError, StreamError):  # it has been recorded, or the outer archive notes it
            passing.drain()
        hashing.finish()
    digests = passing.digests()
    diff_id = plain.hexdigest() if plain is not None else digests["sha256"] if compression == "none" else None
    return replace(result, stored=passing.count, digests=digests, diff_id=diff_id, compressed=compression != "none")


def _holds_tar(held: Peekable, head: bytes, compression: Compression) -> bool:
    """Whether the plain bytes are a tar, judging by the first of them; False if that cannot be determined."""
    if compression == "none":
        return looks_like_tar(head)
    for count in _GLIMPSES:
        with suppress(OSError):  # which comes again, where it is recorded
            stored = held.peek(count)
            whole, plain = len(stored) < count, b""
            try:
                for chunk in inflate(BytesReader(stored), compression):
                    plain += bytes(chunk[:HEAD_LENGTH])
                    if len(plain) >= HEAD_LENGTH:
                        return looks_like_tar(plain[:HEAD_LENGTH])
            except StreamError:
                if whole:
                    return False
                continue
            if whole:
                return looks_like_tar(plain)
    return False


def _format_of(head: bytes) -> str | None:
    found = find(head)
    return found.name if found is not None else None


def _plain(chunks: Iterator[Chunk], hashing: Hashing, plain: Hash | None) -> Iterator[Chunk]:
    """Hash the inflated bytes if they differ from those that are stored."""
    for chunk in chunks:
        if plain is not None:
            hashing.update(plain, chunk)
        yield chunk


def _scan_tar(chunks: Iterable[Chunk], session: Session, name: bytes, *, look: bool, room: Room | None) -> LayerResult:
    pour = TarPour(session, name, look=look, room=room)

    def take(chunks: Iterable[Chunk]) -> None:
        for chunk in chunks:
            pour.feed(chunk)

    failure = _read_ahead(chunks, take, session, name)
    hits = pour.finish()
    return LayerResult(
        size=pour.size,
        shape="tar",
        entries=pour.walker.members,
        names=pour.names,
        hits=hits,
        left_out=pour.left_out,
        failure=failure,
        problems=tuple(shown(each._replace(path=name), session.concealer) for each in pour.walker.problems),
        unread=tuple(shown(each, session.concealer) for each in pour.take_unread()),
        expanded=pour.expanded,
        inner=pour.inner,
    )


def _scan_file(pieces: Iterable[Chunk], session: Session, name: bytes, *, look: bool) -> LayerResult:
    pour = FilePour(session, alone=True)
    failure = _read_ahead(pieces, lambda given: pour.file(-1, name, given, look=look), session, name)
    hits = pour.finish()
    return LayerResult(
        size=pour.size,
        hits=hits,
        left_out=pour.left_out,
        failure=failure,
        unread=tuple(shown(each, session.concealer) for each in pour.take_unread()),
        expanded=pour.expanded,
        inner=pour.inner,
    )


def _read_ahead(
    chunks: Iterable[Chunk], take: Callable[[Iterable[Chunk]], None], session: Session, name: bytes
) -> Diagnostic | None:
    """Read on a thread, ahead of the consumer of the chunks; return what cut the stream off."""
    failure: Unread | None = None
    with Readahead(chunks) as ahead:
        try:
            take(ahead)
        except Exception as error:  # noqa: BLE001 - whatever it is, what was found so far is reported
            failure = unread_blob(name, error)
    return shown(failure, session.concealer) if failure is not None else None
