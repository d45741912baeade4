"""Zip archives and what is built on them: jar, war, ear, whl, egg, nupkg, Android's apk, docx, xlsx.

Format: PKWARE's APPNOTE.TXT 6.3.10. The directory says what there is; what it does not list is looked for by local
headers: in front of it, between the members, and everywhere where it is missing or broken. So an archive behind a
program, an archive that was cut, and a member that was deleted from the directory only, are read alike.

Where directory and local header disagree, the name is the directory's, which is what every unpacker shows; the data
are read by both methods where these differ, and to the larger of both sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgscan.containers.base import LEAST, Format, Member, part
from imgscan.containers.zip.directory import END_MAGIC, END_SIZE, ROOM, entries, fields, find_directory
from imgscan.containers.zip.local import (
    HEADER,
    LOCAL,
    LOCAL_MAGIC,
    LOCAL_SIZE,
    Ranges,
    end_of_stored,
    find_header,
    local_header,
)
from imgscan.containers.zip.member import BEHIND, DEFLATED, METHODS, READABLE, STORED, Content, Work
from imgscan.streams.deflate import crc32, raw_inflate
from imgscan.streams.readers import CHUNK, StreamError
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgscan.containers.base import Held
    from imgscan.containers.zip.directory import ZipEntry
    from imgscan.streams.readers import Chunk

_ENCRYPTED: Final = 1
_DESCRIPTOR: Final = 8  # the flag that says that sum and sizes follow the data
_STARTS: Final = (b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04")
"""What precedes the first header where an archive was to be split, and was not."""


def recognise(head: bytes) -> bool:
    """Whether a file that begins so is a zip archive, if need be an empty one."""
    if head.startswith(END_MAGIC):
        return len(head) == 22 + int.from_bytes(head[20:22], "little") or head[4:20] == bytes(16)
    return HEADER.match(head, 4 if head.startswith(_STARTS) else 0) is not None


def has_directory(held: Held) -> bool:
    """Whether a file ends as a zip archive does, whatever it begins with. Looks at no more than the last 64 KiB."""
    return find_directory(held) is not None


def members(held: Held) -> Iterator[Member | Unread]:
    """Yield the members in the order of the directory, then those that it does not list, in the order of the file."""
    work = Work(held)
    read = Ranges()
    nooks: list[tuple[int, int]] = []
    directory = find_directory(held)
    end = len(held)
    if directory is not None:
        whole = True
        # The common case, a small member that is what it says, is all in this loop: it runs a million times.
        unpack, add, small = LOCAL.unpack, read.add, CHUNK
        for entry in entries(held, directory, nooks):
            if entry is None:
                whole = False
                break
            if nooks:
                yield from (each for nook in nooks for each in _around(held, *nook))
                nooks.clear()
            name, flags, method, crc, stored, size, at = entry
            if stored <= small and size <= small and at >= 0 and not flags & _ENCRYPTED:
                local = held[at : at + LOCAL_SIZE]
                if len(local) == LOCAL_SIZE:
                    magic, local_flags, local_method, _, local_stored, _, name_length, extra = unpack(local)
                    if extra > ROOM:
                        start = at + LOCAL_SIZE + name_length
                        work.left -= extra
                        nooks += fields(bytes(held[start : start + extra]), start)
                    agreed = local_stored == stored or local_flags & _DESCRIPTOR
                    if magic == LOCAL_MAGIC and local_method == method and agreed:
                        start = at + LOCAL_SIZE + name_length + extra
                        data = held[start : start + stored]
                        plain = raw_inflate(data, size) if method == DEFLATED else bytes(data) if not method else None
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
    for start, stop in read.gaps(end):
        at = start
        for found in _unlisted(held, start, stop, work, sure=directory is None):
            yield found
            if work.left < 0:
                yield _overlap()
                return
            if isinstance(found, Member) and found.extent is not None:
                if not found.verbatim:
                    yield from _around(held, at, found.extent[0])
                at = max(at, found.extent[1])
        yield from _around(held, at, stop)
    if nooks:
        yield from (each for nook in nooks for each in _around(held, *nook))
    if directory is None:
        text = "the directory of the zip archive is missing or damaged; its members were searched for without it"
        yield Unread("error", "damaged-container", text)
        return
    yield from _around(held, directory.listed, directory.end)
    yield from _around(held, directory.record + END_SIZE, len(held))


def _around(held: Held, start: int, stop: int) -> Iterator[Member]:
    """Yield what is between the members, or behind the archive, unless it is all that there is."""
    if LEAST <= stop - start < len(held):
        yield from part(held, start, stop)


def _overlap() -> Unread:
    text = "members of the zip archive overlap; what would have been read more than twice was not read"
    return Unread("skipped", "overlapping-members", text)


def _listed(held: Held, entry: ZipEntry, work: Work, read: Ranges) -> Iterator[Member | Unread]:
    """Yield a member of the directory that is large, or not what it should be."""
    local = local_header(held, entry.at, work, entry.name)
    if local is None:
        text = "a member of the zip archive is not where its directory says"
        yield Unread("error", "damaged-stream", text, entry.name)
        return
    other, start = local[0], min(local[1], len(held))
    stored = entry.stored if other.flags & _DESCRIPTOR else max(entry.stored, other.stored)
    stop = min(start + stored, len(held))
    if entry.flags & other.flags & _ENCRYPTED:
        read.add(entry.at, stop)
        yield _encrypted(entry, stop - start)
        return
    for method in dict.fromkeys((entry.method, other.method)):
        reading = entry._replace(method=method, stored=stored)
        if method not in READABLE:
            read.add(entry.at, stop)
            yield _unsupported(reading, stop - start)
            continue
        content = Content(held, start, reading, work)
        chunks: Iterable[Chunk] | None = content
        if not entry.size and entry.name[-1:] == b"/":  # a folder, unless something is in it
            first, more, failure = _begun(content)
            chunks = _rest(first, more, failure, sure=True) if first or failure else None
        if chunks is not None:
            yield Member(entry.name, chunks, (entry.at, stop))
        read.add(entry.at, content.end or (start if content.failed else stop))
        if method == DEFLATED and content.end is not None and content.end < stop:
            yield from _second(held, reading, content.end, stop, work, read)


def _second(held: Held, entry: ZipEntry, at: int, stop: int, work: Work, read: Ranges) -> Iterator[Member | Unread]:
    """Yield deflated data that follow the end of a member's own, which no unpacker shows."""
    while at < stop:
        content = Content(held, at, entry._replace(stored=stop - at, crc=BEHIND), work)
        first, chunks, failure = _begun(content)
        if failure is not None or not first:
            return
        yield Member(entry.name, _rest(first, chunks, None, sure=False), (at, stop))
        if content.end is None or content.end <= at:
            return
        read.add(at, content.end)
        at = content.end


