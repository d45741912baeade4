"""What a source stores beside its blobs and documents: the headers of an archive, the names of a folder's files."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from imgscan.streams.tar import normalise
from imgscan.streams.tar_header import BLOCK, checksum_holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
            texts = [("tar/name", member.name), ("tar/link", member.link)]
            names = (member.name, member.link)
            for key, value in (member.records or {}).items():
                field = "tar/pax/" + key.decode("utf-8", "backslashreplace")
                texts += [(field, text) for text in (key, value) if text in data and text not in names]
            parts = [*_parted(data, member), *(text for _, text in texts)]
            self._take(Beside(normalise(member.name), b"\0".join(parts), tuple(texts)))
        self._long = False


def _parted(data: bytes, member: TarMember) -> Iterator[bytes]:
    """Yield what precedes a member's data, whole and then field by field: in a header one field touches the next.

    A name that a header cuts short is left out: the whole one is in an extension header, and a part of a credential
    in it would look like another one.
    """
    held = bytearray(data)
    fields = []
    for start in range(len(data) - BLOCK, -1, -BLOCK):
        block = data[start : start + BLOCK]
        if start != len(data) - BLOCK and not checksum_holds(block):
            continue
        for begin, end in pairwise(_BORDERS):
            field = block[begin:end]
            whole = {0: member.name, 157: member.link}.get(begin, b"")
            if b"\0" not in field and _shortens(field, whole):
                held[start + begin : start + end] = bytes(len(field))
            else:
                fields.append(field)
    yield bytes(held)
    yield from fields


def _shortens(field: bytes, name: bytes) -> bool:
    """Whether a full field ends in the beginning of a part of a name."""
    last = field.rpartition(b"/")[2]
    return bool(last) and len(name) > len(field) and any(part.startswith(last) for part in name.split(b"/"))


_BORDERS = (0, 100, 108, 116, 124, 136, 148, 156, 157, 257, 263, 265, 297, 329, 337, 345, 500, 512)
"""Where the fields of a header begin, and its end: POSIX.1-2017, pax, "ustar Interchange Format"."""
