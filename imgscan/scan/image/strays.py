"""What an archive or folder contains that is not an image's layer or document: it is searched all the same.

Here is also the check that nothing was forgotten: every name of the shelf has been searched as one of the three.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING

from imgscan.errors import INTERNAL
from imgscan.image.parts import digest_in, name_of, printable
from imgscan.model import Diagnostic
from imgscan.scan.manyhits import ManyHits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from imgscan.image.plan import ImageDocument, ImagePlan, Plan
    from imgscan.model import Digest
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.scan.result import LayerResult
    from imgscan.sources.base import Shelf

_IMAGE_DOCUMENTS = (b"manifest.json", b"index.json", b"oci-layout", b"repositories")


def holds_documents(root: LayerResult | None) -> bool:
    """Whether a root filesystem has what only an image has at its top, as far as names say that."""
    return root is not None and root.names is not None and root.names.holds(*_IMAGE_DOCUMENTS)


def algorithms_for(expected: Digest | None) -> frozenset[str]:
    """Return the hash that a blob needs so that it can be compared with the digest that names it."""
    return frozenset((expected.algorithm,)) if expected is not None and expected.verifiable else frozenset()


@dataclass(frozen=True)
class Roles:
    """What each name of a shelf is: a layer, a document, a stray, or part of an image that nobody asked for.

    Names are keys of the shelf, or of what is inline; `images` are those of the plan that are to be reported.
    """

    shelf: Shelf
    plan: Plan
    images: Sequence[ImagePlan]

    @cached_property
    def documents(self) -> dict[str, ImageDocument]:
        """The documents of these images and of the whole, by name."""
        every = [document for image in self.images for document in image.documents]
        return {each.name: each for each in (*every, *self.plan.documents) if each.name is not None}

    @cached_property
    def layers(self) -> frozenset[str]:
        """The layers of these images."""
        return frozenset(layer.name for image in self.images for layer in image.layers if layer.name is not None)

    @cached_property
    def elsewhere(self) -> frozenset[str]:
        """What belongs to other images alone, and is therefore not read."""
        asked = set(map(id, self.images))
        others = [image for image in self.plan.images if id(image) not in asked]
        names = {layer.name for image in others for layer in image.layers}
        names |= {document.name for image in others for document in image.documents}
        return frozenset(name for name in names if name is not None) - self.layers - self.documents.keys()

    @cached_property
    def strays(self) -> list[str]:
        """What is none of these, what looks like a document first, and last what is inline."""
        names = (*self.shelf.documents, *self.shelf.blobs, *self.plan.inline)
        taken = self.layers | self.elsewhere | self.documents.keys()
        return [name for name in names if name not in taken]

    def wanted(self) -> dict[str, frozenset[str]]:
        """Return which blobs to read, in layer order, and which digests to compute for each."""
        wanted: dict[str, frozenset[str]] = {}
        for image in self.images:
            for layer in image.layers:
                if layer.name is not None and layer.name in self.shelf.blobs:
                    wanted[layer.name] = wanted.get(layer.name, frozenset()) | algorithms_for(layer.digest)
        for name in self.strays:
            if name in self.shelf.blobs:
                wanted.setdefault(name, algorithms_for(digest_in(name)))
        return wanted

    def unsearched(
        self, results: Mapping[str, LayerResult], documents: Mapping[str, LayerResult]
    ) -> Iterator[Diagnostic]:
        """Name what has been searched as nothing, which must not happen: each byte that is claimed is searched."""
        read = {result.digests.get("sha256") for result in (*results.values(), *documents.values())}
        for name in (*self.shelf.documents, *self.shelf.blobs, *self.plan.inline):
            if name in results or name in documents or name in self.elsewhere:
                continue
            if name in self.plan.inline and sha256(self.plan.inline[name]).hexdigest() in read:
                continue
            text = "a member was not searched, and nothing says why: please report this"
            yield Diagnostic("error", "unsearched", text, path=printable(name), bytes=self.shelf.blobs.get(name))


def stray_hits(
    roles: Roles, results: Mapping[str, LayerResult], known: Callable[[], Iterable[Hit]], concealer: Concealer
) -> Sequence[Hit]:
    """Return the hits in strays, except in copies of what an image has; `known` gives those in its documents."""
    contents = {result.content for name, result in results.items() if name in roles.layers}
    hits, loose = ManyHits(), ManyHits()
    for name in roles.strays:
        if name in results and results[name].content not in contents:
            found = loose if name in roles.shelf.documents else hits
            found.extend(_below(name, hit, concealer) for hit in results[name].hits)
    if not loose:
        return hits.kept()
    secrets = {hash(hit.secret.sha256) for hit in known()}
    return ManyHits(chain((hit for hit in loose if hash(hit.secret.sha256) not in secrets), hits)).kept()


def doubts(
    roles: Roles, results: Mapping[str, LayerResult], documents: Mapping[str, LayerResult], hits: Sequence[Hit]
) -> Iterator[Diagnostic]:
    """Return what is wrong with documents and strays; `hits` are those in the latter. They are searched too."""
    shelf, plan = roles.shelf, roles.plan
    if any(hit.member < 0 and hit.location.path.endswith("/json") for hit in hits):
        text = (
            "the image's old description (ID/json) contains a credential that its config lacks: one of them was altered"
        )
        yield Diagnostic("error", "documents-disagree", text)
    if shelf.guessed and holds_documents(results.get(shelf.root or "")):
        text = "read as a root filesystem, but it contains an image's manifest: use docker-archive:- or rootfs:-"
        yield Diagnostic("error", "kind-unclear", text)
    for document in documents.values():
        yield from document.diagnostics(trusted=True)
    for name in roles.strays:
        result, expected = results.get(name), digest_in(name)
        if result is None:
            continue
        holds = None
        if expected is not None and expected.verifiable:
            holds = result.digests.get(expected.algorithm, expected.encoded) == expected.encoded
        if holds is False:
            text = "a member that is no layer does not match the digest in its name: it was altered"
            yield Diagnostic("error", "blob-digest", text, path=printable(name))
        for each in result.diagnostics(trusted=holds is True):
            if name not in plan.unclaimed or each.code == INTERNAL:
                yield each
            else:
                text = f"in a member that no image refers to: {each.message}"
                yield replace(each, severity="skipped", message=text)


def _below(name: str, hit: Hit, concealer: Concealer) -> Hit:
    """Put a hit in a tar that belongs to no image below that tar's name; a lone file has its path already."""
    if hit.member < 0:
        return hit
    outer, place = os.fsencode(name_of(name)), hit.location
    spelling = concealer.spell(outer)
    raw = None
    if spelling.path_bytes is not None or place.path_bytes is not None:
        raw = outer + b"!/" + (place.path_bytes or place.path.encode("utf-8", "surrogateescape"))
    return hit._replace(location=replace(place, path=f"{spelling.path}!/{place.path}", path_bytes=raw))
