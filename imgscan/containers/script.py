"""Archives with a program in front: a zip behind a script or a Windows program, and a script's compressed payload.

Installers are scripts with a compressed tar behind their last line. Whether a script or program is a container, only
its end tells, so these files are kept until it is there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Format, Member
from imgscan.containers.cursor import TO_THE_END
from imgscan.containers.zip.container import has_directory
from imgscan.containers.zip.container import members as zip_members
from imgscan.containers.zip.directory import END_MAGIC
from imgscan.streams.readers import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held
    from imgscan.streams.readers import Chunk
    from imgscan.unread import Unread

_SCRIPT: Final = b"#!"
_WINDOWS: Final = b"MZ"
_PAYLOAD: Final = re.compile(rb"\n(?=\x1f\x8b\x08[\0-\x1f]|BZh[1-9]1AY&SY|\xfd7zXZ\0|\x28\xb5\x2f\xfd)")
_LONGEST: Final = 1 << 20
"""Bytes of a script in which it ends, if an archive follows."""


def members(held: Held) -> Iterator[Member | Unread]:
    """Yield the members of the zip that the file ends with, or what a script has behind its last line."""
    if has_directory(held):
        yield from zip_members(held)
    elif held[:2] == _SCRIPT and (found := _PAYLOAD.search(bytes(held[:_LONGEST]))):
        pieces = (held[at : at + CHUNK] for at in range(found.end(), len(held), CHUNK))
        yield Member(None, pieces, (found.end(), TO_THE_END))


def barren(head: Chunk, size: int) -> bool:
    """Whether all of a file of `size` bytes is there, and neither a zip nor a payload in it."""
    return len(head) >= size and END_MAGIC not in bytes(head) and not _PAYLOAD.search(head)


PREFIXED: Final = Format(
    name="prefixed",
    begins=(_SCRIPT, _WINDOWS),
    recognise=lambda head: head.startswith((_SCRIPT, _WINDOWS)),
    members=members,
    streamed=False,
    possible=True,
    barren=barren,
)
