"""From a finding to the line that made it: of the Dockerfile, or of a source file that it brings in.

An image's history tells which instruction made a layer; the instruction and the file's path tell which source file it
came from; and the key itself, by its SHA-256, tells the line. What is not certain has no origin.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from imgscan.model import IMAGE_DOCUMENTS
from imgscan.triage.copied import SourceTree, Wanted
from imgscan.triage.follow import Follower, Trace, covers, made_from
from imgscan.triage.instructions import align
from imgscan.triage.lexer import pairs
from imgscan.triage.places import KeyLines, line_of_name, line_of_use
from imgscan.triage.steps import MAKERS, Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from imgscan.image.documents import History
    from imgscan.model import Finding, Origin
    from imgscan.triage.dockerfile import Dockerfile
    from imgscan.triage.instructions import Alignment
    from imgscan.triage.lines import Find
    from imgscan.triage.steps import Step

_CONFIG = ("config", "container_config")
_SETS = {
    "Env": "ENV",
    "Labels": "LABEL",
    "Cmd": "CMD",
    "Entrypoint": "ENTRYPOINT",
    "OnBuild": "ONBUILD",
    "Healthcheck": "HEALTHCHECK",
    "User": "USER",
    "WorkingDir": "WORKDIR",
    "Volumes": "VOLUME",
    "StopSignal": "STOPSIGNAL",
    "Shell": "SHELL",
}
"""Which instruction sets which field of a config."""
_ADDS_UP = ("ONBUILD", "VOLUME")
"""The instructions that add to a field; of the others the last one counts."""

_LONGEST_NUMBER = 9  # digits: `int` refuses thousands of them


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
        """Give the origins of one image; None where nothing is known of it.

        `layers` is the layer of each history entry (`Config.align_history`).
        """
        if self.follower is None:
            return SourceOrigins(self.tree, self.prefix) if self.tree is not None else None
        alignment = align(history, self.follower.recipe)
        if alignment is None or (self.certain and not alignment.complete):
            return None
        return ImageOrigins(self.follower, alignment, history, layers, self.find)

    def origin(self, history: Sequence[History], layers: Sequence[int | None], finding: Finding) -> Origin | None:
        """Give the origin of one finding; for several of one image, `image` does the work once."""
        image = self.image(history, layers)
        trace = image.trace(finding) if image is not None else None
        return trace.origin if trace is not None else None


class SourceOrigins:
    """The origins of an image whose Dockerfile is not known: files that are the same by name and by key."""

    def __init__(self, tree: SourceTree, prefix: str) -> None:
        """Look into `tree`."""
        self._tree = tree
        self._prefix = prefix

    def trace(self, finding: Finding) -> Trace | None:
        """Find the one place below the root where a finding's key stands, if the file's name is the same."""
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
        self._keys = follower.keys
        self._alignment = alignment
        self._history = history
        self._layers = layers
        self._find = find
        self._chain = follower.recipe.chain(alignment.stage)
        self._numbers = {step.instruction.first: number for number, step in enumerate(self._chain)}

    def trace(self, finding: Finding) -> Trace | None:
        """Find where a finding comes from; None where that is not certain."""
        location, sha256 = finding.location, finding.secret.sha256
        if location.field is not None and location.path.startswith(IMAGE_DOCUMENTS):
            known = self._alignment.steps or not self._history
            return self._document(location.field, sha256) if known else None
        if location.layer is None:
            return None
        name = location.path_bytes.decode("utf-8", "surrogateescape") if location.path_bytes else location.path
        outer, nested, _ = name.partition("!/")
        return self._file(location.layer, Wanted(outer, sha256, None if nested else location.line))

    # documents

    def _document(self, field: str, sha256: str) -> Trace | None:
        top, _, rest = field.partition("/")
        if top in _CONFIG:
            return self._config(rest, sha256)
        if top == "history":
            number, _, name = rest.partition("/")
            known = number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
            return self._entry(int(number), sha256) if known and name == "created_by" else None
        lines = self._keys.lines.get(sha256, ())  # an attestation repeats the Dockerfile, and all that it sets
        return self._follower.at(lines[0]) if len(lines) == 1 else None

    def _config(self, rest: str, sha256: str) -> Trace | None:
        kind, _, name = rest.partition("/")
        keyword = _SETS.get(kind)
        for step in reversed(self._chain):
            if step.keyword != keyword or (step.names and name not in step.names):
                continue
            instruction = step.instruction
            line = self._keys.within(instruction, sha256)
            if line is not None:
                return self._follower.at(line)
            if instruction.first in self._alignment.entries and "$" in self._set(step, name):
                return self._follower.at(line_of_name(instruction, name))
            if keyword not in _ADDS_UP:  # the last one counts, and it sets something else
                return None
        return None

    def _set(self, step: Step, name: str) -> str:
        """Give the text that an instruction sets a field to, as it is written."""
        if not step.names:
            return step.instruction.text
        given = pairs(step.instruction.text, self._follower.recipe.dockerfile.escape)
        return " ".join(value for key, value in given if key == name)

    def _entry(self, number: int, sha256: str) -> Trace | None:
        step = self._alignment.steps.get(number)
        if step is None:
            return None
        line = self._keys.within(step.instruction, sha256)
        if line is None and step.keyword == "RUN" and (argument := self._argument(number, sha256)) is not None:
            line = argument[1]
        return self._follower.at(line or line_of_name(step.instruction, *step.names[-1:]))

    def _argument(self, number: int, sha256: str) -> tuple[str, int] | None:
        """Find the ARG whose value, given on the command line, holds a key, by the entry of a RUN: `|1 NAME=value`.

        Gives its name and its line.
        """
        text = (self._history[number].created_by or "").removeprefix("RUN ")
        if not text.startswith("|"):
            return None
        data = text.encode("utf-8", "surrogatepass")
        place = next((offset for found, offset in self._find(data) if found == sha256), None)
        if place is None:
            return None
        names = self._declared()
        head = data[:place].decode("utf-8", "replace")
        given = [name for name in re.findall(r" ([A-Za-z_][A-Za-z0-9_]*)=", head) if name in names]
        return (given[-1], names[given[-1]]) if given else None

    def _declared(self) -> Mapping[str, int]:
        """Give the line of each ARG."""
        arguments = (step for step in self._chain if step.keyword == "ARG")
        return {name: line_of_name(step.instruction, name) for step in arguments for name in step.names}

    # files

    def _file(self, layer: int, wanted: Wanted) -> Trace | None:
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
        """Give what made a layer: its history entry, and the empty ones before it.

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
            argument = self._argument(number, sha256) if step.keyword == "RUN" else None
            line = line_of_use(step.instruction, argument[0]) if argument is not None else None
            if line is not None:
                lines.append(line)
        return lines[0] if len(lines) == 1 else None
