"""Walk the headers of a tar archive beside the stream that holds it.

The stream is searched as a whole elsewhere; this says which of its bytes belong to which member. `tarfile` cannot
be used for it: it ends without a word at a broken header or a missing end (cpython issue 120740), recurses into
chained extension headers, expands sparse holes and is ten times slower. Here each of these is an `Unread`, and
nothing is ever guessed: after a broken header no further members are looked for.

Dialects: v7, ustar, star's prefix, old and new GNU (L, K, S, M, V, D, base-256), pax (x, g, Solaris X) and the four
sparse formats. Where readers disagree, what unpacks container layers (Go's `archive/tar`) decides:

* a GNU long name (L, K) wins over a PAX path or linkpath, and of several headers of one type the last;
* PAX size wins over the header's; an empty PAX value means that the header's holds;
* global records (g) are handed out but steer neither name nor size (GNU tar and tarfile would let them);
* types 1 to 6 have no data whatever their size says, nor has a directory that v7 spells as a file with a slash.
  One exception: pax lets a hard link carry its data. If the block after a ustar hard link with a size is neither
  a header nor zeros, it is data (libarchive's rule);
* one lone zero block is skipped, and after an end marker another archive may follow;
* a record of 20 blocks may be filled up with anything behind an end marker or a lone zero block: old versions of
  plexus-archiver (Maven) leave there what an earlier record held. All readers stop before it.

The module is long because the walk is one machine: its readers of units share its state, and a part of them would have
to share it from another file. What a header, a record and a sparse map say is in modules of their own.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from imgscan.streams.tar_header import (
    BLOCK,
    GNU_MAGIC,
    HEAD_LENGTH,
    KINDS,
    LARGEST,
    NO_END,
    USTAR_MAGIC,
    ZEROS,
    Kind,
    TarMember,
    checksum_holds,
    cut,
    looks_like_tar,
    normalise,
    normalise_all,
    number,
    padded,
)
from imgscan.streams.tar_records import Extension, parse_records, present
from imgscan.streams.tar_sparse import OldMap, SparseMap, announced_map, fragments
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HEAD_LENGTH", "Kind", "TarMember", "TarWalker", "looks_like_tar", "normalise", "normalise_all"]

PAYLOAD_LIMIT: Final = 1 << 20
"""Bytes in one extension header, as in Go (`maxSpecialFileSize`) and libarchive."""

MEMBER_LIMIT: Final = 4 << 20
"""Bytes in all extension headers and sparse maps of one member."""

RECORD: Final = 20 * BLOCK
"""Bytes that writers write at a time, and fill up with zeros: GNU tar's default, which all others share."""

STALE: Final = b"-"
"""What stands in `TarWalker.payloads` for the type of such a filling that is no zeros."""

GLOBAL_LIMIT: Final = 16 << 10
"""Bytes of global records that are kept; each member with records of its own copies them."""

PROBLEM_LIMIT: Final = 100
"""Problems that are kept; the first one already says that the archive is not whole."""

NEVER: Final = LARGEST
"""`TarWalker.wanted` when nothing that follows matters."""

_ZERO_RUN: Final = bytes(1 << 16)

# name, size without its terminator, the terminator, type, magic, first byte of the prefix
_PLAIN: Final = Struct("100s24x11sB20xc100x6s82xB")
_PLAIN_KINDS: Final = {flag: KINDS[flag] for flag in (b"0", b"\0", b"5")}
_EXTENSIONS: Final = frozenset((b"L", b"K", b"x", b"X", b"g"))


