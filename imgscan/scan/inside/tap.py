"""The tap beside a tar stream: offers each member to the nest by its first bytes, and hands on those it takes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from imgscan.containers.base import HEAD
from imgscan.containers.formats import may_be
from imgscan.containers.program import HEADERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgscan.scan.inside.intake import Intake
    from imgscan.scan.inside.nest import Nest
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.tar import TarMember

_Numbered = tuple["TarMember", bytes, int]
"""A member, its normalised name, and its number."""

_LEAST = 16
"""Bytes below which a file is not a container worth a look."""


class Tap:
    """Follows one tar stream."""

    def __init__(self, nest: Nest) -> None:
        self.nest = nest
        self._base = 0
        self._coming: deque[_Numbered] = deque()
        self._member: _Numbered | None = None  # the one whose data continue
        self._head: bytes | None = b""
        """What was seen of it while it is not known what it is; None once that is known."""
        self._intake: Intake | None = None

    def feed(self, chunk: Chunk, members: Sequence[TarMember], names: Sequence[bytes], first: int) -> None:
        """Take the next bytes, and the members whose headers they complete, numbered from `first` on."""
        base, end = self._base, self._base + len(chunk)
        self._base = end
        if self._member is not None:
            self._go_on(self._member, chunk, base, end)
        coming = self._coming
        for number, member in enumerate(members, first):
            start = member.start
            if member.end - start < _LEAST or member.fragments is not None:  # whatever its type: data are data
                continue
            if coming or self._member is not None or member.end > end or start < base:
                coming.append((member, names[number - first], number))
            elif may_be(chunk, start - base, member.end - base):
                self.nest.whole(chunk[start - base : member.end - base], names[number - first], number)
        while coming and self._member is None and coming[0][0].start < end:
            member, name, number = numbered = coming.popleft()
            if member.start >= base and member.end <= end:
                if may_be(chunk, member.start - base, member.end - base):
                    self.nest.whole(chunk[member.start - base : member.end - base], name, number)
                continue
            self._member = numbered
            self._head, self._intake = b"", None
            self._go_on(numbered, chunk, base, end)

    def _go_on(self, numbered: _Numbered, chunk: Chunk, base: int, end: int) -> None:
        """Hand on what the chunk holds of the member whose data continue."""
        member, name, number = numbered
        wanted = self._intake is not None or self._head is not None
        piece = chunk[max(0, member.start - base) : max(0, min(member.end, end) - base)] if wanted else b""
        if self._intake is not None:
            self._intake.feed(piece)
        elif self._head is not None:
            head = self._head + bytes(piece[:HEADERS])
            known = len(head) >= HEAD or member.end <= end
            if known:
                self._intake = self.nest.offer(head, name, number, member.end - member.start)
            if self._intake is not None:
                self._intake.feed(self._head)
                self._intake.feed(piece)
            self._head = None if known else self._head + bytes(piece)
        if member.end <= end:
            intake, self._intake, self._member = self._intake, None, None
            if intake is not None:
                intake.finish()

    def last(self) -> Intake | None:
        """Return the container that the stream's end has cut off, if there is one; the stream is over."""
        intake, self._intake, self._member = self._intake, None, None
        return intake
