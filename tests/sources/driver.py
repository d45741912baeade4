"""An image with a key in each place, and a scan of it from wherever a test put it."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from fixtures import builders
from fixtures.builders import Image, Layer
from fixtures.keys import Keys
from imgscan.api import Options, image_scanner, open_session
from imgscan.scan.image.images import ImageScanner
from imgscan.sources.recognise import open_source

if TYPE_CHECKING:
    from imgscan.model import TargetReport


def shop(seed: str = "shop", **changes: Any) -> Image:
    """Return an image of three layers: one key visible, one overwritten, one deleted, one in the environment."""
    keys = Keys(seed)
    first = builders.tar(
        {
            "app/": None,
            "app/.env": f"STRIPE_KEY={keys.secret99()}\n".encode(),
            "app/settings.py": f"KEY = '{keys.secret34()}'\n".encode(),
            "app/old.sh": f"curl -u {keys.secret34(live=False)}:\n".encode(),
        }
    )
    second = builders.tar({"app/settings.py": b"KEY = None\n"})
    third = builders.tar({"app/.wh.old.sh": b""})
    config = {"Env": ["PATH=/bin", f"STRIPE_WEBHOOK_SECRET={keys.webhook()}"]}
    return Image(layers=[Layer(first), Layer(second), Layer(third)], config=config, **changes)


def scan(target: object, **options: Any) -> list[TargetReport]:
    """Scan a target as the command line does."""
    given = Options(**options)
    return list(image_scanner(open_session(given), given).scan(str(target)))


def scan_stream(data: bytes, target: str = "-") -> list[TargetReport]:
    """Scan what comes on standard input, and is not a file that could go back."""
    session = open_session(Options())
    images = ImageScanner(session, open_source=lambda name, stop: open_source(name, stop, stdin=OnePass(data)))
    return list(images.scan(target))


class OnePass(BytesIO):
    """A stream that cannot go back, and gives at most 1,000 bytes at a time."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Refuse."""
        raise OSError(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return a little."""
        return super().read(min(1000, size) if size and size > 0 else 1000)


def told(report: TargetReport) -> list[tuple[str, int | None, str, str | None]]:
    """Return what a report says of its findings: the secret, the layer, the path or field, the life."""
    return [
        (
            finding.secret.sha256[:8],
            finding.location.layer,
            finding.location.field or finding.location.path,
            finding.visibility.state if finding.visibility else None,
        )
        for finding in report.findings
    ]


def codes(report: TargetReport) -> list[str]:
    """Return the codes of a report's diagnostics."""
    return [diagnostic.code for diagnostic in report.diagnostics]
