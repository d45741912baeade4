"""From hits to a report: layers, lives, fingerprints, and what was not as it should be."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.builders import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Image,
    Layer,
    descriptor,
    docker_containerd,
    docker_legacy,
    docker_modern,
    dump,
    folder,
    oci_files,
    rootfs,
    sha256,
    tar,
    write,
)
from fixtures.keys import Keys
from imgscan.detect.stripe import examples
from imgscan.model import Hidden, Visibility
from imgscan.scan.policy import Policy
from tests.scan.support import codes, digest, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from imgscan.model import TargetReport

KEYS = Keys("assembly")
BASE, MIDDLE, TOP = (KEYS.secret99() for _ in range(3))
LAYERS = [
    Layer(tar({"etc/base": f"K={BASE}".encode()}), "ADD base"),
    Layer(tar({"etc/middle": f"K={MIDDLE}".encode()}), "RUN middle"),
    Layer(tar({"etc/.wh.base": b"", "etc/top": f"K={TOP}".encode()}), "RUN top"),
]
IMAGE = Image(LAYERS)
VISIBLE = Visibility("visible")


def name(data: bytes) -> str:
    """Return the name of a blob in a layout."""
    return f"blobs/sha256/{sha256(data)}"


def layout(path: Path, files: Mapping[str, bytes | None]) -> TargetReport:
    """Scan a layout; a file that is None is left out."""
    (report,) = scan(folder(path / "layout", {each: data for each, data in files.items() if data is not None}))
    return report


def described(layers: Sequence[tuple[bytes, dict[str, Any]]], **config: Any) -> dict[str, bytes]:
    """Write a layout whose layers have descriptors of their own (`digest` and the rest are the blob's by default)."""
    document = dump(
        {
            "os": "linux",
            "architecture": "amd64",
            "rootfs": {"diff_ids": [f"sha256:{sha256(data)}" for data, _ in layers]},
            **config,
        }
    )
    entries = [descriptor(data, OCI_LAYER) | more for data, more in layers]
    manifest = dump({"config": descriptor(document, OCI_CONFIG), "layers": entries})
    index = dump({"manifests": [descriptor(manifest, OCI_MANIFEST)]})
    blobs = {name(data): data for data in (document, manifest, *(data for data, _ in layers))}
    return {"oci-layout": b"{}", "index.json": index} | blobs


def lives(report: TargetReport) -> dict[str, Visibility | None]:
    """Return the life of each finding, by path."""
    return {finding.location.path: finding.visibility for finding in report.findings}


# where a finding is


def test_findings_have_layer_and_life(tmp_path: Path) -> None:
    """Each finding has the layer that brought it, and what became of it."""
    report = layout(tmp_path, oci_files(IMAGE))
    assert report.whole
    assert [(each.location.layer, each.location.path) for each in report.findings] == [
        (0, "etc/base"),
        (1, "etc/middle"),
        (2, "etc/top"),
    ]
    assert lives(report) == {"etc/base": Visibility("deleted", 2), "etc/middle": VISIBLE, "etc/top": VISIBLE}


def test_layers_have_what_was_measured(tmp_path: Path) -> None:
    """A layer is described by its documents and by what the scan read of it."""
    report = layout(tmp_path, oci_files(IMAGE, "gzip"))
    for layer, made in zip(report.layers, LAYERS, strict=True):
        blob = gzip.compress(made.tar, mtime=0)
        assert str(layer.digest) == f"sha256:{sha256(blob)}"
        assert str(layer.diff_id) == f"sha256:{sha256(made.tar)}"
        assert (layer.size, layer.bytes, layer.created_by) == (len(blob), len(made.tar), made.created_by)
        assert layer.media_type == OCI_LAYER + "+gzip"
    assert [layer.entries for layer in report.layers] == [1, 1, 2]
    assert (report.stats.layers, report.stats.entries) == (3, 4)
    assert report.stats.bytes == sum(len(layer.tar) for layer in LAYERS)


def test_documents_come_last(tmp_path: Path) -> None:
    """Findings come by layer, a layer's instruction behind its files, and what belongs to no layer last."""
    env, built = KEYS.secret99(), KEYS.secret99()
    image = Image([LAYERS[0], Layer(LAYERS[1].tar, f"RUN |1 K={built} make")], config={"Env": [f"K={env}"]})
    report = layout(tmp_path, oci_files(image))
    assert [(each.location.layer, each.location.field) for each in report.findings] == [
        (0, None),
        (1, None),
        (1, "history/1/created_by"),
        (None, "config/Env/K"),
    ]
    assert report.findings[2].location.path == report.findings[3].location.path == ".image/config.json"
    assert report.findings[2].visibility is None


def test_a_history_that_does_not_add_up_names_no_layer(tmp_path: Path) -> None:
    """Where the history has another number of entries nothing is guessed."""
    files = described([(LAYERS[0].tar, {})], history=[{"created_by": f"RUN {TOP}"}, {"created_by": "RUN x"}])
    report = layout(tmp_path, files)
    assert [(each.location.layer, each.location.field) for each in report.findings] == [
        (0, None),
        (None, "history/0/created_by"),
    ]
    assert report.layers[0].created_by is None


def test_a_repeated_layer_is_reported_where_it_stands(tmp_path: Path) -> None:
    """A layer that stands twice is read once and reported for each place, the lower one overwritten by the upper."""
    report = layout(tmp_path, oci_files(Image([LAYERS[0], LAYERS[1], LAYERS[0]])))
    assert [(each.location.layer, each.visibility) for each in report.findings] == [
        (0, Visibility("overwritten", 2)),
        (1, VISIBLE),
        (2, VISIBLE),
    ]
    assert report.stats.layers == 2


# fingerprints


def test_a_fingerprint_is_of_rule_path_and_secret(tmp_path: Path) -> None:
    """The fingerprint is a digest of rule, path and secret, and a number."""
    report = layout(tmp_path, oci_files(IMAGE))
    identity = b"\0".join((b"stripe-secret-key", b"etc/base", BASE.encode()))
    assert report.findings[0].fingerprint == hashlib.sha256(identity).hexdigest()[:16] + ":1"


def test_equal_findings_are_numbered(tmp_path: Path) -> None:
    """The same key in the same path has numbers from 1, in the order of the report, over all layers."""
    twice = tar({"etc/base": f"K={BASE}\nL={BASE}\n".encode()})
    report = layout(tmp_path, oci_files(Image([LAYERS[0], Layer(twice)])))
    first, second, third = (each.fingerprint for each in report.findings)
    assert [each[-2:] for each in (first, second, third)] == [":1", ":2", ":3"]
    assert first[:16] == second[:16] == third[:16]


def test_a_fingerprint_survives_a_rebuild(tmp_path: Path) -> None:
    """Other layers below, other lines above and another tag change no fingerprint."""
    rebuilt = Image(
        [
            Layer(tar({"usr/new": b"x"})),
            Layer(tar({"etc/base": f"# a comment\n\nK={BASE}".encode()})),
            *LAYERS[1:],
        ],
        tag="shop:2",
    )
    before, after = (layout(tmp_path / each.tag, oci_files(each)) for each in (IMAGE, rebuilt))
    assert [each.fingerprint for each in before.findings] == [each.fingerprint for each in after.findings]


# what is not shown


def test_what_was_not_asked_for_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishable keys, documented examples and chance findings are counted; asked for, they are findings."""
    example = KEYS.secret99()
    data = {
        "publishable": KEYS.publishable().encode(),
        "example": example.encode(),
        "chance": KEYS.secret(60).encode(),
        "key": KEYS.secret99().encode(),
    }
    monkeypatch.setattr(examples, "DOCUMENTED", {hashlib.sha256(example.encode()).hexdigest()})
    path = write(tmp_path / "image.tar", docker_legacy(Image([Layer(tar(data))])))
    (report,) = scan(path)
    assert [each.location.path for each in report.findings] == ["key"]
    assert report.hidden == Hidden(confidence=1, examples=1, publishable=1)
    (full,) = scan(path, policy=Policy(frozenset(("examples", "publishable")), "low"))
    assert [each.location.path for each in full.findings] == list(data)
    assert full.hidden == Hidden()
    assert [(each.status, each.level) for each in full.findings][1] == ("example", "note")


# layers that could not be read


def test_nothing_is_said_below_a_layer_that_is_missing(tmp_path: Path) -> None:
    """A layer that is missing may have ended any file below it, and none above it."""
    report = layout(tmp_path, {**oci_files(IMAGE), name(LAYERS[1].tar): None})
    assert codes(report) == ["layer-missing"]
    assert lives(report) == {"etc/base": None, "etc/top": VISIBLE}
    (noted,) = report.diagnostics
    assert (noted.layer, noted.bytes) == (1, len(LAYERS[1].tar))


def _lz4(data: bytes) -> bytes:
    return b"\x04\x22\x4d\x18" + data


def _damaged(data: bytes) -> bytes:
    packed = bytearray(gzip.compress(data, mtime=0))
    packed[-6] ^= 1
    return bytes(packed)


@pytest.mark.parametrize(
    ("make", "more", "expected"),
    [
        (_lz4, {}, ["layer-unreadable", "damaged-stream"]),
        (lambda data: data[100:], {}, ["layer-diff-id", "layer-unreadable"]),
        (
            lambda data: bytes(0xFF ^ byte for byte in data),
            {"mediaType": OCI_LAYER + "+gzip+encrypted"},
            ["encrypted"],
        ),
        (_damaged, {}, ["damaged-stream"]),
        (lambda data: gzip.compress(data, mtime=0)[:-9], {}, ["cut-stream"]),
    ],
    ids=["lz4", "no tar", "encrypted", "damaged", "cut"],
)
def test_a_layer_that_cannot_be_read_is_an_error(
    tmp_path: Path, make: Callable[[bytes], bytes], more: dict[str, Any], expected: list[str]
) -> None:
    """Each lack of a layer has its code; other layers are read, and nothing is said of the lives below."""
    bad = make(LAYERS[1].tar)
    true_ids = [f"sha256:{sha256(layer.tar)}" for layer in LAYERS]
    files = described(
        [(LAYERS[0].tar, {}), (bad, more), (LAYERS[2].tar, {})], rootfs={"type": "layers", "diff_ids": true_ids}
    )
    report = layout(tmp_path, files)
    assert codes(report) == expected
    assert lives(report)["etc/base"] is None
    assert lives(report)["etc/top"] == VISIBLE
    assert all(each.layer == 1 for each in report.diagnostics)


def test_a_foreign_layer_is_an_error(tmp_path: Path) -> None:
    """A layer that is distributed from elsewhere was not scanned; where it is stored here it is a layer like others."""
    more = {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar", "urls": ["http://192.0.2.1/x"]}
    files = described([(LAYERS[0].tar, {}), (LAYERS[1].tar, more)])
    assert codes(layout(tmp_path / "absent", {**files, name(LAYERS[1].tar): None})) == ["foreign-layer"]
    report = layout(tmp_path / "present", files)
    assert report.whole
    assert len(report.findings) == 2


@pytest.mark.parametrize("compression", ["plain", "gzip"])
def test_an_altered_layer_is_an_error_and_is_read(tmp_path: Path, compression: str) -> None:
    """A layer that is not what its digest says is reported, with what was found in it."""
    files = oci_files(IMAGE, compression)
    data = LAYERS[1].tar
    stored = data if compression == "plain" else gzip.compress(data, mtime=0)
    altered = data.replace(b"etc/middle", b"etc/middle")[:-1] + b"\1"
    files[name(stored)] = altered if compression == "plain" else gzip.compress(altered, mtime=0)
    report = layout(tmp_path, files)
    assert set(codes(report)) >= {"layer-digest", "layer-diff-id"}
    assert len(report.findings) == 3


def test_a_wrong_diff_id_is_an_error(tmp_path: Path) -> None:
    """The config's diff_id must be that of the uncompressed layer, although the blob's digest holds."""
    ids = [f"sha256:{sha256(layer.tar)}" for layer in (LAYERS[0], LAYERS[0])]
    report = layout(
        tmp_path, described([(LAYERS[0].tar, {}), (LAYERS[1].tar, {})], rootfs={"type": "layers", "diff_ids": ids})
    )
    assert codes(report) == ["layer-diff-id"]
    assert [each.layer for each in report.diagnostics] == [1]


def test_a_missing_end_is_pardoned_where_a_digest_holds(tmp_path: Path) -> None:
    """A layer without an end marker is whole if its digest says so, and ends no other's life in doubt."""
    bare = tar({"etc/middle": f"K={MIDDLE}".encode()}, end=False)
    report = layout(tmp_path, oci_files(Image([LAYERS[0], Layer(bare), LAYERS[2]])))
    assert report.diagnostics == ()
    assert lives(report)["etc/base"] == Visibility("deleted", 2)
    loose = tar({"a" * 64 + "/json": b'{"id":"a"}', "a" * 64 + "/layer.tar": bare})
    (report,) = scan(write(tmp_path / "image.tar", loose))
    assert codes(report) == ["tar-no-end"]


def test_sha512_is_computed(tmp_path: Path) -> None:
    """A layer that is named by its SHA-512 is checked by it, from a folder and in one pass."""
    data = LAYERS[0].tar
    long = hashlib.sha512(data).hexdigest()
    document = dump({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [None]}})
    layer = {"mediaType": OCI_LAYER, "digest": f"sha512:{long}"}
    manifest = dump({"config": descriptor(document, OCI_CONFIG), "layers": [layer]})
    files = {
        "oci-layout": b"{}",
        "index.json": dump({"manifests": [descriptor(manifest, OCI_MANIFEST)]}),
        **{name(each): each for each in (document, manifest)},
        f"blobs/sha512/{long}": data,
    }
    altered = files | {f"blobs/sha512/{long}": data[:-1] + b"\1"}
    assert layout(tmp_path / "good", files).diagnostics == ()
    assert "layer-digest" in codes(layout(tmp_path / "bad", altered))
    assert scan(tar(files))[0].diagnostics == ()
    assert "layer-digest" in codes(scan(tar(altered))[0])


