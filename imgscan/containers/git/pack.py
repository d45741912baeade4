"""Git packs: every object of the file, whole, without its index.

In a pack, a rotated key is stored as "copy the part that both have, then these new letters", so it is whole
in none of its bytes. Every delta is therefore applied. Most objects come in one pass, in the order of the file: git
writes a base before what is based on it, and soon before, so a base is nearly always among those still held. What
is based on a base that was let go, or that is further back, waits until the end and is then made depth first,
each base before everything that is based on it.

Trees are inflated, because nothing else tells where they end, and not given: they hold names, no content.
Source of the format: git's `Documentation/gitformat-pack.txt`.
"""

from __future__ import annotations

from array import array
from functools import partial
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Format, Member, part
from imgscan.containers.git import deltas
from imgscan.containers.git.commits import PackHistory
from imgscan.containers.git.deltas import DeltaError
from imgscan.containers.git.objects import BLOB, PIECE, TREE, WORDS, ObjectError, salvage, stream
from imgscan.containers.git.packindex import WHOLE, Limited
from imgscan.containers.git.store import DELTA, Store
from imgscan.streams.readers import StreamError
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from imgscan.containers.base import Held
    from imgscan.containers.git.objects import PackEntry
    from imgscan.streams.readers import Chunk

_NAMED = 1 << 30
"""Objects of more bytes are named by their place: an id would need them to be read twice."""

_PACKS = (b"PACK\0\0\0\2", b"PACK\0\0\0\3")
_BUNDLES = (b"# v2 git bundle\n", b"# v3 git bundle\n")


def recognise(head: bytes) -> bool:
    """Tell a pack by its signature and its version, 2 or 3, and by having a count."""
    return len(head) >= 12 and head.startswith(_PACKS)


def members(held: Held) -> Iterator[Member | Unread]:
    """Return commits, blobs and tags, named by their ids in hexadecimal; `object-at-N` where the id is not known.

    An object that is based on one that is not there is given as the bytes that it adds. `Member.brought` looks
    into the file again, so it is to be asked while the file is still held.
    """
    return _Reading(held, 0).members()


def recognise_bundle(head: bytes) -> bool:
    """Tell a bundle (`git bundle create`): a pack behind a few lines that list references."""
    return head.startswith(_BUNDLES)


def bundle_members(held: Held) -> Iterator[Member | Unread]:
    """Return the objects of the bundle's pack."""
    for at in range(0, len(held), PIECE):
        found = bytes(held[at : at + PIECE + 5]).find(b"\n\nPACK")
        if found >= 0:
            return _Reading(held, at + found + 2).members()
    return iter([Unread("error", "cut-stream", "the git bundle has no pack")])


PACK: Final = Format(name="git pack", begins=_PACKS, recognise=recognise, members=members, streamed=False)
BUNDLE: Final = Format(
    name="git bundle", begins=_BUNDLES, recognise=recognise_bundle, members=bundle_members, streamed=False
)


