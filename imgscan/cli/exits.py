"""How the process ends: its exit codes, signals outside of a scan, and a pipe that nobody reads.

Imported before anything else, so it imports nothing that takes time.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

TYPE_CHECKING = False  # importing typing would take time
if TYPE_CHECKING:
    from typing import NoReturn

EXIT_CLEAN, EXIT_FINDINGS, EXIT_INCOMPLETE = 0, 1, 2
"""Nothing found and everything read; findings, and the list is complete; could not run, or not everything was read.

For several targets, the highest counts.
"""

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""The signals that end a scan."""

HALF_WRITTEN: set[str] = set()
"""Temporary files that are being written, to be removed by whatever ends the process."""


def heed_signals() -> None:
    """Let a signal end the process at once. Nothing is raised, so it cannot be lost, nor come at a bad moment."""
    for number in STOPPING:
        signal.signal(number, leave)


def ignore_signals() -> None:
    """Ignore signals from now on: they must not truncate what is being written, nor change the exit code."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def leave(_number: int = 0, _frame: object = None) -> NoReturn:
    """End the process: say so, and remove what is half written."""
    ignore_signals()
    for path in tuple(HALF_WRITTEN):
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108 - pathlib need not be imported for this
    with suppress(OSError):
        os.write(2, b"imgscan: interrupted\n")
    os._exit(EXIT_INCOMPLETE)


def silence() -> None:
    """Point standard output elsewhere, so that the flush at exit does not complain of a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
