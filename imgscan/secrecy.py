"""The only code that makes a credential safe to keep.

Everything that leaves the detector passes here: `conceal` turns the bytes of a credential into a `Secret`,
`fingerprint` turns them into an identity that survives a rebuild.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from imgscan.model import Secret

if TYPE_CHECKING:
    from imgscan.model import Mode

_TAIL = 4
_BODY_SHOWN = 2
_SHORTEST_TO_SHOW = 16


def redact(secret: str, prefix: int) -> str:
    """Shorten a credential to its prefix, two characters of its body and its last four.

    `prefix` counts the characters of the credential's public prefix (`sk_live_` is 8). A body of fewer than 16
    characters shows nothing but the prefix.
    """
    if len(secret) - prefix < _SHORTEST_TO_SHOW:
        return f"{secret[:prefix]}…"
    return f"{secret[: prefix + _BODY_SHOWN]}…{secret[-_TAIL:]}"


def conceal(
    secret: bytes,
    prefix: int,
    *,
    mode: Mode | None,
    account: str | None = None,
    account_created: str | None = None,
    reveal: bool = False,
) -> Secret:
    """Turn the exact bytes of an ASCII credential into what may be kept of it.

    `reveal` puts the credential itself where the redacted form goes: the one opt-in (`--show-secrets`).
    """
    text = secret.decode("ascii")
    return Secret(
        redacted=text if reveal else redact(text, prefix),
        sha256=hashlib.sha256(secret).hexdigest(),
        length=len(secret),
        mode=mode,
        account=account,
        account_created=account_created,
    )


def fingerprint(rule_id: str, path: bytes, secret: bytes) -> str:
    """Identify a finding: the first 16 hex of SHA-256 over rule, NUL, raw path, NUL, secret.

    No tag, digest, layer or line goes in, so it survives a rebuild. The caller appends `:` and an ordinal.
    """
    return hashlib.sha256(b"\0".join((rule_id.encode(), path, secret))).hexdigest()[:16]
