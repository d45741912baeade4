"""The laws of a scan: what never changes the findings, and what never shows a secret."""

from __future__ import annotations

import base64
import gzip
import io
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from fixtures import builders
from fixtures.builders import COMPRESSIONS, Image, Layer, Link
from fixtures.keys import Keys
from imgscan.cli.rules import rule_infos
from imgscan.report import FORMATS, ReportContext, open_report
from tests.scan.support import scan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgscan.model import TargetReport

KEYS = Keys("fourteen shapes")
PLANTED: dict[str, str] = {
    "env file": KEYS.secret99(), "json": KEYS.secret99(), "yaml": KEYS.restricted(), "binary": KEYS.secret99(),
    "utf-16-le": KEYS.secret99(), "utf-16-be": KEYS.secret99(), "base64": KEYS.secret99(), "ENV": KEYS.secret99(),
    "build argument": KEYS.secret99(), "label": KEYS.webhook(), "deleted": KEYS.secret34(),
    "overwritten": KEYS.secret99(), "hard link": KEYS.secret24(), "nested": KEYS.secret99(live=False),
}  # fmt: skip


def fourteen() -> Image:
    """Return one image with keys in fourteen shapes."""
    p = {name: key.encode() for name, key in PLANTED.items()}
    base = builders.tar({"etc/": None, "etc/os-release": b"ID=debian\n", "app/old.env": b"A=1\nS=" + p["overwritten"]})
    files = builders.tar(
        {
            "app/": None,
            "./app/.env": b"# caf\xc3\xa9\nDEBUG=1\nSTRIPE_KEY=" + p["env file"] + b"\n",
            "app/config.json": b'{"a":1,\n "stripe":"' + p["json"] + b'"}',
            "app/values.yaml": b"stripe:\n  key: '" + p["yaml"] + b"'\n",
            "app/Pay.class": b"\xca\xfe\xba\xbe\0\0\0A\x01\0\x6b" + p["binary"] + b"\x01\0\x06abcdef",
            "app/le.txt": PLANTED["utf-16-le"].encode("utf-16"),
            "app/be.txt": b"\xfe\xff" + ("k=\n" + PLANTED["utf-16-be"]).encode("utf-16-be"),
            "app/secret.yaml": b"data:\n  key: " + base64.b64encode(p["base64"]) + b"\n",
            "app/run.sh": b"curl -u " + p["deleted"] + b": https://example.com\n",
            "app/one": b"stripe " + p["hard link"] + b"\n",
            "app/two": Link("app/one"),
            "app/a/b/c/d/test.ini": b"[stripe]\nkey=" + p["nested"] + b"\n",
        }
    )
    top = builders.tar({"app/.wh.run.sh": b"", "app/.wh.one": b"", "app/old.env": b"A=1\n"})
    return Image(
        [
            Layer(base, "ADD rootfs.tar / # buildkit"),
            Layer(files, "COPY . /app # buildkit"),
            Layer(top, f"RUN |1 KEY={PLANTED['build argument']} /bin/sh -c make # buildkit"),
        ],
        config={"Env": [f"STRIPE_KEY={PLANTED['ENV']}"], "Labels": {"stripe.hook": PLANTED["label"]}},
        empty=[(2, "WORKDIR /app")],
    )


def rows(reports: list[TargetReport]) -> list[tuple[Any, ...]]:
    """Return what must not change, as plain values."""
    return [
        (
            f.rule_id, f.secret.sha256, f.secret.account, f.location.path, f.location.layer, f.location.line,
            f.location.column, f.location.offset, f.location.encoding, f.location.field, f.fingerprint,
            f.visibility and (f.visibility.state, f.visibility.layer),
        )
        for report in reports
        for f in report.findings
    ]  # fmt: skip


