"""All container formats, and which of them a file is in, by its first bytes.

The question is asked of every file, so most must be answered by a look at one byte or two. The order is that of
certainty; two formats have no real magic and come last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from imgscan.containers.ar import AR
from imgscan.containers.base import Sought
from imgscan.containers.compressed import ALPINE, BZ2, GZIP, LZ4, LZMA, XZ, ZLIB, ZSTD
from imgscan.containers.cpio import CPIO
from imgscan.containers.foreign import BEGINNINGS as FOREIGN_BEGINNINGS
from imgscan.containers.foreign import FOREIGN
from imgscan.containers.gitloose import GIT_OBJECT
from imgscan.containers.gitpack import BUNDLE, PACK
from imgscan.containers.rpm import RPM
from imgscan.containers.sqlite import SQLITE
from imgscan.containers.tarball import TAR
from imgscan.containers.zip import ZIP, has_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Format, Held, Member, Unread
    from imgscan.streams.inflate import Chunk


def _behind_a_program(held: Held) -> Iterator[Member | Unread]:
    return ZIP.members(held) if has_directory(held) else iter(())


PREFIXED: Final = Sought("zip", lambda head: head.startswith((b"#!", b"MZ")), _behind_a_program)
"""A zip with a program in front: scripts and Windows programs are kept until their end tells whether they are one."""

_ZLIB_HEADS: Final = tuple(
    bytes((method, flags))
    for method in range(0x08, 0x80, 0x10)
    for flags in range(256)
    if not (method << 8 | flags) % 31
)
"""What zlib data can begin with (RFC 1950, 2.2)."""

_TABLE: Final[tuple[tuple[Format, tuple[bytes, ...]], ...]] = (
    (PREFIXED, (b"#!", b"MZ")),
    (PACK, (b"PACK",)),
    (BUNDLE, (b"# v",)),
    (SQLITE, (b"SQLite",)),
    (GIT_OBJECT, _ZLIB_HEADS),  # before zlib, which it is too
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
    (LZMA, (b"\x5d\0",)),
    (ZLIB, _ZLIB_HEADS),
)
"""Each format but tar, and what its files can begin with."""

FORMATS: Final[tuple[Format, ...]] = (*(known for known, _ in _TABLE), TAR)

_BY_FIRST: Final[list[tuple[Format, ...]]] = [(TAR,)] * 256
"""The formats that a file may be in by its first byte, surest first; tar, the least sure, always."""

_SECOND: Final[list[bytes]] = [b""] * 256
"""The second bytes of what begins with each byte: two tell enough."""

for _format, _beginnings in _TABLE:
    for _first, _second in {beginning[:2] for beginning in _beginnings}:
        if _format not in _BY_FIRST[_first]:
            _BY_FIRST[_first] = (*_BY_FIRST[_first][:-1], _format, TAR)
        _SECOND[_first] += bytes((_second,))

_ONLY_ALIKE: Final = re.compile(rb"\x1f\x8b\x08[\x20-\xff]|BZh(?![1-9](?:1AY&SY|\x17rE8P\x90))")
"""Files that begin like gzip (with flags that are reserved) or bzip2 (without a block) and are neither."""

_USTAR: Final = b"ustar"
_USTAR_AT: Final = 257
_MODE_END: Final = 107
_CHECKSUM_END: Final = 155
_NUMBER_ENDS: Final = b" \0"
"""What the numbers of a tar header end with that has no magic: the only thing that all of them have in common."""


def may_be(data: Chunk, start: int, end: int) -> bool:
    """Whether a file whose first bytes are `data[start:end]` is worth a closer look."""
    second = _SECOND[data[start]]
    if second and end - start > 1 and data[start + 1] in second:
        return True
    if end - start <= _USTAR_AT:
        return False
    if data[start + _CHECKSUM_END] in _NUMBER_ENDS and data[start + _MODE_END] in _NUMBER_ENDS:
        return True
    return data[start + _USTAR_AT : start + 262] == _USTAR


def find(head: bytes) -> Format | None:
    """Tell the format of a file by its first `HEAD` bytes (all of a shorter file); None if it is no container.

    A program in front of an archive hides it from this, save where the file is a script or a Windows program.
    """
    if head and not _ONLY_ALIKE.match(head):
        for known in _BY_FIRST[head[0]]:
            if known.recognise(head):
                return known
    return None
