"""What is kept of the names in a layer: enough to work out what becomes of a file, in few bytes, and no name.

Each member is a 64-bit hash of its name and a kind, nine bytes, so an image of ten million members fits; a hard link
takes twelve more. The hash is the same in every process and nobody can make a second name with a given one, so the
notes can be kept.
"""

from __future__ import annotations

import sys
import threading
from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WHITEOUT = b".wh."
OPAQUE = b".wh..wh..opq"

PLAIN, DIRECTORY, HARD_LINK, HIDING = range(4)
"""Kinds of a recorded member: any non-directory, a directory, a hard link, a whiteout (which is not a file)."""

ROOM: Final = 128 << 20
"""Bytes that the notes on all layers of a source may take together."""

_BYTES: Final = 8
_MEMBER: Final = _BYTES + 1
_LINK: Final = _BYTES + 4
_FOLDER: Final = 200  # the objects that a folder with hard links takes, and for each folder above it:
_ABOVE: Final = 40
_SHARE: Final = 1 << 18

Trail = tuple[int, ...]
"""A name as the notes know it: its hash, then those of the directories above it, nearest first, without the root."""


def hashed(name: bytes) -> int:
    """Return the 64-bit hash of a normalised name (BLAKE2b, RFC 7693, of eight bytes)."""
    return int.from_bytes(blake2b(name, digest_size=_BYTES).digest(), sys.byteorder, signed=True)


def trail(name: bytes) -> Trail:
    """Return a normalised name's trail."""
    found = [hashed(name)]
    while (cut := name.rfind(b"/")) > 0:
        name = name[:cut]
        found.append(hashed(name))
    return tuple(found)


ROOT = hashed(b"")
"""The hash of the root's name."""


class Room:
    """Memory, in bytes, that the notes on several layers share; used by several threads."""

    def __init__(self, size: int = ROOM) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Take some of it for good; False if there is not as much left."""
        with self._lock:
            if self._left < size:
                return False
            self._left -= size
            return True


class LayerNames:
    """The members of one layer, in order. Names are normalised: no leading `./` or `/`, no trailing `/`.

    `whiteouts` are the hashes of the names that are hidden, `opaque` those of directories whose lower content is.
    Of each hard link, in order, `targets` has the hash of what it links to, and `parents` which of the `folders`, given
    by their trails, it is in. `whole` is False if there was no room for all that; then nothing is kept.
    """

    def __init__(self, room: Room | None = None) -> None:
        self.whole = True
        self._room = room or Room()
        self._left = 0
        self._clear()

    def _clear(self) -> None:
        self.hashes = array("q")
        self.kinds = bytearray()
        self.whiteouts = array("q")
        self.opaque = array("q")
        self.targets = array("q")
        self.parents = array("i")
        self.folders: list[Trail] = []
        self._folders: dict[int, int] = {}

    def __eq__(self, other: object) -> bool:
        kept = ("whole", "hashes", "kinds", "whiteouts", "opaque", "targets", "parents", "folders")
        return isinstance(other, LayerNames) and all(getattr(self, name) == getattr(other, name) for name in kept)

    __hash__ = None  # type: ignore[assignment]  # it grows while a layer is read

    def add(self, name: bytes, kind: int) -> None:
        """Note the next member that is not a hard link; whiteouts are recognised by their names."""
        if not self._take(_MEMBER):
            return
        if WHITEOUT in name:
            parent, _, base = name.rpartition(b"/")
            if base == OPAQUE:
                hidden, kind = self._hide(self.opaque, parent), HIDING
            elif base.startswith(WHITEOUT) and not base.startswith(WHITEOUT * 2) and base != WHITEOUT:
                under = base[len(WHITEOUT) :]
                hidden, kind = self._hide(self.whiteouts, parent + b"/" + under if parent else under), HIDING
            else:
                hidden = True
            if not hidden:
                return
        self.hashes.append(hashed(name))
        self.kinds.append(kind)

    def _hide(self, hidden: array[int], name: bytes) -> bool:
        if self._take(_BYTES):
            hidden.append(hashed(name))
        return self.whole

    def add_all(self, names: Sequence[bytes], kinds: Iterable[int]) -> None:
        """Note the next members, none of which is a hard link."""
        if WHITEOUT in b"\0".join(names):
            for name, kind in zip(names, kinds, strict=True):
                self.add(name, kind)
        elif self._take(_MEMBER * len(names)):
            self.hashes.frombytes(b"".join([blake2b(name, digest_size=_BYTES).digest() for name in names]))
            self.kinds.extend(kinds)

    def add_link(self, name: bytes, target: bytes) -> None:
        """Note the next member, a hard link to `target`."""
        if not self._take(_MEMBER + _LINK):
            return
        folder = self._folder(name.rpartition(b"/")[0])
        if folder is None:
            return
        self.parents.append(folder)
        self.targets.append(hashed(target))
        self.hashes.append(hashed(name))
        self.kinds.append(HARD_LINK)

    def _folder(self, name: bytes) -> int | None:
        known = self._folders.get(hashed(name))
        if known is None:
            if not self._take(_FOLDER + _ABOVE * (name.count(b"/") + 1)):
                return None
            known = self._folders[hashed(name)] = len(self.folders)
            self.folders.append(trail(name) if name else ())
        return known

    def _take(self, size: int) -> bool:
        """Take room for some bytes; where there is none left, let go of everything."""
        if not self.whole:
            return False
        if size > self._left:
            share = max(size, _SHARE)
            if not self._room.take(share):
                self.whole = False
                self._clear()
                return False
            self._left += share
        self._left -= size
        return True

    def holds(self, *names: bytes) -> bool:
        """Whether a member has one of the names."""
        return any(hashed(name) in self.hashes for name in names)
