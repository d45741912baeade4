"""One 512-byte tar header, read field by field: the values that `imgscan.streams.tar` hands out and its parsers.

`tarfile` is no help here: it stops without a word at a broken header. What each field means is taken from POSIX
(pax, "ustar Interchange Format") and from the GNU tar manual ("Basic Tar Format"); where real readers disagree,
from Go's `archive/tar`, because that is what unpacks layers in Docker, containerd and podman.
"""

from __future__ import annotations

import enum
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BLOCK: Final = 512
ZEROS: Final = bytes(BLOCK)
HEAD_LENGTH: Final = 2 * BLOCK
"""Bytes that `looks_like_tar` has to see: a header, or the two zero blocks of an empty archive."""

LARGEST: Final = 2**63 - 1
"""The largest size and offset that any tar reader accepts (a signed 64-bit `off_t`)."""

NO_END: Final = "tar-no-end"
"""The code of an archive whose end marker is missing: it hides no member, and is harmless where a digest holds."""

USTAR_MAGIC: Final = b"ustar\0"
GNU_MAGIC: Final = b"ustar  \0"
_STAR_TRAILER: Final = b"tar\0"
_ADLER_BASE: Final = 65521


class Kind(enum.Enum):
    """What a member is; only `FILE`, `OTHER`, a dump `DIRECTORY` and a pax `LINK` can have data."""

    FILE = "file"
    LINK = "link"
    SYMLINK = "symlink"
    DIRECTORY = "directory"
    OTHER = "other"


KINDS: Final[dict[bytes, Kind]] = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"S": Kind.FILE,
    b"M": Kind.FILE,  # the rest of a file that began on the volume before
    b"1": Kind.LINK,
    b"2": Kind.SYMLINK,
    b"5": Kind.DIRECTORY,
    b"D": Kind.DIRECTORY,
}
"""Type flags with a kind of their own; any other is `Kind.OTHER`."""

HEADER_ONLY: Final = frozenset((b"1", b"2", b"3", b"4", b"5", b"6"))
"""Types that have no data whatever their size field says: Go, tarfile and POSIX agree."""


class TarMember(NamedTuple):
    """One member of an archive, as byte positions of the stream and names as they were stored.

    A named tuple because 100,000 of them are made for an ordinary layer and nothing in Python is made faster.
    """

    header: int
    """Where its first header block begins, the extension headers (L, K, x) before it included."""
    start: int
    """The first byte of its data, behind the last header block and a sparse map at the head of the data."""
    end: int
    """One past its last stored byte, padding not included; equal to `start` if there is no data."""
    name: bytes
    """Raw: not normalised, any bytes. Cut at the first NUL unless it came from a PAX record."""
    kind: Kind
    link: bytes
    """The target of a hard or symbolic link, else empty."""
    size: int
    """The size of the unpacked file; 0 for kinds without data."""
    records: Mapping[bytes, bytes] | None
    """PAX records: the archive's global ones under the member's own; None if there are none."""
    fragments: tuple[tuple[int, int, int], ...] | None
    """For a sparse file its data as (stream start, stream end, offset in the file), ascending; else None."""
    long_name: bool
    """Whether the name came from an extension header, so that the header field may hold a shortened copy."""


def padded(size: int) -> int:
    """Round up to whole blocks."""
    return (size + 511) & ~511


def cut(field: bytes) -> bytes:
    """Read a C string: up to the first NUL, all of it if there is none."""
    return field.partition(b"\0")[0]


def number(field: bytes) -> int | None:
    """Read a numeric field: octal, or base-256 if its top bit is set; None if it is neither.

    Blanks and NULs around the digits are skipped and an empty field is 0, as in Go and tarfile. Base-256 is
    two's complement without the top bit (GNU tar manual, "Large or Negative Values"), so it can be negative.
    """
    if field[0] & 0x80:
        bits = 8 * len(field) - 1
        value = int.from_bytes(field, "big") & ((1 << bits) - 1)
        return value - (1 << bits) if field[0] & 0x40 else value
    digits = cut(field.strip(b" \0")).rstrip(b" ")
    if not digits:
        return 0
    if not digits.isdigit():
        return None
    try:
        return int(digits, 8)
    except ValueError:
        return None


