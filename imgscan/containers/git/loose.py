"""Loose git objects: one object as a zlib stream, in a file named by its id (`.git/objects/ab/cdef…`).

The plain bytes are `KIND SIZE` and a NUL, then the object (git's `Documentation/gitrepository-layout.txt`, and
"Object Storage" in chapter 10.2 of Pro Git). The header is not given: offset 0 is the object's first byte.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Format, Member
from imgscan.containers.compressed import ZLIB_HEADS
from imgscan.streams.deflate import inflate_deflate
from imgscan.streams.readers import StreamError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.streams.readers import Chunk, Reader
    from imgscan.unread import Unread

_HEADER = re.compile(rb"(?:blob|tree|commit|tag) (0|[1-9]\d{0,18})\0")
_LONGEST_HEADER = 27


def recognise(head: bytes) -> bool:
    """Tell a loose object by a zlib header (RFC 1950, 2.2) and by the header that its first plain bytes are."""
    if not head.startswith(ZLIB_HEADS):
        return False
    try:
        plain = zlib.decompressobj(15).decompress(head, _LONGEST_HEADER)
    except zlib.error:
        return False
    return _HEADER.match(plain) is not None


def members(raw: Reader) -> Iterator[Member | Unread]:
    """Yield the object as the one member, without a name of its own."""
    yield Member(None, _body(raw))


def _body(raw: Reader) -> Iterator[Chunk]:
    """Yield the object's bytes. StreamError where they are damaged, or not as many as the header says."""
    plain = _plain(raw)
    head = b""
    trouble = None
    try:
        for chunk in plain:
            head += chunk
            if len(head) >= _LONGEST_HEADER:
                break
    except StreamError as error:
        trouble = error  # of a small object, everything may be there
    header = _HEADER.match(head)
    if header is None:
        raise trouble or StreamError("damaged-stream", "the git object has no header")
    left = int(header[1]) - len(head) + header.end()
    if len(head) > header.end():
        yield head[header.end() :]
    if trouble is not None:
        raise trouble
    for chunk in plain:
        left -= len(chunk)
        yield chunk  # also what is too much: it is there
    if left:
        raise StreamError("damaged-stream", "the git object does not have the length in its header")


def _plain(raw: Reader) -> Iterator[Chunk]:
    """Inflate the stream, which is all there is in the file."""
    rest = yield from inflate_deflate(raw, 15)
    if rest or raw.read(1):
        raise StreamError("trailing-data", "bytes follow the git object", harmless=True)


GIT_OBJECT: Final = Format(
    name="git object", begins=ZLIB_HEADS, recognise=recognise, members=members, streamed=True, squeezed=True
)
