"""A name that some document mentions is not done with until it has been searched: one example of each kind."""

from __future__ import annotations

import base64
import gzip
import io
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
    dump,
    folder,
    oci_files,
    sha256,
    tar,
    write,
)
from fixtures.keys import Keys
from imgscan.cli.rules import rule_infos
from imgscan.report import FORMATS, ReportContext, open_report
from imgscan.scan.image import kept
from tests.scan.support import codes, digest, scan
from tests.scan.test_wiring import everything, found

if TYPE_CHECKING:
    from pathlib import Path

    from imgscan.model import TargetReport

KEYS = Keys("claimed")
FIRST, SECOND, THIRD = (KEYS.secret99() for _ in range(3))
ONE, TWO = (tar({"k": each.encode()}) for each in (FIRST, SECOND))
EMPTY = b"{}"


def name(data: bytes) -> str:
    """Return the name of a blob in a layout."""
    return f"blobs/sha256/{sha256(data)}"


def manifest(config: bytes, *layers: bytes, **more: Any) -> bytes:
    """Write a manifest."""
    described = [descriptor(layer, OCI_LAYER) for layer in layers]
    return dump({"schemaVersion": 2, "config": descriptor(config, OCI_CONFIG), "layers": described} | more)


def layout(*manifests: bytes, blobs: tuple[bytes, ...] = (), **files: bytes) -> dict[str, bytes]:
    """Return the files of a layout whose index names these manifests."""
    index = dump({"manifests": [descriptor(each, OCI_MANIFEST) for each in manifests]})
    stored = {name(data): data for data in (*manifests, *blobs)}
    return {"oci-layout": EMPTY, "index.json": index} | stored | files


def read(files: dict[str, bytes]) -> list[TargetReport]:
    """Scan a layout as an archive that goes by once."""
    return scan(tar(files))


def config(*layers: bytes, **more: Any) -> bytes:
    """Write the config of an image."""
    ids = [f"sha256:{sha256(layer)}" for layer in layers]
    return dump({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ids}} | more)


# one config, several images


def test_manifests_that_share_a_config_stay_apart() -> None:
    """All artifacts have the same empty config; the layers of each are read and reported."""
    artifacts = [manifest(EMPTY, layer, artifactType="application/x") for layer in (ONE, TWO)]
    reports = read(layout(*artifacts, blobs=(EMPTY, ONE, TWO)))
    assert [found([report]) for report in reports] == [{digest(FIRST)}, {digest(SECOND)}]
    assert [report.diagnostics for report in reports] == [(), ()]


def test_the_second_of_two_images_is_checked() -> None:
    """A missing layer of a second manifest with the same config is an error."""
    both = config(ONE)
    reports = read(layout(manifest(both, ONE), manifest(both, TWO), blobs=(both, ONE)))
    assert [codes(report) for report in reports] == [[], ["layer-missing"]]


def test_one_image_described_twice_is_one_report() -> None:
    """What `manifest.json` and the index say of one image is one report, also beside others of that config."""
    both = config(ONE)
    entry = {"Config": name(both), "RepoTags": ["shop:1"], "Layers": [name(ONE)]}
    files = layout(manifest(both, TWO), manifest(both, ONE), blobs=(both, ONE, TWO))
    reports = read(files | {"manifest.json": dump([entry])})
    assert [found([report]) for report in reports] == [{digest(FIRST)}, {digest(SECOND)}]
    assert [report.reference for report in reports] == ["shop:1", None]
    assert "manifests-disagree" not in codes(reports[0])
    assert len(scan(docker_containerd([Image([Layer(ONE)])]))) == 1


# two descriptions that disagree


@pytest.mark.parametrize("stored", [True, False])
def test_a_layer_that_only_the_oci_manifest_lists_is_read(*, stored: bool) -> None:
    """It belongs to a report of its own, as the OCI manifest describes it; both reports say that they disagree."""
    both = config(ONE)
    entry = {"Config": name(both), "RepoTags": ["shop:1"], "Layers": [name(ONE)]}
    blobs = (both, ONE, TWO) if stored else (both, ONE)
    reports = read(layout(manifest(both, ONE, TWO), blobs=blobs, **{"manifest.json": dump([entry])}))
    both_found = {digest(FIRST), digest(SECOND)} if stored else {digest(FIRST)}
    assert [found([report]) for report in reports] == [{digest(FIRST)}, both_found]
    assert all("manifests-disagree" in codes(report) for report in reports)
    assert ("layer-missing" in codes(reports[1])) is not stored


def test_a_layer_that_only_manifest_json_lists_is_read() -> None:
    """It is a layer of the one report, which says that the two disagree."""
    both = config(ONE, TWO)
    entry = {"Config": name(both), "RepoTags": ["shop:1"], "Layers": [name(ONE), name(TWO)]}
    [report] = read(layout(manifest(both, ONE), blobs=(both, ONE, TWO), **{"manifest.json": dump([entry])}))
    assert [each.location.layer for each in report.findings] == [0, 1]
    assert codes(report) == ["manifests-disagree"]


# documents that were claimed


