"""Instructions as builders record them.

A builder writes each instruction into the image's history, in a spelling of its own. Here are the spellings that an
instruction can have there; `imgscan.triage.instructions` compares them with what the history says. They were read from
images that the tools made: BuildKit in Docker 26.1, the builder before it, podman 4.3 and 5.4, buildah 1.28 and 1.39,
and from what is known of kaniko.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from imgscan.triage.lexer import UNKNOWN, collapse, fits, join, pairs, split
from imgscan.triage.variables import SHELLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.triage.reader import Instruction
    from imgscan.triage.variables import Variables

MAKERS = frozenset(("RUN", "COPY", "ADD"))
"""The instructions that bring files in."""

_DEEPEST = 128
"""Components of a path that are compared with a destination."""


class Copied(NamedTuple):
    """What COPY or ADD does: its sources and its destination, which is absolute; `UNKNOWN` stands for any text."""

    sources: tuple[str, ...]
    destination: str
    into: bool
    """Whether the destination is a folder by its spelling: it ends in a slash, or there are several sources."""

    def below(self, path: str) -> Iterator[str]:
        """Yield what is left of a path below the destination, for each way in which the two can fit."""
        parts = path.split("/")
        for count in range(min(len(parts), _DEEPEST) + 1):
            if fits(self.destination, "/" + "/".join(parts[:count])):
                yield "/".join(parts[count:])


class Step(NamedTuple):
    """An instruction on the way to an image.

    `exact` are its spellings, white space collapsed, without the keyword; `loose` are patterns in which what the
    command line of the build may have changed is `UNKNOWN`. `destinations` are that of COPY and ADD as builders that
    hide the sources record it. `names` is what ENV, LABEL or ARG set, `declared` what ARG has declared by then, and
    `tails` are the spellings of a RUN that may follow the values of ARG.
    """

    instruction: Instruction
    exact: frozenset[str]
    loose: frozenset[str] = frozenset()
    destinations: frozenset[str] = frozenset()
    copied: Copied | None = None
    names: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()
    tails: frozenset[str] = frozenset()

    @property
    def keyword(self) -> str:
        """The instruction's keyword."""
        return self.instruction.keyword


def step_of(instruction: Instruction, strict: Variables, free: Variables) -> Step:
    """Spell an instruction as builders do: in `strict` each ARG has its default, in `free` it may have any value."""
    keyword, text = instruction.keyword, instruction.text
    scopes = (strict, free)
    raw = frozenset((collapse(text), collapse(instruction.line[len(keyword) :])))
    shells = tuple(dict.fromkeys((strict.shell, *SHELLS)))
    if keyword == "RUN":
        commands = _commands(instruction)
        tails = frozenset(collapse(f"{' '.join(shell)} {each}") for each in commands for shell in shells)
        if instruction.listed is not None:
            tails |= {collapse(" ".join(instruction.listed))}
        return Step(instruction, raw | tails | frozenset(map(collapse, commands)), tails=tails)
    if keyword in ("COPY", "ADD"):
        return _copy(instruction, strict, free, raw)
    if keyword in ("ENV", "LABEL"):
        given = pairs(text, strict.escape)
        values = [join(f"{scope.expand(name)}={scope.expand(value)}" for name, value in given) for scope in scopes]
        return _spelled(instruction, raw, values, tuple(strict.expand(name) for name, _ in given))
    if keyword == "ARG":
        set_ = [word.partition("=") for _, word in split(text, strict.escape)]
        values = [join(name + mark + scope.expand(value) for name, mark, value in set_) for scope in scopes]
        names = tuple(name for name, _, _ in set_)
        step = _spelled(instruction, raw, values, names)
        return step._replace(declared=frozenset((*strict.arguments, *names)))
    if keyword in ("CMD", "ENTRYPOINT"):
        lists = [instruction.listed] if instruction.listed is not None else [(*shell, text) for shell in shells]
        return Step(instruction, raw | {f"[{join(_quoted(words))}]" for words in lists})
    if keyword in ("SHELL", "VOLUME"):
        words = instruction.listed or tuple(word for _, word in split(text, strict.escape))
        return _spelled(instruction, raw, [f"[{join(map(scope.expand, words))}]" for scope in scopes])
    if keyword == "HEALTHCHECK":
        return Step(instruction, raw, frozenset((collapse(_health(text)),)))
    if keyword == "EXPOSE":  # as a Go map, as a list, or sorted
        ports = sorted(strict.expand(text).split())
        return Step(instruction, raw | {" ".join(ports)}, frozenset(_ports(ports)))
    if keyword == "WORKDIR":
        values = [scope.absolute(scope.expand(text)) for scope in scopes]
        return _spelled(instruction, raw, [collapse(value) for value in values])
    if keyword in ("USER", "STOPSIGNAL"):
        return _spelled(instruction, raw, [collapse(scope.expand(text)) for scope in scopes])
    return Step(instruction, raw)


