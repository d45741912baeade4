"""All container formats, and which of them a file is in, by its first bytes.

This is checked for every file, so one or two bytes must settle most of them. The order is that of
certainty; those without a real magic come last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgscan.containers.ar import AR
from imgscan.containers.base import HEAD
from imgscan.containers.compressed import ALPINE, BZ2, GZIP, LZ4, LZMA, XZ, ZLIB, ZSTD
from imgscan.containers.cpio import CPIO
from imgscan.containers.foreign import FOREIGN
from imgscan.containers.git.loose import GIT_OBJECT
from imgscan.containers.git.pack import BUNDLE, PACK
from imgscan.containers.program import PROGRAM
from imgscan.containers.rpm import RPM
from imgscan.containers.script import prefixed
from imgscan.containers.sqlite import SQLITE
from imgscan.containers.tarball import TAR
from imgscan.containers.zip.container import ZIP, has_directory
from imgscan.containers.zip.directory import END_MAGIC, END_SIZE, TAIL

if TYPE_CHECKING:
    from imgscan.containers.base import Format
    from imgscan.streams.readers import Chunk

PREFIXED: Final = prefixed(lambda head: find(head) is not None)

FORMATS: Final[tuple[Format, ...]] = (
    PREFIXED,
    PROGRAM,
    PACK,
    BUNDLE,
    SQLITE,
    GIT_OBJECT,  # before zlib, because it is zlib too
    ZIP,
    GZIP,
    ZSTD,
    XZ,
    BZ2,
    LZ4,
    ALPINE,
    AR,
    RPM,
    CPIO,
    *FOREIGN,
    LZMA,
    ZLIB,
    TAR,
)
"""A new format is a module of this package, and a line here."""

_BY_FIRST: Final[list[tuple[Format, ...]]] = [()] * 256
"""The formats that a file may be in by its first byte, most certain first."""

_SECOND: Final[list[bytes]] = [b""] * 256
"""The possible second bytes for each first byte: they settle most files."""

_LONGEST: Final = max(len(beginning) for known in FORMATS for beginning in known.begins)
_BEGINNINGS: Final[list[tuple[bytes, ...]]] = [()] * 256
"""What a file may begin with, by its first byte."""

for _format in FORMATS:
    _pairs = {beginning[:2] for beginning in _format.begins}
    for _first in range(256) if b"" in _pairs else sorted({pair[0] for pair in _pairs}):
        _BY_FIRST[_first] = (*_BY_FIRST[_first], _format)
    for _pair in sorted(_pairs - {b""}):
        if _pair[1] not in _SECOND[_pair[0]]:
            _SECOND[_pair[0]] += _pair[1:]
    for _beginning in filter(None, _format.begins):
        _BEGINNINGS[_beginning[0]] = (*_BEGINNINGS[_beginning[0]], _beginning)

_TEXT: Final = frozenset((*b"\t\n\r", *range(0x20, 0x7F)))
_RARE: Final = END_MAGIC[-1:]
_NEAR: Final = 1 << 10
"""Bytes before the end of a file in which its end as a zip archive is looked for, if the file does not begin as text.

To search 64 KiB of each of a layer's libraries and pictures would cost more than the search for keys in them.
"""

_USTAR: Final = b"ustar"
_USTAR_AT: Final = 257
_MODE_END: Final = 107
_CHECKSUM: Final = 148
_CHECKSUM_END: Final = 155
_NUMBER_ENDS: Final = b" \0"
"""How the numbers end in a tar header without a magic: the only thing that all such headers have in common."""


def may_be(data: Chunk, start: int, end: int) -> bool:
    """Whether a whole file, `data[start:end]`, is worth a closer look: at its beginning, or at its end."""
    return begins(data, start, end) or ends_as_zip(data, start, end)


def begins(data: Chunk, start: int, end: int) -> bool:
    """Whether a file whose first bytes are `data[start:end]` is worth a closer look."""
    second = _SECOND[data[start]]
    if second and end - start > 1 and data[start + 1] in second:
        beginning = bytes(data[start : min(end, start + _LONGEST)])
        if beginning.startswith(_BEGINNINGS[beginning[0]]):
            return True
    if end - start <= _USTAR_AT:
        return False
    if data[start + _CHECKSUM_END] in _NUMBER_ENDS and data[start + _MODE_END] in _NUMBER_ENDS:
        checksum = bytes(data[start + _CHECKSUM : start + _CHECKSUM_END + 1])
        return checksum.strip(_NUMBER_ENDS)[:1].isdigit()
    return data[start + _USTAR_AT : start + 262] == _USTAR


def ends_as_zip(data: Chunk, start: int, end: int) -> bool:
    """Whether a file that ends with `data[start:end]` may be a zip archive, whatever it begins with.

    Asked of every file that is in memory, so most are settled by one comparison (an archive without a comment) and a
    search for one byte that no text has. Of a file that does not begin as text, the last `_NEAR` bytes are searched.
    """
    if data[end - END_SIZE : end - END_SIZE + 4] == END_MAGIC and end - start >= END_SIZE:
        return True
    low = end - TAIL if end - start > TAIL else start
    if isinstance(data, memoryview):
        tail, low, end = bytes(data[low:end]), 0, end - low
    else:
        tail = data
    if tail.rfind(_RARE, low, end) < 0:
        return False
    if not _TEXT.issuperset(data[start : start + 8]):
        low = max(low, end - _NEAR)
    return tail.rfind(END_MAGIC, low, end) >= 0


def find(head: Chunk, size: int | None = None) -> Format | None:
    """Tell a file's format from its first `HEAD` bytes or more (all of a shorter file); None if it is not a container.

    Of a script, program or picture only what it holds says whether it is one (`Format.possible`). It is none if its
    `size` is known and `head` shows that nothing follows it. A whole file that ends as a zip archive is one, whatever
    it begins with.
    """
    beginning = bytes(head[:HEAD])
    if beginning[_USTAR_AT : _USTAR_AT + len(_USTAR)] == _USTAR and TAR.recognise(beginning):
        return TAR  # its checksum proves more than a few first bytes, which are a name here
    if beginning:
        for known in _BY_FIRST[beginning[0]]:
            if known.recognise(beginning):
                if size is None or known.barren is None or not known.barren(head, size):
                    return known
                break
    if size == len(head) and ends_as_zip(head, 0, size) and has_directory(head):
        return ZIP
    return None
