"""Zip archives and what is built on them: jar, war, ear, whl, egg, nupkg, Android's apk, docx, xlsx.

Format: PKWARE's APPNOTE.TXT 6.3.10. The directory says what there is; what it does not list is looked for by local
headers: in front of it, between the members, and everywhere where it is missing or broken. So an archive behind a
program, an archive that was cut, and a member that was deleted from the directory only, are read alike.

Where directory and local header disagree, the name is the directory's, which is what every unpacker shows; the data
are read by both methods where these differ, and to the larger of both sizes.
"""

from __future__ import annotations

import re
from array import array
from struct import Struct
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Member, Sought, Unread
from imgscan.containers.zipdirectory import Entry, entries, find_directory, zip64
from imgscan.containers.zipmember import BEHIND, DEFLATED, METHODS, READABLE, STORED, Content, Work
from imgscan.streams.inflate import StreamError, crc32, raw_inflate
from imgscan.streams.readers import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held
    from imgscan.streams.inflate import Chunk

_LOCAL: Final = Struct("<4s2xHH4xLLLHH")  # flags, method, crc, sizes; lengths of name and extra
_LOCAL_SIZE: Final = 30
_LOCAL_MAGIC: Final = b"PK\x03\x04"
_ENCRYPTED: Final = 1
_DESCRIPTOR: Final = 8  # the flag that says that sum and sizes stand behind the data
_SATURATED: Final = 0xFFFFFFFF
_UNLIKELY: Final = _LOCAL_SIZE
"""A gap of fewer bytes holds no member."""

