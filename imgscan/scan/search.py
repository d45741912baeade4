"""One plain stream through the sieves: windows are searched as they come, and hits are explained by the tar headers.

The stream is cut into windows as it is, not file by file: a thousand small files cost no thousand calls. Beside it
the tar walker notes which bytes belong to which member; only where a sieve has caught something is the offset
turned into a path, a line and a column. Data of a member, its header and the padding behind it are searched apart:
nothing is ever matched across the border of a file.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from imgscan.image.lifecycle import DIRECTORY, PLAIN, LayerNames
from imgscan.scan.position import HEAD, TextPosition
from imgscan.streams.tar import Kind, TarWalker, normalise
from imgscan.streams.windows import Windower

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgscan.detect import Candidate, Match, View
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.tar import Member
    from imgscan.streams.windows import Window

WINDOW = 1 << 20
"""Bytes that a window owns: enough that the cost of a call is nothing beside the bytes it searches."""

_ENDLESS = 1 << 62  # behind the end of any stream


class _Region(NamedTuple):
    """Bytes of the stream that are one thing: a file's data, a piece of it, or something between files.

    `number` is the member's, -1 for none; `origin` the offset in the file of the region's first byte; `field` is
    None for data.
    """

    start: int
    end: int
    number: int
    name: bytes
    origin: int
    field: str | None
    sparse: bool = False


class StreamSearch:
    """Searches one stream, fed in chunks of any size; then `finish`. `hits` are in stream order.

    `walker` is None for a stream that is a single file, whose name is `name`; in a tar, `name` is what bytes behind
    its end are called. `names` collects what the life of a file is told from.
    """

    def __init__(
        self, concealer: Concealer, *, name: bytes, walker: TarWalker | None = None, window: int = WINDOW
    ) -> None:
        engine = concealer.engine
        self.hits: list[Hit] = []
        self.names = LayerNames()
        self.size = 0
        self._concealer = concealer
        self._engine = engine
        self._name = name
        self._whole = _Region(0, _ENDLESS, -1, name, 0, None)  # where the stream is a single file
        self._walker = walker
        self._windower = Windower(engine.reach_behind, engine.reach_ahead, window)
        self._members: list[Member] = []  # those that the coming windows may touch
        self._first = 0  # the number of the first of them
        self._tail: tuple[int, TextPosition] | None = None  # region start and text state of a file that goes on
        self._taken = -1  # stream offset where the last match ended
        self._header_hits: list[int] = []  # hits in a header whose member is not known yet
        self._told: int = -1  # the last member whose header has been searched

    def feed(self, chunk: Chunk) -> None:
        """Search the next bytes."""
        self.size += len(chunk)
        if self._walker is not None:
            self._note(self._walker.feed(chunk))
        for window in self._windower.feed(chunk):
            self._search(window)

    def finish(self) -> None:
        """Search what is left; the stream is over."""
        if self._walker is not None:
            self._walker.finish()
        for window in self._windower.finish():
            self._search(window)
        self.hits.sort(key=_order)

    def _note(self, members: list[Member]) -> None:
        add = self.names.add
        for member in members:
            kind = member.kind
            if kind is Kind.LINK:
                self.names.add_link(normalise(member.name), normalise(member.link))
            else:
                add(normalise(member.name), DIRECTORY if kind is Kind.DIRECTORY else PLAIN)
        if members:
            self._members += members
            if self._header_hits:
                waiting, self._header_hits = self._header_hits, []
                for position in waiting:
                    self._locate_header(position)

    def _search(self, window: Window) -> None:
        view = self._engine.open(window.data)
        candidates = view.candidates(window.start, window.end)
        if candidates:
            self._explain(window, view, candidates)
        self._carry(window)
        self._forget(window)

    def _explain(self, window: Window, view: View, candidates: Sequence[Candidate]) -> None:
        """Group the candidates by region, ask the validators, and note what they confirm."""
        group: list[Candidate] = []
        region: _Region | None = None
        for candidate in candidates:
            position = window.offset + candidate.position
            if region is None or not region.start <= position < region.end:
                if region is not None and group:
                    self._confirm(window, view, group, region)
                group = []
                region = self._region(position)
            if region is not None:
                group.append(candidate)
        if region is not None and group:
            self._confirm(window, view, group, region)

    def _region(self, position: int) -> _Region | None:
        """Say what stands at a stream offset; None for a header, which is dealt with on its own."""
        if self._walker is None:
            return self._whole
        at = bisect_right(self._members, position, key=_header_of) - 1
        if at < 0 and self._members:
            self._tell_header(self._members[0], self._first)  # global records, which are merged into its own
            return None
        if at < 0:
            return self._beyond(position, 0)
        member = self._members[at]
        number = self._first + at
        if position < member.start:
            self._tell_header(member, number)
            return None
        name = normalise(member.name)
        if position < member.end and member.fragments is None:
            return _Region(member.start, member.end, number, name, 0, None)
        if position < member.end and member.fragments:  # they follow each other in the stream
            piece = bisect_right(member.fragments, position, key=_start_of) - 1
            start, end, origin = member.fragments[piece]
            return _Region(start, end, number, name, origin, None, sparse=True)
        if at + 1 < len(self._members):
            return _Region(member.end, self._members[at + 1].header, number, name, 0, "tar/padding")
        padded = member.end + (member.start - member.end) % 512
        if position < padded:
            return _Region(member.end, padded, number, name, 0, "tar/padding")
        return self._beyond(position, padded)

    def _beyond(self, position: int, start: int) -> _Region | None:
        """Say what stands behind the last known member: a header still to be completed, or no tar at all."""
        walker = self._walker
        if walker is not None and not (walker.lost or walker.ended):
            self._header_hits.append(position)
            return None
        return _Region(start, _ENDLESS, -1, self._name, 0, "tar/trailer")

    def _locate_header(self, position: int) -> None:
        at = bisect_right(self._members, position, key=_header_of) - 1
        if at < 0 or position >= self._members[at].start:
            at += 1  # global records stand before the member that they are merged into
        if at < len(self._members):
            self._tell_header(self._members[at], self._first + at)
        else:
            self._header_hits.append(position)

    def _tell_header(self, member: Member, number: int) -> None:
        """Search what a member's headers say: its name, its link's target, its PAX records."""
        if number == self._told:
            return
        self._told = number
        texts = [("tar/name", member.name), ("tar/link", member.link)]
        for key, value in (member.records or {}).items():
            field = "tar/pax/" + self._concealer.text(key.decode("utf-8", "backslashreplace"))
            texts += [(field, text) for text in (key, value) if text not in (member.name, member.link)]
        name = normalise(member.name)
        spelling = self._concealer.spell(name)
        for field, text in texts:
            for match in self._engine.search(text):
                self.hits.append(self._concealer.hit(match, name, spelling, member=number, field=field))

    def _confirm(self, window: Window, view: View, group: Sequence[Candidate], region: _Region) -> None:
        low = max(0, region.start - window.offset)
        high = min(len(window.data), region.end - window.offset)
        spelling = self._concealer.spell(region.name)
        position = None if region.field or region.sparse else self._text_of(window, region)
        matches = view.confirm(
            group,
            low,
            high,
            origin=region.origin + window.offset + low - region.start,
            path=spelling.path,
            binary=position is None or position.binary,
            taken=max(0, self._taken - window.offset),
        )
        for match in matches:
            self._taken = window.offset + match.end
            place = self._place(window, region, position, match)
            self.hits.append(
                self._concealer.hit(match, region.name, spelling, member=region.number, field=region.field, **place)
            )

    def _place(
        self, window: Window, region: _Region, position: TextPosition | None, match: Match
    ) -> dict[str, int | None]:
        """Give the fields of a location that say where in the file the carrier stands."""
        if region.field is not None:
            return {}
        offset = region.origin + window.offset + match.start - region.start
        place: dict[str, int | None] = {"offset": offset, "length": match.end - match.start}
        if position is None or position.binary:
            return place
        self._advance(window, region, position, window.offset + match.start)
        end_line, end_column = position.past(window.data[match.start : match.end])
        place |= {"line": position.line, "column": position.column}
        return place | {"end_line": end_line, "end_column": end_column}

    def _text_of(self, window: Window, region: _Region) -> TextPosition:
        """Give the text state of a file: the one that was carried here, or a new one at its first byte."""
        if self._tail is not None and self._tail[0] == region.start:
            return self._tail[1]
        start = region.start - window.offset
        if start < 0:
            raise AssertionError("a file's first bytes have gone by without its text state")
        end = min(region.end - window.offset, start + HEAD)
        position = TextPosition(window.data[start:end])
        self._tail = (region.start, position)
        return position

    def _advance(self, window: Window, region: _Region, position: TextPosition, to: int) -> None:
        start = region.start + position.offset - window.offset
        position.advance(window.data, start, to - window.offset)

    def _carry(self, window: Window) -> None:
        """Take the text state of a file that goes on behind this window along, as far as the next one begins."""
        keep = window.offset + max(0, window.end - self._engine.reach_behind)
        if self._walker is None:
            region = self._whole
        else:
            at = bisect_right(self._members, keep, key=_header_of) - 1
            if at < 0:
                return
            member = self._members[at]
            if member.fragments is not None or not member.start < keep < member.end:
                return
            if member.end <= window.offset + window.end:  # no later window owns a byte of it
                return
            region = _Region(member.start, member.end, self._first + at, b"", 0, None)
        if region.start >= keep:
            return
        position = self._text_of(window, region)
        if position.offset < keep - region.start:
            self._advance(window, region, position, keep)

    def _forget(self, window: Window) -> None:
        """Drop the members that no later window can touch."""
        keep = window.offset + max(0, window.end - self._engine.reach_behind)
        gone = bisect_right(self._members, keep, key=_header_of) - 1
        if gone > 0:
            del self._members[:gone]
            self._first += gone


def _order(hit: Hit) -> tuple[bool, int, int]:
    return hit.member < 0, hit.member, -1 if hit.offset is None else hit.offset


def _header_of(member: Member) -> int:
    return member.header


def _start_of(fragment: tuple[int, int, int]) -> int:
    return fragment[0]
