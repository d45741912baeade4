"""The plan of an image: which blobs are its layers, what describes it, and what does not add up."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.builders import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Image,
    Layer,
    Link,
    descriptor,
    docker_legacy_members,
    dump,
    oci_files,
    sha256,
    tar,
)
from imgscan.image.documents import Platform
from imgscan.image.plan import Plan, plan_images
from imgscan.model import Digest
from imgscan.sources.base import Shelf
from tests.effort import examples
from tests.image.test_documents import hostile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fixtures.builders import Content
    from imgscan.image.plan import ImagePlan

BASE, TOP = tar({"etc/os": b"base"}), tar({"app/.env": b"top"})
IMAGE = Image([Layer(BASE, "ADD base"), Layer(TOP, "COPY app")], empty=[(1, "ENV A=b")])
ARM = Image([Layer(BASE), Layer(tar({"arm": b""}))], architecture="arm64", tag="shop:arm")


def shelve(members: Mapping[str, bytes | Link] | Sequence[tuple[str, Content]]) -> Shelf:
    """Put members on a shelf as a source does: what begins like JSON is a document."""
    shelf = Shelf()
    for name, content in dict(members).items():
        if isinstance(content, Link):
            shelf.links[name] = content.target.removeprefix("../")
        elif content is not None and content[:1] in (b"{", b"["):
            shelf.documents[name] = content
        elif content is not None:
            shelf.blobs[name] = len(content)
    return shelf


def plan(members: Mapping[str, bytes] | Sequence[tuple[str, Content]]) -> Plan:
    """Plan what these members hold."""
    return plan_images(shelve(members))


def codes(planned: Plan) -> list[str]:
    """List what is wrong, with the whole and with each image."""
    found = [*planned.diagnostics, *(each for image in planned.images for each in image.diagnostics)]
    return [diagnostic.code for diagnostic in found if diagnostic.severity == "error"]


def names(image: ImagePlan) -> list[str | None]:
    """List where the layers of an image are."""
    return [layer.name for layer in image.layers]


def blob(data: bytes) -> str:
    """Return the name of a blob in a layout."""
    return f"blobs/sha256/{sha256(data)}"


def layout(*entries: dict[str, Any], blobs: Sequence[bytes] = (), files: Mapping[str, bytes] | None = None) -> Plan:
    """Plan an OCI layout whose index has these entries."""
    index = dump({"schemaVersion": 2, "manifests": list(entries)})
    stored = {blob(data): data for data in blobs}
    return plan({"oci-layout": b"{}", "index.json": index} | stored | dict(files or {}))


def manifest(config: bytes, *layers: bytes, **more: Any) -> bytes:
    """Write a manifest."""
    described = [descriptor(layer, OCI_LAYER) for layer in layers]
    return dump({"schemaVersion": 2, "config": descriptor(config, OCI_CONFIG), "layers": described} | more)


# docker save


def test_manifest_json_lists_an_image() -> None:
    """An archive of `docker save` names the layers by their members, base first, and the config says their diff_ids."""
    members = docker_legacy_members(IMAGE)
    planned = plan(members)
    (image,) = planned.images
    stored = {content: name for name, content in members if isinstance(content, bytes)}
    assert names(image) == [stored[BASE], stored[TOP]]
    assert [str(layer.diff_id) for layer in image.layers] == [f"sha256:{sha256(BASE)}", f"sha256:{sha256(TOP)}"]
    assert image.reference == "shop:1"
    assert image.platform == Platform("linux", "amd64")
    assert str(image.config_digest) == f"sha256:{sha256(IMAGE.config_json)}"
    assert [document.path for document in image.documents] == [".image/config.json"]
    assert codes(planned) == []


def test_a_repeated_layer_is_a_link_to_the_first() -> None:
    """A layer that stands twice in an image is one member, reached by a link."""
    planned = plan(docker_legacy_members(Image([Layer(BASE), Layer(TOP), Layer(BASE)])))
    (image,) = planned.images
    assert names(image)[0] == names(image)[2] is not None
    assert codes(planned) == []


def test_an_archive_may_hold_several_images() -> None:
    """Each entry of `manifest.json` is an image, in its order."""
    first, second = docker_legacy_members(IMAGE), docker_legacy_members(ARM)
    entries = [json.loads(dict(members)["manifest.json"])[0] for members in (first, second)]  # type: ignore[arg-type]
    planned = plan([*first, *second, ("manifest.json", dump(entries))])
    assert [image.reference for image in planned.images] == ["shop:1", "shop:arm"]
    assert codes(planned) == []


def test_tags_may_be_absent() -> None:
    """An image that was saved by its id has no reference."""
    members = dict(docker_legacy_members(IMAGE))
    entry = json.loads(members["manifest.json"])[0]  # type: ignore[arg-type]
    members["manifest.json"] = dump([entry | {"RepoTags": None}])
    assert plan(list(members.items())).images[0].reference is None


def _changed(**changes: Any) -> Plan:
    members = dict(docker_legacy_members(IMAGE))
    entry = json.loads(members["manifest.json"])[0]  # type: ignore[arg-type]
    changed = {key: value for key, value in (entry | changes).items() if value is not ...}
    members["manifest.json"] = dump([changed])
    return plan(list(members.items()))


def test_fewer_layers_than_diff_ids_is_an_error() -> None:
    """Where manifest and config count differently no layer is given a diff_id."""
    planned = _changed(Layers=[])
    assert codes(planned) == ["layer-count"]
    members = dict(docker_legacy_members(IMAGE))
    first = json.loads(members["manifest.json"])[0]["Layers"][:1]  # type: ignore[arg-type]
    planned = _changed(Layers=first)
    assert codes(planned) == ["layer-count"]
    assert [layer.diff_id for layer in planned.images[0].layers] == [None]
    assert len(planned.unclaimed) > 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Config": ...}, "manifest-unreadable"),
        ({"Config": 7}, "manifest-unreadable"),
        ({"Config": "absent.json"}, "config-missing"),
        ({"Layers": ...}, "manifest-unreadable"),
        ({"Layers": "text"}, "manifest-unreadable"),
        ({"Layers": [7, "x"]}, "manifest-unreadable"),
    ],
)
def test_an_incomplete_entry_is_an_error(changes: dict[str, Any], code: str) -> None:
    """An entry without config or layers is never taken for an image without either."""
    assert code in codes(_changed(**changes))


def test_a_layer_that_is_not_there_has_no_name() -> None:
    """A layer whose member is missing stays in the plan, as one that has no bytes."""
    planned = _changed(Layers=["gone/layer.tar", "gone2/layer.tar"])
    assert names(planned.images[0]) == [None, None]


@pytest.mark.parametrize("form", ["{}.json", "sha256:{}"])
def test_an_altered_config_is_an_error(form: str) -> None:
    """A config that is named by its digest must have it, in Docker's spelling and in crane's."""
    name = form.format(sha256(IMAGE.config_json))
    entry = {"Config": name, "Layers": ["a", "b"], "RepoTags": []}
    good = plan({"manifest.json": dump([entry]), name: IMAGE.config_json, "a": BASE, "b": TOP})
    assert codes(good) == []
    altered = IMAGE.config_json.replace(b"ENV A=b", b"ENV A=c")
    assert codes(plan({"manifest.json": dump([entry]), name: altered, "a": BASE, "b": TOP})) == ["config-digest"]


@pytest.mark.parametrize("content", [b"nothing", b"{", b"[1]", b"[]", b'{"a":1}', b'"text"'])
def test_a_manifest_that_is_none_is_an_error(content: bytes) -> None:
    """A `manifest.json` that says nothing about an image is an error, not an archive without images."""
    shelf = shelve(docker_legacy_members(IMAGE))
    del shelf.documents["manifest.json"]
    if content[:1] in (b"{", b"["):
        shelf.documents["manifest.json"] = content
    else:
        shelf.blobs["manifest.json"] = len(content)
    assert codes(plan_images(shelf))


@pytest.mark.parametrize("null", [True, False])
def test_without_a_manifest_parents_make_the_image(null: bool) -> None:
    """Where `manifest.json` is null or absent, `<id>/json` documents are chained by `parent`, base first."""
    members = [each for each in docker_legacy_members(IMAGE) if each[0] != "manifest.json"]
    shelf = shelve(members)
    if null:
        shelf.blobs["manifest.json"] = len(b"null")
    planned = plan_images(shelf)
    (image,) = planned.images
    stored = {content: name for name, content in members if isinstance(content, bytes)}
    assert names(image) == [stored[BASE], stored[TOP]]
    assert codes(planned) == []


def test_a_missing_parent_is_an_error() -> None:
    """A chain that leads to a layer that is not there is not whole."""
    planned = plan({"a/json": b'{"id":"a","parent":"gone"}', "a/layer.tar": TOP})
    assert codes(planned) == ["layer-missing"]
    assert names(planned.images[0]) == ["a/layer.tar"]


def test_a_parent_that_is_no_name_is_an_error() -> None:
    """A `parent` of another type leads nowhere, and crashes nothing."""
    assert codes(plan({"a/json": b'{"parent":["b"]}', "a/layer.tar": TOP})) == ["layer-missing"]


def test_parents_in_a_circle_end() -> None:
    """Documents that are each other's parents are no image, and no endless one."""
    members = {"a/json": b'{"parent":"b"}', "a/layer.tar": TOP, "b/json": b'{"parent":"a"}', "b/layer.tar": BASE}
    planned = plan(members)
    assert planned.images == ()
    assert codes(planned) == ["no-image"]


