"""From a shelf to images: which blobs are the layers of which image, and which documents describe it.

Three dialects, told apart by content: `manifest.json` as a list (docker save), `index.json` (OCI layout; Docker 25
and later write both), `manifest.json` as an object (skopeo's `dir:`). Archives of Docker before 1.10 have only
`<id>/json` documents with a `parent`. Nothing is guessed: what does not add up is a diagnostic, and every blob that
no image refers to stays on the list `unclaimed`, to be scanned all the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

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
)
from imgscan.model import Diagnostic, Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_INDEX_DEPTH = 8

CONFIG_PATH = ".image/config.json"
MANIFEST_PATH = ".image/manifest.json"
INDEX_PATH = ".image/index.json"
ATTESTATION_PATH = ".image/attestation.json"


class ShelfLike(Protocol):
    """What the planner needs of a source's shelf."""

    documents: dict[str, bytes]
    blobs: dict[str, int]

    def locate(self, name: str) -> str | None:
        """Follow links to the member that holds the bytes."""

    def find(self, digest: Digest) -> str | None:
        """Find the member that a digest names."""


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """A layer as the documents describe it: where its blob is (None: absent), and what it must hash to."""

    name: str | None
    digest: Digest | None = None
    diff_id: Digest | None = None
    media_type: str | None = None
    size: int | None = None
    inline: bytes | None = None
    encrypted: bool = False
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class ImageDocument:
    """A document that belongs to an image, and the path under which findings in it are reported."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """One image on one platform. `filesystem` is false for artifacts, whose layers are files and no tars."""

    reference: str | None = None
    digest: Digest | None = None
    config_digest: Digest | None = None
    platform: Platform | None = None
    config: Config | None = None
    layers: tuple[LayerPlan, ...] = ()
    documents: tuple[ImageDocument, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    filesystem: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """All images of a shelf, the members that none of them refers to, and what is wrong with the whole."""

    images: tuple[ImagePlan, ...]
    unclaimed: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    @staticmethod
    def parsed(name: str, shelf: ShelfLike) -> Any:
        """Give an unclaimed document as JSON, or as the text that it is."""
        data = shelf.documents[name]
        try:
            return parse_json(data)
        except DocumentError:
            return data.decode("utf-8", "backslashreplace")


def plan_images(shelf: ShelfLike) -> Plan:
    """Read a shelf's documents. Images come in the order of `manifest.json`, then of the index."""
    return _Planner(shelf).plan()


def _error(code: str, message: str) -> Diagnostic:
    return Diagnostic("error", code, message)


