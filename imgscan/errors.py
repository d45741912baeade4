"""The exceptions that imgscan raises, each with one sentence that a user can act on.

No message holds file content or a credential. What a scan could not read inside a target is no exception but a
`Diagnostic`; these are for what stops a target or the program.
"""

from __future__ import annotations


class ImgscanError(Exception):
    """Any failure that imgscan expects; its text is fit to be shown."""


class UsageError(ImgscanError):
    """The request itself cannot be carried out as it was put."""


class TargetError(ImgscanError):
    """A target cannot be opened, or is not what it was said to be."""


class EngineError(TargetError):
    """A container engine is absent, refuses, stalls or fails in mid-stream."""


class OutputError(ImgscanError):
    """A report cannot be written."""
