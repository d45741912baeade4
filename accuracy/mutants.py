"""A mutation run over `imgscan/detect`: for every small change to the engine some test has to fail.

    python -m accuracy.mutants [--only MODULE...] [--jobs N] [--keep DIR] [--record FILE] [--again]

Two passes, on copies of the tree in a temporary folder. In the first, mutmut makes the mutants and runs the tests that
call the changed function, in processes that are forked from one that has imported everything: fast, but blind to what
is computed once at import, and its wrappers forbid the tests that count calls. Whatever survives there, and every
change of a module's numbers (`accuracy.constants`), is written into a copy as real code, and the whole of
`tests/detect` runs on it in a process of its own. Time-outs are of processor time, so that a busy machine kills
nothing. What survives must be argued for in `survivors.toml`; a survivor without an argument makes the run fail.

`--again` goes on from the record: of modules that are as they were, only mutants are run that lived then and have no
argument, since more tests kill no fewer. Whoever takes a test away runs all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from accuracy import constants
from accuracy.outcome import Change, Mutant, arguments_for, change_in, changes_of, record, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from accuracy.outcome import Verdict

TOP = Path(__file__).parents[1]
PACKAGE = "imgscan/detect"
TESTS = "tests/detect"

LEFT_OUT = ("__init__", "specimens")
"""Modules without a mutant that matters: one only imports; specimens are texts for the rules' own examples."""

COUNTING = "tests/detect/test_linear.py"
"""Counts calls, which mutmut's wrappers double."""

ENCODED = ("test_escapes", "test_forms", "test_plain", "test_utf16", "test_runs", "test_encodings", "test_carriers")
"""The tests of encodings: asked first of a mutant there, and late of others."""

SLOW = (*ENCODED, "test_linear", "test_placeholders", "test_laws")
"""Asked last: most mutants are dead before."""

_KILLED = frozenset((1, 3, -11))
"""Exit codes of mutmut's runs that leave nothing to ask: a failed test, an error in pytest, a crash."""

_PATIENCE = 4
"""A mutant may take as many times the processor time of the tests on unchanged code."""

_WAITING = 4
"""How many seconds one of processor time may take: what waits for ever takes none."""

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


class Broken(Exception):  # noqa: N818 - it says what happened
    """The run itself cannot go on; the text says why."""


class Trial(NamedTuple):
    """A mutant as real code: its name, what gives the text of its module, and what it changes where that is known."""

    name: str
    module: str
    text: Callable[[], str]
    change: Change | None = None


def modules(only: Sequence[str]) -> list[str]:
    """List the modules to mutate, by bare name."""
    names = sorted(path.relative_to(TOP / PACKAGE).with_suffix("").as_posix() for path in (TOP / PACKAGE).rglob("*.py"))
    names = [name for name in names if name not in LEFT_OUT]
    if unknown := set(only) - set(names):
        raise Broken(f"no module {', '.join(sorted(unknown))} in {PACKAGE}")
    return [name for name in names if not only or name in only]


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be run: modules of which all mutants are, and single mutants of others by name, with their modules."""

    whole: Sequence[str]
    single: Mapping[str, str]

    @property
    def modules(self) -> list[str]:
        """All modules of which anything is run."""
        return sorted({*self.whole, *self.single.values()})

    def has(self, name: str, module: str) -> bool:
        """Whether a mutant is to be run."""
        return name in self.single or module in self.whole

    def patterns(self) -> list[str]:
        """Give patterns of what mutmut runs: whole modules, and one mutant, so that it makes the single ones."""
        package = PACKAGE.replace("/", ".")
        dotted = [f"{package}.{name}".replace("/", ".").removesuffix(".__init__") for name in self.whole]
        return [f"{module}.x*" for module in dotted] + self.made()[:1]

    def made(self) -> list[str]:
        """List the single ones that mutmut makes."""
        return [name for name in self.single if name.startswith(PACKAGE.replace("/", "."))]


def due(names: Sequence[str], earlier: Mapping[str, Any], reasons: Mapping[Change, str]) -> Due:
    """Tell what is to be run of these modules, after what a record says of those that are as they were then."""
    known = {name for name in names if earlier["modules"].get(name, {}).get("source") == source_of(name)}
    lived = [each for each in earlier["survived"] if each["module"] in known and change_in(each) not in reasons]
    single = {each["mutant"]: each["module"] for each in lived}
    return Due([name for name in names if name not in known], single)


def source_of(module: str) -> str:
    """Tell a module's text from others."""
    return hashlib.sha256((TOP / PACKAGE / f"{module}.py").read_bytes()).hexdigest()[:16]


