"""The exceptions that imgscan raises, each with one sentence that a user can act on.

No message contains file content or a credential. What a scan could not read inside a target is a `Diagnostic`, not an
exception; these are for what stops a target or the program.
"""

from __future__ import annotations


class ImgscanError(Exception):
    """Any failure that imgscan expects; its text can be shown to the user."""


class UsageError(ImgscanError):
    """The request itself cannot be carried out as given."""


class TargetError(ImgscanError):
    """A target cannot be opened, or is not what the user said it is."""


class EngineError(TargetError):
    """A container engine is absent, refuses, stalls or fails midway."""


class OutputError(ImgscanError):
    """A report cannot be written."""
