"""Which mutants are to be run: all of some modules, and single ones of others that lived before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accuracy.mutants.change import bare
from accuracy.mutants.outcome import change_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accuracy.mutants.change import Change

TOP = Path(__file__).parents[2]
PACKAGE = "imgscan/detect"

LEFT_OUT = ("__init__", "specimens")
"""Modules without a mutant that matters: one only imports; specimens are texts for the rules' own examples."""

_DOTTED = PACKAGE.replace("/", ".")


class Broken(Exception):  # noqa: N818 - it says what happened
    """The run itself cannot continue; the text says why."""


def texts() -> dict[str, str]:
    """Return the text of every module that is mutated, by its path below the package, without `.py`."""
    files = {path.relative_to(TOP / PACKAGE).with_suffix("").as_posix(): path for path in (TOP / PACKAGE).rglob("*.py")}
    return {name: files[name].read_text(encoding="utf-8") for name in sorted(files) if bare(name) not in LEFT_OUT}


def modules(only: Sequence[str]) -> list[str]:
    """List the modules to mutate; Broken if one that is requested is none of them."""
    names = list(texts())
    if unknown := set(only) - set(names):
        raise Broken(f"no module {', '.join(sorted(unknown))} in {PACKAGE}")
    return [name for name in names if not only or name in only]


def source_of(module: str) -> str:
    """Tell a module's text from others."""
    return hashlib.sha256((TOP / PACKAGE / f"{module}.py").read_bytes()).hexdigest()[:16]


def module_of(mutant: str) -> str:
    """Return the module of a mutant that mutmut named; it calls a package's own module as the package."""
    module = mutant.rpartition(".")[0].removeprefix(_DOTTED + ".").replace(".", "/")
    return f"{module}/__init__" if (TOP / PACKAGE / module).is_dir() else module


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be run: modules of which all mutants are, and single mutants of others by name, with their modules."""

    whole: Sequence[str]
    single: Mapping[str, str]

    @property
    def modules(self) -> list[str]:
        """All modules of which anything is run."""
        return sorted({*self.whole, *self.single.values()})

    def has(self, name: str, module: str) -> bool:
        """Whether a mutant is to be run."""
        return name in self.single or module in self.whole

    def patterns(self) -> list[str]:
        """Return patterns of what mutmut runs: whole modules, and one mutant, so that it makes the single ones."""
        dotted = [f"{_DOTTED}.{name}".replace("/", ".").removesuffix(".__init__") for name in self.whole]
        return [f"{module}.x*" for module in dotted] + self.made()[:1]

    def made(self) -> list[str]:
        """List the single ones that mutmut makes."""
        return [name for name in self.single if name.startswith(_DOTTED)]


def due(names: Sequence[str], earlier: Mapping[str, Any], reasons: Mapping[Change, str]) -> Due:
    """Say what is to be run of these modules, after what a record says of those that are as they were then."""
    known = {name for name in names if earlier["modules"].get(name, {}).get("source") == source_of(name)}
    lived = [each for each in earlier["survived"] if each["module"] in known and change_in(each) not in reasons]
    single = {each["mutant"]: each["module"] for each in lived}
    return Due([name for name in names if name not in known], single)