def test_a_digest_that_cannot_be_computed_is_noted(tmp_path: Path) -> None:
    """A digest of an algorithm that is not known here was not checked, which is not an error."""
    files = described([(LAYERS[0].tar, {"digest": "blake3:" + "a" * 64})])
    report = layout(tmp_path, {**files, "blobs/blake3/" + "a" * 64: LAYERS[0].tar, name(LAYERS[0].tar): None})
    assert [(each.severity, each.code) for each in report.diagnostics] == [("skipped", "digest-unverified")]
    assert len(report.findings) == 1


# what no image refers to


def test_blobs_that_no_image_refers_to_are_searched(tmp_path: Path) -> None:
    """Findings in a blob that no image refers to have no layer, and a path inside the blob."""
    stray = tar({"etc/stray": KEYS.secret99().encode()})
    note = KEYS.secret99().encode()
    report = layout(tmp_path, {**oci_files(IMAGE), name(stray): stray, "note.txt": b"one\n" + note})
    assert report.whole
    assert [(each.location.layer, each.location.path) for each in report.findings[3:]] == [
        (None, "note.txt"),
        (None, f"{name(stray)}!/etc/stray"),
    ]
    assert [each.visibility for each in report.findings[3:]] == [None, None]


def test_a_blob_that_no_image_refers_to_is_checked(tmp_path: Path) -> None:
    """A stray blob that is not what its name says was altered, be it a tar or a document."""
    stray = tar({"etc/stray": b"x"})
    assert codes(layout(tmp_path / "a", {**oci_files(IMAGE), name(stray): stray[:-1] + b"\1"})) == ["blob-digest"]
    assert codes(layout(tmp_path / "b", {**oci_files(IMAGE), name(b"{}"): b'{"a":1}'})) == ["blob-digest"]


