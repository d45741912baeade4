"""The documents of an image: what they are, and that nothing in them is taken on trust."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.image.documents import (
    Config,
    Descriptor,
    DocumentError,
    Manifest,
    Platform,
    docker_entries,
    index_entries,
    kind_of,
    parse_digest,
    parse_json,
    parse_platform,
)
from imgscan.model import Digest
from tests.effort import examples

HEX = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
SHA256 = f"sha256:{HEX}"

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(SHA256)
FIELDS = [
    "manifests", "layers", "config", "digest", "mediaType", "size", "annotations", "platform", "os", "architecture",
    "variant", "data", "subject", "rootfs", "diff_ids", "history", "created_by", "empty_layer", "Config", "Layers",
    "RepoTags", "_type", "artifactType", "urls", "parent", "id",
]  # fmt: skip
hostile = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=25,
)
"""JSON of any shape under the names that image documents use."""


# what a document is


def test_a_document_is_what_its_fields_say() -> None:
    """Neither a media type nor a file name tells what a document is."""
    table: list[tuple[Any, str]] = [
        ([{"Config": "c", "Layers": []}], "docker-manifest"),
        ([{"Layers": None}], "docker-manifest"),
        ([{"Layers": []}, {"Config": "c"}], "other"),
        ([], "other"),
        ([1, "Layers"], "other"),
        ({"manifests": []}, "index"),
        ({"manifests": {}}, "other"),
        ({"layers": [], "config": {}}, "manifest"),
        ({"layers": "none"}, "other"),
        ({"rootfs": {}, "os": "linux"}, "config"),
        ({"rootfs": {}}, "other"),
        ({"rootfs": [], "os": "linux"}, "other"),
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "in-toto"),
        ({"_type": 7}, "other"),
        ({}, "other"),
        (None, "other"),
        ("text", "other"),
        (3, "other"),
    ]
    for document, kind in table:
        assert kind_of(document) == kind, (document, kind)


def test_bytes_that_are_no_json_are_told() -> None:
    """Broken, endless and bottomless JSON is one error, never a crash."""
    table: list[bytes] = [
        b"", b"{", b"[1,]", b'{"a":1}x', b"\xff\xfe\xff", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 100_000,
        b'"\xff"', b"nul",
    ]  # fmt: skip
    for data in table:
        with pytest.raises(DocumentError):
            parse_json(data)


def test_a_byte_order_mark_is_no_error() -> None:
    """JSON is read in each Unicode encoding that JSON may have, with a mark too."""
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert parse_json('{"é": 1}'.encode(encoding)) == {"é": 1}


# what is read of them


@given(hostile)
@settings(max_examples=examples(66))
def test_no_document_crashes_a_reader(document: Any) -> None:
    """Whatever type a field has, each reader gives a value, and of the right type."""
    assert kind_of(document) in ("docker-manifest", "index", "manifest", "config", "in-toto", "other")
    described = Descriptor.of(document)
    assert described.size is None or type(described.size) is int
    assert isinstance(described.encrypted or described.foreign or described.attestation, bool)
    manifest = Manifest.of(document)
    assert all(isinstance(layer, Descriptor) for layer in (*manifest.layers, *index_entries(document)))
    config = Config.of(document)
    assert len(config.align_history(3)) == len(config.history)
    for entry in docker_entries(document):
        assert all(isinstance(name, str) for name in (*entry.layers, *entry.tags))
        assert entry.config is not None or not entry.whole


@given(hostile)
@settings(max_examples=examples(20))
def test_documents_come_through_json(document: Any) -> None:
    """What is written as JSON is read again."""
    data = json.dumps(document).encode()
    assert kind_of(parse_json(data)) == kind_of(document)


def test_what_is_no_digest_is_none() -> None:
    """A digest has the grammar and the length of its algorithm, or it is none."""
    table: list[Any] = [
        None, 7, "", "sha256:", f"sha256:{HEX[1:]}", f"sha256:{HEX.upper()}", f"sha256:{HEX}\n", f"../sha256:{HEX}",
        "sha512:" + HEX, [SHA256], {"digest": SHA256}, f" {SHA256}", "sha256:" + "é" * 64,
    ]  # fmt: skip
    for value in table:
        assert parse_digest(value) is None, value


def test_a_digest_of_an_unknown_algorithm_is_kept() -> None:
    """A digest that cannot be computed here is still a name."""
    digest = parse_digest("blake3:" + HEX)
    assert digest == Digest("blake3", HEX)
    assert digest is not None
    assert not digest.verifiable


def test_a_descriptor_reads_what_it_knows() -> None:
    """Media type, digest, size, annotations, platform and inline content come from a descriptor."""
    descriptor = Descriptor.of(
        {
            "mediaType": "application/x",
            "digest": SHA256,
            "size": 3,
            "annotations": {"a": "b", "c": 4},
            "platform": {"os": "linux", "architecture": "arm", "variant": "v6"},
            "artifactType": "t",
            "data": "YWJj",
        }
    )
    assert descriptor == Descriptor(
        "application/x", Digest("sha256", HEX), 3, {"a": "b"}, Platform("linux", "arm", "v6"), "t", b"abc"
    )


@pytest.mark.parametrize("data", ["?", "YWJ", 7, None, ["YWJj"], "é"])
def test_inline_content_that_is_no_base64_is_absent(data: Any) -> None:
    """A `data` field that cannot be decoded counts as none."""
    assert Descriptor.of({"data": data}).data is None


@pytest.mark.parametrize(("size", "read"), [(10**30, 10**30), (True, None), ("7", None), (7.0, None), (-1, -1)])
def test_sizes_are_whole_numbers(size: Any, read: int | None) -> None:
    """A size of another type is absent; a lie of the right type is kept, for nobody trusts it."""
    assert Descriptor.of({"size": size}).size == read


@pytest.mark.parametrize(
    ("descriptor", "encrypted"),
    [
        ({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"}, True),
        ({"annotations": {"org.opencontainers.image.enc.keys.jwe": "x"}}, True),
        ({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}, False),
        ({"mediaType": 7}, False),
    ],
)
def test_encrypted_layers_are_told(descriptor: Any, encrypted: bool) -> None:
    """A media type or an annotation of OCIcrypt says that a layer is encrypted."""
    assert Descriptor.of(descriptor).encrypted is encrypted


@pytest.mark.parametrize(
    ("media_type", "foreign"),
    [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", True),
        ("application/vnd.oci.image.layer.v1.tar", False),
    ],
)
def test_foreign_layers_are_told(media_type: str, foreign: bool) -> None:
    """Layers that are distributed from elsewhere are known by their media types."""
    assert Descriptor.of({"mediaType": media_type}).foreign is foreign


def test_a_docker_entry_is_whole_with_config_and_layers() -> None:
    """An entry of `manifest.json` is whole if it has a config and a list of names, which may be empty."""
    entries = docker_entries(
        [
            {"Config": "c", "Layers": ["a", "b"], "RepoTags": None},
            {"Config": "c", "Layers": None},
            {"Config": "c", "Layers": ["a", 7]},
            {"Layers": ["a"], "RepoTags": ["t", 3]},
            {"Config": "c"},
            "text",
        ]
    )
    assert [entry.whole for entry in entries] == [True, True, False, False, False, False]
    assert entries[0].layers == ("a", "b")
    assert entries[3].tags == ("t",)


def test_a_config_without_rootfs_has_no_diff_ids() -> None:
    """An artifact's empty config names no layers, which is not the same as none."""
    assert Config.of({}).diff_ids is None
    assert Config.of({"rootfs": {"diff_ids": []}}).diff_ids == ()
    assert Config.of({"rootfs": {"diff_ids": [SHA256, 7]}}).diff_ids == (Digest("sha256", HEX), None)


