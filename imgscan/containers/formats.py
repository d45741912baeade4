"""All container formats, and which of them a file is in, by its first bytes.

The question is asked of every file, so most must be answered by a look at one byte or two. The order is that of
certainty; two formats have no real magic and come last.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from imgscan.containers import program
from imgscan.containers.ar import AR
from imgscan.containers.base import HEAD, Member, Sought, Streamed
from imgscan.containers.compressed import ALPINE, BZ2, GZIP, LZ4, LZMA, XZ, ZLIB, ZSTD
from imgscan.containers.cpio import CPIO
from imgscan.containers.cursor import TO_THE_END, Cursor
from imgscan.containers.foreign import BEGINNINGS as FOREIGN_BEGINNINGS
from imgscan.containers.foreign import FOREIGN, foreign_format
from imgscan.containers.git.loose import GIT_OBJECT
from imgscan.containers.git.pack import BUNDLE, PACK
from imgscan.containers.rpm import RPM
from imgscan.containers.sqlite import SQLITE
from imgscan.containers.tarball import TAR
from imgscan.containers.zip.container import ZIP, has_directory
from imgscan.streams.readers import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Format, Held, Unread
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.readers import Reader


_PAYLOAD: Final = re.compile(rb"\n(?=\x1f\x8b\x08[\0-\x1f]|BZh[1-9]1AY&SY|\xfd7zXZ\0|\x28\xb5\x2f\xfd)")
_SCRIPT: Final = 1 << 20
"""Bytes of a script in which it ends, if an archive follows."""


def _behind_a_program(held: Held) -> Iterator[Member | Unread]:
    if has_directory(held):
        yield from ZIP.members(held)
    elif held[:2] == b"#!" and (found := _PAYLOAD.search(bytes(held[:_SCRIPT]))):
        pieces = (held[at : at + CHUNK] for at in range(found.end(), len(held), CHUNK))
        yield Member(None, pieces, (found.end(), TO_THE_END))


PREFIXED: Final = Sought("prefixed", lambda head: head.startswith((b"#!", b"MZ")), _behind_a_program)
"""A zip with a program in front: scripts and Windows programs are kept until their end tells whether they are one.

Installers are scripts with a compressed tar behind their last line.
"""


def _behind_elf(raw: Reader) -> Iterator[Member | Unread]:
    cursor = Cursor(raw)
    if cursor.skip(program.end(cursor.peek(program.HEADERS))):
        cursor.skip_zeros()
        if find(cursor.peek(HEAD)) is not None:
            yield Member(None, iter(partial(cursor.read, CHUNK), b""), (cursor.offset, TO_THE_END))


PROGRAM: Final = Streamed("program", program.recognise, _behind_elf)
"""A program that goes on behind its own end, with anything that is a container."""

POSSIBLE: Final = (PREFIXED, PROGRAM)
"""What is a container only if there are members."""

_ZLIB_HEADS: Final = tuple(
    bytes((method, flags))
    for method in range(0x08, 0x80, 0x10)
    for flags in range(256)
    if not (method << 8 | flags) % 31
)
"""What zlib data can begin with (RFC 1950, 2.2)."""

_TABLE: Final[tuple[tuple[Format, tuple[bytes, ...]], ...]] = (
    (PREFIXED, (b"#!", b"MZ")),
    (PROGRAM, (b"\x7fELF",)),
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


def find(head: Chunk, size: int | None = None) -> Format | None:
    """Tell the format of a file by its first `HEAD` bytes or more (all of a shorter file); None if it is no container.

    Of a script or a program only what it holds tells whether it is one (`POSSIBLE`). It is none if its `size` is known
    and `head` shows that nothing stands behind it.
    """
    beginning = bytes(head[:HEAD])
    if beginning and not _ONLY_ALIKE.match(beginning):
        for known in _BY_FIRST[beginning[0]]:
            if known.recognise(beginning):
                return None if size is not None and _is_all(known, head, size) else known
    return None


def format_of(head: Chunk) -> str | None:
    """Name the container format that a file is in, by its first `HEAD` bytes; None if imgscan knows of none."""
    found = find(head)
    if found is FOREIGN:
        return foreign_format(bytes(head))
    return found.name if found is not None else None


def _is_all(known: Format, head: Chunk, size: int) -> bool:
    """Whether a file is a program and nothing else: by its own tables, or because all of a script is there."""
    if known is PROGRAM:
        return program.end(bytes(head[: program.HEADERS])) >= size
    whole = known is PREFIXED and len(head) >= size
    return whole and b"PK\x05\x06" not in bytes(head) and not _PAYLOAD.search(head)
