"""Reports: each format is a view of the same values, and none of them contains a secret.

A report object is made for each output file. Formats are imported when they are requested, so that starting the
program stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.report.base import Report, ReportContext

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORMATS", "Report", "ReportContext", "may_reveal", "open_report"]


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


class _Format(NamedTuple):
    """A registered format: what opens a report, and whether it may contain whole secrets if the user asks for them.

    Most reports are made to be shared, so a format has to declare that it may.
    """

    open: Callable[[ReportContext], Report]
    reveals: bool = False


_FORMATS = {
    "text": _Format(_text, reveals=True),
    "json": _Format(_json, reveals=True),
    "jsonl": _Format(_jsonl, reveals=True),
    "sarif": _Format(_sarif),
    "gitlab": _Format(_gitlab),
    "markdown": _Format(_markdown),
    "html": _Format(_html),
}

FORMATS: tuple[str, ...] = tuple(_FORMATS)
"""The names that `open_report` takes, the default first."""


def may_reveal(format: str) -> bool:  # noqa: A002 - the word users type: --format
    """Whether the named format declares that whole secrets may be in its reports; KeyError as `open_report`."""
    return _FORMATS[format].reveals


def open_report(format: str, context: ReportContext) -> Report:  # noqa: A002
    """Make a report of the named format; KeyError if there is no such format."""
    return _FORMATS[format].open(context)
