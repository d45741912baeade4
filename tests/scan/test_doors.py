"""One law for every door: what a container gives does not depend on where it lies."""

from __future__ import annotations

import gzip
import io
import zipfile
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest

from fixtures.builders import Image, Layer, artifact_files, docker_modern, sha256, tar
from fixtures.builders.tars import sorted_tar
from fixtures.containers import CHAINS, chained, zipped
from fixtures.containers import FORMATS as MADE
from fixtures.keys import Keys
from imgscan.containers.formats import FORMATS
from imgscan.scan.git.scope import whole_scope
from imgscan.scan.policy import Policy
from imgscan.sources.gitrepo import Repository
from tests.containers.specimens import specimens
from tests.scan.repositories import Repo
from tests.scan.support import scan, scan_repository
from tests.scan.test_hidden import HIDDEN
from tests.scan.trees import grow, scan_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from imgscan.model import TargetReport

KEY = Keys("doors").secret99()
TEXT = b"A=1\nKEY=" + KEY.encode() + b"\n"
ALL = Policy(frozenset(("examples", "publishable")), "low")
SINGLE = ("layer", "inline", "config", "stray")
"""Places in an artifact, which holds one blob."""


class Told(NamedTuple):
    """What is reported of a file: findings by what is added to its path, and codes of what was not read."""

    findings: tuple[tuple[str, int | None, int | None, str | None, str], ...]
    codes: tuple[str, ...]


@cache
def cases() -> dict[str, bytes]:
    """Return a file of every format in the register, with and without a key in it, and what hides around them."""
    made = {f"{known.name}-{number}": data for known in FORMATS for number, data in enumerate(specimens(known))}
    made |= {f"made-{name}": make(TEXT) for name, (make, _) in MADE.items()}
    made |= {f"chain-{number}": chained(chain, TEXT)[0] for number, chain in enumerate(CHAINS) if len(chain) < 5}
    made |= {f"hidden-{name}": data for name, (data, _) in HIDDEN.items()}
    made |= {f"cut-{name}": make(TEXT * 99)[:-30] for name, (make, _) in MADE.items()}
    return {f"f{number:03}": data for number, data in enumerate(made.values())}


def told(report: TargetReport, name: str) -> Told:
    """Return what is reported of the file of this name; what is in the members of a layer is below it."""

    def below(path: str) -> str | None:
        if path == name or path.startswith(name + "!/"):
            return path.removeprefix(name)
        return f"!/{path}" if name.startswith(("sha256:", "blobs/")) else None

    findings = [
        (path, at.line, at.offset, at.field, finding.secret.sha256)
        for finding in report.findings
        if (path := below((at := finding.location).path)) is not None
    ]
    codes = {each.code for each in report.diagnostics if below(each.path or "") is not None}
    return Told(tuple(sorted(findings, key=str)), tuple(sorted(codes)))


def together(report: TargetReport, prefix: str = "", suffix: str = "") -> dict[str, Told]:
    """Return what is reported of each case, of a target that holds them all."""
    return {name: told(report, f"{prefix}{name}{suffix}") for name in cases()}


def alone(reports: Callable[[bytes], tuple[TargetReport, str]]) -> dict[str, Told]:
    """Return what is reported of each case, each in a target of its own."""
    return {name: told(*reports(data)) for name, data in cases().items()}


def one(reports: Iterable[TargetReport]) -> TargetReport:
    """Return the only report."""
    [report] = reports
    return report


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """Return what `imgscan fs` reports of each case in a folder."""
    return together(scan_tree(grow(tmp_path_factory.mktemp("folder"), cases())))


def test_every_case_tells_something(expected: dict[str, Told]) -> None:
    """The law below is about findings and diagnostics: most cases have one, and all formats that are foreign do."""
    silent = [name for name, each in expected.items() if each == Told((), ())]
    assert len(silent) < len(cases()) // 3
    numbered = list(cases())
    foreign = [known.foreign for known in FORMATS for _ in specimens(known)]
    assert all(expected[name].codes for name, known in zip(numbered, foreign, strict=False) if known)


def by_layer(_: Path) -> dict[str, Told]:
    """Put all cases into a layer of an image."""
    return together(one(scan(docker_modern(Image([Layer(tar(list(cases().items())))])), policy=ALL)))


def by_zip(where: Path) -> dict[str, Told]:
    """Put them into zip archives, stored and deflated."""
    grow(where, {"a.zip": zipped(cases(), zipfile.ZIP_STORED), "b.zip": zipped(cases())})
    report = scan_tree(where)
    stored, deflated = together(report, "a.zip!/"), together(report, "b.zip!/")
    assert stored == deflated
    return stored


def by_tar(where: Path) -> dict[str, Told]:
    """Put them into a tar archive."""
    return together(scan_tree(grow(where, {"a.tar": tar(list(cases().items()))})), "a.tar!/")


def by_gzip(where: Path) -> dict[str, Told]:
    """Compress each."""
    files = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in cases().items()}
    return together(scan_tree(grow(where, files)), suffix=".gz")


def by_git(where: Path) -> dict[str, Told]:
    """Commit them all."""
    repo = Repo.make(where)
    repo.commit(dict(cases()))
    repository = Repository(repo.folder)
    return together(scan_repository(repository, whole_scope(repository), ALL))


def by_file(where: Path) -> dict[str, Told]:
    """Scan each as a single file."""

    def scanned(data: bytes) -> tuple[TargetReport, str]:
        return scan_tree(grow(where, {"blob": data}) / "blob"), "blob"

    return alone(scanned)


def by_input(_: Path) -> dict[str, Told]:
    """Give each on standard input."""
    return alone(lambda data: (scan_tree("-", stdin=io.BytesIO(data)), "-"))


def in_artifact(place: str) -> Callable[[Path], dict[str, Told]]:
    """Put each into an artifact, in this place."""

    def scanned(data: bytes) -> tuple[TargetReport, str]:
        name = f"sha256:{sha256(data)}" if place == "inline" else f"blobs/sha256/{sha256(data)}"
        return one(scan(sorted_tar(artifact_files(data, place)), policy=ALL)), name

    return lambda _: alone(scanned)


DOORS: dict[str, Callable[[Path], dict[str, Told]]] = {
    "file in a layer": by_layer,
    "member of a zip": by_zip,
    "member of a tar": by_tar,
    "content of a gzip": by_gzip,
    "git blob": by_git,
    "single file": by_file,
    "standard input": by_input,
    **{f"{place} of an artifact": in_artifact(place) for place in SINGLE},
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_leads_to_the_same_result(door: str, expected: dict[str, Told], tmp_path: Path) -> None:
    """Every format in the register: findings with inner path, line and offset, and codes, as in a folder."""
    found = DOORS[door](tmp_path)
    assert {name: each for name, each in found.items() if each != expected[name]} == {}
