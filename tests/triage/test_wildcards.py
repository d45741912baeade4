"""Wildcards, held to plain definitions of what they mean."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from imgscan.triage.wildcards import Name, PathPattern

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXTS = st.text(alphabet="ab*?[]!-^\\", max_size=8)
PATHS = st.lists(st.sampled_from("ab"), min_size=1, max_size=6)


@given(TEXTS, TEXTS)
def test_a_name_of_a_glob_matches_as_the_shell_has_it(pattern: str, name: str) -> None:
    """With an exclamation mark for negation and no escapes, a name matches as Python's fnmatch says."""
    assert Name.of(pattern, negation="!", escapes=False).matches(name) is fnmatchcase(name, pattern)


@given(st.lists(st.sampled_from(["a", "b", "?", None]), max_size=4), st.sampled_from("ab?"), PATHS)
def test_a_path_matches_from_the_first_folder_that_does(before: list[str | None], last: str, path: list[str]) -> None:
    """A pattern reaches as far as the shortest beginning of the path that matches it as a whole."""
    names = tuple(None if name is None else Name.of(name) for name in (*before, last))
    whole = [count for count in range(1, len(path) + 1) if _matches(names, path[:count])]
    assert PathPattern(names).reach(path) == min(whole, default=None)


def _matches(names: Sequence[Name | None], path: Sequence[str]) -> bool:
    """Try every way in which the names can share the path."""
    if not names:
        return not path
    first, *rest = names
    if first is None:
        return any(_matches(rest, path[count:]) for count in range(len(path) + 1))
    return bool(path) and first.matches(path[0]) and _matches(rest, path[1:])
