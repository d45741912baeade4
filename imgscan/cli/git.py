"""`imgscan git`: what a commit or a push would add, or what a history holds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imgscan.cli.common import limit_options, report_options, run_options, scan_targets
from imgscan.cli.options import PairedCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.api import Scanner
    from imgscan.model import TargetReport

FEW = 4 << 20
"""Staged bytes up to which the automaton alone is done before Hyperscan has been set up."""

_LARGEST_INPUT = 1 << 24


@click.command(cls=PairedCommand)
@click.argument("named", metavar="[RANGE | REMOTE [URL]]", nargs=-1)
@click.option("--staged", is_flag=True, help="What the next commit would add (the default).")
@click.option("--pre-push", is_flag=True, help="What a push would add, as git or pre-commit tell a pre-push hook.")
@click.option("--all-history", is_flag=True, help="All commits and annotated tags that any reference reaches.")
@report_options
@limit_options
@run_options(None)
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

    RANGE is what git rev-list takes, main..HEAD for one. A finding names the commit that brought the key in; a key
    that the parent's version of the file had already is not told again.

    \b
      imgscan git --staged                     in .git/hooks/pre-commit
      imgscan git --pre-push "$@"              in .git/hooks/pre-push
      imgscan git origin/main..HEAD
      imgscan git --all-history -f sarif -o results.sarif
    """  # noqa: D301 - click's mark for lines to be kept is the character itself
    from imgscan.errors import TargetError  # noqa: PLC0415 - keeps --help quick
    from imgscan.scan.git.scope import Request, resolve  # noqa: PLC0415

    if staged + pre_push + all_history > 1 or (named and (staged or all_history)):
        raise click.UsageError("choose one: --staged, --pre-push, --all-history or a RANGE", context)
    if pre_push:
        request = Request("push", named, _pushed(), os.environ)
    elif all_history:
        request = Request("whole")
    else:
        request = Request("range", named) if named else Request("staged")
    failure = None
    try:
        repository, scopes = resolve(Path.cwd(), request)
    except TargetError as error:  # told where all targets that cannot be scanned are told, and in the report
        failure = error

    def scan(scanner: Scanner, _label: str) -> Iterator[TargetReport]:
        if failure is not None:
            raise failure
        yield from scanner.git(repository, scopes)

    few = failure is None and all(scope.size is not None and scope.size <= FEW for scope in scopes)
    return scan_targets(context, [request.label], options, scan, "git", screen=False if few else None)


def _pushed() -> bytes:
    """Read what git writes to its pre-push hook; under pre-commit there is nothing left of it."""
    if sys.stdin is None:
        return b""
    if sys.stdin.isatty():
        raise click.UsageError("--pre-push reads what git writes to a pre-push hook: run it as one")
    return sys.stdin.buffer.read(_LARGEST_INPUT)
