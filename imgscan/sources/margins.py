"""What a source stores beside its blobs and documents: the headers of an archive, the names of a folder's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.streams.aside import Aside
from imgscan.streams.readers import CHUNK
from imgscan.streams.tar import normalise
from imgscan.streams.tar_fields import LINK, NAME, PADDING, PAX, pieces
from imgscan.streams.tar_header import BLOCK, checksum_holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.streams.readers import Chunk, Reader, StreamError
    from imgscan.streams.tar import TarMember

BESIDE_LIMIT = 1 << 20
"""Bytes between two members that are reported under the second's name; if there are more, they are under none's."""


class Beside(NamedTuple):
    """Stored bytes that are in no blob and no document: headers, padding, names.

    `name` is the raw name of the member that they describe; empty if they describe none, as behind an archive's end.
    `data` are to be searched, and hold some of the bytes twice. `texts` are what they say, by field. `continues` means
    that they go on where the ones before ended.
    """

    name: bytes
    data: bytes
    texts: tuple[tuple[str, bytes], ...] = ()
    continues: bool = False


class Packed:
    """What a compressed archive stores beside its content, from the first byte on, and what follows it."""

    def __init__(self, raw: Reader) -> None:
        self._raw = raw
        self._early: list[Beside] = []
        self._take = self._early.append
        self.aside = Aside(self._set_aside)

    def _set_aside(self, field: str, piece: Chunk, /, *, fresh: bool) -> None:
        data = bytes(piece)
        self._take(Beside(b"", data, ((field, data),), continues=not fresh))

    def beside(self, take: Callable[[Beside], None]) -> None:
        """Give out what is there: what was read already, and then the rest as it goes by."""
        for each in self._early:
            take(each)
        self._early.clear()
        self._take = take

    def drain(self, error: StreamError, between: Collector) -> None:
        """Give out what follows the end of the content, if that is what the decoder came upon."""
        if error.rest:
            between.feed(error.rest)
            while data := self._raw.read(CHUNK):
                between.feed(data)


class Collector:
    """Collects the bytes between the blobs, and names them by the member whose header they end with."""

    def __init__(self, take: Callable[[Beside], None]) -> None:
        self._take = take
        self._held = bytearray()
        self._long = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes that are in no blob."""
        self._held += data
        while len(self._held) > BESIDE_LIMIT:
            self._take(Beside(b"", bytes(self._held[:BESIDE_LIMIT]), continues=self._long))
            del self._held[:BESIDE_LIMIT]
            self._long = True

    def end(self, member: TarMember | None = None, ahead: int = 0) -> None:
        """End what precedes the data of a member, or the archive; `ahead` bytes belong to what comes next."""
        data, self._held = bytes(self._held[: len(self._held) - ahead]), self._held[len(self._held) - ahead :]
        if member is None or self._long:
            self._take(Beside(b"", data, continues=self._long))
        else:
            held = bytearray(data)
            texts = tuple(_texts(held, member))
            together = b"\0".join((held, *(text for _, text in texts)))
            self._take(Beside(normalise(member.name), together, texts))
        self._long = False


def _texts(data: bytearray, member: TarMember) -> Iterator[tuple[str, bytes]]:
    """Yield what precedes a member's data, by field: what the headers say, then their pieces as they are stored.

    A name that a header cuts short is left out, and overwritten: the whole one is in an extension header, and a part
    of a credential in it would look like another one.
    """
    yield NAME, member.name
    yield LINK, member.link
    for key, value in (member.records or {}).items():
        field = f"{PAX}/{key.decode('utf-8', 'backslashreplace')}"
        yield from ((field, each) for each in (key, value) if each in data and each not in (member.name, member.link))
    yield PADDING, bytes(data[: len(data) % BLOCK])
    for start in range(len(data) % BLOCK, len(data), BLOCK):
        block = bytes(data[start : start + BLOCK])
        if not checksum_holds(block):
            continue
        for piece in pieces(block):
            text, whole = block[piece.start : piece.end], {NAME: member.name, LINK: member.link}.get(piece.field, b"")
            if b"\0" not in text and _shortens(text, whole):
                data[start + piece.start : start + piece.end] = bytes(len(text))
            else:
                yield piece.field, text


def _shortens(field: bytes, name: bytes) -> bool:
    """Whether a full field ends in the beginning of a part of a name."""
    last = field.rpartition(b"/")[2]
    return bool(last) and len(name) > len(field) and any(part.startswith(last) for part in name.split(b"/"))
