"""Findings as SARIF results.

Code scanning shows one location of a result and draws it in a file of the checkout, if it has one. So the first
location is the Dockerfile or source line where that is known, else the path inside the image under the image's short
name. The exact place (nested archives, bytes of a binary) is a related location.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgscan.report.base import layer_of, shorten
from imgscan.report.sarif.artifacts import LARGEST
from imgscan.report.sarif.markup import layer_text, message, result_text
from imgscan.report.sarif.names import NESTED, file_uri, location_uri
from imgscan.report.words import origin_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgscan.model import Finding, Location, Origin, TargetReport
    from imgscan.report.sarif.artifacts import Artifacts

REDACTED = "[REDACTED]"
"""What stands for the missing part of a key in a snippet; the run names it in `redactionTokens`."""

_LONGEST_PROPERTY = 1000  # an instruction may be a long script, and 5,000 results may repeat it


def result(
    report: TargetReport, finding: Finding, artifacts: Artifacts, rule_indexes: Mapping[str, int]
) -> dict[str, Any]:
    """Turn one finding into a result."""
    rule_index = rule_indexes.get(finding.rule_id)
    related = _related(report, finding, artifacts)
    return {
        "ruleId": finding.rule_id,
        **({} if rule_index is None else {"ruleIndex": rule_index}),
        "level": finding.level,
        "message": message(result_text(report, finding)),
        "locations": [_first_location(report, finding, artifacts)],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {
            # The only one that GitHub compares. It cannot compute it: the file is in no checkout.
            "primaryLocationLineHash": finding.fingerprint,
            "imgscanFinding/v1": finding.fingerprint,
        },
        **_acceptance(finding),
        "properties": _properties(report, finding),
    }


def _acceptance(finding: Finding) -> dict[str, Any]:
    """Mark what was there before and has been accepted (2.1.0, sections 3.27.24 and 3.35); nothing for new findings."""
    if finding.status != "baseline":
        return {}
    accepted = {"kind": "external", "status": "accepted", "justification": "Accepted in imgscan's baseline."}
    return {"baselineState": "unchanged", "suppressions": [accepted]}


def _first_location(report: TargetReport, finding: Finding, artifacts: Artifacts) -> dict[str, Any]:
    location = finding.location
    if finding.origin is None:
        physical = {
            "artifactLocation": {"uri": location_uri(report, location.path, location.path_bytes)},
            "region": _region(location, finding),
        }
    else:
        physical = _origin(finding.origin)
    return {"physicalLocation": physical, **_logical(artifacts, location)}


def _origin(origin: Origin) -> dict[str, Any]:
    line = max(origin.line, 1)
    # The column of a key in the image says nothing of the source: the whole line is marked.
    return {
        "artifactLocation": {"uri": file_uri(origin_file(origin))},
        "region": {"startLine": line, "startColumn": 1, "endLine": line + 1, "endColumn": 1},
    }


def _related(report: TargetReport, finding: Finding, artifacts: Artifacts) -> list[dict[str, Any]]:
    location = finding.location
    places = []
    if report.kind == "image" or NESTED in location.path or location.line is None:
        places.append({"artifactLocation": artifacts.file(location), **_exact_region(location, finding)})
    if finding.origin is not None:
        uri = location_uri(report, location.path, location.path_bytes)
        places.append({"artifactLocation": {"uri": uri}, "region": _region(location, finding)})
    where = "Where the key is"
    if location.layer is not None:
        where += f": {layer_text(report, location.layer)}"
    return [
        {
            "id": number,
            "physicalLocation": place,
            **_logical(artifacts, location),
            "message": message(where + "."),
        }
        for number, place in enumerate(places, 1)
    ]


def _logical(artifacts: Artifacts, location: Location) -> dict[str, Any]:
    names = artifacts.logical_location(location.layer)
    return {"logicalLocations": names} if names else {}


def _region(location: Location, finding: Finding) -> dict[str, Any]:
    """Mark the carrier; line 1, column 1 where there are no lines, because code scanning asks for four numbers."""
    line, column = _number(location.line), _number(location.column)
    end_line, end_column = line, column + 1
    if location.line is not None and location.end_line is not None and location.end_column is not None:
        end = _number(location.end_line), _number(location.end_column)
        if end > (line, column):
            end_line, end_column = end
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
        "snippet": {"text": snippet(finding)},
    }


def _number(value: int | None) -> int:
    """Make a line or column of anything; one less than the largest, so that a column may follow it."""
    return min(max(value or 1, 1), LARGEST - 1)


def _exact_region(location: Location, finding: Finding) -> dict[str, Any]:
    if location.line is not None:
        return {"region": _region(location, finding)}
    length = max(location.length or 0, 0)
    if location.offset is None or not 0 <= location.offset <= LARGEST - length:
        return {}
    region = {"byteOffset": location.offset, "byteLength": length}
    return {"region": {**region, "snippet": {"text": snippet(finding)}}}


def snippet(finding: Finding) -> str:
    """Show the key as the region holds it, the missing part as SARIF's redaction token."""
    return finding.secret.redacted.replace("…", REDACTED)


def _properties(report: TargetReport, finding: Finding) -> dict[str, Any]:
    location, secret = finding.location, finding.secret
    layer = None if location.layer is None else layer_of(report, location.layer)
    visibility = finding.visibility
    values = {
        "layerIndex": location.layer,
        "layerDigest": None if layer is None or layer.digest is None else str(layer.digest),
        "layerDiffId": None if layer is None or layer.diff_id is None else str(layer.diff_id),
        "layerCreatedBy": None
        if layer is None or layer.created_by is None
        else shorten(layer.created_by, _LONGEST_PROPERTY),
        "visibility": None if visibility is None else visibility.state,
        "removedInLayer": None if visibility is None else visibility.layer,
        "confidence": finding.confidence,
        "encoding": location.encoding,
        "field": location.field,
        "offset": location.offset if location.line is None else None,
        "commit": location.commit,
        "authored": location.authored,
        "mode": secret.mode,
        "account": secret.account,
        "accountCreated": secret.account_created,
    }
    return {key: value for key, value in values.items() if value is not None}
