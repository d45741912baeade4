"""Counting: what was reported held against what should have been, without a word about how it was found.

Nothing here knows the engine, so a wrong engine cannot make the figures right; `tests/test_accuracy.py` holds the
counting to that.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from accuracy.corpus.case import Case, Expected
    from accuracy.corpus.decoys import Decoy
    from imgscan.model import Confidence

FAULTS = ("missed", "wrong place", "wrong encoding", "wrong confidence", "twice", "extra")
"""What can be wrong with a case; the first is what recall counts."""


@dataclass(frozen=True, slots=True)
class Reported:
    """One finding, as a report gives it."""

    path: str
    sha256: str
    rule: str
    encoding: str
    offset: int | None
    line: int | None
    column: int | None
    confidence: Confidence


def faults(case: Case, reports: Sequence[Reported]) -> set[str]:
    """Say what is wrong with the reports on one case.

    A key whose digest and rule are right is found, be its place wrong. Of several reports of one key each expected
    place takes the one that fits it best; one too many is `twice`, one of anything else `extra`.
    """
    wrong = set()
    left = list(reports)
    for expected in case.expected:
        fitting = [each for each in left if (each.sha256, each.rule) == (expected.sha256, expected.rule)]
        if not fitting:
            wrong.add("missed")
            continue
        best = min(fitting, key=lambda each: len(_differences(each, expected)))
        wrong |= _differences(best, expected)
        left.remove(best)
    known = {expected.sha256 for expected in case.expected}
    wrong |= {"twice" if each.sha256 in known else "extra" for each in left}
    return wrong


def _differences(report: Reported, expected: Expected) -> set[str]:
    wrong = set()
    if (report.offset, report.line, report.column) != (expected.offset, expected.line, expected.column):
        wrong.add("wrong place")
    if report.encoding != expected.encoding:
        wrong.add("wrong encoding")
    if report.confidence not in expected.confidences:
        wrong.add("wrong confidence")
    return wrong


@dataclass(slots=True)
class Row:
    """Counts over some cases: `found` are those with every key found, `whole` those with nothing wrong at all."""

    cases: int = 0
    whole: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def found(self) -> int:
        """How many were found."""
        return self.cases - self.faults["missed"]

    def add(self, wrong: set[str]) -> None:
        """Count one case."""
        self.cases += 1
        self.whole += not wrong
        self.faults.update(wrong)

    def merge(self, other: Row) -> None:
        """Add the counts of other cases."""
        self.cases += other.cases
        self.whole += other.whole
        self.faults.update(other.faults)


@dataclass(slots=True)
class DecoyRow:
    """Counts over the decoys of a class: files, false alarms in them, reports of low confidence and by other rules."""

    files: int = 0
    size: int = 0
    alarms: int = 0
    low: int = 0
    others: int = 0


@dataclass(slots=True)
class Tally:
    """All counts of one way of scanning."""

    cells: dict[tuple[str, str], Row] = field(default_factory=dict)
    decoys: dict[str, DecoyRow] = field(default_factory=dict)
    failures: list[tuple[Case, set[str]]] = field(default_factory=list)
    alarmed: list[Decoy] = field(default_factory=list)

    def add(self, cases: Iterable[Case], decoys: Iterable[Decoy], reports: Mapping[str, Sequence[Reported]]) -> None:
        """Count the reports on some files, by path."""
        for case in cases:
            wrong = faults(case, reports.get(case.path, ()))
            self.cells.setdefault((case.carrier, case.kind), Row()).add(wrong)
            if wrong:
                self.failures.append((case, wrong))
        for decoy in decoys:
            row = self.decoys.setdefault(decoy.group, DecoyRow())
            given = reports.get(decoy.path, ())
            low = sum(report.confidence == "low" for report in given)
            row.files += 1
            row.size += len(decoy.data)
            row.low += low
            row.alarms += len(given) - low
            if len(given) > low or (low and not decoy.low):
                self.alarmed.append(decoy)

    def by(self, which: int) -> dict[str, Row]:
        """Sum the cells by carrier (0) or by kind (1)."""
        rows: dict[str, Row] = {}
        for names, cell in self.cells.items():
            rows.setdefault(names[which], Row()).merge(cell)
        return rows

    @property
    def total(self) -> Row:
        """All cases together."""
        every = Row()
        for cell in self.cells.values():
            every.merge(cell)
        return every

    @property
    def alarms(self) -> int:
        """All false alarms together."""
        return sum(row.alarms for row in self.decoys.values())

    @property
    def good(self) -> bool:
        """Whether every case is whole, and nothing else was reported."""
        return not self.failures and not self.alarms
