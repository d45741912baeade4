"""Tar archives inside other files: members by the header walker that layers are read with.

Docker and OCI archives are tars too. A layer in them is named by its digest, where its name in the archive tells it.
"""

from __future__ import annotations

import re
from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Format, HeaderBatch, Headers, Member
from imgscan.streams.readers import CHUNK, StreamError
from imgscan.streams.tar import HEAD_LENGTH, TarWalker, looks_like_tar, normalise
from imgscan.streams.tar_header import NO_END

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.containers.base import Part
    from imgscan.streams.readers import Reader
    from imgscan.streams.tar import TarMember

_OCI_BLOB = re.compile(rb"blobs/(sha256|sha512)/([0-9a-f]{64}(?:[0-9a-f]{64})?)")
_PODMAN_LAYER = re.compile(rb"([0-9a-f]{64})\.tar")

_HELD = 8 << 20
"""Bytes of headers, and of what follows the last member, that are held until it is known whose they are."""


def recognise(head: bytes) -> bool:
    """Tell a tar by its first header, whose checksum must hold."""
    return len(head) >= HEAD_LENGTH and head[0] != 0 and looks_like_tar(head[:HEAD_LENGTH])


def named(name: bytes) -> bytes:
    """Return the name of a member: that of an image's blob is its digest."""
    name = normalise(name)
    blob = _OCI_BLOB.fullmatch(name)
    if blob is not None:
        return blob[1] + b":" + blob[2]
    layer = _PODMAN_LAYER.fullmatch(name)
    return b"sha256:" + layer[1] if layer is not None else name


class _Passage:
    """The stream, the walker beside it, and the members that were announced and not yet given."""

    def __init__(self, raw: Reader) -> None:
        self._raw = raw
        self.walker = TarWalker(payloads=True)
        self.headers: list[Headers] = []
        self._between = 0  # where the headers of the next member, or the padding before them, begin
        self._before: TarMember | None = None  # whose data end there
        self._held = b""  # what was read of them
        self.members: deque[TarMember] = deque()
        self.chunk: bytes = b""
        self.base = 0
        self.ended = False
        self.failure: StreamError | None = None

    def more(self) -> bool:
        """Read the next chunk; False at the end."""
        self.base += len(self.chunk)
        try:
            self.chunk = self._raw.read(CHUNK)
        except StreamError as error:
            self.failure = error
            self.chunk = b""
        if not self.chunk:
            self.ended = True
            return False
        found = self.walker.feed(self.chunk)
        self._gather(found)
        self.members.extend(found)
        return True

    def _gather(self, found: Sequence[TarMember]) -> None:
        """Collect what is between the members' data."""
        data = self._held + self.chunk if self._held else self.chunk
        at = self.base + len(self.chunk) - len(data)
        if self.walker.payloads:
            for member in found:
                self._add(member, data[self._between - at : member.start - at])
                self._between = member.end
        elif found:
            new, append, before, start = tuple.__new__, self.headers.append, self._before, self._between
            for member in found:
                append(new(Headers, (before, member, start, data[start - at : member.start - at], ())))
                before, start = member, member.end
            self._before, self._between = before, start
        self._held = data[self._between - at :] if self._between < at + len(data) else b""
        if len(self._held) > _HELD and not self.walker.lost:
            self.rest()

    def rest(self) -> None:
        """Give up waiting for a member that the held bytes may be headers of."""
        if self._held.strip(b"\0"):
            self._add(None, self._held)
        self._between += len(self._held)
        self._held = b""

    def _add(self, member: TarMember | None, data: bytes) -> None:
        payloads, end = self.walker.payloads or [], self._between + len(data)
        known = tuple(takewhile(lambda payload: payload[1] <= end, payloads))
        del payloads[: len(known)]
        self.headers.append(Headers(self._before, member, self._between, data, known))
        self._before = member

    def data(self, member: TarMember) -> Iterator[memoryview]:
        """Yield a member's bytes; StreamError if the archive ends before it does."""
        for start, end, _ in member.fragments or ((member.start, member.end, 0),):
            position = start
            while position < end:
                if position >= self.base + len(self.chunk) and not self.more():
                    if self.failure is None and self.walker.in_filling:
                        return
                    raise self.failure or StreamError("cut-stream", "the archive ends inside this member")
                if position < self.base + len(self.chunk):
                    piece = memoryview(self.chunk)[position - self.base : end - self.base]
                    position += len(piece)
                    yield piece


def members(raw: Reader) -> Iterator[Part]:
    """Yield the files of the archive, and what is wrong with it."""
    walk = _Passage(raw)
    while True:
        while not walk.members and walk.more():
            pass
        if walk.headers:
            headers, walk.headers = walk.headers, []
            yield HeaderBatch(headers, named)
        if not walk.members:
            break
        member = walk.members.popleft()
        if member.end > member.start:  # whatever its type: data are data
            yield Member(named(member.name), walk.data(member), (member.start, member.end))
    walk.walker.finish()
    walk.rest()
    if walk.headers:
        yield HeaderBatch(walk.headers, named)
    if walk.failure is not None:
        raise walk.failure
    yield from (problem for problem in walk.walker.problems if problem.code != NO_END)


TAR: Final = Format(name="tar", begins=(b"",), recognise=recognise, members=members, streamed=True)
"""It begins with the name of its first member: with anything."""
