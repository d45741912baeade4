"""Reading the instructions of a Dockerfile, each with its lines.

Format: the Dockerfile reference (docs.docker.com/reference/dockerfile), and BuildKit's parser where that is silent.
The reader is lenient: what a builder would refuse is read as far as it makes sense, and nothing raises. Whoever has
an image has had a builder accept the file.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass

from imgscan.triage import lexer

MOST = 4096
"""Instructions of the longest Dockerfile that is read; an image has at most 127 layers with Docker."""

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+)")
_HEREDOC = re.compile(r"(\d*)<<(-?)([^<]+)")
_WITH_HEREDOC = ("ADD", "COPY", "RUN")
_WITH_JSON = ("ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME")


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document: the word after `<<`, and its lines as they are written.

    `first` is the number of its first line, `expanded` whether variables in it are replaced (the word had no quotes),
    `stripped` whether leading tabs are dropped (`<<-`).
    """

    name: str
    content: str
    first: int
    expanded: bool
    stripped: bool

    @property
    def text(self) -> str:
        """The content as the builder sees it."""
        return re.sub(r"^\t+", "", self.content, flags=re.MULTILINE) if self.stripped else self.content


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    `keyword` is in upper case. `line` is the logical line, its continuation lines joined as the builder joins them;
    `starts` and `lines` say for each of its pieces the offset at which it starts there, and its number in the file.
    `text` is what follows the keyword and the flags. `listed` is the exec form, where it is one. `stage` counts from
    0, and is -1 before the first FROM. `first` and `last` are line numbers, here-documents included.
    """

    keyword: str
    line: str
    text: str
    flags: tuple[tuple[str, str], ...]
    heredocs: tuple[Heredoc, ...]
    listed: tuple[str, ...] | None
    stage: int
    first: int
    last: int
    starts: tuple[int, ...]
    lines: tuple[int, ...]

    def flag(self, name: str) -> str | None:
        """Return a flag's value; empty if it has none, None if it is not there."""
        return next((value for key, value in self.flags if key == name), None)

    def line_at(self, offset: int) -> int:
        """Return the number of the line on which a character of `line` is."""
        return self.lines[max(0, bisect_right(self.starts, offset) - 1)]


class InstructionReader:
    """Goes over the lines of one Dockerfile."""

    def __init__(self, text: str) -> None:
        """Take the text of the whole file; its directives are read at once, `escape` among them."""
        self._lines = [line.removesuffix("\r") for line in text.split("\n")]
        self._at = 0
        self._stage = -1
        self.escape = "\\"
        self._directives()
        self._continued = re.compile(rf"(?:^|(?<=[^{re.escape(self.escape)}])){re.escape(self.escape)}[ \t]*$")

    def _directives(self) -> None:
        """Read the parser directives: comments of the form `name=value` before anything else, each once."""
        seen = set()
        while self._at < len(self._lines):
            found = _DIRECTIVE.fullmatch(self._lines[self._at].strip())
            if found is None or found[1].lower() in seen:
                return
            seen.add(found[1].lower())
            if found[1].lower() == "escape" and found[2] in ("\\", "`"):
                self.escape = found[2]
            self._at += 1

    def instructions(self) -> list[Instruction]:
        """Read the rest."""
        found: list[Instruction] = []
        while self._at < len(self._lines) and len(found) < MOST:
            if not _silent(self._lines[self._at]):
                found.append(self._instruction())
            else:
                self._at += 1
        return found

    def _instruction(self) -> Instruction:
        pieces: list[str] = []
        numbers: list[int] = []
        goes_on = True
        while goes_on and self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if pieces and _silent(line):
                continue
            cut = self._continued.search(line)
            goes_on = cut is not None
            piece = line[: cut.start()] if cut is not None else line
            pieces.append(piece if pieces else piece.lstrip())
            numbers.append(self._at)
        starts, size = [], 0
        for piece in pieces:
            starts.append(size)
            size += len(piece)
        joined = "".join(pieces)
        keyword = (joined.split(maxsplit=1) or [""])[0]
        rest = joined[len(keyword) :]
        inner = (rest.split(maxsplit=1) or [""])[0].upper() if keyword.upper() == "ONBUILD" else keyword.upper()
        heredocs = self._heredocs(rest) if inner in _WITH_HEREDOC else ()
        flags, text = _flags(rest, self.escape)
        self._stage += keyword.upper() == "FROM"
        return Instruction(
            keyword=keyword.upper(),
            line=joined,
            text=text,
            flags=flags,
            heredocs=heredocs,
            listed=_listed(text) if keyword.upper() in _WITH_JSON else None,
            stage=self._stage,
            first=numbers[0],
            last=max(self._at, numbers[0]) if heredocs else numbers[-1],
            starts=tuple(starts),
            lines=tuple(numbers),
        )

    def _heredocs(self, rest: str) -> tuple[Heredoc, ...]:
        """Take the here-documents that a line announces, from the lines that follow it."""
        if "<<" not in rest:
            return ()
        found = []
        for _, word in lexer.split(rest, self.escape):
            match = _HEREDOC.fullmatch(word)
            if match is None:
                continue
            name = lexer.expand(match[3], lambda _: None, self.escape).replace(lexer.UNKNOWN, "")
            stripped, first, content = bool(match[2]), self._at + 1, []
            while self._at < len(self._lines):
                line = self._lines[self._at]
                self._at += 1
                if (line.lstrip("\t") if stripped else line) == name:
                    break
                content.append(line + "\n")
            plain = not any(char in match[3] for char in ("'", '"', self.escape))
            found.append(Heredoc(name, "".join(content), first, plain, stripped))
        return tuple(found)


def _silent(line: str) -> bool:
    """Whether a line says nothing: it is blank or a comment."""
    stripped = line.lstrip()
    return not stripped or stripped.startswith("#")


def _flags(rest: str, escape: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """Take the flags off an instruction's arguments."""
    found: list[tuple[str, str]] = []
    for offset, word in lexer.split(rest, escape):
        if not word.startswith("--") or word == "--":
            return tuple(found), rest[offset + 2 * (word == "--") :].strip()
        name, _, value = word[2:].partition("=")
        found.append((name, value))
    return tuple(found), ""


def _listed(text: str) -> tuple[str, ...] | None:
    """Read the exec form; None if it is none, and the builder takes the text for a shell's."""
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tuple(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None