def copy(into: Path) -> Path:
    """Copy what the tests need into a new folder; nothing is ever changed in place."""
    into.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", ".hypothesis")
    for name in ("imgscan", "tests", "accuracy"):
        shutil.copytree(TOP / name, into / name, ignore=ignore)
    shutil.copy(TOP / "pyproject.toml", into)
    return into


def first_pass(folder: Path, wanted: Due, jobs: int) -> dict[str, int | None]:
    """Let mutmut make the mutants and run them; give the exit code of each by its name, None where it ran none."""
    patterns = wanted.patterns()
    if not patterns:
        return {}
    settings = {
        "source_paths": ["imgscan/"],
        "only_mutate": [f"{PACKAGE}/{name}.py" for name in wanted.modules],
        "pytest_add_cli_args_test_selection": [TESTS],
        "pytest_add_cli_args": [f"--ignore={COUNTING}", "--hypothesis-seed=0", "-p", "no:cacheprovider"],
        "also_copy": ["imgscan", "tests", "accuracy"],
        # Wall time counts here; what is cut off is asked again in the second pass.
        "timeout_constant": 5.0,
        "timeout_multiplier": 4.0,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")
    with (folder / "mutmut.log").open("wb") as log:
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(jobs), *patterns]
        done = subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=False, stdin=subprocess.DEVNULL)
    codes: dict[str, int | None] = {}
    for name in wanted.modules:
        results = folder / "mutants" / PACKAGE / f"{name}.py.meta"
        if results.is_file():
            codes |= json.loads(results.read_text(encoding="utf-8"))["exit_code_by_key"]
    if done.returncode or not codes:
        raise Broken(f"mutmut ends with exit code {done.returncode}; see {folder / 'mutmut.log'}")
    return {name: code for name, code in codes.items() if module_of(name) in wanted.whole}


def module_of(name: str) -> str:
    """Give the bare name of a mutant's module; mutmut calls a package's own module as the package."""
    module = name.rpartition(".")[0].removeprefix(PACKAGE.replace("/", ".") + ".").replace(".", "/")
    return f"{module}/__init__" if (TOP / PACKAGE / module).is_dir() else module


def change_of(folder: Path, name: str) -> Change:
    """Ask mutmut what a mutant changes."""
    command = [sys.executable, "-m", "mutmut", "show", name]
    shown = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True, stdin=subprocess.DEVNULL)
    removed, added = [], []
    for line in shown.stdout.splitlines():
        if line.startswith("-") and not line.startswith("---"):
            removed.append(line[1:].strip())
        elif line.startswith("+") and not line.startswith("+++"):
            added.append(line[1:].strip())
    function = name.rpartition(".")[2].rpartition("__mutmut_")[0].removeprefix("x")
    # mutmut writes `x_name` for a function and `xǁClassǁname` for a method.
    function = function.strip("ǁ").replace("ǁ", ".") if "ǁ" in function else function.removeprefix("_")
    return Change(module_of(name), function, "\n".join(removed), "\n".join(added))


def mutated(folder: Path, name: str) -> str:
    """Give the text of a mutant's module with the mutant in it."""
    file = folder / PACKAGE / f"{module_of(name)}.py"
    before = file.read_text(encoding="utf-8")
    try:
        command = [sys.executable, "-m", "mutmut", "apply", name]
        subprocess.run(command, cwd=folder, capture_output=True, check=True, stdin=subprocess.DEVNULL)
        return file.read_text(encoding="utf-8")
    finally:
        file.write_text(before, encoding="utf-8")


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


