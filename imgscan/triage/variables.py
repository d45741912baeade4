"""What stands for what at one place of a Dockerfile: its variables, working folder and shell."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgscan.triage.lexer import UNKNOWN, expand, pairs, split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgscan.triage.reader import Instruction

_SHELL = ("/bin/sh", "-c")
SHELLS = (_SHELL, ("cmd", "/S", "/C"))
"""What runs a command where SHELL does not say: on Linux, and on Windows."""


@dataclass(slots=True)
class Variables:
    """The variables and settings at one place of a stage, changed by each instruction.

    `fixed` says whether ARG keeps its default: where it does not, the command line may have set it.
    """

    escape: str
    fixed: bool
    heads: Mapping[str, str | None]
    variables: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str | None] = field(default_factory=dict)
    folder: str = "/"
    shell: tuple[str, ...] = _SHELL

    def value(self, name: str) -> str | None:
        """Look a variable up; ENV goes before ARG."""
        if name in self.variables:
            return self.variables[name]
        if name in self.arguments:
            return self.arguments[name] if self.fixed else UNKNOWN
        return None

    def expand(self, text: str) -> str:
        """Take the quotes off a word and put the values of its variables in."""
        return expand(text, self.value, self.escape)

    def apply(self, instruction: Instruction) -> None:
        """Change what an instruction changes for those that follow."""
        keyword, text = instruction.keyword, instruction.text
        if keyword == "ENV":
            values = {name: self.expand(value) for name, value in pairs(text, self.escape)}
            self.variables.update(values)
        elif keyword == "ARG":
            for _, word in split(text, self.escape):
                name, given, value = word.partition("=")
                self.arguments[name] = self.expand(value) if given else self.heads.get(name)
        elif keyword == "WORKDIR":
            self.folder = self.absolute(self.expand(text))
        elif keyword == "SHELL" and instruction.listed:
            self.shell = instruction.listed

    def absolute(self, path: str) -> str:
        """Make a path absolute and plain; its trailing slash is lost."""
        whole = path if path.startswith(("/", UNKNOWN)) else f"{self.folder}/{path}"
        return posixpath.normpath(whole).replace("//", "/")

    def fork(self) -> Variables:
        """Return the scope of a stage that starts from here: ARG does not go over."""
        return Variables(self.escape, self.fixed, self.heads, dict(self.variables), {}, self.folder, self.shell)
