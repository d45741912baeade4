"""Message text for SARIF.

SARIF reads markup even in plain text: `[text](target)` is a link (2.1.0, section 3.11.6) and `{0}` a placeholder
(3.11.5). A file may be named so, hence everything that is not our own sentence is escaped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from imgscan.gate import printable
from imgscan.report.base import instruction, layer_number, layer_of, shorten
from imgscan.report.words import IN_HISTORY, commit, in_description

if TYPE_CHECKING:
    from imgscan.model import Finding, TargetReport

_CREATED_BY_WIDTH = 100  # an instruction may be a script of many lines; the layer's artifact has all of it
_MARKUP = re.compile(r"[\\\[\]]")


def message(text: str) -> dict[str, Any]:
    """Wrap text that is already escaped."""
    return {"text": text}


def escape(text: str) -> str:
    """Make foreign text safe within a message, and visible."""
    shown = _MARKUP.sub(lambda match: "\\" + match.group(), printable(text))
    return shown.replace("{", "{{").replace("}", "}}")


def result_text(report: TargetReport, finding: Finding) -> str:
    """Say in full sentences what was found, where, whether it is still to be seen, and what it opens."""
    location = finding.location
    place = f"{escape(finding.title)} '{escape(finding.secret.redacted)}' in '{escape(location.path)}'"
    if location.field is not None:
        place += f", field '{escape(location.field)}'"
    if location.layer is not None:
        place += f" ({layer_text(report, location.layer)})"
    sentences = [place]
    if location.encoding != "plain":
        sentences.append(f"Encoding '{escape(location.encoding)}'")
    if (brought := commit(finding)) is not None:
        sentences.append(escape(brought.capitalize()))
    if life := life_text(report, finding):
        sentences.append(life)
    if finding.secret.account is not None:
        account = f"Account '{escape(finding.secret.account)}'"
        if finding.secret.account_created is not None:
            account += f", created {escape(finding.secret.account_created[:10])}"
        sentences.append(account)
    return ". ".join(sentences) + "."


def layer_text(report: TargetReport, index: int) -> str:
    """Name a layer: number, digest, instruction."""
    parts = [layer_number(report, index)]
    layer = layer_of(report, index)
    if layer is not None:
        digest = layer.digest or layer.diff_id
        if digest is not None:
            parts.append(escape(digest.short))
        if layer.created_by:
            parts.append(f"'{escape(shorten(instruction(layer.created_by), _CREATED_BY_WIDTH))}'")
    return ", ".join(parts)


def life_text(report: TargetReport, finding: Finding) -> str:
    """Say what became of the file, without a full stop; empty if nothing can be said."""
    visibility = finding.visibility
    if visibility is None:
        return "Anyone who can pull the image can read it" if in_description(report, finding) else ""
    if report.kind == "git":
        return IN_HISTORY[visibility.state].capitalize()
    if visibility.state == "visible":
        return "Visible in the finished image"
    by = "" if visibility.layer is None else layer_number(report, visibility.layer)
    if visibility.state == "deleted":
        return f"Deleted in {by or 'a later layer'}, but still readable"
    return f"Overwritten by {by or 'a later layer'}, but still readable"
