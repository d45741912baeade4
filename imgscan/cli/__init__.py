"""The command line. Nothing imports it; it turns exceptions into sentences and exit codes."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from imgscan.cli.exits import EXIT_CLEAN, EXIT_INCOMPLETE, heed_signals, ignore_signals, silence

TYPE_CHECKING = False  # importing typing takes half the time until a signal can be handled
if TYPE_CHECKING:
    from typing import NoReturn

_HELP = frozenset(("-h", "--help"))
_COLLECT = 100_000
"""The garbage collector's threshold, in objects. Cycles are rare, and looking for them takes a twentieth of a scan."""


def main() -> NoReturn:
    """Run imgscan with the arguments of this process and exit."""
    heed_signals()
    code = _flushed(_run())
    ignore_signals()  # everything is written
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.flush()
    os._exit(code)  # the interpreter's shutdown takes 40 ms


def _flushed(code: int) -> int:
    """Write what standard output still buffers; if that failed, the interpreter would exit with its own code."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        silence()  # its reader has seen enough, which changes nothing
    except OSError as error:
        silence()
        if code != EXIT_INCOMPLETE:  # otherwise it has been reported
            with suppress(OSError):
                print(f"imgscan: cannot write standard output: {error.strerror}", file=sys.stderr)  # noqa: T201
        return EXIT_INCOMPLETE
    return code


def _run() -> int:
    gc.set_threshold(_COLLECT)
    try:
        if sys.argv[1:2] == ["image"] and not _HELP.intersection(sys.argv):
            from imgscan.detect.stripe import STRIPE  # noqa: PLC0415

            STRIPE.prepare()  # the screen is compiled while the rest is imported
        from imgscan.cli.app import run  # noqa: PLC0415 - kept out of the import of this package

        return run(sys.argv[1:])
    except BrokenPipeError:
        silence()  # the reader of what is no report has seen enough
        return EXIT_CLEAN
