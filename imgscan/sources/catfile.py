"""The objects of a git repository, read in bulk through `git cat-file --batch`.

Format: git-cat-file(1), "Batch output".
"""

from __future__ import annotations

from collections import deque
from typing import IO, TYPE_CHECKING, NamedTuple, Self

from imgscan.sources.gitprocess import Git, GitError, capacity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from imgscan.streams.stop import Stop

_READ = 1 << 20
"""Bytes that are read at once; an object of no more is read as a whole."""

_HEAD_LIMIT = 1 << 20  # bytes of what git says of an object before its content
_MOST_RESTARTS = 64
_ANEW = 2048  # bytes of room for requests, if git still has some, for which it is worth waking it


class Stored(NamedTuple):
    """An object: its id, its kind (`blob`, `commit`, `tag`, `tree`), its size, its bytes in pieces.

    `kind` is None if the object is not here or cannot be read. `whole` has the bytes of an object of up to a mebibyte,
    and is None for a larger one, whose pieces are gone when the next object is asked for.
    """

    id: str
    kind: str | None
    size: int
    data: Iterable[bytes]
    whole: bytes | None = None


class Objects:
    """Reads objects through one `git cat-file --batch`; requests are sent ahead as far as git's pipe takes them.

    With `sizes` only the kinds and sizes are requested, and the data is empty. Once `stop` is set, StreamError ends the
    reading.
    """

    def __init__(self, folder: Path, *, sizes: bool = False, stop: Stop | None = None) -> None:
        self._folder = folder
        self._stop = stop
        self._sizes = sizes
        self._git: Git | None = None
        self._left: deque[str] = deque()
        self._asked: deque[str] = deque()
        self._room = 0  # bytes of requests that the pipe is sure to take

    def each(self, ids: Iterable[str]) -> Iterator[Stored]:
        """Yield objects in the order of their ids, each of which is a full hexadecimal id."""
        wanted = list(ids)
        self.ask(wanted)
        return self.answers(len(wanted))

    def ask(self, ids: Sequence[str]) -> None:
        """Request objects, so that git has them ready when their `answers` are wanted."""
        self._left.extend(ids)
        self._send()

    def answers(self, count: int) -> Iterator[Stored]:
        """Yield the next objects of those that were requested.

        git exits at a damaged object; it is then started again for the rest, some times.
        """
        restarts = 0
        for _ in range(count):
            if restarts > _MOST_RESTARTS:
                yield _lost(self._left.popleft())
                continue
            self._send()
            wanted = self._asked.popleft()
            self._room += len(wanted) + 1
            stored = self._answer(wanted)
            if stored is None:
                restarts += 1
                self._end()
                yield _lost(wanted)
                continue
            yield stored
            if stored.whole is None:
                for _piece in stored.data:  # unread data precedes the next answer
                    pass

    def close(self) -> None:
        """End git."""
        if self._git is not None:
            self._git.stop()
            self._git = None

    def _send(self) -> None:
        """Send as many requests as the pipe takes without git's reading any."""
        left = self._left
        if not left or (self._asked and self._room < _ANEW):
            return
        git = self._running()
        requests = []
        while left and self._room > len(left[0]):
            requests.append(left.popleft())
            self._room -= len(requests[-1]) + 1
        if not requests:
            return
        self._asked.extend(requests)
        try:
            git.request.write("".join(f"{each}\n" for each in requests).encode("ascii"))
            git.request.flush()
        except OSError:  # it has ended, which its answer shows
            return

    def _running(self) -> Git:
        if self._git is None:
            arguments = ["cat-file", "--batch-check" if self._sizes else "--batch"]
            self._git = Git(self._folder, arguments, ask=True, stop=self._stop)
            self._room = capacity(self._git.request)
        return self._git

    def _answer(self, wanted: str) -> Stored | None:
        """Read an answer; None if git ended instead."""
        out = self._running().out
        head = out.readline(_HEAD_LIMIT)
        if not head.endswith(b"\n"):
            return None
        words = head.split()
        if len(words) != 3 or not words[2].isdigit():
            return _lost(wanted)
        size, kind = int(words[2]), words[1].decode("ascii", "replace")
        if self._sizes:
            return Stored(wanted, kind, size, ())
        if size > _READ:
            return Stored(wanted, kind, size, _content(out, size))
        data = out.read(size)
        if len(out.read(1)) + len(data) <= size:  # a newline follows it
            raise GitError("git cat-file ended in the middle of an object")
        return Stored(wanted, kind, size, (data,), data)

    def _end(self) -> None:
        """End a git that has failed; what it was still to answer is requested again."""
        if self._stop is not None:
            self._stop.check()
        self.close()
        self._left.extendleft(reversed(self._asked))
        self._asked.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _lost(wanted: str) -> Stored:
    return Stored(wanted, None, 0, ())


def _content(out: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        data = out.read(min(size, _READ))
        if not data:
            raise GitError("git cat-file ended in the middle of an object")
        size -= len(data)
        yield data
    out.read(1)  # the newline behind it
