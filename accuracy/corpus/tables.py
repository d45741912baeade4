"""The figures of the corpus as tables, for the terminal or in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accuracy.corpus.count import FAULTS, Row
from accuracy.corpus.kinds import KINDS, TIERS
from accuracy.corpus.scanners import KEYS
from accuracy.layout import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accuracy.corpus.count import DecoyRow, Tally
    from accuracy.corpus.inside import Inside
    from accuracy.corpus.scanners import Score


def ways(tallies: Mapping[str, Tally], *, markup: bool) -> list[str]:
    """Sum up each way of scanning."""
    faults = [fault for fault in FAULTS if any(tally.total.faults[fault] for tally in tallies.values())]
    head = ("how it is scanned", "cases", "found", "whole", *faults, "decoy files", "false alarms", "low confidence")
    rows = []
    for way, tally in tallies.items():
        total = tally.total
        files, low = (sum(getattr(row, name) for row in tally.decoys.values()) for name in ("files", "low"))
        looks = (files, tally.alarms, low) if tally.decoys else ("", "", "")
        rows.append((way, total.cases, total.found, total.whole, *(total.faults[fault] for fault in faults), *looks))
    return table(head, rows, markup=markup)


def _share(row: Row | None) -> str:
    if row is None:
        return ""
    return f"{row.cases:,}" if row.whole == row.cases else f"{row.whole:,} of {row.cases:,}"


def by_carrier(tally: Tally, *, markup: bool) -> list[str]:
    """Return recall by carrier, and the cases of each tier."""
    rows: dict[str, dict[str, Row]] = {}
    for (carrier, kind), cell in tally.cells.items():
        row = rows.setdefault(carrier, {}).setdefault(KINDS[kind].tier, Row())
        row.merge(cell)
    recall = tally.by(0)
    return table(
        ("carrier", "recall", *(f"tier {tier}" for tier in TIERS)),
        [
            (name, _percent(recall[name].found, recall[name].cases), *(_share(row.get(tier)) for tier in TIERS))
            for name, row in rows.items()
        ],
        markup=markup,
    )


def by_kind(tally: Tally, *, markup: bool) -> list[str]:
    """Return recall by kind."""
    rows = tally.by(1)
    return table(
        ("kind", "tier", "recall", "cases", "found", "whole"),
        [
            (name, kind.tier, _percent(rows[name].found, rows[name].cases), rows[name].cases, rows[name].found,
             rows[name].whole)
            for name, kind in KINDS.items()
            if name in rows
        ],
        markup=markup,
    )  # fmt: skip


def contained(rows: Mapping[str, Inside], *, markup: bool) -> list[str]:
    """Tell of each container format and chain how many keys in it were found at the right place, once."""
    cells = [(name, f"{row.cases:,}", f"{row.whole:,}") for name, row in rows.items()]
    cells.append(
        ("all", f"{sum(row.cases for row in rows.values()):,}", f"{sum(row.whole for row in rows.values()):,}")
    )
    return table(("container", "cases", "whole"), cells, markup=markup)


def by_decoy(tally: Tally, *, markup: bool) -> list[str]:
    """Return the false alarms of each class of decoys."""
    return table(
        ("decoys", "files", "kB", "false alarms", "low confidence"),
        [(name, row.files, -(-row.size // 1000), row.alarms, row.low) for name, row in sorted(tally.decoys.items())],
        markup=markup,
    )


def _percent(part: int, whole: int) -> str:
    """Return a share, never rounded up to all."""
    if part == whole:
        return "100 %"
    return f"{min(part * 100 / whole, 99.99):.2f} %" if whole else ""


def compared(scores: Mapping[str, Score], *, markup: bool) -> list[str]:
    """Set scanners side by side: found whole, and touched, by family of carriers."""
    cases = next(iter(scores.values())).cases
    families: dict[str, list[str]] = {}
    for carrier in cases:
        if carrier != KEYS:
            families.setdefault(carrier.partition(":")[0], []).append(carrier)
    families["all"] = [name for names in families.values() for name in names]
    families[KEYS] = [KEYS]
    rows: list[tuple[object, ...]] = []
    for family, names in families.items():
        cells = (
            _pair(sum(score.whole[name] for name in names), sum(score.touched[name] for name in names))
            for score in scores.values()
        )
        rows.append((family, sum(cases[name] for name in names), *cells))
    first = table(("carriers: whole + touched", "cases", *scores), rows, markup=markup)
    own = next(iter(scores.values())).decoys
    alarms = [[_pair(each.alarms, each.others) for each in _of(scores, group)] for group in sorted(own)]
    rows = [(group, own[group].files, *row) for group, row in zip(sorted(own), alarms, strict=True)]
    sums = [
        _pair(*(sum(getattr(row, name) for row in score.decoys.values()) for name in ("alarms", "others")))
        for score in scores.values()
    ]
    rows.append(("all", sum(row.files for row in own.values()), *sums))
    return [*first, "", *table(("decoys: named after Stripe + others", "files", *scores), rows, markup=markup)]


def _of(scores: Mapping[str, Score], group: str) -> list[DecoyRow]:
    return [score.decoys[group] for score in scores.values()]


def _pair(one: int, other: int) -> str:
    return f"{one:,} + {other:,}" if other else f"{one:,}"


def printed(tallies: Mapping[str, Tally], scores: Mapping[str, Score]) -> str:
    """Return the tables for a terminal."""
    first = next(iter(tallies.values()))
    parts = [by_carrier(first, markup=False), by_kind(first, markup=False), by_decoy(first, markup=False)]
    if scores:
        parts.append(compared(scores, markup=False))
    parts.append(ways(tallies, markup=False))
    return "\n\n".join("\n".join(lines) for lines in parts)
