"""Running commands and timing them: wall time, processor time and peak memory of a whole process.

Numbers of one machine at one moment mean little alone, so a command is run in turn with its reference (A B A B) and
what counts is the ratio within each pair.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TOP = Path(__file__).parents[1]
"""The repository; commands run there, so that `-m imgscan` is this checkout's."""

_KEPT = ("PYTHONPATH", "PYTHONHOME")


class FailedError(Exception):
    """A command did not do what is to be measured; the message says what it did."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line to be timed.

    `feed` is a file that `cat` pipes into it; `codes` are the exit codes it may give; `says` has to be in its
    output.
    """

    label: str
    arguments: Sequence[str]
    feed: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[int, ...] = (0,)
    says: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took. Peak memory is the largest resident size of the process; for a shell, of any of its parts.

    The kernel counts a child's memory from before it becomes another program, so `peak` is never less than what
    this process held then. It therefore streams whatever it builds.
    """

    seconds: float
    processor: float
    peak: int
    output: str


def shell(label: str, line: str, *paths: Path) -> Command:
    """Make a command of a shell's line, in which the paths are `$1`, `$2`, …."""
    return Command(label, ("sh", "-c", line, "sh", *map(str, paths)))


def clean_environment(bytecode: Path) -> dict[str, str]:
    """Return this process's environment without what would make Python run otherwise than where it is installed.

    The modules' bytecode is kept in a folder: an installed program has it, and the repository shall not get it.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") or name in _KEPT}
    return kept | {"PYTHONPYCACHEPREFIX": str(bytecode)}


def run(command: Command, environment: Mapping[str, str]) -> Run:
    """Run a command to its end. FailedError where it does not end as it should."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        feeder = subprocess.Popen(("cat", command.feed), stdout=subprocess.PIPE) if command.feed else None
        child = subprocess.Popen(
            command.arguments,
            cwd=TOP,
            env={**environment, **command.environment},
            stdin=feeder.stdout if feeder else subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        if feeder is not None and feeder.stdout is not None:
            feeder.stdout.close()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if feeder is not None:
            feeder.wait()
        output.seek(0)
        errors.seek(0)
        said, complained = output.read().decode("utf-8", "replace"), errors.read().decode("utf-8", "replace")
    if child.returncode not in command.codes:
        first = next(iter(complained.strip().splitlines() or said.strip().splitlines()), "no word about it")
        raise FailedError(f"{command.label} ended with exit code {child.returncode}: {first}")
    if command.says not in said:
        raise FailedError(f"{command.label} did not say {command.says!r}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10, said)


def in_turn(
    commands: Sequence[Command], rounds: int, environment: Mapping[str, str], tell: Callable[[str], None]
) -> list[list[Run]]:
    """Run the commands in turn, `rounds` times after one round to warm up; the runs of each command, in order."""
    runs: list[list[Run]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for command, done in zip(commands, runs, strict=True):
            tell(f"{command.label}, {f'run {number} of {rounds}' if number else 'warming up'}")
            once = run(command, environment)
            if number:
                done.append(once)
    return runs


@dataclass(frozen=True, slots=True)
class Spread:
    """Several measurements of one thing."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one, which is what is compared with a budget."""
        return statistics.median(self.values)

    def show(self, digits: int = 2) -> str:
        """Write the median with the least and the greatest."""
        return f"{self.median:.{digits}f} ({min(self.values):.{digits}f} to {max(self.values):.{digits}f})"


def ratios(dividends: Sequence[Run], divisors: Sequence[Run]) -> Spread:
    """Divide the wall times pair by pair."""
    return Spread(tuple(one.seconds / other.seconds for one, other in zip(dividends, divisors, strict=True)))
