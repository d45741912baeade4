"""Scanning files that are not images: one file, every file below a folder, or standard input.

    Walk (paths in order) -> Gatherer (groups of files) -> Lane (on threads, many files in one stream) -> TargetReport

Several threads read, and their results are combined in the order of the walk, so the report is the same for any
number of them.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from imgscan.errors import UNTOUCHED, TargetError
from imgscan.model import Stats, TargetReport
from imgscan.scan.crew import Crew, Task
from imgscan.scan.findings import Placed, diagnostics_of, findings_of
from imgscan.scan.ledger import Ledger, unread_blob
from imgscan.scan.tree.exclude import Sieve
from imgscan.scan.tree.gather import FLAGS, Gatherer
from imgscan.scan.tree.hitruns import Runs
from imgscan.scan.tree.lanes import Lane, Outcome
from imgscan.scan.tree.walk import Walk, special
from imgscan.sources.stdin import standard_input
from imgscan.streams.readers import StreamError
from imgscan.streams.stop import PatientReader, patiently
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from imgscan.scan.session import Session

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class FileScanner:
    """Scans files with one set of options.

    `exclude` are globs and `gitignore` whether `.gitignore` files are obeyed, both for what is below a folder. `stdin`
    is read in place of standard input.
    """

    session: Session
    exclude: Sequence[str] = ()
    gitignore: bool = False
    stdin: BinaryIO | None = None

    def scan(self, target: str) -> Iterator[TargetReport]:
        """Scan a folder, a file, or what comes on standard input (`-`): one report.

        Paths in the report are relative to a folder; a file is its own name. A target that is a link is followed.
        TargetError if there is nothing of that name, UsageError if it cannot be scanned.
        """
        session = self.session
        shown = session.concealer.text(target)
        session.progress.begin(shown, None, None)
        ledger = Ledger()
        outcomes: list[Outcome] = []
        runs = Runs()
        for outcome in self._outcomes(target, ledger, runs):
            outcomes.append(outcome)
            ledger.extend(outcome.unread)
        yield self._report(shown, outcomes, ledger, runs)

    def _report(self, target: str, outcomes: list[Outcome], ledger: Ledger, runs: Runs) -> TargetReport:
        session = self.session
        listed = findings_of(map(Placed, runs.take()), session, left_out=runs.left_out)
        noted = (*listed.noted, *ledger.diagnostics(session.concealer))
        return TargetReport(
            target=target,
            kind="filesystem",
            findings=listed.findings,
            diagnostics=diagnostics_of(noted, session),
            hidden=listed.hidden,
            stats=Stats(
                bytes=sum(outcome.size for outcome in outcomes),
                entries=sum(outcome.files for outcome in outcomes),
                expanded=sum(outcome.expanded for outcome in outcomes),
                members=sum(outcome.inner for outcome in outcomes),
            ),
        )

    def _outcomes(self, target: str, ledger: Ledger, runs: Runs) -> Iterable[Outcome]:
        if target == STANDARD_INPUT:
            return self._stream(self.stdin or standard_input("something"), b"-", runs)
        try:
            mode = os.stat(target).st_mode  # noqa: PTH116 - a Path forgets that a file's name must not end in a slash
            if stat.S_ISDIR(mode):
                return self._tree(os.fsencode(target), ledger, runs)
            if stat.S_ISFIFO(mode):
                return self._stream(self._pipe(Path(target)), os.fsencode(Path(target).name), runs)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no file can have such a name"
            raise TargetError(f"cannot read {target}: {reason or error}") from error
        if not stat.S_ISREG(mode):
            raise TargetError(f"cannot read {target}: it is {special(mode)}")
        folder, name = os.path.split(os.fsencode(target))
        root = os.path.join(folder, b"")  # noqa: PTH118 - Path knows no bytes
        gatherer = Gatherer([(name, -1)], root, flags=FLAGS & ~getattr(os, "O_NOFOLLOW", 0), named=True)
        return self._read(Lane(self.session, runs, alone=True), gatherer, ledger)

    def _pipe(self, path: Path) -> BinaryIO:
        """Open a named pipe, which waits until somebody writes to it. TargetError if the scan is stopped before."""
        try:
            return patiently(lambda: path.open("rb", buffering=0), self.session.stop)
        except StreamError as error:
            raise TargetError(UNTOUCHED) from error

    def _stream(self, file: BinaryIO, name: bytes, runs: Runs) -> Iterator[Outcome]:
        """Search a stream."""
        outcome = Outcome()
        reader = PatientReader(file, self.session.stop)
        Lane(self.session, runs, alone=True).stream(reader.read, name, outcome)
        if not self.session.interrupted:  # closing waits for a read that is under way
            reader.close()
        yield outcome

    def _tree(self, root: bytes, ledger: Ledger, runs: Runs) -> list[Outcome]:
        sieve = Sieve(root, self.exclude, gitignore=self.gitignore) if self.exclude or self.gitignore else None
        walked = Ledger()  # a separate one: the lanes' threads walk
        walk = Walk(root, walked, sieve, self.session.stop)
        try:
            outcomes = self._read(Lane(self.session, runs), Gatherer(walk, walk.root, pseudo=walk.pseudo), ledger)
        finally:
            ledger.merge(walked)
        if sieve is not None and sieve.excluded:
            text = f"{sieve.excluded} files or folders were left out because of --exclude"
            ledger.add(Unread("skipped", "excluded", text))
        if sieve is not None and sieve.ignored:
            text = f"{sieve.ignored} files or folders were left out because of .gitignore files"
            ledger.add(Unread("skipped", "git-ignored", text))
        return outcomes

    def _read(self, lane: Lane, gatherer: Gatherer, ledger: Ledger) -> list[Outcome]:
        """Read files on several threads; return the result of each thread."""
        session = self.session
        _ = session.budget, session.spool  # created here, before there are threads that would create several
        jobs = 1 if lane.alone else session.jobs
        tasks = [Task(partial(lane.read, gatherer)) for _ in range(jobs)]
        Crew(jobs, "imgscan-files", tasks, session.stop).work()
        ledger.extend(unread_blob(None, task.failure) for task in tasks if task.failure is not None)
        return [task.result for task in tasks if task.result is not None]