# platforms


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("Linux/x86_64", Platform("linux", "amd64")),
        ("linux/aarch64", Platform("linux", "arm64")),
        ("linux/arm/v6", Platform("linux", "arm", "v6")),
        ("linux/i386", Platform("linux", "386")),
        ("windows/amd64", Platform("windows", "amd64")),
    ],
)
def test_platforms_are_read_as_users_type_them(text: str, platform: Platform) -> None:
    """OS and architecture, in the machine's own word too, and perhaps a variant."""
    assert parse_platform(text) == platform


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux//v7"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    """Anything else is an error that says how a platform is written."""
    with pytest.raises(ValueError, match="OS/ARCH"):
        parse_platform(text)


def test_a_variant_counts_where_it_was_asked_for() -> None:
    """A variant that was not asked for does not matter, and a missing one is the architecture's default."""
    table: list[tuple[str, str, bool]] = [
        ("linux/amd64", "linux/amd64", True),
        ("linux/amd64", "linux/arm64", False),
        ("linux/amd64", "windows/amd64", False),
        ("linux/arm/v6", "linux/arm", True),
        ("linux/arm/v6", "linux/arm/v6", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/arm", "linux/arm/v7", True),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v9", "linux/arm64/v8", False),
    ]
    for present, wanted, matches in table:
        assert parse_platform(present).matches(parse_platform(wanted)) is matches, (present, wanted, matches)


@pytest.mark.parametrize(
    "value",
    [
        {"os": "unknown", "architecture": "unknown"},
        {"os": "linux"},
        {"architecture": "amd64"},
        {"os": "", "architecture": ""},
        {"os": 1, "architecture": 2},
        [],
        None,
    ],
)
def test_an_unknown_platform_is_none(value: Any) -> None:
    """Attestations are on `unknown/unknown`, and some images on nothing."""
    assert Platform.of(value) is None


def test_a_platform_is_spelled_with_slashes() -> None:
    """A platform's text is what a user would type."""
    assert str(Platform("linux", "arm", "v7")) == "linux/arm/v7"
    assert str(Platform("linux", "amd64")) == "linux/amd64"


# history


def _history(*empty: bool) -> Config:
    return Config.of({"history": [{"created_by": str(number), "empty_layer": it} for number, it in enumerate(empty)]})


def test_history_is_aligned_with_layers() -> None:
    """The entries that are not empty are the layers, in order."""
    assert _history(False, True, False, True).align_history(2) == (0, None, 1, None)  # noqa: FBT003 - the truth table is the point


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_history_that_does_not_add_up_says_nothing(layers: int) -> None:
    """Where the counts disagree no entry is given a layer."""
    assert _history(False, True, False).align_history(layers) == (None, None, None)  # noqa: FBT003 - the truth table is the point


def test_an_image_without_history_has_none() -> None:
    """Imported images have layers and no history."""
    assert Config.of({"history": None}).align_history(2) == ()
