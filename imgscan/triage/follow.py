"""How a file came to its path: which step of which stage brought it, and from which source file.

Only what the key itself proves is said: it is in the instruction, or in the source file.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgscan.model import Origin
from imgscan.triage.lexer import UNKNOWN
from imgscan.triage.places import line_of_use
from imgscan.triage.wildcards import wild

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.triage.copied import SourceLine, SourceTree, Wanted
    from imgscan.triage.places import KeyLines
    from imgscan.triage.recipe import Recipe
    from imgscan.triage.steps import Copied, Step

_PATIENCE = 4096
"""Steps that are looked at for one file: stages can copy from each other in more ways than that."""


@dataclass(slots=True)
class Follower:
    """Follows files through a Dockerfile; `prefix` goes before the paths of source files."""

    recipe: Recipe
    keys: KeyLines
    tree: SourceTree | None
    prefix: str
    _left: int = 0

    def at(self, line: int) -> Origin:
        """Point at a line of the Dockerfile."""
        return Origin(line=line, dockerfile=self.recipe.dockerfile.name)

    def explain(self, steps: Sequence[Step], own: Sequence[int], wanted: Wanted) -> Origin | None:
        """Find how the last of the steps numbered `own` that did brought a key to a path."""
        self._left = _PATIENCE
        for at in reversed(own):
            found = self._step(steps, at, wanted)
            if found is not None:
                return found
        return None

    def _step(self, steps: Sequence[Step], at: int, wanted: Wanted) -> Origin | None:
        self._left -= 1
        if self._left < 0:
            return None
        step = steps[at]
        if step.copied is not None:
            return self._copy(step, step.copied, wanted)
        if step.keyword != "RUN":
            return None
        line = self.keys.within(step.instruction, wanted.sha256) or self._variable(steps[:at], step, wanted.sha256)
        if line is not None:
            return self.at(line)
        copies = [each.copied for each in steps[:at] if each.copied is not None and _from_context(each)]
        place = self.tree.anywhere(wanted.sha256, copies) if self.tree is not None and copies else None
        return made_from(place, self.prefix)

    def _variable(self, before: Sequence[Step], step: Step, sha256: str) -> int | None:
        """Find the line of a RUN that names a variable which ENV or ARG gave the key to."""
        for each in reversed(before):
            if each.keyword in ("ENV", "ARG") and self.keys.within(each.instruction, sha256) is not None:
                for name in each.names:
                    line = line_of_use(step.instruction, name)
                    if line is not None:
                        return line
        return None

    def _copy(self, step: Step, copied: Copied, wanted: Wanted) -> Origin | None:
        instruction = step.instruction
        if not covers(step, wanted.path):
            return None
        if instruction.heredocs and (line := self.keys.within(instruction, wanted.sha256)) is not None:
            return self.at(line)
        if not _from_context(step):
            return self._stage(step, copied, wanted)
        if self.tree is None:
            return None
        parents = instruction.flag("parents") is not None
        place = self.tree.brought(copied, wanted, unpacks=step.keyword == "ADD", parents=parents)
        if place is None:
            return made_from(self.tree.anywhere(wanted.sha256, [copied]), self.prefix)
        # The file was copied as it is, with its folder or by a wildcard: the build does not need it by name.
        ignorable = not place.named and not self.tree.ignored(place.path)
        return Origin(line=place.line, source=_shown(self.prefix, place), ignorable=ignorable)

    def _stage(self, step: Step, copied: Copied, wanted: Wanted) -> Origin | None:
        """Follow COPY --from into its stage, by each path that the file may have had there."""
        stage = self.recipe.named(step.instruction.flag("from") or "", step.instruction.stage)
        if stage is None:
            return None
        steps = self.recipe.chain(stage)
        paths = list(dict.fromkeys(_paths_before(copied, wanted.path)))
        for at in range(len(steps) - 1, -1, -1):
            for each in paths:
                found = self._step(steps, at, wanted._replace(path=each))
                if found is not None:
                    return found
        return None


def made_from(place: SourceLine | None, prefix: str) -> Origin | None:
    """Point at a source file that something was made from, which the build may not do without."""
    return Origin(line=place.line, source=_shown(prefix, place)) if place is not None else None


def _shown(prefix: str, place: SourceLine) -> str:
    r"""Spell the path of a source file: bytes that are not UTF-8 as `\xNN`, as in the paths of findings."""
    return posixpath.join(prefix, place.path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def covers(step: Step, path: str) -> bool:
    """Whether a COPY or ADD can have put a file there."""
    return step.copied is not None and next(step.copied.below(path), None) is not None


def _from_context(step: Step) -> bool:
    return step.instruction.flag("from") is None


def _paths_before(copied: Copied, path: str) -> Iterator[str]:
    """Yield the paths that a file copied from a stage may have had there."""
    for below in copied.below(path):
        for source in copied.sources:
            clean = posixpath.normpath("/" + source).lstrip("/")
            if UNKNOWN in clean or wild(clean):
                if below:
                    yield posixpath.join(posixpath.dirname(clean), below)
            elif not below:
                yield clean
            else:
                yield posixpath.join(clean, below)
                if below == posixpath.basename(clean):
                    yield clean
