"""Watching for the end of a file that begins like no container: if it ends as a zip archive does, it is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.containers.formats import ends_as_zip, find
from imgscan.containers.zip.directory import TAIL, is_end
from imgscan.scan.inside.intake import Intake
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.containers.base import Format, Held
    from imgscan.scan.inside.node import Node
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.spool import Spool

KEPT = 4 << 20
"""Bytes of a file that begins like no container up to which it is kept until its end has been seen."""


class TailWatch(Intake):
    """Takes a file that begins like no container, and looks at its end: it may be a zip archive with a prefix.

    A file of at most `KEPT` bytes is kept, and read if it is one. Of a larger one only the end is kept: its members
    have gone by, which is recorded.
    """

    def __init__(
        self, spool: Spool, read: Callable[[Format, Held], None], node: Node, note: Callable[[Unread], None]
    ) -> None:
        self._open = read
        self._node = node
        self._note = note
        self._spool = spool
        self._pieces: list[Chunk] = []
        self._size = 0  # of the pieces
        self._whole = True
        self._gone = 0

    def feed(self, chunk: Chunk) -> None:
        """Take the next bytes."""
        if self._whole and not (self._size + len(chunk) <= KEPT and self._spool.memory(len(chunk))):
            self._forget()
        self._pieces.append(chunk if self._whole else bytes(chunk[-TAIL:]))
        self._size += len(chunk)
        while not self._whole and len(self._pieces) > 1 and self._enough(self._pieces[1:]):
            del self._pieces[0]

    def _enough(self, pieces: list[Chunk]) -> bool:
        return sum(map(len, pieces)) >= TAIL

    def _forget(self) -> None:
        """Keep nothing but the end from now on."""
        self._spool.memory(-self._size)
        self._whole = False
        self._pieces = [bytes(each[-TAIL:]) for each in self._pieces[-1:]]

    def skip(self, count: int) -> None:
        """Take so many zero bytes."""
        self.feed(bytes(min(count, TAIL)))
        if count > TAIL and self._whole:
            self._forget()

    def abandon(self) -> None:
        """Let go of the file."""
        if self._whole:
            self._spool.memory(-self._size)
        self._pieces.clear()
        self._size = 0

    def finish(self) -> None:
        """Look at the end, and read what it belongs to."""
        try:
            data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            if not ends_as_zip(data, 0, len(data)):
                return
            if self._whole:
                found = find(data, len(data))
                if found is not None:
                    self._open(found, data)
            elif is_end(bytes(data)):
                text = f"a zip archive of which only the end was kept is in a file of more than {KEPT} bytes"
                self._note(Unread("skipped", "size-limit", text, self._node.name))
        finally:
            self.abandon()
