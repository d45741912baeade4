"""Which format a file is in: the question that is asked of every file, so most must be answered by one byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Sought
from imgscan.containers.gitloose import GIT_OBJECT
from imgscan.containers.gitpack import BUNDLE, PACK
from imgscan.containers.recognise import BEGINNINGS, find_format
from imgscan.containers.recognise import FORMATS as OTHERS
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

_ONLY_ALIKE: Final = re.compile(rb"\x1f\x8b\x08[\x20-\xff]|BZh(?![1-9](?:1AY&SY|\x17rE8P\x90))")
"""Files that begin like gzip (with flags that are reserved) or bzip2 (without a block) and are neither."""

_BEFORE: Final[tuple[Format, ...]] = (PREFIXED, PACK, BUNDLE, SQLITE, GIT_OBJECT)
"""Formats that others would take for something less: a git object is zlib data too."""

FORMATS: Final[tuple[Format, ...]] = (*_BEFORE, *OTHERS, TAR)

_ALL_BEGINNINGS: Final = (*BEGINNINGS, b"#!", b"MZ", b"PACK", b"# v", b"SQLite")
_FIRST: Final = frozenset(beginning[0] for beginning in _ALL_BEGINNINGS)
_BEGINS: Final = re.compile(b"|".join(map(re.escape, _ALL_BEGINNINGS)))
_USTAR: Final = b"ustar"
_USTAR_AT: Final = 257


def may_be(data: Chunk, start: int, end: int) -> bool:
    """Whether a file whose first bytes are `data[start:end]` is worth a closer look."""
    if data[start] in _FIRST and _BEGINS.match(data, start, end) is not None:
        return True
    return end - start > _USTAR_AT and data[start + _USTAR_AT : start + 262] == _USTAR


def find(head: bytes) -> Format | None:
    """Tell the format of a file by its first `HEAD` bytes (all of a shorter file); None if it is no container."""
    if _ONLY_ALIKE.match(head):
        return None
    for known in _BEFORE:
        if known.recognise(head):
            return known
    return find_format(head) or (TAR if TAR.recognise(head) else None)
