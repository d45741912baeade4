"""Altered and cut images: nothing is ever lost in silence.

The images are small, without the padding that writers add. Still, altering every byte of each of them takes minutes:
with IMGSCAN_EVERY_BYTE=1 that is done. Otherwise a byte of each field of each tar header is altered, the first and the
last of each file, some of those between that say something, and others at random.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.builders import (
    COMPRESSIONS,
    Image,
    Layer,
    docker_legacy,
    docker_modern,
    folder,
    oci_archive,
    oci_files,
    tar,
)
from fixtures.keys import Keys
from imgscan.errors import ImgscanError
from tests.effort import examples
from tests.scan.support import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Found = frozenset[tuple[str, str, str]]
"""Rule, secret's digest and path of each finding."""

END = 1024
EVERY_BYTE = os.environ.get("IMGSCAN_EVERY_BYTE") == "1"
FIELDS = (0, 100, 108, 116, 124, 136, 148, 156, 157, 257, 263, 265, 297, 329, 337, 345)
"""Where the fields of a tar header begin: POSIX.1-2017, pax, "ustar Interchange Format"."""


def _trim(data: bytes) -> bytes:
    """Leave of an archive's zeros at its end just the end marker."""
    size = len(data.rstrip(b"\0"))
    return data[: -(-size // 512) * 512 + END]


def _small(keys: Keys) -> Image:
    first = _trim(tar({"a": f"K={keys.secret99()}\n".encode(), "b": b"x"}))
    second = _trim(tar({"c": f"S='{keys.restricted()}'\n".encode(), ".wh.a": b""}))
    return Image([Layer(first, "ADD a"), Layer(second, "ADD c")], config={"Env": [f"S={keys.secret99()}"]})


IMAGE = _small(Keys("mutation"))


@cache
def archive(dialect: str) -> bytes:
    """Write the image as an archive, without padding behind the end marker."""
    make: dict[str, Callable[[], bytes]] = {
        "legacy": lambda: docker_legacy(IMAGE),
        "modern": lambda: docker_modern(IMAGE),
        "oci-gzip": lambda: oci_archive(IMAGE, "gzip"),
        "oci-zstd": lambda: oci_archive(IMAGE, "zstd"),
    }
    return _trim(make[dialect]())


def outcome(target: Path | bytes) -> tuple[bool, Found]:
    """Scan: whether the result is whole, and what was found. Nothing may be raised but what the program expects."""
    try:
        reports = scan(target)
    except ImgscanError:
        return False, frozenset()
    whole = all(report.whole for report in reports)
    return whole, frozenset(
        (finding.rule_id, finding.secret.sha256, finding.location.path)
        for report in reports
        for finding in report.findings
    )


def borders(data: bytes) -> set[int]:
    """Return the positions where something begins or ends: a field of a tar header, a file in a tar, the whole."""
    found = {0, 1, len(data) - 1}
    for block in range(0, len(data), 512):
        if data[block + 257 : block + 262] == b"ustar":
            end = block + 512 + int(data[block + 124 : block + 135], 8)
            found.update(block + field for field in FIELDS)
            found.update((block + 512, end - 1, end))
    return {position for position in found if position < len(data)}


def altered(data: bytes, step: int = 37) -> Iterator[tuple[int, bytes]]:
    """Yield the data with one bit flipped, each in turn: at the borders, and in every `step`th byte that is not 0."""
    between = [position for position, byte in enumerate(data) if byte][::step]
    positions = range(len(data)) if EVERY_BYTE else sorted(borders(data).union(between))
    for number, position in enumerate(positions):
        changed = bytearray(data)
        changed[position] ^= 1 << number % 8
        yield position, bytes(changed)


def lengths(data: bytes, step: int) -> list[int]:
    """Give the lengths to which data are cut: at the borders, and between them."""
    return list(range(len(data))) if EVERY_BYTE else sorted(borders(data).union(range(0, len(data), step)))


def in_silence(data: bytes, path: Path | None = None) -> list[int]:
    """List the positions where a change leaves the scan whole and its findings others; read from `path` if given."""
    right = outcome(data)[1]
    wrong = []
    for position, changed in altered(data):
        if path is not None:
            path.write_bytes(changed)
        whole, found = outcome(path or changed)
        if whole and found != right:
            wrong.append(position)
    return wrong


DIALECTS = ["legacy", "modern", "oci-gzip", "oci-zstd"]
each_dialect = pytest.mark.parametrize("dialect", DIALECTS)


@each_dialect
def test_the_image_is_whole_as_it_is(dialect: str, tmp_path: Path) -> None:
    """Read from a file and in one pass, the unaltered image is whole and has its three keys."""
    path = tmp_path / "image.tar"
    path.write_bytes(archive(dialect))
    assert outcome(path) == outcome(archive(dialect))
    whole, found = outcome(path)
    assert whole
    assert len(found) == 3


@each_dialect
def test_no_altered_byte_passes_in_silence(dialect: str) -> None:
    """Whatever byte of an archive is altered, its findings are the same or the scan is not whole."""
    assert in_silence(archive(dialect)) == []


@given(st.sampled_from(DIALECTS), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
@settings(max_examples=examples(60))
def test_no_byte_that_is_altered_at_random_passes_in_silence(dialect: str, place: float, value: int) -> None:
    """The same for any byte and any change of it."""
    changed = bytearray(archive(dialect))
    changed[int(place * len(changed))] ^= value
    whole, found = outcome(bytes(changed))
    assert not whole or found == outcome(archive(dialect))[1]


@pytest.mark.parametrize("dialect", ["legacy", "modern"])
def test_a_file_is_read_as_carefully_as_a_stream(dialect: str, tmp_path: Path) -> None:
    """The same for an archive that is read at will, where only headers are walked first."""
    assert in_silence(archive(dialect), tmp_path / "image.tar") == []


@pytest.mark.parametrize("dialect", ["legacy", "modern"])
def test_a_description_that_is_json_no_more_is_noticed(dialect: str) -> None:
    """Each document of an archive is altered in its first byte, so that it begins like no document."""
    data = archive(dialect)
    right = outcome(data)[1]
    starts = [at for at in range(0, len(data), 512) if data[at : at + 1] in (b"{", b"[")]
    assert len(starts) >= 3
    for at in starts:
        whole, found = outcome(data[:at] + b"z" + data[at + 1 :])
        assert not whole or found == right, at


@each_dialect
def test_every_cut_is_noticed(dialect: str) -> None:
    """An archive that ends before its end marker does is not whole."""
    data = archive(dialect)
    assert [cut for cut in lengths(data, 61) if outcome(data[:cut])[0]] == []


@pytest.mark.parametrize("dialect", ["legacy", "oci-gzip"])
def test_every_cut_of_a_file_is_noticed(dialect: str, tmp_path: Path) -> None:
    """The same for an archive that is read at will."""
    data, path = archive(dialect), tmp_path / "image.tar"
    for cut in lengths(data, 131):
        path.write_bytes(data[:cut])
        assert not outcome(path)[0], cut


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_every_cut_of_a_compressed_archive_is_noticed(compression: str) -> None:
    """The same for an archive that is compressed as a whole."""
    data = COMPRESSIONS[compression][1](archive("modern"))
    assert [cut for cut in lengths(data, 17) if outcome(data[:cut])[0]] == []


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_an_altered_byte_of_a_compressed_archive_is_noticed(compression: str) -> None:
    """The same for changes of such an archive; a gzip header's time, which nothing covers, says nothing."""
    assert in_silence(COMPRESSIONS[compression][1](archive("modern"))) == []


# folders


@pytest.mark.parametrize("compression", ["plain", "gzip", "zstd", "xz"])
def test_no_altered_file_of_a_layout_passes_in_silence(compression: str, tmp_path: Path) -> None:
    """Whatever byte of the index, the marker file or a blob is altered: the same, or not whole."""
    files = oci_files(IMAGE, compression)
    root = folder(tmp_path, files)
    whole, right = outcome(root)
    assert whole
    assert len(right) == 3
    wrong = []
    for name, data in files.items():
        for position, changed in altered(data, 17):
            (root / name).write_bytes(changed)
            whole, found = outcome(root)
            if whole and found != right:
                wrong.append(f"{name}: {position}")
        (root / name).write_bytes(data)
    assert wrong == []


def test_no_missing_file_of_a_layout_passes_in_silence(tmp_path: Path) -> None:
    """A layout that lacks any of its files is whole only if that file said nothing."""
    files = oci_files(IMAGE, "gzip")
    root = folder(tmp_path, files)
    right = outcome(root)[1]
    for name, data in files.items():
        (root / name).unlink()
        whole, found = outcome(root)
        assert not whole or found == right, name
        (root / name).write_bytes(data)


def test_no_cut_file_of_a_layout_passes_in_silence(tmp_path: Path) -> None:
    """A layout of which any file was cut is not whole, except that its marker file says nothing."""
    files = oci_files(IMAGE, "gzip")
    root = folder(tmp_path, files)
    for name, data in files.items():
        for cut in lengths(data, 31):
            (root / name).write_bytes(data[:cut])
            assert not outcome(root)[0] or name == "oci-layout", f"{name}: {cut}"
        (root / name).write_bytes(data)
