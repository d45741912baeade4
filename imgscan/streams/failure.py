"""What is raised where stored bytes cannot be read on. Apart from the decoders, which are slow to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal


class StreamError(Exception):
    """The compressed bytes cannot be read on; what came before is right.

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
