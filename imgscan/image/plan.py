"""From a shelf to images: which blobs are the layers of which image, and which documents describe it.

Three dialects, told apart by content: `manifest.json` as a list (docker save), `index.json` (OCI layout; Docker 25
and later write both), `manifest.json` as an object (skopeo's `dir:`). Archives of Docker before 1.10 have only
`<id>/json` documents with a `parent`. Nothing is guessed: what does not add up is a diagnostic, and what is neither a
layer nor a document of an image is scanned all the same.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from imgscan.image.docker import ancient_images, docker_images
from imgscan.image.documents import kind_of
from imgscan.image.oci import index_images, lone_image
from imgscan.image.parts import (
    CONFIG_PATH,
    MANIFEST_PATH,
    Desk,
    ImageDocument,
    ImagePlan,
    LayerPlan,
    name_of,
    problem,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgscan.image.parts import ShelfLike
    from imgscan.model import Diagnostic, Digest

__all__ = ["ImageDocument", "ImagePlan", "LayerPlan", "Plan", "name_of", "plan_images"]


class Plan(NamedTuple):
    """All images of a shelf, what belongs to the whole rather than to one of them, and what is wrong with it.

    `documents` describe several images, or none: indexes, `manifest.json`. `inline` has what documents carry
    themselves, by keys as layers and documents refer to it, and `inside` says which of it is in which document. No
    image refers to the `unclaimed` members.
    """

    images: tuple[ImagePlan, ...]
    unclaimed: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()
    documents: tuple[ImageDocument, ...] = ()
    inline: Mapping[str, bytes] = MappingProxyType({})
    inside: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def plan_images(shelf: ShelfLike) -> Plan:
    """Read a shelf's documents. Images come in the order of `manifest.json`, then of the index."""
    if shelf.root is not None:
        return Plan((ImagePlan(layers=(LayerPlan(shelf.root),)),))
    desk = Desk(shelf)
    images = _images(desk)
    desk.gather_inline()
    unclaimed = [name for name in (*shelf.documents, *shelf.blobs) if name not in desk.claimed]
    if desk.absent and any(kind_of(desk.document(name)) in ("manifest", "index") for name in unclaimed):
        # A child of the index is missing while a manifest lies here that no index names: not two platforms, of
        # which one was not pulled, but a reference that was altered.
        text = "the index refers to a manifest that is missing, and not to one that is present"
        desk.complain("index-altered", text)
    if not images and not desk.diagnostics:
        desk.complain("no-image", "no manifest says which layers make an image")
    return Plan(
        images=tuple(images),
        unclaimed=frozenset(unclaimed),
        diagnostics=tuple(desk.diagnostics),
        documents=tuple(desk.documents),
        inline=desk.inline,
        inside=desk.inside,
    )


def _images(desk: Desk) -> list[ImagePlan]:
    images: list[ImagePlan] = []
    manifest = desk.top("manifest.json")
    if manifest is not None:
        kind = kind_of(manifest)
        if kind == "docker-manifest":
            images += docker_images(desk, manifest)
            desk.documents.append(ImageDocument(MANIFEST_PATH, manifest, desk.shelf.locate("manifest.json")))
        elif kind == "manifest":
            images.append(lone_image(desk, "manifest.json", manifest))
        elif kind == "index":
            images += index_images(desk, "manifest.json", manifest)
        else:
            desk.complain("manifest-unreadable", "manifest.json does not describe an image")
    index = desk.top("index.json")
    if index is not None:
        if kind_of(index) == "index":
            images = _merge(images, index_images(desk, "index.json", index))
        else:
            desk.complain("index-unreadable", "index.json does not list any manifests")
    return images or ancient_images(desk)


def _merge(first: Sequence[ImagePlan], second: Sequence[ImagePlan]) -> list[ImagePlan]:
    """Join what `manifest.json` and `index.json` say of the same image; the order of layers is the former's.

    An image of the former is the same as at most one of the latter: images of one index stay apart even if they share
    a config, as all artifacts do that have the empty one.
    """
    merged = list(first)
    pairs = _pairs(first, second)
    for number, image in enumerate(second):
        if number not in pairs:
            merged.append(image)
            continue
        known, other = _compared(first[pairs[number]], image)
        same = set(_layers_of(other)) <= set(_layers_of(known))
        merged[pairs[number]] = _join(known, other) if same else known
        merged += [] if same else [other]
    return merged


def _pairs(first: Sequence[ImagePlan], second: Sequence[ImagePlan]) -> dict[int, int]:
    """Match the images of the second by number with those of the first: those that agree, then all of one config."""
    pairs: dict[int, int] = {}
    for agree in (True, False):
        taken = set(pairs.values())
        free: dict[tuple[Digest | None, tuple[str, ...]], list[int]] = {}
        for number, image in enumerate(first):
            if image.config_digest is not None and number not in taken:
                free.setdefault(_mark(image, agree=agree), []).append(number)
        for number, image in enumerate(second):
            if number not in pairs and (numbers := free.get(_mark(image, agree=agree))):
                pairs[number] = numbers.pop(0)
    return pairs


def _mark(image: ImagePlan, *, agree: bool) -> tuple[Digest | None, tuple[str, ...]]:
    """Return what two descriptions of an image have in common: the config, and the layers if they `agree`."""
    return image.config_digest, tuple(_layers_of(image)) if agree else ()


def _layers_of(image: ImagePlan) -> list[str]:
    return [layer.name or str(layer.digest) for layer in image.layers]


def _compared(known: ImagePlan, image: ImagePlan) -> tuple[ImagePlan, ImagePlan]:
    """Note it with both descriptions of an image if one lists a layer that the other lacks.

    Docker 25.0 wrote OCI manifests without layers, or with layers out of order (moby 47065 and 47150), which is right
    in `manifest.json`.
    """
    ours, theirs = set(_layers_of(known)), set(_layers_of(image))
    if not theirs or ours == theirs:
        return known, image
    text = (
        f"manifest.json and the OCI manifest list different layers for one config: {len(ours - theirs)} are only in "
        f"the former and {len(theirs - ours)} only in the latter"
    )
    wrong = problem("manifests-disagree", text)
    return (
        known._replace(diagnostics=(*known.diagnostics, wrong)),
        image._replace(diagnostics=(*image.diagnostics, wrong)),
    )


def _join(known: ImagePlan, image: ImagePlan) -> ImagePlan:
    details: Mapping[str | None, LayerPlan] = {layer.name: layer for layer in image.layers}
    layers = (
        details[layer.name]._replace(diff_id=layer.diff_id) if layer.name and layer.name in details else layer
        for layer in known.layers
    )
    wrong = (each for each in image.diagnostics if each.code != "layer-count")
    return known._replace(
        digest=image.digest,
        layers=tuple(layers),
        documents=(*known.documents, *(each for each in image.documents if each.path != CONFIG_PATH)),
        diagnostics=tuple(dict.fromkeys((*known.diagnostics, *wrong))),
    )
