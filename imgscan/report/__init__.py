"""Findings, told: each format is a view of the same values, and none of them holds a secret.

A report object is made for each output file. Formats are imported when they are asked for, so that starting the
program stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.report.base import Report, ReportContext

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORMATS", "Report", "ReportContext", "open_report"]


def _text(context: ReportContext) -> Report:
    from imgscan.report.text import TextReport  # noqa: PLC0415

    return TextReport(context)


def _json(context: ReportContext) -> Report:
    from imgscan.report.json import JsonReport  # noqa: PLC0415

    return JsonReport(context)


def _jsonl(context: ReportContext) -> Report:
    from imgscan.report.jsonl import JsonLinesReport  # noqa: PLC0415

    return JsonLinesReport(context)


def _sarif(context: ReportContext) -> Report:
    from imgscan.report.sarif import SarifReport  # noqa: PLC0415

    return SarifReport(context)


def _gitlab(context: ReportContext) -> Report:
    from imgscan.report.gitlab import GitlabReport  # noqa: PLC0415

    return GitlabReport(context)


def _markdown(context: ReportContext) -> Report:
    from imgscan.report.markdown import MarkdownReport  # noqa: PLC0415

    return MarkdownReport(context)


def _html(context: ReportContext) -> Report:
    from imgscan.report.html import HtmlReport  # noqa: PLC0415

    return HtmlReport(context)


_OPENERS: dict[str, Callable[[ReportContext], Report]] = {
    "text": _text,
    "json": _json,
    "jsonl": _jsonl,
    "sarif": _sarif,
    "gitlab": _gitlab,
    "markdown": _markdown,
    "html": _html,
}

FORMATS: tuple[str, ...] = tuple(_OPENERS)
"""The names that `open_report` takes, the default first."""


def open_report(format: str, context: ReportContext) -> Report:  # noqa: A002 - the word users type: --format
    """Make a report of the named format; KeyError if there is none of that name."""
    return _OPENERS[format](context)
