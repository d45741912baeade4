"""Holding whole files that have to be read from several places: in memory while it is little, else on disk.

Everything held at one time shares one allowance of memory; what no longer fits goes to a temporary file that has no
name, so that nothing is left behind however the process ends, within a quota.
"""

from __future__ import annotations

import mmap
import tempfile
import threading
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from imgscan.streams.readers import Chunk

IN_MEMORY = 64 << 20
QUOTA = 8 << 30
_RESIDENT = 32 << 20
"""Bytes of a mapped file that are looked at before they are let go of."""
_AROUND = 1 << 16
"""What the system maps where a single byte is looked at."""


class SpoolFullError(Exception):
    """The quota for temporary files is used up."""


class Spool:
    """Hands out `Hold`s; shared by threads. `memory` and `quota` are bytes that all of them may take together."""

    def __init__(self, memory: int = IN_MEMORY, quota: int = QUOTA) -> None:
        self.quota = quota
        self.hungry = threading.Lock()
        """Held while decoders run that ask for much memory: of the files that share the spool, one at a time."""
        self._memory = memory
        self._disk = quota
        self._lock = threading.Lock()

    def memory(self, count: int) -> bool:
        """Take so many bytes of memory (give them back, if negative); False if there are not so many left."""
        with self._lock:
            if count > self._memory:
                return False
            self._memory -= count
            return True

    def disk(self, count: int) -> bool:
        """Take so many bytes of disk, the same way."""
        with self._lock:
            if count > self._disk:
                return False
            self._disk -= count
            return True


class Mapped:
    """A file on disk that is mapped into memory: slices of it are views.

    What was looked at is let go of after some megabytes. It would do no harm, but counts as the process's memory.
    """

    def __init__(self, held: mmap.mmap) -> None:
        self._held = held
        self._view = memoryview(held)
        self._seen = 0

    def __len__(self) -> int:
        return len(self._view)

    def __getitem__(self, key: slice, /) -> memoryview:
        part = self._view[key]
        self._seen += max(len(part), _AROUND)
        if self._seen > _RESIDENT:
            self._seen = 0
            if hasattr(mmap, "MADV_DONTNEED"):
                self._held.madvise(mmap.MADV_DONTNEED)
        return part


class Hold:
    """One file being held: `feed` it, `data` returns it whole, `close` lets go of it."""

    def __init__(self, spool: Spool) -> None:
        self.size = 0
        self._spool = spool
        self._pieces: list[Chunk] = []
        self._file: IO[bytes] | None = None

    def feed(self, chunk: Chunk) -> None:
        """Take the next bytes; SpoolFullError where they fit nowhere."""
        if self._file is None and not self._spool.memory(len(chunk)):
            self._move()
        if self._file is None:
            self._pieces.append(chunk)
        else:
            if not self._spool.disk(len(chunk)):
                raise SpoolFullError
            self._file.write(chunk)
        self.size += len(chunk)

    def _move(self) -> None:
        """Move what is in memory to a file."""
        if not self._spool.disk(self.size):
            raise SpoolFullError
        self._file = tempfile.TemporaryFile(prefix="imgscan-")  # noqa: SIM115 - closed by close()
        for piece in self._pieces:
            self._file.write(piece)
        self._pieces.clear()
        self._spool.memory(-self.size)

    def data(self) -> Chunk | Mapped:
        """Return the whole file; it is mapped into memory where it is on disk."""
        if self._file is not None:
            self._file.flush()
            return Mapped(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ))
        if len(self._pieces) != 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0]

    def whole(self) -> Chunk:
        """Return the whole file in memory, wherever it was."""
        data = self.data()
        return bytes(data[:]) if isinstance(data, Mapped) else data

    def close(self) -> None:
        """Let go of the file; views of it must be gone."""
        if self._file is None:
            self._spool.memory(-self.size)
        else:
            self._spool.disk(-self.size)
            self._file.close()
            self._file = None
        self._pieces.clear()  # a mapping that somebody still looks at lives as long as the look
        self.size = 0
