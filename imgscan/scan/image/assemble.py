"""From results to a report: one image's plan and the results of its blobs.

Here a hit gets its layer, its instruction and its life, and digests are compared with what the documents state.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import chain, islice
from typing import TYPE_CHECKING

from imgscan.image.lifecycle import LayerNames, Spot, resolve
from imgscan.model import Diagnostic, Digest, LayerInfo, Stats, TargetReport
from imgscan.packed import Picked
from imgscan.scan.findings import Placed, diagnostics_of, findings_of
from imgscan.scan.image.fields import document_hits
from imgscan.scan.manyhits import ManyHits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from imgscan.image.documents import History
    from imgscan.image.plan import ImageDocument, ImagePlan, LayerPlan
    from imgscan.model import Visibility
    from imgscan.scan.findings import Trace
    from imgscan.scan.hits import Hit
    from imgscan.scan.result import LayerResult
    from imgscan.scan.session import Session
    from imgscan.sources.base import Told

    TraceImage = Callable[[Sequence[History], Sequence[int | None]], Trace | None]
    """Gives what traces the findings of an image, by its history and the layer of each entry of that."""


_AT_ONCE = 1 << 13
"""Hits whose files' lives are worked out at once: each takes the room of several, and each time all names are read."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """Makes the report of an image from its plan and the results of its blobs, by name.

    `documents` are the results of the bytes of documents, `inline` has the credentials (SHA-256) in what a document
    carries itself, both by the document's name. `others` are hits of members that belong to no image, without
    `left_out` that were too many. `noted` applies to the target as a whole.
    """

    session: Session
    target: str
    plan: ImagePlan
    results: Mapping[str, LayerResult]
    documents: Mapping[str, LayerResult]
    inline: Mapping[str, AbstractSet[str]]
    others: Sequence[Hit] = ()
    left_out: int = 0
    noted: Sequence[Diagnostic] = ()
    trace_image: TraceImage | None = None
    _history: tuple[int | None, ...] = field(init=False)

    def __post_init__(self) -> None:
        config = self.plan.config
        history = config.align_history(len(self.plan.layers)) if config else ()
        object.__setattr__(self, "_history", history)

    def report(self) -> TargetReport:
        """Make the report."""
        plan, text = self.plan, self.session.concealer.text
        layers = [self.results.get(layer.name) if layer.name is not None else None for layer in plan.layers]
        noted = [*self.noted, *plan.diagnostics]
        for index, (layer, result) in enumerate(zip(plan.layers, layers, strict=True)):
            noted += check_layer(index, layer, result, filesystem=plan.filesystem)
        placed = chain(self._placed(layers, noted), map(self._stray, self.others))
        first = next(placed, None)
        trace = None
        if self.trace_image is not None and first is not None:
            trace = self.trace_image(plan.config.history if plan.config else (), self._history)
        placed = chain([first] if first is not None else [], placed)
        listed = findings_of(placed, self.session, trace, left_out=self._left_out(layers))
        noted += listed.noted
        distinct = {layer.name: result for layer, result in zip(plan.layers, layers, strict=True) if result}.values()
        return TargetReport(
            target=text(self.target),
            kind="image",
            reference=text(plan.reference) if plan.reference else None,
            digest=self._shown(plan.digest),
            config_digest=self._shown(plan.config_digest),
            platform=text(str(plan.platform)) if plan.platform else None,
            layers=tuple(map(self._layer, range(len(layers)), plan.layers, layers)),
            findings=listed.findings,
            diagnostics=diagnostics_of(noted, self.session),
            hidden=listed.hidden,
            stats=Stats(
                bytes=sum(result.size for result in distinct),
                entries=sum(result.entries for result in distinct),
                layers=len(distinct),
                expanded=sum(result.expanded for result in distinct),
                members=sum(result.inner for result in distinct),
            ),
        )

    def _placed(self, layers: Sequence[LayerResult | None], noted: list[Diagnostic]) -> Iterator[Placed]:
        """Yield the image's hits by layer, each in its layer, followed by those of documents, which have no layer.

        If their lives cannot be worked out, that is `noted` at once.
        """

        def order(each: Placed) -> int:
            return len(layers) if (index := each.number) is None else index

        described = ManyHits(hit for document in self.plan.documents for hit in self._in_document(document))
        places = [order(Placed(hit)) for hit in described]
        by_layer = Picked(described, sorted(range(len(described)), key=places.__getitem__))
        return merge(self._alive(layers, noted), map(Placed, by_layer), key=order)

    def _alive(self, layers: Sequence[LayerResult | None], noted: list[Diagnostic]) -> Iterator[Placed]:
        """Yield the hits of layers with the lives of their files, which are worked out for many at once."""
        numbered = ((index, hit) for index, result in enumerate(layers) if result is not None for hit in result.hits)
        known = len(noted)
        while some := list(islice(numbered, _AT_ONCE)):
            life = self._lives(layers, some, noted if len(noted) == known else [])
            for index, hit in some:
                yield Placed(hit, life.get(Spot(index, hit.member, hit.trail)), index)

    def _left_out(self, layers: Sequence[LayerResult | None]) -> int:
        """Count the hits that were too many to be kept in the results."""
        documents = [self.documents.get(document.name or "") for document in self.plan.documents]
        return self.left_out + sum(result.left_out for result in (*layers, *documents) if result is not None)

    def _in_document(self, document: ImageDocument) -> Sequence[Hit]:
        name = document.name or ""
        return document_hits(
            document,
            self.session.concealer,
            self._history,
            stored=self.documents[name].hits if name in self.documents else (),
            inline=self.inline.get(name, frozenset()),
        )

    def _stray(self, hit: Hit) -> Placed:
        """Place a hit that no image has; its path was put together of names that only together may be a key."""
        path = self.session.concealer.text(hit.location.path)
        return Placed(hit if path == hit.location.path else hit._replace(location=replace(hit.location, path=path)))

    def _lives(
        self, layers: Sequence[LayerResult | None], some: Sequence[tuple[int, Hit]], noted: list[Diagnostic]
    ) -> dict[Spot, Visibility]:
        """Return the lives of the files with these hits, except where a layer above could not be read."""
        known = [result is not None and result.members_known for result in layers]
        above = [all(known[index + 1 :]) for index in range(len(known))]
        names = [result.names or LayerNames() if result is not None else LayerNames() for result in layers]
        spots = (Spot(index, hit.member, hit.trail) for index, hit in some if hit.member >= 0 and above[index])
        kept = [result.names for result in self.results.values() if result.names is not None]
        lives = resolve(spots, names, whole=all(each.whole for each in kept))
        if lives is None:
            text = "whether files with findings are still visible is not known: the names or hard links are too many"
            noted.append(Diagnostic("skipped", "names-limit", text))
        return lives or {}

    def _layer(self, index: int, layer: LayerPlan, result: LayerResult | None) -> LayerInfo:
        """Describe a layer as the documents do and as it was measured."""
        config, text = self.plan.config, self.session.concealer.text
        created_by = None
        if config is not None and index in self._history:
            created_by = config.history[self._history.index(index)].created_by
        measured = result if result is not None and not result.interrupted and result.digests else None
        digest, diff_id = self._shown(layer.digest), self._shown(layer.diff_id)
        if measured is not None:
            digest = digest or Digest("sha256", measured.digests["sha256"])
            diff_id = diff_id or (Digest("sha256", measured.diff_id) if measured.diff_id is not None else None)
        return LayerInfo(
            index=index,
            digest=digest,
            diff_id=diff_id,
            media_type=text(layer.media_type) if layer.media_type else None,
            created_by=text(created_by) if created_by else None,
            size=measured.stored if measured is not None else layer.size,
            bytes=result.size if result is not None else None,
            entries=result.entries if result is not None and result.names is not None else None,
        )

    def _shown(self, digest: Digest | None) -> Digest | None:
        """Redact a digest of an unknown algorithm, which can be any text."""
        if digest is None or digest.verifiable:
            return digest
        return Digest(digest.algorithm, self.session.concealer.text(digest.encoded))


def completed(image: ImagePlan, told: Told) -> ImagePlan:
    """Add to a plan what the source knows about the image, and compare the two."""
    wrong: tuple[Diagnostic, ...] = ()
    if told.diff_ids is not None and image.config is not None and image.config.diff_ids is not None:
        sent = tuple(str(diff_id) for diff_id in image.config.diff_ids)
        if sent != told.diff_ids:
            text = "the engine sent layers other than those it lists for the image: was it retagged meanwhile?"
            wrong = (Diagnostic("error", "engine-layers", text),)
    return image._replace(
        reference=told.reference or image.reference,
        digest=image.digest or told.digest,
        diagnostics=(*image.diagnostics, *wrong),
    )


def _digests(layer: LayerPlan, result: LayerResult) -> Iterator[tuple[str, Digest, Mapping[str, str]]]:
    """Yield the expected and the actual hash of a layer, with the code for a mismatch."""
    if result.interrupted or not result.digests:
        return
    if layer.digest is not None:
        yield "layer-digest", layer.digest, result.digests
    if layer.diff_id is not None and result.diff_id is not None and not layer.encrypted and result.format is None:
        plain = {} if result.compressed else result.digests
        yield "layer-diff-id", layer.diff_id, {**plain, "sha256": result.diff_id}


def check_layer(index: int, layer: LayerPlan, scan: LayerResult | None, *, filesystem: bool) -> Iterable[Diagnostic]:
    """Compare a layer with what its image says about it, and report what could not be read."""
    what = layer.digest or layer.diff_id
    label = what.short if what is not None else f"number {index + 1}"
    if scan is None:
        code, lack = "layer-missing", "is missing: its blob is not stored here"
        if layer.name is not None:
            code, lack = "layer-unread", "was not read: the scan ended first"
        elif layer.foreign:
            code, lack = "foreign-layer", "is distributed from elsewhere (a foreign layer) and its bytes are not here"
        yield Diagnostic("error", code, f"layer {label} {lack}", index, bytes=layer.size)
        return
    holds = mismatched = False
    for code, expected, found in _digests(layer, scan):
        if expected.algorithm not in found:
            text = f"a digest of layer {label} was not checked: {expected.algorithm} is not supported"
            yield Diagnostic("skipped", "digest-unverified", text, index)
        elif found[expected.algorithm] == expected.encoded:
            holds = True
        else:
            mismatched = True
            text = f"layer {label} does not match its digest: it was altered or damaged"
            yield Diagnostic("error", code, text, index)
    if layer.encrypted:
        text = f"layer {label} is encrypted: decrypt the image before scanning it"
        yield Diagnostic("error", "encrypted", text, index, bytes=scan.stored)
    elif filesystem and scan.shape != "tar" and not scan.interrupted:
        how = (
            f"it is {scan.format} data" if scan.format else "it is not a tar archive in any compression that layers use"
        )
        yield Diagnostic("error", "layer-unreadable", f"layer {label} cannot be read: {how}", index, bytes=scan.stored)
    for each in scan.diagnostics(trusted=holds and not mismatched):
        yield replace(each, layer=index)
