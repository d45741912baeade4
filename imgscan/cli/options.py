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
    """Add the options that say what is reported, where to, and how it ends."""
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
            help="Where the -f before it goes; a format without -o goes to standard output.",
        ),
        click.option(
            "--fail-on",
            type=click.Choice((*LEVELS, "never")),
            default="warning",
            show_default=True,
            help="Exit with 1 if there is a finding of this level or above.",
        ),
        click.option("--include", metavar="LIST", help="Also show: examples, publishable (comma-separated)."),
        click.option(
            "--min-confidence",
            type=click.Choice(CONFIDENCES[::-1]),
            default="medium",
            show_default=True,
            help="Hide findings that are less certain.",
        ),
        click.option(
            "--baseline",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Findings that are accepted: see imgscan baseline.",
        ),
        click.option("--no-ignore", is_flag=True, help="Also show what .imgscanignore and comments suppress."),
    )


def run_options(jobs: str | None) -> Callable[[Command], Command]:
    """Give what adds the options that say how it is done; `jobs` is what `--jobs` counts, None for no such option."""
    counted = click.option(
        "--jobs", type=click.IntRange(1, 64), help=f"{jobs} to read at a time (default: one per processor)."
    )

    def add(command: Command) -> Command:
        return _add(
            command,
            *([] if jobs is None else [counted]),
            click.option(
                "--sarif-category", metavar="TEXT", help="The category that code scanning files the results under."
            ),
            click.option("--show-secrets", is_flag=True, help="Show whole credentials (terminal or -o FILE only)."),
            click.option("--no-cache", is_flag=True, help="Read everything again."),
            click.option("--no-progress", is_flag=True, help="No progress bar on standard error."),
            click.option("-q", "--quiet", is_flag=True, help="One line per finding, and the totals."),
            click.option("-v", "--verbose", count=True, help="Say more; repeat for still more."),
        )

    return add


def limit_options(command: Command) -> Command:
    """Add the options that say where to stop looking into containers, and what that means."""
    return _add(command, *(_limit(name, default, text) for name, default, text in _LIMITS), *_ENDS)


def _limit(name: str, default: int, text: str) -> Callable[[Command], Command]:
    variable = "IMGSCAN_" + name.upper().replace("-", "_")
    return click.option(
        f"--{name}", type=click.IntRange(min=0), default=default, show_default=True, envvar=variable, help=text
    )


_LIMITS = (
    ("max-depth", 8, "Containers inside containers to look into."),
    ("max-entry-bytes", 4 << 30, "Bytes that one file of a layer or folder may expand to."),
    ("max-bytes", 64 << 30, "Bytes that all containers of a layer, or of a file that is in none, may expand to."),
    ("max-ratio", 250, "Times its size that compressed content may expand to, beyond 256 MiB."),
    ("max-members", 2_000_000, "Files that one container may hold."),
    ("max-spool", 8 << 30, "Bytes in temporary files, for containers that do not fit into memory."),
)
_ENDS = (
    click.option("--strict", is_flag=True, help="Exit with 2 if anything was skipped, too."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Stop after this long, with exit code 2.",
    ),
)


def _add(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
