"""Mutants that mutmut does not make: a module's numbers, one more and one less.

mutmut changes functions. The thresholds of the detector are outside them, as named numbers and as repetitions in
regular expressions.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from accuracy.mutants.change import assigned

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPETITION = re.compile(rb"(?<=\{)\d+(?=[,}])|(?<=[0-9],)\d+(?=\})")

_REPORTED = frozenset({"RULES"})
"""Tables whose numbers are what reports say of a rule; golden reports hold them, and no test of the detector."""


class Edit(NamedTuple):
    """A changed module: the name that is assigned, and the whole text."""

    name: str
    text: str


def edits(text: str) -> Iterator[Edit]:
    """Yield each change of a number in what a module assigns at its top level, in the order of the file."""
    data = text.encode()
    starts = [0, *(match.end() for match in re.finditer(rb"\n", data))]
    for statement in ast.parse(text).body:
        name = assigned(statement)
        if not name or name in _REPORTED:
            continue
        for node in ast.walk(statement):
            if not isinstance(node, ast.Constant) or node.end_lineno is None or node.end_col_offset is None:
                continue
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            for first, last, new in _changed(node, data[start:end], start):
                yield Edit(name, (data[:first] + new.encode() + data[last:]).decode())


def _changed(node: ast.Constant, source: bytes, start: int) -> Iterator[tuple[int, int, str]]:
    """Yield the extents of numbers in a literal, and what to put there."""
    value = node.value
    if isinstance(value, float):
        for new in (value + 0.1, value - 0.1):
            yield start, start + len(source), repr(round(new, 6))
    elif type(value) is int:  # a bool is none
        for more in (1, -1):
            yield start, start + len(source), str(value + more)
    elif isinstance(value, bytes | str):
        for match in _REPETITION.finditer(source):
            for more in (1, -1):
                if int(match[0]) + more >= 0:
                    yield start + match.start(), start + match.end(), str(int(match[0]) + more)
