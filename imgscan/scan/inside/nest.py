"""Containers inside containers: the one place that knows of depth, limits, paths and the order of findings.

A file is offered by its first bytes; where a format takes it, its bytes go to an `Intake` beside the search of the
file itself, which continues in any case. The members come out of the format one after another and are put into the
joined stream of their depth, so that a thousand of them cost one window; each is offered in turn.

    file ──► search of the file's own bytes
      └────► Intake ──► format ──► members ──► joined search of depth 1
                                      └──────► Intake ──► format ──► members ──► joined search of depth 2 …

What is found both in a container's bytes and in the member that they hold is one finding, the member's. The module is
long because its steps call each other at every depth.
"""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from imgscan.containers.base import HeaderBatch, Member
from imgscan.containers.cursor import TO_THE_END
from imgscan.containers.formats import begins, find, may_be
from imgscan.scan.crowd import Turn
from imgscan.scan.headers import HeaderSearch, stored_bytes
from imgscan.scan.inside.allowance import Allowance, LimitReachedError, RatioError, StoredBytes, appetite
from imgscan.scan.inside.intake import Counted, Intake, first_bytes
from imgscan.scan.inside.node import Node, Top
from imgscan.scan.inside.tailwatch import TailWatch
from imgscan.scan.manyhits import MOST, HitLog
from imgscan.scan.regions import JoinedFile
from imgscan.scan.search import JoinedSearch
from imgscan.streams.budget import MEMORY_LIMIT
from imgscan.streams.readers import BytesReader, StreamError
from imgscan.streams.stop import is_interruption
from imgscan.streams.tar import normalise
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.containers.base import Format, Held, Part
    from imgscan.scan.session import Session
    from imgscan.streams.inflate import Chunk

_ZEROS = bytes(1 << 20)
_SHARP = 1 << 16
"""Zeros in a row from which on they are skipped."""

_SMALL = 1 << 18
"""Bytes of a compressed file that is read in one step."""


