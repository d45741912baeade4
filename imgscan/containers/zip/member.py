"""The content of one zip member, whatever its method: in pieces, checked against its sum.

Methods: APPNOTE.TXT 6.3.10, section 4.4.5. Deflate ends by itself, so its stated size is not needed and a wrong one
does no harm; what the others hold is bounded by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgscan.containers.lzmaalone import inflate_lzma
from imgscan.streams.deflate import crc32, inflate_deflate
from imgscan.streams.inflate import inflate
from imgscan.streams.readers import CHUNK, StreamError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from imgscan.containers.base import Held
    from imgscan.containers.zip.directory import ZipEntry
    from imgscan.streams.inflate import Compression
    from imgscan.streams.readers import Chunk

STORED: Final = 0
DEFLATED: Final = 8
_LZMA: Final = 14
_OTHERS: Final[dict[int, Compression]] = {12: "bz2", 20: "zstd", 93: "zstd", 95: "xz"}
READABLE: Final = frozenset((STORED, DEFLATED, _LZMA, *_OTHERS))

BEHIND: Final = -1
"""As an entry's sum: it is in a descriptor behind the data."""

METHODS: Final = {
    1: "shrink",
    2: "reduce",
    3: "reduce",
    4: "reduce",
    5: "reduce",
    6: "implode",
    9: "deflate64",
    10: "PKWARE's",
    16: "IBM's",
    18: "IBM's",
    19: "IBM's",
    94: "MP3",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
}
"""Methods that are not read."""

_LZMA_END_MARK: Final = 2  # the flag that says that the data end with a mark and not with their size


class Work:
    """How many bytes of an archive may still be read.

    Members that overlap can ask for the same bytes again and again (a bomb of 10 MB can ask for 281 TB). Honest
    archives ask for each byte once; here two times the archive are read in all, and then no more.
    """

    __slots__ = ("ahead", "left")

    def __init__(self, held: Held) -> None:
        self.left = 2 * len(held) + (1 << 16)
        self.ahead = len(held)
        """Bytes behind a member's first possible end that may be searched for its true one."""


class Part:
    """The bytes of an archive from `at` on, as a reader that counts as work what it gives.

    Reads go to `stated`, then in small and growing steps to `end`, so that data which end by themselves cost about
    what they are long, whatever was stated.
    """

    def __init__(self, held: Held, at: int, stated: int, end: int, work: Work) -> None:
        self._held = held
        self._stated = stated
        self._end = min(end, len(held))
        self._work = work
        self._step = 1 << 10
        self.at = at

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes."""
        at = self.at
        if at < self._stated:
            count = min(count, self._stated - at)
        else:
            count = min(count, self._step)
            self._step *= 2
        data = bytes(self._held[at : min(at + count, self._end)])
        self._work.left -= len(data)
        if self._work.left < 0:
            text = "members of the zip archive overlap; this one was not read"
            raise StreamError("overlapping-members", text, harmless=True)
        self.at += len(data)
        return data

    def back(self, count: int) -> None:
        """Take back the last `count` bytes that were given: they were not needed."""
        self.at -= count
        self._work.left += count


class Content:
    """The plain bytes of a member, as an iterable; `end` is where its data ended, once it was read to its end.

    Of the entry count method, sizes, sum and flags. StreamError behind all that could be had where it is damaged,
    cut, or not what its sum says.
    """

    def __init__(self, held: Held, start: int, entry: ZipEntry, work: Work) -> None:
        self._held = held
        self._start = start
        self._entry = entry
        self._work = work
        self.end: int | None = None
        self.failed = False

    def __iter__(self) -> Iterator[Chunk]:
        total = 0
        try:
            for chunk in self._chunks():
                if chunk:
                    total = crc32(chunk, total)
                    yield chunk
        except StreamError:
            self.failed = True
            raise
        if total != (self._crc_behind(total) if self._entry.crc == BEHIND else self._entry.crc):
            raise StreamError("damaged-stream", "a member of the zip archive does not match its checksum")

    def _crc_behind(self, total: int) -> int:
        """Read the sum in the descriptor behind the data; `total` where none is to be seen."""
        at = self.end or 0
        head = bytes(self._held[at : at + 8])
        if len(head) == 8 and head.startswith(b"PK\x07\x08"):
            return int.from_bytes(head[4:], "little")
        return total

    def _chunks(self) -> Iterator[Chunk]:
        start, stated, method = self._start, self._entry.stored, self._entry.method
        if method == DEFLATED:
            part = Part(self._held, start, start + stated, len(self._held), self._work)
            part.back(len((yield from inflate_deflate(part, -15))))
            self.end = part.at
            return
        part = Part(self._held, start, start + stated, start + stated, self._work)
        if method == STORED:
            while chunk := part.read(CHUNK):
                yield chunk
            if part.at < start + stated:
                raise StreamError("cut-stream", "the zip archive ends inside a member")
        elif method == _LZMA:
            yield from self._lzma(part)
        else:
            yield from inflate(part, _OTHERS[method])
        self.end = start + stated

    def _lzma(self, part: Part) -> Generator[Chunk, None, bytes]:
        """Read LZMA data: two bytes of a version, two with the size of the properties (5), these, and a stream."""
        head = part.read(9)
        if len(head) < 9 or head[2:4] != b"\x05\0":
            raise StreamError("damaged-stream", "the lzma data of a zip member are damaged")
        size = 2**64 - 1 if self._entry.flags & _LZMA_END_MARK else self._entry.size
        return (yield from inflate_lzma(part, head[4:9] + (size & (2**64 - 1)).to_bytes(8, "little")))
