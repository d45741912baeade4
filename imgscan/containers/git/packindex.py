"""Going through a git pack from its first object to its last, and what is recorded of each on the way.

Twenty-two bytes are kept for each object. Honest packs hold a few times more in trees and deltas than they weigh;
a pack that needs much more is stopped by `Limited`.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from contextlib import suppress
from typing import TYPE_CHECKING

from imgscan.containers.git import deltas
from imgscan.containers.git.objects import (
    COMMIT,
    OFFSET_DELTA,
    REFERENCE_DELTA,
    HashName,
    Namer,
    ObjectError,
    PackEntry,
    inflate_whole,
    measure,
    read_entry,
    stream,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Held

OBJECTS = 4_000_000
"""Objects of one pack that are looked at; they cost about 90 MB."""

WHOLE = 8 << 20
"""Bytes of an object up to which it is made in one piece."""

_HEADER = 12
_WORK = 256 << 20
_WORK_RATIO = 64  # bytes that are inflated and not given, to one byte of the pack; honest packs have less than 8
_STEPS = 1 << 22
_STEPS_RATIO = 2  # instructions of deltas to one byte of the pack; an instruction takes about 0.3 microseconds
_TRIAL = 1 << 14  # what it costs at least to look whether an object begins at a place


class Limited(Exception):  # noqa: N818 - not an error of the pack: the reader has had enough
    """The pack asks for more work than its size explains."""


class Index:
    """The objects of the pack that begins at `start` of the file, as far as it has been gone through.

    Whoever goes through it calls `next_entry` and then one of `whole`, `pass_over`, `hash_over` and `later`, until
    `done`. Objects are numbered in the order of the file.
    """

    def __init__(self, held: Held, start: int, *, algorithm: HashName | None = None) -> None:
        self.held = held
        self.count = int.from_bytes(bytes(held[start + 8 : start + _HEADER]), "big")
        self.intact = True
        size = len(held)
        if algorithm is None:
            algorithm, self.intact = _algorithm(held, start)
        self.algorithm = algorithm
        self.namer = Namer(algorithm)
        self.end = max(size - self.namer.width, start + _HEADER)
        self.offsets = array("Q")
        self.kinds = bytearray()  # what is known of the kind: that of the object which a delta makes, 0 unknown
        self.bases = array("i")  # the number of a delta's base; -1 where there is none or it is not known
        self.prefixes = array("Q")  # the beginning of the id, 0 unknown
        self.position = start + _HEADER  # where the next object is expected
        self._drain: PackEntry | None = None
        self._size = size - start
        self.allow()

    def allow(self) -> None:
        """Allow as much work as a pack of this size may ask for."""
        self._work = self._allowed = _WORK + _WORK_RATIO * self._size
        self.steps = self._allowed_steps = _STEPS + _STEPS_RATIO * self._size

    @property
    def done(self) -> bool:
        """Whether there is nothing more to go through."""
        return len(self.offsets) >= self.count

    def next_entry(self) -> tuple[int, PackEntry]:
        """Return the next object a number and read its header. ObjectError where there is none; `resume` may help."""
        if self._drain is not None:
            entry, self._drain = self._drain, None
            self._run_out(entry)
        if len(self.offsets) >= OBJECTS:
            raise Limited(f"a git pack of more than {OBJECTS} objects")
        entry = read_entry(self.held, self.position, self.end, self.namer.width)
        base, kind = -1, entry.kind
        if kind == OFFSET_DELTA:
            base = self._number_at(entry.base)
            kind = self.kinds[base] if base >= 0 else 0
        elif kind == REFERENCE_DELTA:
            kind = 0
        self.offsets.append(entry.offset)
        self.kinds.append(kind)
        self.bases.append(base)
        self.prefixes.append(0)
        return len(self.offsets) - 1, entry

    def whole(self, entry: PackEntry) -> bytes:
        """Inflate the object; it ends where it ends."""
        body, self.position = inflate_whole(self.held, entry, self.end)
        return body

    def pass_over(self, entry: PackEntry) -> None:
        """Find the object's end and nothing else; it counts as work."""
        self.charge(entry.size)
        if entry.size <= WHOLE:
            self.whole(entry)
        else:
            self._run_out(entry, charged=True)

    def hash_over(self, entry: PackEntry) -> bytes:
        """Find the object's end and its id."""
        following = stream(self.held, entry, self.end)

        def pieces() -> Iterator[bytes]:
            self.position = yield from following

        return self.namer.of_pieces(entry.kind, entry.size, pieces())

    def later(self, entry: PackEntry) -> None:
        """Leave the object's end to be found before the next one is requested."""
        self._drain = entry

    def _run_out(self, entry: PackEntry, *, charged: bool = False) -> None:
        following = stream(self.held, entry, self.end)
        while True:
            try:
                size = len(next(following))
            except StopIteration as stop:
                self.position = stop.value
                return
            if not charged:
                self.charge(size)

    def _number_at(self, offset: int | bytes | None) -> int:
        if not isinstance(offset, int) or offset < 0:
            return -1
        number = bisect_left(self.offsets, offset)
        return number if number < len(self.offsets) and self.offsets[number] == offset else -1

    def extent(self, number: int) -> tuple[int, int]:
        """Return which bytes of the file hold an object that was gone past."""
        following = number + 1
        return self.offsets[number], self.offsets[following] if following < len(self.offsets) else self.position

    def resume(self, offset: int) -> bool:
        """Go on at the next place behind `offset` where an object that is whole begins; False if there is none.

        An object is known by a zlib header, compressed bytes that inflate and have the right checksum, and a header
        before them that says their size.
        """
        step = 1 << 16
        for begin in range(offset + 1, self.end, step):
            window = bytes(self.held[begin : min(begin + step + 1, self.end)])
            found = window.find(b"\x78")
            while 0 <= found < min(step, len(window) - 1):
                if (0x7800 | window[found + 1]) % 31 == 0 and not window[found + 1] & 0x20:
                    start = self._object_before(begin + found, offset)
                    if start >= 0:
                        self.position = start
                        return True
                found = window.find(b"\x78", found + 1)
        return False

    def _object_before(self, data: int, after: int) -> int:
        """Return where the object begins whose compressed bytes may begin at `data`; -1 where there is none."""
        sound, size = measure(self.held, data, self.end, WHOLE)
        self.charge(_TRIAL + size)
        for start in range(max(data - 30 - self.namer.width, after + 1), data if sound else 0):
            with suppress(ObjectError):
                entry = read_entry(self.held, start, self.end, self.namer.width)
                if entry.data == data and entry.size == size:
                    return start
        return -1

    def charge(self, size: int) -> None:
        """Count bytes that were inflated or made and are not handed out."""
        self._work -= size
        if self._work < 0:
            raise Limited(
                f"reading the git pack takes more than {self._allowed} bytes of work, which its size does not explain"
            )

    def charge_steps(self, delta: bytes) -> None:
        """Count the instructions of a delta that is about to be followed."""
        self.steps -= deltas.instructions(delta, self.steps)
        if self.steps < 0:
            text = f"the deltas of the git pack have more than {self._allowed_steps} instructions"
            raise Limited(f"{text}, which its size does not explain")


def _algorithm(held: Held, start: int) -> tuple[HashName, bool]:
    """Tell by which hash the objects are named, and whether the pack is as its last bytes, the hash of it, say.

    Of a pack that is damaged or cut, the first object may tell: a commit begins with the id of its tree.
    """
    for name in ("sha1", "sha256"):
        hasher = hashlib.new(name, usedforsecurity=False)
        end = len(held) - hasher.digest_size
        for at in range(start, end, 1 << 20):
            hasher.update(held[at : min(at + (1 << 20), end)])
        if end >= start + _HEADER and hasher.digest() == bytes(held[end : len(held)]):
            return ("sha1" if name == "sha1" else "sha256"), True
    try:
        entry = read_entry(held, start + _HEADER, len(held), 20)
        head = next(stream(held, entry, len(held))) if entry.kind == COMMIT else b""
    except (ObjectError, StopIteration):
        head = b""
    return ("sha256" if head.startswith(b"tree ") and head[69:70] == b"\n" else "sha1"), False