class _Reading:
    """One reading of a pack."""

    def __init__(self, held: Held, start: int) -> None:
        self._held = held
        self._store = Store(held, start)
        self._history = PackHistory(held, start, self._store.algorithm)
        self._waiting = array("I")  # deltas whose base is not held when they are met
        self._baseless = 0

    def members(self) -> Iterator[Member | Unread]:
        """Yield everything. Where the work is more than the pack's size explains, stop, and say so."""
        try:
            yield from self._in_order()
            yield from self._late()
            self._history.lend(self._store)
        except Limited as error:
            yield Unread("skipped", "work-limit", str(error))
        if self._baseless:
            text = f"{self._baseless} objects are deltas against objects that are missing or unreadable"
            yield Unread("skipped", "missing-base", text)
        if not self._store.intact:
            yield Unread("error", "digest-mismatch", "the git pack does not match the checksum at its end")
            if self._store.done:
                yield from part(self._held, self._store.position + self._store.namer.width)

    def _in_order(self) -> Iterator[Member | Unread]:
        """Yield what can be given in one pass."""
        store = self._store
        while not store.done:
            entry = None
            at = store.position
            try:
                number, entry = store.next_entry()
                given = self._object(number, entry)
            except DeltaError as error:
                given = Unread("error", "damaged-stream", f"an object of the git pack: {error}", _place(at))
            except ObjectError as error:
                yield self._damaged(entry, error, at)
                if not store.resume(at):
                    break
                continue
            if given is not None:
                yield given
        if not store.done:
            text = f"the git pack has {len(store.offsets)} objects and should have {store.count}"
            yield Unread("error", "cut-stream", text)

    def _damaged(self, entry: PackEntry | None, error: ObjectError, at: int) -> Member | Unread:
        """Return what precedes the damage; the one who reads it meets the error behind it."""
        end = self._store.end
        if entry is None or entry.kind not in WORDS or entry.kind == TREE:
            return Unread("error", error.code, f"an object of the git pack: {error}", _place(at))
        return Member(_place(at), salvage(self._held, entry, end, error), (at, end))

    def _object(self, number: int, entry: PackEntry) -> Member | Unread | None:
        """Return one object if its base is at hand; go past it in any case."""
        store = self._store
        if entry.kind in WORDS:
            if entry.kind == TREE:
                store.pass_over(entry)
                return None
            if entry.size > WHOLE:
                return self._large(number, entry)
            body = store.whole(entry)
            store.keep(number, body)
            return self._member(number, entry.kind, body)
        kind = store.kinds[number]
        if kind == TREE:
            store.pass_over(entry)
            return None
        if entry.size > DELTA:
            store.pass_over(entry)
            return Unread("skipped", "size-limit", f"a git delta of more than {DELTA} bytes", _place(entry.offset))
        base = store.cached(store.bases[number]) if kind else None
        if base is None:
            store.pass_over(entry)
            self._waiting.append(number)
            return None
        store.charge(entry.size)
        return self._told(number, base, store.whole(entry))

    def _told(self, number: int, base: bytes, delta: bytes) -> Member:
        """Return what a delta makes: whole where it is small, else piece by piece, and then it is not kept."""
        store = self._store
        kind = store.kinds[number]
        _, size, _ = deltas.sizes(delta)
        if size <= WHOLE:
            return self._member(number, kind, store.apply(number, base, delta))
        store.charge_steps(delta)
        name = _place(store.offsets[number])
        if size <= _NAMED:
            identity = store.namer.of_pieces(kind, size, deltas.pieces(base, delta))
            name = self._note(number, identity)
        return Member(name, _pieces(deltas.pieces(base, delta)), store.extent(number), self._brought(number, name))

    def _large(self, number: int, entry: PackEntry) -> Member:
        """Return an object that is stored as it is, a piece at a time."""
        store = self._store
        name = _place(entry.offset)
        if entry.size <= _NAMED:
            name = self._note(number, store.hash_over(entry))
            extent = store.extent(number)
        else:
            store.later(entry)
            extent = (entry.offset, store.end)
        return Member(name, _pieces(stream(self._held, entry, store.end)), extent, self._brought(number, name))

    def _member(self, number: int, kind: int, body: bytes) -> Member:
        """Return an object that is in memory."""
        store = self._store
        name = self._note(number, store.namer.of(kind, body))
        chunks: Iterable[Chunk] = (body,)
        if len(body) > PIECE:
            chunks = (body[at : at + PIECE] for at in range(0, len(body), PIECE))
        return Member(name, chunks, store.extent(number), self._brought(number, name))

    def _note(self, number: int, identity: bytes) -> bytes:
        """Remember an object's id, as far as a reference needs it, and return the name that it makes."""
        self._store.prefixes[number] = int.from_bytes(identity[:8], "big") or 1
        return identity.hex().encode()

    def _brought(self, number: int, name: bytes) -> Callable[[], tuple[str, bytes] | None] | None:
        return partial(self._history.first, name) if self._store.kinds[number] == BLOB else None

    def _late(self) -> Iterator[Member | Unread]:
        """Yield what had to wait for its base."""
        if not self._waiting:
            return
        store = self._store
        waiting = bytearray(len(store.kinds))
        for number in self._waiting:
            waiting[number] = 1
        wanted = bytearray(waiting)
        if any(store.bases[number] < 0 for number in self._waiting):  # it may be based on a tree, whose id tells
            wanted = bytearray(each or kind == TREE for each, kind in zip(waiting, store.kinds, strict=True))
        for number in store.depth_first(wanted):
            given: Member | Unread | None
            try:
                given = self._late_one(number)
            except DeltaError as error:
                given = Unread("error", "damaged-stream", f"an object of the git pack: {error}", self._at(number))
            except ObjectError:
                continue  # its base cannot be made
            waiting[number] = 0
            if given is not None:
                yield given
        for number in self._waiting:
            if not waiting[number]:
                continue
            self._baseless += 1
            added = deltas.literals(store.delta(number))
            if added:
                yield Member(self._at(number), _pieces(iter([added])), store.extent(number))

    def _late_one(self, number: int) -> Member | None:
        store = self._store
        if store.kinds[number] == TREE:
            self._note(number, store.namer.of(TREE, store.body(number)))
            return None
        return self._told(number, store.body(store.bases[number]), store.delta(number))

    def _at(self, number: int) -> bytes:
        return _place(self._store.offsets[number])


def _place(offset: int) -> bytes:
    """Name an object whose id is not known."""
    return b"object-at-%d" % offset


def _pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces with the error that a reader of members expects."""
    try:
        for piece in pieces:
            for at in range(0, len(piece), PIECE):
                yield piece[at : at + PIECE]
    except (ObjectError, DeltaError) as error:
        raise StreamError("damaged-stream", f"an object of the git pack: {error}") from error
