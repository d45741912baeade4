"""Words that stand for credentials in the tests of origins, and a finder for them: no detector is needed there."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from imgscan.model import Finding, Location, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY = re.compile(rb"KEY-[a-z0-9]+")


def find(data: bytes) -> Iterable[tuple[str, int]]:
    """Find the words `KEY-…`."""
    return [(hashlib.sha256(match[0]).hexdigest(), match.start()) for match in _KEY.finditer(data)]


def sha256(key: str) -> str:
    """Return the SHA-256 of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def found(
    key: str, path: str, *, layer: int | None = None, field: str | None = None, path_bytes: bytes | None = None
) -> Finding:
    """Return a finding of a key."""
    return Finding(
        rule_id="stripe-secret-key",
        title="Stripe secret key",
        level="error",
        confidence="high",
        status="new",
        secret=Secret(redacted="…", sha256=sha256(key), length=len(key), mode="live"),
        location=Location(layer=layer, path=path, path_bytes=path_bytes, field=field),
        visibility=None,
        fingerprint="0:1",
    )
