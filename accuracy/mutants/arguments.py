"""Why mutants may live: what a person has judged, in `survivors.toml`."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from accuracy.mutants.change import Change, bare, find, holds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SURVIVORS = Path(__file__).with_name("survivors.toml")


def arguments(file: Path = SURVIVORS) -> dict[Change, str]:
    """Read why survivors may survive; ValueError if an entry lacks something, or one mutant has two reasons."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    reasons: dict[Change, str] = {}
    for item in document.get("argument", []):
        if set(item) != {"reason", "mutants"} or not item["reason"] or not item["mutants"]:
            raise ValueError(f"{file.name}: an argument has a `reason` and `mutants`")
        for text in item["mutants"]:
            change = Change.read(text)
            if change in reasons:
                raise ValueError(f"{file.name}: two reasons for {text!r}")
            reasons[change] = item["reason"]
    return reasons


def stale(changes: Iterable[Change], texts: Mapping[str, str]) -> Iterator[Change]:
    """Yield the changes whose function is gone, or no longer has the code that they change.

    `texts` are the modules, by name; only the last part of a name counts, so a module may move between folders.
    """
    trees: dict[str, list[ast.Module]] = {}
    for name, text in texts.items():
        trees.setdefault(bare(name), []).append(ast.parse(text))
    for change in changes:
        roots = (find(tree, change.place) for tree in trees.get(change.place.partition(".")[0], ()))
        if not any(root is not None and holds(root, change.before) for root in roots):
            yield change
