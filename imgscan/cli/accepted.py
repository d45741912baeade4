"""What the user accepts, applied to each report before it is written: `.imgscanignore`, then the baseline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imgscan.cli.folders import upward
from imgscan.triage import baseline as baselines
from imgscan.triage import ignores

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date

    from imgscan.cli.request import ScanRequest
    from imgscan.model import TargetReport

_MOST_TOLD = 10


class Accepted:
    """What one run accepts. UsageError if a file is wrong, before anything is scanned."""

    def __init__(self, request: ScanRequest, rules: Collection[str], redact: Callable[[str], str]) -> None:
        """Read the files that `request` names, or the nearest ones; `rules` are the existing ids."""
        self._baseline = baselines.load(request.baseline) if request.baseline else None
        self._file = _nearest(Path.cwd()) if request.ignores else None
        self._ignores = ignores.load(self._file, rules, redact) if self._file else None
        self._used: set[int] = set()
        self._expired: dict[str, baselines.Acceptance] = {}

    def apply(self, report: TargetReport, today: date) -> TargetReport:
        """Leave out what is ignored, and mark what the baseline accepts today."""
        if self._ignores is not None:
            ignored = self._ignores.apply(report)
            self._used |= ignored.used
            report = ignored.report
        if self._baseline is not None:
            applied = self._baseline.apply(report, today)
            self._expired |= {entry.fingerprint: entry for entry in applied.expired}
            report = applied.report
        return report

    def tell(self, say: Callable[[str], None], *, verbose: bool) -> None:
        """Say which acceptances have expired and, if `verbose`, which lines suppress nothing."""
        expired = sorted(self._expired.values(), key=lambda entry: entry.fingerprint)
        for entry in expired[:_MOST_TOLD]:
            reason = f": {entry.reason}" if entry.reason else ""
            say(f"{entry.path}: {entry.redacted} was accepted until {entry.expires} ({entry.fingerprint}){reason}")
        if len(expired) > _MOST_TOLD:
            say(f"and {len(expired) - _MOST_TOLD} more entries of the baseline have expired")
        if verbose and self._ignores is not None:
            for line in self._ignores.lines:
                if line.line not in self._used:
                    say(f"{self._file}:{line.line}: suppresses nothing: {line.kind}:{line.value}")


def _nearest(folder: Path) -> Path | None:
    return next((file for place in upward(folder) if (file := place / ignores.FILE_NAME).is_file()), None)
