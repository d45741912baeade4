"""Real trees: every report on them must be explained, by path and reason, in `explained.toml`.

    python -m accuracy.real [--only TREE...] [--tree NAME=PATH...] [--record FILE]

Nothing is planted here. What is scanned is this machine's /usr, a root of Debian, and popular packages as package
managers bring them; `--tree` takes a tree from a folder instead. Examples, publishable keys and low confidence are
asked for. A finding of medium confidence or more that no entry explains is a false alarm, or somebody's leak, and
makes the run fail.
"""

from __future__ import annotations

import argparse
import os
import stat
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from accuracy import records
from accuracy.real.trees import TREES, NoTree, Tree
from imgscan.api import scan_path
from imgscan.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EXPLAINED = Path(__file__).with_name("explained.toml")


@dataclass(frozen=True, slots=True)
class Entry:
    """Why findings of a rule are at the places that a glob matches."""

    path: str
    rule: str
    reason: str

    def explains(self, tree: str, finding: Finding) -> bool:
        """Whether this is the reason of a finding in a tree."""
        return finding.rule_id == self.rule and fnmatchcase(f"{tree}/{finding.location.path}", self.path)


@dataclass(slots=True)
class Outcome:
    """What a scan of one tree gave. `low` counts unexplained findings of low confidence, `notes` diagnostics."""

    tree: Tree
    files: int = 0
    bytes: int = 0
    explained: Counter[Entry] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    low: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    missing: str = ""

    @property
    def good(self) -> bool:
        """Whether the tree was scanned and every report is explained."""
        return not (self.missing or self.unexplained)


def entries(file: Path = EXPLAINED) -> tuple[Entry, ...]:
    """Read the committed list; ValueError if an entry lacks something, or says it twice."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    found = []
    for item in document.get("explained", []):
        if set(item) != {"path", "rule", "reason"} or not all(isinstance(text, str) and text for text in item.values()):
            raise ValueError(f"{file.name}: an entry has `path`, `rule` and `reason`, each a text")
        found.append(Entry(item["path"], item["rule"], item["reason"]))
    if len({(entry.path, entry.rule) for entry in found}) < len(found):
        raise ValueError(f"{file.name}: two entries are of the same path and rule")
    return tuple(found)


def examine(tree: Tree, top: Path, explanations: Iterable[Entry]) -> Outcome:
    """Scan a tree as files and set every report beside its reason."""
    outcome = Outcome(tree)
    outcome.files, outcome.bytes = _measure(top)
    explanations = tuple(explanations)
    for each in scan_path(top, include=("examples", "publishable"), min_confidence="low"):
        if not isinstance(each, Finding):
            outcome.notes[f"{each.severity}: {each.code}"] += 1
            continue
        reasons = [entry for entry in explanations if entry.explains(tree.name, each)]
        if reasons:
            outcome.explained[reasons[0]] += 1
        elif each.confidence == "low":
            outcome.low[each.rule_id] += 1
        else:
            outcome.unexplained.append(_described(each))
    return outcome


def _described(finding: Finding) -> str:
    place = finding.location
    at = f":{place.line}" if place.line else f" at {place.offset}"
    return f"{place.path}{at} {finding.rule_id} {finding.secret.redacted} ({finding.confidence}, {place.encoding})"


def _measure(top: Path) -> tuple[int, int]:
    """Count the regular files below a folder, and their bytes, each inode once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder, _, names in os.walk(top):
        for name in names:
            try:
                status = os.lstat(Path(folder) / name)
            except OSError:  # it vanished
                continue
            inode = status.st_dev, status.st_ino
            if stat.S_ISREG(status.st_mode) and inode not in seen:
                seen.add(inode)
                total += status.st_size
    return len(seen), total


def summary(outcomes: Sequence[Outcome], explanations: Iterable[Entry]) -> str:
    """Say it all in words: counts by tree, what is explained and why, and what is not."""
    lines = []
    for outcome in outcomes:
        head = f"{outcome.tree.name:10}{outcome.tree.holds}"
        if outcome.missing:
            lines.append(f"{head}: NOT AVAILABLE: {outcome.missing}")
            continue
        lines.append(f"{head}: {outcome.files:,} files, {outcome.bytes / 1e6:,.1f} MB")
        lines += [f"{'':10}{count} explained: {entry.reason}" for entry, count in sorted_by_path(outcome)]
        lines += [f"{'':10}{count} of low confidence: {rule}" for rule, count in sorted(outcome.low.items())]
        lines += [f"{'':10}{count} times {code}" for code, count in sorted(outcome.notes.items())]
        lines += [f"{'':10}UNEXPLAINED {text}" for text in outcome.unexplained]
    scanned = {outcome.tree.name for outcome in outcomes if not outcome.missing}
    used = {entry for outcome in outcomes for entry in outcome.explained}
    for entry in explanations:
        if entry not in used and entry.path.partition("/")[0] in scanned:
            lines.append(f"explains nothing here: {entry.path}, {entry.rule}")
    done = [outcome for outcome in outcomes if not outcome.missing]
    lines.append(
        f"{sum(outcome.files for outcome in done):,} files, {sum(outcome.bytes for outcome in done) / 1e6:,.1f} MB: "
        f"{sum(outcome.explained.total() for outcome in done)} reports explained, "
        f"{sum(len(outcome.unexplained) for outcome in done)} unexplained, "
        f"{sum(outcome.low.total() for outcome in done)} more of low confidence"
    )
    return "\n".join(lines)


def sorted_by_path(outcome: Outcome) -> list[tuple[Entry, int]]:
    """List what was explained, in the order of the globs."""
    return sorted(outcome.explained.items(), key=lambda item: (item[0].path, item[0].rule))


def record(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Return the outcomes as a document; no clock, no version and no place on this machine is in it."""
    return {
        "trees": [
            {
                "name": outcome.tree.name,
                "holds": outcome.tree.holds,
                "missing": outcome.missing or None,
                "files": outcome.files,
                "bytes": outcome.bytes,
                "explained": [
                    {"path": entry.path, "rule": entry.rule, "reason": entry.reason, "count": count}
                    for entry, count in sorted_by_path(outcome)
                ],
                "unexplained": sorted(outcome.unexplained),
                "low": dict(sorted(outcome.low.items())),
                "diagnostics": dict(sorted(outcome.notes.items())),
            }
            for outcome in outcomes
        ]
    }


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m accuracy.real", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=TREES, default=list(TREES), metavar="TREE", help=", ".join(TREES))
    parser.add_argument(
        "--tree", action="append", default=[], metavar="NAME=PATH", help="take a tree from a folder (repeatable)"
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the counts as JSON")
    options = parser.parse_args(arguments)
    options.given = {}
    for text in options.tree:
        name, _, path = text.partition("=")
        if name not in TREES or not Path(path).is_dir():
            parser.error(f"--tree takes NAME=PATH: one of {', '.join(TREES)}, and a folder")
        options.given[name] = Path(path)
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch, scan, print; 1 if a report is not explained or a tree cannot be fetched."""
    options = _arguments(arguments)
    explanations = entries()
    outcomes = []
    for name in options.only:
        tree = TREES[name]
        with tempfile.TemporaryDirectory(prefix="imgscan-accuracy-") as folder:
            try:
                top = options.given[name] if name in options.given else tree.fetch(Path(folder))
                outcomes.append(examine(tree, top, explanations))
            except NoTree as reason:
                outcomes.append(Outcome(tree, missing=str(reason)))
    print(summary(outcomes, explanations))
    if options.record is not None:
        records.write(options.record, record(outcomes))
    return 0 if all(outcome.good for outcome in outcomes) else 1