def _spelled(instruction: Instruction, raw: frozenset[str], values: list[str], names: tuple[str, ...] = ()) -> Step:
    """Make a step of an instruction whose variables were replaced: `values` with the defaults and without."""
    exact = frozenset(value for value in values[:1] if UNKNOWN not in value)
    return Step(instruction, raw | exact, frozenset(values) - exact, names=names)


def _quoted(words: tuple[str, ...]) -> Iterator[str]:
    """Quote words as Go's `%q` does, for what is in commands."""
    return (json.dumps(word, ensure_ascii=False) for word in words)


def _health(text: str) -> str:
    """Spell HEALTHCHECK as the Go structure that BuildKit and Docker record."""
    kind, _, command = text.partition(" ")
    if kind.upper() != "CMD":
        return f'&{{["NONE"]{UNKNOWN}'
    if command.strip().startswith("["):
        return f'&{{["CMD" {UNKNOWN}'
    return f'&{{["CMD-SHELL" {json.dumps(command.strip(), ensure_ascii=False)}]{UNKNOWN}'


def _ports(ports: list[str]) -> Iterator[str]:
    """Spell EXPOSE as BuildKit does, the newer and the older: `[80/tcp]`, `map[80/tcp:{}]`."""
    whole = sorted(port if "/" in port else f"{port}/tcp" for port in ports)
    yield f"[{' '.join(whole)}]"
    yield f"map[{' '.join(port + ':{}' for port in whole)}]"


def _commands(instruction: Instruction) -> list[str]:
    """Spell the command of a RUN: BuildKit puts here-documents in; buildah leaves them out, and the flags in."""
    commands = [instruction.text, instruction.line[len("RUN") :].strip()]
    documents = instruction.heredocs
    if len(documents) == 1 and len(instruction.text.split()) == 1:
        commands.append(documents[0].text)
    elif documents:
        commands.append(instruction.text + "".join(f"\n{each.content}{each.name}" for each in documents))
    return commands


def _copy(instruction: Instruction, strict: Variables, free: Variables, raw: frozenset[str]) -> Step:
    words = instruction.listed or tuple(word for _, word in split(instruction.text, strict.escape))
    if len(words) < 2:
        return Step(instruction, raw)
    paths = [word for word in words[:-1] if not word.startswith("<<")]
    inline = [f"<<{document.name}" for document in instruction.heredocs]
    values, ends = [], [words[-1]]
    for scope in (strict, free):
        end = scope.expand(words[-1])
        values.append(join((*map(scope.expand, paths), *inline, end)))
        ends += [end, scope.absolute(end)]
    end = strict.expand(words[-1])
    copied = Copied(
        sources=tuple(map(strict.expand, paths)),
        destination=strict.absolute(end),
        into=len(words) > 2 or end.endswith(("/", "/.")) or end == ".",
    )
    step = _spelled(instruction, raw, values)
    return step._replace(destinations=frozenset(map(collapse, ends)), copied=copied)
