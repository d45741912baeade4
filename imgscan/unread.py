"""The one noun for what was not read: created where it is noticed, passed on unchanged, shown as a `Diagnostic`.

`imgscan.codes` says what each code means and what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from imgscan.model import Severity


class Unread(NamedTuple):
    """Something that was not read, or is not what it should be.

    `error` is content that is damaged or cannot be read, `skipped` content that was passed over for a stated reason;
    code that passes it on may make it less severe (`skipped`), never more. `message` is one sentence for a person and
    contains nothing of the content but numbers. `path` is the raw name of the file, None for the whole that was being
    read; `bytes` is how many were not read, None if that is not known.
    """

    severity: Severity
    code: str
    message: str
    path: bytes | None = None
    bytes: int | None = None

    def passed_over(self) -> Unread:
        """Make it less severe: it is in something that need not be intact."""
        return self._replace(severity="skipped") if self.severity == "error" else self
