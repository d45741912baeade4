"""imgscan finds leaked Stripe credentials in container images and files.

    from imgscan import Finding, scan_image

    for item in scan_image("app.tar"):
        if isinstance(item, Finding):
            print(item.location.path, item.secret.redacted)

`scan_image` and `scan_path` yield a `Finding` for each credential and a `Diagnostic` for whatever could not be
scanned. Neither ever holds a secret. A target that cannot be opened raises an `ImgscanError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgscan._version import __version__
from imgscan.errors import EngineError, ImgscanError, OutputError, TargetError, UsageError
from imgscan.model import (
    Diagnostic,
    Digest,
    Finding,
    LayerInfo,
    Location,
    Secret,
    Stats,
    TargetReport,
    Visibility,
)

if TYPE_CHECKING:
    from imgscan.api import scan_image, scan_path

__all__ = [
    "Diagnostic",
    "Digest",
    "EngineError",
    "Finding",
    "ImgscanError",
    "LayerInfo",
    "Location",
    "OutputError",
    "Secret",
    "Stats",
    "TargetError",
    "TargetReport",
    "UsageError",
    "Visibility",
    "__version__",
    "scan_image",
    "scan_path",
]


def __getattr__(name: str) -> Any:
    """Import the scanner when it is first used: `imgscan --version` need not wait for Hyperscan."""
    if name in ("scan_image", "scan_path"):
        from imgscan import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module 'imgscan' has no attribute {name!r}")
