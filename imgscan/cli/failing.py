"""What makes a run fail: the exit policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from imgscan.cli.exits import EXIT_CLEAN, EXIT_FINDINGS, EXIT_INCOMPLETE
from imgscan.model import LEVELS

if TYPE_CHECKING:
    from imgscan.model import Level, TargetReport

FailOn = Literal["error", "warning", "note", "never"]
"""A level of findings, or `never`."""


class ExitPolicy(NamedTuple):
    """Findings at level `fail_on` or above fail; if `strict`, skipped content makes a scan incomplete."""

    fail_on: FailOn
    strict: bool

    def code(self, report: TargetReport) -> int:
        """Return the exit code of one report. Findings that the baseline accepts do not fail."""
        if not report.whole or (self.strict and report.diagnostics):
            return EXIT_INCOMPLETE
        levels: tuple[Level, ...] = () if self.fail_on == "never" else LEVELS[: LEVELS.index(self.fail_on) + 1]
        failing = (finding for finding in report.findings if finding.status != "baseline")
        return EXIT_FINDINGS if any(finding.level in levels for finding in failing) else EXIT_CLEAN
