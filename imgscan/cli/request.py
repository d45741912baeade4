"""What one run has to do, as values: from here on no code looks at command line options.

A `ScanRequest` says how to scan and where reports go; `Images`, `Files` and `Commits` say what is scanned.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from imgscan.cli.pairing import pairs_of
from imgscan.report import may_reveal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgscan.cli.failing import FailOn
    from imgscan.cli.pairing import Pair
    from imgscan.model import Confidence, TargetKind
    from imgscan.scan.git.scope import Request
    from imgscan.scan.limits import Limits

_INCLUDES = ("examples", "publishable")


class ScanRequest(NamedTuple):
    """How to scan, what to report, and how the run ends.

    `pairs` are report formats with their files, None for standard output. `include` may name `examples` and
    `publishable`. `baseline` is a file or None; `ignores` obeys `.imgscanignore` and comments. `timeout` is in seconds.
    `jobs` is None for one per processor. `progress` allows a progress line, `verbose` counts how often `-v` was given.
    """

    pairs: tuple[Pair, ...]
    fail_on: FailOn
    include: frozenset[str]
    min_confidence: Confidence
    baseline: Path | None
    ignores: bool
    limits: Limits
    strict: bool
    timeout: float | None
    jobs: int | None
    sarif_category: str | None
    show_secrets: bool
    progress: bool
    quiet: bool
    verbose: int


class Images(NamedTuple):
    """Images, and where they were built; `platform` is `OS/ARCH[/VARIANT]`, `all`, or None for the default."""

    targets: tuple[str, ...]
    platform: str | None
    dockerfile: Path | None
    source_root: Path | None

    @property
    def kind(self) -> TargetKind:
        """What the targets are."""
        return "image"

    @property
    def inputs(self) -> tuple[str, ...]:
        """What may be files that are read."""
        named = () if self.dockerfile is None else (str(self.dockerfile),)
        return (*self.targets, *(target.partition(":")[2] for target in self.targets), *named)


class Files(NamedTuple):
    """Files and folders; `exclude` are globs in the syntax of gitignore(5), `gitignore` obeys `.gitignore` files."""

    targets: tuple[str, ...]
    exclude: tuple[str, ...]
    gitignore: bool

    @property
    def kind(self) -> TargetKind:
        """What the targets are."""
        return "filesystem"

    @property
    def inputs(self) -> tuple[str, ...]:
        """What may be files that are read."""
        return self.targets


class Commits(NamedTuple):
    """Parts of the git repository that the working folder belongs to."""

    request: Request

    @property
    def kind(self) -> TargetKind:
        """What the targets are."""
        return "git"

    @property
    def inputs(self) -> tuple[str, ...]:
        """No file: what is read is in git."""
        return ()

    @property
    def targets(self) -> tuple[str, ...]:
        """The common name of the parts."""
        return (self.request.label,)


def request_of(context: click.Context, options: Mapping[str, Any]) -> ScanRequest:
    """Read the values of the options that `imgscan.cli.options` declares; UsageError if they contradict each other."""
    from imgscan.scan.limits import Limits  # noqa: PLC0415 - keeps --help and --version quick

    pairs = tuple(pairs_of(context))
    if options["show_secrets"]:
        _refuse_leak(pairs)
    return ScanRequest(
        pairs=pairs,
        fail_on=options["fail_on"],
        include=_included(options["include"]),
        min_confidence=options["min_confidence"],
        baseline=options["baseline"],
        ignores=not options["no_ignore"],
        limits=Limits(
            depth=options["max_depth"],
            entry=options["max_entry_bytes"],
            total=options["max_bytes"],
            ratio=options["max_ratio"],
            members=options["max_members"],
            spool=options["max_spool"],
        ),
        strict=options["strict"],
        timeout=options["timeout"],
        jobs=options.get("jobs"),
        sarif_category=_fit(options["sarif_category"]),
        show_secrets=options["show_secrets"],
        progress=not (options["no_progress"] or options["quiet"]),
        quiet=options["quiet"],
        verbose=options["verbose"],
    )


def _fit(category: str | None) -> str | None:
    from imgscan.cli.stdio import fit  # noqa: PLC0415 - as above

    return fit(category) if category else category


def _included(text: str | None) -> frozenset[str]:
    names = frozenset(name.strip() for name in (text or "").split(",") if name.strip())
    unknown = names - set(_INCLUDES)
    if unknown:
        raise click.BadParameter(
            f"{', '.join(sorted(unknown))}: choose from {', '.join(_INCLUDES)}", param_hint="--include"
        )
    return names


def _refuse_leak(pairs: Sequence[Pair]) -> None:
    closed = [name for name, _ in pairs if not may_reveal(name)]
    if closed:
        raise click.UsageError(f"--show-secrets does not work with {closed[0]} reports, which are made to be shared")
    if any(_is_pipe(output) for _, output in pairs):
        raise click.UsageError("--show-secrets writes to a terminal or to a file named by -o, not to a pipe")


def _is_pipe(output: str | None) -> bool:
    if output is None:
        return not sys.stdout.isatty()
    path = Path(output)
    return path.is_fifo() or path.is_socket()
