"""How the tests read a container: all of it, into values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgscan.containers.base import HeaderBatch, Member
from imgscan.streams.inflate import StreamError
from imgscan.unread import Unread
from tests.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgscan.containers.base import Format, Part

LARGEST = (1 << 20) + 1
"""Bytes of one chunk at most."""


@dataclass
class Reading:
    """What a container gave: members as (name, content), the failures of their chunks, what was not read.

    `parts` are what it gave as its own bytes, to be looked into.
    """

    members: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    failures: list[StreamError] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    extents: list[tuple[int, int] | None] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        """The codes of everything that was reported."""
        return [failure.code for failure in self.failures] + [unread.code for unread in self.unread]

    @property
    def whole(self) -> bool:
        """Whether nothing was reported."""
        return not self.failures and not self.unread


def read(parts: Iterable[Part], *, limit: int | None = None) -> Reading:
    """Read the members to their ends; stop after `limit` bytes of content."""
    reading = Reading()
    total = 0
    for part in parts:
        if isinstance(part, HeaderBatch):
            continue
        if isinstance(part, Unread):
            reading.unread.append(part)
            continue
        content = bytearray()
        if part.verbatim:
            reading.parts.append(b"")
        else:
            reading.members.append((part.name, b""))
            reading.extents.append(part.extent)
        try:
            for chunk in part.chunks:
                assert len(chunk) <= LARGEST
                content += chunk
                total += len(chunk)
                if limit is not None and total > limit:
                    break
        except StreamError as error:
            reading.failures.append(error)
        if part.verbatim:
            reading.parts[-1] = bytes(content)
        else:
            reading.members[-1] = (part.name, bytes(content))
        if limit is not None and total > limit:
            break
    return reading


def read_stream(known: Format, data: bytes, size: int = 1 << 20, *, limit: int | None = None) -> Reading:
    """Read a streamed format from reads of at most `size` bytes."""
    return read(known.members(Trickle(data, size)), limit=limit)


def read_file(known: Format, data: bytes, *, limit: int | None = None) -> Reading:
    """Read a format that seeks."""
    return read(known.members(data), limit=limit)


def given_up(parts: Iterator[Part]) -> list[bytes | None]:
    """Return the names of all members without reading any of them."""
    return [part.name for part in parts if isinstance(part, Member)]
