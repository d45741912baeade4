"""The commands, on one screen: what is asked for, what is scanned, what is written, how it ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from imgscan._version import __version__
from imgscan.cli import EXIT_INCOMPLETE
from imgscan.cli.options import PairedCommand, pairs_of
from imgscan.errors import ImgscanError, OutputError
from imgscan.model import CONFIDENCES, LEVELS
from imgscan.report import FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgscan.api import Scanner
    from imgscan.cli.outputs import Outputs
    from imgscan.model import Level, TargetReport

EXIT_CLEAN, EXIT_FINDINGS = 0, 1
INCLUDES = ("examples", "publishable")
_COMPLETION = "_IMGSCAN_COMPLETE"
"""What click's completion scripts set when they ask for completions."""


def say(message: str) -> None:
    """Tell the user something on standard error, with whatever looks like a credential redacted."""
    from imgscan.detect import Engine  # noqa: PLC0415 - only when there is something to say
    from imgscan.report.base import escape_terminal  # noqa: PLC0415

    click.echo(f"imgscan: {escape_terminal(Engine(screen=False).redact(message))}", err=True)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give the exit code."""
    try:
        result = cli.main(args=list(arguments), prog_name="imgscan", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except SystemExit as end:  # click's way to end after shell completion, and where nobody reads its output any more
        if _COMPLETION in os.environ:
            raise
        raise BrokenPipeError from end
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return EXIT_INCOMPLETE
    except click.UsageError as error:
        hint = f"{error.ctx.command_path} --help" if error.ctx is not None else "imgscan --help"
        say(f"{error.format_message()} (see {hint})")
        return EXIT_INCOMPLETE
    except (click.ClickException, ImgscanError) as error:
        say(error.format_message() if isinstance(error, click.ClickException) else str(error))
        return EXIT_INCOMPLETE
    except click.Abort as error:
        raise KeyboardInterrupt from error
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except OSError as error:
        say(f"cannot go on: {error.strerror or type(error).__name__}")
        return EXIT_INCOMPLETE
    except Exception as error:  # noqa: BLE001 - a traceback would show what was being scanned
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = f"{frame.tb_frame.f_globals.get('__name__')}:{frame.tb_lineno}" if frame is not None else "?"
        say(f"internal error, {type(error).__name__} at {place}: please report it; the scan is not complete")
        return EXIT_INCOMPLETE
    return result if isinstance(result, int) else EXIT_CLEAN


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="imgscan %(version)s")
def cli() -> None:
    """Find leaked Stripe keys in container images, layer by layer.

    Exit codes: 0 nothing found and everything read, 1 findings, 2 could not run or not everything was read.
    """


@cli.command(cls=PairedCommand)
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@click.option(
    "-f", "--format", "formats", multiple=True, type=click.Choice(FORMATS), help="Report format (default: text)."
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Where the -f before it goes; a format without -o goes to standard output.",
)
@click.option("--platform", metavar="OS/ARCH[/VARIANT]|all", help="Which platform of a multi-platform image.")
@click.option(
    "--fail-on",
    type=click.Choice((*LEVELS, "never")),
    default="warning",
    show_default=True,
    help="Exit with 1 if there is a finding of this level or above.",
)
@click.option("--include", metavar="LIST", help="Also show: examples, publishable (comma-separated).")
@click.option(
    "--min-confidence",
    type=click.Choice(CONFIDENCES[::-1]),
    default="medium",
    show_default=True,
    help="Hide findings that are less certain.",
)
@click.option("--jobs", type=click.IntRange(1, 64), help="Layers to read at a time (default: one a processor).")
@click.option("--sarif-category", metavar="TEXT", help="The category that code scanning files the results under.")
@click.option("--show-secrets", is_flag=True, help="Show whole credentials (terminal or -o FILE only).")
@click.option("--no-cache", is_flag=True, help="Read every layer anew.")
@click.option("--no-progress", is_flag=True, help="No progress bar on standard error.")
@click.option("-q", "--quiet", is_flag=True, help="One line a finding, and the totals.")
@click.option("-v", "--verbose", count=True, help="Say more; repeat for still more.")
@click.pass_context
def image(context: click.Context, /, targets: tuple[str, ...], **options: Any) -> int:
    r"""Scan container images.

    TARGET is an image name that a container engine here knows, an archive (docker save, podman save, skopeo,
    buildx, kaniko; also compressed), a folder (OCI layout, docker-dir), SCHEME:REST with one of the schemes docker:
    podman: docker-archive: oci-archive: oci-layout: docker-dir: rootfs:, or - for an archive on standard input.

    \b
      imgscan image myapp:latest
      docker save myapp:latest | imgscan image -
      imgscan image build/myapp.tar -f sarif -o results.sarif
    """
    from imgscan.api import Options, Scanner  # noqa: PLC0415 - keeps --help and --version quick
    from imgscan.cli.outputs import Outputs  # noqa: PLC0415
    from imgscan.cli.progress import make_progress  # noqa: PLC0415

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stopped)
    pairs = pairs_of(context)
    if options["show_secrets"]:
        _refuse_leak(pairs)
    scanner_options = Options(
        include=_included(options["include"]),
        min_confidence=options["min_confidence"],
        platform=_platform(options["platform"]),
        jobs=options["jobs"],
        reveal=options["show_secrets"],
    )
    with ExitStack() as stack:
        shown = not (options["no_progress"] or options["quiet"])
        progress = stack.enter_context(make_progress(enabled=shown))
        scanner = Scanner(scanner_options, progress)
        if options["verbose"]:
            _tell_setup(scanner)
        outputs = stack.enter_context(Outputs(pairs, options, before_write=progress.hide))
        return _scan(scanner, targets, outputs, options["fail_on"])


def _scan(scanner: Scanner, targets: Sequence[str], outputs: Outputs, fail_on: str) -> int:
    """Scan each target, hand its reports on, and tell the exit code. One that fails does not stop the others."""
    code = EXIT_CLEAN
    for target in targets:
        try:
            for report in scanner.image(target):
                outputs.target(report)
                code = max(code, _code_of(report, fail_on))
                _tell_errors(report)
        except OutputError:
            raise
        except ImgscanError as error:
            say(str(error))
            outputs.target(_failed(scanner, target, "target-unreadable", str(error)))
            code = EXIT_INCOMPLETE
        except KeyboardInterrupt:  # before there was anything to report of this target
            message = "the scan was interrupted before anything of this target was searched"
            say(f"{target}: {message}")
            outputs.target(_failed(scanner, target, "interrupted", message))
            code = EXIT_INCOMPLETE
            break
        if scanner.interrupted:
            break
    outputs.finish()
    return code


def _code_of(report: TargetReport, fail_on: str) -> int:
    if not report.whole:
        return EXIT_INCOMPLETE
    levels: tuple[Level, ...] = () if fail_on == "never" else LEVELS[: LEVELS.index(fail_on) + 1]
    return EXIT_FINDINGS if any(finding.level in levels for finding in report.findings) else EXIT_CLEAN


def _tell_errors(report: TargetReport) -> None:
    errors = [diagnostic for diagnostic in report.diagnostics if diagnostic.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more, see the report)" if len(errors) > 1 else ""
        say(f"{report.target}: the scan is not complete: {errors[0].message}{more}")


def _failed(scanner: Scanner, target: str, code: str, message: str) -> TargetReport:
    from imgscan.model import Diagnostic, TargetReport  # noqa: PLC0415

    return TargetReport(
        target=scanner.concealer.text(target),
        kind="image",
        diagnostics=(Diagnostic("error", code, scanner.concealer.text(message)),),
    )


def _tell_setup(scanner: Scanner) -> None:
    from imgscan.streams.inflate import ACCELERATED  # noqa: PLC0415

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


def _platform(text: str | None) -> str | None:
    from imgscan.image.documents import parse_platform  # noqa: PLC0415

    if text is not None and text != "all":
        try:
            parse_platform(text)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--platform") from error
    return text


def _refuse_leak(pairs: Sequence[tuple[str, str | None]]) -> None:
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


@cli.command()
@click.argument("rule", required=False)
def rules(rule: str | None) -> None:
    """List the rules; with a RULE, say what it finds, what a holder can do, and how to rotate."""
    from imgscan.cli.rules import describe, list_rules  # noqa: PLC0415

    click.echo(list_rules() if rule is None else describe(rule))