def whole(target: Path | str | bytes, **options: Any) -> list[TargetReport]:
    """Scan a target; nothing may be wrong with it."""
    reports = scan(target, **{"jobs": 2} | options)
    assert [report.diagnostics for report in reports] == [()] * len(reports)
    return reports


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """Scan the image once, as an OCI folder."""
    found = rows(whole(builders.oci_folder(tmp_path_factory.mktemp("oci"), fourteen())))
    assert {row[1] for row in found} == {builders.sha256(key.encode()) for key in PLANTED.values()}
    return found


def test_the_fourteen_stand_where_they_were_put(expected: list[tuple[Any, ...]]) -> None:
    """Path, layer, line, column and life of each key are what the image was made with."""
    places = {row[1]: row for row in expected}

    def place(name: str) -> tuple[Any, ...]:
        row = places[builders.sha256(PLANTED[name].encode())]
        return (*row[3:7], row[11] and row[11][0])

    assert place("env file") == ("app/.env", 1, 3, 12, "visible")
    assert place("json") == ("app/config.json", 1, 2, 12, "visible")
    assert place("binary") == ("app/Pay.class", 1, None, None, "visible")
    assert place("utf-16-be") == ("app/be.txt", 1, 2, 1, "visible")
    assert place("base64") == ("app/secret.yaml", 1, 2, 8, "visible")
    assert place("deleted") == ("app/run.sh", 1, 1, 9, "deleted")
    assert place("overwritten") == ("app/old.env", 0, 2, 3, "overwritten")
    assert place("hard link") == ("app/one", 1, 1, 8, "visible")


