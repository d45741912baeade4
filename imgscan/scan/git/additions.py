"""What commits have added: hits, packed, and what became of their files."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from imgscan.scan.manyhits import MOST, ManyHits

if TYPE_CHECKING:
    from imgscan.model import Visibility
    from imgscan.scan.hits import Hit


class Additions:
    """Hits, with the commits that brought them in as their locations, at most `MOST`; `left_out` counts the others.

    `files` has for each file with hits their positions, `marks` for each hit the hash of its credential's digest, 0 for
    one in the file's name, and `lives` what became of its file.
    """

    def __init__(self) -> None:
        self.hits = ManyHits()
        self.files: dict[bytes, array[int]] = {}
        self.marks = array("q")
        self.lives: list[Visibility | None] = []
        self.left_out = 0

    def add(self, hit: Hit, file: bytes | None, *, named: bool) -> None:
        """Add a hit; `file` is None for what is no file, `named` says that it is in the file's name."""
        if len(self.hits) >= MOST:
            self.left_out += 1
            return
        if file is not None:
            self.files.setdefault(file, array("q")).append(len(self.hits))
        self.marks.append(0 if named else hash(hit.secret.sha256))
        self.lives.append(None)
        self.hits.append(hit)
