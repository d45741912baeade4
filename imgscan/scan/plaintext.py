"""Whether a file is text from end to end, told without the formats of containers, which take time to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgscan.streams.inflate import Chunk

_TEXT = bytes((*b"\t\n\f\r\x1b", *range(0x20, 0x7F)))
_TEXT_CONTAINERS = (b"!<", b"age-", b"-----BEGIN ", b"U2FsdGVkX1", b"$ANSIBLE_VAULT;")
"""How containers begin that may be text from end to end."""


def is_text(piece: Chunk) -> bool:
    """Whether a whole file is text that no container can be."""
    data = bytes(piece)
    return not data.startswith(_TEXT_CONTAINERS) and not data.translate(None, _TEXT)
