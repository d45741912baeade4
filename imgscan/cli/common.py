"""What the commands that scan have in common: their options, the run over the targets, and how it ends."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import click

from imgscan.cli import EXIT_INCOMPLETE
from imgscan.cli.baseline import today
from imgscan.cli.options import pairs_of
from imgscan.errors import ImgscanError, OutputError
from imgscan.model import CONFIDENCES, LEVELS
from imgscan.report import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from imgscan.api import Scanner
    from imgscan.cli.outputs import Outputs
    from imgscan.model import Level, TargetKind, TargetReport
    from imgscan.scan.inside.limits import Limits

EXIT_CLEAN, EXIT_FINDINGS = 0, 1
INCLUDES = ("examples", "publishable")
_NO_SECRETS = ("sarif", "gitlab", "markdown", "html")

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
        click.option("--no-ignore", is_flag=True, help="Show what .imgscanignore and comments let through, too."),
    )


def run_options(jobs: str | None) -> Callable[[Command], Command]:
    """Give what adds the options that say how it is done; `jobs` is what `--jobs` counts, None for no such option."""
    counted = click.option(
        "--jobs", type=click.IntRange(1, 64), help=f"{jobs} to read at a time (default: one a processor)."
    )

    def add(command: Command) -> Command:
        return _add(
            command,
            *([] if jobs is None else [counted]),
            click.option(
                "--sarif-category", metavar="TEXT", help="The category that code scanning files the results under."
            ),
            click.option("--show-secrets", is_flag=True, help="Show whole credentials (terminal or -o FILE only)."),
            click.option("--no-cache", is_flag=True, help="Read everything anew."),
            click.option("--no-progress", is_flag=True, help="No progress bar on standard error."),
            click.option("-q", "--quiet", is_flag=True, help="One line a finding, and the totals."),
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
    click.option("--strict", is_flag=True, help="Exit with 2 where anything was skipped too."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Stop after so long, with exit code 2.",
    ),
)


def limits_of(options: dict[str, Any]) -> Limits:
    """Take the limits out of the options of `limit_options`."""
    from imgscan.scan.inside.limits import Limits  # noqa: PLC0415 - keeps --help and --version quick

    return Limits(
        depth=options["max_depth"],
        entry=options["max_entry_bytes"],
        total=options["max_bytes"],
        ratio=options["max_ratio"],
        members=options["max_members"],
        spool=options["max_spool"],
    )


def _add(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def say(message: str) -> None:
    """Tell the user something on standard error, with whatever looks like a credential redacted."""
    from imgscan.detect import Engine  # noqa: PLC0415 - only when there is something to say
    from imgscan.detect.stripe import STRIPE  # noqa: PLC0415
    from imgscan.report.base import escape_terminal  # noqa: PLC0415

    click.echo(f"imgscan: {escape_terminal(Engine(STRIPE, screen=False).redact(message))}", err=True)


def scan_targets(
    context: click.Context,
    targets: Sequence[str],
    options: dict[str, Any],
    scan: Callable[[Scanner, str], Iterator[TargetReport]],
    kind: TargetKind,
    **more: Any,
) -> int:
    """Scan each target as `scan` does and give the exit code.

    `options` are those of `report_options` and `run_options`, `more` further fields of `api.Options`.
    """
    from imgscan.api import Options, Scanner  # noqa: PLC0415 - keeps --help and --version quick
    from imgscan.cli.bar import make_progress  # noqa: PLC0415
    from imgscan.cli.outputs import Outputs  # noqa: PLC0415
    from imgscan.cli.triage import Triage  # noqa: PLC0415
    from imgscan.detect.stripe import STRIPE  # noqa: PLC0415

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stopped)
    pairs = pairs_of(context)
    if options["show_secrets"]:
        _refuse_leak(pairs)
    scanner_options = Options(
        include=_included(options["include"]),
        min_confidence=options["min_confidence"],
        jobs=options.get("jobs"),
        reveal=options["show_secrets"],
        comments=not options["no_ignore"],
        limits=limits_of(options) if "max_depth" in options else None,
        **more,
    )
    with ExitStack() as stack:
        shown = not (options["no_progress"] or options["quiet"])
        progress = stack.enter_context(make_progress(enabled=shown))
        scanner = Scanner(scanner_options, progress)
        triage = Triage(options, [rule.id for rule in STRIPE.rules], scanner.engine.redact)
        stack.callback(triage.tell, say, verbose=options["verbose"])
        outputs = stack.enter_context(Outputs(pairs, options, before_write=progress.hide))
        ends = _Ends(options["fail_on"], options.get("strict", False), _alarm(stack, options.get("timeout")))

        tell = [_tell_setup] if options["verbose"] else []

        def decided(scanner: Scanner, target: str) -> Iterator[TargetReport]:
            while tell:  # once, and where Ctrl-C still gives a report
                tell.pop()(scanner)
            yield from (triage(report, today()) for report in scan(scanner, target))

        return _each(scanner, targets, outputs, decided, kind, ends)


class _Ends(NamedTuple):
    """What makes the exit code: the least level of a finding, whether skips count, and what time has run out."""

    fail_on: str
    strict: bool
    expired: threading.Event

    def code(self, report: TargetReport) -> int:
        """Give the exit code of one report."""
        if not report.whole or (self.strict and report.diagnostics):
            return EXIT_INCOMPLETE
        levels: tuple[Level, ...] = () if self.fail_on == "never" else LEVELS[: LEVELS.index(self.fail_on) + 1]
        failing = (finding for finding in report.findings if finding.status != "baseline")
        return EXIT_FINDINGS if any(finding.level in levels for finding in failing) else EXIT_CLEAN

    def told(self, report: TargetReport) -> TargetReport:
        """Say of a scan that was interrupted because its time ran out that this was why."""
        if not self.expired.is_set():
            return report
        return replace(
            report,
            diagnostics=tuple(
                replace(each, code="timeout", message=each.message.replace("interrupted", "stopped by --timeout"))
                if each.code == "interrupted"
                else each
                for each in report.diagnostics
            ),
        )


def _alarm(stack: ExitStack, seconds: float | None) -> threading.Event:
    """Interrupt the scan after so many seconds, as Ctrl-C does; the event tells that this was the reason."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _thread.interrupt_main(signal.SIGINT)

    if seconds is not None:
        timer = threading.Timer(seconds, expire)
        timer.daemon = True
        timer.start()
        stack.callback(timer.cancel)
    return expired


