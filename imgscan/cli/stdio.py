"""The three standard streams: messages, output and input."""

from __future__ import annotations

import sys
from contextlib import suppress

import click


def say(message: str) -> None:
    """Write a message to standard error, with whatever looks like a credential redacted.

    Where that cannot be written, nobody is left to hear of it.
    """
    from imgscan.detect import Engine  # noqa: PLC0415 - only when there is something to say
    from imgscan.detect.stripe import STRIPE  # noqa: PLC0415
    from imgscan.report.base import escape_terminal  # noqa: PLC0415

    with suppress(OSError):
        click.echo(f"imgscan: {escape_terminal(Engine(STRIPE, screen=False).redact(message))}", err=True)


def show(line: str, *, err: bool = False) -> None:
    """Print a line that may contain names from files, with control characters escaped."""
    from imgscan.report.base import escape_terminal  # noqa: PLC0415 - keeps --help quick

    click.echo(escape_terminal(line), err=err)


def read_standard_input(most: int) -> bytes:
    """Read standard input to its end, but no more than `most` bytes; nothing if the shell closed it."""
    return b"" if sys.stdin is None else sys.stdin.buffer.read(most)
