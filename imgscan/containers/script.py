"""Files with an archive behind them: scripts with a payload, programs of Windows and macOS, pictures.

Installers are scripts with a compressed tar after their last line, a zip may be appended to anything that has an end
of its own. Only the end of such a file shows whether it is a container, so these files are kept until they are
complete. Programs in ELF, which are many and large, have a module of their own (`program`).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from imgscan.containers import ends
from imgscan.containers.base import HEAD, Format, part
from imgscan.containers.zip.container import has_directory
from imgscan.containers.zip.container import members as zip_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.containers.base import Held, Member
    from imgscan.streams.readers import Chunk
    from imgscan.unread import Unread

_SCRIPT: Final = b"#!"
_BEGINS: Final = (_SCRIPT, *(magic for magics, _ in ends.ENDS for magic in magics))
TEXT_PAYLOAD: Final = (
    rb"\x1f\x8b\x08[\0-\x1f]|BZh[1-9](?:1AY&SY|\x17rE8P\x90)|\xfd7zXZ\0|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18"
    rb"|\n(?:\x5d\0\0[\0-\xff]|07070[127]|!<arch>\n|7z\xbc\xaf|Rar!\x1a\x07|LZIP\x01|hsqs|Salted__|\xed\xab\xee\xdb"
    rb"|\x1f\x9d|\x89LZO|MSCF\0|LUKS\xba\xbe|PACK\0\0\0|SQLite format 3\0|age-encryption.org/v1\n)"
)
"""How what follows a script may begin: compressed data anywhere, what is more like text at the start of a line."""

_PAYLOADS: Final = (
    re.compile(TEXT_PAYLOAD),
    re.compile(TEXT_PAYLOAD + rb"|\n(?=[^\n]{1,100}\0[\0-\xff]{156,256}ustar)"),
)
"""The same, and with a tar, which costs a look at each line and needs a NUL."""

_TEXT_MAGICS: Final = (
    *(b"BZh", b'\x04"M\x18', b"\n07070", b"\n!<arch>", b"\nRar!", b"\nLZIP", b"\nhsqs", b"\nSalted__"),
    b"\nage-encryption",
)
"""How a payload begins that may follow a script without making it anything but text: UTF-8 without NULs."""

_LONGEST: Final = 1 << 20
"""Bytes of a script in which it ends, if an archive follows."""


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def prefixed(is_container: Callable[[bytes], bool]) -> Format:
    """Make the format of files with an archive behind them.

    `is_container` is asked of the first `HEAD` bytes of what may be the payload of a script, or of a file whose
    structure does not say where it ends.
    """

    def places(held: Held) -> Iterator[tuple[int, int]]:
        """Yield where the file itself has ended."""
        size = len(held)
        head = bytes(held[:8])
        end = next((find(held) for magics, find in ends.ENDS if head.startswith(magics)), None)
        if end is None:
            head = bytes(held[:_LONGEST])
            if not any(each in head for each in _TEXT_MAGICS) and b"\0" not in head and _is_utf8(head):
                return
            for found in _PAYLOADS[b"\0" in head].finditer(head):
                start = found.start() + head.startswith(b"\n", found.start())
                if is_container(bytes(held[start : start + HEAD])):
                    yield start, size
                    return
            return
        signed = ends.certificates(held) if head.startswith(ends.WINDOWS) else None
        cuts = [end, *(signed if signed is not None and end <= signed[0] <= size else ()), size]
        yield from [pair for number, pair in enumerate(pairwise(cuts)) if number != 1 or len(cuts) == 2]

    def members(held: Held) -> Iterator[Member | Unread]:
        """Yield the members of the zip that the file ends with, or else what is behind its own end."""
        if has_directory(held):
            yield from zip_members(held)
            return
        for start, stop in places(held):
            yield from part(held, start, stop)

    def barren(head: Chunk, size: int) -> bool:
        """Whether all of a file of `size` bytes is there, and nothing behind its own end."""
        return len(head) >= size and not has_directory(head) and not any(start < stop for start, stop in places(head))

    return Format(
        name="prefixed",
        begins=_BEGINS,
        recognise=lambda head: head.startswith(_BEGINS),
        members=members,
        streamed=False,
        possible=True,
        barren=barren,
    )
