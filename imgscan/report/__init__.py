"""Reports: each format is a view of the same values, and none of them contains a secret.

A report object is made for each output file. Formats are imported when they are requested, so that starting the
program stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.report.base import Report, ReportContext

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORMATS", "Report", "ReportContext", "may_reveal", "open_report", "summary"]


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
    """A registered format: what opens a report, what it is for, and whether it may contain whole secrets.

    `summary` is the format's line in the reference, in Markdown. Most reports are made to be shared, so a format has
    to declare that it may contain whole secrets if the user asks for them.
    """

    open: Callable[[ReportContext], Report]
    summary: str
    reveals: bool = False


_FORMATS = {
    "text": _Format(_text, "for people; grouped by layer, each key listed once with all its places", reveals=True),
    "json": _Format(
        _json, "for programs: schema `imgscan/1`, see [schema/report.json](schema/report.json)", reveals=True
    ),
    "jsonl": _Format(_jsonl, "the same, one object per line, written while the scan runs", reveals=True),
    "sarif": _Format(_sarif, "SARIF 2.1.0, for code scanning; at most 5,000 findings per target"),
    "gitlab": _Format(_gitlab, "GitLab's secret detection report, version 15.0; at most 100,000 findings"),
    "markdown": _Format(_markdown, "for job summaries and comments on merge requests, at most 1 MiB"),
    "html": _Format(_html, "one self-contained file, with search, filters and a print layout; at most 2,000 places"),
}
"""A new format is a module of this package, a function above that imports it, and an entry here."""

FORMATS: tuple[str, ...] = tuple(_FORMATS)
"""The names that `open_report` takes, the default first."""


def may_reveal(format: str) -> bool:  # noqa: A002 - the word users type: --format
    """Whether the named format declares that whole secrets may be in its reports; KeyError as `open_report`."""
    return _FORMATS[format].reveals


def summary(format: str) -> str:  # noqa: A002 - as above
    """Say in a few words of Markdown what the named format is for; KeyError as `open_report`."""
    return _FORMATS[format].summary


def open_report(format: str, context: ReportContext) -> Report:  # noqa: A002 - as above
    """Make a report of the named format; KeyError if there is no such format."""
    return _FORMATS[format].open(context)
