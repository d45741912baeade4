"""cpio archives, and chains of them: what initrds are made of.

Formats: cpio(5) of FreeBSD and the kernel's Documentation/driver-api/early-userspace/buffer-format.rst: newc, its
variant with sums (crc), odc, and the old binary form in both byte orders. Behind an archive's trailer zeros may
follow, then another archive, or compressed data that hold another: the early microcode and the main part of an
initrd.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from imgscan.containers import compressed
from imgscan.containers.base import HEAD, Format, Member
from imgscan.containers.cursor import Cursor
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.streams.readers import Reader

NAME_LIMIT: Final = 1 << 17
"""Bytes of one name; file systems take 4 KiB for a path. An archive with a longer one is taken for damaged."""

NEWC: Final = (b"070701", b"070702")
ODC: Final = b"070707"
_OLD_LITTLE: Final = b"\xc7\x71"
_OLD_BIG: Final = b"\x71\xc7"
STRIPPED: Final = b"07070X"
"""What rpm writes for packages with large files: a file's number instead of its header."""

_WHAT: Final = "cpio archive"
_TRAILER: Final = b"TRAILER!!!"
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
_OCTAL: Final = frozenset(b"01234567")


class Dialect(NamedTuple):
    """Where a header's numbers are: its length, what aligns it and the data, and who reads the two sizes."""

    length: int
    align: int
    sizes: Callable[[bytes], tuple[int, int] | None]
    """The size of the name, its NUL counted, and that of the data; None if the header is damaged."""


def _newc(header: bytes) -> tuple[int, int] | None:
    if not _HEX.issuperset(header[6:]):
        return None
    return int(header[94:102], 16), int(header[54:62], 16)


def _odc(header: bytes) -> tuple[int, int] | None:
    if not _OCTAL.issuperset(header[6:]):
        return None
    return int(header[59:65], 8), int(header[65:76], 8)


def _binary_little(header: bytes) -> tuple[int, int]:
    high, low = header[22:24], header[24:26]
    return int.from_bytes(header[20:22], "little"), int.from_bytes(high, "little") << 16 | int.from_bytes(low, "little")


def _binary_big(header: bytes) -> tuple[int, int]:
    return int.from_bytes(header[20:22], "big"), int.from_bytes(header[22:26], "big")


_NEWC: Final = Dialect(110, 4, _newc)
_ODC: Final = Dialect(76, 1, _odc)
_LITTLE: Final = Dialect(26, 2, _binary_little)
_BIG: Final = Dialect(26, 2, _binary_big)


def dialect(magic: bytes) -> Dialect | None:
    """Tell the dialect by the first six bytes of a header."""
    if magic in NEWC:
        return _NEWC
    if magic == ODC:
        return _ODC
    if magic[:2] == _OLD_LITTLE:
        return _LITTLE
    return _BIG if magic[:2] == _OLD_BIG else None


def recognise(head: bytes) -> bool:
    """Whether a file that begins so is a cpio archive.

    The old binary form has a magic of two bytes only; there a name must follow that ends where it should.
    """
    found = dialect(head[:6])
    sizes = found.sizes(head[: found.length]) if found is not None and len(head) >= found.length else None
    if found is None or sizes is None or not 0 < sizes[0] <= NAME_LIMIT:
        return False
    if found.align != 2:
        return True
    name = head[26 : 26 + sizes[0]]
    return len(name) == sizes[0] and len(name) > 1 and name.find(b"\0") == len(name) - 1


class FileTable(Protocol):
    """What a stripped archive does not say of its files."""

    def get(self, number: int, /) -> tuple[bytes, int] | None:
        """Return name and size of a file by its number; None if there is no such file."""


def members(raw: Reader) -> Iterator[Member | Unread]:
    """Return the members of all archives of a chain, in their order, and its compressed parts without a name."""
    return walk(raw, None, (0, None))


def walk(raw: Reader, stripped: FileTable | None, within: tuple[int, int | None]) -> Iterator[Member | Unread]:
    """Yield the members of a chain of archives.

    `stripped` is for archives with file numbers. `within` is the extent of all members (compressed data), or, if
    its end is None, where the archive begins in its container: then each member has its own.
    """
    cursor = Cursor(raw)
    base, last = within
    trailer = False
    origin = 0
    while True:
        if trailer:
            cursor.skip_zeros()
        start = cursor.offset
        magic = cursor.peek(6)
        if not magic:
            if not trailer:
                yield cursor.lack("cut-stream", "the cpio archive ends without its trailer")
            elif cursor.failure is not None:
                yield cursor.failure.unread()
            return
        if trailer:
            origin = start
        if stripped is not None and magic == STRIPPED:
            header = _numbered(cursor, stripped)
        else:
            header = _header(cursor, dialect(magic), origin)
        if header is None:
            if trailer:
                yield from _behind(cursor, base)
            else:
                text = "the cpio archive is damaged or truncated where a member's header should be"
                yield cursor.lack("damaged-container", text)
            return
        name, size, align = header
        trailer = name == _TRAILER and not size
        if not trailer:
            end = cursor.offset + size
            yield Member(name, cursor.data(size, _WHAT), (base + start, base + end) if last is None else (base, last))
            yield from cursor.leave(_WHAT)
            if cursor.ended:
                return
        cursor.skip((origin - cursor.offset) % align)


def _header(cursor: Cursor, found: Dialect | None, origin: int) -> tuple[bytes, int, int] | None:
    """Take a header and its name; return name, size of the data and alignment. None, with nothing taken, if damaged.

    Alignment counts from the archive's `origin`.
    """
    if found is None:
        return None
    header = cursor.peek(found.length)
    sizes = found.sizes(header) if len(header) == found.length else None
    if sizes is None or not 0 < sizes[0] <= NAME_LIMIT:
        return None
    whole = cursor.peek(found.length + sizes[0])
    if len(whole) < found.length + sizes[0]:
        return None
    cursor.take(len(whole))
    cursor.skip((origin - cursor.offset) % found.align)
    return whole[found.length :].partition(b"\0")[0], sizes[1], found.align


def _numbered(cursor: Cursor, stripped: FileTable) -> tuple[bytes, int, int] | None:
    """Take a stripped header: the magic, eight hexadecimal digits, and two bytes that align it."""
    header = cursor.peek(16)
    if len(header) < 16 or not _HEX.issuperset(header[6:14]):
        return None
    file = stripped.get(int(header[6:14], 16))
    if file is None:
        return None
    cursor.take(16)
    return *file, 4


def _behind(cursor: Cursor, base: int) -> Iterator[Member | Unread]:
    """Read what follows the last archive: compressed data, or something else, which is looked into as it is."""
    if compressed.compression_of(cursor.peek(HEAD)) is None:
        yield Unread("skipped", "trailing-data", "data that is not a cpio archive follows the cpio archive")
        yield from cursor.rest(base)
        return
    yield from compressed.members(cursor, base + cursor.offset)


CPIO: Final = Format(
    name="cpio",
    begins=(*NEWC, ODC, _OLD_LITTLE, _OLD_BIG),
    recognise=recognise,
    members=members,
    streamed=True,
)
