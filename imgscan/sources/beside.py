"""What a source stores beside its blobs and documents: the headers of an archive, the names of a folder's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.streams.tar import normalise

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.streams.tar import TarMember

BESIDE_LIMIT = 1 << 20
"""Bytes between two members that are reported under the second's name; if there are more, they are under none's."""


class Beside(NamedTuple):
    """Stored bytes that are in no blob and no document: headers, padding, names.

    `name` is the raw name of the member that they describe; empty if they describe none, as behind an archive's end.
    `texts` are what they say, by field. `continues` means that they go on where the ones before ended.
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
            for key, value in (member.records or {}).items():
                field = "tar/pax/" + key.decode("utf-8", "backslashreplace")
                texts += [(field, text) for text in (key, value) if text not in (member.name, member.link)]
            self._take(Beside(normalise(member.name), data, tuple(texts)))
        self._long = False