def numbers(wanted: Due) -> Iterator[Trial]:
    """Give the changes of the numbers of modules."""
    for module in wanted.modules:
        text = (TOP / PACKAGE / f"{module}.py").read_text(encoding="utf-8")
        for count, edit in enumerate(constants.edits(text)):
            change = Change(module, edit.name, edit.removed, edit.added)
            name = f"{module} {edit.name} {count}"
            if wanted.has(name, module):
                yield Trial(name, module, partial(str, edit.text), change)


def second_pass(folder: Path, trials: Iterable[Trial], jobs: int, tell: Callable[[str], None]) -> list[Mutant]:
    """Run every test on each of these mutants as real code."""
    free: SimpleQueue[Path] = SimpleQueue()
    for number in range(jobs):
        free.put(copy(folder / f"real{number}"))
    place = free.get()
    verdict, spent = test(place, 0, "")
    free.put(place)
    if verdict != "survived":
        raise Broken(f"{TESTS} fails on unchanged code")
    limit = int(spent * _PATIENCE) + 10
    applying = threading.Lock()  # mutmut shows and applies by the file in the folder, one mutant at a time

    def run(trial: Trial) -> Mutant:
        copied = free.get()
        file = copied / PACKAGE / f"{trial.module}.py"
        before = file.read_text(encoding="utf-8")
        try:
            with applying:
                text = trial.text()
            file.write_text(text, encoding="utf-8")
            verdict, _ = test(copied, limit, trial.module)
        finally:
            file.write_text(before, encoding="utf-8")
            free.put(copied)
        tell(f"{trial.name}: {verdict}")
        change = None
        if verdict == "survived":
            with applying:
                change = trial.change or change_of(folder, trial.name)
        return Mutant(trial.name, trial.module, verdict, change)

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(run, trials))


def measure(folder: Path, wanted: Due, jobs: int, tell: Callable[[str], None]) -> list[Mutant]:
    """Run both passes; Broken if that cannot be done."""
    first = copy(folder / "first")
    codes = first_pass(first, wanted, jobs)
    tell(f"{len(codes)} mutants, {sum(code in _KILLED for code in codes.values())} killed in the first pass")
    killed = [Mutant(name, module_of(name), "killed") for name, code in codes.items() if code in _KILLED]
    rest = [name for name, code in codes.items() if code not in _KILLED] + wanted.made()
    trials = [Trial(name, module_of(name), partial(mutated, first, name)) for name in rest]
    return killed + second_pass(first, [*trials, *numbers(wanted)], jobs, tell)


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
    else:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Mutate, test, print; 1 if a survivor has no argument, 2 if the run could not be made."""
    parser = argparse.ArgumentParser(prog="python -m accuracy.mutants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="MODULE", help=f"modules of {PACKAGE}")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes at a time")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this empty folder, and leave it")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the outcome as JSON")
    parser.add_argument("--again", action="store_true", help="go on from the record: run what is new or lived")
    options = parser.parse_args(arguments)
    reasons = arguments_for()
    earlier: Mapping[str, Any] = {"modules": {}, "survived": []}
    if options.again:
        earlier = json.loads(options.record.read_text(encoding="utf-8"))
    try:
        wanted = due(modules(options.only), earlier, reasons)
        if options.keep is not None:
            options.keep.mkdir(parents=True, exist_ok=True)
            mutants = measure(options.keep.resolve(), wanted, options.jobs, _tell)
        else:
            with tempfile.TemporaryDirectory(prefix="imgscan-mutants-") as folder:
                mutants = measure(Path(folder), wanted, options.jobs, _tell)
    except Broken as error:
        print(f"python -m accuracy.mutants: {error}", file=sys.stderr)
        return 2
    sources = {name: source_of(name) for name in wanted.whole}
    outcome = record(mutants, sources, wanted.single, earlier)
    print(told(outcome, reasons))
    if options.record is not None:
        options.record.write_text(json.dumps(outcome, indent=2) + "\n", encoding="utf-8")
    return 1 if any(change not in reasons for change in changes_of(outcome)) else 0


if __name__ == "__main__":
    sys.exit(main())
