"""The first look at the objects of a history: which of them hold something, whatever their names.

A history is mostly the same files over and over, so each distinct object is searched once, many in one stream. A name
can only raise a match's confidence or speak for another issuer; so a blob without a match under no name has none under
any.

Objects come in batches, in the order of the commits, and each batch goes to one of several lanes: a thread with a git
of its own, that searches while git inflates. What is in a batch does not depend on how many lanes there are, and the
results come in the order of the batches.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import nullcontext
from operator import itemgetter
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple, Self

from imgscan.scan.plaintext import is_text
from imgscan.scan.pour import FilePour, Poured
from imgscan.streams.readers import CHUNK
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgscan.scan.git.batches import Batch
    from imgscan.scan.session import Session
    from imgscan.sources.catfile import Objects, Stored
    from imgscan.sources.gitrepo import Repository

_LANE = 8 << 20
"""Bytes that a lane holds at most: its window, what waits for the next, and a group of objects."""

_TOGETHER = 256
"""Objects that are searched in one call."""

_MOST_LANES = 8


class Screened(NamedTuple):
    """What came of a batch: the objects that `held` something, or would under some name; what was not read.

    `size` bytes were searched in `entries` objects.
    """

    held: frozenset[str]
    unread: Sequence[Unread]
    size: int
    entries: int


def missing(path: bytes) -> Unread:
    """Say that an object is not here, or that git cannot read it."""
    return Unread(
        "error", "object-missing", "an object of the repository is missing or damaged: git fsck says more", path
    )


class _Task:
    """A batch on its way through a lane: its objects by number, and the order of numbers in which they are requested.

    The versions of a file come together, the newest first: they are what git stores as differences from each other,
    and its memory of those does not reach far.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.ids, self.paths = tuple(batch.wanted), tuple(batch.wanted.values())
        self.order = sorted(range(len(self.ids)), key=lambda number: (self.paths[number], -number))
        self.requests = [self.ids[number] for number in self.order]
        self.outcome: SimpleQueue[Screened | BaseException] = SimpleQueue()

    def result(self) -> Screened:
        """Wait for what came of it, or raise that."""
        outcome = self.outcome.get()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


class Lanes:
    """The threads that screen; a context, at whose end they have ended."""

    def __init__(self, session: Session, repository: Repository) -> None:
        self._session = session
        self._repository = repository
        self._most = min(session.jobs, _MOST_LANES)
        self._threads: list[threading.Thread] = []
        self._work: SimpleQueue[_Task | None] = SimpleQueue()
        self._over = False
        self._lazy = True

    def screen(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Screened]]:
        """Yield batches, in their order, with what came of each; raise what ended a lane, or the batches."""
        waiting: deque[_Task] = deque()
        for task in self._begun(map(_Task, batches)):
            self._work.put(task)
            waiting.append(task)
            if len(self._threads) < min(self._most, len(waiting)):
                name = f"imgscan-git_{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._run, name=name, daemon=True))
                self._threads[-1].start()
            if len(waiting) > self._most + 1:
                yield waiting[0].batch, waiting.popleft().result()
        while waiting:
            yield waiting[0].batch, waiting.popleft().result()

    def _begun(self, tasks: Iterator[_Task]) -> Iterator[_Task]:
        """Pass tasks on. Unless the first is the only one, all that threads share is made before there are any."""
        first = next(tasks, None)
        second = next(tasks, None)
        if second is not None:
            self._lazy = False
            _ = self._session.budget, self._session.spool
        yield from (task for task in (first, second) if task is not None)
        yield from tasks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        for _thread in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()

    # one lane

    def _run(self) -> None:
        """Screen batches until there are no more, or one has failed."""
        with self._repository.objects() as objects:
            task, asked = self._work.get(), False
            while task is not None and not self._over:
                following = None
                try:
                    if not asked:
                        objects.ask(task.requests)
                    if self._most == 1 and (following := self._at_hand()) is not None:
                        objects.ask(following.requests)
                    task.outcome.put(self._screen(task, objects))
                except BaseException as error:  # noqa: BLE001 - it is raised again, on the waiting thread
                    task.outcome.put(error)
                    return
                task, asked = following or self._work.get(), following is not None

    def _at_hand(self) -> _Task | None:
        """Take the next batch, if there is one already: git can begin with it before this one is searched."""
        try:
            task = self._work.get_nowait()
        except Empty:
            return None
        if task is None:
            self._work.put(None)
        return task

    def _screen(self, task: _Task, objects: Objects) -> Screened:
        with nullcontext() if self._lazy else self._session.budget.reserve(_LANE):
            pour = FilePour(self._session, self._session.progress.advance, lazy=self._lazy)
            pouring = _Pouring(pour, lazy=self._lazy)
            try:
                for number, stored in zip(task.order, objects.answers(len(task.order)), strict=True):
                    self._session.go_on()
                    if self._over:
                        break
                    pouring.pour(number, stored, task.paths[number])
                return pouring.finish(task.ids)
            finally:
                pour.give_up()


class _Pouring:
    """Pours the objects of a batch, small ones together."""

    def __init__(self, pour: FilePour, *, lazy: bool) -> None:
        self._pour = pour
        self._lazy = lazy
        self._group: list[Poured] = []
        self._held = 0
        self._entries = 0
        self._unread: list[tuple[int, Unread]] = []

    def pour(self, number: int, stored: Stored, path: bytes) -> None:
        """Search an object, and look into it if it is a file."""
        if stored.kind is None:
            self._unread.append((number, missing(path)))
            return
        self._entries += 1
        data, look = stored.whole, stored.kind == "blob"
        if data is None:
            self._pour.file(number, b"", stored.data, size=stored.size, look=look)
            self._note(number, path, self._pour.take_unread())
        elif data:
            if not look or not self._may_be(data):
                self._add(number, data)
            else:
                failed = self._pour.whole([Poured(number, b"", data)])
                self._note(number, path, [*failed, *self._pour.take_unread()])

    def _may_be(self, data: bytes) -> bool:
        """Whether a file may be a container."""
        if self._lazy and is_text(data):
            return False
        from imgscan.containers.formats import may_be  # noqa: PLC0415 - a git hook sees hardly anything but text

        return may_be(data, 0, len(data))

    def _add(self, number: int, data: bytes) -> None:
        self._group.append(Poured(number, b"", data))
        self._held += len(data)
        if self._held >= CHUNK or len(self._group) >= _TOGETHER:
            self._flush()

    def _flush(self) -> None:
        self._pour.plain(self._group)
        self._group, self._held = [], 0

    def _note(self, number: int, path: bytes, unread: Sequence[Unread]) -> None:
        """Record what was not read inside a file: skipped, as what is stored is intact, which git has checked."""
        self._unread += [(number, each._replace(path=path + (each.path or b""))) for each in unread]

    def finish(self, ids: Sequence[str]) -> Screened:
        """Search what is left; put what was not read in the order of the numbers."""
        self._flush()
        held = frozenset(ids[hit.member] for hit in self._pour.finish())
        self._unread += [(len(ids), each) for each in self._pour.take_unread()]
        unread = [each for _, each in sorted(self._unread, key=itemgetter(0))]
        return Screened(held, unread, self._pour.size, self._entries)