class _Planner:
    def __init__(self, shelf: ShelfLike) -> None:
        self.shelf = shelf
        self.claimed: set[str] = set()
        self.diagnostics: list[Diagnostic] = []
        self.absent: list[Digest] = []
        self.parsed: dict[str, Any] = {}

    def plan(self) -> Plan:
        images = self._images()
        unclaimed = [name for name in (*self.shelf.documents, *self.shelf.blobs) if name not in self.claimed]
        if self.absent and any(kind_of(self.document(name)) in ("manifest", "index") for name in unclaimed):
            # A child of the index is missing while a manifest lies here that no index names: not two platforms, of
            # which one was not pulled, but a reference that was altered.
            text = "the index refers to a manifest that is missing, and does not refer to one that is here"
            self.diagnostics.append(_error("index-altered", text))
        if not images and not self.diagnostics:
            self.diagnostics.append(_error("no-image", "no manifest says which layers make an image"))
        return Plan(tuple(images), tuple(unclaimed), tuple(self.diagnostics))

    def document(self, name: str) -> Any:
        """Give a parsed document of the shelf; None if it is absent or no JSON."""
        if name not in self.parsed:
            try:
                self.parsed[name] = parse_json(self.shelf.documents[name])
            except (KeyError, DocumentError):
                self.parsed[name] = None
        return self.parsed[name]

    def _images(self) -> list[ImagePlan]:
        images: list[ImagePlan] = []
        manifest = self._top("manifest.json")
        if manifest is not None:
            kind = kind_of(manifest)
            if kind == "docker-manifest":
                images += self._docker_images(manifest)
            elif kind == "manifest":
                plain = Descriptor.of({"mediaType": manifest.get("mediaType")})
                digest = Digest("sha256", hashlib.sha256(self.shelf.documents["manifest.json"]).hexdigest())
                images.append(self._manifest_image(replace(plain, digest=digest), "manifest.json", manifest))
            elif kind == "index":
                images += self._index_images("manifest.json", manifest)
            else:
                self.diagnostics.append(_error("manifest-unreadable", "manifest.json does not describe an image"))
        index = self._top("index.json")
        if index is not None:
            if kind_of(index) == "index":
                images = self._merge(images, self._index_images("index.json", index))
            else:
                self.diagnostics.append(_error("index-unreadable", "index.json does not list any manifests"))
        if not images:
            images += self._ancient_images()
        return images

    def _top(self, name: str) -> Any:
        """Give a document that stands at the top of the archive; an unreadable one is an error, an absent one none."""
        located = self.shelf.locate(name)
        if located is None:
            return None
        self.claimed.add(located)
        if located in self.shelf.blobs:
            if name == "manifest.json" and self.shelf.blobs[located] == len(b"null"):
                return None
            self.diagnostics.append(_error("document-unreadable", f"{name} is not valid JSON"))
            return None
        value = self.document(located)
        if value is None:
            self.diagnostics.append(_error("document-unreadable", f"{name} is not valid JSON"))
        return value

    # docker save

    def _docker_images(self, manifest: Any) -> Iterator[ImagePlan]:
        for entry in docker_entries(manifest):
            diagnostics: list[Diagnostic] = []
            if not entry.whole:
                diagnostics.append(_error("manifest-unreadable", "an entry of manifest.json lacks Config or Layers"))
            name = self.shelf.locate(entry.config) if entry.config else None
            document = self._claim(name)
            config_digest = None
            if document is None:
                diagnostics.append(_error("config-missing", "the image's config is missing or no JSON"))
            elif name is not None:
                config_digest = Digest("sha256", hashlib.sha256(self.shelf.documents[name]).hexdigest())
                if not self._named_rightly(name):
                    text = "the image's config is not what its digest says: it was altered"
                    diagnostics.append(_error("config-digest", text))
            config = Config.of(document)
            layers, wrong = self._docker_layers(entry.layers, config)
            yield ImagePlan(
                reference=", ".join(entry.tags) or None,
                config_digest=config_digest,
                platform=config.platform,
                config=config,
                layers=layers,
                documents=(ImageDocument(CONFIG_PATH, document),) if document is not None else (),
                diagnostics=(*diagnostics, *wrong),
            )

    def _docker_layers(
        self, names: tuple[str, ...], config: Config
    ) -> tuple[tuple[LayerPlan, ...], tuple[Diagnostic, ...]]:
        diff_ids, wrong = _matched_diff_ids(config, len(names))
        layers = []
        for name, diff_id in zip(names, diff_ids, strict=True):
            located = self.shelf.locate(name)
            if located is not None:
                self.claimed.add(located)
            size = self.shelf.blobs.get(located) if located is not None else None
            layers.append(LayerPlan(located, diff_id=diff_id, digest=_digest_in(name), size=size))
        return tuple(layers), wrong

    # OCI

    def _index_images(self, name: str, index: Any) -> list[ImagePlan]:
        images: list[ImagePlan] = []
        attestations: list[tuple[Descriptor, ImageDocument]] = []
        seen: set[Digest] = set()
        documents = [ImageDocument(INDEX_PATH, index)]
        self._walk(index, None, 0, seen, images, attestations, documents)
        for descriptor, document in attestations:
            about = parse_digest(descriptor.annotations.get("vnd.docker.reference.digest"))
            owners = [number for number, image in enumerate(images) if image.digest == about] or [0]
            if images:
                owner = owners[0]
                images[owner] = replace(images[owner], documents=(*images[owner].documents, document))
        if images:
            images[0] = replace(images[0], documents=(*images[0].documents, *documents))
        elif not self.diagnostics:
            self.diagnostics.append(_error("no-image", f"{name} leads to no image that is here"))
        return images

    def _walk(
        self,
        index: Any,
        reference: str | None,
        depth: int,
        seen: set[Digest],
        images: list[ImagePlan],
        attestations: list[tuple[Descriptor, ImageDocument]],
        documents: list[ImageDocument],
    ) -> None:
        """Follow an index to its manifests; `seen` ends cycles."""
        for descriptor in index_entries(index):
            digest = descriptor.digest
            if digest is None:
                self.diagnostics.append(_error("index-unreadable", "an entry of an index has no valid digest"))
                continue
            if digest in seen:
                continue
            seen.add(digest)
            named = _reference_in(descriptor) or reference
            name, value = self._fetch(descriptor)
            if value is None:
                self._note_absent(descriptor, present=name is not None)
                continue
            kind = kind_of(value)
            if kind == "index":
                if depth >= MAX_INDEX_DEPTH:
                    self.diagnostics.append(_error("index-depth", f"indexes nest deeper than {MAX_INDEX_DEPTH}"))
                    continue
                documents.append(ImageDocument(INDEX_PATH, value))
                self._walk(value, named, depth + 1, seen, images, attestations, documents)
            elif kind == "manifest":
                self._take_manifest(descriptor, name, value, named, images, attestations)
            else:
                self.diagnostics.append(
                    _error("manifest-unreadable", f"{digest.short} is neither a manifest nor an index")
                )

    def _take_manifest(
        self,
        descriptor: Descriptor,
        name: str | None,
        value: Any,
        reference: str | None,
        images: list[ImagePlan],
        attestations: list[tuple[Descriptor, ImageDocument]],
    ) -> None:
        manifest = Manifest.of(value)
        statements = [
            (layer, self._fetch(layer)[1])
            for layer in manifest.layers
            if descriptor.attestation or (layer.media_type or "").startswith("application/vnd.in-toto")
        ]
        if descriptor.attestation or (statements and len(statements) == len(manifest.layers)):
            about = descriptor
            if not descriptor.attestation and manifest.subject is not None and manifest.subject.digest is not None:
                subject = {"vnd.docker.reference.digest": str(manifest.subject.digest)}
                about = replace(descriptor, annotations=subject)
            self._fetch(manifest.config)
            for layer, statement in statements:
                if statement is None:
                    self._note_absent(layer, present=False)
                else:
                    attestations.append((about, ImageDocument(ATTESTATION_PATH, statement)))
            return
        images.append(replace(self._manifest_image(descriptor, name, value), reference=reference))

    def _note_absent(self, descriptor: Descriptor, *, present: bool) -> None:
        digest = descriptor.digest
        what = digest.short if digest is not None else "a document"
        if present:
            self.diagnostics.append(_error("document-unreadable", f"{what} is not valid JSON"))
            return
        if digest is not None:
            self.absent.append(digest)
        platform = f" ({descriptor.platform})" if descriptor.platform else ""
        text = f"{what}{platform} is named by the index but is not stored here"
        self.diagnostics.append(Diagnostic("skipped", "not-present", text, bytes=descriptor.size))

    def _manifest_image(self, descriptor: Descriptor, name: str | None, value: Any) -> ImagePlan:
        manifest = Manifest.of(value)
        diagnostics: list[Diagnostic] = []
        _, document = self._fetch(manifest.config)
        config = Config.of(document)
        if document is None:
            located = self.shelf.find(manifest.config.digest) if manifest.config.digest else None
            if located is None:
                diagnostics.append(_error("config-missing", "the image's config is missing"))
            elif isinstance(self.document(located), dict) or "image" in (manifest.config.media_type or ""):
                diagnostics.append(_error("config-missing", "the image's config is no JSON"))
        diff_ids, wrong = _matched_diff_ids(config, len(manifest.layers))
        layers = []
        for layer, diff_id in zip(manifest.layers, diff_ids, strict=True):
            located = self.shelf.find(layer.digest) if layer.digest is not None else None
            if located is not None:
                self.claimed.add(located)
            if layer.digest is None:
                diagnostics.append(_error("manifest-unreadable", "a layer of the manifest has no valid digest"))
            layers.append(
                LayerPlan(
                    located,
                    digest=layer.digest,
                    diff_id=diff_id,
                    media_type=layer.media_type,
                    size=layer.size,
                    inline=layer.data,
                    encrypted=layer.encrypted,
                    foreign=layer.foreign,
                )
            )
        if name is not None:
            self.claimed.add(name)
        documents = [ImageDocument(CONFIG_PATH, document)] if document is not None else []
        return ImagePlan(
            digest=descriptor.digest,
            config_digest=manifest.config.digest,
            platform=config.platform or descriptor.platform,
            config=config,
            layers=tuple(layers),
            documents=(*documents, ImageDocument(MANIFEST_PATH, value)),
            diagnostics=(*diagnostics, *wrong),
            filesystem=config.diff_ids is not None,
        )

    # documents by digest

    def _claim(self, name: str | None) -> Any:
        if name is None:
            return None
        self.claimed.add(name)
        return self.document(name)

    def _fetch(self, descriptor: Descriptor) -> tuple[str | None, Any]:
        """Find the document that a descriptor names, on the shelf or inline, and check its digest."""
        if descriptor.digest is None:
            return None, None
        name = self.shelf.find(descriptor.digest)
        data = self.shelf.documents.get(name) if name is not None else None
        if data is None and name is None:
            data = descriptor.data
        if data is None:
            return name, None
        if name is not None:
            self.claimed.add(name)
        if _altered(data, descriptor.digest):
            text = f"a document is not what its digest {descriptor.digest.short} says: it was altered"
            diagnostic = _error("document-digest", text)
            if diagnostic not in self.diagnostics:
                self.diagnostics.append(diagnostic)
        try:
            return name, parse_json(data)
        except DocumentError:
            return name or "", None

    def _named_rightly(self, name: str) -> bool:
        digest = _digest_in(name)
        return digest is None or not _altered(self.shelf.documents[name], digest)

    # Docker before 1.10

    def _ancient_images(self) -> list[ImagePlan]:
        """Chain `<id>/json` documents by their `parent`, topmost image first named by nobody."""
        nodes: dict[str, dict[str, Any]] = {}
        for name in self.shelf.documents:
            identity, _, base = name.partition("/")
            value = self.document(name) if base == "json" else None
            if isinstance(value, dict) and self.shelf.locate(f"{identity}/layer.tar") is not None:
                nodes[identity] = value
        parents = {value.get("parent") for value in nodes.values()}
        return [self._ancient_image(top, nodes) for top in nodes if top not in parents]

    def _ancient_image(self, top: str, nodes: Mapping[str, Mapping[str, Any]]) -> ImagePlan:
        chain: list[str] = []
        link: Any = top
        while link in nodes and link not in chain:
            chain.append(link)
            link = nodes[link].get("parent")
        wrong = (_error("layer-missing", "a layer's parent is missing"),) if link is not None else ()
        chain.reverse()
        layers = []
        for identity in chain:
            located = self.shelf.locate(f"{identity}/layer.tar")
            self.claimed.update((f"{identity}/json", located or ""))
            layers.append(LayerPlan(located, size=self.shelf.blobs.get(located or "")))
        return ImagePlan(
            platform=Platform.of(nodes[top]),
            layers=tuple(layers),
            documents=tuple(ImageDocument(CONFIG_PATH, nodes[identity]) for identity in chain),
            diagnostics=wrong,
        )

    def _merge(self, first: list[ImagePlan], second: list[ImagePlan]) -> list[ImagePlan]:
        """Join what `manifest.json` and `index.json` say of the same image; the order of layers is the former's."""
        merged = list(first)
        for image in second:
            for number, known in enumerate(merged):
                same = known.config_digest is not None and known.config_digest == image.config_digest
                if not same:
                    continue
                extra = tuple(document for document in image.documents if document.path != CONFIG_PATH)
                merged[number] = replace(
                    known,
                    digest=image.digest,
                    layers=_with_descriptors(known.layers, image.layers),
                    documents=(*known.documents, *extra),
                    diagnostics=tuple(dict.fromkeys((*known.diagnostics, *image.diagnostics))),
                )
                break
            else:
                merged.append(image)
        return merged


