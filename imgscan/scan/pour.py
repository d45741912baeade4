"""The one pipeline behind every scan: bytes are poured into a search and, where a file holds others, into the nest.

    bytes ──► search ─────────────────────────► hits in the files' own bytes ──┐
      └─────► nest (files that hold files) ───► hits in what they hold ────────┴──► settle: one list, in order

A `FilePour` takes whole files, one after another: the files of a tree, the blobs of a git history, a blob that is no
tar. `imgscan.scan.layer` has the pour of a tar, whose members are the files. The findings, what was
not read and their order are decided here, for all of them, which is why the module is long.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from imgscan.scan.crowd import Turn
from imgscan.scan.inside.settle import settled
from imgscan.scan.ledger import unread_blob, unread_file
from imgscan.scan.manyhits import MOST, HitLog
from imgscan.scan.plaintext import is_text
from imgscan.scan.regions import JoinedFile
from imgscan.scan.search import JoinedSearch, Search
from imgscan.streams.readers import CHUNK, StreamError
from imgscan.streams.stop import is_interruption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgscan.scan.hits import Hit
    from imgscan.scan.inside.intake import Intake
    from imgscan.scan.inside.nest import Nest
    from imgscan.scan.session import Session
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.readers import Reader
    from imgscan.unread import Unread

Made = TypeVar("Made")


class Poured(NamedTuple):
    """A complete file in memory. `number` orders the files and comes back as `Hit.member`; `name` is raw."""

    number: int
    name: bytes
    data: bytes


class Pour:
    """A search and a nest that belong together; one thread at a time uses them."""

    stream: Search

    def __init__(self, session: Session, *, alone: bool = False, most: int = MOST, many: int = 1) -> None:
        self.left_out = 0
        """Hits that were too many to be kept, of those that `finish` has returned the others of."""
        self._turn = Turn(session)
        self._most = most
        self._many = many
        self._early = HitLog(most, self._turn.counted, in_all=most * many)
        self._found = HitLog(most, self._turn.counted, in_all=most * many)
        self._session = session
        self._alone = alone
        self._nest: Nest | None = None
        self._failed: list[Unread] = []

    @property
    def size(self) -> int:
        """How many bytes of the files themselves were searched."""
        return self.stream.size

    def take_unread(self) -> list[Unread]:
        """Return what was not read inside the files since the last call, in the order of discovery.

        Trees and layers are full of damaged files: only a file that is `alone` must itself be intact.
        """
        failed, self._failed = self._failed, []
        if self._nest is None:
            return failed
        noticed, self._nest.unread[:] = self._nest.unread[:], []
        noticed = [each if self._alone and b"!/" not in (each.path or b"") else each.passed_over() for each in noticed]
        return [*failed, *noticed]

    @property
    def expanded(self) -> int:
        """How many bytes came out of containers."""
        return self._nest.allowance.expanded if self._nest is not None else 0

    @property
    def inner(self) -> int:
        """How many files came out of containers."""
        return self._nest.members if self._nest is not None else 0

    def inside(self) -> Nest:
        """Return the nest; the formats of containers are imported with the first."""
        if self._nest is None:
            from imgscan.scan.inside.nest import Nest  # noqa: PLC0415 - a git hook sees hardly anything but text

            self._nest = Nest(self._session, self._turn, self._most, self._many)
        return self._nest

    def close(self, intake: Intake | None) -> None:
        """End the container that is being taken in: read it, or drop it if the user has stopped the scan."""
        if intake is None:
            return
        if self._session.interrupted:
            intake.abandon()
            return
        try:
            intake.finish()
        except Exception as error:
            if not is_interruption(error):
                raise

    @property
    def held(self) -> int:
        """How many hits wait to be settled."""
        logs = [self._early, self._found, *(self._nest.found if self._nest is not None else ())]
        return sum(map(len, logs))

    def settle(self) -> Sequence[Hit]:
        """End the search and put all hits in order: each file's own bytes, then what it holds; files by number."""
        try:
            nest = self._nest
            for search in (self.stream, *(nest.lanes if nest is not None else ())):
                self._attempt(search.finish)
            outer, inner = (self._early, self._found), nest.found if nest is not None else ()
            squeezed = nest.squeezed if nest is not None else {}
            hits, self.left_out = settled(outer, inner, squeezed, self._most * self._many)
            return hits
        finally:
            self.give_up()

    def give_up(self) -> None:
        """Let other pours hold many hits; this one takes no more."""
        self._turn.give_back()

    def _attempt(self, step: Callable[[], Made]) -> Made | None:
        """Do one of the last steps; one that the stop or an error of the program ends does not take the hits along."""
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - it is reported
            if not is_interruption(error):
                self._failed.append(unread_blob(None, error))
            return None


