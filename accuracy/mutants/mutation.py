"""The first pass: mutmut makes the mutants, and runs on each the tests that call the changed function."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from accuracy.mutants.due import PACKAGE, TOP, Broken, module_of

if TYPE_CHECKING:
    from pathlib import Path

    from accuracy.mutants.due import Due

TESTS = "tests/detect"

COUNTING = "tests/detect/test_linear.py"
"""Counts calls, which mutmut's wrappers double."""

KILLED = frozenset((1, 3, -11))
"""Exit codes of mutmut's runs that leave nothing to ask: a failed test, an error in pytest, a crash."""

_PARTS = ("imgscan", "tests", "fixtures", "accuracy")


def copy(into: Path) -> Path:
    """Copy what the tests need into a new folder; nothing is ever changed in place."""
    into.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", ".hypothesis")
    for name in _PARTS:
        shutil.copytree(TOP / name, into / name, ignore=ignore)
    shutil.copy(TOP / "pyproject.toml", into)
    return into


def first_pass(folder: Path, wanted: Due, jobs: int) -> dict[str, int | None]:
    """Let mutmut make the mutants and run them; return the exit code of each by its name, None if it ran none."""
    patterns = wanted.patterns()
    if not patterns:
        return {}
    settings = {
        "source_paths": ["imgscan/"],
        "only_mutate": [f"{PACKAGE}/{name}.py" for name in wanted.modules],
        "pytest_add_cli_args_test_selection": [TESTS],
        "pytest_add_cli_args": [f"--ignore={COUNTING}", "--hypothesis-seed=0", "-p", "no:cacheprovider"],
        "also_copy": _PARTS,
        # Wall time counts here; what is cut off is asked again in the second pass.
        "timeout_constant": 5.0,
        "timeout_multiplier": 4.0,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")
    with (folder / "mutmut.log").open("wb") as log:
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(jobs), *patterns]
        done = subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=False, stdin=subprocess.DEVNULL)
    codes: dict[str, int | None] = {}
    for name in wanted.modules:
        results = folder / "mutants" / PACKAGE / f"{name}.py.meta"
        if results.is_file():
            codes |= json.loads(results.read_text(encoding="utf-8"))["exit_code_by_key"]
    if done.returncode or not codes:
        raise Broken(f"mutmut ends with exit code {done.returncode}; see {folder / 'mutmut.log'}")
    return {name: code for name, code in codes.items() if module_of(name) in wanted.whole}


def mutated(folder: Path, name: str) -> str:
    """Return the text of a mutant's module with the mutant in it; one at a time, as mutmut writes into the folder."""
    file = folder / PACKAGE / f"{module_of(name)}.py"
    before = file.read_text(encoding="utf-8")
    try:
        command = [sys.executable, "-m", "mutmut", "apply", name]
        subprocess.run(command, cwd=folder, capture_output=True, check=True, stdin=subprocess.DEVNULL)
        return file.read_text(encoding="utf-8")
    finally:
        file.write_text(before, encoding="utf-8")
