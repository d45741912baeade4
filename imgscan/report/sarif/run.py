"""One run: an image (one platform of it), a directory or a repository, with its findings and what was not scanned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgscan.report._json import indented
from imgscan.report.base import plural
from imgscan.report.grouped import worst
from imgscan.report.sarif.artifacts import Artifacts
from imgscan.report.sarif.markup import escape, message
from imgscan.report.sarif.names import location_uri
from imgscan.report.sarif.results import REDACTED, result, snippet
from imgscan.report.sarif.rules import driver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgscan.model import Diagnostic, Finding, Status, TargetReport
    from imgscan.report.base import ReportContext

MOST_RESULTS = 5000
"""How many results of a run GitHub keeps; it accepts 25,000."""

_RESULTS = 4
"""How deep results are in the document."""


def run(report: TargetReport, context: ReportContext, identity: str) -> dict[str, Any]:
    """Turn one target's result into a run, its results as an iterator; `identity` is its `automationDetails.id`."""
    kept, left_out = select(report, context)
    artifacts = Artifacts(report)
    rule_indexes = {rule.id: index for index, rule in enumerate(context.rules)}
    # Serialised at once, before the artifacts that they refer to are: bytes are a fraction of the size of the objects.
    results = [indented(result(report, finding, artifacts, rule_indexes), depth=_RESULTS) for finding in kept]
    notifications = [_notification(report, diagnostic, artifacts) for diagnostic in report.diagnostics]
    if left_out:
        notifications.append(_cut(left_out))
    document = {
        "tool": {"driver": driver(context.version, context.rules)},
        "automationDetails": {"id": identity},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                # False would make GitHub drop the analysis; what went wrong is in the notifications.
                "executionSuccessful": True,
                **({"toolExecutionNotifications": notifications} if notifications else {}),
            }
        ],
        "artifacts": artifacts.table,
        "logicalLocations": artifacts.logical,
        "results": iter(results),
    }
    if not artifacts.table:
        del document["artifacts"]
    if not artifacts.logical:
        del document["logicalLocations"]
    if any(REDACTED in snippet(finding) for finding in kept) or any(
        REDACTED in (layer.created_by or "") for layer in report.layers
    ):
        document["redactionTokens"] = [REDACTED]
    return document


def select(report: TargetReport, context: ReportContext) -> tuple[Sequence[Finding], int]:
    """Choose the findings that become results, in report order, and count those that are too many.

    Accepted and documented ones are left out: code scanning would open alerts for them, since it does not honour
    suppressions on upload. `sarif_accepted` asks for the accepted ones, for readers that do. Of too many the most
    severe are kept, then the surest, then the first; new ones before all others.
    """
    shown: tuple[Status, ...] = ("new", "baseline") if context.sarif_accepted else ("new",)
    return worst(report.findings, shown, MOST_RESULTS, context.rules)


def _notification(report: TargetReport, diagnostic: Diagnostic, artifacts: Artifacts) -> dict[str, Any]:
    text = escape(diagnostic.message or diagnostic.code)
    if diagnostic.path is not None:
        text = f"'{escape(diagnostic.path)}': {text}"
    location: dict[str, Any] = {}
    if diagnostic.path is not None:
        location["physicalLocation"] = {"artifactLocation": {"uri": location_uri(report, diagnostic.path)}}
    if names := artifacts.logical_location(diagnostic.layer):
        location["logicalLocations"] = names
    properties = {"layerIndex": diagnostic.layer, "bytes": diagnostic.bytes}
    known = {key: value for key, value in properties.items() if value is not None}
    return {
        "descriptor": {"id": diagnostic.code},
        "level": "error" if diagnostic.severity == "error" else "warning",
        "message": message(text if text.endswith((".", "!", "?")) else text + "."),
        **({"locations": [location]} if location else {}),
        **({"properties": known} if known else {}),
    }


def _cut(left_out: int) -> dict[str, Any]:
    return {
        "descriptor": {"id": "results-cut"},
        "level": "warning",
        "message": message(
            f"{plural(left_out, 'finding')} left out: code scanning keeps {MOST_RESULTS:,} results of a run. "
            "The most severe are here; the JSON report has all of them."
        ),
    }
