"""The commands, on one screen: what is requested, what is scanned, what is written, how it ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imgscan._version import __version__
from imgscan.cli.baseline import baseline
from imgscan.cli.config import config
from imgscan.cli.dockerinstall import docker_plugin
from imgscan.cli.exits import EXIT_CLEAN, EXIT_INCOMPLETE
from imgscan.cli.git import git
from imgscan.cli.options import limit_options, report_options, run_options
from imgscan.cli.pairing import PairedCommand
from imgscan.cli.request import Files, Images, request_of
from imgscan.cli.stdio import say
from imgscan.cli.targets import scan_targets
from imgscan.errors import ImgscanError, internal
from imgscan.model import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Sequence

_IMAGE_HELP = f"""Scan container images.

TARGET is an image name that a local container engine knows, an archive (docker save, podman save, skopeo, buildx,
kaniko; also compressed), a folder (OCI layout, docker-dir), SCHEME:REST with one of the schemes
{" ".join(f"{scheme}:" for scheme in SCHEMES)}, or - for an archive on standard input.

\b
  imgscan image myapp:latest
  docker save myapp:latest | imgscan image -
  imgscan image build/myapp.tar -f sarif -o results.sarif
"""

_COMPLETION = "_IMGSCAN_COMPLETE"
"""What click's completion scripts set when they ask for completions."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return the exit code."""
    try:
        result = cli.main(args=list(arguments), prog_name="imgscan", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except SystemExit as end:  # click ends so after shell completion, and when nobody reads its output any more
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
    except BrokenPipeError:
        raise
    except OSError as error:
        say(f"cannot continue: {error.strerror or type(error).__name__}")
        return EXIT_INCOMPLETE
    except Exception as error:  # noqa: BLE001 - a traceback would show what was being scanned
        say(internal(error))
        return EXIT_INCOMPLETE
    return result if isinstance(result, int) else EXIT_CLEAN


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="imgscan %(version)s")
def cli() -> None:
    """Find leaked Stripe keys in container images, layer by layer, and in files.

    Exit codes: 0 nothing found and everything read, 1 findings, 2 could not run or not everything was read.
    """


@cli.command(cls=PairedCommand, help=_IMAGE_HELP)
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@report_options
@click.option("--platform", metavar="OS/ARCH[/VARIANT]|all", help="The platform to scan of a multi-platform image.")
@click.option(
    "--dockerfile",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The Dockerfile of the image (default: one in the working folder, if it matches).",
)
@click.option(
    "--source-root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that the image was built from (default: the Dockerfile's).",
)
@limit_options
@run_options("layers")
@click.pass_context
def image(
    context: click.Context,
    /,
    targets: tuple[str, ...],
    platform: str | None,
    dockerfile: Path | None,
    source_root: Path | None,
    **options: Any,
) -> int:
    """Scan container images."""
    images = Images(targets, _platform(platform), dockerfile, source_root)
    return scan_targets(images, request_of(context, options))


def _platform(text: str | None) -> str | None:
    from imgscan.image.documents import parse_platform  # noqa: PLC0415

    if text is not None and text != "all":
        try:
            parse_platform(text)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--platform") from error
    return text


@cli.command(cls=PairedCommand)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@report_options
@click.option(
    "--exclude",
    multiple=True,
    metavar="GLOB",
    help="Leave out files and folders below a folder, as .gitignore would: *.log, /build/, docs/**/*.pdf. Repeatable.",
)
@click.option("--respect-gitignore", is_flag=True, help="Leave out what .gitignore files name.")
@limit_options
@run_options("files")
@click.pass_context
def fs(
    context: click.Context, /, paths: tuple[str, ...], exclude: tuple[str, ...], respect_gitignore: bool, **options: Any
) -> int:
    """Scan files and folders.

    PATH is a folder, a file, or - for standard input. Every file below a folder is read, including hidden and
    ignored ones; links are not followed. imgscan also reads what is inside compressed files, archives and other
    containers.

    \b
      imgscan fs .
      imgscan fs /srv --exclude '*.iso' --exclude /backup/
      kubectl get secrets -o yaml | imgscan fs -
    """  # noqa: D301 - click's mark for lines that stay as they are is a backspace
    return scan_targets(Files(paths, exclude, respect_gitignore), request_of(context, options))


@cli.command()
@click.argument("rule", required=False)
def rules(rule: str | None) -> None:
    """List the rules; with a RULE, explain what it finds, what the key allows, and how to rotate it."""
    from imgscan.cli.rules import describe, list_rules  # noqa: PLC0415

    click.echo(list_rules() if rule is None else describe(rule))


cli.add_command(git)
cli.add_command(baseline)
cli.add_command(config)
cli.add_command(docker_plugin)
