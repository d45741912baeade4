"""The fuzzer: `python -m tests.fuzz [--minutes M] [--only NAME]...`.

Each target has its share of the time. Where atheris is installed (`pip install atheris`) it guides the inputs by
coverage; elsewhere, or with `--plain`, they are mutations at random from a seed, so that a run repeats. Inputs that
break a law are written to a file, one per line: the target's name and the input in hex; `--replay` runs them again.
Exit code 1 if there were any.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib.util
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.mutate import LARGEST, mutate
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fuzz.law import Target

SLOW = 60
"""Seconds after which an input that hangs is shown with its traceback, and ends the run."""


def say(text: str) -> None:
    """Write a line of the program's output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def plain(target: Target, seconds: float, seed: int) -> tuple[int, list[bytes]]:
    """Run mutations of the target's seeds for so long; return their number and the inputs that broke a law."""
    rng = random.Random(f"{target.name} {seed}")
    seeds = target.seeds()
    end = time.monotonic() + seconds
    runs = 0
    broken: list[bytes] = []
    while time.monotonic() < end and len(broken) < 10:
        data = mutate(seeds, rng)
        faulthandler.dump_traceback_later(SLOW, exit=True, file=sys.__stderr__ or sys.stderr)
        failure = run(target, data)
        faulthandler.cancel_dump_traceback_later()
        runs += 1
        if failure is not None:
            broken.append(data)
    return runs, broken


def run(target: Target, data: bytes) -> Exception | None:
    """Run one input; return what it raised."""
    try:
        target.run(data)
    except Exception as error:  # noqa: BLE001 - whatever comes is what we are after
        say(f"{target.name}: {type(error).__name__}: {error}")
        return error
    return None


def guided(target: Target, seconds: float, seed: int) -> tuple[int, list[bytes]]:
    """Let atheris run the target in a process of its own; return as `plain` does."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, broken = Path(folder) / "corpus", Path(folder) / "broken"
        for made in (corpus, broken):
            made.mkdir()
        for number, data in enumerate(target.seeds()):
            (corpus / f"{number}").write_bytes(data)
        options = [f"-max_total_time={int(seconds)}", f"-seed={seed}", f"-timeout={SLOW}", f"-max_len={LARGEST}"]
        command = [sys.executable, "-m", "tests.fuzz.guided", target.name, f"{corpus}", *options]
        command += [f"-artifact_prefix={broken}/", "-print_final_stats=1"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        counted = re.search(r"number_of_executed_units: (\d+)", done.stderr)
        inputs = [path.read_bytes() for path in sorted(broken.iterdir())]
        if inputs or done.returncode:
            say(done.stderr[-3000:])
        if done.returncode and not inputs:
            raise SystemExit(f"{target.name}: the fuzzer itself failed")
        return int(counted[1]) if counted else 0, inputs


def replay(path: Path) -> int:
    """Run the inputs of a file of broken ones again; return how many still break a law."""
    lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
    return sum(run(TARGETS[name], bytes.fromhex(data[0] if data else "")) is not None for name, *data in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1.0, help="for all targets together")
    parser.add_argument("--only", action="append", choices=sorted(TARGETS), help="this target (repeatable)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="no atheris, even where it is installed")
    parser.add_argument("--save", type=Path, default=Path("fuzz-broken.txt"), help="where broken inputs are written")
    parser.add_argument("--replay", type=Path, help="run the inputs of such a file instead")
    options = parser.parse_args(arguments)
    if options.replay is not None:
        return 1 if replay(options.replay) else 0
    targets = [TARGETS[name] for name in options.only or TARGETS]
    way = plain if options.plain or importlib.util.find_spec("atheris") is None else guided
    lines: list[str] = []
    total = 0
    for target in targets:
        runs, broken = way(target, 60 * options.minutes / len(targets), options.seed)
        total += runs
        lines += [f"{target.name} {data.hex()}\n" for data in broken]
        say(f"{target.name:<12} {runs:>10} runs {len(broken):>3} broken")
    say(f"{'total':<12} {total:>10} runs {len(lines):>3} broken ({way.__name__}, seed {options.seed})")
    if lines:
        options.save.write_text("".join(lines))
        say(f"the broken inputs are in {options.save}")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
