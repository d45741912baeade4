"""How the process ends: its exit codes, late signals, and a pipe that nobody reads.

Imported before anything else, so it imports nothing that takes time.
"""

from __future__ import annotations

import os
import signal
import sys

EXIT_CLEAN, EXIT_FINDINGS, EXIT_INCOMPLETE = 0, 1, 2
"""Nothing found and everything read; findings, and the list is complete; could not run, or not everything was read.

For several targets, the highest counts.
"""

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""The signals that end a scan."""


def ignore_signals() -> None:
    """Ignore signals from now on: they must not truncate what is being written, nor change the exit code."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def silence() -> None:
    """Point standard output elsewhere, so that the flush at exit does not complain of a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
