"""Keys in the headers of tar members: in what they say, field by field, and in the stored bytes around that.

Nothing here costs anything until a sieve has found something in a header. Then the fields are searched as readers
take them (the name, a link's target, PAX records), then the stored bytes, for what readers pass over: behind a NUL, in
owner names, in records that a later one overrides, in areas without meaning. A key that is in both is one finding, the
field's; and so is the shortened copy of a name that precedes a long one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.image.lifecycle import trail
from imgscan.model import Location
from imgscan.streams.tar import STALE
from imgscan.streams.tar_fields import HEADER, LINK, NAME, PADDING, PAX, numbers, pieces, record_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgscan.detect import Match
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.streams.tar import TarMember


class HeaderBytes(NamedTuple):
    """Stored bytes of a member's headers.

    `kind` is the type of the extension header whose payload they are from, `BLOCK` for a block, `PAD` for what fills
    one up, or `STALE`. What begins at or after `until` is for the next ones to find.
    """

    kind: bytes
    data: bytes
    until: int


BLOCK = b""
PAD = b" "


class HeaderSearch:
    """Searches the headers of one archive's members, in order."""

    def __init__(self, concealer: Concealer) -> None:
        self._concealer = concealer
        self._number = -1
        self._known: list[bytes] = []  # the secrets in this member's headers

    def tell(
        self, member: TarMember | None, stored: Iterable[HeaderBytes], name: bytes, number: int, *, life: bool = True
    ) -> Iterator[Hit]:
        """Search a member's headers; of those searched before, only the further `stored` bytes.

        None is for headers that no member follows. `name` is the path to be reported, `number` the member's; with
        `life` its hits can be followed through the layers.
        """
        way = trail(name) if life else ()
        if number != self._number or member is None:
            self._number, self._known = number, []
            for text, field in _fields(member) if member is not None else ():
                for match in self._concealer.engine.search(text):
                    self._known.append(match.secret)
                    yield self._hit(match, name, field, number, way)
        for each in stored:
            for match, field in self._matches(each):
                if not any(known.startswith(match.secret) for known in self._known):
                    self._known.append(match.secret)
                    yield self._hit(match, name, field, number, way)

    def _hit(self, match: Match, name: bytes, field: str, number: int, way: tuple[int, ...]) -> Hit:
        spelling = self._concealer.spell(name)
        location = Location(None, *spelling, encoding=match.encoding, field=self._concealer.text(field))
        return self._concealer.hit(match, name, location, number, way)

    def _matches(self, stored: HeaderBytes) -> Iterator[tuple[Match, str]]:
        """Search bytes, those of a block piece by piece and then across the pieces; also say what holds each match."""
        search = self._concealer.engine.search
        kind, data, until = stored
        if kind == BLOCK:
            taken = list(numbers(data))
            for start, end, field in pieces(data):
                for match in search(data[start:end]):
                    taken.append((start + match.start, start + match.end))
                    yield match, field
            for match in search(data):
                if all(match.end <= start or end <= match.start for start, end in taken):
                    yield match, HEADER
            return
        for match in search(data):
            if match.start >= until:
                return
            if kind == PAD:
                yield match, PADDING
            elif kind == b"L":
                yield match, NAME
            elif kind == b"K":
                yield match, LINK
            elif kind == STALE:
                yield match, "tar/trailer"
            else:
                key = record_key(data, match.start)
                yield match, PAX if key is None else _pax(key)


def _pax(key: bytes) -> str:
    return f"{PAX}/{key.decode('utf-8', 'backslashreplace')}"


def _fields(member: TarMember) -> Iterator[tuple[bytes, str]]:
    """Give what the headers say of a member."""
    yield member.name, NAME
    yield member.link, LINK
    for key, value in (member.records or {}).items():
        yield from ((text, _pax(key)) for text in (key, value) if text not in (member.name, member.link))


def stored_bytes(data: bytes, at: int, payloads: Iterable[tuple[int, int, bytes]]) -> Iterator[HeaderBytes]:
    """Cut what is between two members' data, `data` at stream offset `at`: padding up to a whole block, and headers.

    `payloads` are those of the extension headers among them, ascending.
    """
    end = at + len(data)
    position = min(end, at + -at % 512)
    yield HeaderBytes(PAD, data[: position - at], 512)
    for start, stop, kind in payloads:
        yield from _blocks(data[position - at : start - at])
        yield HeaderBytes(kind, data[start - at : stop - at], stop - start)
        position = stop + (start - stop) % 512
        yield HeaderBytes(PAD, data[stop - at : position - at], 512)
    if position < end:
        yield from _blocks(data[position - at :])


def _blocks(data: bytes) -> Iterator[HeaderBytes]:
    for start in range(0, len(data), 512):
        yield HeaderBytes(BLOCK, data[start : start + 512], 512)
