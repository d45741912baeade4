"""The objects of a git repository, read in bulk through `git cat-file --batch`.

Format: git-cat-file(1), "Batch output".
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, NamedTuple, Self

from imgscan.sources.gitprocess import Git, GitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from imgscan.streams.stop import Stop

_READ = 1 << 20
_HEAD_LIMIT = 1 << 20  # bytes of what git says of an object before its content
_PIPE = 4096
"""Bytes of requests that any pipe takes without anybody reading (PIPE_BUF of POSIX allows less, no system has it)."""
_MOST_RESTARTS = 64


class Stored(NamedTuple):
    """An object: its id, its kind (`blob`, `commit`, `tag`, `tree`), its size, its bytes in pieces.

    `kind` is None if the object is not here or cannot be read. The pieces are gone when the next object is asked
    for.
    """

    id: str
    kind: str | None
    size: int
    data: Iterator[bytes]


class Objects:
    """Reads objects through one `git cat-file --batch`, to which requests are sent ahead as far as its pipe takes them.

    With `sizes` only the kinds and sizes are requested, and the data is empty.
    """

    def __init__(self, folder: Path, *, sizes: bool = False, stop: Stop | None = None) -> None:
        self._folder = folder
        self._stop = stop
        self._sizes = sizes
        self._git: Git | None = None
        self._restarts = 0

    def each(self, ids: Iterable[str]) -> Iterator[Stored]:
        """Yield objects in the order of their ids, each of which is a full hexadecimal id.

        git exits at a damaged object; it is then started again for the rest.
        """
        left = list(ids)[::-1]
        asked: list[str] = []
        waiting = 0
        while left or asked:
            git = self._running()
            width = len(left[-1]) + 1 if left else 0
            requests = []
            while left and waiting + width <= _PIPE:
                requests.append(left.pop())
                waiting += width
            if requests:
                asked[:0] = requests[::-1]
                self._ask(git, requests)
            wanted = asked[-1]
            stored = self._answer(git, wanted)
            if stored is None:
                self._restart()
                left += asked[:-1] if self._restarts <= _MOST_RESTARTS else []
                lost = [wanted] if self._restarts <= _MOST_RESTARTS else [*asked[::-1], *left[::-1]]
                if self._restarts > _MOST_RESTARTS:
                    left = []
                asked, waiting = [], 0
                yield from (Stored(each, None, 0, iter(())) for each in lost)
                continue
            asked.pop()
            waiting -= len(wanted) + 1
            yield stored
            for _ in stored.data:  # unread data precedes the next answer
                pass

    def close(self) -> None:
        """End git."""
        if self._git is not None:
            self._git.stop()
            self._git = None

    def _running(self) -> Git:
        if self._git is None:
            arguments = ["cat-file", "--batch-check" if self._sizes else "--batch"]
            self._git = Git(self._folder, arguments, ask=True, stop=self._stop)
        return self._git

    def _restart(self) -> None:
        self.close()
        self._restarts += 1

    @staticmethod
    def _ask(git: Git, ids: list[str]) -> None:
        try:
            git.request.write("".join(f"{each}\n" for each in ids).encode("ascii"))
            git.request.flush()
        except OSError:  # it has ended, which its answer shows
            return

    def _answer(self, git: Git, wanted: str) -> Stored | None:
        """Read the head of an answer; None if git ended instead."""
        head = git.out.readline(_HEAD_LIMIT)
        if not head.endswith(b"\n"):
            return None
        words = head.split()
        if len(words) != 3 or not words[2].isdigit():
            return Stored(wanted, None, 0, iter(()))
        size = int(words[2])
        data = iter(()) if self._sizes else _content(git.out, size)
        return Stored(wanted, words[1].decode("ascii", "replace"), size, data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _content(out: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        data = out.read(min(size, _READ))
        if not data:
            raise GitError("git cat-file ended in the middle of an object")
        size -= len(data)
        yield data
    out.read(1)  # the newline behind it