def _each(
    scanner: Scanner,
    targets: Sequence[str],
    outputs: Outputs,
    scan: Callable[[Scanner, str], Iterator[TargetReport]],
    kind: TargetKind,
    ends: _Ends,
) -> int:
    """Scan each target, hand its reports on, and tell the exit code. One that fails does not stop the others."""
    code = EXIT_CLEAN
    for target in targets:
        try:
            for given in scan(scanner, target):
                report = ends.told(given)
                outputs.target(report)
                code = max(code, ends.code(report))
                _tell_errors(report)
        except OutputError:
            raise
        except ImgscanError as error:
            say(str(error))
            outputs.target(_failed(scanner, target, kind, "target-unreadable", str(error)))
            code = EXIT_INCOMPLETE
        except KeyboardInterrupt:  # before there was anything to report of this target
            message = "the scan was interrupted before anything of this target was searched"
            say(f"{target}: {message}")
            outputs.target(ends.told(_failed(scanner, target, kind, "interrupted", message)))
            code = EXIT_INCOMPLETE
            break
        if scanner.interrupted:
            break
    outputs.finish()
    outputs.tell(say)
    return code


def _tell_errors(report: TargetReport) -> None:
    errors = [diagnostic for diagnostic in report.diagnostics if diagnostic.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more, see the report)" if len(errors) > 1 else ""
        say(f"{report.target}: the scan is not complete: {errors[0].message}{more}")


def _failed(scanner: Scanner, target: str, kind: TargetKind, code: str, message: str) -> TargetReport:
    from imgscan.model import Diagnostic, TargetReport  # noqa: PLC0415

    return TargetReport(
        target=scanner.concealer.text(target),
        kind=kind,
        diagnostics=(Diagnostic("error", code, scanner.concealer.text(message)),),
    )


def _tell_setup(scanner: Scanner) -> None:
    from imgscan.streams.deflate import ACCELERATED  # noqa: PLC0415

    say("searching with " + ("Hyperscan" if scanner.engine.screened else "the automaton alone: Hyperscan is missing"))
    say("inflating gzip with " + ("isal" if ACCELERATED else "zlib: isal is missing, which is slower"))


def _included(text: str | None) -> frozenset[str]:
    names = frozenset(name.strip() for name in (text or "").split(",") if name.strip())
    unknown = names - set(INCLUDES)
    if unknown:
        raise click.BadParameter(
            f"{', '.join(sorted(unknown))}: choose from {', '.join(INCLUDES)}", param_hint="--include"
        )
    return names


def _refuse_leak(pairs: Sequence[tuple[str, str | None]]) -> None:
    machines = [name for name, _ in pairs if name in _NO_SECRETS]
    if machines:
        raise click.UsageError(f"--show-secrets is not for {machines[0]} reports, which are made to be passed on")
    if any(_is_pipe(output) for _, output in pairs):
        raise click.UsageError("--show-secrets writes to a terminal or to a file named by -o, not to a pipe")


def _is_pipe(output: str | None) -> bool:
    if output is None:
        return not sys.stdout.isatty()
    path = Path(output)
    return path.is_fifo() or path.is_socket()


def _stopped(_signal: int, _frame: object) -> NoReturn:
    """End the scan at the first signal; further ones are ignored while the report is written, which takes a moment."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
