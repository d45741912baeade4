"""Every code of a diagnostic that the program uses is in the register, and the register has no others."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import imgscan
from imgscan.codes import CODES, SECTIONS
from imgscan.model import Severity
from tests import diagnostics

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(imgscan.__file__).parent
MODULES: Final = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(ROOT.rglob("*.py"))
    if path.name != "codes.py"
}

PLACES: Final = {
    "StreamError": 0,
    "Unread": 1,
    "Diagnostic": 1,
    "Trouble": 1,
    "Lack": 0,
    "ObjectError": 1,
    "_failed": 3,
    "complain": 0,
    "problem": 0,
    "lack": 0,
    "_lack": 0,
    "_lose": 0,
    "_note_problem": 0,
}
"""Which argument is a code, by what is called."""

NAMES: Final = re.compile(r"code|[A-Z_]+")
"""What a variable is called that holds a code, or a constant that may."""


HYPHENED: Final = re.compile(r"[a-z]+(-[a-z]+)+")
"""What begins a tuple that is yielded, where it is a code."""


def strings(node: ast.AST | None) -> Iterator[str]:
    """Give the strings that an expression may be, through conditions."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from strings(node.body)
        yield from strings(node.orelse)


def assigned(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Give what each variable may be: assigned alone or beside others, by a loop over tuples, or by default."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=True))
                yield from (
                    (left.id, text) for left, right in pairs if isinstance(left, ast.Name) for text in strings(right)
                )
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield from ((node.target.id, text) for text in strings(node.value))
        elif isinstance(node, ast.FunctionDef):
            given = [*node.args.posonlyargs, *node.args.args][-len(node.args.defaults) :] if node.args.defaults else []
            for argument, default in zip(given, node.args.defaults, strict=True):
                yield from ((argument.arg, text) for text in strings(default))


def used() -> dict[str, list[str]]:
    """Find the codes that the program uses, and what stands where a code is expected and cannot be followed."""
    found: dict[str, list[str]] = {}
    for name, tree in MODULES.items():
        values: dict[str, set[str]] = {}
        for variable, text in assigned(tree):
            values.setdefault(variable, set()).add(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                arguments = node.args[PLACES[called] :][:1] if called in PLACES else []
            else:
                arguments = (
                    node.value.elts[:1] if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) else []
                )
            for argument in arguments:
                for code in strings(argument):
                    if isinstance(node, ast.Yield) and not HYPHENED.fullmatch(code):
                        continue
                    found.setdefault(code, []).append(f"{name}:{argument.lineno}")
                if isinstance(argument, ast.Name) and NAMES.fullmatch(argument.id):
                    for code in values.get(argument.id, ()):
                        found.setdefault(code, []).append(f"{name}:{argument.lineno}")
    return found


def test_every_code_is_registered_and_every_registered_code_is_used() -> None:
    """The codes that the program gives are those of the register, no more and no fewer."""
    found = used()
    assert {code: places for code, places in found.items() if code not in CODES} == {}
    assert set(CODES) - set(found) == set()


def test_a_code_is_in_one_section() -> None:
    """The sections of the register share no code."""
    assert sum(map(len, SECTIONS.values())) == len(CODES)


def test_a_code_is_words_joined_by_hyphens() -> None:
    """A code can be searched for, and typed."""
    assert [code for code in CODES if re.fullmatch(r"[a-z]+(-[a-z]+)*", code) is None] == []


def test_each_code_says_how_grave_it_is_what_it_means_and_what_to_do() -> None:
    """Severities are those of a report; meaning and advice are one sentence each."""
    for code, each in CODES.items():
        named = set(re.findall(r"`(error|skipped)`", each.severity))
        assert named <= set(get_args(Severity)), code
        assert named, code
        for sentence in (each.meaning, each.advice):
            assert re.fullmatch(r"\S[^\n]*[^. ]\.", sentence), code
            assert ". " not in sentence, code


def test_the_page_is_up_to_date() -> None:
    """docs/diagnostics.md is what `make docs` writes; run it after a change of the register."""
    assert diagnostics.FILE.read_text(encoding="utf-8") == diagnostics.text()
