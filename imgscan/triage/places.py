"""Where in a Dockerfile a key is, and where a name is set or used."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from imgscan.triage.lexer import split
from imgscan.triage.lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgscan.triage.dockerfile import Dockerfile
    from imgscan.triage.lines import Find
    from imgscan.triage.reader import Instruction


class KeyLines:
    """The lines of the credentials of a Dockerfile, found when they are first asked for."""

    def __init__(self, dockerfile: Dockerfile, find: Find) -> None:
        """Look at `dockerfile`."""
        self._dockerfile = dockerfile
        self._find = find

    @cached_property
    def lines(self) -> Mapping[str, tuple[int, ...]]:
        """The lines on which each credential begins, also one that continues in a continuation line."""
        data = self._dockerfile.data
        found = {sha256: set(lines) for sha256, lines in lines_of(data, self._find(data)).items()}
        for each in self._dockerfile.instructions:
            if len(each.lines) == 1:
                continue
            joined = each.line.encode("utf-8", "surrogateescape")
            for sha256, offset in self._find(joined):
                known = found.setdefault(sha256, set())
                if not any(each.first <= line <= each.last for line in known):
                    known.add(each.line_at(len(joined[:offset].decode("utf-8", "surrogateescape"))))
        return {sha256: tuple(sorted(lines)) for sha256, lines in found.items()}

    def within(self, instruction: Instruction, sha256: str) -> int | None:
        """Return the line of an instruction on which a key is in full; None if none does."""
        lines = (line for line in self.lines.get(sha256, ()) if instruction.first <= line <= instruction.last)
        return next(lines, None)


def line_of_name(instruction: Instruction, name: str = "") -> int:
    """Return the line on which ENV, LABEL or ARG sets a name; the first, where it is not seen."""
    for offset, word in split(instruction.line) if name else ():
        if word.partition("=")[0].strip("\"'") == name:
            return instruction.line_at(offset)
    return instruction.first


def line_of_use(instruction: Instruction, name: str) -> int | None:
    """Return the line on which an instruction uses a variable; None if it does not."""
    use = re.compile(rf"\$(?:{re.escape(name)}(?![A-Za-z0-9_])|\{{{re.escape(name)}[}}:+\-?#%/])")
    found = use.search(instruction.line)
    if found is not None:
        return instruction.line_at(found.start())
    for document in instruction.heredocs:
        found = use.search(document.content)
        if found is not None:
            return document.first + document.content.count("\n", 0, found.start())
    return None
