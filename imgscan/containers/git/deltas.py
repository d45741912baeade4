"""Git's deltas: an object described as copies from another object and new bytes.

Source of the format: git's `Documentation/gitformat-pack.txt`, "Deltified representation". A delta is the size of
its base and the size of its result, seven bits a byte and the lowest first, then instructions: a byte with its
highest bit set is a copy, whose other bits say which bytes of offset (four) and size (three) follow; a size of zero
means 65536; any other byte but zero is that many new bytes, which follow.

A copy of one byte can make 64 KiB, so a result is either bounded by its caller before it is made whole, or made in
pieces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SEPARATOR = b"\n\0\n"
"""Stands between new bytes that were not neighbours. It joins nothing: not text, UTF-16 or wrapped base64."""

_PIECE = 1 << 20
_TOGETHER = 1 << 14
_FULL = 0x10000  # what a size of zero means


class DeltaError(Exception):
    """The delta does not fit its base, or is not a delta; its text says why."""


def sizes(delta: bytes) -> tuple[int, int, int]:
    """Return the size of the base, the size of the result, and where the instructions begin."""
    base, position = _number(delta, 0)
    result, position = _number(delta, position)
    return base, result, position


def _number(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 63:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, position
    raise DeltaError("the delta's header is truncated or too long")


def apply(base: bytes, delta: bytes) -> tuple[bytes, int]:
    """Return the result as one piece, and the number of instructions; the caller has looked at `sizes` before."""
    blocks: list[bytes] = []
    parts: list[bytes] = []
    for part in _parts(base, delta):
        parts.append(part)
        if len(parts) == _TOGETHER:  # a part of a byte costs forty until it is joined to others
            blocks.append(b"".join(parts))
            parts.clear()
    count = len(blocks) * _TOGETHER + len(parts)
    if blocks:
        parts.insert(0, b"".join(blocks))
    return b"".join(parts), count


def pieces(base: bytes, delta: bytes) -> Iterator[bytes]:
    """Yield the result in pieces that vary in size; DeltaError after what could be made."""
    parts: list[bytes] = []
    held = 0
    try:
        for part in _parts(base, delta):
            parts.append(part)
            held += len(part)
            if held >= _PIECE or len(parts) == _TOGETHER:
                yield b"".join(parts)
                parts.clear()
                held = 0
    except DeltaError:
        if held:
            yield b"".join(parts)
        raise
    if held:
        yield b"".join(parts)


def _parts(base: bytes, delta: bytes) -> Iterator[bytes]:
    """Yield what each instruction makes: at most 16 MiB each (a size has three bytes), in all what is said."""
    claimed, left, position = sizes(delta)
    available = len(base)
    if claimed != available:
        raise DeltaError("the delta was made for a base of a different size")
    end = len(delta)
    try:
        while position < end:
            code = delta[position]
            position += 1
            if code & 0x80:
                start = size = 0
                if code & 0x01:
                    start = delta[position]
                    position += 1
                if code & 0x02:
                    start |= delta[position] << 8
                    position += 1
                if code & 0x04:
                    start |= delta[position] << 16
                    position += 1
                if code & 0x08:
                    start |= delta[position] << 24
                    position += 1
                if code & 0x10:
                    size = delta[position]
                    position += 1
                if code & 0x20:
                    size |= delta[position] << 8
                    position += 1
                if code & 0x40:
                    size |= delta[position] << 16
                    position += 1
                if not size:
                    size = _FULL
                if start + size > available:
                    raise DeltaError("the delta copies from beyond the end of its base")
                left -= size
                if left < 0:
                    raise DeltaError("the delta produces more than its header says")
                yield base[start : start + size]
            elif code and position + code <= end:
                left -= code
                if left < 0:
                    raise DeltaError("the delta produces more than its header says")
                yield delta[position : position + code]
                position += code
            else:
                raise DeltaError("the delta has an unknown instruction or is truncated")
    except IndexError:
        raise DeltaError("the delta ends inside an instruction") from None
    if left:
        raise DeltaError("the delta produces less than its header says")


def instructions(delta: bytes, most: int) -> int:
    """Count the instructions, but not further than one more than `most`."""
    _, _, position = sizes(delta)
    count = 0
    while position < len(delta) and count <= most:
        count += 1
        code = delta[position]
        position += 1 + ((code & 0x7F).bit_count() if code & 0x80 else code)
    return count


def literals(delta: bytes) -> bytes:
    """Return the new bytes of a delta whose base is not there, with `SEPARATOR` between them."""
    try:
        _, _, position = sizes(delta)
    except DeltaError:
        return b""
    found = []
    while position < len(delta):
        code = delta[position]
        position += 1
        if code & 0x80:
            position += (code & 0x7F).bit_count()
        else:
            found.append(delta[position : position + code])
            position += code
    return SEPARATOR.join(found)
