"""All container formats, and which of them a file is in, by its first bytes.

Tar is not among them: the search over a stream walks tar headers itself, so that the slack between members is
searched with them. The order is that of certainty; two formats have no real magic and come last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgscan.containers.ar import AR
from imgscan.containers.compressed import ALPINE, BZ2, GZIP, LZ4, LZMA, XZ, ZLIB, ZSTD
from imgscan.containers.cpio import CPIO
from imgscan.containers.foreign import BEGINNINGS as FOREIGN_BEGINNINGS
from imgscan.containers.foreign import FOREIGN
from imgscan.containers.rpm import RPM
from imgscan.containers.zip import ZIP

if TYPE_CHECKING:
    from imgscan.containers.base import Format

_ZLIB_HEADS: Final = tuple(
    bytes((method, flags))
    for method in range(0x08, 0x80, 0x10)
    for flags in range(256)
    if not (method << 8 | flags) % 31
)
"""What zlib data can begin with (RFC 1950, 2.2)."""

_TABLE: Final[tuple[tuple[Format, tuple[bytes, ...]], ...]] = (
    (ZIP, (b"PK",)),
    (GZIP, (b"\x1f\x8b",)),
    (ZSTD, (b"\x28\xb5", *(bytes((byte, 0x2A)) for byte in range(0x50, 0x60)))),  # the others: skippable frames
    (XZ, (b"\xfd7z",)),
    (BZ2, (b"BZh",)),
    (LZ4, (b"\x04\x22", b"\x02\x21")),
    (ALPINE, (b"ADB",)),
    (AR, (b"!<",)),
    (RPM, (b"\xed\xab",)),
    (CPIO, (b"0707", b"\xc7\x71", b"\x71\xc7")),
    (FOREIGN, FOREIGN_BEGINNINGS),
    (LZMA, (b"\x5d",)),
    (ZLIB, _ZLIB_HEADS),
)
"""Each format and what its files can begin with, so that most files cost one look at one byte."""

FORMATS: Final[tuple[Format, ...]] = tuple(known for known, _ in _TABLE)

BEGINNINGS: Final = tuple(beginning for _, beginnings in _TABLE for beginning in beginnings)
"""What a file of any of these formats begins with."""

_BY_FIRST: Final = tuple(
    tuple(known for known, beginnings in _TABLE if any(beginning[0] == byte for beginning in beginnings))
    for byte in range(256)
)


def find_format(head: bytes) -> Format | None:
    """Tell the format of a file by its first `HEAD` bytes (all of a shorter file); None if it is no container.

    A program in front of an archive hides it from this: `zip.has_directory` finds that by the file's end.
    """
    if head:
        for known in _BY_FIRST[head[0]]:
            if known.recognise(head):
                return known
    return None
