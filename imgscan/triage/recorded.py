"""From an image's own documents (config, history, attestations) to the line of the Dockerfile that made them so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgscan.triage.lexer import pairs
from imgscan.triage.places import line_of_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgscan.image.documents import History
    from imgscan.model import Origin
    from imgscan.triage.follow import Follower
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


class Recorded:
    """The documents of one image, beside its Dockerfile."""

    def __init__(self, follower: Follower, alignment: Alignment, history: Sequence[History], find: Find) -> None:
        """Take what is known; see `imgscan.triage.origin.Origins`."""
        self._follower = follower
        self._keys = follower.keys
        self._alignment = alignment
        self._history = history
        self._find = find
        self._chain = follower.recipe.chain(alignment.stage)

    def origin(self, field: str, sha256: str) -> Origin | None:
        """Find the line that put a key into a field of a document; None if that is not certain."""
        top, _, rest = field.partition("/")
        if top in _CONFIG:
            return self._config(rest, sha256)
        if top == "history":
            number, _, name = rest.partition("/")
            known = number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
            return self._entry(int(number), sha256) if known and name == "created_by" else None
        lines = self._keys.lines.get(sha256, ())  # an attestation repeats the Dockerfile, and all that it sets
        return self._follower.at(lines[0]) if len(lines) == 1 else None

    def _config(self, rest: str, sha256: str) -> Origin | None:
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
        """Return the text that an instruction sets a field to, as it is written."""
        if not step.names:
            return step.instruction.text
        given = pairs(step.instruction.text, self._follower.recipe.dockerfile.escape)
        return " ".join(value for key, value in given if key == name)

    def _entry(self, number: int, sha256: str) -> Origin | None:
        step = self._alignment.steps.get(number)
        if step is None:
            return None
        line = self._keys.within(step.instruction, sha256)
        if line is None and step.keyword == "RUN" and (argument := self.argument(number, sha256)) is not None:
            line = argument[1]
        return self._follower.at(line or line_of_name(step.instruction, *step.names[-1:]))

    def argument(self, number: int, sha256: str) -> tuple[str, int] | None:
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
        """Return the line of each ARG."""
        arguments = (step for step in self._chain if step.keyword == "ARG")
        return {name: line_of_name(step.instruction, name) for step in arguments for name in step.names}
