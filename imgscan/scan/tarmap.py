"""The map of a tar stream: members, what their headers say, and what is between and behind them.

It distinguishes a member's data, its header and the padding after it. What a header says (a name, a link's target,
PAX records) is searched field by field once the detector has found anything in it, so that such a hit names the
field.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from imgscan.image.lifecycle import DIRECTORY, HARD_LINK, PLAIN, LayerNames, trail
from imgscan.scan.regions import ENDLESS, Region
from imgscan.streams.tar import Kind, normalise, normalise_all

if TYPE_CHECKING:
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.scan.inside.tap import Tap
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.tar import TarMember, TarWalker


class TarRegions:
    """Maps a stream by its tar headers, with `walker` beside it.

    `name` is used for bytes after the archive's end. `tap` sees the members. `hits` are those in headers,
    in member order. `names` collects what the life of a file is derived from.
    """

    def __init__(
        self,
        walker: TarWalker,
        concealer: Concealer,
        *,
        name: bytes,
        tap: Tap | None = None,
    ) -> None:
        self._tap = tap
        self.names = LayerNames()
        self.hits: list[Hit] = []
        self._walker = walker
        self._concealer = concealer
        self._name = name
        self._members: list[TarMember] = []  # those that the coming windows may touch
        self._first = 0  # the number of the first of them
        self._header_hits: list[int] = []  # hits in a header whose member is not known yet
        self._told = -1  # the last member whose header has been searched

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
        if self._header_hits:
            waiting, self._header_hits = self._header_hits, []
            for position in waiting:
                self._locate_header(position)

    def finish(self) -> None:
        """Let the walker report what the archive lacks."""
        self._walker.finish()

    def region(self, position: int) -> Region | None:
        """Say what is at a stream offset; None for a header, which is dealt with on its own."""
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
            return Region(member.start, member.end, number, name, 0, None)
        if position < member.end and member.fragments:  # they follow each other in the stream
            piece = bisect_right(member.fragments, position, key=_start_of) - 1
            start, end, origin = member.fragments[piece]
            return Region(start, end, number, name, origin, None, sparse=True)
        if at + 1 < len(self._members):
            return Region(member.end, self._members[at + 1].header, number, name, 0, "tar/padding")
        padded = member.end + (member.start - member.end) % 512
        if position < padded:
            return Region(member.end, padded, number, name, 0, "tar/padding")
        return self._beyond(position, padded)

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

    def _beyond(self, position: int, start: int) -> Region | None:
        """Say what follows the last known member: a header still to be completed, or no tar at all."""
        if not (self._walker.lost or self._walker.ended):
            self._header_hits.append(position)
            return None
        return Region(start, ENDLESS, -1, self._name, 0, "tar/trailer")

    def _locate_header(self, position: int) -> None:
        at = bisect_right(self._members, position, key=_header_of) - 1
        if at < 0 or position >= self._members[at].start:
            at += 1  # global records precede the member that they are merged into
        if at < len(self._members):
            self._tell_header(self._members[at], self._first + at)
        else:
            self._header_hits.append(position)

    def _tell_header(self, member: TarMember, number: int) -> None:
        """Search what a member's headers say: its name, its link's target, its PAX records."""
        if number == self._told:
            return
        self._told = number
        texts = [("tar/name", member.name), ("tar/link", member.link)]
        for key, value in (member.records or {}).items():
            field = "tar/pax/" + key.decode("utf-8", "backslashreplace")
            texts += [(field, text) for text in (key, value) if text not in (member.name, member.link)]
        name = normalise(member.name)
        for field, text in texts:
            self.hits += self._concealer.in_text(text, name, field=field, member=number, trail=trail(name))


def _header_of(member: TarMember) -> int:
    return member.header


def _start_of(fragment: tuple[int, int, int]) -> int:
    return fragment[0]
