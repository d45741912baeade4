"""Scanning files that are no image: one file, every file below a folder, or standard input.

    Walk (paths in order) -> Gatherer (groups of files) -> Lane (on threads, many files in one stream) -> TargetReport

Several threads read, and what they find is put together in the order of the walk, so that the report is the same for
any number of them.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from imgscan.errors import TargetError, UsageError
from imgscan.model import Diagnostic, Stats
from imgscan.scan.crew import Crew, Task
from imgscan.scan.image.assemble import Assembly, Placed
from imgscan.scan.inside.limits import Limits
from imgscan.scan.layer import INTERRUPTED
from imgscan.scan.search import WINDOW
from imgscan.scan.tree.exclude import Sieve
from imgscan.scan.tree.gather import FLAGS, Gatherer
from imgscan.scan.tree.lanes import Lane, Outcome
from imgscan.scan.tree.walk import Walk, special
from imgscan.scan.troubles import Trouble, Troubles
from imgscan.streams.budget import Budget
from imgscan.streams.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from imgscan.model import TargetReport
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.scan.image.assemble import Policy
    from imgscan.scan.progress import Progress

STANDARD_INPUT = "-"


@dataclass(slots=True)
class FileScanner:
    """Scans files with one set of options.

    `exclude` are globs and `gitignore` whether `.gitignore` files are obeyed, both for what stands below a folder.
    `jobs` is how many files are read at a time.
    """

    concealer: Concealer
    policy: Policy
    progress: Progress
    jobs: int = 1
    exclude: Sequence[str] = ()
    gitignore: bool = False
    window: int = WINDOW
    limits: Limits = field(default_factory=Limits)
    _stop: threading.Event = field(default_factory=threading.Event)
    _budget: Budget = field(default_factory=Budget)
    _spool: Spool = field(init=False)

    def __post_init__(self) -> None:
        self._spool = Spool(quota=self.limits.spool)

    def scan(self, target: str, *, stdin: BinaryIO | None = None) -> TargetReport:
        """Scan a folder, a file, or what comes on standard input (`-`).

        Paths in the report are relative to a folder; a file is its own name. A target that is a link is followed.
        TargetError if there is nothing of that name, UsageError if it cannot be scanned.
        """
        assembly = Assembly(self.concealer.text(target), self.concealer, self.policy)
        troubles = Troubles()
        self.progress.begin(assembly.target, None, None)
        stats = Stats()
        found: list[tuple[int, Hit]] = []
        try:
            for outcome in self._outcomes(target, troubles, stdin):
                found += outcome.found
                troubles.extend(outcome.troubles)
                stats = Stats(
                    stats.bytes + outcome.size,
                    stats.entries + outcome.files,
                    0,
                    stats.expanded + outcome.expanded,
                    stats.members + outcome.inner,
                )
        except KeyboardInterrupt:
            self._stop.set()
        found.sort(key=_number)
        assembly.placed += [Placed(hit, None) for _, hit in found]
        assembly.diagnostics += troubles.diagnostics(self.concealer)
        if self.interrupted:
            text = "the scan was interrupted: what follows is what was found until then"
            assembly.diagnostics.insert(0, Diagnostic("error", INTERRUPTED, text))
        return assembly.files(stats)

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped the scan."""
        return self._stop.is_set()

    def _outcomes(self, target: str, troubles: Troubles, stdin: BinaryIO | None) -> Iterable[Outcome]:
        if target == STANDARD_INPUT:
            return self._stream(stdin or _standard_input(), b"-")
        try:
            mode = os.stat(target).st_mode  # noqa: PTH116 - a Path forgets that a file's name must not end in a slash
            if stat.S_ISDIR(mode):
                return self._tree(os.fsencode(target), troubles)
            if stat.S_ISFIFO(mode):
                return self._stream(Path(target).open("rb", buffering=0), os.fsencode(Path(target).name))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no file has such a name"
            raise TargetError(f"cannot read {target}: {reason or error}") from error
        if not stat.S_ISREG(mode):
            raise TargetError(f"cannot read {target}: it is {special(mode)}")
        folder, name = os.path.split(os.fsencode(target))
        root = os.path.join(folder, b"")  # noqa: PTH118 - Path knows no bytes
        gatherer = Gatherer([(name, -1)], root, flags=FLAGS & ~getattr(os, "O_NOFOLLOW", 0))
        return self._read(self._lane(alone=True), gatherer)

    def _lane(self, *, alone: bool = False) -> Lane:
        return Lane(
            self.concealer,
            self._budget,
            self._stop,
            self.progress.advance,
            self._spool,
            self.limits,
            alone=alone,
            window=self.window,
        )

    def _stream(self, file: BinaryIO, name: bytes) -> Iterator[Outcome]:
        """Search what passes once; hits are kept where the user stops it."""
        outcome = Outcome()
        try:
            self._lane(alone=True).stream(lambda count: file.read(count) or b"", name, outcome)
        except KeyboardInterrupt:
            self._stop.set()
        else:
            file.close()
        yield outcome

    def _tree(self, root: bytes, troubles: Troubles) -> list[Outcome]:
        sieve = Sieve(root, self.exclude, gitignore=self.gitignore) if self.exclude or self.gitignore else None
        walked = Troubles()  # of its own: the lanes' threads walk
        walk = Walk(root, walked, sieve)
        try:
            outcomes = self._read(self._lane(), Gatherer(walk, walk.root, pseudo=walk.pseudo))
        finally:
            troubles.merge(walked)
        if sieve is not None and sieve.excluded:
            text = f"{sieve.excluded} files or folders were left out, as --exclude asks"
            troubles.add(Trouble("skipped", "excluded", text))
        if sieve is not None and sieve.ignored:
            text = f"{sieve.ignored} files or folders were left out, as .gitignore files ask"
            troubles.add(Trouble("skipped", "git-ignored", text))
        return outcomes

    def _read(self, lane: Lane, gatherer: Gatherer) -> list[Outcome]:
        """Read files on several threads; give what came of each thread."""
        jobs = 1 if lane.alone else max(1, self.jobs)
        tasks = [Task(partial(lane.read, gatherer)) for _ in range(jobs)]
        Crew(jobs, "imgscan-files", tasks, self._stop).work()
        return [task.result for task in tasks if task.result is not None]


def _number(found: tuple[int, Hit]) -> int:
    return found[0]


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise UsageError("standard input is closed: pipe something into it, or name a file")
    if sys.stdin.isatty():
        raise UsageError("standard input is a terminal: pipe something into it, or name a file")
    return os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
