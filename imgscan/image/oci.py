"""The dialects of OCI: an index that leads to manifests, and a registry manifest that is alone.

An index may nest, name itself, name platforms that were never pulled, and name attestations, which are documents
about another image rather than images.
"""

from __future__ import annotations

import hashlib
from typing import Any

from imgscan.image.documents import Config, Descriptor, Manifest, index_entries, kind_of, parse_digest
from imgscan.image.parts import (
    ATTESTATION_PATH,
    CONFIG_PATH,
    INDEX_PATH,
    MANIFEST_PATH,
    Desk,
    ImageDocument,
    ImagePlan,
    LayerPlan,
    matched_diff_ids,
    problem,
)
from imgscan.model import Diagnostic, Digest

MAX_INDEX_DEPTH = 8

_CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)

_ABOUT = "vnd.docker.reference.digest"
_IN_TOTO = "application/vnd.in-toto"
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


def manifest_image(desk: Desk, descriptor: Descriptor, value: Any, where: str | None) -> ImagePlan:
    """Return the image of a manifest, whose document is `value` and lies at `where`."""
    manifest = Manifest.of(value)
    wrong: list[Diagnostic] = []
    name, document = desk.fetch(manifest.config)
    other = manifest.config.media_type not in (None, *_CONFIG_TYPES)
    if document is None and not (name and other):  # the config of an artifact may be anything: it is searched as a file
        state = "missing" if name is None else "no JSON"
        wrong.append(problem("config-missing", f"the image's config is {state}"))
    if any(layer.digest is None for layer in manifest.layers):
        wrong.append(problem("manifest-unreadable", "a layer of the manifest has no valid digest"))
    config = Config.of(document)
    diff_ids, unmatched = matched_diff_ids(config, len(manifest.layers))
    documents = [ImageDocument(CONFIG_PATH, document, name)] if document is not None else []
    return ImagePlan(
        digest=descriptor.digest,
        config_digest=manifest.config.digest,
        platform=config.platform or descriptor.platform,
        config=config,
        layers=tuple(_layer(desk, layer, diff_id) for layer, diff_id in zip(manifest.layers, diff_ids, strict=True)),
        documents=(*documents, ImageDocument(MANIFEST_PATH, value, where)),
        diagnostics=(*wrong, *unmatched),
        filesystem=config.diff_ids is not None,
    )


def _layer(desk: Desk, layer: Descriptor, diff_id: Digest | None) -> LayerPlan:
    return LayerPlan(
        desk.claim_content(layer),
        digest=layer.digest,
        diff_id=diff_id,
        media_type=layer.media_type,
        size=layer.size,
        encrypted=layer.encrypted,
        foreign=layer.foreign,
    )


def lone_image(desk: Desk, name: str, value: Any) -> ImagePlan:
    """Return the image of a manifest that no index names, as in skopeo's `dir:`."""
    located = desk.shelf.locate(name) or name
    digest = Digest("sha256", hashlib.sha256(desk.shelf.documents[located]).hexdigest())
    return manifest_image(desk, Descriptor(None, digest, None), value, located)


def index_images(desk: Desk, name: str, index: Any) -> list[ImagePlan]:
    """Return the images that an index leads to, in its order; the index is a document of the whole."""
    walk = _IndexWalk(desk)
    walk.follow(index, None, 0, desk.shelf.locate(name))
    images = walk.images
    if not images:
        if not any(each.severity == "error" for each in desk.diagnostics):
            desk.complain("no-image", f"{name} leads to no image stored here")
        return []
    numbers = {image.digest: number for number, image in reversed(list(enumerate(images)))}
    for about, document in walk.attestations:
        number = numbers.get(about, 0)
        images[number] = images[number]._replace(documents=(*images[number].documents, document))
    return images


class _IndexWalk:
    """Follows an index to its manifests. What was seen once is not followed again, so cycles end."""

    def __init__(self, desk: Desk) -> None:
        self.images: list[ImagePlan] = []
        self.attestations: list[tuple[Digest | None, ImageDocument]] = []
        self._desk = desk
        self._seen: set[Digest] = set()

    def follow(self, index: Any, reference: str | None, depth: int, where: str | None) -> None:
        """Take in what an index names, which lies at `where`; `reference` is the name that it was reached by."""
        self._desk.documents.append(ImageDocument(INDEX_PATH, index, where))
        for descriptor in index_entries(index):
            digest = descriptor.digest
            if digest is None:
                self._desk.complain("index-unreadable", "an entry of an index has no valid digest")
            elif digest not in self._seen:
                self._seen.add(digest)
                self._take(descriptor, digest, _name_in(descriptor) or reference, depth)

    def _take(self, descriptor: Descriptor, digest: Digest, reference: str | None, depth: int) -> None:
        name, value = self._desk.fetch(descriptor)
        kind = kind_of(value)
        if value is None:
            self._note_lack(descriptor, name)
        elif kind == "index" and depth >= MAX_INDEX_DEPTH:
            self._desk.complain("index-depth", f"indexes are nested deeper than {MAX_INDEX_DEPTH}")
        elif kind == "index":
            self.follow(value, reference, depth + 1, name)
        elif kind != "manifest":
            self._desk.complain("manifest-unreadable", f"{digest.short} is neither a manifest nor an index")
        elif not self._take_attestation(descriptor, value, name):
            self.images.append(manifest_image(self._desk, descriptor, value, name)._replace(reference=reference))

    def _take_attestation(self, descriptor: Descriptor, value: Any, where: str | None) -> bool:
        """Take a manifest's layers as statements about an image, if that is what they are."""
        manifest = Manifest.of(value)
        only_statements = manifest.layers and all(
            (layer.media_type or "").startswith(_IN_TOTO) for layer in manifest.layers
        )
        if not descriptor.attestation and not only_statements:
            return False
        about = parse_digest(descriptor.annotations.get(_ABOUT))
        if about is None and manifest.subject is not None:
            about = manifest.subject.digest
        self.attestations.append((about, ImageDocument(ATTESTATION_PATH, value, where)))
        name, config = self._desk.fetch(manifest.config)
        if config is not None:
            self.attestations.append((about, ImageDocument(ATTESTATION_PATH, config, name)))
        for layer in manifest.layers:
            name, statement = self._desk.fetch(layer)
            if statement is None:
                self._note_lack(layer, name)
            else:
                self.attestations.append((about, ImageDocument(ATTESTATION_PATH, statement, name)))
        return True

    def _note_lack(self, descriptor: Descriptor, name: str | None) -> None:
        """Record a document that is missing: a platform that was not pulled is not an error, an unreadable one is."""
        digest = descriptor.digest
        label = digest.short if digest is not None else "a document"
        if name is not None:
            self._desk.complain("document-unreadable", f"{label} is not valid JSON")
            return
        if digest is not None:
            self._desk.absent.append(digest)
        platform = f" ({descriptor.platform})" if descriptor.platform else ""
        text = f"{label}{platform} is named by the index but is not stored here"
        self._desk.diagnostics.append(Diagnostic("skipped", "not-present", text, bytes=descriptor.size))


def _name_in(descriptor: Descriptor) -> str | None:
    return next((descriptor.annotations[key] for key in _NAMES if descriptor.annotations.get(key)), None)