def _encrypted(entry: ZipEntry, size: int) -> Unread:
    return Unread("skipped", "encrypted", "a member of the zip archive is encrypted", entry.name, size)


def _unsupported(entry: ZipEntry, size: int) -> Unread:
    how = f"the {METHODS[entry.method]} method" if entry.method in METHODS else f"method {entry.method}"
    text = f"a member of the zip archive is compressed by {how}, which imgscan cannot read"
    return Unread("skipped", "unsupported", text, entry.name, size)


def _unlisted(held: Held, at: int, end: int, work: Work, *, sure: bool) -> Iterator[Member | Unread]:
    """Yield the members whose local headers stand from `at` to `end`.

    `sure` says that there is no directory, so that these are the archive's members. Otherwise what looks like a
    header may be something else: a member of which nothing can be read is none, and damage is not an error.
    """
    while (found := find_header(held, at, end)) is not None:
        local = local_header(held, found, work)
        if local is None or local[1] > end:
            at = found + 4
            continue
        entry, at = local
        start, stop = at, min(at + entry.stored, len(held))
        if entry.flags & _ENCRYPTED or entry.method not in READABLE:
            if sure or stop <= end:
                unread = _encrypted if entry.flags & _ENCRYPTED else _unsupported
                yield unread(entry, stop - start)
                at = stop if stop <= end else start
            continue
        if entry.flags & _DESCRIPTOR:
            entry = entry._replace(crc=BEHIND)
            if entry.method == STORED and not entry.stored:
                entry = entry._replace(stored=end_of_stored(held, start, end, work) - start)
        elif start + entry.stored > end and entry.method == STORED:
            if not sure:
                continue
            entry = entry._replace(stored=end_of_stored(held, start, end, work) - start)
        content = Content(held, start, entry, work)
        first, chunks, failure = _begun(content)
        if failure is None or sure:
            # Where deflated data end is not known before they were read.
            extent = (
                found,
                min(start + entry.stored, len(held)) if entry.stored or not entry.flags & _DESCRIPTOR else end,
            )
            yield Member(entry.name, _rest(first, chunks, failure, sure=sure), extent)
            if content.end is not None:
                at = content.end
            elif not content.failed and stop <= end:
                at = stop


def _begun(content: Content) -> tuple[Chunk, Iterator[Chunk], StreamError | None]:
    """Read the first chunk of a member: return it, those that follow, and the failure if there is one."""
    chunks = iter(content)
    try:
        return next(chunks, b""), chunks, None
    except StreamError as error:
        return b"", chunks, error


def _rest(first: Chunk, chunks: Iterator[Chunk], failure: StreamError | None, *, sure: bool) -> Iterator[Chunk]:
    """Yield the chunks of a member of which the first, or the failure to have one, is there already."""
    if failure is not None:
        raise failure
    if first:
        yield first
    try:
        yield from chunks
    except StreamError as error:
        if sure:
            raise
        text = "data that looks like a member of a zip archive is damaged"
        raise StreamError(error.code, text, harmless=True) from error


ZIP: Final = Format(
    name="zip", begins=(LOCAL_MAGIC, END_MAGIC, *_STARTS), recognise=recognise, members=members, streamed=False
)
