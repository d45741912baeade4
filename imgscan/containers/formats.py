"""Which format a file is in: the question that is asked of every file, so most must be answered by one byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from imgscan.containers.gitloose import GIT_OBJECT
from imgscan.containers.gitpack import BUNDLE, PACK
from imgscan.containers.recognise import FORMATS as OTHERS
from imgscan.containers.recognise import find_format
from imgscan.containers.sqlite import SQLITE
from imgscan.containers.tarball import TAR

if TYPE_CHECKING:
    from imgscan.containers.base import Format
    from imgscan.streams.inflate import Chunk

FORMATS: Final[tuple[Format, ...]] = (PACK, BUNDLE, SQLITE, GIT_OBJECT, *OTHERS, TAR)

_ONLY_ALIKE: Final = re.compile(rb"\x1f\x8b\x08[\x20-\xff]|BZh(?![1-9](?:1AY&SY|\x17rE8P\x90))")
"""Files that begin like gzip (with flags that are reserved) or bzip2 (without a block) and are neither."""

_BEFORE: Final[tuple[Format, ...]] = (PACK, BUNDLE, SQLITE, GIT_OBJECT)
"""Formats that others would take for something less: a git object is zlib data too."""

_FIRST: Final = frozenset(
    b"P\x1f\x28QRSTUVWXYZ[\\]^_\xfdB\x04\x02!\xed0\xc7\x71\x5d\x08\x18\x28\x38\x48\x58\x68\x78S7RhL\x89M#\x7f"
)
_USTAR: Final = b"ustar"
_USTAR_AT: Final = 257


def may_be(data: Chunk, start: int, end: int) -> bool:
    """Whether a file whose first bytes are `data[start:end]` is worth a closer look."""
    return data[start] in _FIRST or (end - start > _USTAR_AT and data[start + _USTAR_AT : start + 262] == _USTAR)


def find(head: bytes) -> Format | None:
    """Tell the format of a file by its first `HEAD` bytes (all of a shorter file); None if it is no container."""
    if _ONLY_ALIKE.match(head):
        return None
    for known in _BEFORE:
        if known.recognise(head):
            return known
    return find_format(head) or (TAR if TAR.recognise(head) else None)
