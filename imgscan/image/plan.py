"""From a shelf to images: which blobs are the layers of which image, and which documents describe it.

Three dialects, told apart by content: `manifest.json` as a list (docker save), `index.json` (OCI layout; Docker 25
and later write both), `manifest.json` as an object (skopeo's `dir:`). Archives of Docker before 1.10 have only
`<id>/json` documents with a `parent`. Nothing is guessed: what does not add up is a diagnostic, and every blob that
no image refers to stays on the list `unclaimed`, to be scanned all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.image.docker import ancient_images, docker_images
from imgscan.image.documents import kind_of
from imgscan.image.oci import index_images, lone_image
from imgscan.image.parts import CONFIG_PATH, Desk, ImageDocument, ImagePlan, LayerPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgscan.image.parts import ShelfLike
    from imgscan.model import Diagnostic

__all__ = ["ImageDocument", "ImagePlan", "LayerPlan", "Plan", "plan_images"]


class Plan(NamedTuple):
    """All images of a shelf, the members that are to be searched as files, and what is wrong with the whole.

    The `unclaimed` members are neither layers nor documents of an image: none refers to them, except to the `referred`
    ones, as a config that is not JSON.
    """

    images: tuple[ImagePlan, ...]
    unclaimed: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    referred: frozenset[str] = frozenset()


def plan_images(shelf: ShelfLike) -> Plan:
    """Read a shelf's documents. Images come in the order of `manifest.json`, then of the index."""
    if shelf.root is not None:
        return Plan((ImagePlan(layers=(LayerPlan(shelf.root),)),), ())
    desk = Desk(shelf)
    images = _images(desk)
    unclaimed = [name for name in (*shelf.documents, *shelf.blobs) if name not in desk.claimed]
    if desk.absent and any(kind_of(desk.document(name)) in ("manifest", "index") for name in unclaimed):
        # A child of the index is missing while a manifest lies here that no index names: not two platforms, of
        # which one was not pulled, but a reference that was altered.
        text = "the index refers to a manifest that is missing, and not to one that is present"
        desk.complain("index-altered", text)
    if not images and not desk.diagnostics:
        desk.complain("no-image", "no manifest says which layers make an image")
    return Plan(tuple(images), tuple(unclaimed), tuple(desk.diagnostics), frozenset(desk.referred))


def _images(desk: Desk) -> list[ImagePlan]:
    images: list[ImagePlan] = []
    manifest = desk.top("manifest.json")
    if manifest is not None:
        kind = kind_of(manifest)
        if kind == "docker-manifest":
            images += docker_images(desk, manifest)
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

    Docker 25.0 wrote OCI manifests without layers, or with layers out of order (moby 47065 and 47150).
    """
    merged = list(first)
    for image in second:
        for number, known in enumerate(merged):
            if known.config_digest is not None and known.config_digest == image.config_digest:
                merged[number] = _join(known, image)
                break
        else:
            merged.append(image)
    return merged


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
