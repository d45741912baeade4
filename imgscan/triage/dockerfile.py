"""A Dockerfile: its stages and instructions, and the line of each byte, so that a key in it can be pointed at."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from imgscan.triage.reader import InstructionReader

if TYPE_CHECKING:
    from imgscan.triage.reader import Instruction

LIMIT = 1 << 20
"""Bytes of the largest Dockerfile that is read; the rest of a larger one is left out."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what FROM names, as it is written, and its own instructions, without FROM."""

    index: int
    base: str
    name: str | None
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile that was read. `name` is how reports call it; `data` are its bytes."""

    name: str
    data: bytes
    escape: str
    instructions: tuple[Instruction, ...]

    @classmethod
    def parse(cls, data: bytes, name: str = "Dockerfile") -> Dockerfile:
        """Read a Dockerfile, whatever it holds."""
        data = data[:LIMIT]
        reader = InstructionReader(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape"))
        return cls(name, data, reader.escape, tuple(reader.instructions()))

    @cached_property
    def heads(self) -> tuple[Instruction, ...]:
        """The instructions before the first FROM: ARG."""
        return tuple(each for each in self.instructions if each.stage < 0)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The stages, in order."""
        found: list[tuple[Instruction, list[Instruction]]] = []
        for each in self.instructions:
            if each.keyword == "FROM":
                found.append((each, []))
            elif found:
                found[-1][1].append(each)
        return tuple(_stage(index, head, body) for index, (head, body) in enumerate(found))

    def line_of(self, offset: int) -> int:
        """Return the number of the line on which a byte of the file is."""
        return bisect_right(self._newlines, offset - 1) + 1

    @cached_property
    def _newlines(self) -> list[int]:
        return [match.start() for match in re.finditer(rb"\n", self.data)]


def _stage(index: int, head: Instruction, body: list[Instruction]) -> Stage:
    parts = head.text.split()
    named = len(parts) == 3 and parts[1].upper() == "AS"
    return Stage(index, parts[0] if parts else "", parts[2].lower() if named else None, tuple(body))
