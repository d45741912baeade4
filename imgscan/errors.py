"""The exceptions that imgscan raises, each with one sentence that a user can act on.

No message contains file content or a credential. What a scan could not read inside a target is a `Diagnostic`, not an
exception; these are for what stops a target or the program.
"""

from __future__ import annotations

UNTOUCHED = "the scan was interrupted before anything of this target was searched"
"""What is said of a target that was not begun, or of which nothing was read, when the scan was stopped."""


INTERNAL = "internal-error"
"""The code of an error of the program."""


class ImgscanError(Exception):
    """Any failure that imgscan expects; its text can be shown to the user."""


def internal(error: BaseException) -> str:
    """Say where the program itself is wrong. An exception's own text is not shown: it may quote what was scanned."""
    if isinstance(error, MemoryError):
        return "there is not enough memory (is it limited, as by ulimit -v?): the scan is not complete"
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_globals.get('__name__')}:{frame.tb_lineno}" if frame is not None else "?"
    return f"internal error, {type(error).__name__} at {place}: please report it; the scan is not complete"


class UsageError(ImgscanError):
    """The request itself cannot be carried out as given."""


class TargetError(ImgscanError):
    """A target cannot be opened, or is not what the user said it is."""


class EngineError(TargetError):
    """A container engine is absent, refuses, stalls or fails midway."""


class OutputError(ImgscanError):
    """A report cannot be written."""
