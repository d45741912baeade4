"""imgscan finds leaked Stripe credentials in container images and files.

    from imgscan import Finding, scan_image

    for item in scan_image("app.tar"):
        if isinstance(item, Finding):
            print(item.location.path, item.secret.redacted)

`scan_image` and `scan_path` yield a `Finding` for each credential and a `Diagnostic` for whatever could not be
scanned. Neither ever holds a secret. A target that cannot be opened raises an `ImgscanError`.
"""

from __future__ import annotations

from imgscan._version import __version__

TYPE_CHECKING = False  # importing typing takes half the time until a signal can be handled
if TYPE_CHECKING:
    from typing import Any

    from imgscan.api import scan_image, scan_path
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
    """Import each thing when it is first used: a program that is starting must soon be able to handle a signal."""
    if name in __all__:
        from importlib import import_module  # noqa: PLC0415

        for module in map(import_module, ("imgscan.errors", "imgscan.model", "imgscan.api")):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'imgscan' has no attribute {name!r}")
