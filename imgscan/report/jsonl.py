"""The JSON Lines report: the JSON report's values, one object per line, written as each target is resolved.

Each line has a `type`: `target`, then the target's `layer`, `finding` and `diagnostic` lines, then its `summary`,
which also holds `stats`. Fields are those of schema `imgscan/1`; a `target` line names schema and program too, so a
reader may begin at any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from imgscan.model import SCHEMA
from imgscan.report._json import compact
from imgscan.report.json import (
    diagnostic_view,
    finding_view,
    identity_view,
    layer_view,
    stats_view,
    summary_view,
    tool_view,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.model import TargetReport
    from imgscan.report.base import ReportContext


class JsonLinesReport:
    """Lines that are whole by themselves, so a reader may follow a scan."""

    def __init__(self, context: ReportContext) -> None:
        self._context = context

    def start(self, out: BinaryIO) -> None:
        """Nothing: lines need no frame."""

    def target(self, report: TargetReport, out: BinaryIO) -> None:
        """Write the target's lines."""
        out.writelines(compact(line) + b"\n" for line in _lines(report, self._context.version))

    def finish(self, out: BinaryIO) -> None:
        """Nothing: lines need no frame."""


def _lines(report: TargetReport, version: str) -> Iterator[dict[str, Any]]:
    yield {"type": "target", "schema": SCHEMA, "tool": tool_view(version), **identity_view(report)}
    for layer in report.layers:
        yield {"type": "layer", **layer_view(layer)}
    for finding in report.findings:
        yield {"type": "finding", **finding_view(finding, git=report.kind == "git")}
    for diagnostic in report.diagnostics:
        yield {"type": "diagnostic", **diagnostic_view(diagnostic)}
    yield {"type": "summary", **summary_view(report), "stats": stats_view(report)}
