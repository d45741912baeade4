"""What became of the mutants: the record of a run, and the arguments for those that live."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SURVIVORS = Path(__file__).with_name("survivors.toml")

Verdict = str
VERDICTS = ("killed", "timeout", "survived")


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A mutant by what it changes: stable over other edits to the module. Lines are without indentation."""

    module: str
    function: str
    removed: str
    added: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutant, and what became of it; `change` is what a survivor changes."""

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


def record(
    mutants: Sequence[Mutant], sources: Mapping[str, str], single: Mapping[str, str], earlier: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the outcome as a document: counts, also by module, and the survivors.

    `sources` are the modules all of whose mutants were run, and what tells their texts from others; `single` the other
    mutants that were run, and their modules. What `earlier` says of any that was not run stays.
    """
    told_before = {name: counted for name, counted in earlier["modules"].items() if name not in sources}
    counts = {name: Counter({each: counted[each] for each in VERDICTS}) for name, counted in told_before.items()}
    kept = [each for each in earlier["survived"] if each["module"] in counts and each["mutant"] not in single]
    counts |= {name: Counter() for name in sources}
    for module in single.values():
        counts[module]["survived"] -= 1
    for mutant in mutants:
        counts[mutant.module][mutant.verdict] += 1
    lived = [{"mutant": mutant.name, **asdict(mutant.change)} for mutant in mutants if mutant.change is not None]
    total = sum(counts.values(), Counter())
    return {
        "total": total.total(),
        "killed": total["killed"] + total["timeout"],
        "timeouts": total["timeout"],
        "modules": {
            name: {verdict: counts[name][verdict] for verdict in VERDICTS}
            | {"source": sources.get(name) or told_before[name]["source"]}
            for name in sorted(counts)
        },
        "survived": sorted([*kept, *lived], key=lambda each: (each["module"], each["function"], each["mutant"])),
    }


def changes_of(outcome: Mapping[str, Any]) -> list[Change]:
    """List what survivors change, each change once, though several mutants make it."""
    return sorted({change_in(each) for each in outcome["survived"]})


def change_in(survivor: Mapping[str, str]) -> Change:
    """Read what a survivor of a record changes."""
    return Change(survivor["module"], survivor["function"], survivor["removed"], survivor["added"])


def told(outcome: Mapping[str, Any], reasons: Mapping[Change, str]) -> str:
    """Say it in words."""
    lines = [f"{'module':24}{'killed':>8}{'timeout':>9}{'survived':>10}"]
    for name, counts in outcome["modules"].items():
        lines.append(f"{name:24}{counts['killed']:>8}{counts['timeout']:>9}{counts['survived']:>10}")
    lines.append(f"{outcome['killed']:,} of {outcome['total']:,} die")
    changes = changes_of(outcome)
    for change in changes:
        lines += ["", f"{change.module}.{change.function}: {reasons.get(change, 'NO ARGUMENT')}"]
        lines += [f"  - {line}" for line in change.removed.splitlines()]
        lines += [f"  + {line}" for line in change.added.splitlines()]
    stale = [change for change in sorted(reasons) if change.module in outcome["modules"] and change not in changes]
    lines += [f"argued for in vain: {change.module}.{change.function}: {change.added}" for change in stale]
    lines.append(f"\n{sum(change not in reasons for change in changes)} survivors without an argument")
    return "\n".join(lines)
