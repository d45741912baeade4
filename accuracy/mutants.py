"""A mutation run over `imgscan/detect`: for every small change to the engine some test has to fail.

    python -m accuracy.mutants [--only MODULE...] [--jobs N] [--keep DIR] [--record FILE]

Two passes, on copies of the tree in a temporary folder. In the first, mutmut makes the mutants and runs the tests that
call the changed function, in processes that are forked from one that has imported everything: fast, but blind to what
is computed once at import, and its wrappers forbid the tests that count calls. Whatever survives there, and every
change of a module's numbers (`accuracy.constants`), is written into a copy as real code, and the whole of
`tests/detect` runs on it in a process of its own. Time-outs are of processor time, so that a busy machine kills
nothing. What survives must be argued for in `survivors.toml`; a survivor without an argument makes the run fail.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from accuracy import constants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

TOP = Path(__file__).parents[1]
PACKAGE = "imgscan/detect"
TESTS = "tests/detect"
SURVIVORS = Path(__file__).with_name("survivors.toml")

LEFT_OUT = ("__init__", "specimens")
"""Modules without a mutant that matters: one only imports; specimens are texts for the rules' own examples."""

COUNTING = "tests/detect/test_linear.py"
"""Counts calls, which mutmut's wrappers double."""

SLOW = ("test_placeholders", "test_encodings", "test_linear", "test_laws", "test_carriers")
"""Asked last: most mutants are dead before."""

_KILLED = frozenset((1, 3, -11))
"""Exit codes of mutmut's runs that leave nothing to ask: a failed test, an error in pytest, a crash."""

_PATIENCE = 4
"""A mutant may take as many times the processor time of the tests on unchanged code."""

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

Verdict = str
"""`killed`, `timeout` or `survived`."""


class Broken(Exception):  # noqa: N818 - it says what happened
    """The run itself cannot go on; the text says why."""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A mutant by what it changes: stable over other edits to the module. Lines are without indentation."""

    module: str
    function: str
    removed: str
    added: str


class Trial(NamedTuple):
    """A mutant as real code: its name, the text of its module, and what it changes where that is known already."""

    name: str
    module: str
    text: str
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutant, and what became of it; `change` is that of a survivor."""

    name: str
    module: str
    verdict: Verdict
    change: Change | None = None


