"""Where imgscan looks for settings and ignore files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def upward(folder: Path) -> Iterator[Path]:
    """Yield a folder and those above it, up to the top of its repository."""
    for place in (folder, *folder.parents):
        yield place
        if (place / ".git").exists():
            return
