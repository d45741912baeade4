"""A line of the budget: what runs, against what, and how much is allowed.

It is a function of a `Bench` that gives a `Result`; its name is what `--only` takes. Peak memory is held to
`MEMORY` on every line that scans.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.measure import Command, FailedError, Run, Spread, in_turn, ratios

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchmarks.images import Images

MEMORY = 300 * 10**6
"""The most that any scan may hold, in bytes."""

_FOUND = (1,)  # the exit code of a scan that found the key
_STARTS = 10


@dataclass(frozen=True, slots=True)
class Bench:
    """What a line needs: images, how often to run and in what environment, and what shows progress."""

    images: Images
    rounds: int
    environment: Mapping[str, str]
    tell: Callable[[str], None]

    def in_turn(self, *commands: Command, rounds: int | None = None) -> list[list[Run]]:
        """Run commands in turn."""
        return in_turn(commands, rounds or self.rounds, self.environment, self.tell)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a line.

    `value` is what is compared, in words, `budget` what is allowed; `within` is None if there is no budget.
    `runs` are all runs by their labels. `failure` says why there is nothing to compare.
    """

    name: str
    what: str
    value: str = ""
    budget: str = ""
    within: bool | None = None
    peak: int = 0
    runs: tuple[tuple[str, tuple[Run, ...]], ...] = ()
    failure: str | None = None

    @property
    def good(self) -> bool:
        """Whether the line was measured and holds."""
        return self.failure is None and self.within is not False and self.peak <= MEMORY

    @property
    def verdict(self) -> str:
        """One or two words."""
        if self.failure is not None:
            return self.failure
        if self.peak > MEMORY:
            return "over: memory"
        return {True: "ok", False: "OVER", None: "ok" if self.peak else "shown"}[self.within]


class MissingToolError(Exception):
    """A tool that a line compares with is not on this machine; the message is its name."""


LINES: dict[str, Callable[[Bench], Result]] = {}
"""The lines by name, in the order in which they are measured."""


def line(name: str, *needs: str) -> Callable[[Callable[[Bench], Result]], Callable[[Bench], Result]]:
    """Enter a function as a line that needs certain commands."""

    def enter(measure: Callable[[Bench], Result]) -> Callable[[Bench], Result]:
        def guarded(bench: Bench) -> Result:
            what = (measure.__doc__ or "").rstrip(".")
            lacking = [tool for tool in needs if shutil.which(tool) is None]
            if lacking:
                return Result(name, what, failure=f"not measured: needs {', '.join(lacking)}")
            try:
                return measure(bench)
            except FailedError as error:
                return Result(name, what, failure=f"failed: {error}")

        LINES[name] = guarded
        return guarded

    return enter


def scan(target: Path | str, *options: str, feed: Path | None = None, label: str = "imgscan") -> Command:
    """Scan as a user would."""
    arguments = (sys.executable, "-m", "imgscan", "image", str(target), "-q", "--no-progress", *options)
    return Command(label, arguments, feed, codes=_FOUND, says="srv/app/.env")


def reference(label: str, name: str, *paths: Path) -> Command:
    """Run one of the references of this package."""
    return Command(label, (sys.executable, "-m", "benchmarks.reference", name, *map(str, paths)))


def versus(
    bench: Bench,
    name: str,
    what: str,
    ours: Command,
    other: Command,
    *,
    faster: float | None = None,
    within: float | None = None,
) -> Result:
    """Compare with another command: at least `faster` times its speed, or at most `within` times its time."""
    mine, its = bench.in_turn(ours, other)
    good: bool | None = None
    budget = ""
    if faster is not None:
        spread = ratios(its, mine)
        value, budget, good = f"{spread.show()} x the speed", f"at least {faster}", spread.median >= faster
    else:
        spread = ratios(mine, its)
        value = f"{spread.show()} x the time"
        if within is not None:
            budget, good = f"at most {within}", spread.median <= within
    runs = ((ours.label, tuple(mine)), (other.label, tuple(its)))
    return Result(name, what, value, budget, good, max(each.peak for each in mine), runs)


def started(bench: Bench, name: str, what: str, command: Command, most: int) -> Result:
    """Time a command that is over at once, within `most` milliseconds at the median."""
    (runs,) = bench.in_turn(command, rounds=_STARTS)
    spread = Spread(tuple(each.seconds * 1000 for each in runs))
    peak = max(each.peak for each in runs)
    value, budget = f"{spread.show(0)} ms", f"at most {most} ms"
    return Result(name, what, value, budget, spread.median <= most, peak, ((command.label, tuple(runs)),))
