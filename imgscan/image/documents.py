"""The JSON documents of an image, read leniently: a field of the wrong type counts as absent, never as a crash.

Formats: OCI image specification 1.1 (index, manifest, config, descriptor), Docker's `manifest.json` of `docker save`
(a list), the registry's schema 2. Which of them a document is depends on its content, never from its media type.
One module for all of them, since they share their lenient readers.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from imgscan.model import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOCUMENT_LIMIT = 20 << 20
"""Bytes of the largest JSON document that is read as one; containerd has the same limit."""

DocumentKind = Literal["docker-manifest", "index", "manifest", "config", "in-toto", "other"]


class DocumentError(ValueError):
    """Bytes that should be a JSON document are not."""


class Repeated(dict[str, Any]):
    """A JSON object that has a name twice: the last value counts, as for every reader, and `earlier` has the others."""

    earlier: tuple[tuple[str, Any], ...] = ()


def parse_json(data: bytes) -> Any:
    """Read a JSON document of any shape; DocumentError if it is not JSON.

    RFC 8259 leaves open what a repeated name means; such an object is a `Repeated`.
    """
    try:
        return json.loads(data, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise DocumentError("it is not valid JSON") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    last = {name: number for number, (name, _) in enumerate(pairs)}
    repeated = Repeated(made)
    repeated.earlier = tuple(pair for number, pair in enumerate(pairs) if last[pair[0]] != number)
    return repeated


def members(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of a JSON object, with those that a later one of the same name replaces."""
    yield from value.items()
    if isinstance(value, Repeated):
        yield from value.earlier


def parse_text(data: bytes) -> Any:
    """Read bytes as JSON, or as text if they are not JSON."""
    try:
        return parse_json(data)
    except DocumentError:
        return data.decode("utf-8", "backslashreplace")


def kind_of(document: Any) -> DocumentKind:
    """Determine what an image document is from its fields."""
    if isinstance(document, list):
        entries = [entry for entry in document if isinstance(entry, dict)]
        return "docker-manifest" if entries and all("Layers" in entry for entry in entries) else "other"
    if not isinstance(document, dict):
        return "other"
    if isinstance(document.get("manifests"), list):
        return "index"
    if isinstance(document.get("layers"), list):
        return "manifest"
    if isinstance(document.get("rootfs"), dict) and "os" in document:
        return "config"
    if str(document.get("_type", "")).startswith("https://in-toto.io/Statement"):
        return "in-toto"
    return "other"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def parse_digest(value: Any) -> Digest | None:
    """Read a digest, or None if it is not one."""
    try:
        return Digest.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def content_of(value: Any) -> bytes | None:
    """Decode the `data` of a descriptor: base64, perhaps in lines (OCI image specification 1.1, descriptor.md).

    None if it is anything else.
    """
    try:
        return base64.b64decode(value.translate(_LINE_ENDS), validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        return None


def inline_contents(document: Any) -> Iterator[tuple[Digest | None, bytes]]:
    """Yield what the objects of a document carry in their `data` beside a `digest`: blobs, whoever refers to them."""
    waiting = [document]  # no recursion: a document may be nested arbitrarily deep
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            digests = [item for name, item in members(value) if name == "digest" and isinstance(item, str)]
            for name, item in members(value):
                if digests and name == "data" and (content := content_of(item)) is not None:
                    yield parse_digest(digests[0]), content
                elif isinstance(item, dict | list):
                    waiting.append(item)
        elif isinstance(value, list):
            waiting += (item for item in value if isinstance(item, dict | list))


_LINE_ENDS = {ord("\n"): None, ord("\r"): None}


class Platform(NamedTuple):
    """What an image runs on; `str` returns `os/architecture[/variant]`."""

    os: str
    architecture: str
    variant: str | None = None

    @classmethod
    def of(cls, value: Any) -> Platform | None:
        """Read a platform object of a descriptor or config; None if it names none."""
        fields = _dict(value)
        system, architecture = _text(fields.get("os")), _text(fields.get("architecture"))
        if not system or not architecture or "unknown" in (system, architecture):
            return None
        return cls(system, architecture, _text(fields.get("variant")) or None)

    def matches(self, wanted: Platform) -> bool:
        """Whether this is the platform asked for; a variant is compared only if one was requested."""
        return (self.os, self.architecture) == (wanted.os, wanted.architecture) and (
            wanted.variant is None or wanted.variant == (self.variant or _DEFAULT_VARIANTS.get(self.architecture))
        )

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


_DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7"}
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}


