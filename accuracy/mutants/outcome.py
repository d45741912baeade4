"""What became of the mutants: the record of a run, in which later runs continue, and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from accuracy.layout import table
from accuracy.mutants.change import Change, bare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Verdict = Literal["killed", "timeout", "left out", "survived"]
VERDICTS: tuple[Verdict, ...] = ("killed", "timeout", "left out", "survived")
"""`left out` are mutants that no test killed and that an exemption says cannot matter."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutant, and what became of it; `change` is what a survivor changes."""

    name: str
    module: str
    verdict: Verdict
    change: Change | None = None


def record(
    mutants: Sequence[Mutant], sources: Mapping[str, str], single: Mapping[str, str], earlier: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the outcome as a document: counts, also by module, and the survivors.

    `sources` are the modules all of whose mutants were run, and the hashes of their texts; `single` the other
    mutants that were run, and their modules. What `earlier` says of any that was not run stays.
    """
    before = {name: counted for name, counted in earlier["modules"].items() if name not in sources}
    counts = {name: Counter({each: counted[each] for each in VERDICTS}) for name, counted in before.items()}
    kept = [each for each in earlier["survived"] if each["module"] in counts and each["mutant"] not in single]
    counts |= {name: Counter() for name in sources}
    for module in single.values():
        counts[module]["survived"] -= 1
    for mutant in mutants:
        counts[mutant.module][mutant.verdict] += 1
    lived = [
        {"mutant": mutant.name, "module": mutant.module, "change": str(mutant.change)}
        for mutant in mutants
        if mutant.change is not None
    ]
    total = sum(counts.values(), Counter())
    return {
        "total": total.total(),
        "killed": total["killed"] + total["timeout"],
        "timeouts": total["timeout"],
        "left out": total["left out"],
        "modules": {
            name: {verdict: counts[name][verdict] for verdict in VERDICTS}
            | {"source": sources.get(name) or before[name]["source"]}
            for name in sorted(counts)
        },
        "survived": sorted([*kept, *lived], key=lambda each: (each["module"], each["change"], each["mutant"])),
    }


def changes_of(outcome: Mapping[str, Any]) -> list[Change]:
    """List what survivors change, each change once, though several mutants make it."""
    return sorted({change_in(each) for each in outcome["survived"]})


def change_in(survivor: Mapping[str, str]) -> Change:
    """Read what a survivor of a record changes."""
    return Change.read(survivor["change"])


def summary(outcome: Mapping[str, Any], reasons: Mapping[Change, str], stale: Iterable[Change]) -> str:
    """Say it in words: counts, survivors with their arguments, and arguments that are stale or of no survivor."""
    rows = [(name, *(counts[verdict] for verdict in VERDICTS)) for name, counts in outcome["modules"].items()]
    lines = table(("module", *VERDICTS), rows, markup=False)
    lines.append(f"{outcome['killed']:,} of {outcome['total']:,} die")
    changes = changes_of(outcome)
    for change in changes:
        lines += ["", f"{change.place}: {reasons.get(change, 'NO ARGUMENT')}"]
        lines += [f"  - {line}" for line in change.before.splitlines()]
        lines += [f"  + {line}" for line in change.after.splitlines()]
    gone = sorted(stale)
    lines += [f"stale, there is no such code: {change}" for change in gone]
    run = {bare(name) for name in outcome["modules"]}
    lines += [
        f"argued for in vain, it does not live: {change}"
        for change in sorted(reasons)
        if change.place.partition(".")[0] in run and change not in changes and change not in gone
    ]
    lines.append(f"\n{sum(change not in reasons for change in changes)} survivors without an argument")
    return "\n".join(lines)
