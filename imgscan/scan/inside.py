"""Files of a tree that hold others: recognised by their first bytes, read in a way of their own.

This is the seam between the walk over a tree and whatever knows how to look into a file. `holds_more` is asked of
every file and so must say no in next to no time; `search_inside` reads one of the others from its first byte to its
last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgscan.scan.search import WINDOW, StreamSearch
from imgscan.scan.troubles import Trouble
from imgscan.streams.inflate import MAGIC_LENGTH, StreamError, inflate, sniff
from imgscan.streams.readers import Peekable
from imgscan.streams.tar import HEAD_LENGTH, TarWalker, looks_like_tar

if TYPE_CHECKING:
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.readers import Reader

HEAD = HEAD_LENGTH
"""Bytes from the beginning of a file that `holds_more` has to see; all of a shorter one."""

_COMPRESSED = re.compile(
    rb"\x1f\x8b\x08[\x00-\x1f]|\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18|\xfd7zXZ\x00|BZh[1-9](?:1AY&SY|\x17rE8P\x90)"
)
"""How gzip (no reserved flag), zstd, xz and bzip2 streams begin, told from texts that happen to begin alike."""

_CHECKSUM = re.compile(rb"[\x01-\xff].{147}[ \x000-7]{8}", re.DOTALL)
"""A tar header with a name; the empty archive and disk images, which begin with zeros, are searched as they are."""


def holds_more(head: bytes) -> bool:
    """Whether a file that begins so is to be read by `search_inside` rather than as the bytes it is."""
    return _COMPRESSED.match(head) is not None or holds_members(head)


def holds_members(head: Chunk) -> bool:
    """Whether bytes are the beginning of something that is not only compressed, but has files in it."""
    return _CHECKSUM.match(head) is not None and looks_like_tar(bytes(head[:HEAD]))


@dataclass(slots=True)
class Inside:
    """What was found in such a file. `size` counts plain bytes; `hits` are in the order of its content."""

    hits: list[Hit] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    size: int = 0


def search_inside(raw: Reader, name: bytes, concealer: Concealer, *, window: int = WINDOW) -> Inside:
    """Search what a file holds: members of a tar as `name!/member`, a compressed file under its own name.

    Whatever is wrong with the content is a trouble; only what `raw` raises beside StreamError and OSError comes out.
    """
    inside = Inside()
    held = Peekable(raw)
    chunks = inflate(held, sniff(held.peek(MAGIC_LENGTH)))
    search: StreamSearch | None = None
    walker: TarWalker | None = None
    waiting = b""
    try:
        for chunk in chunks:
            if search is not None:
                search.feed(chunk)
                continue
            waiting += chunk
            if len(waiting) >= HEAD:
                search, walker = _begin(concealer, name, waiting, window)
    except StreamError as error:
        inside.troubles.append(Trouble(error.severity, error.code, str(error), name))
    except OSError as error:
        text = f"the file cannot be read: {error.strerror or error}"
        inside.troubles.append(Trouble("error", "unreadable-file", text, name))
    if search is None:
        search, walker = _begin(concealer, name, waiting, window)
    search.finish()
    inside.hits, inside.size = search.hits, search.size
    if walker is not None and not inside.troubles:
        inside.troubles += [Trouble("error", each.code, each.message, name) for each in walker.problems]
    return inside


def _begin(concealer: Concealer, name: bytes, waiting: bytes, window: int) -> tuple[StreamSearch, TarWalker | None]:
    walker = TarWalker() if holds_members(waiting) else None
    search = StreamSearch(concealer, name=name, walker=walker, inside=name + b"!/", window=window)
    search.feed(waiting)
    return search, walker
