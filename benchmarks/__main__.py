"""`python -m benchmarks`: build the images, measure each line, print, and fail where a line is over its budget."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import benchmarks.history
import benchmarks.image_lines
import benchmarks.inside  # noqa: F401 - all enter their lines, in this order
from benchmarks.images import FULL, QUICK, Images
from benchmarks.lines import LINES, Bench
from benchmarks.measure import clean_environment
from benchmarks.record import machine, markdown, table, versions

_ROUNDS = 5
_QUICK_ROUNDS = 2


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure imgscan against its budget. Needs about 4 GB below BENCH_DIR or the temporary folder.",
    )
    parser.add_argument("--quick", action="store_true", help="small images and few runs: to try the benchmark itself")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=tuple(LINES), help=f"one or more of: {', '.join(LINES)}"
    )
    parser.add_argument("--runs", type=int, metavar="N", help=f"runs of each command (default: {_ROUNDS})")
    parser.add_argument("--top", type=Path, default=Path("/usr"), help="take files from below here (default: /usr)")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write a dated record in Markdown")
    parser.add_argument("--keep", action="store_true", help="leave the images where they were built, and say where")
    return parser.parse_args()


def _tell(message: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{message}", end="", file=sys.stderr, flush=True)


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def main() -> int:
    """Measure; 1 if a line is over its budget or could not be measured, else 0."""
    options = _arguments()
    before = _load()
    results = []
    with ExitStack() as stack:
        home = os.environ.get("BENCH_DIR")
        if options.keep:
            root = Path(tempfile.mkdtemp(prefix="imgscan-bench-", dir=home))
        else:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imgscan-bench-", dir=home)))
        images = Images(root, options.top.resolve(), QUICK if options.quick else FULL, _tell)
        rounds = options.runs or (_QUICK_ROUNDS if options.quick else _ROUNDS)
        bench = Bench(images, rounds, clean_environment(root / "bytecode"), _tell)
        for name in options.only or LINES:
            results.append(LINES[name](bench))
            _tell("")
            print(table(results[-1:]).splitlines()[-1], flush=True)
        print(f"\n{machine()}\n{versions()}\n{images.tree.files:,} files, {images.tree.size / 1e6:,.0f} MB")
        if options.keep:
            print(f"the images are in {root}")
    print(f"\n{table(results)}")
    if options.record is not None:
        command = shlex.join(["python", "-m", "benchmarks", *_shown(sys.argv[1:])])
        options.record.parent.mkdir(parents=True, exist_ok=True)
        options.record.write_text(markdown(results, images, command, (before, _load())), encoding="utf-8")
    return 0 if all(result.good for result in results) else 1


def _shown(arguments: list[str]) -> list[str]:
    """Leave out of the command what is true on this machine only: where the record went."""
    if "--record" not in arguments:
        return arguments
    at = arguments.index("--record")
    return [*arguments[:at], *arguments[at + 2 :]]


if __name__ == "__main__":
    sys.exit(main())
