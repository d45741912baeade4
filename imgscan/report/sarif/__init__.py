"""The SARIF report: version 2.1.0, as GitHub code scanning accepts, shows and tracks it.

One run for each target. A run for each layer is not possible: code scanning takes 20 runs of a file, and rejects two
of the same tool and category.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from imgscan.report._json import Document, pieces
from imgscan.report.base import plural
from imgscan.report.sarif.names import category, distinct
from imgscan.report.sarif.run import run

if TYPE_CHECKING:
    from imgscan.model import TargetReport
    from imgscan.report.base import ReportContext

# The schema of 2.1.0 with errata 01, at its permanent address.
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

MOST_RUNS = 20
"""How many runs of one file code scanning takes; it rejects a file that has more."""


class SarifReport:
    """One document over all targets, written target by target."""

    def __init__(self, context: ReportContext) -> None:
        self._context = context
        self._document = Document({"$schema": SCHEMA, "version": "2.1.0", "runs": []})
        self._runs: set[str] = set()

    def start(self, out: BinaryIO) -> None:
        """Nothing: the document begins with its first target."""

    def target(self, report: TargetReport, out: BinaryIO) -> None:
        """Write the target's run, under a category that no other run of the file has."""
        identity = distinct(category(report, self._context.sarif_category), self._runs)
        self._runs.add(identity)
        self._document.item(pieces(run(report, self._context, identity), depth=2), out)

    def finish(self, out: BinaryIO) -> None:
        """Write the rest."""
        self._document.finish(out)
        if len(self._runs) > MOST_RUNS:
            self._context.warn(
                f"the SARIF report has {plural(len(self._runs), 'run')}, one per target; GitHub code scanning accepts "
                f"{MOST_RUNS} per file: scan the targets in several runs, each with its own -o and --sarif-category"
            )
