"""`imgscan git`: what a commit or a push would add, or what a history contains."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from imgscan.cli.options import limit_options, report_options, run_options
from imgscan.cli.pairing import PairedCommand
from imgscan.cli.request import Commits, request_of
from imgscan.cli.stdio import read_standard_input
from imgscan.cli.targets import scan_targets

_LARGEST_INPUT = 1 << 24


@click.command(cls=PairedCommand)
@click.argument("named", metavar="[RANGE | REMOTE [URL]]", nargs=-1)
@click.option("--staged", is_flag=True, help="What the next commit would add (the default).")
@click.option("--pre-push", is_flag=True, help="What a push would add, read as a pre-push hook of git or pre-commit.")
@click.option("--all-history", is_flag=True, help="Every commit and annotated tag that any reference reaches.")
@report_options
@limit_options
@run_options("objects")
@click.pass_context
def git(
    context: click.Context,
    /,
    named: tuple[str, ...],
    staged: bool,
    pre_push: bool,
    all_history: bool,
    **options: Any,
) -> int:
    """Scan what git commits add, without checking anything out.

    RANGE is what git rev-list accepts, such as main..HEAD. A finding names the commit that added the key; a key that
    was already in the parent's version of the file is not reported again.

    \b
      imgscan git --staged                     in .git/hooks/pre-commit
      imgscan git --pre-push "$@"              in .git/hooks/pre-push
      imgscan git origin/main..HEAD
      imgscan git --all-history -f sarif -o results.sarif
    """  # noqa: D301 - click's mark for verbatim lines is the character itself
    from imgscan.scan.git.scope import Request  # noqa: PLC0415 - keeps --help quick

    if staged + pre_push + all_history > 1 or (named and (staged or all_history)):
        raise click.UsageError("choose one: --staged, --pre-push, --all-history or a RANGE", context)
    if pre_push:
        part = Request("push", named, _pushed(), os.environ)
    elif all_history:
        part = Request("whole")
    else:
        part = Request("range", named) if named else Request("staged")
    return scan_targets(Commits(part), request_of(context, options))


def _pushed() -> bytes:
    """Read what git writes to its pre-push hook; under pre-commit it has already been read."""
    if sys.stdin is not None and sys.stdin.isatty():
        raise click.UsageError("--pre-push reads what git writes to a pre-push hook: run it from one")
    return read_standard_input(_LARGEST_INPUT)