# OCI


def test_an_index_leads_to_an_image() -> None:
    """A layout's index names the manifest, and that config and layers."""
    planned = plan(oci_files(IMAGE))
    (image,) = planned.images
    assert names(image) == [blob(BASE), blob(TOP)]
    assert image.reference == "shop:1"
    assert image.platform == Platform("linux", "amd64")
    assert [str(layer.digest) for layer in image.layers] == [f"sha256:{sha256(data)}" for data in (BASE, TOP)]
    assert [layer.diff_id for layer in image.layers] == [layer.digest for layer in image.layers]
    assert [document.path for document in image.documents] == [".image/config.json", ".image/manifest.json"]
    assert [document.path for document in planned.documents] == [".image/index.json"]
    assert codes(planned) == []
    assert planned.unclaimed == {"oci-layout"}


def test_indexes_may_nest() -> None:
    """An index that names an index leads to the images of both, with the name that they were reached by."""
    files = oci_files(IMAGE) | oci_files(ARM)
    inner = dump({"manifests": [json.loads(oci_files(image)["index.json"])["manifests"][0] for image in (IMAGE, ARM)]})
    stripped = inner.replace(b"org.opencontainers.image.ref.name", b"x")
    named = {"io.containerd.image.name": "docker.io/library/shop:1"}
    outer = dump({"manifests": [descriptor(stripped, OCI_INDEX, annotations=named)]})
    planned = plan(files | {blob(stripped): stripped, "index.json": outer})
    assert [str(image.platform) for image in planned.images] == ["linux/amd64", "linux/arm64"]
    assert [image.reference for image in planned.images] == ["docker.io/library/shop:1"] * 2
    assert codes(planned) == []