def decimal(text: bytes) -> int | None:
    """Read a PAX number of at most 20 digits; None if it is anything else or too large for a file.

    The bound is there because `int` takes quadratic time and a record may be a megabyte long.
    """
    if len(text) > 20 or not text.isdigit():
        return None
    value = int(text)
    return value if value <= LARGEST else None


@lru_cache(maxsize=8192)
def _expected(field: bytes) -> tuple[int, int]:
    """Read a checksum field: the sum it states, and what Adler-32's low half is over a block that keeps it.

    Both are -1 if the field is not a number. Cached because the sums of a layer's headers are few and near.
    """
    digits = cut(field.strip(b" \0")).rstrip(b" ")
    try:
        stored = int(digits, 8) if digits.isdigit() else -1
    except ValueError:
        stored = -1
    if stored < 0:
        return -1, -1
    return stored, (stored - len(field) * 0x20 + sum(field) + 1) % _ADLER_BASE


def checksum_holds(block: bytes | memoryview) -> bool:
    """Check a header's checksum: the sum of its bytes, those of the field itself taken as blanks.

    The low half of Adler-32 is one more than the byte sum, modulo 65,521: C speed for the ordinary case. Old Sun
    and BSD writers summed signed characters, which every reader accepts.
    """
    stored, low_half = _expected(bytes(block[148:156]))
    if zlib.adler32(block) & 0xFFFF == low_half:
        return True
    if stored < 0:
        return False
    total = sum(block) - sum(block[148:156]) + 8 * 0x20
    return stored in (total, total - 256 * sum(byte > 127 for byte in block))


def header_name(block: bytes) -> bytes:
    r"""Join the name from the header's own fields.

    Only POSIX headers have a prefix. In the old GNU format the same bytes hold times and a sparse map; in star's
    (trailer `tar\0`) the prefix is 131 bytes long and times follow.
    """
    name = cut(block[:100])
    if block[345] and block[257:263] == USTAR_MAGIC:
        prefix = cut(block[345:476] if block[508:512] == _STAR_TRAILER else block[345:500])
        return prefix + b"/" + name
    return name


def looks_like_tar(head: bytes) -> bool:
    """Say whether a stream that begins so is a tar archive; give it 1,024 bytes where there are as many.

    True for a first header with a valid checksum, and for 1,024 zero bytes: the archive without members.
    """
    if len(head) < BLOCK:
        return False
    block = head[:BLOCK]
    if block == ZEROS:
        return head[BLOCK : 2 * BLOCK] == ZEROS
    return checksum_holds(block)


def normalise(name: bytes) -> bytes:
    """Spell a member's name as a relative path: no `.` components, no empty ones, no slash at either end.

    `..` is kept as it is, for the caller to see. The archive's root (`./`) becomes the empty name.
    """
    if name[:2] == b"./":
        name = name[2:]
    if name[-1:] == b"/":
        name = name[:-1]
    # `find`, because `in` takes twice as long on bytes; this runs once for each member.
    if name.find(b"//") >= 0 or name.find(b"./") >= 0 or name[:1] == b"/" or name[-1:] in (b"", b".", b"/"):
        return b"/".join([part for part in name.split(b"/") if part not in (b"", b".")])
    return name


def normalise_all(names: Sequence[bytes]) -> list[bytes]:
    """Spell several names as `normalise` does; where none needs more than losing a slash, that is seen at one look."""
    bare = [name[:-1] if name[-1:] == b"/" else name for name in names]
    together = b"\0%b\0" % b"\0".join(bare)
    if any(odd in together for odd in _ODD):
        return [normalise(name) for name in names]
    return bare


_ODD = (b"./", b"//", b"\0/", b"/\0", b".\0", b"\0\0")
"""What is in names that are to be spelled otherwise, or beside them where a NUL precedes and follows each."""
