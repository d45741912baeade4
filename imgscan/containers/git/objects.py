"""The objects of a git pack, one by one: their headers, their compressed bytes, their ids.

Source of the format: git's `Documentation/gitformat-pack.txt`. A pack says neither where an object ends nor what it
is called: the first is known when it has been inflated, the second when it has been hashed.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Literal, NamedTuple

from imgscan.streams.deflate import DEFLATE_ERRORS, zlib_decoder
from imgscan.streams.readers import StreamError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from imgscan.containers.base import Held

COMMIT, TREE, BLOB, TAG, OFFSET_DELTA, REFERENCE_DELTA = 1, 2, 3, 4, 6, 7
"""The kinds of an object in a pack."""

WORDS = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}
"""What git calls the kinds that an object can have outside a pack."""

PIECE = 1 << 20
"""Bytes of an object that are inflated at a time."""

HashName = Literal["sha1", "sha256"]

_LONGEST_HEADER = 10 + 32  # a size of 64 bits, and the id of a base in a repository that names by SHA-256
_SMALL = 1 << 16
_SLACK = 64  # what incompressible bytes gain when they are deflated, and more than the checksum takes
_READ = 1 << 18
_PROBE = 1 << 12
_SALVAGE_STEP = 4096


class ObjectError(Exception):
    """The object cannot be read; `code` is a diagnostic code."""

    def __init__(self, message: str, code: str = "damaged-stream") -> None:
        super().__init__(message)
        self.code = code


class PackEntry(NamedTuple):
    """What precedes an object's compressed bytes, which begin at `data`.

    `size` is that of the inflated bytes: for a delta, of the delta. `base` is the offset of an offset delta's base in
    the file, or the id of a reference delta's.
    """

    offset: int
    kind: int
    size: int
    base: int | bytes | None
    data: int


def read_entry(held: Held, offset: int, end: int, width: int) -> PackEntry:
    """Read the header at `offset`; `width` is the length of an id. ObjectError where there is none."""
    head = bytes(held[offset : min(offset + _LONGEST_HEADER, end)])
    try:
        byte = head[0]
        kind, size, shift, at = byte >> 4 & 7, byte & 15, 4, 1
        while byte & 0x80:
            byte = head[at]
            at += 1
            size |= (byte & 127) << shift
            shift += 7
        base: int | bytes | None = None
        if kind == OFFSET_DELTA:
            byte = head[at]
            at += 1
            back = byte & 127
            while byte & 0x80:
                byte = head[at]
                at += 1
                back = ((back + 1) << 7) | (byte & 127)
            base = offset - back
        elif kind == REFERENCE_DELTA:
            base = head[at : at + width]
            at += width
    except IndexError:
        raise ObjectError("the pack ends inside an object's header", "cut-stream") from None
    if kind in {0, 5} or size >> 63 or at >= len(head):
        raise ObjectError("there is no object where one should be")
    return PackEntry(offset, kind, size, base, offset + at)


def inflate_whole(held: Held, entry: PackEntry, end: int) -> tuple[bytes, int]:
    """Return an object's inflated bytes and where its compressed bytes end; the caller has looked at `size`.

    ObjectError as in `stream`. What is small is inflated in one call, which is what most of a pack's time goes into.
    """
    at, size = entry.data, entry.size
    if size < _SMALL:
        piece = bytes(held[at : min(at + size + _SLACK, end)])
        decoder = zlib_decoder()
        try:
            body = decoder.decompress(piece, size + 1)
        except DEFLATE_ERRORS as error:
            raise ObjectError("the compressed bytes of an object are damaged") from error
        if decoder.eof and len(body) == size:
            return body, at + len(piece) - len(decoder.unused_data)
    parts: list[bytes] = []
    following = stream(held, entry, end)
    while True:
        try:
            parts.append(next(following))
        except StopIteration as stop:
            after: int = stop.value
            return b"".join(parts), after


def stream(held: Held, entry: PackEntry, end: int) -> Generator[bytes, None, int]:
    """Yield an object's inflated bytes in pieces of at most a megabyte, and return where its compressed bytes end.

    ObjectError where they are damaged, are cut, or are not as many as the header says.
    """
    decoder = zlib_decoder()
    at, left = entry.data, entry.size
    data = b""
    while True:
        if not data:
            data = bytes(held[at : min(at + _READ, end)])
            at += len(data)
            if not data:
                raise ObjectError("the pack ends inside an object", "cut-stream")
        try:
            body = decoder.decompress(data, min(left + 1, PIECE))
        except DEFLATE_ERRORS as error:
            raise ObjectError("the compressed bytes of an object are damaged") from error
        left -= len(body)
        if left < 0:
            raise ObjectError("an object is longer than its header says")
        if body:
            yield body
        if decoder.eof:
            if left:
                raise ObjectError("an object is shorter than its header says")
            return at - len(decoder.unused_data)
        data = decoder.unconsumed_tail


def measure(held: Held, at: int, end: int, most: int) -> tuple[bool, int]:
    """Tell whether a whole zlib stream of at most `most` bytes begins at a place, and how many bytes were inflated."""
    decoder = zlib_decoder()
    size, data = 0, b""
    while size <= most:
        if not data:
            data = bytes(held[at : min(at + _PROBE, end)])
            at += len(data)
            if not data:
                break
        try:
            size += len(decoder.decompress(data, PIECE))
        except DEFLATE_ERRORS:
            break
        if decoder.eof:
            return size <= most, size
        data = decoder.unconsumed_tail
    return False, size


def salvage(held: Held, entry: PackEntry, end: int, error: ObjectError) -> Iterator[bytes]:
    """Yield what precedes the damage of an object that could not be inflated, then raise StreamError.

    A failing decoder keeps its last output to itself, so zlib is fed in small steps, and in single bytes at last.
    """
    decoder = zlib.decompressobj(15)
    at, left, step = entry.data, entry.size, _SALVAGE_STEP
    held_back: list[bytes] = []
    size = 0
    while left > 0 and not decoder.eof and (data := held[at : min(at + step, end)]):
        before = decoder.copy()
        try:
            body = decoder.decompress(data)
        except zlib.error:
            if step == 1:
                break
            decoder, step = before, step // 64
            continue
        at += step
        body = body[:left]
        left -= len(body)
        size += len(body)
        held_back.append(body)
        if size >= PIECE:
            yield b"".join(held_back)
            held_back.clear()
            size = 0
    if size:
        yield b"".join(held_back)
    raise StreamError(error.code, str(error)) from error


class Namer:
    """Names objects as a repository does: by SHA-1, or by SHA-256 where it was made so."""

    def __init__(self, name: HashName) -> None:
        self.width = 20 if name == "sha1" else 32
        self._new = hashlib.sha1 if name == "sha1" else hashlib.sha256

    def of(self, kind: int, body: bytes) -> bytes:
        """Return the id of an object that is in memory."""
        return self._new(b"%b %d\0%b" % (WORDS[kind], len(body), body), usedforsecurity=False).digest()

    def of_pieces(self, kind: int, size: int, pieces: Iterator[bytes]) -> bytes:
        """Return the id of an object that comes in pieces."""
        hasher = self._new(b"%b %d\0" % (WORDS[kind], size), usedforsecurity=False)
        for piece in pieces:
            hasher.update(piece)
        return hasher.digest()