def test_a_circle_of_indexes_ends() -> None:
    """Two indexes that name each other are walked once."""
    first, second = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    planned = layout(
        {"digest": first},
        files={
            "blobs/sha256/" + "1" * 64: dump({"manifests": [{"digest": second}]}),
            "blobs/sha256/" + "2" * 64: dump({"manifests": [{"digest": first}]}),
        },
    )
    assert planned.images == ()
    assert "document-digest" in codes(planned)


def test_indexes_nest_only_so_deep() -> None:
    """A tower of indexes is given up at a depth that no tool reaches, as an error."""
    document = json.loads(oci_files(IMAGE)["index.json"])
    files = oci_files(IMAGE)
    for _ in range(12):
        inner = dump(document)
        files[blob(inner)] = inner
        document = {"manifests": [descriptor(inner, OCI_INDEX)]}
    planned = plan(files | {"index.json": dump(document)})
    assert planned.images == ()
    assert "index-depth" in codes(planned)


def test_a_wide_index_names_each_manifest_once() -> None:
    """An image that an index names twice is one image."""
    entry = json.loads(oci_files(IMAGE)["index.json"])["manifests"][0]
    planned = plan(oci_files(IMAGE) | {"index.json": dump({"manifests": [entry, entry]})})
    assert len(planned.images) == 1


