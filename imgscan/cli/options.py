"""The options that the scanning commands share, each declared once; `imgscan.cli.request` reads their values.

A declaration is also a setting (`imgscan.cli.settings`) and a row of the reference.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from imgscan.model import CONFIDENCES, LEVELS
from imgscan.report import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

Command = TypeVar("Command", bound="Callable[..., Any]")


def report_options(command: Command) -> Command:
    """Add the options that say what is reported, where it goes, and which exit code results."""
    return _add(
        command,
        click.option(
            "-f",
            "--format",
            "formats",
            multiple=True,
            type=click.Choice(FORMATS),
            help="Report format (default: text).",
        ),
        click.option(
            "-o",
            "--output",
            "outputs",
            multiple=True,
            metavar="FILE",
            help="Where to write the format of the preceding -f; with -o - or without -o, to standard output.",
        ),
        click.option(
            "--fail-on",
            type=click.Choice((*LEVELS, "never")),
            default="warning",
            show_default=True,
            help="Exit with 1 if there is a finding at this level or above.",
        ),
        click.option("--include", metavar="LIST", help="Also show: examples, publishable (comma-separated)."),
        click.option(
            "--min-confidence",
            type=click.Choice(CONFIDENCES[::-1]),
            default="medium",
            show_default=True,
            help="Hide findings less certain than this.",
        ),
        click.option(
            "--baseline",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="The file of accepted findings: see imgscan baseline.",
        ),
        click.option("--no-ignore", is_flag=True, help="Also show what .imgscanignore and comments suppress."),
    )


def run_options(jobs: str | None) -> Callable[[Command], Command]:
    """Return a decorator for the options of how a scan runs; `jobs` is what `--jobs` counts, None to leave it out."""
    counted = click.option(
        "--jobs", type=click.IntRange(1, 64), help=f"How many {jobs} to read at a time (default: one per processor)."
    )

    def add(command: Command) -> Command:
        return _add(
            command,
            *([] if jobs is None else [counted]),
            click.option(
                "--sarif-category", metavar="TEXT", help="The category under which code scanning files the results."
            ),
            click.option("--show-secrets", is_flag=True, help="Show whole credentials (terminal or -o FILE only)."),
            click.option("--no-cache", is_flag=True, help="Read everything again."),
            click.option("--no-progress", is_flag=True, help="Show no progress bar on standard error."),
            click.option("-q", "--quiet", is_flag=True, help="Print one line per finding, and the totals."),
            click.option("-v", "--verbose", count=True, help="Print more details; repeat for even more."),
        )

    return add


def limit_options(command: Command) -> Command:
    """Add the options that say where to stop reading containers, and what stopping means."""
    return _add(command, *(_limit(name, default, text) for name, default, text in _LIMITS), *_ENDS)


def _limit(name: str, default: int, text: str) -> Callable[[Command], Command]:
    variable = "IMGSCAN_" + name.upper().replace("-", "_")
    return click.option(
        f"--{name}", type=click.IntRange(min=0), default=default, show_default=True, envvar=variable, help=text
    )


_LIMITS = (
    ("max-depth", 8, "How deeply nested a container may be."),
    ("max-entry-bytes", 4 << 30, "How many bytes one file of a layer or folder may expand to."),
    ("max-bytes", 64 << 30, "How many bytes all containers in a layer, or in a file outside layers, may expand to."),
    ("max-ratio", 250, "How many times its size compressed content may expand to, beyond 256 MiB."),
    ("max-members", 2_000_000, "How many files one container may have."),
    ("max-spool", 8 << 30, "How many bytes of temporary files to use for containers that do not fit in memory."),
)
_ENDS = (
    click.option("--strict", is_flag=True, help="Exit with 2 also if anything was skipped."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Stop after this many seconds, with exit code 2.",
    ),
)


def _add(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
