"""Where programs of Windows and macOS, and pictures, end: what follows is read as a file of its own.

Formats: Microsoft's "PE Format"; Apple's `mach-o/loader.h`; the PNG specification, section 5; GIF89a; ITU-T T.81,
annex B (JPEG). Each function is given a whole file and returns the offset at which it ends, None if its structure
does not say.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.containers.base import Held

_STEPS: Final = 1 << 20
"""Sections, chunks and blocks of one file that are followed."""

_NEAR: Final = 1 << 12
_SIZE: Final = struct.Struct(">I")
_WINDOW: Final = 1 << 16
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends the compressed data of a JPEG file: a marker that is not a restart."""

_SEGMENT, _SEGMENT64, _SYMBOLS = 0x1, 0x19, 0x2
MACHO: Final = (b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf")
PNG: Final = b"\x89PNG\r\n\x1a\n"
GIF: Final = (b"GIF87a", b"GIF89a")
JPEG: Final = b"\xff\xd8\xff"
WINDOWS: Final = b"MZ"


def windows(held: Held) -> int | None:
    """Find the end of the last section, or of the symbols behind it; signatures follow that."""
    at = _number(held, 0x3C, 4)
    if held[at : at + 4] != b"PE\0\0":
        return None
    count, symbols, names = _number(held, at + 6, 2), _number(held, at + 12, 4), _number(held, at + 16, 4)
    table = at + 24 + _number(held, at + 20, 2)
    end = table + 40 * count
    for section in range(table, min(end, len(held)), 40):
        end = max(end, _number(held, section + 16, 4) + _number(held, section + 20, 4))
    if symbols:
        behind = symbols + 18 * names
        end = max(end, behind + _number(held, behind, 4))
    return end


def certificates(held: Held) -> tuple[int, int] | None:
    """Return where the signatures of a program of Windows are, None if it has none."""
    at = _number(held, 0x3C, 4) + 24
    directories = at + (112 if _number(held, at, 2) == 0x20B else 96)
    start, size = _number(held, directories + 32, 4), _number(held, directories + 36, 4)
    return (start, start + size) if start and size else None


def macho(held: Held) -> int | None:
    """Find the end of the last segment, or of the symbols of an object file."""
    magic = bytes(held[:4])
    order = "<" if magic[0] in b"\xce\xcf" else ">"
    wide = 0xCF in (magic[0], magic[3])
    at = 32 if wide else 28
    count = _number(held, 16, 4, order)
    end = at + _number(held, 20, 4, order)
    for _ in range(min(count, _STEPS)):
        command, size = _number(held, at, 4, order), _number(held, at + 4, 4, order)
        if command in (_SEGMENT, _SEGMENT64):
            word = 8 if command == _SEGMENT64 else 4
            place = at + 24 + 2 * word
            end = max(end, _number(held, place, word, order) + _number(held, place + word, word, order))
        elif command == _SYMBOLS:
            end = max(end, _number(held, at + 16, 4, order) + _number(held, at + 20, 4, order))
        if size < 8:
            break
        at += size
    return end


def png(held: Held) -> int | None:
    """Find the end of the chunk IEND."""
    at = len(PNG)
    near, low = b"", 0  # the bytes around, where chunks are small
    for _ in range(_STEPS):
        if at + 8 > low + len(near):
            near, low = bytes(held[at : at + _NEAR]), at
            if len(near) < 8:
                return None
        size: int = _SIZE.unpack_from(near, at - low)[0]
        kind = near[at - low + 4 : at - low + 8]
        at += 12 + size
        if kind == b"IEND":
            return at
    return None


def gif(held: Held) -> int | None:
    """Find the trailer, behind the last block."""
    flags = _number(held, 10, 1)
    at = 13 + (6 << (flags & 7) if flags & 0x80 else 0)
    for _ in range(_STEPS):
        kind = bytes(held[at : at + 1])
        if kind == b";":
            return at + 1
        if kind == b"!":
            at += 2
        elif kind == b",":
            flags = _number(held, at + 9, 1)
            at += 11 + (6 << (flags & 7) if flags & 0x80 else 0)
        else:
            return None
        while size := _number(held, at, 1):
            at += size + 1
        at += 1
    return None


def jpeg(held: Held) -> int | None:
    """Find the marker EOI that belongs to the picture; a preview in its metadata has one too."""
    at = 2
    for _ in range(_STEPS):
        head = bytes(held[at : at + 4])
        if len(head) < 2 or head[0] != 0xFF:
            return None
        if head[1] == 0xD9:
            return at + 2
        if head[1] == 0xFF:
            at += 1
            continue
        at += 2 + int.from_bytes(head[2:], "big")
        if head[1] == 0xDA:
            found = _next_marker(held, at)
            if found is None:
                return None
            at = found
    return None


def _next_marker(held: Held, at: int) -> int | None:
    while at < len(held):
        window = bytes(held[at : at + _WINDOW])
        found = _MARKER.search(window)
        if found is not None:
            return at + found.start()
        at += max(1, len(window) - 1)
    return None


def _number(held: Held, at: int, size: int, order: str = "<") -> int:
    """Read a number without a sign; 0 where the file ends before it does."""
    data = bytes(held[at : at + size])
    return struct.unpack(order + {1: "B", 2: "H", 4: "I", 8: "Q"}[size], data)[0] if len(data) == size else 0


ENDS: Final[tuple[tuple[tuple[bytes, ...], Callable[[Held], int | None]], ...]] = (
    ((WINDOWS,), windows),
    (MACHO, macho),
    ((PNG,), png),
    (GIF, gif),
    ((JPEG,), jpeg),
)
"""What such files begin with, and how their end is found."""
