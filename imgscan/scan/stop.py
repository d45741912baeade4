"""How a scan ends when the user stops it: what is raised, and what the report says. Both are defined only here."""

from __future__ import annotations

from imgscan.model import Diagnostic
from imgscan.streams.readers import StreamError

INTERRUPTED = "interrupted"
"""The code of a scan that the user stopped."""

INTERRUPTION = Diagnostic("error", INTERRUPTED, "the scan was interrupted: these are the findings so far")


def interruption() -> StreamError:
    """Make what ends the reading of a stream once the user has stopped the scan."""
    return StreamError(INTERRUPTED, "the scan was interrupted")


def is_interruption(error: BaseException) -> bool:
    """Whether the user caused an error by stopping the scan."""
    return isinstance(error, StreamError) and error.code == INTERRUPTED
