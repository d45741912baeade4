"""Readers: the one shape in which stored bytes reach the rest, and the one way in which they fail.

A reader has `read(count)`, which gives at most `count` bytes and `b""` only at the end. Whoever opens one closes
it. Short reads are allowed anywhere, so nothing downstream may take the size of a read for more than a hint.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol, Self

from imgscan.unread import Unread

if TYPE_CHECKING:
    from types import TracebackType

CHUNK = 1 << 20
"""Bytes that move through the pipeline at a time: large enough that a step costs nothing beside its bytes."""

Chunk = bytes | memoryview
"""A piece of a stream; it never changes after it was given out."""


class Reader(Protocol):
    """A source of bytes that can be read once."""

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes; `b""` only at the end."""


class StreamError(Exception):
    """The bytes cannot be read on; what came before is right.

    `code` is a diagnostic code, `harmless` is true where only bytes behind a complete stream are concerned; `rest` is
    what had been read of those.
    """

    def __init__(self, code: str, message: str, *, harmless: bool = False, rest: bytes = b"") -> None:
        super().__init__(message)
        self.code = code
        self.harmless = harmless
        self.rest = rest

    @property
    def severity(self) -> Literal["error", "skipped"]:
        """What this is to a scan: an error, unless everything that belongs to the stream was read."""
        return "skipped" if self.harmless else "error"

    def unread(self, path: bytes | None = None) -> Unread:
        """Say the same as a value. `path` is the raw name of the file, None for the whole that was being read."""
        return Unread(self.severity, self.code, str(self), path)


def trailing(what: str, rest: bytes) -> StreamError:
    """Make the failure of a stream that `rest` follows, which is something other than `what`."""
    return StreamError("trailing-data", f"bytes that are not {what} follow the {what} data", harmless=True, rest=rest)


class ClosableReader(Reader, Protocol):
    """A reader that owns something that has to be released."""

    def close(self) -> None:
        """Release what was opened."""


class FileSlice:
    """The bytes of a file from `offset` on, `length` of them, through a file handle of its own.

    Each slice opens the file again, so slices of one file may be read by different threads.
    """

    def __init__(self, path: Path | str, offset: int = 0, length: int | None = None) -> None:
        self._file: BinaryIO = Path(path).open("rb", buffering=0)  # noqa: SIM115 - closed by close()
        self._file.seek(offset)
        self._left = length

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes of what is left of the slice."""
        if self._left is not None:
            count = min(count, self._left)
        data = self._file.read(count) if count else b""
        if self._left is not None:
            self._left -= len(data)
        return data

    def close(self) -> None:
        """Close the file handle."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class BytesReader(io.BytesIO):
    """Bytes that are already in memory, as a reader."""


class Peekable:
    """A reader whose first bytes can be looked at before they are read."""

    def __init__(self, raw: Reader) -> None:
        self._raw = raw
        self._held = bytearray()

    def peek(self, count: int) -> bytes:
        """Return the next `count` bytes (fewer only if the stream ends) without taking them."""
        while len(self._held) < count:
            data = self._raw.read(max(count - len(self._held), 1))
            if not data:
                break
            self._held += data
        return bytes(self._held[:count])

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes, those that were looked at first."""
        if not self._held:
            return self._raw.read(count)
        data = bytes(self._held[:count])
        del self._held[:count]
        return data


def read_all(reader: Reader, limit: int) -> bytes:
    """Read to the end, but at most `limit` bytes and one more, which tells that there was more."""
    parts = []
    left = limit + 1
    while left and (data := reader.read(min(left, CHUNK))):
        parts.append(data)
        left -= len(data)
    return b"".join(parts)
