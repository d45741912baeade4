"""What an archive or folder contains that is not an image's layer or document: it is searched all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgscan.errors import INTERNAL
from imgscan.image.parts import digest_in
from imgscan.model import Diagnostic
from imgscan.scan.image.fields import search_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imgscan.image.plan import ImagePlan, Plan
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.scan.result import LayerResult
    from imgscan.sources.base import Shelf

_IMAGE_DOCUMENTS = (b"manifest.json", b"oci-layout", b"repositories")


def strays(shelf: Shelf, plan: Plan) -> list[str]:
    """List the members that are neither layers nor documents of an image, those that look like documents first."""
    layers = {layer.name for image in plan.images for layer in image.layers}
    unclaimed = set(plan.unclaimed)
    documents = [name for name in shelf.documents if name in unclaimed]
    return documents + [name for name in shelf.blobs if name in unclaimed or name not in layers]


def stray_hits(
    shelf: Shelf, plan: Plan, images: Sequence[ImagePlan], results: Mapping[str, LayerResult], concealer: Concealer
) -> list[Hit]:
    """Return the hits in strays, except in copies of what an image has."""
    claimed = {layer.name for image in plan.images for layer in image.layers}
    contents = {result.content for name, result in results.items() if name in claimed}
    hits: list[Hit] = []
    loose: list[Hit] = []
    for name in strays(shelf, plan):
        if name in results and results[name].content not in contents:
            found = loose if name in shelf.documents else hits
            found += (_below(name, hit) for hit in results[name].hits)
    if loose:
        documents = [document for image in images for document in image.documents]
        known = {hit.secret.sha256 for each in documents for hit in search_document(each, concealer, ())}
        loose = [hit for hit in loose if hit.secret.sha256 not in known]
    return loose + hits


def doubts(shelf: Shelf, plan: Plan, results: Mapping[str, LayerResult], hits: Sequence[Hit]) -> Iterator[Diagnostic]:
    """Return what is wrong with the strays that contain these `hits`: they are searched too, so report any lack."""
    if any(hit.member < 0 and hit.location.path.endswith("/json") for hit in hits):
        text = (
            "the image's old description (ID/json) contains a credential that its config lacks: one of them was altered"
        )
        yield Diagnostic("error", "documents-disagree", text)
    root = results.get(shelf.root or "")
    if shelf.guessed and root is not None and root.names is not None and root.names.holds(*_IMAGE_DOCUMENTS):
        text = "read as a root filesystem, but it contains an image's manifest: use docker-archive:- or rootfs:-"
        yield Diagnostic("error", "kind-unclear", text)
    for name in strays(shelf, plan):
        result, expected = results.get(name), digest_in(name)
        if result is None:
            continue
        holds = None
        if expected is not None and expected.verifiable:
            holds = result.digests.get(expected.algorithm, expected.encoded) == expected.encoded
        if holds is False:
            text = "a member that is no layer does not match the digest in its name: it was altered"
            yield Diagnostic("error", "blob-digest", text, path=name)
        for each in result.diagnostics(trusted=holds is True):
            if name in plan.referred or each.code == INTERNAL:
                yield each
            else:
                text = f"in a member that no image refers to: {each.message}"
                yield replace(each, severity="skipped", message=text)


def _below(name: str, hit: Hit) -> Hit:
    """Put a hit in a tar that belongs to no image below that tar's name; a lone file has its path already."""
    if hit.member < 0:
        return hit
    return hit._replace(location=replace(hit.location, path=f"{name}!/{hit.location.path}"))