class TarWalker:
    """Follow a tar stream, pushed in pieces of any size, from member to member.

    Feed every byte in order, or skip bytes that the walker does not want to see; then call `finish`. No content
    raises: what is wrong with the archive goes to `problems`. A walker holds at most one header or extension
    payload (1 MiB), never data.
    """

    __slots__ = (
        "_blanks",
        "_data_end",
        "_extension",
        "_filling",
        "_finished",
        "_flag",
        "_found",
        "_globals",
        "_held",
        "_map",
        "_member",
        "_need",
        "_next",
        "_plain",
        "_record_end",
        "_spent",
        "_state",
        "_stored",
        "ended",
        "lost_at",
        "members",
        "offset",
        "payloads",
        "problems",
        "wanted",
    )

    offset: int
    """Bytes fed or skipped so far."""
    wanted: int
    """The next byte that the walker has to see; `NEVER` once nothing more matters."""
    problems: list[Unread]
    """What is wrong with the archive, in stream order; at most `PROBLEM_LIMIT` of them."""
    ended: bool
    """Whether a whole end marker (two zero blocks) follows the last member."""
    lost_at: int | None
    """Where the broken header stands that ended the walk, so that members may follow which are not reported."""
    members: int
    """Members reported so far."""
    payloads: list[tuple[int, int, bytes]] | None
    """Start, end and type of the payload of each extension header, and `STALE` bytes, for a caller that asked for them
    and prunes the list; else None."""

    def __init__(self, *, payloads: bool = False) -> None:
        self.payloads = [] if payloads else None
        self.offset = 0
        self.wanted = 0
        self.problems = []
        self.ended = False
        self.lost_at = None
        self.members = 0
        # A unit is the next piece that has to be seen whole: a header, an extension's payload, part of a map.
        # `_held` is its beginning when it is cut by the end of a chunk, `_state` is who reads it.
        self._held = bytearray()
        self._need = BLOCK
        self._state: Callable[[TarWalker, bytes, int], int] = TarWalker._header
        self._plain = True  # a member's header may be next, and no extension waits for it
        self._found: list[TarMember] = []
        self._blanks = 0
        self._record_end = 0  # of the record that holds the last zero block
        self._filling: tuple[str, str] | None = None  # the problem that its filling is unless it fills it up
        self._data_end = 0
        self._extension: Extension | None = None
        self._globals: dict[bytes, bytes] = {}
        self._flag = b""
        self._next = 0
        # A member whose map, or the block that decides about its data, is still to come, and its stored bytes.
        self._member: TarMember
        self._stored = 0
        self._map: SparseMap
        self._spent = 0
        self._finished = False

    @property
    def lost(self) -> bool:
        """Whether a broken header ended the walk."""
        return self.lost_at is not None

    @property
    def in_filling(self) -> bool:
        """Whether the stream so far ends with the record of the archive's end, whose filling looks like a member."""
        return 0 < self.offset == self._record_end and not self._blanks

    @property
    def members_known(self) -> bool:
        """Whether every member was reported as it is: nothing is wrong, save that an end marker may be missing."""
        return all(problem.code == NO_END for problem in self.problems)

    def feed(self, chunk: bytes | memoryview) -> list[TarMember]:
        """Take the next bytes of the stream; return the members whose headers they complete, in order.

        A memoryview has to be of single bytes. The chunk is not kept.
        """
        base = self.offset
        length = len(chunk)
        self.offset = end = base + length
        if end <= self.wanted:
            return []
        found: list[TarMember] = []
        self._found = found
        position = self.wanted - base
        if self._held:
            taken = self._need - len(self._held)
            unit = base - len(self._held)
            self._held += chunk[:taken]
            if len(self._held) < self._need:
                self.wanted = end
                return []
            block = bytes(self._held)
            self._held.clear()
            position = self._state(self, block, unit) - base
        while position < length:
            if self._plain:
                position = self._walk(chunk, base, position)
            elif self._blanks > 1:
                position = _pass_zeros(chunk, position)
            stop = position + self._need
            if stop > length:
                break
            position = self._state(self, bytes(chunk[position:stop]), base + position) - base
        if position < length:
            self._held += chunk[position:]
            position = length
        self.wanted = base + position
        self.members += len(found)
        return found

    def skip(self, count: int) -> None:
        """Skip `count` bytes that are not fed; ValueError if the walker has to see one of them."""
        if count < 0 or self.offset + count > self.wanted:
            raise ValueError("cannot skip bytes that the walker has to see")
        self.offset += count

    def finish(self) -> None:
        """Say that the stream is over: what it should still have held becomes an `Unread`."""
        if self._finished or self.wanted == NEVER:
            return
        self._finished = True
        if self.in_filling:
            return
        if self._filling is not None and self.offset < self._record_end:
            code, message = self._filling
            self._note_problem(code, message)  # it is not a whole record
            return
        if self.offset < self._data_end:
            lacking = self._data_end - self.offset
            self._note_problem("tar-cut-member", f"The archive ends {lacking} bytes before a member does.")
        elif self._blanks > 1:
            if any(self._held):
                self._trailing()
        elif any(self._held) or self._extension or self._state is not TarWalker._header:
            self._note_problem("tar-cut-header", "The archive ends inside the header of a member.")
        else:
            self._note_problem(NO_END, "The archive ends without an end marker.")

    def _walk(self, chunk: bytes | memoryview, base: int, position: int) -> int:
        """Report ordinary files and directories; return where the first header stands that is anything else."""
        last = len(chunk) - BLOCK
        data_end = self._data_end
        inherited = self._globals or None
        append = self._found.append
        unpack, kinds, new = _PLAIN.unpack_from, _PLAIN_KINDS, tuple.__new__
        while position <= last:
            name, digits, terminator, flag, magic, prefix = unpack(chunk, position)
            kind = kinds.get(flag)
            if (
                kind is None
                or terminator & 0xDF  # neither NUL nor blank
                or not digits.isdigit()
                or not checksum_holds(chunk[position : position + BLOCK])
                or (prefix and magic == USTAR_MAGIC)
            ):
                break
            try:
                size = int(digits, 8)
            except ValueError:
                break
            name = name.split(b"\0", 1)[0]
            if (kind is Kind.DIRECTORY and size) or (flag == b"\0" and name[-1:] == b"/"):
                break
            header = base + position
            start = header + BLOCK
            data_end = start + size
            append(new(TarMember, (header, start, data_end, name, kind, b"", size, inherited, None, False)))
            position += BLOCK + ((size + 511) & ~511)
        self._data_end = data_end
        return position

    def _header(self, block: bytes, at: int) -> int:
        """Read a header block of any type; like every reader of a unit, return where the next unit begins."""
        if block == ZEROS:
            return self._blank(at)
        if not checksum_holds(block):
            if self._blanks > 1:
                return self._trailing(at)
            return self._lose("tar-damaged-header", at, "A member's header is damaged: its checksum is wrong.")
        if self._blanks > 1:  # another archive, with global records of its own
            self._globals = {}
        self._blanks = 0
        self.ended = False
        size = number(block[124:136])
        if size is None or not 0 <= size <= LARGEST:
            return self._lose("tar-bad-size", at, "A member's header has no usable size.")
        flag = block[156:157]
        if flag in _EXTENSIONS:
            return self._extend(flag, size, at)
        return self._describe(block, size, at)

    def _blank(self, at: int) -> int:
        if self._extension:
            self._note_problem("tar-stray-extension", "An extension header is not followed by a member.")
            self._extension = None
        self._plain = False
        self._blanks += 1
        if self._blanks == 1:
            self._record_end = at - at % RECORD + RECORD
        self.ended = self._blanks > 1
        return at + BLOCK

    def _extend(self, flag: bytes, size: int, at: int) -> int:
        """Prepare for the payload of an extension header."""
        self._plain = False
        extension = self._extension
        if extension is None:
            extension = Extension(at)
            if flag != b"g":
                self._extension = extension
        extension.spent += size
        if size > PAYLOAD_LIMIT or extension.spent > MEMBER_LIMIT:
            return self._too_large(at)
        start = at + BLOCK
        self._flag = flag
        self._next = start + padded(size)
        if self.payloads is not None:
            self.payloads.append((start, start + size, flag))
        if not size:
            return self._payload(b"", start)
        self._need = size
        self._state = TarWalker._payload
        return start

    def _payload(self, payload: bytes, _at: int) -> int:
        self._need = BLOCK
        self._state = TarWalker._header
        extension = self._extension
        if self._flag == b"g":
            self._merge_globals(self._records(payload))
            self._plain = extension is None
        elif extension is not None:
            if self._flag == b"L":
                extension.name = cut(payload)
            elif self._flag == b"K":
                extension.link = cut(payload)
            else:
                extension.records = self._records(payload)
        return self._next

    def _records(self, payload: bytes) -> dict[bytes, bytes]:
        records, whole = parse_records(payload)
        if not whole:
            self._note_problem("tar-bad-record", "A PAX header is malformed; its remaining records are not used.")
        return records

    def _merge_globals(self, records: dict[bytes, bytes]) -> None:
        # A new mapping each time: members that were handed out share the old one.
        merged = present(self._globals | records)
        if sum(len(key) + len(value) for key, value in merged.items()) > GLOBAL_LIMIT:
            self._note_problem("tar-header-too-large", "The archive's global PAX records are too large to be kept.")
        else:
            self._globals = merged

    def _describe(self, block: bytes, stated: int, at: int) -> int:
        """Report the member of this header, or see first to the blocks that are between it and its data."""
        extension = self._extension or Extension(at)
        self._extension = None
        self._plain = True
        stored = extension.stored_size(stated)
        if stored is None:
            return self._lose("tar-bad-size", at, "A member's PAX header has no usable size.")
        member = extension.describe(block, at, stored, self._globals)
        flag = block[156:157]
        if flag == b"S":
            if block[257:265] != GNU_MAGIC:
                return self._lose("tar-bad-sparse", at, "A sparse member's header is not in the GNU format.")
            return self._await_map(member, OldMap(block), extension.spent)
        sparse = announced_map(extension.records) if member.kind is Kind.FILE else None
        if sparse is not None:
            return self._await_map(member, sparse, extension.spent)
        if member.kind is Kind.LINK and stored and block[257:263] == USTAR_MAGIC:
            self._member, self._stored = member, stored
            self._plain = False
            self._state = TarWalker._link_data
            return member.start
        return self._emit(member)

    def _emit(self, member: TarMember) -> int:
        self._state = TarWalker._header
        self._plain = True
        self._found.append(member)
        self._data_end = member.end
        return member.start + padded(member.end - member.start)

    def _link_data(self, block: bytes, at: int) -> int:
        """Decide by the block behind a hard link that has a size whether it has data."""
        if block == ZEROS or checksum_holds(block):
            self._emit(self._member)
            return self._header(block, at)
        return self._emit(self._member._replace(end=at + self._stored, size=self._stored))

    def _await_map(self, member: TarMember, sparse: SparseMap, spent: int) -> int:
        self._member, self._stored = member, member.end - member.start
        self._map, self._spent = sparse, spent
        return self._next_of_map(member.start)

    def _map_block(self, block: bytes, at: int) -> int:
        self._spent += BLOCK
        self._map.take(block)
        return self._next_of_map(at + BLOCK)

    def _next_of_map(self, at: int) -> int:
        """Ask for the block at `at` if the map needs it; else the data begin there."""
        sparse, member = self._map, self._member
        stored = member.start + self._stored - at if sparse.inside else self._stored
        if sparse.more and not (sparse.inside and stored < BLOCK):
            if self._spent + BLOCK > MEMBER_LIMIT:
                return self._too_large(at)
            self._plain = False
            self._state = TarWalker._map_block
            return at
        size, pieces = sparse.size, None
        if sparse.pairs is not None and size is not None and size <= LARGEST:
            pieces = fragments(sparse.pairs, start=at, stored=stored, size=size)
        if pieces is not None and size is not None:
            return self._emit(member._replace(start=at, end=at + stored, size=size, fragments=pieces))
        self._note_problem("tar-bad-sparse", "A sparse member's map does not fit its data.")
        start = member.start if sparse.inside else at
        return self._emit(member._replace(start=start, end=start + self._stored))

    def _too_large(self, at: int) -> int:
        return self._lose(
            "tar-header-too-large", at, "A member's extension headers are larger than any reader accepts."
        )

    def _lose(self, code: str, at: int, message: str) -> int:
        """End the walk at a header that leaves open where the next one is; what fills up a record is passed over."""
        if at < self._record_end:
            return self._fill(at, code, message)
        self._note_problem(code, message)
        self.lost_at = at
        self._plain = False
        return NEVER

    def _trailing(self, at: int = NEVER) -> int:
        code, message = "tar-trailing-data", "Data that is not a tar archive follows the archive's end."
        if at < self._record_end:
            return self._fill(at, code, message)
        self._note_problem(code, message)
        return NEVER

    def _fill(self, at: int, code: str, message: str) -> int:
        """Pass over what fills up the record of the archive's end; it is a problem only if it does not fill it up."""
        self._filling = (code, message)
        if self.payloads is not None:
            self.payloads.append((at, self._record_end, STALE))
        self._blanks, self.ended = 2, True
        self._extension = None
        self._plain = False
        self._need, self._state = BLOCK, TarWalker._header
        return self._record_end

    def _note_problem(self, code: str, message: str) -> None:
        if len(self.problems) < PROBLEM_LIMIT:
            self.problems.append(Unread("error", code, message))


def _pass_zeros(chunk: bytes | memoryview, position: int) -> int:
    """Return where the zeros from `position` end, rounded down to a block: the padding behind an archive's end."""
    # A copy, because comparing memoryviews goes byte by byte.
    for run in (_ZERO_RUN, ZEROS):
        while bytes(chunk[position : position + len(run)]) == run:
            position += len(run)
    return position
