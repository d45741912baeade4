"""SQLite's records: which bytes of a row are text and which are blobs.

Source of the format: https://www.sqlite.org/fileformat2.html, section 2.1. A record is a header (its own length, then
a serial type for each column) and the values. Numbers are variable-length integers: seven bits a byte, the highest
first, and all eight of the ninth byte.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SEPARATOR = b"\n\0\n"
"""Stands behind each value. It joins nothing: no word, no UTF-16, no base64 that continues in the next line."""

SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
"""Bytes of a value by serial type, of those that are neither text nor blob: null, integers, a float, 0 and 1."""

_LONGEST_HEADER = 1 << 19  # 32767 columns (the most that SQLite can be built for) of nine bytes, and some


class RecordError(Exception):
    """The bytes are no record; the text says why."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at `at` and where it ends. RecordError where the bytes end first."""
    value = 0
    for count in range(9):
        if at >= len(data):
            raise RecordError("a number is truncated")
        byte = data[at]
        at += 1
        if count == 8:
            return value << 8 | byte, at
        value = value << 7 | byte & 127
        if byte < 128:
            break
    return value, at


def columns(header: bytes, at: int) -> list[tuple[int, int]]:
    """Return serial type and size of each column; `header` is the whole header, whose own length ends at `at`."""
    found = []
    while at < len(header):
        serial, at = varint(header, at)
        if serial >= 12:
            found.append((serial, serial - 12 >> 1))
        elif serial < 10:
            found.append((serial, SIZES[serial]))
        else:
            raise RecordError("a column has a reserved type")
    return found


def values(payload: Iterator[bytes], size: int, charset: str) -> Iterator[bytes]:
    """Yield the texts and blobs of a record of `size` bytes that comes in pieces, with `SEPARATOR` behind each.

    Texts of a UTF-16 database (`charset`) are turned into UTF-8; a long value comes in several pieces.
    """
    feed = _Feed(payload)
    length, at = varint(feed.peek(9), 0)
    if not at <= length <= min(size, _LONGEST_HEADER):
        raise RecordError("a record's header is longer than the record")
    header = b"".join(feed.take(length))
    found = columns(header, at)
    if length + sum(each for _, each in found) != size:
        raise RecordError("a record's length does not match its columns")
    for serial, length in found:
        pieces = feed.take(length)
        if serial < 12 or not length:
            for _ in pieces:
                pass
        elif serial & 1 and charset != "utf-8":
            decoder = codecs.getincrementaldecoder(charset)("replace")
            for piece in pieces:
                yield decoder.decode(piece).encode()
            yield decoder.decode(b"", final=True).encode() + SEPARATOR
        else:
            yield from pieces
            yield SEPARATOR


class _Feed:
    """Bytes that come in pieces, taken in counts."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def peek(self, count: int) -> bytes:
        """Return the next bytes without taking them; fewer only at the end."""
        while len(self._held) < count and (piece := next(self._pieces, b"")):
            self._held += piece
        return self._held[:count]

    def take(self, count: int) -> Iterator[bytes]:
        """Yield exactly `count` bytes. RecordError where they end first."""
        while count:
            piece = self._held or next(self._pieces, b"")
            if not piece:
                raise RecordError("a record is truncated")
            self._held = piece[count:]
            piece = piece[:count]
            count -= len(piece)
            yield piece
