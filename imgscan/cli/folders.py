"""Where files of settings and of ignores are looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def upward(folder: Path) -> Iterator[Path]:
    """Give a folder and those above it, no farther than the top of the repository that it is in."""
    for place in (folder, *folder.parents):
        yield place
        if (place / ".git").exists():
            return