def test_platforms_that_were_not_pulled_are_no_error() -> None:
    """A manifest that the index names and that is not stored here is recorded as skipped."""
    entry = json.loads(oci_files(IMAGE)["index.json"])["manifests"][0]
    absent = {"digest": "sha256:" + "3" * 64, "size": 9, "platform": {"os": "linux", "architecture": "s390x"}}
    planned = plan(oci_files(IMAGE) | {"index.json": dump({"manifests": [absent, entry]})})
    (noted,) = planned.diagnostics
    assert (noted.severity, noted.code) == ("skipped", "not-present")
    assert "linux/s390x" in noted.message
    assert len(planned.images) == 1


def test_a_missing_manifest_beside_an_unnamed_one_is_an_error() -> None:
    """An index that misses its manifest while another lies unnamed was altered."""
    entry = json.loads(oci_files(IMAGE)["index.json"])["manifests"][0]
    entry["digest"] = "sha256:" + "3" * 64
    assert "index-altered" in codes(plan(oci_files(IMAGE) | {"index.json": dump({"manifests": [entry]})}))


def test_an_index_without_any_image_is_an_error() -> None:
    """A layout whose manifests are all absent holds no image, and says so."""
    planned = layout({"digest": "sha256:" + "3" * 64})
    assert planned.images == ()
    assert planned.diagnostics
    assert codes(layout()) == ["no-image"]


def test_a_manifest_without_a_platform_takes_the_configs() -> None:
    """The platform of an image is in its config; the index need not say it."""
    entry = json.loads(oci_files(ARM)["index.json"])["manifests"][0]
    del entry["platform"]
    planned = plan(oci_files(ARM) | {"index.json": dump({"manifests": [entry]})})
    assert planned.images[0].platform == Platform("linux", "arm64")


def test_inline_content_stands_in_for_a_blob() -> None:
    """A descriptor's `data` is used where the blob itself is not stored, for documents and for layers."""
    config = dump({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [f"sha256:{sha256(TOP)}"]}})
    inside = json.loads(manifest(config, TOP))
    for each, data in ((inside["config"], config), (inside["layers"][0], TOP)):
        each["data"] = base64.b64encode(data).decode()
    document = dump(inside)
    planned = layout(descriptor(document, OCI_MANIFEST) | {"data": base64.b64encode(document).decode()})
    (image,) = planned.images
    assert image.platform == Platform("linux", "amd64")
    assert [planned.inline[layer.name or ""] for layer in image.layers] == [TOP]
    assert codes(planned) == []


def test_inline_content_is_checked() -> None:
    """Inline content that is not what the digest says was altered."""
    document = manifest(IMAGE.config_json, TOP, BASE)
    forged = base64.b64encode(document.replace(sha256(TOP).encode(), sha256(BASE).encode())).decode()
    planned = layout(descriptor(document, OCI_MANIFEST) | {"data": forged}, blobs=[IMAGE.config_json, TOP, BASE])
    assert "document-digest" in codes(planned)


@pytest.mark.parametrize("what", ["manifest", "config"])
def test_an_altered_document_is_an_error(what: str) -> None:
    """A manifest or config that is not what its digest says is used, and reported."""
    files = oci_files(IMAGE)
    target = next(
        name for name, data in files.items() if (b"rootfs" in data) is (what == "config") and b'"layers"' in data
    )
    files[target] += b"\n"
    planned = plan(files)
    assert len(planned.images) == 1
    assert codes(planned) == ["document-digest"]