_HEADER: Final = re.compile(
    rb"PK\x03\x04"
    rb"[\x00-\x3f][\x00-\x14]"  # version needed: at most 6.3, and a system
    rb"..[\x00-\x14\x5d-\x63]\x00"  # flags; a method that exists
    rb".{16}"
    rb"(?:[^\x00].|.[\x01-\x10])",  # a name of 1 to 4,351 bytes
    re.DOTALL,
)
_DESCRIPTOR_MAGIC: Final = b"PK\x07\x08"
_FIRST_WINDOW: Final = 512
_MARK: Final = re.compile(rb"PK(?:\x03\x04|\x07\x08|\x01\x02)", re.DOTALL)
_STARTS: Final = (b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04")
"""What stands in front of the first header where an archive was to be split, and was not."""


def recognise(head: bytes) -> bool:
    """Whether a file that begins so is a zip archive, if need be an empty one."""
    if head.startswith(b"PK\x05\x06"):
        return len(head) == 22 + int.from_bytes(head[20:22], "little") or head[4:20] == bytes(16)
    return _HEADER.match(head, 4 if head.startswith(_STARTS) else 0) is not None


def has_directory(held: Held) -> bool:
    """Whether a file ends as a zip archive does, whatever it begins with. Looks at no more than the last 64 KiB."""
    return find_directory(held) is not None


def members(held: Held) -> Iterator[Member | Unread]:
    """Give the members in the order of the directory, then those that it does not list, in the order of the file."""
    work = Work(held)
    read = _Ranges()
    directory = find_directory(held)
    end = len(held)
    if directory is not None:
        whole = True
        # The common case, a small member that is what it says, is all in this loop: it runs a million times.
        unpack, add, small = _LOCAL.unpack, read.add, CHUNK
        for entry in entries(held, directory):
            if entry is None:
                whole = False
                break
            name, flags, method, crc, stored, size, at = entry
            if stored <= small and size <= small and at >= 0 and not flags & _ENCRYPTED:
                local = held[at : at + _LOCAL_SIZE]
                if len(local) == _LOCAL_SIZE:
                    magic, local_flags, local_method, _, local_stored, _, name_length, extra = unpack(local)
                    agreed = local_stored == stored or local_flags & _DESCRIPTOR
                    if magic == _LOCAL_MAGIC and local_method == method and agreed:
                        start = at + _LOCAL_SIZE + name_length + extra
                        data = held[start : start + stored]
                        plain = raw_inflate(data, size) if method == DEFLATED else data if method == STORED else None
                        if plain is not None and len(plain) == size and crc32(plain) == crc:
                            work.left -= stored
                            if work.left < 0:
                                yield _overlap()
                                return
                            add(at, start + stored)
                            if size or name[-1:] != b"/":
                                yield Member(name, (plain,), (at, start + stored))
                            continue
            yield from _listed(held, entry, work, read)
            if work.left < 0:
                yield _overlap()
                return
        if whole:
            end = directory.start
        else:
            directory = None
    found = 0
    for start, stop in read.gaps(end):
        for part in _unlisted(held, start, stop, work, sure=directory is None):
            found += 1
            yield part
            if work.left < 0:
                yield _overlap()
                return
    if directory is None:
        text = "the directory of the zip archive is missing or damaged; its members were looked for without it"
        yield Unread("error", "damaged-container", text)


def _overlap() -> Unread:
    text = "members of the zip archive overlap; what would have been read more than twice was not read"
    return Unread("skipped", "overlapping-members", text)


def _listed(held: Held, entry: Entry, work: Work, read: _Ranges) -> Iterator[Member | Unread]:
    """Give a member of the directory that is large, or not what it should be."""
    local = _local(held, entry.at, work, entry.name)
    if local is None:
        text = "a member of the zip archive is not where its directory says"
        yield Unread("error", "damaged-stream", text, entry.name)
        return
    other, start = local
    stored = entry.stored if other.flags & _DESCRIPTOR else max(entry.stored, other.stored)
    stop = min(start + stored, len(held))
    if entry.flags & other.flags & _ENCRYPTED:
        read.add(entry.at, stop)
        yield _encrypted(entry)
        return
    for method in dict.fromkeys((entry.method, other.method)):
        reading = entry._replace(method=method, stored=stored)
        if method not in READABLE:
            read.add(entry.at, stop)
            yield _unsupported(reading)
            continue
        content = Content(held, start, reading, work)
        yield Member(entry.name, content, (entry.at, stop))
        read.add(entry.at, content.end or (start if content.failed else stop))


def _local(held: Held, at: int, work: Work, name: bytes = b"") -> tuple[Entry, int] | None:
    """Read the local header at `at`; return what it says and where the data begin. None if there is none.

    Where the name that is expected stands where it should, the header's own magic may be damaged.
    """
    header = bytes(held[at : at + _LOCAL_SIZE]) if at >= 0 else b""
    if len(header) < _LOCAL_SIZE:
        return None
    magic, flags, method, crc, stored, size, name_length, extra_length = _LOCAL.unpack(header)
    work.left -= name_length + extra_length
    start = at + _LOCAL_SIZE + name_length + extra_length
    own = bytes(held[at + _LOCAL_SIZE : at + _LOCAL_SIZE + name_length])
    if magic != _LOCAL_MAGIC and not (name and own == name):
        return None
    if extra_length and _SATURATED in (stored, size):
        size, stored = zip64(bytes(held[start - extra_length : start]), size, stored)
    return Entry(own, flags, method, crc, stored, size, at), start


def _encrypted(entry: Entry) -> Unread:
    return Unread("skipped", "encrypted-member", "a member of the zip archive is encrypted", entry.name, entry.stored)


def _unsupported(entry: Entry) -> Unread:
    how = f"the {METHODS[entry.method]} method" if entry.method in METHODS else f"method {entry.method}"
    text = f"a member of the zip archive is compressed by {how}, which imgscan cannot read"
    return Unread("skipped", "unsupported", text, entry.name, entry.stored)


def _unlisted(held: Held, at: int, end: int, work: Work, *, sure: bool) -> Iterator[Member | Unread]:
    """Give the members whose local headers stand from `at` to `end`.

    `sure` says that there is no directory, so that these are the archive's members. Otherwise what looks like a
    header may be something else: a member of which nothing can be read is none, and damage is no error.
    """
    while (found := _find(held, at, end)) is not None:
        local = _local(held, found, work)
        if local is None or local[1] > end:
            at = found + 4
            continue
        entry, at = local
        start, stop = at, at + entry.stored
        if entry.flags & _ENCRYPTED or entry.method not in READABLE:
            if sure or stop <= end:
                unread = _encrypted if entry.flags & _ENCRYPTED else _unsupported
                yield unread(entry)
                at = stop if stop <= end else start
            continue
        if entry.flags & _DESCRIPTOR:
            entry = entry._replace(crc=BEHIND)
            if entry.method == STORED and not entry.stored:
                entry = entry._replace(stored=_end_of_stored(held, start, end, work) - start)
        elif stop > end and entry.method == STORED:
            if not sure:
                continue
            entry = entry._replace(stored=_end_of_stored(held, start, end, work) - start)
        content = Content(held, start, entry, work)
        chunks = iter(content)
        first: Chunk = b""
        failure = None
        try:
            first = next(chunks, b"")
        except StreamError as error:
            failure = error
        if failure is None or sure:
            yield Member(entry.name, _rest(first, chunks, failure, sure=sure), (found, min(stop, len(held))))
            if content.end is not None:
                at = content.end
            elif not content.failed and stop <= end:
                at = stop


def _rest(first: Chunk, chunks: Iterator[Chunk], failure: StreamError | None, *, sure: bool) -> Iterator[Chunk]:
    """Give the chunks of a member of which the first, or the failure to have one, is there already."""
    if failure is not None:
        raise failure
    if first:
        yield first
    try:
        yield from chunks
    except StreamError as error:
        if sure:
            raise
        text = "something that looks like a member of a zip archive is damaged"
        raise StreamError(error.code, text, harmless=True) from error


def _find(held: Held, at: int, end: int) -> int | None:
    """Find the next local header that begins from `at` on and before `end`."""
    return next((found.start() + base for base, found in _matches(held, _HEADER, at, end)), None)


def _matches(held: Held, pattern: re.Pattern[bytes], at: int, end: int) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Search the bytes from `at` to `end` in windows, the first one small; give matches with their window's offset."""
    size = _FIRST_WINDOW
    while at < end:
        window = bytes(held[at : min(at + size, end)])
        for found in pattern.finditer(window):
            yield at, found
        if at + len(window) >= end or len(window) < _LOCAL_SIZE:
            return
        at += len(window) - _LOCAL_SIZE + 1
        size = min(size * 8, CHUNK)


def _end_of_stored(held: Held, start: int, end: int, work: Work) -> int:
    """Find where a stored member ends whose size is not known: at its descriptor, or else at the next header.

    An archive inside the member has headers too, so the descriptor is looked for behind them; for all members
    together in no more bytes than the archive has.
    """
    header = None
    at = start
    for base, found in _matches(held, _MARK, start, end):
        at = base + found.start()
        if found[0] == _DESCRIPTOR_MAGIC:
            stated = int.from_bytes(bytes(held[at + 8 : at + 12]), "little")
            if stated == (at - start) & _SATURATED:
                header = at
                break
        elif header is None:
            header = at
        if header is not None and at - header >= work.ahead:
            break
    if header is None:
        return end
    work.ahead -= at - header
    return header


class _Ranges:
    """Which bytes belong to members that were given; ranges that touch, or almost, are one."""

    def __init__(self) -> None:
        self._starts = array("q")
        self._ends = array("q")
        self._start = self._end = 0
        self._limit = 1 << 16

    def add(self, start: int, end: int) -> None:
        """Add a range. Ranges come in ascending order as a rule, and then cost nothing."""
        if self._start <= start < self._end + _UNLIKELY:
            self._end = max(self._end, end)
            return
        self._starts.append(self._start)
        self._ends.append(self._end)
        self._start, self._end = start, end
        if len(self._starts) > self._limit:
            merged = list(self._merged())
            self._starts = array("q", (pair[0] for pair in merged))
            self._ends = array("q", (pair[1] for pair in merged))
            self._limit = max(self._limit, 2 * len(merged))

    def _merged(self) -> Iterator[tuple[int, int]]:
        """Give all ranges but the last one in ascending order, joined."""
        starts, ends = self._starts, self._ends
        start = end = 0
        for number in sorted(range(len(starts)), key=starts.__getitem__):
            if starts[number] >= end + _UNLIKELY:
                yield start, end
                start = starts[number]
            end = max(end, ends[number])
        yield start, end

    def gaps(self, end: int) -> Iterator[tuple[int, int]]:
        """Give what is in no range, up to `end`, where a header would have room."""
        self.add(end, end)
        self._starts.append(self._start)
        self._ends.append(self._end)
        at = 0
        for start, stop in self._merged():
            if start - at >= _UNLIKELY:
                yield at, min(start, end)
            at = max(at, stop)
            if at >= end:
                return
        if end - at >= _UNLIKELY:
            yield at, end


ZIP: Final = Sought("zip", recognise, members)