class Nest:
    """Looks into the containers of one blob or batch of files; used by one thread at a time.

    `offer` each file, finish the `lanes` and take what is `found`. `allowance` counts the bytes that come out of
    containers, `members` the files. `unread` is what was not read, an error where a container is damaged. `squeezed`
    are the numbers of files that are compressed, and what is verbatim in them. Once the user has stopped the scan,
    StreamError ends whatever is being read. `most` is how many hits a file may have at the first depth, half as many at
    each further one; all files together may have `many` times that.
    """

    def __init__(self, session: Session, turn: Turn | None = None, most: int = MOST, many: int = 1) -> None:
        self._turn = turn or Turn(session)
        self._most = most
        self._many = many
        self.allowance = Allowance(session.limits)
        self.members = 0
        self.unread: list[Unread] = []
        self._session = session
        self._limits = session.limits
        self._spool = session.spool
        self._lanes: list[JoinedSearch] = []
        self._asides: list[JoinedSearch] = []  # by depth too: each is used by one thread at a time
        self.squeezed: dict[int, Sequence[tuple[int, int]]] = {}
        self._apart = self._log(1)  # hits in what containers store beside their members
        self._hungry = 0

    def offer(self, head: Chunk, name: bytes, number: int, size: int | None = None) -> Intake | None:
        """Take a file in if its first `HEAD` bytes (all of a shorter one) say that it is a container.

        `name` is raw; `number` comes back as `Hit.member`. `size` is that of the file, where it is known.
        """
        return self._offer(head, Node(Top(name, number), name), size)

    def whole(self, data: Chunk, name: bytes, number: int) -> None:
        """Look at once into a file that is there as a whole and that `may_be` a container, if it is one."""
        found = find(data, len(data))
        if found is not None:
            self._take_whole(found, data, Node(Top(name, number), name))

    def take(self, found: Format, name: bytes) -> Intake:
        """Take in what is known to be in a format, and belongs to no file."""
        return self._intake(found, Node(Top(name, -1), name))

    def _intake(self, found: Format, node: Node) -> Intake:
        return Intake(found, self._spool, partial(self._open, node, found), node, self.unread.append)

    def _whole(self, data: Chunk, node: Node) -> None:
        found = find(data, len(data)) if may_be(data, 0, len(data)) else None
        if found is not None:
            self._take_whole(found, data, node)

    def _take_whole(self, found: Format, data: Chunk, node: Node) -> None:
        if self._may_open(found, node):
            self._open(node, found, data)

    def _offer(self, head: Chunk, node: Node, size: int | None = None) -> Intake | None:
        look = may_be if len(head) == size else begins
        found = find(head, size) if look(head, 0, len(head)) else None
        if found is not None:
            if not self._may_open(found, node):
                return None
            return self._intake(found, node)
        if len(head) == size:
            return None
        return TailWatch(self._spool, lambda found, data: self._open(node, found, data), node, self.unread.append)

    def _may_open(self, found: Format, node: Node) -> bool:
        """Whether a container is not too deep, as far as that can be known before it was read."""
        return found.possible or not self._too_deep(node)

    def _too_deep(self, node: Node) -> bool:
        """Whether a container is deeper than the limit, which is then recorded."""
        if node.depth < self._limits.depth:
            return False
        self._skip(
            "depth-limit",
            f"it is a container at depth {node.depth + 1}, and --max-depth is {self._limits.depth}",
            node,
        )
        return True

    def _skip(self, code: str, message: str, node: Node) -> None:
        self.unread.append(Unread("skipped", code, message, node.name))

    def _fail(self, error: StreamError, node: Node) -> None:
        """Note that a container ends or is damaged; what the user does propagates as an exception."""
        if is_interruption(error):
            raise error
        self.unread.append(error.unread(node.name))

    def _lane(self, depth: int) -> JoinedSearch:
        while len(self._lanes) <= depth:
            self._lanes.append(self._search(len(self._lanes)))
        return self._lanes[depth]

    def _search(self, depth: int) -> JoinedSearch:
        session = self._session
        return JoinedSearch(session.concealer, window=session.window, go_on=session.finish_up, found=self._log(depth))

    def _log(self, depth: int) -> HitLog:
        most = self._most >> depth
        return HitLog(most, self._turn.counted, in_all=most * self._many)

    def _open(self, node: Node, found: Format, source: Held | Counted) -> None:
        """Read a container; whatever is wrong with it is recorded."""
        need = appetite(found, source)
        if self._hungry + need > MEMORY_LIMIT:
            self._skip("memory-limit", "its decoder needs more memory than the containers around it leave", node)
            return
        if need and not self._hungry:
            self._turn.ask()
            self._spool.hungry.acquire()
        self._hungry += need
        try:
            self._read(node, found, source)
        finally:
            self._hungry -= need
            if need and not self._hungry:
                self._spool.hungry.release()
                self._turn.give_back(unless_many=True)

    def _read(self, node: Node, found: Format, source: Held | Counted) -> None:
        node.format = found
        try:
            if isinstance(source, bytes | memoryview) and (content := self._content(found, source)) is not None:
                self._at_once(node, content, len(source))
                whole = True
            else:
                whole = self._one_by_one(node, found, source)
        except StreamError as error:
            self._fail(error, node)
            whole = False
        except LimitReachedError as limit:
            whole = False
            self.unread.append(limit.unread)
        node.squeezed = whole and found.squeezed
        if node.squeezed and node.container is None:
            self.squeezed[node.top.number] = node.parts

    def _content(self, found: Format, source: Chunk) -> bytes | None:
        """Return what a small file holds that is nothing but one compressed content."""
        if found.only is None or len(source) > _SMALL:
            return None
        content = found.only(source)
        return content if content and len(content) <= self._limits.ratio_from else None

    def _at_once(self, container: Node, content: bytes, stored: int) -> None:
        """Search the only member of a container, which is there as a whole, and look into it."""
        node = Node(container.top, container.name, container, 0, (0, stored))
        lane = self._lane(container.depth)
        lane.begin(JoinedFile(node.name, node.top.number, node))
        self.members += 1
        self._session.go_on()
        self.allowance.expand(node.top, len(content))
        lane.feed(content)
        self._whole(content, node)

    def _one_by_one(self, node: Node, found: Format, source: Held | Counted) -> bool:
        """Go through the members of a container; False if it was not read to its end."""
        whole = True
        items: Iterator[Part]
        counted: Counted | None = None
        if isinstance(source, Counted):
            counted = source
            items = found.members(source)
        elif found.streamed:
            counted = Counted(BytesReader(bytes(source[:])))
            items = found.members(counted)
        else:
            items = found.members(memoryview(source) if isinstance(source, bytes) else source)
        number = -1
        for item in items:
            apart = isinstance(item, Member) and item.verbatim
            if number < 0 and not apart and self._too_deep(node):
                return False
            if isinstance(item, HeaderBatch):
                self._headers(node, max(0, number), item)
                continue
            number += 1
            if isinstance(item, Unread):
                self._note(node, item)
                whole = False
                continue
            if number >= self._limits.members:
                text = f"it has more members than --max-members allows ({self._limits.members})"
                self._skip("members-limit", text, node)
                return False
            look = self._part if item.verbatim else self._member
            whole = look(node, number, item, counted) and whole
        return whole

    def _headers(self, container: Node, number: int, batch: HeaderBatch) -> None:
        """Search what a tar stores beside its members' data: all at once, and one by one where there is something."""
        concealer = self._session.concealer
        joined = b"".join([each.data for each in batch.headers])
        if not concealer.engine.find(joined, 0, len(joined)):
            return
        for each in batch.headers:
            if not concealer.engine.find(each.data, 0, len(each.data)):
                continue
            place = (each.start, each.start + len(each.data))
            search = HeaderSearch(concealer)
            padding, *stored = stored_bytes(each.data, each.start, each.payloads)
            for named, member, parts in ((each.before, None, [padding]), (each.member, each.member, stored)):
                path = _inside(container.name, batch.named(named.name)) if named is not None else container.name
                node = Node(container.top, path, container, number, place, stored=True)
                for hit in search.tell(member, parts, path, node.top.number):
                    self._apart.add(hit, node)

    def _note(self, node: Node, item: Unread) -> None:
        name = node.name if item.path is None else _inside(node.name, item.path)
        self.unread.append(item._replace(path=name))

    def _member(self, container: Node, number: int, member: Member, counted: Counted | None) -> bool:
        """Search one member and look into it; False if it was not read to its end."""
        name = container.name if member.name is None else _inside(container.name, member.name)
        node = Node(container.top, name, container, number, member.extent, member.brought)
        if member.aside is not None:
            member.aside.take = partial(self._aside, node)
        lane = self._lane(container.depth)
        lane.begin(JoinedFile(name, node.top.number, node, member.field))
        self.members += 1
        intake: Intake | None = None
        only: Chunk | None = None  # all that has come, while that is one piece
        size = 0
        stored = StoredBytes(member.extent, counted)
        go_on, expand = self._session.go_on, self.allowance.expand
        try:
            chunks = iter(member.chunks)
            head = first_bytes(chunks)
            for chunk in chain((head,), chunks) if head else ():
                count = len(chunk)
                if only is not None:
                    intake = self._offer(only, node)
                    if intake is not None:
                        intake.feed(only)
                    only = None
                elif not size:
                    only = chunk
                size += count
                go_on()
                expand(node.top, count)
                self.allowance.hold_to_ratio(node, size, stored)
                if count >= _SHARP and chunk == _ZEROS[:count]:
                    lane.skip(count)
                else:
                    lane.feed(chunk)
                if intake is not None:
                    intake.feed(chunk)
        except StreamError as error:
            self._fail(error, node)
            return False
        except RatioError as limit:
            self.unread.append(limit.unread)
            return False
        finally:
            if not self._session.interrupted:
                if only is not None:
                    self._whole(only, node)
                elif intake is not None:
                    intake.finish()
        return True

    def _part(self, container: Node, number: int, member: Member, _counted: Counted | None) -> bool:
        """Look into bytes that are in a container as they are, which have been searched; False if that failed."""
        node = Node(container.top, container.name, container, number, member.extent, verbatim=True)
        chunks = iter(member.chunks)
        intake: Intake | None = None
        start, end = member.extent or (0, TO_THE_END)
        container.add_part(start, end)
        size = end - start if end != TO_THE_END else None
        try:
            head = first_bytes(chunks)
            if not head or len(head) == size:
                if head:
                    self._whole(head, node)
                return True
            intake = self._offer(head, node, size)
            if intake is not None:
                for chunk in chain((head,), chunks):
                    self._session.go_on()
                    intake.feed(chunk)
        except StreamError as error:
            self._fail(error, node)
            return False
        finally:
            if intake is not None and not self._session.interrupted:
                intake.finish()
        return True

    def _aside(self, node: Node, field: str, piece: Chunk, *, fresh: bool) -> None:
        """Search bytes that a compressed file stores beside its content, which is `node`."""
        depth = node.depth
        while len(self._asides) < depth:
            self._asides.append(self._search(1 + len(self._asides)))
        search = self._asides[depth - 1]
        if fresh:
            search.begin(JoinedFile(node.name, node.top.number, node, field))
        self._session.go_on()
        search.feed(piece)

    @property
    def lanes(self) -> Sequence[JoinedSearch]:
        """The searches of all depths, to be finished."""
        return (*self._lanes, *self._asides)

    @property
    def found(self) -> list[HitLog]:
        """The hits; their tokens are nodes."""
        return [self._apart, *(lane.found for lane in self.lanes)]


def _inside(container: bytes, name: bytes) -> bytes:
    return container + b"!/" + (normalise(name) or b"-")
