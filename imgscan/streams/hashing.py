"""Digests of a stream, computed beside it.

hashlib lets other threads run while it works, so the hashes of a blob run on a thread of their own and cost the
scan nothing as long as a core is free. Chunks are hashed in the order in which they were given.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

ALGORITHMS = ("sha256", "sha384", "sha512")
"""What imgscan can compute of the digests that the OCI image specification registers."""

_DEPTH = 8
_SMALL = 1 << 16


class Hash(Protocol):
    """The part of a hashlib object that is used here."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take in more bytes."""

    def hexdigest(self) -> str:
        """Return the digest of all bytes so far."""


class Hashing:
    """Feeds hash objects from a worker thread; used as a context manager by one producer at a time.

    Short chunks are gathered before they are handed over. Chunks must not change after `update`.
    """

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[Hash, bytes | memoryview] | None] = queue.Queue(_DEPTH)
        self._thread: threading.Thread | None = None
        self._gathered: dict[int, tuple[Hash, bytearray]] = {}

    @staticmethod
    def new(algorithm: str) -> Hash:
        """Make a hash object for `update`; the algorithm is one of `ALGORITHMS`."""
        return hashlib.new(algorithm, usedforsecurity=False)

    def update(self, target: Hash, data: bytes | memoryview) -> None:
        """Hash `data` into `target`, soon. Blocks while the worker is far behind."""
        held = self._gathered.get(id(target))
        if held is not None or len(data) < _SMALL:
            if held is None:
                held = self._gathered.setdefault(id(target), (target, bytearray()))
            held[1].extend(data)
            if len(held[1]) < _SMALL:
                return
            del self._gathered[id(target)]
            data = bytes(held[1])
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="imgscan-hash", daemon=True)
            self._thread.start()
        self._queue.put((target, data))

    def finish(self) -> None:
        """Wait until all that was given has been hashed; `hexdigest` of the targets is right after this."""
        self._stop()
        for target, data in self._gathered.values():
            target.update(bytes(data))
        self._gathered.clear()

    def _stop(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            item[0].update(item[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
