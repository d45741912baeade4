"""Pieces of markup: every foreign string goes through `text`, and nothing else makes markup of a value."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from imgscan.gate import printable
from imgscan.report.words import in_description

if TYPE_CHECKING:
    from imgscan.model import Finding, TargetReport

_URL = re.compile(r"https://[A-Za-z0-9./_-]+")


def text(value: str) -> str:
    """Make any string safe as text or as a quoted attribute, and visible: no bidi control turns a line around."""
    return html.escape(printable(value))


def path(value: str) -> str:
    """Show a path, which may be broken behind a slash; a copied path has no trace of that."""
    return text(value).replace("/", "/<wbr>")


def code(value: str, *, shown_as_path: bool = False) -> str:
    """Show a name as it is written."""
    return f"<code>{path(value) if shown_as_path else text(value)}</code>"


def link(url: str, words: str) -> str:
    """Link to the issuer's documentation; plain words where the address is not plainly one."""
    return f'<a href="{url}" rel="noreferrer">{text(words)}</a>' if _URL.fullmatch(url) else text(words)


def tail(value: str, length: int) -> str:
    """Keep the end of a path, which is what tells files apart; whole names of it where there are any."""
    shown = printable(value)
    if len(shown) <= length:
        return shown
    end = shown[1 - length :]
    slash = end.find("/")
    return f"…{end[max(slash, 0) :]}"


def fate(report: TargetReport, finding: Finding) -> str:
    """Name a finding's life for the filter and the style sheet."""
    if finding.visibility is not None:
        return finding.visibility.state
    return "description" if in_description(report, finding) else "unknown"


def layer_id(number: int, index: int) -> str:
    """Name a layer of a target within the page."""
    return f"t{number}-l{index}"
