"""All container formats, and which of them a file is in, by its first bytes.

Tar is not among them: the search over a stream walks tar headers itself, so that the slack between members is
searched with them. The order is that of certainty; two formats have no real magic and come last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgscan.containers.ar import AR
from imgscan.containers.compressed import ALPINE, BZ2, GZIP, LZ4, LZMA, XZ, ZLIB, ZSTD
from imgscan.containers.cpio import CPIO
from imgscan.containers.foreign import FIRST_BYTES as FOREIGN_FIRST
from imgscan.containers.foreign import FOREIGN
from imgscan.containers.rpm import RPM
from imgscan.containers.zip import ZIP

if TYPE_CHECKING:
    from imgscan.containers.base import Format

_TABLE: Final[tuple[tuple[Format, bytes], ...]] = (
    (ZIP, b"P"),
    (GZIP, b"\x1f"),
    (ZSTD, b"\x28PQRSTUVWXYZ[\\]^_"),  # the last sixteen begin skippable frames
    (XZ, b"\xfd"),
    (BZ2, b"B"),
    (LZ4, b"\x04\x02"),
    (ALPINE, b"A"),
    (AR, b"!"),
    (RPM, b"\xed"),
    (CPIO, b"0\xc7\x71"),
    (FOREIGN, FOREIGN_FIRST),
    (LZMA, b"\x5d"),
    (ZLIB, b"\x08\x18\x28\x38\x48\x58\x68\x78"),
)
"""Each format and the bytes that its files can begin with, so that most files cost one look at one byte."""

FORMATS: Final[tuple[Format, ...]] = tuple(known for known, _ in _TABLE)

FIRST_BYTES: Final = frozenset(byte for _, first in _TABLE for byte in first)
"""What a file of any of these formats begins with."""

_BY_FIRST: Final = tuple(tuple(known for known, first in _TABLE if byte in first) for byte in range(256))


def find_format(head: bytes) -> Format | None:
    """Tell the format of a file by its first `HEAD` bytes (all of a shorter file); None if it is no container.

    A program in front of an archive hides it from this: `zip.has_directory` finds that by the file's end.
    """
    if head:
        for known in _BY_FIRST[head[0]]:
            if known.recognise(head):
                return known
    return None
