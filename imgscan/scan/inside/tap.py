"""The tap beside a tar stream: offers each member to the nest by its first bytes, and hands on those it takes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from imgscan.containers.base import HEAD
from imgscan.containers.formats import may_be
from imgscan.containers.program import HEADERS
from imgscan.scan.inside.node import Top
from imgscan.streams.tar import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgscan.scan.hits import Hit
    from imgscan.scan.inside.intake import Intake
    from imgscan.scan.inside.nest import Nest
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.tar import TarMember

_LEAST = 16
"""Bytes below which a file is no container worth a look."""


class Tap:
    """Follows one tar stream."""

    def __init__(self, nest: Nest) -> None:
        self.nest = nest
        self._base = 0
        self._coming: deque[tuple[TarMember, Top]] = deque()
        self._member: tuple[TarMember, Top] | None = None  # the one whose data go on
        self._head: bytes | None = b""
        """What was seen of it while it is not known what it is; None once that is known."""
        self._intake: Intake | None = None

    def feed(self, chunk: Chunk, members: Sequence[TarMember], names: Sequence[bytes], first: int) -> None:
        """Take the next bytes, and the members whose headers they complete, numbered from `first` on."""
        base, end = self._base, self._base + len(chunk)
        self._base = end
        if self._member is not None:
            self._go_on(*self._member, chunk, base, end)
        coming = self._coming
        for number, member in enumerate(members, first):
            start = member.start
            if member.kind is not Kind.FILE or member.end - start < _LEAST or member.fragments is not None:
                continue
            if coming or self._member is not None or member.end > end or start < base:
                coming.append((member, Top(names[number - first], number, number)))
            elif may_be(chunk, start - base, member.end - base):
                self.nest.whole(chunk[start - base : member.end - base], Top(names[number - first], number, number))
        while coming and self._member is None and coming[0][0].start < end:
            member, top = coming.popleft()
            if member.start >= base and member.end <= end:
                if may_be(chunk, member.start - base, member.end - base):
                    self.nest.whole(chunk[member.start - base : member.end - base], top)
                continue
            self._member = member, top
            self._head, self._intake = b"", None
            self._go_on(member, top, chunk, base, end)

    def _go_on(self, member: TarMember, top: Top, chunk: Chunk, base: int, end: int) -> None:
        """Hand on what the chunk holds of the member whose data go on."""
        wanted = self._intake is not None or self._head is not None
        piece = chunk[max(0, member.start - base) : max(0, min(member.end, end) - base)] if wanted else b""
        if self._intake is not None:
            self._intake.feed(piece)
        elif self._head is not None:
            head = self._head + bytes(piece[:HEADERS])
            known = len(head) >= HEAD or member.end <= end
            if known:
                self._intake = self.nest.offer(head, top, member.end - member.start)
            if self._intake is not None:
                self._intake.feed(self._head)
                self._intake.feed(piece)
            self._head = None if known else self._head + bytes(piece)
        if member.end <= end:
            intake, self._intake, self._member = self._intake, None, None
            if intake is not None:
                intake.finish()

    def finish(self, hits: list[Hit]) -> list[Hit]:
        """End the search; `hits` are those in the members' own bytes. Give those inside of containers.

        What stands in `hits` for one of them is taken out.
        """
        intake, self._intake, self._member = self._intake, None, None
        if intake is not None and self.nest.stopped:
            intake.abandon()
        elif intake is not None:
            intake.finish()
        outer: dict[object, list[Hit]] = {}
        for hit in hits:
            outer.setdefault(hit.member, []).append(hit)
        found = [hit for _, hit in self.nest.settle(outer)]
        hits[:] = [hit for kept in outer.values() for hit in kept]
        return found
