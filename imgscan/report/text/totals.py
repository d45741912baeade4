"""The last line: what was found, what was read, and whether that was all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgscan.model import LEVELS
from imgscan.packed import Distinct
from imgscan.report.base import human_bytes, plural

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from imgscan.model import TargetReport
    from imgscan.report.text.style import Style


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over targets. A secret that several targets hold counts once."""

    targets: int = 0
    secrets: Distinct = field(default_factory=Distinct)
    levels: tuple[int, ...] = (0,) * len(LEVELS)
    accepted: int = 0
    bytes: int = 0
    entries: int = 0
    layers: int = 0
    expanded: int = 0
    members: int = 0
    errors: int = 0
    skipped: int = 0
    bytes_not_read: int = 0

    @classmethod
    def of(cls, report: TargetReport) -> Self:
        """Count one target."""
        errors = sum(1 for diagnostic in report.diagnostics if diagnostic.severity == "error")
        by_level = dict.fromkeys(LEVELS, 0)
        accepted = 0

        def secrets() -> Iterator[str]:
            nonlocal accepted
            for finding in report.findings:
                by_level[finding.level] += 1
                accepted += finding.status == "baseline"
                yield finding.secret.sha256

        return cls(
            targets=1,
            secrets=Distinct(secrets()),
            levels=tuple(by_level[level] for level in LEVELS),
            accepted=accepted,
            bytes=report.stats.bytes,
            entries=report.stats.entries,
            layers=report.stats.layers,
            expanded=report.stats.expanded,
            members=report.stats.members,
            errors=errors,
            skipped=len(report.diagnostics) - errors,
            bytes_not_read=sum(diagnostic.bytes or 0 for diagnostic in report.diagnostics),
        )

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            targets=self.targets + other.targets,
            secrets=self.secrets | other.secrets,
            levels=tuple(mine + theirs for mine, theirs in zip(self.levels, other.levels, strict=True)),
            accepted=self.accepted + other.accepted,
            bytes=self.bytes + other.bytes,
            entries=self.entries + other.entries,
            layers=self.layers + other.layers,
            expanded=self.expanded + other.expanded,
            members=self.members + other.members,
            errors=self.errors + other.errors,
            skipped=self.skipped + other.skipped,
            bytes_not_read=self.bytes_not_read + other.bytes_not_read,
        )


def totals_line(totals: Totals, style: Style) -> str:
    """Write the totals on one line, however long: logs are searched by line."""
    if totals.secrets:
        levels = ", ".join(plural(count, level) for level, count in zip(LEVELS, totals.levels, strict=True) if count)
        places = plural(sum(totals.levels), "place")
        accepted = f", {totals.accepted:,} of them accepted in the baseline" if totals.accepted else ""
        found = f"{plural(len(totals.secrets), 'secret')} in {places}: {levels}{accepted}"
        painted = style.paint(found, "bold", "red" if totals.levels[0] else "yellow")
    else:
        painted = style.paint("No Stripe secrets found", "bold", "yellow" if totals.errors else "green")
    return f"{painted} · {_coverage(totals, style)}"


def _coverage(totals: Totals, style: Style) -> str:
    if totals.layers:
        amounts = [plural(totals.entries, "entry", "entries"), plural(totals.layers, "layer")]
    else:
        amounts = [plural(totals.entries, "file")]
    if totals.expanded:
        amounts.append(f"and {human_bytes(totals.expanded)} in {plural(totals.members, 'file')} inside of them")
    read = ", ".join([human_bytes(totals.bytes), *amounts])
    size = f" ({human_bytes(totals.bytes_not_read)})" if totals.bytes_not_read else ""
    if totals.errors:
        skipped = f" and {totals.skipped:,} skipped" if totals.skipped else ""
        lack = f"INCOMPLETE: {plural(totals.errors, 'error')}{skipped}{size}"
        return f"{style.paint(lack, 'bold', 'red')}; read {read}"
    if totals.skipped:
        return f"read {read}; {style.paint(f'skipped {totals.skipped:,}{size}', 'yellow')}"
    return f"read everything: {read}"
