"""Standard input as something to be read from its first byte to its last, once."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import BinaryIO

from imgscan.errors import UsageError
from imgscan.streams.readers import CHUNK


def standard_input(what: str, example: str = "") -> BinaryIO:
    """Open standard input; closing it leaves the descriptor open.

    UsageError if it is closed or a terminal; it says to pipe `what` into it and, if there is one, gives the
    `example`.
    """
    if sys.stdin is None:
        raise UsageError(f"standard input is closed: pipe {what} into it, or name a file")
    if sys.stdin.isatty():
        hint = example or "or name a file"
        raise UsageError(f"standard input is a terminal: pipe {what} into it, {hint}")
    file = os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    # A pipe holds 64 KiB on Linux, so that each chunk would come in sixteen pieces; elsewhere it stays as it is.
    with suppress(ImportError, AttributeError, OSError):
        import fcntl  # noqa: PLC0415 - not on Windows

        fcntl.fcntl(file, fcntl.F_SETPIPE_SZ, CHUNK)
    return file