def _docker(**entry: Any) -> dict[str, bytes]:
    image = config(ONE)
    known = {"Config": f"{sha256(image)}.json", "RepoTags": ["shop:1"], "Layers": ["layer.tar"]}
    return {f"{sha256(image)}.json": image, "layer.tar": tar({"a": b"x"}), "manifest.json": dump([known | entry])}


def _attested(**more: Any) -> dict[str, bytes]:
    """Return a layout with an attestation that has a config of its own."""
    about = config(note=more.pop("config", ""))
    attestation = manifest(about, **more)
    image = manifest(EMPTY, ONE, artifactType="application/x")
    files = layout(image, blobs=(EMPTY, tar({"a": b"x"}), about, attestation))
    index = json.loads(files["index.json"])
    kind = {"vnd.docker.reference.type": "attestation-manifest"}
    index["manifests"].append(descriptor(attestation, OCI_MANIFEST, annotations=kind))
    return files | {"index.json": dump(index)}


def _at(field: str, value: Any) -> dict[str, bytes]:
    return layout(manifest(EMPTY, artifactType="application/x", **{field: value}), blobs=(EMPTY,))


def _packed(secret: str) -> bytes:
    return gzip.compress(secret.encode(), mtime=0)


def _inline(data: bytes) -> dict[str, Any]:
    return descriptor(data, "text/plain") | {"data": base64.b64encode(data).decode()}


DOCUMENTS: dict[str, tuple[dict[str, bytes], str, str | None]] = {
    "RepoTags": (_docker(RepoTags=[f"shop:{THIRD}"]), ".image/manifest.json", "0/RepoTags/0"),
    "LayerSources": (_docker(LayerSources={"sha256:x": {"urls": [THIRD]}}), ".image/manifest.json",
                     "0/LayerSources/sha256:x/urls/0"),
    "an unknown field of manifest.json": (_docker(Note=THIRD), ".image/manifest.json", "0/Note"),
    "repositories": (_docker() | {"repositories": dump({"shop": {"1": THIRD}})}, "repositories", None),
    "oci-layout": (layout(manifest(EMPTY, artifactType="application/x"), blobs=(EMPTY,)) |
                   {"oci-layout": dump({"note": THIRD})}, "oci-layout", None),
    "index.json": (_at("x", "y") | {"index.json": dump({"manifests": [], "note": THIRD})}, ".image/index.json", "note"),
    "annotations of an attestation": (_attested(annotations={"note": THIRD}), ".image/attestation.json",
                                      "annotations/note"),
    "config of an attestation": (_attested(config=THIRD), ".image/attestation.json", "note"),
    "inline data of a subject": (_at("subject", _inline(THIRD.encode())), f"sha256:{digest(THIRD)}", None),
    "packed inline data of a subject": (_at("subject", _inline(_packed(THIRD))),
                                        f"sha256:{sha256(_packed(THIRD))}", None),
    "inline data that is no base64": (_at("subject", {"digest": "sha256:" + "0" * 64, "data": f"={THIRD}"}),
                                      ".image/manifest.json", "subject/data"),
    "data of a material": (_at("x", {"digest": {"sha256": "0"}, "data": THIRD}), ".image/manifest.json", "x/data"),
    "a label named data": (_at("x", {"digest": "none", "data": THIRD}), ".image/manifest.json", "x/data"),
}  # fmt: skip
"""Files, and the path and field of the key in them."""


@pytest.mark.parametrize("place", DOCUMENTS)
def test_a_document_that_is_claimed_is_searched(place: str, tmp_path: Path) -> None:
    """A key in a document that an image needs, but that nobody read for keys, is found once, in its field."""
    files, path, field = DOCUMENTS[place]
    reports = scan(write(tmp_path / "image.tar", tar(files)))
    places = [
        (each.location.path, each.location.field)
        for report in reports
        for each in report.findings
        if each.secret.sha256 == digest(THIRD)
    ]
    assert places == [(path, field)]
    assert everything(read(files)) == everything(reports)


def test_what_a_parser_drops_is_found() -> None:
    """The first of two values of one name has its field; what is behind a document's end is at a byte."""
    image = config(ONE)
    repeated = b'{"author":"' + SECOND.encode() + b'",' + image[1:-1] + b',"author":"x"}'
    [report] = read(layout(manifest(repeated, ONE), blobs=(repeated, ONE)))
    assert [each.location.field for each in report.findings if each.secret.sha256 == digest(SECOND)] == ["author"]
    behind = image + b" // " + SECOND.encode()
    [report] = read(layout(manifest(behind, ONE), blobs=(behind, ONE)))
    assert "config-missing" in codes(report)
    assert digest(SECOND) in found([report])


def test_a_key_that_is_also_in_a_field_is_one_finding() -> None:
    """A document is searched as bytes too; the field's finding is the only one, and other documents' do not hide it."""
    image = config(ONE, config={"Env": [f"K={SECOND}"]}, history=[{"created_by": f"RUN K={SECOND} make"}])
    [report] = read(layout(manifest(image, ONE), blobs=(image, ONE)))
    fields = [each.location.field for each in report.findings if each.secret.sha256 == digest(SECOND)]
    assert fields == ["history/0/created_by", "config/Env/K"]


