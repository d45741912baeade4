"""A blob that is not a tar is a file: an artifact's layer, an inline blob, a config of any kind, a stray member."""

from __future__ import annotations

import gzip
import sqlite3
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.builders import Image, Layer, artifact_files, docker_modern, folder, sha256, tar
from fixtures.builders.tars import sorted_tar
from fixtures.containers import CHAINS, FORMATS, chained, zipped
from fixtures.keys import Keys
from imgscan.streams.tar import looks_like_tar
from tests.containers.gitpacks import commits, git, new, the_pack
from tests.effort import examples
from tests.scan.support import digest, scan
from tests.scan.trees import scan_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgscan.model import TargetReport

KEY = Keys("a lone blob").secret99()
PLACES = ("layer", "inline", "config", "stray")
CHAINED = [*([name] for name in FORMATS), *CHAINS]


class Spotted(NamedTuple):
    """Where a key was found, seen from the blob."""

    path: str
    line: int | None
    column: int | None
    offset: int | None
    field: str | None
    commit: str | None
    sha256: str


def spotted(report: TargetReport, name: str) -> list[Spotted]:
    """Return what was found; what is in the members of a layer is below it, as it is in a file of that name."""
    places = [(finding.location, finding.secret.sha256) for finding in report.findings]
    return [
        Spotted(
            at.path.removeprefix(name) if at.path.startswith(name) else f"!/{at.path}",
            at.line,
            at.column,
            at.offset,
            at.field,
            at.commit,
            secret,
        )
        for at, secret in places
    ]


def in_image(blob: bytes, place: str) -> tuple[TargetReport, list[Spotted]]:
    """Scan an artifact that holds a blob in a place."""
    [report] = scan(sorted_tar(artifact_files(blob, place)))
    name = f"sha256:{sha256(blob)}" if place == "inline" else f"blobs/sha256/{sha256(blob)}"
    return report, spotted(report, name)


def as_file(blob: bytes, where: Path) -> list[Spotted]:
    """Scan a blob as a file of its own."""
    where.mkdir(exist_ok=True)
    (where / "blob").write_bytes(blob)
    return spotted(scan_tree(where / "blob"), "blob")


def database(text: str) -> bytes:
    """Make a database with one value."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table t (v text)")
        connection.execute("insert into t values (?)", (text,))
        connection.commit()
        return connection.serialize()


def wasm(data: bytes) -> bytes:
    """Make a WebAssembly module with a custom section (WebAssembly Core Specification, 5.5)."""
    return b"\0asm\1\0\0\0" + b"\0" + bytes((len(data) + 2,)) + b"\1n" + data


TEXT = f'{{"stripe": "{KEY}"}}\n'
KINDS: dict[str, Callable[[], bytes]] = {
    "json": TEXT.encode,
    "json, compressed": lambda: gzip.compress(TEXT.encode(), mtime=0),
    "json, too large to be kept": lambda: b'{"x": "' + b"y" * (5 << 20) + b'", "k": "' + KEY.encode() + b'"}',
    "sbom": lambda: b'{"bomFormat": "CycloneDX", "components": [{"name": "' + KEY.encode() + b'"}]}',
    "wasm": lambda: wasm(KEY[:107].encode()),
    "sqlite": lambda: database(KEY),
    "zip": lambda: zipped({"a/b": TEXT.encode()}),
    "zip, stored": lambda: zipped({"a/b": TEXT.encode()}, zipfile.ZIP_STORED),
    "image": lambda: image_with(TEXT.encode()),
    "ini": lambda: b"[stripe]\nkey = " + KEY.encode() + b"\n",
    "braces that are not json": lambda: b"{ key: " + KEY.encode() + b" }",
    "a tar named like json": lambda: tar([("[id].js", b"x"), ("k.gz", gzip.compress(TEXT.encode(), mtime=0))]),
    "a tar named like a script": lambda: tar([("#!", b"x"), ("k.gz", gzip.compress(TEXT.encode(), mtime=0))]),
    "nothing": lambda: b"",
    "a few bytes": lambda: b"x",
}


def image_with(data: bytes) -> bytes:
    """Make an image archive that holds a file, and zip it: it is a file in another image here."""
    return zipped({"image.tar": docker_modern(Image([Layer(tar([("k", data)]))]))})


@pytest.mark.parametrize("kind", KINDS)
def test_a_blob_of_any_kind_is_searched_as_a_file(kind: str, tmp_path: Path) -> None:
    """What `imgscan fs` finds in a file is found in a blob of an image, wherever it is there, and nothing else."""
    blob = KINDS[kind]()
    expected = as_file(blob, tmp_path)
    assert bool(expected) == (kind not in ("nothing", "a few bytes"))
    for place in PLACES:
        report, found = in_image(blob, place)
        documented = place in ("config", "stray") and (
            kind.startswith("json") or kind == "sbom"
        )  # by field, not by line
        assert [each.sha256 for each in found] == [each.sha256 for each in expected], place
        assert documented or found == expected, place
        assert report.whole, place


@given(
    chain=st.sampled_from(CHAINED),
    before=st.binary(max_size=2000) | st.text("ab \n", max_size=2000).map(str.encode),
    behind=st.binary(max_size=2000),
    place=st.sampled_from(PLACES),
)
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_image_of_a_blob_is_the_file(
    tmp_path: Path, chain: list[str], before: bytes, behind: bytes, place: str
) -> None:
    """Over all container formats and chains: the findings in an image's lone blob are those in a file."""
    blob, _ = chained(chain, b"text " + before + b" " + KEY.encode() + b" " + behind)
    expected = as_file(blob, tmp_path)
    report, found = in_image(blob, place)
    assert found == expected
    assert [each.sha256 for each in found] == [digest(KEY)]
    assert report.diagnostics == () or looks_like_tar(blob[:512])


def test_a_pack_and_a_bundle_are_searched(tmp_path: Path) -> None:
    """A pack or a bundle that is a blob gives the commit that brought the key in, as a file does."""
    repository = new(tmp_path / "repository")
    git(repository, "fast-import", "--quiet", data=commits([{"a": TEXT.encode()}, {"a": None}]))
    git(repository, "gc", "--quiet", "--aggressive")
    git(repository, "bundle", "create", "--quiet", str(tmp_path / "bundle"), "main")
    commit = git(repository, "rev-parse", "main~1").decode().strip()
    for blob in (the_pack(repository), (tmp_path / "bundle").read_bytes()):
        expected = as_file(blob, tmp_path / "files")
        assert [(each.commit, each.field) for each in expected] == [(commit, "git/a")]
        for place in PLACES:
            assert in_image(blob, place)[1] == expected, place


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("cut", [30, 200])
def test_a_damaged_blob_is_no_clean_one(place: str, cut: int) -> None:
    """A compressed blob that ends too early is an error where an image has it, and reported where none does."""
    blob = gzip.compress(bytes(range(256)) * 99, mtime=0)[:cut]
    report, _ = in_image(blob, place)
    severities = {each.severity for each in report.diagnostics if each.code == "cut-stream"}
    assert severities == {"skipped" if place == "stray" else "error"}


def test_a_layout_folder_and_its_archive_agree(tmp_path: Path) -> None:
    """A layout on disk, whose blobs are opened at will, gives what its archive on standard input gives."""
    blob = zipped({"a/b": TEXT.encode()})
    for place in PLACES:
        files = artifact_files(blob, place)
        [stored] = scan(folder(tmp_path / place, files))
        [passed] = scan(sorted_tar(files))
        assert stored.findings == passed.findings, place
        assert stored.findings, place
