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
    "packed": {"model"},
    "gate": set(),
    "unread": {"model"},
    "codes": set(),
    "streams": {"unread"},
    "containers": {"streams", "unread"},
    "detect": {"model", "secrecy"},
    "image": {"model"},
    "sources": {"image", "streams", "model", "errors"},
    "scan": {"sources", "image", "streams", "containers", "detect", "secrecy", "model", "errors", "unread", "packed"},
    "report": {"gate", "model", "packed"},
    "triage": {"model", "image", "errors", "gate", "packed"},
    "remedy": set(),
    "api": {"scan", "sources", "image", "detect", "triage", "streams", "model", "errors"},
    "__init__": {"_version", "errors", "model", "api"},
    "__main__": {"cli"},
    "cli": {
        "api",
        "scan",
        "image",
        "streams",
        "detect",
        "report",
        "gate",
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
    """Return each import as (file, module), those inside functions and for type checking too."""
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
    """Return the package or module that a file belongs to."""
    return path.split("/", maxsplit=1)[0].removesuffix(".py")


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_the_table_allows(package: str) -> None:
    """A package imports of ours itself and what the table names: no more, and the table promises no less."""
    used = {name.split(".")[1] for path, name in imports() if part(path) == package and name.startswith("imgscan.")}
    assert used - {package} == ALLOWED[package]


def test_the_table_names_every_package() -> None:
    """No package is outside the table."""
    assert {part(path.relative_to(ROOT).as_posix()) for path in ROOT.rglob("*.py")} == set(ALLOWED)


FLOORS: tuple[tuple[str, ...], ...] = (
    ("_version", "model", "errors", "codes", "gate"),
    ("secrecy", "unread", "packed"),
    ("streams", "detect", "image", "remedy"),
    ("containers", "sources", "triage", "report"),
    ("scan",),
    ("api",),
    ("cli", "__init__"),
    ("__main__",),
)
"""The packages, lowest floor first."""

SCAN_FLOORS: tuple[tuple[str, ...], ...] = (
    ("limits", "progress", "plaintext", "position", "regions", "acrosspaths", "crew"),
    ("hits",),
    ("manyhits",),
    ("policy", "ledger", "search", "headers", "result"),
    ("session",),
    ("crowd",),
    ("inside", "findings"),
    ("tarmap", "pour"),
    ("asides",),
    ("layer", "tree", "git"),
    ("image",),
)
"""The modules and wings of `scan`, lowest floor first."""


def files_of_the_house() -> dict[str, Path]:
    """Return every file by the name of its module."""
    named = {path.relative_to(ROOT.parent).with_suffix(""): path for path in ROOT.rglob("*.py")}
    return {name.as_posix().replace("/", ".").removesuffix(".__init__"): path for name, path in named.items()}


@cache
def file_imports() -> dict[str, set[str]]:
    """Return which file imports which, inside functions and for type checking too."""
    files = files_of_the_house()
    graph: dict[str, set[str]] = {}
    for module, path in files.items():
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                names |= {name if name in files else str(node.module) for name in whole}
        graph[module] = (names & set(files)) - {module}
    return graph


def test_no_files_import_each_other_in_a_circle() -> None:
    """Every file can be read after those that it names; CycleError shows the circle."""
    order = list(TopologicalSorter(file_imports()).static_order())
    assert set(order) == set(files_of_the_house())


@pytest.mark.parametrize(("top", "floors"), [("imgscan", FLOORS), ("imgscan.scan", SCAN_FLOORS)])
def test_arrows_go_down_only(top: str, floors: tuple[tuple[str, ...], ...]) -> None:
    """A room imports from its own and from lower floors' rooms, never from its neighbours' or from above."""
    level = {f"{top}.{room}": number for number, rooms in enumerate(floors) for room in rooms}
    depth = top.count(".") + 2

    def room_of(module: str) -> str:
        parts = module.split(".")
        return f"{top}.__init__" if module == top else ".".join(parts[:depth])

    upward = [
        (module, name)
        for module, names in file_imports().items()
        for name in names
        if module.startswith(f"{top}.") or module == top
        if name.startswith(f"{top}.")
        if room_of(module) != room_of(name) and level[room_of(module)] <= level[room_of(name)]
    ]
    assert upward == []


SAME_NOUN = {
    "base": "what the modules of a package have in common",
    "baseline": "the findings that a team has accepted: the value, and its command",
    "findings": "findings: how they are made of hits, and how two formats show them",
    "markup": "the quoting of a report format",
    "rules": "the rules: the table, its command, its part of SARIF",
    "target": "the part of a page that shows one target",
}
"""Names that several modules have because they mean the same."""


def test_no_two_modules_have_one_name_by_chance() -> None:
    """A module's name says which one is meant, unless several mean the same."""
    names = [path.stem for path in files_of_the_house().values() if path.stem != "__init__"]
    assert {name for name in names if names.count(name) > 1} == set(SAME_NOUN)


def test_no_two_classes_have_one_name() -> None:
    """A class's name has one meaning in the whole program."""
    trees = [ast.parse(path.read_text()) for path in files_of_the_house().values()]
    names = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert {name for name in names if names.count(name) > 1} == set()


LONGEST = 250
"""Lines from which on a module of the middle says in its first lines why it is long."""


def test_a_long_module_of_the_middle_says_why() -> None:
    """Modules of `scan`, `sources` and `image` are short, or their docstring gives the reason."""
    for module, path in files_of_the_house().items():
        text = path.read_text()
        if module.split(".")[1:2] in (["scan"], ["sources"], ["image"], ["api"]) and text.count("\n") > LONGEST:
            why = ast.get_docstring(ast.parse(text)) or ""
            assert "long" in why or "One module for all" in why, module


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
