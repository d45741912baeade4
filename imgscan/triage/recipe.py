"""What a builder makes of a Dockerfile: the instructions that lead to each of its stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.triage.lexer import UNKNOWN, expand
from imgscan.triage.steps import step_of
from imgscan.triage.variables import Variables

if TYPE_CHECKING:
    from imgscan.triage.dockerfile import Dockerfile, Stage
    from imgscan.triage.steps import Step


class Recipe:
    """A Dockerfile's stages as steps."""

    def __init__(self, dockerfile: Dockerfile) -> None:
        """Follow the stages of `dockerfile`."""
        self.dockerfile = dockerfile
        self.stages = dockerfile.stages
        self._heads = [self._head(fixed=fixed) for fixed in (True, False)]
        self.bases = tuple(self._base(stage) for stage in self.stages)
        self._steps: dict[int, tuple[Step, ...]] = {}
        self._scopes: dict[int, tuple[Variables, Variables]] = {}
        for stage in self.stages:
            self._follow(stage)

    def chain(self, stage: int) -> tuple[Step, ...]:
        """Return the steps of a stage, after those of the stages that it starts from."""
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
        scope = Variables(self.dockerfile.escape, fixed, heads=values)
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
                Variables(self.dockerfile.escape, fixed, heads, folder=folder)
                for fixed, heads in zip((True, False), self._heads, strict=True)
            )
        strict, free = scopes
        steps = []
        for instruction in stage.instructions:
            steps.append(step_of(instruction, strict, free))
            strict.apply(instruction)
            free.apply(instruction)
        self._steps[stage.index] = tuple(steps)
        self._scopes[stage.index] = (strict, free)
