"""The command line. Nothing imports it; it turns exceptions into sentences and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

EXIT_INCOMPLETE = 2


def main() -> NoReturn:
    """Run imgscan with the arguments of this process and exit."""
    code = _flushed(_run())
    stopped = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # a signal has ended the scan
    for number in (signal.SIGINT, signal.SIGTERM):  # all is written: a signal now would only falsify the exit code
        signal.signal(number, signal.SIG_IGN)
    if stopped and sys.stderr is not None:
        # Where KeyboardInterrupt has passed through exec() (a dataclass being made), Python ends by the signal, whoever
        # has caught it since.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def silence() -> None:
    """Point standard output elsewhere, so that the flush at exit does not complain of a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _flushed(code: int) -> int:
    """Write what standard output still holds; the interpreter would fail with a code of its own where that fails."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        silence()
        return 0
    except OSError as error:
        silence()
        if code != EXIT_INCOMPLETE:  # else it has been told
            print(f"imgscan: cannot write standard output: {error.strerror}", file=sys.stderr)  # noqa: T201
        return EXIT_INCOMPLETE
    return code


def _run() -> int:
    try:
        from imgscan.cli.app import run  # noqa: PLC0415 - kept out of the import of this package

        return run(sys.argv[1:])
    except BrokenPipeError:
        silence()  # whoever read our output has seen enough
        return 0
    except KeyboardInterrupt:
        print("imgscan: interrupted", file=sys.stderr)  # noqa: T201 - this is the terminal's side of the program
        return EXIT_INCOMPLETE