class FilePour(Pour):
    """Takes files one after another; `finish` returns what was found in all of them.

    `told` is called with the number of stored bytes that were searched, at least a mebibyte at a time. With `lazy`, the
    formats of containers are imported only when the first file may be one. `alone` says that there is one file, which
    was requested by itself; of `many` files together that many times the hits of one are kept.
    """

    def __init__(
        self,
        session: Session,
        told: Callable[[int], None] | None = None,
        *,
        lazy: bool = False,
        alone: bool = False,
        many: int = 1,
    ) -> None:
        super().__init__(session, alone=alone, many=many)
        self.stream = self._search = JoinedSearch(
            session.concealer, window=session.window, go_on=session.finish_up, found=self._found
        )
        self._told_so_far = 0
        self._told = told
        if not lazy:
            self.inside()

    def names(self, names: Sequence[tuple[int, bytes]], field: str) -> None:
        """Search the names of files, by number: all of them at once, then each of them if there is a hit."""
        concealer = self._session.concealer
        together = b"\0".join([name for _, name in names])
        if concealer.engine.find(together, 0, len(together)):
            for number, name in names:
                self._early.extend(concealer.in_text(name, name, field=field, member=number))

    def plain(self, files: Sequence[Poured]) -> None:
        """Search complete files, none of them empty, and not what they hold."""
        self._search.feed_whole([(JoinedFile(name, number), data) for number, name, data in files])
        self._report()

    def whole(self, files: Sequence[Poured]) -> list[Unread]:
        """Search complete files, none of them empty; return those for which that failed.

        Raises the StreamError of an interruption; what came before it has been searched.
        """
        from imgscan.containers.formats import may_be  # noqa: PLC0415 - see `inside`

        self.plain(files)
        nest = self.inside()
        failed = []
        for number, name, data in files:
            if may_be(data, 0, len(data)):
                nest.allowance.spent = 0
                try:
                    nest.whole(data, name, number)
                except (OSError, StreamError) as error:
                    failed.append(unread_file(name, error))
        return failed

    def file(
        self, number: int, name: bytes, pieces: Iterable[Chunk | int], *, size: int | None = None, look: bool = True
    ) -> None:
        """Search a file that comes in pieces and, if `look`, what it holds. A number means that many zeros.

        The first piece must hold what containers are recognised by. `size` is the file's, where it is known. Raises
        what the pieces raise, and the StreamError of an interruption; what came before it has been searched.
        """
        search = self._search
        search.begin(JoinedFile(name, number))
        intake: Intake | None = None
        first = True
        try:
            for piece in pieces:
                self._session.go_on()
                if isinstance(piece, int):
                    first = False  # no container begins with a hole
                    search.skip(piece)
                    if intake is not None:
                        intake.skip(piece)
                    continue
                if first:
                    first = False
                    intake = self._offer(piece, name, number, size) if look and piece else None
                search.feed(piece)
                if intake is not None:
                    intake.feed(piece)
                self._report()
        finally:
            self.close(intake)

    def finish(self) -> Sequence[Hit]:
        """Search what is left; return the hits in the order of the files' numbers."""
        hits = self.settle()
        self._report(last=True)
        return hits

    def _offer(self, head: Chunk, name: bytes, number: int, size: int | None) -> Intake | None:
        if self._nest is None and len(head) == size and is_text(head):
            return None
        nest = self.inside()
        nest.allowance.spent = 0
        return nest.offer(head, name, number, size)

    def _report(self, *, last: bool = False) -> None:
        """Report progress."""
        new = self._search.size - self._told_so_far
        if self._told is not None and new and (last or new >= CHUNK):
            self._told_so_far += new
            self._told(new)


def pieces_of(raw: Reader) -> Iterator[bytes]:
    """Return a reader's bytes in pieces."""
    return iter(partial(raw.read, CHUNK), b"")
