"""The three standard streams: messages, output and input. What is written passes the gate."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def redactor() -> Callable[[str], str]:
    """Return what redacts credentials in the texts of settings, files, arguments and the environment."""
    from imgscan.detect import Engine  # noqa: PLC0415 - only when there is something to show
    from imgscan.detect.stripe import STRIPE  # noqa: PLC0415
    from imgscan.scan.hits import Concealer  # noqa: PLC0415

    return Concealer(Engine(STRIPE, screen=False)).text


def fit(text: str) -> str:
    """Make a text from outside fit to be shown on one line: redacted, and printable."""
    from imgscan.gate import printable  # noqa: PLC0415 - keeps --help quick

    return printable(redactor()(text))


def say(message: str) -> None:
    """Write a message to standard error, with whatever looks like a credential redacted.

    Where that cannot be written, nobody is left to hear of it.
    """
    text = fit(message)
    with suppress(OSError):
        click.echo(f"imgscan: {text}", err=True)


def show(line: str, *, err: bool = False) -> None:
    """Print a line that may contain what users, files and the environment say."""
    click.echo(fit(line), err=err)


def show_json(value: Any) -> None:
    """Print a JSON document that may contain such texts: each is redacted, and unprintable characters are escaped."""
    import json  # noqa: PLC0415 - keeps --help quick

    from imgscan.gate import json_escaped  # noqa: PLC0415

    document = json_escaped(json.dumps(_redacted(value), indent=2, ensure_ascii=False))
    click.echo(document.encode())  # bytes, whatever the locale


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redactor()(value)
    if isinstance(value, dict):
        return {name: _redacted(each) for name, each in value.items()}
    return [_redacted(each) for each in value] if isinstance(value, list | tuple) else value


def read_standard_input(most: int) -> bytes:
    """Read standard input to its end, but no more than `most` bytes; nothing if the shell closed it."""
    return b"" if sys.stdin is None else sys.stdin.buffer.read(most)
