"""Who may import whom, held to the code: the table of docs/architecture.md."""

from __future__ import annotations

import ast
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import imgscan

ROOT = Path(imgscan.__file__).parent

ALLOWED: dict[str, set[str]] = {
    "_version": set(),
    "model": set(),
    "errors": set(),
    "secrecy": {"model"},
    "unread": {"model"},
    "codes": set(),
    "streams": {"unread"},
    "containers": {"streams", "unread"},
    "detect": {"model", "secrecy"},
    "image": {"model"},
    "sources": {"image", "streams", "model", "errors"},
    "scan": {"sources", "image", "streams", "containers", "detect", "secrecy", "model", "errors", "unread"},
    "report": {"model"},
    "triage": {"model", "image", "errors"},
    "remedy": set(),
    "api": {"scan", "sources", "image", "detect", "triage", "model", "errors"},
    "__init__": {"_version", "errors", "model", "api"},
    "__main__": {"cli"},
    "cli": {
        "api",
        "scan",
        "image",
        "streams",
        "detect",
        "report",
        "remedy",
        "triage",
        "model",
        "errors",
        "_version",
    },
}

OWNERS: dict[str, set[str]] = {
    "hyperscan": {"detect/screen.py"},
    "ahocorasick": {"detect/automaton.py"},
    "isal": {"streams/deflate.py"},
    "zstandard": {"streams/zstd.py"},
    "docker": {"sources/daemon.py"},
    "requests": {"sources/daemon.py"},
    "urllib3": {"sources/daemon.py"},
    "tqdm": {"cli/bar.py"},
    "click": {
        "cli/app.py",
        "cli/baseline.py",
        "cli/config.py",
        "cli/dockerinstall.py",
        "cli/dockerplugin.py",
        "cli/git.py",
        "cli/options.py",
        "cli/pairing.py",
        "cli/request.py",
        "cli/rules.py",
        "cli/settings.py",
        "cli/stdio.py",
    },
    "lz4": {"containers/lz4.py"},
    "orjson": {"report/_json.py"},
}


@cache
def imports() -> list[tuple[str, str]]:
    """Give each import as (file, module), those inside functions and for type checking too."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
                if node.module == "imgscan":
                    names = [f"imgscan.{alias.name}" for alias in node.names]
            found += [(path.relative_to(ROOT).as_posix(), name) for name in names]
    return found


def part(path: str) -> str:
    """Give the package or module that a file belongs to."""
    return path.split("/", maxsplit=1)[0].removesuffix(".py")


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_the_table_allows(package: str) -> None:
    """A package imports of ours itself and what the table names: no more, and the table promises no less."""
    used = {name.split(".")[1] for path, name in imports() if part(path) == package and name.startswith("imgscan.")}
    assert used - {package} == ALLOWED[package]


def test_the_table_names_every_package() -> None:
    """No package is outside the table."""
    assert {part(path.relative_to(ROOT).as_posix()) for path in ROOT.rglob("*.py")} == set(ALLOWED)


def test_imports_are_absolute() -> None:
    """Each import names the whole module, so that the table sees it."""
    nodes = [node for path in ROOT.rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    assert not [node for node in nodes if isinstance(node, ast.ImportFrom) and node.level]


def test_sources_and_detect_meet_only_in_scan() -> None:
    """Beside the front doors, only `scan` knows both where bytes come from and what to find."""
    assert {name for name, used in ALLOWED.items() if {"sources", "detect"} <= used} <= {"scan", "api", "cli"}


def test_nothing_imports_the_command_line() -> None:
    """The command line is imported by nothing but the way into it."""
    assert {name for name, used in ALLOWED.items() if "cli" in used} == {"__main__"}


def test_every_third_party_package_has_an_owner() -> None:
    """What is imported is the standard library's, ours, or owned."""
    foreign = {name.split(".")[0] for _, name in imports()} - sys.stdlib_module_names - {"imgscan"}
    assert foreign == set(OWNERS)


@pytest.mark.parametrize("package", OWNERS)
def test_a_third_party_package_has_one_owner(package: str) -> None:
    """A third-party package is imported by its owner alone."""
    assert {path for path, name in imports() if name.split(".")[0] == package} == OWNERS[package]


def test_what_is_beside_the_program_has_one_direction() -> None:
    """Accuracy, benchmarks and fixtures import nothing from the tests, and no files of theirs import in a circle."""
    top = ROOT.parent
    files = {
        path.relative_to(top).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
        for name in ("accuracy", "benchmarks", "fixtures")
        for path in (top / name).rglob("*.py")
    }
    graph: dict[str, set[str]] = {}
    for module, path in files.items():
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                names |= {name if name in files else node.module for name in whole}
        assert {name for name in names if name.split(".")[0] == "tests"} == set(), module
        graph[module] = names & set(files)
    order = list(TopologicalSorter(graph).static_order())  # CycleError names the circle
    assert set(order) == set(files) > {"accuracy.corpus.run", "benchmarks.lines", "fixtures.keys"}
