"""Taking in one container while its file goes by: it is held until complete, or read on a separate thread.

The module is long because what hides at the end of a file is taken in the same way.
"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from imgscan.containers.base import HEAD
from imgscan.streams.readers import CHUNK, Peekable
from imgscan.streams.spool import Hold, Spool, SpoolFullError
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.containers.base import Format, Held
    from imgscan.scan.inside.node import Node
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.readers import BytesReader

_THREADED = 4 << 20
"""The size in bytes from which a container that is read in order is read while it arrives."""

_PIECES = 4  # that wait for the thread that reads


def first_bytes(chunks: Iterator[Chunk]) -> Chunk:
    """Take chunks until they are enough to recognise any format by."""
    head: Chunk = next(chunks, b"")
    while 0 < len(head) < HEAD and (more := next(chunks, b"")):
        head = bytes(head) + bytes(more)
    return head


class Counted:
    """A reader that counts what was read, and can look ahead."""

    def __init__(self, raw: BytesReader | Queue) -> None:
        self._raw = Peekable(raw)
        self.count = 0

    def peek(self, count: int) -> bytes:
        """Return the next bytes without reading them, `count` of them unless there are fewer."""
        return self._raw.peek(count)

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes."""
        data = self._raw.read(count)
        self.count += len(data)
        return data


class Queue:
    """The bytes of a container that is still arriving, for the thread that reads it."""

    def __init__(self) -> None:
        self._pieces: queue.Queue[Chunk | None] = queue.Queue(_PIECES)
        self._piece: Chunk = b""
        self._over = False
        self.closed = threading.Event()

    def put(self, piece: Chunk | None) -> None:
        """Hand over a piece, None at the end; waits while the reader has enough."""
        while not self.closed.is_set():
            try:
                self._pieces.put(piece, timeout=0.2)
            except queue.Full:
                continue
            return

    def abandon(self) -> None:
        """Wake the reader; if there is still something to be read, it is awake."""
        self.closed.set()
        with suppress(queue.Full):
            self._pieces.put_nowait(None)

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes."""
        while not self._piece and not self._over:
            piece = self._pieces.get()
            if piece is None:
                self._over = True
            else:
                self._piece = piece
        data = bytes(self._piece[:count])
        self._piece = self._piece[len(data) :]
        return data


class _Worker:
    """A thread that reads a container while it arrives."""

    def __init__(self, read: Callable[[Counted], None]) -> None:
        self._read = read
        self._queue = Queue()
        self._failure: BaseException | None = None
        threading.Thread(target=self._run, name="imgscan-nest", daemon=True).start()

    def _run(self) -> None:
        try:
            self._read(Counted(self._queue))
        except BaseException as error:  # noqa: BLE001 - it is raised again, on the thread that feeds
            self._failure = error
        finally:
            self._queue.closed.set()

    def feed(self, chunk: Chunk) -> None:
        """Hand the next bytes over."""
        self._queue.put(chunk)

    def abandon(self) -> None:
        """Let the thread end: nothing more comes, and nobody waits for it."""
        self._queue.abandon()

    def finish(self) -> None:
        """Signal the end, and wait until everything is read."""
        self._queue.put(None)
        while not self._queue.closed.wait(timeout=0.5):  # in steps, so that Ctrl-C is noticed on every platform
            pass
        if self._failure is not None:
            raise self._failure


class Intake:
    """Takes the bytes of one container, in order: `feed` them, then `finish`.

    `read` is given the whole container, or a reader of it. `note` takes what does not fit into the spool.
    """

    def __init__(
        self,
        found: Format,
        spool: Spool,
        read: Callable[[Held | Counted], None],
        node: Node,
        note: Callable[[Unread], None],
    ) -> None:
        self._read = read
        self._node = node
        self._note = note
        self._spool = spool
        self._streamed = found.streamed
        self._hold: Hold | None = Hold(spool)
        self._worker: _Worker | None = None

    def feed(self, chunk: Chunk) -> None:
        """Take the next bytes."""
        if self._worker is not None:
            self._worker.feed(chunk)
        elif self._hold is not None:
            try:
                self._hold.feed(chunk)
            except SpoolFullError:
                self._hold.close()
                self._hold = None
                text = f"it would need more space in temporary files than --max-spool allows ({self._spool.quota})"
                self._note(Unread("skipped", "spool-limit", text, self._node.name))
                return
            if self._streamed and self._hold.size >= _THREADED:
                self._worker = _Worker(self._read)
                self._worker.feed(self._hold.whole())
                self._hold.close()
                self._hold = None

    def skip(self, count: int) -> None:
        """Take so many zero bytes."""
        for at in range(0, count, CHUNK):
            self.feed(bytes(min(CHUNK, count - at)))

    def abandon(self) -> None:
        """Let go of the container: the scan was stopped."""
        if self._worker is not None:
            self._worker.abandon()
        elif self._hold is not None:
            self._hold.close()
            self._hold = None

    def finish(self) -> None:
        """Read what is left to read; the container is complete."""
        if self._worker is not None:
            self._worker.finish()
        elif self._hold is not None:
            try:
                self._read(self._hold.whole() if self._streamed else self._hold.data())
            finally:
                self._hold.close()
                self._hold = None