def test_a_stray_blob_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    """A blob that no image refers to and that is damaged was not searched whole."""
    stray = gzip.compress(tar({"etc/stray": b"x" * 5000}), mtime=0)[:-20]
    report = layout(tmp_path, {**oci_files(IMAGE), name(stray): stray, "ingest/part": stray})
    assert report.whole
    assert {(each.severity, each.code, each.path) for each in report.diagnostics} >= {
        ("skipped", "cut-stream", name(stray)),
        ("skipped", "cut-stream", "ingest/part"),
    }


def test_the_layers_of_an_artifact_are_files(tmp_path: Path) -> None:
    """The layers of an artifact are searched as files, JSON too, and are no broken tars."""
    content, document = f"note\nK={TOP}\n".encode(), dump({"key": MIDDLE})
    manifest = dump(
        {
            "artifactType": "application/x",
            "config": descriptor(b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": [descriptor(content, "text/plain"), descriptor(document, "application/json")],
        }
    )
    files = {name(data): data for data in (content, document, manifest, b"{}")}
    index = dump({"manifests": [descriptor(manifest, OCI_MANIFEST)]})
    report = layout(tmp_path, {"oci-layout": b"{}", "index.json": index} | files)
    assert report.whole
    assert [(each.location.layer, each.secret.sha256) for each in report.findings] == [
        (0, digest(TOP)),
        (1, digest(MIDDLE)),
    ]


# platforms, archives, streams


def _platforms() -> bytes:
    arm = Image([Layer(tar({"arm": MIDDLE.encode()}))], architecture="arm64")
    return docker_containerd([IMAGE, arm], absent=["s390x"])


def test_each_platform_has_a_report(tmp_path: Path) -> None:
    """Without a platform asked for, every one that is present is scanned."""
    reports = scan(write(tmp_path / "image.tar", _platforms()))
    assert [report.platform for report in reports] == ["linux/amd64", "linux/arm64"]
    assert [len(report.findings) for report in reports] == [3, 1]
    assert [each.code for each in reports[0].diagnostics] == ["not-present"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_platform_can_be_asked_for(tmp_path: Path, *, stream: bool) -> None:
    """The platform that was requested is the only one in the report; one that is not here is an error."""
    data = _platforms()
    target = data if stream else write(tmp_path / "image.tar", data)
    (report,) = scan(target, platform="linux/arm64")
    assert (report.platform, [each.location.path for each in report.findings]) == ("linux/arm64", ["arm"])
    (none,) = scan(target, platform="linux/riscv64")
    assert codes(none) == ["platform-missing"]


def test_a_root_filesystem_is_one_layer(tmp_path: Path) -> None:
    """The tar of `docker export` is one layer of its own, where everything is visible."""
    (report,) = scan(write(tmp_path / "rootfs.tar", rootfs(IMAGE)))
    assert report.whole
    assert [(each.location.layer, each.location.path, each.visibility) for each in report.findings] == [
        (0, "etc/middle", VISIBLE),
        (0, "etc/top", VISIBLE),
    ]


def test_what_is_wrong_with_an_archive_is_told_once(tmp_path: Path) -> None:
    """An archive that was cut has its error in the first image's report, and what was read is reported."""
    data = docker_modern(IMAGE)
    cut = data[: len(data.rstrip(b"\0")) + 10]
    for target in (write(tmp_path / "image.tar", cut), cut):
        (report,) = scan(target)
        assert not report.whole
        assert len(report.findings) == 3


def test_the_target_is_shown_redacted(tmp_path: Path) -> None:
    """Tags and instructions that hold a key are shown without it."""
    key = KEYS.secret99()
    image = Image([Layer(LAYERS[0].tar, f"RUN login {key}")], tag=f"shop:{key}")
    (report,) = scan(write(tmp_path / "image.tar", docker_legacy(image)))
    assert key not in repr(report)
    assert key not in json.dumps([report.reference, report.layers[0].created_by])
