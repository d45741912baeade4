"""A mutation run over `imgscan/detect`: for every small change to the engine some test has to fail.

    python -m accuracy.mutants [--only MODULE...] [--jobs N] [--keep DIR] [--record FILE] [--again] [--stale]

Two passes, on copies of the tree in a temporary folder. In the first, mutmut makes the mutants and runs the tests that
call the changed function, in processes that are forked from one that has imported everything: fast, but blind to what
is computed once at import, and its wrappers forbid the tests that count calls. Whatever survives there, and every
change of a module's numbers (`accuracy.mutants.numbers`), is written into a copy as real code, and the whole of
`tests/detect` runs on it in a process of its own. Time-outs are of processor time, so that a busy machine kills
nothing. What survives is exempt by its kind (`accuracy.mutants.exemptions`), or must be argued for in
`survivors.toml`; a survivor without an argument makes the run fail.

`--again` continues from the record: of modules that are as they were, only mutants are run that lived then and have no
argument, since more tests kill no fewer. After taking a test away, run all. `--stale` runs nothing, and lists the
arguments whose code is gone.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accuracy import records
from accuracy.mutants import numbers
from accuracy.mutants.arguments import arguments, stale
from accuracy.mutants.due import PACKAGE, Broken, due, module_of, modules, source_of, texts
from accuracy.mutants.mutation import KILLED, copy, first_pass, mutated
from accuracy.mutants.outcome import Mutant, changes_of, record, summary
from accuracy.mutants.trials import Trial, second_pass
from accuracy.progress import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from accuracy.mutants.due import Due


def _numbers(wanted: Due) -> Iterator[Trial]:
    """Yield the changes of the numbers of modules."""
    for module, text in texts().items():
        for count, edit in enumerate(numbers.edits(text)):
            name = f"{module} {edit.name} {count}"
            if wanted.has(name, module):
                yield Trial(name, module, partial(str, edit.text))


def _measure(folder: Path, wanted: Due, jobs: int, say: Callable[[str], None]) -> list[Mutant]:
    """Run both passes; Broken if that cannot be done."""
    first = copy(folder / "first")
    codes = first_pass(first, wanted, jobs)
    say(f"{len(codes)} mutants, {sum(code in KILLED for code in codes.values())} killed in the first pass")
    killed = [Mutant(name, module_of(name), "killed") for name, code in codes.items() if code in KILLED]
    rest = [name for name, code in codes.items() if code not in KILLED] + wanted.made()
    trials = [Trial(name, module_of(name), partial(mutated, first, name)) for name in rest]
    return killed + second_pass(first, [*trials, *_numbers(wanted)], jobs, say)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m accuracy.mutants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="MODULE", help=f"modules of {PACKAGE}")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes at a time")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this empty folder, and leave it")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the outcome as JSON")
    parser.add_argument("--again", action="store_true", help="go on from the record: run what is new or lived")
    parser.add_argument("--stale", action="store_true", help="only list the arguments whose code is gone")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Mutate, test, print; 1 if a survivor has no argument, 2 if the run could not be made."""
    options = _options(words)
    reasons = arguments()
    gone = list(stale(reasons, texts()))
    if options.stale:
        print("".join(f"{change}\n" for change in gone), end="")
        return 1 if gone else 0
    earlier: Mapping[str, Any] = {"modules": {}, "survived": []}
    if options.again:
        earlier = records.read(options.record)
    say = partial(tell, logged=True)
    try:
        wanted = due(modules(options.only), earlier, reasons)
        if options.keep is not None:
            options.keep.mkdir(parents=True, exist_ok=True)
            mutants = _measure(options.keep.resolve(), wanted, options.jobs, say)
        else:
            with tempfile.TemporaryDirectory(prefix="imgscan-mutants-") as folder:
                mutants = _measure(Path(folder), wanted, options.jobs, say)
    except Broken as error:
        print(f"python -m accuracy.mutants: {error}", file=sys.stderr)
        return 2
    outcome = record(mutants, {name: source_of(name) for name in wanted.whole}, wanted.single, earlier)
    print(summary(outcome, reasons, gone))
    if options.record is not None:
        records.write(options.record, outcome)
    return 1 if any(change not in reasons for change in changes_of(outcome)) else 0
