"""Kinds of mutants that cannot matter, each with the reason: what lives and is one of them needs no argument."""

from __future__ import annotations

import ast
import codecs
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from accuracy.mutants.change import Pair


Calls = dict[str, list[ast.Call]]
"""The calls of a program, by the bare name of what is called."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """A kind of mutants: `holds` gets what `change.difference` gave, and the calls of the program."""

    name: str
    reason: str
    holds: Callable[[Sequence[Pair], Calls], bool]


def same_program(pairs: Sequence[Pair], _calls: Calls) -> bool:
    """Whether nothing is changed but the way it is written."""
    return not pairs


def codec_name(pairs: Sequence[Pair], _calls: Calls) -> bool:
    """Whether the name of a codec is written differently, as `UTF-8` for `utf-8`."""
    old, new = _constants(pairs)
    if not (isinstance(old, str) and isinstance(new, str) and old.lower() == new.lower()):
        return False
    try:
        codecs.lookup(old)
    except LookupError:
        return False
    return True


def message(pairs: Sequence[Pair], _calls: Calls) -> bool:
    """Whether it is a text in an error that is raised."""
    return isinstance(_constants(pairs)[0], str) and any(isinstance(old, ast.Raise) for old, _ in pairs)


def representation(pairs: Sequence[Pair], _calls: Calls) -> bool:
    """Whether it is in a `__repr__`."""
    return any(isinstance(old, ast.FunctionDef) and old.name == "__repr__" for old, _ in pairs)


def types_only(pairs: Sequence[Pair], _calls: Calls) -> bool:
    """Whether it is in an annotation, in what a type checker alone imports, or in the type that `cast` is given."""
    for (outer, _), (inner, _) in pairwise(pairs):
        if inner in (getattr(outer, "annotation", None), getattr(outer, "returns", None)):
            return True
        if isinstance(outer, ast.If) and ast.unparse(outer.test) == "TYPE_CHECKING" and inner in outer.body:
            return True
        if isinstance(outer, ast.Call) and ast.unparse(outer.func) == "cast" and inner is outer.args[0]:
            return True
    return False


def unused_default(pairs: Sequence[Pair], calls: Calls) -> bool:
    """Whether it is the default of a parameter that every call of a function of this name gives."""
    for (function, _), (inner, _), (default, _) in zip(pairs, pairs[1:], pairs[2:], strict=False):
        if not isinstance(function, ast.FunctionDef) or not isinstance(inner, ast.arguments):
            continue
        known = calls.get(function.name, [])
        name, place = _parameter(inner, default)
        return bool(known) and all(_gives(call, name, place) for call in known)
    return False


def _parameter(arguments: ast.arguments, default: ast.AST) -> tuple[str, int | None]:
    """Return the parameter of a default: its name, and its place among those of a call, None if it has to be named."""
    if default in arguments.kw_defaults:
        return arguments.kwonlyargs[arguments.kw_defaults.index(default)].arg, None
    named = [*arguments.posonlyargs, *arguments.args]
    if default not in arguments.defaults:
        return "", None
    place = len(named) - len(arguments.defaults) + arguments.defaults.index(default)
    return named[place].arg, place - (named[0].arg in ("self", "cls"))


def _gives(call: ast.Call, name: str, place: int | None) -> bool:
    if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
        return False  # it cannot be seen
    return any(each.arg == name for each in call.keywords) or (place is not None and place < len(call.args))


def as_false(pairs: Sequence[Pair], _calls: Calls) -> bool:
    """Whether a name or parameter gets another false constant, no number: the type checker refuses any other use."""
    old, new = pairs[-1] if pairs else (None, None)
    if not (isinstance(old, ast.Constant) and isinstance(new, ast.Constant)):
        return False
    values = old.value, new.value
    false = all(value is None or value is False or value in ("", b"") for value in values)
    return false and isinstance(pairs[-2][0], ast.Assign | ast.AnnAssign | ast.keyword)


def below_zero(pairs: Sequence[Pair], _calls: Calls) -> bool:
    """Whether a result that says "none" is -2 in place of -1, in a module that compares nothing with -1."""
    if len(pairs) < 3 or _constants(pairs) != (1, 2):
        return False
    sign, around = pairs[-2][0], pairs[-3][0]
    if not (isinstance(sign, ast.UnaryOp) and isinstance(sign.op, ast.USub)):
        return False
    is_result = isinstance(around, ast.Return | ast.Assign | ast.IfExp) or (
        isinstance(around, ast.Tuple) and isinstance(pairs[-4][0], ast.Assign)
    )
    comparisons = [node for node in ast.walk(pairs[0][0]) if isinstance(node, ast.Compare)]
    return is_result and not any(
        ast.unparse(side) == "-1" for node in comparisons for side in (node.left, *node.comparators)
    )


EXEMPTIONS = (
    Exemption("same program", "The text differs, the program does not.", same_program),
    Exemption("name of a codec", "Python accepts codec names in either case.", codec_name),
    Exemption("text of an error", "Error messages are for people; no code reads them.", message),
    Exemption("representation", "What `__repr__` says is for people; no code reads it.", representation),
    Exemption("types only", "Only a type checker reads it.", types_only),
    Exemption("default that no call uses", "Every call in the program passes the argument.", unused_default),
    Exemption(
        "one false constant for another", "Both are false, and the type checker refuses any other use.", as_false
    ),
    Exemption("another number below zero", "Any negative number means that there is none.", below_zero),
)


def exemption_of(pairs: Sequence[Pair], calls: Calls) -> Exemption | None:
    """Return the exemption that leaves a change out; None if it has to be tested."""
    return next((each for each in EXEMPTIONS if each.holds(pairs, calls)), None)


def calls_in(texts: Mapping[str, str]) -> Calls:
    """List the calls in a program's modules, given by name."""
    found: Calls = {}
    for text in texts.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
                found.setdefault(name, []).append(node)
    return found


def _constants(pairs: Sequence[Pair]) -> tuple[object, object]:
    """Return the constant that is changed, before and after; None for both if it is none."""
    old, new = pairs[-1] if pairs else (None, None)
    if isinstance(old, ast.Constant) and isinstance(new, ast.Constant):
        return old.value, new.value
    return None, None
