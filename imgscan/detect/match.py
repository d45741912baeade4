"""A confirmed credential. It holds the exact bytes, and so never leaves the scan that asked for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgscan.detect.rule import Rule
    from imgscan.model import Confidence, Mode


@dataclass(frozen=True, slots=True)
class Match:
    """A credential that is in a buffer.

    The carrier is `[start, end)` of the buffer: every byte that holds bits of the credential. `secret` is the
    exact credential, in ASCII, and shows in no `repr`; its first `prefix` characters are public. `example` marks
    those that the issuer prints in its documentation. `account` and `account_created` (ISO 8601, UTC) are what the
    credential itself says of the account it opens. `note` is what the file says of it, ready to be put behind the
    rule's title. `allowed` says that a comment on the credential's line lets it through.
    """

    rule: Rule
    start: int
    end: int
    encoding: str
    secret: bytes = field(repr=False)
    prefix: int
    confidence: Confidence
    example: bool
    mode: Mode | None
    account: str | None
    account_created: str | None
    note: str = ""
    allowed: bool = False
