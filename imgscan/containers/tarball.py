"""Tar archives inside other files: members by the header walker that layers are read with.

Docker and OCI archives are tars too. A layer in them is named by its digest, where its name in the archive tells it.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Format, Member
from imgscan.streams.readers import CHUNK, StreamError
from imgscan.streams.tar import HEAD_LENGTH, Kind, TarWalker, looks_like_tar, normalise
from imgscan.streams.tar_header import NO_END

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.streams.readers import Reader
    from imgscan.streams.tar import TarMember
    from imgscan.unread import Unread

_OCI_BLOB = re.compile(rb"blobs/(sha256|sha512)/([0-9a-f]{64}(?:[0-9a-f]{64})?)")
_PODMAN_LAYER = re.compile(rb"([0-9a-f]{64})\.tar")


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
        self.walker = TarWalker()
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
        self.members.extend(self.walker.feed(self.chunk))
        return True

    def data(self, member: TarMember) -> Iterator[memoryview]:
        """Yield a member's bytes; StreamError where the archive ends before it does."""
        for start, end, _ in member.fragments or ((member.start, member.end, 0),):
            position = start
            while position < end:
                if position >= self.base + len(self.chunk) and not self.more():
                    raise self.failure or StreamError("cut-stream", "the archive ends inside this member")
                if position < self.base + len(self.chunk):
                    piece = memoryview(self.chunk)[position - self.base : end - self.base]
                    position += len(piece)
                    yield piece


def members(raw: Reader) -> Iterator[Member | Unread]:
    """Yield the files of the archive, and what is wrong with it."""
    walk = _Passage(raw)
    while True:
        while not walk.members and walk.more():
            pass
        if not walk.members:
            break
        member = walk.members.popleft()
        if member.kind is Kind.FILE and member.end > member.start:
            yield Member(named(member.name), walk.data(member), (member.start, member.end))
    walk.walker.finish()
    if walk.failure is not None:
        raise walk.failure
    yield from (problem for problem in walk.walker.problems if problem.code != NO_END)


TAR: Final = Format(name="tar", begins=(b"",), recognise=recognise, members=members, streamed=True)
"""It begins with the name of its first member: with anything."""