def arguments_for(file: Path = SURVIVORS) -> dict[Change, str]:
    """Read why survivors may survive; ValueError if an entry lacks something, or says it twice."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    reasons: dict[Change, str] = {}
    for item in document.get("survivor", []):
        if set(item) != {"module", "function", "removed", "added", "reason"} or not item["reason"]:
            raise ValueError(f"{file.name}: an entry has `module`, `function`, `removed`, `added` and `reason`")
        change = Change(item["module"], item["function"], item["removed"], item["added"])
        if change in reasons:
            raise ValueError(f"{file.name}: two entries for one mutant of {change.module}.{change.function}")
        reasons[change] = item["reason"]
    return reasons


def modules(only: Sequence[str]) -> list[str]:
    """List the modules to mutate, by bare name."""
    names = sorted(path.relative_to(TOP / PACKAGE).with_suffix("").as_posix() for path in (TOP / PACKAGE).rglob("*.py"))
    names = [name for name in names if name not in LEFT_OUT]
    if unknown := set(only) - set(names):
        raise Broken(f"no module {', '.join(sorted(unknown))} in {PACKAGE}")
    return [name for name in names if not only or name in only]


def copy(into: Path) -> Path:
    """Copy what the tests need into a new folder; nothing is ever changed in place."""
    into.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", ".hypothesis")
    for name in ("imgscan", "tests", "accuracy"):
        shutil.copytree(TOP / name, into / name, ignore=ignore)
    shutil.copy(TOP / "pyproject.toml", into)
    return into


def first_pass(folder: Path, names: Sequence[str], jobs: int) -> dict[str, int | None]:
    """Let mutmut make the mutants and run them; give the exit code of each by its name, None where it ran none."""
    settings = {
        "source_paths": ["imgscan/"],
        "only_mutate": [f"{PACKAGE}/{name}.py" for name in names],
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
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(jobs)]
        done = subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=False, stdin=subprocess.DEVNULL)
    codes: dict[str, int | None] = {}
    for name in names:
        results = folder / "mutants" / PACKAGE / f"{name}.py.meta"
        if results.is_file():
            codes |= json.loads(results.read_text(encoding="utf-8"))["exit_code_by_key"]
    if done.returncode or not codes:
        raise Broken(f"mutmut ends with exit code {done.returncode}; see {folder / 'mutmut.log'}")
    return codes


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


def test(folder: Path, seconds: int) -> tuple[Verdict, float]:
    """Run the tests in a copy; the verdict, and the processor time in seconds (0 where it was cut off)."""
    files = sorted((folder / TESTS).glob("test_*.py"), key=lambda file: (file.stem in SLOW, file.name))
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(seconds), *map(str, files)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode == 0:
        return "survived", float(done.stderr.split()[-1])
    return ("timeout" if done.returncode < 0 else "killed"), 0.0


def numbers(names: Iterable[str]) -> Iterator[Trial]:
    """Give the changes of the numbers of modules."""
    for module in names:
        text = (TOP / PACKAGE / f"{module}.py").read_text(encoding="utf-8")
        for count, edit in enumerate(constants.edits(text)):
            change = Change(module, edit.name, edit.removed, edit.added)
            yield Trial(f"{module} {edit.name} {count}", module, edit.text, change)


def second_pass(folder: Path, trials: Iterable[Trial], jobs: int, tell: Callable[[str], None]) -> list[Mutant]:
    """Run every test on each of these mutants as real code."""
    free: SimpleQueue[Path] = SimpleQueue()
    for number in range(jobs):
        free.put(copy(folder / f"real{number}"))
    place = free.get()
    verdict, spent = test(place, 0)
    free.put(place)
    if verdict != "survived":
        raise Broken(f"{TESTS} fails on unchanged code")
    limit = int(spent * _PATIENCE) + 10

    def run(trial: Trial) -> Mutant:
        copied = free.get()
        file = copied / PACKAGE / f"{trial.module}.py"
        before = file.read_text(encoding="utf-8")
        try:
            file.write_text(trial.text, encoding="utf-8")
            verdict, _ = test(copied, limit)
        finally:
            file.write_text(before, encoding="utf-8")
            free.put(copied)
        tell(f"{trial.name}: {verdict}")
        change = trial.change or change_of(folder, trial.name) if verdict == "survived" else None
        return Mutant(trial.name, trial.module, verdict, change)

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(run, trials))


def measure(folder: Path, only: Sequence[str], jobs: int, tell: Callable[[str], None]) -> list[Mutant]:
    """Run both passes; Broken if that cannot be done."""
    names = modules(only)
    first = copy(folder / "first")
    codes = first_pass(first, names, jobs)
    tell(f"{len(codes)} mutants, {sum(code in _KILLED for code in codes.values())} killed in the first pass")
    killed = [Mutant(name, module_of(name), "killed") for name, code in codes.items() if code in _KILLED]
    rest = [Trial(name, module_of(name), mutated(first, name)) for name, code in codes.items() if code not in _KILLED]
    return killed + second_pass(first, [*rest, *numbers(names)], jobs, tell)


def record(mutants: Sequence[Mutant], reasons: dict[Change, str]) -> dict[str, object]:
    """Give the outcome as a document: counts, also by module, and the survivors with their arguments."""
    counts: dict[str, Counter[str]] = {}
    for mutant in mutants:
        counts.setdefault(mutant.module, Counter())[mutant.verdict] += 1
    survivors = sorted({mutant.change for mutant in mutants if mutant.change is not None})
    return {
        "total": len(mutants),
        "killed": sum(mutant.verdict != "survived" for mutant in mutants),
        "timeouts": sum(mutant.verdict == "timeout" for mutant in mutants),
        "modules": {
            name: {verdict: counts[name][verdict] for verdict in ("killed", "timeout", "survived")}
            for name in sorted(counts)
        },
        "survived": [
            {
                "place": f"{change.module}.{change.function}",
                "change": f"`{_line(change.removed)}` becomes `{_line(change.added)}`",
                "reason": reasons.get(change),
            }
            for change in survivors
        ],
    }


def _line(text: str) -> str:
    return " ".join(text.split())


def told(mutants: Sequence[Mutant], reasons: dict[Change, str]) -> str:
    """Say it in words."""
    lines = [f"{'module':14}{'killed':>8}{'timeout':>9}{'survived':>10}"]
    names = sorted({mutant.module for mutant in mutants})
    for name in [*names, "all"]:
        counts = Counter(mutant.verdict for mutant in mutants if name in (mutant.module, "all"))
        lines.append(f"{name:14}{counts['killed']:>8}{counts['timeout']:>9}{counts['survived']:>10}")
    survivors = sorted({mutant.change for mutant in mutants if mutant.change is not None})
    for change in survivors:
        lines += ["", f"{change.module}.{change.function}: {reasons.get(change, 'NO ARGUMENT')}"]
        lines += [f"  - {line}" for line in change.removed.splitlines()]
        lines += [f"  + {line}" for line in change.added.splitlines()]
    stale = [change for change in sorted(reasons) if change.module in names and change not in survivors]
    lines += [f"argued for in vain: {change.module}.{change.function}: {change.added}" for change in stale]
    lines.append(f"\n{sum(change not in reasons for change in survivors)} survivors without an argument")
    return "\n".join(lines)


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
    options = parser.parse_args(arguments)
    reasons = arguments_for()
    try:
        if options.keep is not None:
            options.keep.mkdir(parents=True, exist_ok=True)
            mutants = measure(options.keep.resolve(), options.only, options.jobs, _tell)
        else:
            with tempfile.TemporaryDirectory(prefix="imgscan-mutants-") as folder:
                mutants = measure(Path(folder), options.only, options.jobs, _tell)
    except Broken as error:
        print(f"python -m accuracy.mutants: {error}", file=sys.stderr)
        return 2
    print(told(mutants, reasons))
    if options.record is not None:
        options.record.write_text(json.dumps(record(mutants, reasons), indent=2) + "\n", encoding="utf-8")
    return 1 if any(mutant.change is not None and mutant.change not in reasons for mutant in mutants) else 0


if __name__ == "__main__":
    sys.exit(main())