def test_manifests_may_be_named_by_sha512() -> None:
    """A layout may use the other digest that the specification registers."""
    config = IMAGE.config_json
    layers = [{"mediaType": OCI_LAYER, "digest": f"sha512:{hashlib.sha512(data).hexdigest()}"} for data in (BASE, TOP)]
    document = dump({"config": descriptor(config, OCI_CONFIG), "layers": layers})
    stored = {f"blobs/sha512/{hashlib.sha512(data).hexdigest()}": data for data in (document, BASE, TOP)}
    entry = {"mediaType": OCI_MANIFEST, "digest": f"sha512:{hashlib.sha512(document).hexdigest()}"}
    planned = layout(entry, blobs=[config], files=stored)
    (image,) = planned.images
    assert names(image) == list(stored)[1:]
    assert codes(planned) == []
    name = next(iter(stored))
    assert "document-digest" in codes(layout(entry, blobs=[config], files=stored | {name: document + b" "}))


def test_a_layer_without_a_digest_is_an_error() -> None:
    """A layer that cannot be found because its descriptor is malformed is never skipped."""
    document = dump({"config": descriptor(IMAGE.config_json, OCI_CONFIG), "layers": [{"digest": "x"}, None]})
    planned = layout(descriptor(document, OCI_MANIFEST), blobs=[document, IMAGE.config_json])
    assert "manifest-unreadable" in codes(planned)
    assert names(planned.images[0]) == [None, None]


def test_a_missing_config_is_an_error() -> None:
    """The layers of an image without a config are still its layers."""
    document = manifest(IMAGE.config_json, BASE, TOP)
    planned = layout(descriptor(document, OCI_MANIFEST), blobs=[document, BASE, TOP])
    assert codes(planned) == ["config-missing"]
    assert names(planned.images[0]) == [blob(BASE), blob(TOP)]


def test_an_artifact_has_files_for_layers() -> None:
    """A manifest with the empty config is an artifact: its layers are no filesystem."""
    document = manifest(b"{}", b"a report", artifactType="application/x")
    planned = layout(descriptor(document, OCI_MANIFEST), blobs=[document, b"{}", b"a report"])
    (image,) = planned.images
    assert not image.filesystem
    assert names(image) == [blob(b"a report")]
    assert codes(planned) == []


def test_blobs_that_nothing_names_are_left_over() -> None:
    """What no image refers to stays on the list, to be scanned all the same."""
    planned = plan(oci_files(IMAGE) | {blob(b"stray"): b"stray", "ingest/x": b"half"})
    assert planned.unclaimed == {"oci-layout", blob(b"stray"), "ingest/x"}


def test_the_index_of_other_things_is_an_error() -> None:
    """An `index.json` that lists no manifests is an error, also beside a good `manifest.json`."""
    assert "index-unreadable" in codes(plan(oci_files(IMAGE) | {"index.json": b"[]"}))
    members = [*docker_legacy_members(IMAGE), ("index.json", b"{}")]
    assert codes(plan(members)) == ["index-unreadable"]


# attestations


STATEMENT = {"_type": "https://in-toto.io/Statement/v0.1", "predicate": {"build": "args"}}


def test_attestations_belong_to_their_image() -> None:
    """BuildKit's attestations are documents of the image that their annotation names, and no image."""
    files = oci_files(ARM) | oci_files(Image(IMAGE.layers, attestation=STATEMENT))
    entries = [
        *json.loads(oci_files(ARM)["index.json"])["manifests"],
        *json.loads(files["index.json"])["manifests"],
    ]
    planned = plan(files | {"index.json": dump({"manifests": entries})})
    assert len(planned.images) == 2
    told = [[document.path for document in image.documents] for image in planned.images]
    assert ".image/attestation.json" in told[1]
    assert ".image/attestation.json" not in told[0]
    assert codes(planned) == []
    assert planned.unclaimed == {"oci-layout"}