def _with_descriptors(order: tuple[LayerPlan, ...], details: tuple[LayerPlan, ...]) -> tuple[LayerPlan, ...]:
    """Give the layers in `manifest.json`'s order with what the OCI manifest adds about each."""
    by_name: Mapping[str | None, LayerPlan] = {layer.name: layer for layer in details}
    return tuple(
        replace(by_name[layer.name], diff_id=layer.diff_id) if layer.name in by_name and layer.name else layer
        for layer in order
    )


def _matched_diff_ids(config: Config, layers: int) -> tuple[tuple[Digest | None, ...], tuple[Diagnostic, ...]]:
    """Give a diff_id for each layer; where the counts disagree none can be told, and that is an error."""
    if config.diff_ids is None:
        return (None,) * layers, ()
    if len(config.diff_ids) != layers:
        text = f"the manifest has {layers} layers and the config {len(config.diff_ids)}: neither can be trusted"
        return (None,) * layers, (_error("layer-count", text),)
    return config.diff_ids, ()


def _altered(data: bytes, digest: Digest) -> bool:
    return digest.verifiable and hashlib.new(digest.algorithm, data).hexdigest() != digest.encoded


def _digest_in(name: str) -> Digest | None:
    """Read the digest that a member's name spells, as `blobs/sha256/<hex>`, `<hex>.json` or `sha256:<hex>`."""
    parts = name.split("/")
    if len(parts) == 3 and parts[0] == "blobs":
        return parse_digest(f"{parts[1]}:{parts[2]}")
    if len(parts) == 1:
        return parse_digest(name) or parse_digest(f"sha256:{name.removesuffix('.json')}")
    return None


def _reference_in(descriptor: Descriptor) -> str | None:
    annotations = descriptor.annotations
    return annotations.get("io.containerd.image.name") or annotations.get("org.opencontainers.image.ref.name")
