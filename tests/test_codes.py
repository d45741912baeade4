"""Every code of a diagnostic that the program uses is in the register, and the register has no others."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import imgscan
from imgscan.codes import CODES, SECTIONS
from imgscan.model import Severity
from tests import diagnostics, reference

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
    "LimitReachedError": 0,
    "RatioError": 0,
    "Unread": 1,
    "Diagnostic": 1,
    "ObjectError": 1,
    "_failed": 2,
    "complain": 0,
    "problem": 0,
    "lack": 0,
    "_lack": 0,
    "_skip": 0,
    "_lose": 0,
    "_note_problem": 0,
}
"""Which argument is a code, by what is called."""

NAMES: Final = re.compile(r"code|[A-Z_]+")
"""What a variable is called that holds a code, or a constant that may."""


HYPHENED: Final = re.compile(r"[a-z]+(-[a-z]+)+")
"""What begins a tuple that is yielded, where it is a code."""


def strings(node: ast.AST | None) -> Iterator[str]:
    """Yield the strings that an expression may be, through conditions."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from strings(node.body)
        yield from strings(node.orelse)


def assigned(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield what each variable may be: assigned alone or beside others, by a loop over tuples, or by default."""
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


def calls(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Yield each call that takes a code, and that argument."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            for argument in node.args[PLACES[called] :][:1] if called in PLACES else []:
                yield node, argument


def expected(name: str, tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield what is where a code is expected, with its place: in calls, and first in tuples that are yielded."""
    for _, argument in calls(tree):
        yield f"{name}:{argument.lineno}", argument
    for node in ast.walk(tree):
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            first = node.value.elts[0]
            if isinstance(first, ast.Constant) and HYPHENED.fullmatch(str(first.value)):
                yield f"{name}:{first.lineno}", first


def used() -> dict[str, list[str]]:
    """Find the codes that the program uses, and what is where a code is expected and cannot be followed."""
    found: dict[str, list[str]] = {}
    constants: dict[str, set[str]] = {}  # which modules import from each other
    for tree in MODULES.values():
        for variable, text in assigned(tree):
            if variable.isupper():
                constants.setdefault(variable, set()).add(text)
    for name, tree in MODULES.items():
        values = dict(constants)
        for variable, text in assigned(tree):
            values[variable] = values.get(variable, set()) | {text}
        for place, argument in expected(name, tree):
            for code in strings(argument):
                found.setdefault(code, []).append(place)
            if isinstance(argument, ast.Name) and NAMES.fullmatch(argument.id):
                for code in values.get(argument.id, ()):
                    found.setdefault(code, []).append(place)
    return found


def test_every_code_is_registered_and_every_registered_code_is_used() -> None:
    """The codes that the program gives are those of the register, no more and no fewer."""
    found = used()
    assert {code: places for code, places in found.items() if code not in CODES} == {}
    assert set(CODES) - set(found) == set()


def test_a_code_is_written_out_or_handed_on() -> None:
    """Where a code is expected stand strings, names that hold one, or the code of something else: nothing hides one."""
    for place, argument in (each for name, tree in MODULES.items() for each in expected(name, tree)):
        handed = isinstance(argument, ast.Attribute) and argument.attr == "code"
        named = isinstance(argument, ast.Name) and NAMES.fullmatch(argument.id)
        assert any(strings(argument)) or handed or named, place


def test_a_diagnostic_is_as_grave_as_the_register_says() -> None:
    """A severity that is written beside a code is one of those that the register names for it."""
    pairs = [
        (code, severity)
        for tree in MODULES.values()
        for call, argument in calls(tree)
        for code in strings(argument)
        for severity in strings(call.args[0])
        if severity in get_args(Severity)
    ]
    assert pairs
    assert [each for each in pairs if f"`{each[1]}`" not in CODES[each[0]].severity] == []


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


def test_every_option_that_is_named_exists() -> None:
    """What a code advises can be typed."""
    named = set(re.findall(r"`(--[a-z-]+)", " ".join(f"{each.meaning} {each.advice}" for each in CODES.values())))
    assert named
    assert [option for option in named if f"`{option}`" not in reference.text()] == []


def test_the_page_is_up_to_date() -> None:
    """docs/diagnostics.md is what `make docs` writes; run it after a change of the register."""
    assert diagnostics.FILE.read_text(encoding="utf-8") == diagnostics.text()