# inline data


def _with_inline(*contents: tuple[bytes, bytes], blobs: tuple[bytes, ...] = ()) -> dict[str, bytes]:
    """Return a layout of an artifact whose layers are described by the one and carry the other."""
    layers = [
        descriptor(described, "text/plain") | {"data": base64.b64encode(carried).decode()}
        for described, carried in contents
    ]
    document = dump({"config": descriptor(EMPTY, OCI_CONFIG), "layers": layers, "artifactType": "application/x"})
    return layout(document, blobs=(EMPTY, *blobs))


def test_inline_data_that_differs_from_its_blob_is_searched() -> None:
    """Where the blob is stored too, both are searched; that the inline data are not what they should be is an error."""
    plain = b"stored"
    [report] = read(_with_inline((plain, _packed(THIRD)), blobs=(plain,)))
    assert found([report]) == {digest(THIRD)}
    assert codes(report) == ["blob-digest"]
    [report] = read(_with_inline((THIRD.encode(), THIRD.encode()), blobs=(THIRD.encode(),)))
    assert len(report.findings) == 1
    assert report.diagnostics == ()


def test_two_inline_layers_of_one_digest_are_two() -> None:
    """Each is read, and the one that does not match is an error."""
    right, wrong = _packed(SECOND), _packed(THIRD)
    [report] = read(_with_inline((right, right), (right, wrong)))
    assert [(each.location.layer, each.secret.sha256) for each in report.findings] == [
        (0, digest(SECOND)),
        (1, digest(THIRD)),
    ]
    assert codes(report) == ["layer-digest"]


# names and reports


def test_names_that_are_not_utf8_can_be_reported(tmp_path: Path) -> None:
    """A member, and a JSON name, that no UTF-8 can spell crash nothing, in any format."""
    members = [
        *layout(manifest(EMPTY, artifactType="application/x"), blobs=(EMPTY,)).items(),
        ("a\udcff.json", dump({"k": FIRST})),
        ("b\udcff.tar", TWO),
    ]
    files = dict(members)
    files[name(EMPTY)] = b'{"\\ud800":"' + THIRD.encode() + b'"}'
    reports = scan(write(tmp_path / "image.tar", tar(files)))
    assert found(reports) == {digest(FIRST), digest(SECOND), digest(THIRD)}
    paths = {each.secret.sha256: each.location for each in reports[0].findings}
    assert paths[digest(SECOND)].path == "b\\xff.tar!/k"
    assert paths[digest(SECOND)].path_bytes == b"b\xff.tar!/k"
    assert paths[digest(THIRD)].field == "\\ud800"
    for form in FORMATS:
        out, report = io.BytesIO(), open_report(form, ReportContext("0", rule_infos(), verbose=2))
        report.start(out)
        report.target(reports[0], out)
        report.finish(out)
        assert out.getvalue().decode(), form


def test_a_tar_whose_name_holds_a_key_is_not_shown() -> None:
    """The path of what is in a stray tar is redacted, the tar's own name too."""
    reports = read(layout(manifest(EMPTY, artifactType="application/x"), blobs=(EMPTY,)) | {f"{FIRST}.tar": TWO})
    assert found(reports) == {digest(FIRST), digest(SECOND)}
    assert FIRST not in repr(reports)


# the law


def test_a_member_that_was_forgotten_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is left over at the end, which is a mistake of the program, is an error of the scan."""
    monkeypatch.setattr(kept.KeptScan, "read", lambda _: None)
    [report] = read(oci_files(Image([Layer(ONE)])))
    assert set(codes(report)) == {"unsearched"}
    assert {each.path for each in report.diagnostics} >= {"oci-layout", "index.json"}
    assert not report.whole


def test_other_platforms_are_not_left_over(tmp_path: Path) -> None:
    """What belongs to a platform that was not asked for is not read, and is no error; what all share is."""
    arm = Image([Layer(TWO)], architecture="arm64", config={"Labels": {"k": THIRD}})
    files = oci_files(Image([Layer(ONE)]))
    index = json.loads(files["index.json"])
    index["manifests"] += json.loads(oci_files(arm)["index.json"])["manifests"]
    files = oci_files(arm) | files | {"index.json": dump(index | {"annotations": {"note": KEYS.secret99()}})}
    [report] = scan(folder(tmp_path / "layout", files), platform="linux/amd64")
    assert report.diagnostics == ()
    assert digest(SECOND) not in found([report])
    assert digest(THIRD) not in found([report])
    assert [each.location.field for each in report.findings if each.location.layer is None] == ["annotations/note"]
    [report] = scan(folder(tmp_path / "layout", files), platform="linux/arm64")
    assert report.diagnostics == ()
    assert found([report]) >= {digest(SECOND), digest(THIRD)}


def test_docker_save_is_as_it_was() -> None:
    """An archive without anything odd has a finding for each key and nothing to say."""
    [report] = scan(docker_legacy(Image([Layer(ONE), Layer(TWO)], config={"Env": [f"K={THIRD}"]})))
    assert [each.location.path for each in report.findings] == ["k", "k", ".image/config.json"]
    assert report.diagnostics == ()
