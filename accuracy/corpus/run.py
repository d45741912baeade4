"""The run behind `make accuracy`: build the corpus of each seed, scan it in every way, count, and report."""

from __future__ import annotations

import argparse
import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from accuracy.corpus import document, inside, measure, scanners, tables
from accuracy.corpus.cases import cases
from accuracy.corpus.count import FAULTS, Tally, faults
from accuracy.corpus.decoys import decoys
from accuracy.progress import tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accuracy.corpus.case import Case
    from accuracy.corpus.decoys import Decoy

_BATCH = 12_000
"""Cases in one image."""

STREAM = "windows of 1 MiB"
SMALL = "windows of 64 KiB"
COMMAND = "the command line"
BORDERS = "across window borders"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m accuracy",
        description="Count what imgscan finds of a seeded corpus of keys, and what else it reports. "
        "Exits with 1 if a key is missed, misplaced or reported twice, or if there is a false alarm.",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the first seed (default: 1)")
    parser.add_argument("--seeds", type=int, default=1, metavar="K", help="how many seeds, counting up (default: 1)")
    parser.add_argument("--quick", action="store_true", help="one case of each carrier and kind, and small decoys")
    parser.add_argument(
        "--scanner",
        nargs="*",
        default=[],
        metavar="NAME",
        choices=tuple(scanners.SCANNERS),
        help=f"also run, on a quick corpus of the first seed: {', '.join(scanners.SCANNERS)}; those not installed "
        "are named and left out",
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the figures as a Markdown document")
    parser.add_argument(
        "--failures", type=Path, metavar="FILE", help="write a list of what failed, with a way to make each case again"
    )
    return parser.parse_args(words)


def _batches(files: Iterator[Case]) -> Iterator[list[Case]]:
    while batch := list(islice(files, _BATCH)):
        yield batch


def _scan(tallies: dict[str, Tally], batch: list[Case], looks: list[Decoy]) -> None:
    """Scan some files in each way."""
    layer = measure.packed([*batch, *looks])
    tallies[STREAM].add(batch, looks, measure.stream(layer, measure.WINDOW))
    tallies[SMALL].add(batch, looks, measure.stream(layer, measure.SMALL_WINDOW))
    with tempfile.TemporaryDirectory(prefix="imgscan-accuracy-") as folder:
        tallies[COMMAND].add(batch, looks, measure.command(layer, Path(folder)))


def measured(seeds: range, *, quick: bool) -> dict[str, Tally]:
    """Count all seeds, by the way of scanning."""
    tallies = {way: Tally() for way in (STREAM, SMALL, COMMAND, BORDERS)}
    for seed in seeds:
        for number, batch in enumerate(_batches(cases(seed, quick=quick))):
            tell(f"seed {seed}, batch {number + 1}")
            _scan(tallies, batch, [])
        tell(f"seed {seed}, decoys")
        _scan(tallies, [], list(decoys(seed, quick=quick)))
        tell(f"seed {seed}, window borders")
        for case, reports in measure.borders(seed, quick=quick):
            tallies[BORDERS].add([case], [], {case.path: reports})
    tell("")
    return tallies


def _compared(names: Sequence[str], seed: int) -> dict[str, scanners.Score]:
    """Run the other scanners on one quick corpus; the same counts of ours come first."""
    files, looks = list(cases(seed, quick=True)), list(decoys(seed, quick=True))
    scores = {"imgscan": _own(files, looks)}
    with tempfile.TemporaryDirectory(prefix="imgscan-accuracy-") as folder:
        top = scanners.write(Path(folder).resolve(), [*files, *looks])
        for name in dict.fromkeys(names):
            scanner = scanners.SCANNERS[name]
            if not scanner.installed:
                print(f"{name} is not installed here: left out")
                continue
            tell(f"running {name}")
            scores[scanner.described()] = scanners.score(files, looks, scanner.run(top))
    tell("")
    return scores


def _own(files: list[Case], looks: list[Decoy]) -> scanners.Score:
    """Count imgscan's own findings as those of the others are counted."""
    reports = measure.stream(measure.packed([*files, *looks]), measure.WINDOW)
    made = scanners.Score()
    for case in files:
        wrong = faults(case, reports.get(case.path, []))
        made.add(case, whole="missed" not in wrong, touched=case.path in reports)
    tally = Tally()
    tally.add([], looks, reports)
    made.decoys = tally.decoys
    return made


def _failed(tallies: dict[str, Tally], seeds: range) -> Iterator[str]:
    """Describe the failures, one line for each carrier and way, and the call that makes its first case again."""
    for way, tally in tallies.items():
        rows = tally.by(0)
        first: dict[str, str] = {}
        for case, wrong in tally.failures:
            first.setdefault(case.carrier, f"{', '.join(sorted(wrong))}: {case.name}, at {case.path}")
        for carrier, text in first.items():
            row = rows[carrier]
            counts = ", ".join(f"{row.faults[fault]} {fault}" for fault in FAULTS if row.faults[fault])
            yield f"{way}: {carrier}: {counts} of {row.cases}; {text}"
        for decoy in tally.alarmed:
            yield f"{way}: false alarm: {decoy.group}, at {decoy.path}"
    if seeds:
        yield (
            "make a case again: accuracy.corpus.cases.example(CARRIERS[carrier], KINDS[kind], "
            f"seed, variant), seeds {seeds.start} to {seeds.stop - 1}"
        )


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if anything is missed, wrong or too much."""
    options = arguments(words)
    seeds = range(options.seed, options.seed + options.seeds)
    tallies = measured(seeds, quick=options.quick)
    scores = _compared(options.scanner, options.seed) if options.scanner else {}
    print(tables.printed(tallies, scores))
    tell("containers")
    contained = inside.measured(seeds)
    tell("")
    print("\n".join(tables.contained(contained, markup=False)))
    good = all(tally.good for tally in tallies.values())
    good = good and all(row.whole == row.cases for row in contained.values())
    if not good:
        print("\n".join(_failed(tallies, range(0))))
    if options.failures is not None:
        options.failures.write_text("".join(f"{line}\n" for line in _failed(tallies, seeds)), encoding="utf-8")
    if options.write is not None:
        figures = document.Figures(tallies, scores, contained, seeds, quick=options.quick)
        options.write.write_text(document.markdown(figures), encoding="utf-8")
    return 0 if good else 1
