"""ar archives: Debian packages and static libraries, with the long names of GNU and of BSD.

Format: ar(5) of FreeBSD and deb(5); a global header, then members, each a header of 60 bytes in ASCII and its data,
padded to an even offset. System V and GNU keep names of more than 15 bytes in a member `//` and refer to them as
`/OFFSET`; BSD puts them in front of the data and says `#1/LENGTH`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Format, Member
from imgscan.containers.cursor import Cursor
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.streams.readers import Reader

MAGIC: Final = b"!<arch>\n"
_HEADER: Final = 60
_END: Final = b"`\n"
_WHAT: Final = "ar archive"
_TABLES: Final = (b"/", b"//", b"/SYM64/", b"__.SYMDEF", b"__.SYMDEF SORTED", b"__.SYMDEF_64", b"__.SYMDEF_64 SORTED")
"""Tables of symbols and names: no members, and looked into as what they are."""

NAMES_LIMIT: Final = 16 << 20
"""Bytes of a table of long names that are held; the largest libraries need a hundredth of it."""

NAME_LIMIT: Final = 1 << 16
"""Bytes of one name in front of its data; file systems take 4 KiB for a path."""


def recognise(head: bytes) -> bool:
    """Whether a file that begins so is an ar archive: the magic, then nothing or a member's header."""
    header = head[len(MAGIC) : len(MAGIC) + _HEADER]
    return head.startswith(MAGIC) and (not header or header[58:60] == _END[: max(0, len(header) - 58)])


def members(raw: Reader) -> Iterator[Member | Unread]:
    """Yield the members in their order; the data of symbol and name tables are none, nor is what follows the end."""
    cursor = Cursor(raw)
    cursor.skip(len(MAGIC))
    names = _Names(b"")
    while True:
        start = cursor.offset
        header = cursor.peek(_HEADER)
        if not header.strip(b"\0\n"):
            yield from cursor.rest()
            return
        size = _number(header[48:58])
        if len(header) < _HEADER or header[58:60] != _END or size is None:
            yield Unread(
                "error", "damaged-container", "the ar archive is damaged or truncated where a member's header should be"
            )
            yield from cursor.rest()
            return
        cursor.take(_HEADER)
        name = header[:16].rstrip(b" ")
        end = cursor.offset + size
        prefix = _number(name[3:]) if name.startswith(b"#1/") else None
        if name == b"//" and size <= NAMES_LIMIT:
            table = cursor.take(size)
            names = _Names(table)
            yield Member(None, (table,), (end - size, end), verbatim=True)
        elif prefix is not None and prefix <= min(size, NAME_LIMIT):
            name = cursor.take(prefix).rstrip(b"\0")
        elif name not in _TABLES:
            name = names.name(name)
        if name not in _TABLES:
            yield Member(name, cursor.data(end - cursor.offset, _WHAT), (start, end))
        elif cursor.offset < end:
            yield Member(None, cursor.data(end - cursor.offset, _WHAT), (cursor.offset, end), verbatim=True)
        yield from cursor.leave(_WHAT)
        if cursor.ended:
            return
        cursor.skip(end & 1)


class _Names:
    """The table of long names. Each of its bytes is given a few times at most, however many members refer to it."""

    def __init__(self, table: bytes) -> None:
        self._table = table
        self._left = 4 * len(table)

    def name(self, field: bytes) -> bytes:
        """Read a member's name from its field; a long one is in the table, up to a line feed."""
        at = _number(field[1:]) if field.startswith(b"/") else None
        if at is not None and at < len(self._table) and self._left > 0:
            end = self._table.find(b"\n", at, at + NAME_LIMIT)
            field = self._table[at : end if end >= 0 else at + NAME_LIMIT]
            self._left -= len(field)
        return field.removesuffix(b"/") or field


def _number(field: bytes) -> int | None:
    """Read a decimal number that blanks may follow; None if it is not one."""
    digits = field.rstrip(b" ")
    return int(digits) if digits.isdigit() else None


AR: Final = Format(name="ar", begins=(MAGIC,), recognise=recognise, members=members, streamed=True)
