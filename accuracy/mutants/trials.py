"""The second pass: each mutant as real code, and all tests of the detector on it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from accuracy.mutants.change import describe, difference
from accuracy.mutants.due import PACKAGE, TOP, Broken
from accuracy.mutants.exemptions import calls_in, exemption_of
from accuracy.mutants.mutation import TESTS, copy
from accuracy.mutants.outcome import Mutant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from accuracy.mutants.outcome import Verdict

ENCODED = ("test_escapes", "test_forms", "test_plain", "test_utf16", "test_runs", "test_encodings", "test_carriers")
"""The tests of encodings: asked first of a mutant there, and late of others."""

SLOW = (*ENCODED, "test_linear", "test_placeholders", "test_laws")
"""Asked last: most mutants are dead before."""

_PATIENCE = 4
"""A mutant may take as many times the processor time of the tests on unchanged code."""

_WAITING = 4
"""How many seconds one of processor time may take: what waits forever takes none."""

_RUN = """
import resource, sys
seconds = int(sys.argv[1])
if seconds:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
import pytest
code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *sys.argv[2:]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_utime, file=sys.stderr)
sys.exit(code)
"""


class Trial(NamedTuple):
    """A mutant as real code: its name, and what gives the text of its module."""

    name: str
    module: str
    text: Callable[[], str]


def test(folder: Path, seconds: int, module: str) -> tuple[Verdict, float]:
    """Run the tests in a copy; the verdict, and the processor time in seconds (0 where it was cut off).

    `module` is the one that was changed: the likeliest to notice are asked first.
    """
    order = [*(ENCODED if module.startswith("encodings/") else ()), "", *SLOW]
    files = sorted(
        (folder / TESTS).glob("test_*.py"),
        key=lambda file: (order.index(file.stem if file.stem in order else ""), file.name),
    )
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _RUN, str(seconds), *map(str, files)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            timeout=_WAITING * seconds or None,
        )
    except subprocess.TimeoutExpired:
        return "timeout", 0.0
    if done.returncode == 0:
        return "survived", float(done.stderr.split()[-1])
    return ("timeout" if done.returncode < 0 else "killed"), 0.0


def second_pass(folder: Path, trials: Iterable[Trial], jobs: int, tell: Callable[[str], None]) -> list[Mutant]:
    """Run every test on each of these mutants as real code, but for those that an exemption leaves out."""
    free: SimpleQueue[Path] = SimpleQueue()
    for number in range(jobs):
        free.put(copy(folder / f"real{number}"))
    place = free.get()
    verdict, spent = test(place, 0, "")
    free.put(place)
    if verdict != "survived":
        raise Broken(f"{TESTS} fails on unchanged code")
    limit = int(spent * _PATIENCE) + 10
    calls = calls_in({str(path): path.read_text(encoding="utf-8") for path in (TOP / "imgscan").rglob("*.py")})
    applying = threading.Lock()  # mutmut applies to the file in the folder, one mutant at a time

    def run(trial: Trial) -> Mutant:
        copied = free.get()
        file = copied / PACKAGE / f"{trial.module}.py"
        before = file.read_text(encoding="utf-8")
        try:
            with applying:
                text = trial.text()
            pairs = difference(before, text)
            if exemption := exemption_of(pairs, calls):
                tell(f"{trial.name}: left out, {exemption.name}")
                return Mutant(trial.name, trial.module, "left out")
            file.write_text(text, encoding="utf-8")
            verdict, _ = test(copied, limit, trial.module)
        finally:
            file.write_text(before, encoding="utf-8")
            free.put(copied)
        tell(f"{trial.name}: {verdict}")
        return Mutant(
            trial.name, trial.module, verdict, describe(trial.module, pairs) if verdict == "survived" else None
        )

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(run, trials))