def parse_platform(text: str) -> Platform:
    """Read `OS/ARCH[/VARIANT]` as a user types it; ValueError if it is not of that form."""
    parts = text.lower().split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise ValueError("a platform is written OS/ARCH or OS/ARCH/VARIANT, for example linux/amd64")
    return Platform(parts[0], _ARCHITECTURES.get(parts[1], parts[1]), parts[2] if len(parts) == 3 else None)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to a blob: media type, digest, size in bytes, and perhaps the bytes themselves."""

    media_type: str | None
    digest: Digest | None
    size: int | None
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    artifact_type: str | None = None
    data: bytes | None = None

    @classmethod
    def of(cls, value: Any) -> Descriptor:
        """Read a descriptor object; what is missing or malformed is None."""
        fields = _dict(value)
        return cls(
            media_type=_text(fields.get("mediaType")),
            digest=parse_digest(fields.get("digest")),
            size=_integer(fields.get("size")),
            annotations={k: v for k, v in _dict(fields.get("annotations")).items() if isinstance(v, str)},
            platform=Platform.of(fields.get("platform")),
            artifact_type=_text(fields.get("artifactType")),
            data=content_of(fields.get("data")),
        )

    @property
    def attestation(self) -> bool:
        """Whether BuildKit's annotation says that this is an attestation about another manifest."""
        return self.annotations.get("vnd.docker.reference.type") == "attestation-manifest"

    @property
    def encrypted(self) -> bool:
        """Whether the blob is encrypted (OCIcrypt): its bytes have no readable form here."""
        return (self.media_type or "").endswith("+encrypted") or any(
            key.startswith("org.opencontainers.image.enc.") for key in self.annotations
        )

    @property
    def foreign(self) -> bool:
        """Whether the blob may lawfully be absent, because it is distributed from elsewhere."""
        return "nondistributable" in (self.media_type or "") or ".foreign." in (self.media_type or "")


class Manifest(NamedTuple):
    """An image manifest: config and layers, base first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None

    @classmethod
    def of(cls, document: Any) -> Manifest:
        """Read an OCI or schema 2 manifest."""
        fields = _dict(document)
        subject = fields.get("subject")
        return cls(
            config=Descriptor.of(fields.get("config")),
            layers=tuple(Descriptor.of(layer) for layer in _list(fields.get("layers"))),
            subject=Descriptor.of(subject) if isinstance(subject, dict) else None,
        )


def index_entries(document: Any) -> tuple[Descriptor, ...]:
    """Return the manifests that an index names."""
    return tuple(Descriptor.of(entry) for entry in _list(_dict(document).get("manifests")))


class DockerEntry(NamedTuple):
    """One image of `manifest.json` in a `docker save` archive: member names and tags."""

    config: str | None
    layers: tuple[str, ...]
    tags: tuple[str, ...]
    whole: bool


def docker_entries(document: Any) -> tuple[DockerEntry, ...]:
    """Read `manifest.json`; an entry whose layers are not all names has `whole` false."""
    entries = []
    for value in _list(document):
        fields = _dict(value)
        layers = fields.get("Layers")
        names = tuple(name for name in _list(layers) if isinstance(name, str))
        config = _text(fields.get("Config"))
        entries.append(
            DockerEntry(
                config=config,
                layers=names,
                tags=tuple(tag for tag in _list(fields.get("RepoTags")) if isinstance(tag, str)),
                whole=config is not None
                and (layers is None or len(names) == len(_list(layers)))
                and isinstance(layers, list | None)
                and "Layers" in fields,
            )
        )
    return tuple(entries)


class History(NamedTuple):
    """One entry of a config's history: the instruction, and whether it made a layer."""

    created_by: str | None
    empty_layer: bool


class Config(NamedTuple):
    """An image config: platform, diff_ids (base first) and history (base first)."""

    platform: Platform | None
    diff_ids: tuple[Digest | None, ...] | None
    history: tuple[History, ...]

    @classmethod
    def of(cls, document: Any) -> Config:
        """Read a config; `diff_ids` is None if it has no `rootfs`, as in artifacts."""
        fields = _dict(document)
        rootfs = fields.get("rootfs")
        diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
        return cls(
            platform=Platform.of(fields),
            diff_ids=tuple(parse_digest(item) for item in diff_ids) if isinstance(diff_ids, list) else None,
            history=tuple(
                History(_text(_dict(item).get("created_by")), bool(_dict(item).get("empty_layer")))
                for item in _list(fields.get("history"))
            ),
        )

    def align_history(self, layers: int) -> tuple[int | None, ...]:
        """Return for each history entry the index of its layer, None for an empty one.

        If the counts disagree nothing is known, and all are None: a guess would name the wrong instruction.
        """
        made = [index for index, entry in enumerate(self.history) if not entry.empty_layer]
        if len(made) != layers:
            return (None,) * len(self.history)
        positions: list[int | None] = [None] * len(self.history)
        for layer, index in enumerate(made):
            positions[index] = layer
        return tuple(positions)
