"""The map of a tar stream: members, what their headers say, and what is between and behind them.

It distinguishes a member's data, its headers and the padding after it. Headers are searched piece by piece once the
detector has found anything in them (`imgscan.scan.headers`), so that such a hit names the field.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from imgscan.image.lifecycle import DIRECTORY, HARD_LINK, PLAIN, LayerNames
from imgscan.scan import headers
from imgscan.scan.headers import HeaderBytes, HeaderSearch
from imgscan.scan.manyhits import HitLog
from imgscan.scan.regions import ENDLESS, Region
from imgscan.streams.tar import Kind, normalise, normalise_all
from imgscan.streams.tar_header import BLOCK

if TYPE_CHECKING:
    from imgscan.image.membernames import Room
    from imgscan.scan.hits import Concealer
    from imgscan.scan.inside.tap import Tap
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.tar import TarMember, TarWalker
    from imgscan.streams.windows import Window


class TarRegions:
    """Maps a stream by its tar headers, with `walker` beside it.

    `name` is used for bytes after the archive's end. `tap` sees the members. `hits` takes those in
    headers, in member order. `names` collects what the life of a file is derived from.
    """

    def __init__(
        self,
        walker: TarWalker,
        concealer: Concealer,
        *,
        name: bytes,
        tap: Tap | None = None,
        room: Room | None = None,
        hits: HitLog | None = None,
    ) -> None:
        self._tap = tap
        self.names = LayerNames(room)
        self.hits = HitLog() if hits is None else hits
        self._walker = walker
        self._name = name
        self._members: list[TarMember] = []  # those that the coming windows may touch
        self._first = 0  # the number of the first of them
        self._headers = HeaderSearch(concealer)
        self._waiting: list[tuple[int, HeaderBytes]] = []  # bytes of headers whose member is not known yet, and where
        self._looked = (-1, -1)  # the window and the start of the last payload or block that has been looked at

    def feed(self, chunk: Chunk) -> None:
        """Walk the headers of the next bytes."""
        members = self._walker.feed(chunk)
        names = normalise_all([member.name for member in members])
        if self._tap is not None:
            self._tap.feed(chunk, members, names, self._first + len(self._members))
        if not members:
            return
        folder, link = Kind.DIRECTORY, Kind.LINK
        kinds = [
            DIRECTORY if member.kind is folder else HARD_LINK if member.kind is link else PLAIN for member in members
        ]
        if HARD_LINK not in kinds:
            self.names.add_all(names, kinds)
        else:
            for member, name, kind in zip(members, names, kinds, strict=True):
                if kind == HARD_LINK:
                    self.names.add_link(name, normalise(member.link))
                else:
                    self.names.add(name, kind)
        self._members += members
        if self._waiting:
            self._tell_waiting()

    def finish(self) -> None:
        """Let the walker report what the archive lacks."""
        self._walker.finish()

    def conclude(self) -> None:
        """Search the headers that no member follows; nothing more will be looked up."""
        self._tell_waiting(last=True)

    def region(self, position: int, window: Window) -> Region | None:
        """Say what is at a stream offset; None for a header, which is dealt with on its own."""
        at = bisect_right(self._members, position, key=_header_of) - 1
        if at < 0 or position < self._members[at].start:
            return self._in_header(position, window, max(at, 0), 0)
        member = self._members[at]
        number = self._first + at
        name = normalise(member.name)
        if position < member.end and member.fragments is None:
            return Region(member.start, member.end, number, name, 0, None)
        if position < member.end and member.fragments:  # they follow each other in the stream
            piece = bisect_right(member.fragments, position, key=_start_of) - 1
            start, end, origin = member.fragments[piece]
            return Region(start, end, number, name, origin, None, sparse=True)
        padded = member.end + (member.start - member.end) % BLOCK
        if position < padded:
            return Region(member.end, padded, number, name, 0, "tar/padding")
        return self._in_header(position, window, at + 1, padded)  # that of global records begins before the member's

    def ongoing(self, position: int, end: int) -> Region | None:
        """Return the member whose data began before `position` and continue behind `end`; a sparse one has no lines."""
        at = bisect_right(self._members, position, key=_header_of) - 1
        if at < 0:
            return None
        member = self._members[at]
        if member.fragments is not None or not member.start < position < member.end or member.end <= end:
            return None
        return Region(member.start, member.end, self._first + at, b"", 0, None)

    def forget(self, position: int) -> None:
        """Drop the members that end before an offset."""
        gone = bisect_right(self._members, position, key=_header_of) - 1
        if gone > 0:
            del self._members[:gone]
            self._first += gone
        payloads = self._walker.payloads
        if payloads:
            del payloads[: bisect_right(payloads, position, key=_start_of) - 1]

    def _in_header(self, position: int, window: Window, at: int, start: int) -> Region | None:
        """Search the header that holds an offset, or note it if it is not known whose that is.

        Behind the archive there are no headers, but a region from `start` on.
        """
        known = at < len(self._members)
        if not known and (self._walker.lost or self._walker.ended):
            return Region(start, ENDLESS, -1, self._name, 0, "tar/trailer")
        place, unit, stored = self._stored(position, window)
        if self._looked != (window.offset, unit):
            self._looked = (window.offset, unit)
            if known:
                self._tell(self._members[at], self._first + at, [stored])
            else:
                self._waiting.append((place, stored))
        return None

    def _stored(self, position: int, window: Window) -> tuple[int, int, HeaderBytes]:
        """Return what of the payload or block at an offset is in the window, where that is, and where all of it is."""
        payloads = self._walker.payloads or []
        last = bisect_right(payloads, position, key=_start_of) - 1
        start = position - position % BLOCK
        end, kind = start + BLOCK, headers.BLOCK
        if last >= 0:
            low, high, flag = payloads[last]
            if position < high:
                start, end, kind = low, high, flag
            elif position < high + (low - high) % BLOCK:
                start, kind = high, headers.PAD
        first = max(start, window.offset)
        data = window.data[first - window.offset : max(0, end - window.offset)]
        return first, start, HeaderBytes(kind, data, window.offset + window.end - first)

    def _tell_waiting(self, *, last: bool = False) -> None:
        """Search the headers of which it is known by now whose they are."""
        waiting, self._waiting = self._waiting, []
        for place, stored in waiting:
            at = bisect_right(self._members, place, key=_header_of) - 1
            if at < 0 or place >= self._members[at].start:
                at += 1  # global records precede the member that they are merged into
            if at < len(self._members):
                self._tell(self._members[at], self._first + at, [stored])
            elif last:
                self._tell(None, -1, [stored])
            else:
                self._waiting.append((place, stored))

    def _tell(self, member: TarMember | None, number: int, stored: list[HeaderBytes]) -> None:
        name = normalise(member.name) if member is not None else self._name
        self.hits.extend(self._headers.tell(member, stored, name, number))


def _header_of(member: TarMember) -> int:
    return member.header


def _start_of(piece: tuple[int, int, object]) -> int:
    return piece[0]
