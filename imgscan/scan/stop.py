"""How a scan that the user stops ends: what is raised, and what the report says of it. Both appear here only."""

from __future__ import annotations

from imgscan.model import Diagnostic
from imgscan.streams.readers import StreamError

INTERRUPTED = "interrupted"
"""The code of a scan that the user stopped."""

INTERRUPTION = Diagnostic("error", INTERRUPTED, "the scan was interrupted: what follows is what was found until then")


def interruption() -> StreamError:
    """Make what ends the reading of a stream once the user has stopped the scan."""
    return StreamError(INTERRUPTED, "the scan was interrupted")


def is_interruption(error: BaseException) -> bool:
    """Whether an error is the user's own doing."""
    return isinstance(error, StreamError) and error.code == INTERRUPTED
