"""Bytes that carry a credential, and ways to write them differently without losing sight of where it is.

Every function here takes a unit and gives a new one. The offsets are computed from what the encoding's
specification says of its own characters, never by searching, so that they are an independent check on the engine.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Unit:
    """Some bytes with a carrier at `[start, end)`: from the first byte to the last that holds bits of the credential.

    `bare` says that the carrier can be read with nothing around it.
    """

    data: bytes = field(repr=False)
    start: int
    end: int
    bare: bool = True

    def between(self, before: bytes, after: bytes) -> Unit:
        """Put bytes on either side."""
        start = self.start + len(before)
        return Unit(before + self.data + after, start, self.end + len(before), self.bare)

    def trimmed(self, *, left: bool = False, right: bool = False) -> Unit:
        """Cut off what is before the carrier or behind it, where it can be read without."""
        first = self.start if left and self.bare else 0
        last = self.end if right and self.bare else len(self.data)
        return Unit(self.data[first:last], self.start - first, self.end - first, self.bare)

    def without(self, count: int) -> Unit:
        """Leave so many of the first bytes out."""
        return Unit(self.data[count:], self.start - count, self.end - count, self.bare)

    def bound(self) -> Unit:
        """Say that the carrier needs what surrounds it."""
        return Unit(self.data, self.start, self.end, bare=False)


def unit(before: bytes, secret: bytes, after: bytes) -> Unit:
    """Put a credential, as it is or with some characters escaped, between bytes."""
    return Unit(before + secret + after, len(before), len(before) + len(secret))


def fill(template: str, secret: str) -> Unit:
    """Put a credential in the place of `{k}`, once."""
    before, after = template.split("{k}")
    return unit(before.encode(), secret.encode(), after.encode())


def escaped(inner: Unit, write: Callable[[bytes], bytes]) -> Unit:
    """Rewrite the carrier byte by byte, and leave what surrounds it."""
    carrier = b"".join(write(inner.data[at : at + 1]) for at in range(inner.start, inner.end))
    return unit(inner.data[: inner.start], carrier, inner.data[inner.end :])


def each(inner: Unit, width: int, write: Callable[[bytes], bytes]) -> Unit:
    """Rewrite all bytes by a function that turns each of them into `width` bytes."""
    return Unit(write(inner.data), inner.start * width, inner.end * width, inner.bare)


def utf16(inner: Unit, order: str, mark: bool = False) -> Unit:
    """Write UTF-8 text as UTF-16 of one byte order (`le` or `be`), with its mark or without."""
    name = f"utf-16-{order}"
    pieces = (inner.data[: inner.start], inner.data[inner.start : inner.end], inner.data[inner.end :])
    before, carrier, after = (piece.decode().encode(name) for piece in pieces)
    made = unit(("\ufeff" if mark else "").encode(name) + before, carrier, after)
    return made if inner.bare else made.bound()


def based(inner: Unit, *, url: bool = False, padded: bool = True) -> Unit:
    """Write in base64 (RFC 4648, sections 4 and 5): six bits a character, so a first byte may begin inside one."""
    data = (base64.urlsafe_b64encode if url else base64.b64encode)(inner.data)
    start, end = inner.start * 8 // 6, -(-inner.end * 8 // 6)
    return Unit(data if padded else data.rstrip(b"="), start, end, inner.bare and inner.start % 3 == 0)


def wrapped(inner: Unit, width: int, newline: bytes, indent: int = 0, first: int | None = None) -> Unit:
    """Break into lines of `width` characters, the first of `first`; all but the first begin with `indent` spaces."""
    gap = newline + b" " * indent
    first = width if first is None else first
    cuts = range(first, len(inner.data), width)
    lines = [inner.data[low:high] for low, high in pairwise((0, *cuts, len(inner.data)))]

    def moved(at: int) -> int:
        return at + (at - first + width) // width * len(gap)

    return Unit(gap.join(lines), moved(inner.start), moved(inner.end - 1) + 1, inner.bare)
