"""Every result of a layer goes through another process before a report is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imgscan.scan.image import images
from imgscan.scan.layer import scan_layer
from tests.scan.another import Another

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from imgscan.scan.result import LayerResult
    from imgscan.scan.session import Session
    from imgscan.streams.readers import Reader

_MANY = frozenset(("test_laws", "test_mutation", "test_bombs", "test_recall"))
"""Modules whose tests scan images by the thousand, which are those of the other modules, damaged."""


@pytest.fixture(scope="session")
def another() -> Iterator[Another]:
    """Start the process once per worker."""
    with Another() as process:
        yield process


@pytest.fixture(autouse=True)
def _results_are_kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pass results through the process, so that whatever a test says of a report holds of kept results too."""
    if request.node.path.stem in _MANY:
        return
    another: Another = request.getfixturevalue("another")

    def kept(raw: Reader, session: Session, **options: Any) -> LayerResult:
        return another(scan_layer(raw, session, **options))

    monkeypatch.setattr(images, "scan_layer", kept)