def test_attestations_may_name_their_subject() -> None:
    """An attestation that is an artifact with a subject belongs to the image that is its subject."""
    statement = dump(STATEMENT)
    first, second = (next(iter(json.loads(oci_files(each)["index.json"])["manifests"])) for each in (ARM, IMAGE))
    about = dump(
        {
            "artifactType": "application/vnd.docker.attestation.manifest.v1+json",
            "config": descriptor(b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": [descriptor(statement, "application/vnd.in-toto+json")],
            "subject": {"digest": second["digest"]},
        }
    )
    files = oci_files(IMAGE) | oci_files(ARM) | {blob(data): data for data in (about, statement, b"{}")}
    entries = [first, descriptor(about, OCI_MANIFEST), second]
    planned = plan(files | {"index.json": dump({"manifests": entries})})
    told = [[document.path for document in image.documents] for image in planned.images]
    assert [".image/attestation.json" in paths for paths in told] == [False, True]
    assert codes(planned) == []


def test_a_missing_statement_is_noted() -> None:
    """An attestation whose statement is not stored here was not read."""
    files = oci_files(Image(IMAGE.layers, attestation=STATEMENT))
    del files[blob(dump(STATEMENT))]
    planned = plan(files)
    assert [diagnostic.code for diagnostic in planned.diagnostics] == ["not-present"]


# two documents


def _modern(manifest_layers: Sequence[bytes], index_layers: Sequence[bytes]) -> Plan:
    document = manifest(IMAGE.config_json, *index_layers)
    config = blob(IMAGE.config_json)
    entry = {"Config": config, "RepoTags": ["shop:1"], "Layers": [blob(layer) for layer in manifest_layers]}
    return layout(
        descriptor(document, OCI_MANIFEST),
        blobs=[BASE, TOP, IMAGE.config_json, document],
        files={"manifest.json": dump([entry])},
    )


@pytest.mark.parametrize("index_layers", [[BASE, TOP], [TOP, BASE], []], ids=["same", "turned", "none"])
def test_the_order_of_manifest_json_counts(index_layers: list[bytes]) -> None:
    """Docker 25.0 wrote OCI manifests without layers or with layers out of order; `manifest.json` is right."""
    planned = _modern([BASE, TOP], index_layers)
    (image,) = planned.images
    assert names(image) == [blob(BASE), blob(TOP)]
    assert [str(layer.diff_id) for layer in image.layers] == [f"sha256:{sha256(BASE)}", f"sha256:{sha256(TOP)}"]
    assert image.reference == "shop:1"
    assert codes(planned) == []


def test_an_image_of_the_index_alone_is_an_image() -> None:
    """Images that only the index names come behind those of `manifest.json`."""
    files = dict(docker_legacy_members(IMAGE)) | oci_files(ARM)
    planned = plan(list(files.items()))
    assert [str(image.platform) for image in planned.images] == ["linux/amd64", "linux/arm64"]
    assert codes(planned) == []


def test_a_registry_manifest_alone_is_an_image() -> None:
    """A `manifest.json` that is an object is a registry's manifest, with its blobs beside it."""
    document = manifest(IMAGE.config_json, BASE, TOP)
    files = {sha256(data): data for data in (IMAGE.config_json, BASE, TOP)}
    planned = plan({"manifest.json": document, "version": b"Directory Transport Version: 1.1\n"} | files)
    (image,) = planned.images
    assert names(image) == [sha256(BASE), sha256(TOP)]
    assert image.digest == Digest("sha256", sha256(document))
    assert codes(planned) == []


def test_a_registry_manifest_may_be_a_link() -> None:
    """A `manifest.json` that leads to another file is that file."""
    files = {sha256(data): data for data in (IMAGE.config_json, BASE, TOP)}
    shelf = shelve(files | {"real.json": manifest(IMAGE.config_json, BASE, TOP)})
    shelf.links["manifest.json"] = "real.json"
    assert names(plan_images(shelf).images[0]) == [sha256(BASE), sha256(TOP)]


def test_nothing_at_all_is_an_error() -> None:
    """A shelf without any document of an image holds none."""
    assert codes(plan({"a": b"b"})) == ["no-image"]


@given(st.dictionaries(st.sampled_from(["manifest.json", "index.json", "a/json", "c.json"]), hostile, max_size=4))
@settings(max_examples=examples(66))
def test_no_documents_crash_the_planner(documents: dict[str, Any]) -> None:
    """Whatever documents a shelf holds, there is a plan, and what names no image is an error."""
    planned = plan({name: dump(document) for name, document in documents.items()} | {"a/layer.tar": TOP})
    assert planned.images or codes(planned) or planned.diagnostics