DIALECTS: dict[str, Callable[[Image], bytes]] = {
    "legacy": builders.docker_legacy,
    "modern": builders.docker_modern,
    "containerd": lambda image: builders.docker_containerd([image]),
    "podman": builders.podman_archive,
    "crane": builders.crane_archive,
    **{f"oci {name}": (lambda image, name=name: builders.oci_archive(image, name)) for name in COMPRESSIONS},  # type: ignore[misc]
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_archive_of_any_dialect_gives_the_same(
    dialect: str, tmp_path: Path, expected: list[tuple[Any, ...]]
) -> None:
    """Neither the dialect of an archive, nor its layers' compression, nor its own changes a finding."""
    archive = DIALECTS[dialect](fourteen())
    for wrap in ("plain", "gzip", "zstd"):
        path = builders.write(tmp_path / "image.tar", COMPRESSIONS[wrap][1](archive))
        assert rows(whole(path)) == expected, wrap


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_folder_of_any_compression_gives_the_same(
    compression: str, tmp_path: Path, expected: list[tuple[Any, ...]]
) -> None:
    """Neither do the shapes of folders."""
    assert rows(whole(builders.oci_folder(tmp_path / "oci", fourteen(), compression))) == expected
    assert rows(whole(builders.docker_dir(tmp_path / "dir", fourteen(), compression))) == expected


@pytest.mark.parametrize("dialect", ["legacy", "modern", "oci gzip", "oci zstd-frames"])
def test_a_stream_gives_the_same(dialect: str, expected: list[tuple[Any, ...]]) -> None:
    """One skip standard input finds the same, whatever the size of reads."""
    archive = DIALECTS[dialect](fourteen())
    for size in (1, 511, 65536):
        assert rows(whole(archive, size=size)) == expected, size


def test_the_window_changes_nothing(tmp_path: Path, expected: list[tuple[Any, ...]]) -> None:
    """A window may own one byte or many."""
    padding = fourteen().layers[1].tar  # with more than a look-behind of bytes, so that windows of one byte come about
    image = fourteen()
    assert len(padding) > 512
    path = builders.oci_folder(tmp_path / "oci", image)
    for window in (1, 7, 512, 4096):
        assert rows(whole(path, window=window)) == expected, window


def test_the_number_of_jobs_changes_nothing(tmp_path: Path, expected: list[tuple[Any, ...]]) -> None:
    """Layers may be read one after the other or at once."""
    path = builders.oci_folder(tmp_path / "oci", fourteen())
    for jobs in (1, 3, 4):
        assert rows(whole(path, jobs=jobs)) == expected, jobs


@pytest.mark.parametrize("window", [1000, 65536, 1 << 20])
def test_a_key_at_every_place_of_a_large_file_is_found(window: int, tmp_path: Path) -> None:
    """Keys all over a file of several windows are each found once, with their own line."""
    keys = Keys("large")
    planted = [keys.secret99() for _ in range(300)]
    text = "".join(f"{'x' * (index * 37 % 3000)}\n{key}\n" for index, key in enumerate(planted))
    path = builders.write(tmp_path / "r.tar", builders.tar({"etc/a": text.encode() * 1, "etc/b": b"1"}))
    found = rows(whole(f"rootfs:{path}", window=window))
    assert [row[1] for row in found] == [builders.sha256(key.encode()) for key in planted]
    assert [row[5] for row in found] == [2 * index + 2 for index in range(300)]


def test_a_file_that_ends_in_a_key_does_not_run_into_the_next_header(tmp_path: Path) -> None:
    """A file of whole blocks that ends in a key touches the next header, whose name is no part of it."""
    key = Keys("border").secret24()
    data = b"stripe\n".ljust(512 - len(key), b"-")[:-1] + b" " + key.encode()
    path = builders.write(tmp_path / "r.tar", builders.tar({"etc/a": data, "abcdef": b"1"}))
    assert [row[1] for row in rows(whole(f"rootfs:{path}"))] == [builders.sha256(key.encode())]


@pytest.mark.parametrize("name", FORMATS)
def test_no_report_holds_a_secret(name: str, tmp_path: Path) -> None:
    """No format shows a key, wherever it stood: also in names, labels, instructions, tags and records."""
    key = Keys("hidden").secret99()
    members: dict[str, builders.Content] = {f"app/{key}/x.env": f"K={key}\n".encode()}
    layer = builders.tar(members | {f"app/{key}": Link(key, hard=False)})
    image = Image([Layer(layer, f"COPY {key} /")], config={"Labels": {key: key}}, tag=f"shop:{key}")
    path = builders.write(tmp_path / f"{key}.tar", builders.docker_legacy(image))
    reports = scan(path)
    assert sum(len(report.findings) for report in reports) >= 4
    out = io.BytesIO()
    report = open_report(name, ReportContext("0", rule_infos(), verbose=2))
    report.start(out)
    for each in reports:
        report.target(each, out)
    report.finish(out)
    assert key[20:80].encode() not in out.getvalue()
    assert key[20:80] not in repr(reports)


def found_in(reports: list[TargetReport]) -> set[str]:
    """Return the paths of the findings of a scan that is not whole."""
    assert not all(report.whole for report in reports)
    return {finding.location.path for report in reports for finding in report.findings}


def test_an_altered_compressed_layer_still_gives_what_was_before() -> None:
    """A layer that was altered is an error, and what could be read of it is reported."""
    image = fourteen()
    files = builders.oci_files(image, "gzip")
    name = f"blobs/sha256/{builders.sha256(gzip.compress(image.layers[1].tar, mtime=0))}"
    altered = bytearray(files[name])
    altered[-5] ^= 1
    members = files | {name: bytes(altered)}
    assert found_in(scan(builders.tar(members))) >= {"app/.env", "app/a/b/c/d/test.ini"}


def test_one_kind_of_damage_in_a_zstd_layer() -> None:
    """The same goes for zstd."""
    image = fourteen()
    blob = zstandard.ZstdCompressor(write_checksum=True).compress(image.layers[1].tar)
    files = builders.oci_files(image, "zstd")
    name = f"blobs/sha256/{builders.sha256(blob)}"
    assert files[name] == blob
    altered = files | {name: blob[:-1] + bytes([blob[-1] ^ 1])}
    assert found_in(scan(builders.tar(altered))) >= {"app/.env", "app/a/b/c/d/test.ini"}
