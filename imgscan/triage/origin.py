"""From a finding to the line that made it: of the Dockerfile, or of a source file that it brings in.

An image's history tells which instruction made a layer; the instruction and the file's path tell which source file it
came from; and the key itself, by its SHA-256, tells the line. What is not certain has no origin.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from imgscan.model import IMAGE_DOCUMENTS
from imgscan.triage.copied import SourceTree, Wanted
from imgscan.triage.follow import Follower, covers, made_from
from imgscan.triage.instructions import align
from imgscan.triage.places import KeyLines, line_of_use
from imgscan.triage.recipe import Recipe
from imgscan.triage.recorded import Recorded
from imgscan.triage.steps import MAKERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from imgscan.image.documents import History
    from imgscan.model import Finding, Origin
    from imgscan.triage.dockerfile import Dockerfile
    from imgscan.triage.instructions import Alignment
    from imgscan.triage.lines import Find
    from imgscan.triage.steps import Step


class Origins:
    """What is known of how images were built: a Dockerfile, a folder of sources, or both."""

    def __init__(
        self,
        dockerfile: Dockerfile | None,
        source_root: Path | None,
        find: Find,
        *,
        certain: bool = False,
        prefix: str = "",
        ignore_file: Path | None = None,
    ) -> None:
        """Set up; no source file is read before it is needed.

        `find` finds the credentials in bytes and gives the hex SHA-256 and offset of each. `prefix` is put before the
        path of a source file, so that it is right from where the report is read. With `certain` the Dockerfile was
        only come upon, and counts for an image only if all of that image's own history is in it. `ignore_file` is
        the Dockerfile's own (`Dockerfile.dockerignore`).
        """
        self.tree = SourceTree(source_root, find, ignore_file=ignore_file) if source_root is not None else None
        self.follower: Follower | None = None
        if dockerfile is not None:
            self.follower = Follower(Recipe(dockerfile), KeyLines(dockerfile, find), self.tree, prefix)
        self.find = find
        self.certain = certain
        self.prefix = prefix

    def image(self, history: Sequence[History], layers: Sequence[int | None]) -> ImageOrigins | SourceOrigins | None:
        """Return the origins of one image; None if nothing is known of it.

        `layers` is the layer of each history entry (`Config.align_history`).
        """
        if self.follower is None:
            return SourceOrigins(self.tree, self.prefix) if self.tree is not None else None
        alignment = align(history, self.follower.recipe)
        if alignment is None or (self.certain and not alignment.complete):
            return None
        return ImageOrigins(self.follower, alignment, history, layers, self.find)


class SourceOrigins:
    """The origins of an image whose Dockerfile is not known: files that are the same by name and by key."""

    def __init__(self, tree: SourceTree, prefix: str) -> None:
        """Look into `tree`."""
        self._tree = tree
        self._prefix = prefix

    def trace(self, finding: Finding) -> Origin | None:
        """Find the one place below the root where a finding's key is, if the file's name is the same."""
        location = finding.location
        if location.layer is None or location.path.startswith(IMAGE_DOCUMENTS):
            return None
        place = self._tree.anywhere(finding.secret.sha256)
        if place is None or posixpath.basename(place.path) != posixpath.basename(location.path.partition("!/")[0]):
            return None
        return made_from(place, self._prefix)


class ImageOrigins:
    """The origins of one image's findings, by its Dockerfile."""

    def __init__(
        self,
        follower: Follower,
        alignment: Alignment,
        history: Sequence[History],
        layers: Sequence[int | None],
        find: Find,
    ) -> None:
        """Take what is known; see `Origins.image`."""
        self._follower = follower
        self._alignment = alignment
        self._history = history
        self._layers = layers
        self._chain = follower.recipe.chain(alignment.stage)
        self._recorded = Recorded(follower, alignment, history, find)
        self._numbers = {step.instruction.first: number for number, step in enumerate(self._chain)}

    def trace(self, finding: Finding) -> Origin | None:
        """Find where a finding comes from; None if that is not certain."""
        location, sha256 = finding.location, finding.secret.sha256
        if location.field is not None and location.path.startswith(IMAGE_DOCUMENTS):
            known = self._alignment.steps or not self._history
            return self._recorded.origin(location.field, sha256) if known else None
        if location.layer is None:
            return None
        name = location.path_bytes.decode("utf-8", "surrogateescape") if location.path_bytes else location.path
        outer, nested, _ = name.partition("!/")
        return self._file(location.layer, Wanted(outer, sha256, None if nested else location.line))

    def _file(self, layer: int, wanted: Wanted) -> Origin | None:
        entries = self._entries_of(layer)
        steps = [step for _, step in entries if step.keyword in MAKERS]
        if not steps:
            every = range(len(self._chain)) if self._squashed(layer) else ()
            return self._follower.explain(self._chain, every, wanted)
        own = [self._numbers[step.instruction.first] for step in steps]
        found = self._follower.explain(self._chain, own, wanted)
        if found is not None:
            return found
        line = self._given(entries, wanted.sha256)
        if line is None and len(steps) == 1:
            line = steps[0].instruction.first
        if line is None and all(step.keyword != "RUN" for step in steps):
            covering = [step for step in steps if covers(step, wanted.path)]
            line = covering[0].instruction.first if len(covering) == 1 else None
        return self._follower.at(line) if line is not None else None

    def _entries_of(self, layer: int) -> list[tuple[int, Step]]:
        """Return what made a layer: its history entry, and the empty ones before it.

        buildah without `--layers`, and `docker build --squash`, record each instruction and make one layer.
        """
        found: list[tuple[int, Step]] = []
        if layer not in self._layers:
            return found
        entry = self._layers.index(layer)
        for number in range(entry, -1, -1):
            if number != entry and self._layers[number] is not None:
                break
            step = self._alignment.steps.get(number)
            if step is not None:
                found.append((number, step))
        return found[::-1]

    def _squashed(self, layer: int) -> bool:
        """Whether a layer may hold the work of all instructions: it is the last, or there is no history.

        None of those that bring files in has an entry then.
        """
        last = max((each for each in self._layers if each is not None), default=None)
        makers = [step for step in self._chain if step.keyword in MAKERS]
        recorded = self._alignment.entries
        return (layer == last or not self._history) and not any(step.instruction.first in recorded for step in makers)

    def _given(self, entries: Sequence[tuple[int, Step]], sha256: str) -> int | None:
        """Find the one line of a RUN that uses an ARG which the command line gave the key to."""
        lines = []
        for number, step in entries:
            argument = self._recorded.argument(number, sha256) if step.keyword == "RUN" else None
            line = line_of_use(step.instruction, argument[0]) if argument is not None else None
            if line is not None:
                lines.append(line)
        return lines[0] if len(lines) == 1 else None
