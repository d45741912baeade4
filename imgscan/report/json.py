"""The JSON report, schema `imgscan/1`: every value, for machines.

The functions here spell the schema out; field names and their order are a contract. Positions that only other
formats need (the end of a region, its length) are not in it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, BinaryIO

from imgscan.model import SCHEMA
from imgscan.report._json import Document, pieces

if TYPE_CHECKING:
    from imgscan.model import (
        Diagnostic,
        Digest,
        Finding,
        LayerInfo,
        Location,
        Origin,
        Secret,
        TargetReport,
        Visibility,
    )
    from imgscan.report.base import ReportContext


class JsonReport:
    """One document over all targets, written target by target and finding by finding."""

    def __init__(self, context: ReportContext) -> None:
        self._document = Document({"schema": SCHEMA, "tool": tool_view(context.version), "targets": []})

    def start(self, out: BinaryIO) -> None:
        """Nothing: the document begins with its first target."""

    def target(self, report: TargetReport, out: BinaryIO) -> None:
        """Write the target's part of the document."""
        self._document.item(pieces(target_view(report), depth=2), out)

    def finish(self, out: BinaryIO) -> None:
        """Write the rest."""
        self._document.finish(out)


def tool_view(version: str) -> dict[str, Any]:
    """Say which program wrote the report."""
    return {"name": "imgscan", "version": version}


def target_view(report: TargetReport) -> dict[str, Any]:
    """Spell out one target with all that belongs to it; its lists are iterators."""
    return {
        **identity_view(report),
        "layers": (layer_view(layer) for layer in report.layers),
        "findings": (finding_view(finding, git=report.kind == "git") for finding in report.findings),
        "diagnostics": (diagnostic_view(diagnostic) for diagnostic in report.diagnostics),
        "summary": summary_view(report),
        "stats": stats_view(report),
    }


def identity_view(report: TargetReport) -> dict[str, Any]:
    """Say what was scanned."""
    return {
        "target": report.target,
        "kind": report.kind,
        "reference": report.reference,
        "digest": _digest(report.digest),
        "config_digest": _digest(report.config_digest),
        "platform": report.platform,
    }


def layer_view(layer: LayerInfo) -> dict[str, Any]:
    """Spell out one layer."""
    return {
        "index": layer.index,
        "digest": _digest(layer.digest),
        "diff_id": _digest(layer.diff_id),
        "media_type": layer.media_type,
        "created_by": layer.created_by,
        "size": layer.size,
        "bytes": layer.bytes,
        "entries": layer.entries,
        "from_base": layer.from_base,
    }


def finding_view(finding: Finding, *, git: bool = False) -> dict[str, Any]:
    """Spell out one finding; `git` says that its target is a repository, where each location has a commit."""
    return {
        "rule_id": finding.rule_id,
        "title": finding.title,
        "level": finding.level,
        "confidence": finding.confidence,
        "status": finding.status,
        "secret": _secret(finding.secret),
        "location": _location(finding.location, git=git),
        "visibility": _visibility(finding.visibility),
        "origin": _origin(finding.origin),
        "fingerprint": finding.fingerprint,
    }


def diagnostic_view(diagnostic: Diagnostic) -> dict[str, Any]:
    """Spell out one thing that was not scanned."""
    return {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "layer": diagnostic.layer,
        "path": diagnostic.path,
        "bytes": diagnostic.bytes,
    }


def summary_view(report: TargetReport) -> dict[str, Any]:
    """Count what was found and what was left out of the list."""
    hidden = report.hidden
    secrets, by_level = report.tally()
    return {
        "secrets": secrets,
        "findings": len(report.findings),
        "by_level": by_level,
        "hidden": {
            "confidence": hidden.confidence,
            "examples": hidden.examples,
            "publishable": hidden.publishable,
            "ignored": hidden.ignored,
            "baseline": hidden.baseline,
        },
    }


def stats_view(report: TargetReport) -> dict[str, Any]:
    """Count what was read."""
    stats = report.stats
    return {
        "bytes": stats.bytes,
        "entries": stats.entries,
        "layers": stats.layers,
        "expanded": stats.expanded,
        "members": stats.members,
    }


def _digest(digest: Digest | None) -> str | None:
    return None if digest is None else str(digest)


def _secret(secret: Secret) -> dict[str, Any]:
    return {
        "redacted": secret.redacted,
        "sha256": secret.sha256,
        "length": secret.length,
        "mode": secret.mode,
        "account": secret.account,
        "account_created": secret.account_created,
    }


def _location(location: Location, *, git: bool) -> dict[str, Any]:
    view: dict[str, Any] = {"layer": location.layer, "path": location.path}
    if location.path_bytes is not None:
        view["path_bytes"] = base64.b64encode(location.path_bytes).decode("ascii")
    return view | {
        "line": location.line,
        "column": location.column,
        "offset": location.offset,
        "encoding": location.encoding,
        "field": location.field,
        **({"commit": location.commit, "authored": location.authored} if git or location.commit else {}),
    }


def _visibility(visibility: Visibility | None) -> dict[str, Any] | None:
    return None if visibility is None else {"state": visibility.state, "layer": visibility.layer}


def _origin(origin: Origin | None) -> dict[str, Any] | None:
    if origin is None:
        return None
    if origin.dockerfile is not None:
        return {"dockerfile": origin.dockerfile, "line": origin.line}
    return {"source": origin.source, "line": origin.line}
