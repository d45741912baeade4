"""What the user gave, or what is in the working folder: from paths to the origins of images.

A Dockerfile that was named is taken for the image's. One that merely is in the working folder is that of some image:
it counts where all of an image's own history is in it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from imgscan.triage.buildcontext import contents
from imgscan.triage.dockerfile import Dockerfile
from imgscan.triage.origin import Origins

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgscan.image.documents import History
    from imgscan.model import Finding, Origin
    from imgscan.triage.lines import Find

_NAMES = ("Dockerfile", "Containerfile")


class Tracer:
    """Traces the findings of images, each by the first Dockerfile that is its own."""

    def __init__(
        self, find: Find, *, dockerfile: Path | None = None, source_root: Path | None = None, folder: Path | None = None
    ) -> None:
        """Read the Dockerfile that was named, or those that are in `folder` (None: the working folder) and the root.

        `find` finds the credentials in bytes. The root is the Dockerfile's folder unless it is given. OSError if the
        Dockerfile that was named cannot be read.
        """
        self._find = find
        here = Path() if folder is None else folder
        self._here = here
        self._known: list[Origins] = []
        if dockerfile is not None:
            data = dockerfile.read_bytes()
            self._known.append(self._origins(dockerfile, data, source_root or dockerfile.parent, certain=False))
            return
        folders = [here] if source_root is None else [here, source_root]
        for path in dict.fromkeys(where / name for where in folders for name in _NAMES):
            found = contents(str(path))
            if found is not None:
                self._known.append(self._origins(path, found, source_root or path.parent, certain=True))
        if source_root is not None:
            self._known.append(Origins(None, source_root, find, prefix=self._shown(source_root)))

    def _origins(self, path: Path, data: bytes, root: Path, *, certain: bool) -> Origins:
        own = path.with_name(f"{path.name}.dockerignore")
        return Origins(
            Dockerfile.parse(data, self._shown(path)),
            root,
            self._find,
            certain=certain,
            prefix=self._shown(root),
            ignore_file=own if own.exists() else None,
        )

    def _shown(self, path: Path) -> str:
        """Return a path as it is seen from the working folder, with slashes; empty for that folder itself."""
        try:
            relative = os.path.relpath(path, self._here)
        except ValueError:  # on another drive of Windows
            relative = str(path)
        return "" if relative == os.curdir else Path(relative).as_posix()

    def image(
        self, history: Sequence[History], layers: Sequence[int | None]
    ) -> Callable[[Finding], Origin | None] | None:
        """Return what traces the findings of one image; None if nothing is known of it.

        `layers` is the layer of each history entry (`Config.align_history`).
        """
        for origins in self._known:
            image = origins.image(history, layers)
            if image is not None:
                return image.trace
        return None
