"""The first sieve: all literals at once at gigabytes per second, and the only user of Hyperscan.

It may err in one direction only: a place that it does not report holds no literal.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

DENSE = 4096
"""Hits in one scan from which on each one's call into Python costs more than the automaton over the whole."""

_LITTLE = 1 << 19
"""Bytes that the automaton alone has searched before the screen would be compiled."""

_EXPRESSION = {byte: f"\\x{byte:02x}" for byte in range(256) if not chr(byte).isalnum() or byte > 0x7F}


class Screen:
    """A compiled literal search; immutable, shared by threads, each of which gets its own scratch space."""

    def __init__(self, literals: Sequence[bytes]) -> None:
        """Take the literals; ImportError where Hyperscan is not to be had."""
        import hyperscan  # noqa: PLC0415 - costs 40 ms, and not every command detects

        self._terminated: type[Exception] = hyperscan.ScanTerminated
        self._hyperscan: Any = hyperscan
        self._literals = literals
        self._lengths = [len(literal) for literal in literals]
        self._cloning = threading.Lock()
        self._local = threading.local()
        self._database: Any = None
        self._scratch: Any = None
        self._failure: Exception | None = None
        self._begun = False
        self._left = _LITTLE
        self._done = threading.Event()  # not the thread's end: a join that Ctrl-C interrupts takes it for over

    def begin(self) -> None:
        """Begin to compile: that takes a tenth of a second and lets other threads run. `regions` waits for the rest."""
        with self._cloning:
            if self._begun:
                return
            self._begun = True
        threading.Thread(target=self._compile, name="imgscan-screen", daemon=True).start()

    def worth(self, count: int) -> bool:
        """Whether to screen the next `count` bytes: a little is searched before the screen is compiled."""
        if self._done.is_set():
            return True
        self._left -= count
        if self._left >= 0:
            return False
        self.begin()
        return True

    def busy(self, count: int) -> bool:
        """Whether a search of `count` bytes would wait until it is compiled; that is begun where it was not."""
        if self._done.is_set() or count <= self._left:
            return False
        self.begin()
        return True

    def _compile(self) -> None:
        hyperscan = self._hyperscan
        literals = self._literals
        try:
            database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
            # As regular expressions: the literal compiler cuts a pattern at its first NUL.
            database.compile(
                expressions=[literal.decode("latin-1").translate(_EXPRESSION).encode("ascii") for literal in literals],
                ids=list(range(len(literals))),
                elements=len(literals),
                flags=[hyperscan.HS_FLAG_DOTALL] * len(literals),
            )
            self._scratch = hyperscan.Scratch(database)
            self._database = database
        except Exception as error:  # noqa: BLE001 - it is raised again, on the thread that searches
            self._failure = error
        finally:
            self._done.set()

    def _ready(self) -> Any:
        """Return this thread's scratch space, once the database is there."""
        self.begin()
        self._done.wait()
        if self._failure is not None:
            raise self._failure
        with self._cloning:
            self._local.scratch = self._scratch.clone()
        return self._local.scratch

    def regions(self, data: bytes, low: int, high: int) -> list[tuple[int, int]]:
        """List disjoint spans of `data[low:high]`, ascending, in whose union every literal is wholly."""
        scratch = getattr(self._local, "scratch", None) or self._ready()
        hits: list[tuple[int, int]] = []
        lengths = self._lengths

        def hit(number: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            hits.append((end - lengths[number], end))
            return len(hits) >= DENSE

        try:
            self._database.scan(memoryview(data)[low:high], hit, scratch=scratch)
        except self._terminated:
            return [(low, high)]
        return _merge(hits, low)


def _merge(hits: list[tuple[int, int]], offset: int) -> list[tuple[int, int]]:
    """Join the spans that touch, moved by `offset`."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(hits):
        if merged and start + offset <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end + offset)
        else:
            merged.append((start + offset, end + offset))
    return merged
