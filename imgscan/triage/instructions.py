"""Which instruction of a Dockerfile an image's history entry records.

The history of an image is that of its base, then one entry an instruction, in order; some builders leave some out.
So the two lists are aligned from the end: the alignment with the most in common is looked for, and a pair counts only
if every such alignment has it. What is uncertain stays out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from imgscan.triage.lexer import collapse, fits
from imgscan.triage.steps import MAKERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgscan.image.documents import History
    from imgscan.triage.recipe import Recipe
    from imgscan.triage.steps import Step

MOST = 512
"""Entries of a history, and instructions of a stage and those below it, that are compared; the last ones count.

The table of the alignment has this number squared: it takes half a second where both are so long."""

_EXACT, _LOOSE, _SKIP = 6, 4, 1
"""What a pair adds to an alignment, and what an entry without a pair takes, once the base image's are over."""

_MOST_TARGETS = 16
"""Stages that are tried as the target of a build."""

_LONGEST = 4096
"""Characters of the longest entry that is compared with patterns, which takes time; longer ones have to be equal."""

_NOP = re.compile(r"[^#]{0,512}#\(nop\) +")
_ARGUMENTS = re.compile(r"\|\d{1,4} ")
_HASHED = re.compile(r"(?:dir|file|multi):[0-9a-f]{16,128} in ")
_FLAG = re.compile(r"--[a-z][a-z-]*(?:=\S*)? +")
_KEYWORDS = MAKERS | {
    *("ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD"),
    *("SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
}


class Record(NamedTuple):
    """What a history entry says: the keyword, and the text after it with white space collapsed.

    `hidden` says that COPY or ADD shows a checksum in place of its sources: `text` is then its destination.
    """

    keyword: str
    text: str
    hidden: bool = False

    @classmethod
    def of(cls, created_by: str) -> Record:
        """Read `created_by` in the spelling of any builder; what is none of them is the command of a RUN."""
        text = created_by.strip().removesuffix("# buildkit")
        nop = _NOP.match(text)
        rest = collapse(text[nop.end() :] if nop is not None else text)
        keyword, _, body = rest.partition(" ")
        if keyword not in _KEYWORDS:  # builders write them in upper case, and `env x` can be a command
            return cls("RUN", rest)
        if keyword in ("COPY", "ADD"):
            while (flag := _FLAG.match(body)) is not None:
                body = body[flag.end() :]
            if (hashed := _HASHED.match(body)) is not None:
                return cls(keyword, body[hashed.end() :], hidden=True)
        return cls(keyword, body)


def weigh(record: Record, step: Step) -> int:
    """Say how well an entry fits an instruction: 0 for not at all."""
    if record.keyword != step.keyword:
        return 0
    text = record.text
    if text in step.exact and text and not record.hidden:
        return _EXACT
    if record.keyword == "RUN":
        return _EXACT if _ARGUMENTS.match(text) and any(_ends(text, each) for each in step.tails) else 0
    if len(text) > _LONGEST:
        return 0
    if record.hidden:
        return _LOOSE if any(fits(each, text) for each in step.destinations) else 0
    if record.keyword == "ARG":  # the value may be the command line's; buildah names all that have one by then
        given = text.partition("=")[0] == "".join(step.names[:1])
        return _LOOSE if given or (text and step.declared.issuperset(text.split())) else 0
    return _LOOSE if any(fits(each, text) for each in step.loose) else 0


def _ends(text: str, command: str) -> bool:
    """Whether a command follows the values of ARG, and is not the end of a longer one."""
    head = len(text) - len(command)
    return text.endswith(command) and text[head - 1 : head] == " " and " -c " not in text[:head]


@dataclass(frozen=True)
class Alignment:
    """The instruction of each history entry that has a certain one, for one stage as the image's last."""

    stage: int
    steps: Mapping[int, Step]
    complete: bool
    """Whether every entry that is not the base image's has its instruction, and every RUN, COPY and ADD an entry."""

    @cached_property
    def entries(self) -> Mapping[int, int]:
        """The history entry of each instruction, by the instruction's first line."""
        return {step.instruction.first: entry for entry, step in self.steps.items()}


def align(history: Sequence[History], recipe: Recipe) -> Alignment | None:
    """Align an image's history with a Dockerfile's last stage.

    Where that is not complete and another stage is, and only one, the image was built with `--target`. None for a
    Dockerfile without a stage.
    """
    if not recipe.stages:
        return None
    records = [Record.of(entry.created_by or "") for entry in history[-MOST:]]
    skipped = len(history) - len(records)
    last = len(recipe.stages) - 1
    found = _align(records, skipped, recipe, last)
    if found.complete or not records:
        return found
    others = (_align(records, skipped, recipe, stage) for stage in range(last) if _possible(records, recipe, stage))
    complete = [each for each in islice(others, _MOST_TARGETS) if each.complete]
    return complete[0] if len(complete) == 1 else found


def _possible(records: Sequence[Record], recipe: Recipe, stage: int) -> bool:
    """Whether each RUN, COPY and ADD of a stage has an entry that fits: without that it cannot be complete."""
    makers = (step for step in recipe.chain(stage) if step.keyword in MAKERS)
    return all(any(weigh(record, step) for record in records) for step in makers)


def _align(records: Sequence[Record], skipped: int, recipe: Recipe, stage: int) -> Alignment:
    steps = recipe.chain(stage)[-MOST:]
    found = _pairs(records, steps)
    first = min(found, default=len(records))
    aligned = {steps[number].instruction.first for number in found.values()}
    makers = [step for step in steps if step.keyword in MAKERS]
    complete = (
        bool(found)
        and all(entry in found for entry in range(first, len(records)))
        and all(step.instruction.first in aligned for step in makers or steps)
        and (first + skipped == 0 or not recipe.from_nothing(stage))
    )
    return Alignment(stage, {entry + skipped: steps[number] for entry, number in found.items()}, complete)


def _pairs(records: Sequence[Record], steps: Sequence[Step]) -> dict[int, int]:
    """Return the pairs that every best alignment has.

    `before[a][b]` is what the first `a` records and `b` steps have in common at best, `after[a][b]` the same for those
    from there on. Records before the first pair are the base image's, and free.
    """
    rows, columns = len(records), len(steps)
    weights = [[weigh(record, step) for step in steps] for record in records]
    before = [[0] * (columns + 1) for _ in range(rows + 1)]
    for a, line in enumerate(weights, 1):
        above, row = before[a - 1], before[a]
        for b, weight in enumerate(line, 1):
            best = max(0, above[b] - _SKIP, row[b - 1])
            row[b] = max(best, above[b - 1] + weight) if weight else best
    after = [[0] * (columns + 1) for _ in range(rows + 1)]
    for a in range(rows - 1, -1, -1):
        below, row, line = after[a + 1], after[a], weights[a]
        row[columns] = below[columns] - _SKIP
        for b in range(columns - 1, -1, -1):
            best = max(below[b] - _SKIP, row[b + 1])
            row[b] = max(best, below[b + 1] + line[b]) if line[b] else best
    best = max(
        (
            before[a][b] + weight + after[a + 1][b + 1]
            for a, line in enumerate(weights)
            for b, weight in enumerate(line)
            if weight
        ),
        default=0,
    )
    if best <= 0:
        return {}
    found: dict[int, int] = {}
    taken: dict[int, int] = {}
    for a, line in enumerate(weights):
        fitting = [b for b, weight in enumerate(line) if weight and before[a][b] + weight + after[a + 1][b + 1] == best]
        unpaired = any(before[a][b] - _SKIP + after[a + 1][b] == best for b in range(columns + 1) if before[a][b] > 0)
        for b in fitting:
            taken[b] = taken.get(b, 0) + 1
        if len(fitting) == 1 and not unpaired:
            found[a] = fitting[0]
    return {a: b for a, b in found.items() if taken[b] == 1}
