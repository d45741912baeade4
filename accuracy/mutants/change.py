"""What a mutant changes, said so that edits elsewhere in its module leave it alone.

A change is the smallest piece of code that holds it and is there once in its function, before and after, as
`ast.unparse` writes them: no line, no indentation, no comment. A piece is more than a name or number, if there is more.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Pair = tuple[ast.AST, ast.AST]
"""A piece of code before and after."""

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPOUND = (*_SCOPES, ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match, ast.Module)
_MARK = " ==> "


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A change of a function, or of a value that a module assigns: `place` is `module.function`, without folders.

    Where the same code is there several times and nothing around it tells which, `before` ends in `#2` for the second.
    """

    place: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.place}: {self.before}{_MARK}{self.after}"

    @classmethod
    def read(cls, text: str) -> Change:
        """Read what `str` wrote; ValueError if it is something else."""
        place, colon, code = text.partition(": ")
        before, mark, after = code.partition(_MARK)
        if not (colon and mark and "." in place):
            raise ValueError(f"{text!r} is not `module.function: before{_MARK}after`")
        return cls(place, before, after)


def difference(before: str, after: str) -> tuple[Pair, ...]:
    """Return the pieces that hold the change between two texts of a module: the module first, the smallest last.

    Nothing if both are the same program.
    """
    pair = ast.parse(before), ast.parse(after)
    if ast.dump(pair[0]) == ast.dump(pair[1]):
        return ()
    pairs: list[Pair] = [pair]
    while inner := _only(*pairs[-1]):
        pairs.append(inner)
    return tuple(pairs)


def _only(old: ast.AST, new: ast.AST) -> Pair | None:
    """Return the one part in which two pieces differ; None if it is more than one, or no part of its own."""
    if type(old) is not type(new):
        return None
    found: list[Pair] = []
    for field in old._fields:
        one, other = getattr(old, field, None), getattr(new, field, None)
        ones, others = (each if isinstance(each, list) else [each] for each in (one, other))
        if len(ones) != len(others):
            return _dropped(ones, others)
        for mine, its in zip(ones, others, strict=True):
            if isinstance(mine, ast.AST) and isinstance(its, ast.AST):
                found += [(mine, its)] if ast.dump(mine) != ast.dump(its) else []
            elif (type(mine), mine) != (type(its), its):
                return None
    return found[0] if len(found) == 1 else None


def _dropped(ones: Sequence[object], others: Sequence[object]) -> Pair | None:
    """Return the argument that a call no longer has, with `nothing` in its place."""
    written = [[ast.dump(each) for each in side if isinstance(each, ast.AST)] for side in (ones, others)]
    for at, each in enumerate(ones):
        if isinstance(each, ast.expr | ast.keyword) and written[0][:at] + written[0][at + 1 :] == written[1]:
            return each, ast.Name("nothing")
    return None


def describe(module: str, pairs: Sequence[Pair]) -> Change:
    """Say what is changed in a module, given what `difference` gave."""
    scopes = [at for at, (old, _) in enumerate(pairs) if isinstance(old, _SCOPES)]
    top = scopes[-1] if scopes else 1
    root = pairs[top][0]
    names = [getattr(pairs[at][0], "name", "") for at in scopes] or [assigned(root)]
    place = ".".join([bare(module), *names])
    shown = pairs[-1]
    for pair in reversed(pairs[top:]):
        if isinstance(pair[0], _COMPOUND) and not _short(pair[0]) and _shown(shown[0]):
            break
        if _shown(pair[0]):
            shown = pair
            if not _bare(pair[0]) and len(_same(root, ast.unparse(pair[0]))) == 1:
                break
    before, after = (ast.unparse(node) for node in shown)
    same = _same(root, before)
    return Change(place, before if len(same) == 1 else f"{before} #{same.index(shown[0]) + 1}", after)


def bare(module: str) -> str:
    """Return the last part of a module's name; a package's own module is called like the package."""
    return module.removesuffix("/__init__").rpartition("/")[2]


def assigned(statement: ast.AST) -> str:
    """Return the name that a statement assigns; nothing if it is no assignment to one."""
    target: ast.AST | None = None
    if isinstance(statement, ast.AnnAssign):
        target = statement.target
    elif isinstance(statement, ast.Assign):
        target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def find(tree: ast.Module, place: str) -> ast.AST | None:
    """Return the function or assignment of a place, in the module that it names; None if there is none."""
    node: ast.AST = tree
    for name in place.split(".")[1:]:
        inside = [
            each
            for each in getattr(node, "body", ())
            if (isinstance(each, _SCOPES) and each.name == name) or (node is tree and assigned(each) == name)
        ]
        if not inside:
            return None
        node = inside[0]
    return node


def holds(root: ast.AST, before: str) -> bool:
    """Whether a function still has the code that a change begins with."""
    text, _, number = before.rpartition(" #")
    if text and number.isdigit():
        return len(_same(root, text)) >= int(number)
    return bool(_same(root, before))


def _same(root: ast.AST, text: str) -> list[ast.AST]:
    """List the pieces of a function that read the same, in their order."""
    same = [node for node in ast.walk(root) if _shown(node) and ast.unparse(node) == text]
    # An expression that is a statement reads like it.
    inner = {id(node.value) for node in same if isinstance(node, ast.Expr)}
    same = [node for node in same if id(node) not in inner]
    return sorted(same, key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)))


def _shown(node: ast.AST) -> bool:
    """Whether a piece can be read by itself."""
    if isinstance(node, ast.stmt):
        return not isinstance(node, _COMPOUND) or _short(node)
    return isinstance(node, ast.expr | ast.keyword | ast.arguments) and not isinstance(node, ast.FormattedValue)


def _bare(node: ast.AST) -> bool:
    """Whether a piece says too little by itself: `0`, or a name."""
    return isinstance(node, ast.Constant | ast.Name) or (isinstance(node, ast.UnaryOp) and _bare(node.operand))


def _short(node: ast.AST) -> bool:
    """Whether a statement holds one simple statement, as `if done: return`."""
    if not isinstance(node, ast.If | ast.For | ast.While) or node.orelse or len(node.body) != 1:
        return False
    return not isinstance(node.body[0], _COMPOUND)
