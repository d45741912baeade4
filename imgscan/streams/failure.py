"""What is raised where stored bytes cannot be read on. Apart from the decoders, which are slow to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgscan.unread import Unread

if TYPE_CHECKING:
    from typing import Literal


NO_END: Final = "tar-no-end"
"""The code of a tar whose end marker is missing: it hides no member, and is harmless where a digest holds."""


class StreamError(Exception):
    """The bytes cannot be read on; what came before is right.

    `code` is a diagnostic code, `harmless` is true where only bytes behind a complete stream are concerned; `rest` is
    what had been read of those.
    """

    def __init__(self, code: str, message: str, *, harmless: bool = False, rest: bytes = b"") -> None:
        super().__init__(message)
        self.code = code
        self.harmless = harmless
        self.rest = rest

    @property
    def severity(self) -> Literal["error", "skipped"]:
        """What this is to a scan: an error, unless everything that belongs to the stream was read."""
        return "skipped" if self.harmless else "error"

    def unread(self, path: bytes | None = None) -> Unread:
        """Say the same as a value. `path` is the raw name of the file, None for the whole that was being read."""
        return Unread(self.severity, self.code, str(self), path)


def trailing(what: str, rest: bytes) -> StreamError:
    """Make the failure of a stream behind which `rest` stands, which is something else than `what`."""
    return StreamError("trailing-data", f"bytes that are not {what} follow the {what} data", harmless=True, rest=rest)
