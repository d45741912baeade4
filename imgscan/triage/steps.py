"""What a builder makes of a Dockerfile: the instructions that lead to an image, each as a builder would record it.

A builder writes each instruction into the image's history, in a spelling of its own. Here are the spellings that an
instruction can have there; `imgscan.triage.instructions` compares them with what stands there. They were read from
images that the tools made: BuildKit in Docker 26.1, the builder before it, podman 4.3 and 5.4, buildah 1.28 and 1.39,
and from what is known of kaniko.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from imgscan.triage.lexer import UNKNOWN, collapse, expand, join, pairs, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgscan.triage.dockerfile import Dockerfile, Instruction, Stage

MAKERS = frozenset(("RUN", "COPY", "ADD"))
"""The instructions that bring files in."""

_SHELL = ("/bin/sh", "-c")
_SHELLS = (_SHELL, ("cmd", "/S", "/C"))
"""What runs a command where SHELL does not say: on Linux, and on Windows."""


class Copied(NamedTuple):
    """What COPY or ADD does: its sources and its destination, which is absolute; `UNKNOWN` stands for any text."""

    sources: tuple[str, ...]
    destination: str
    into: bool
    """Whether the destination is a folder by its spelling: it ends in a slash, or there are several sources."""


class Step(NamedTuple):
    """An instruction on the way to an image.

    `exact` are its spellings, white space collapsed, without the keyword; `loose` are patterns in which what the
    command line of the build may have changed is `UNKNOWN`. `destinations` are that of COPY and ADD as builders that
    hide the sources record it. `names` is what ENV, LABEL or ARG set, `declared` what ARG has declared by then, and
    `tails` are the spellings of a RUN that may stand behind the values of ARG.
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


@dataclass(slots=True)
class _Scope:
    """The variables and settings at one place of a stage.

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

    def fork(self) -> _Scope:
        """Give the scope of a stage that starts from here: ARG does not go over."""
        return _Scope(self.escape, self.fixed, self.heads, dict(self.variables), {}, self.folder, self.shell)


class Recipe:
    """A Dockerfile's stages as steps."""

    def __init__(self, dockerfile: Dockerfile) -> None:
        """Follow the stages of `dockerfile`."""
        self.dockerfile = dockerfile
        self.stages = dockerfile.stages
        self._heads = [self._head(fixed=fixed) for fixed in (True, False)]
        self.bases = tuple(self._base(stage) for stage in self.stages)
        self._steps: dict[int, tuple[Step, ...]] = {}
        self._scopes: dict[int, tuple[_Scope, _Scope]] = {}
        for stage in self.stages:
            self._follow(stage)

    def chain(self, stage: int) -> tuple[Step, ...]:
        """Give the steps of a stage, after those of the stages that it starts from."""
        stages: list[int] = []
        at: int | None = stage
        while at is not None:
            stages.append(at)
            at = self.bases[at]
        return tuple(step for each in reversed(stages) for step in self._steps[each])

    def from_nothing(self, stage: int) -> bool:
        """Whether a stage starts from `scratch`, so that all of its history is here."""
        at = stage
        while (below := self.bases[at]) is not None:
            at = below
        return self.stages[at].base.lower() == "scratch"

    def named(self, name: str, before: int) -> int | None:
        """Find the stage that `COPY --from` or FROM names: by name, or by number, among those before."""
        wanted = name.lower()
        for stage in reversed(self.stages[:before]):
            if stage.name == wanted:
                return stage.index
        return (
            int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 5 and int(wanted) < before else None
        )

    def _head(self, *, fixed: bool) -> dict[str, str | None]:
        values: dict[str, str | None] = {}
        scope = _Scope(self.dockerfile.escape, fixed, heads=values)
        for each in self.dockerfile.heads:
            scope.apply(each)
        values.update(scope.arguments)
        return values

    def _base(self, stage: Stage) -> int | None:
        name = expand(stage.base, self._heads[0].get, self.dockerfile.escape)
        found = self.named(name, stage.index)
        return found if found is None or not name.isdigit() else None  # FROM takes names only

    def _follow(self, stage: Stage) -> None:
        below = self.bases[stage.index]
        if below is not None:
            scopes = tuple(scope.fork() for scope in self._scopes[below])
        else:
            folder = "/" if stage.base.lower() == "scratch" else UNKNOWN
            scopes = tuple(
                _Scope(self.dockerfile.escape, fixed, heads, folder=folder)
                for fixed, heads in zip((True, False), self._heads, strict=True)
            )
        strict, free = scopes
        steps = []
        for instruction in stage.instructions:
            steps.append(_step(instruction, strict, free))
            strict.apply(instruction)
            free.apply(instruction)
        self._steps[stage.index] = tuple(steps)
        self._scopes[stage.index] = (strict, free)


def _step(instruction: Instruction, strict: _Scope, free: _Scope) -> Step:
    keyword, text = instruction.keyword, instruction.text
    scopes = (strict, free)
    raw = frozenset((collapse(text), collapse(instruction.line[len(keyword) :])))
    shells = tuple(dict.fromkeys((strict.shell, *_SHELLS)))
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
    """Quote words as Go's `%q` does, for what stands in commands."""
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


def _copy(instruction: Instruction, strict: _Scope, free: _Scope, raw: frozenset[str]) -> Step:
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
