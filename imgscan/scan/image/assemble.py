"""From hits to findings: one image's plan and the scans of its blobs become its report.

Here a hit learns its layer, its instruction and its life; digests are compared with what the documents promised; and
what the user did not ask to see is counted instead of shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from imgscan.image.lifecycle import LayerNames, Place, resolve
from imgscan.model import (
    CONFIDENCES,
    Confidence,
    Diagnostic,
    Digest,
    Finding,
    Hidden,
    LayerInfo,
    Location,
    Stats,
    TargetReport,
)
from imgscan.scan.image.fields import search_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from imgscan.image.documents import History
    from imgscan.image.plan import ImagePlan, LayerPlan
    from imgscan.model import Origin, Visibility
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.scan.layer import BlobScan

    Trace = Callable[[Finding], Origin | None]
    """Tells where a finding comes from."""
    TraceImage = Callable[[Sequence[History], Sequence[int | None]], Trace | None]
    """Gives what traces the findings of an image, by its history and the layer of each entry of that."""


class Policy(NamedTuple):
    """What the user wants to see. `comments` says whether a comment on a credential's line lets it through."""

    include: frozenset[str] = frozenset()
    min_confidence: Confidence = "medium"
    comments: bool = True

    def hides(self, hit: Hit) -> str | None:
        """Name the reason to leave a hit out of the list, as `Hidden` names it; None to show it."""
        if hit.example:
            return None if "examples" in self.include else "examples"
        if hit.optional and "publishable" not in self.include:
            return "publishable"
        if CONFIDENCES.index(hit.confidence) > CONFIDENCES.index(self.min_confidence):
            return "confidence"
        return "ignored" if hit.allowed and self.comments else None


@dataclass(slots=True)
class Placed:
    """A hit with what the image adds to it."""

    hit: Hit
    layer: int | None
    visibility: Visibility | None = None
    blob: str | None = None
    """The blob's name, where it belongs to no image: its members are named `blob!/path`."""


@dataclass(slots=True)
class Assembly:
    """Collects what goes into one report."""

    target: str
    concealer: Concealer
    policy: Policy
    placed: list[Placed] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    scans: dict[str, BlobScan] = field(default_factory=dict)
    trace_image: TraceImage | None = None

    def image(self, plan: ImagePlan, scans: Mapping[str, BlobScan], others: Sequence[Placed] = ()) -> TargetReport:
        """Make the report of an image; `others` are hits of members that belong to no image."""
        history = plan.config.align_history(len(plan.layers)) if plan.config else ()
        self.diagnostics += plan.diagnostics
        layers = list(self._layers(plan, scans, history))
        for document in plan.documents:
            hits = search_document(document, self.concealer, history)
            self.placed += [Placed(hit, hit.layer) for hit in hits]
        self.placed.sort(key=lambda placed: len(layers) if placed.layer is None else placed.layer)
        self.placed += others
        trace = None
        if self.trace_image is not None and self.placed:
            trace = self.trace_image(plan.config.history if plan.config else (), history)
        findings, hidden = self._findings(trace)
        return TargetReport(
            target=self.target,
            kind="image",
            reference=self.concealer.text(plan.reference) if plan.reference else None,
            digest=self._shown(plan.digest),
            config_digest=self._shown(plan.config_digest),
            platform=self.concealer.text(str(plan.platform)) if plan.platform else None,
            layers=tuple(layers),
            findings=findings,
            diagnostics=self._told(),
            hidden=hidden,
            stats=Stats(
                bytes=sum(scan.size for scan in self.scans.values()),
                entries=sum(scan.entries for scan in self.scans.values()),
                layers=len(self.scans),
                expanded=sum(scan.expanded for scan in self.scans.values()),
                members=sum(scan.inner for scan in self.scans.values()),
            ),
        )

    def files(self, stats: Stats) -> TargetReport:
        """Make the report of a target without layers."""
        findings, hidden = self._findings()
        return TargetReport(
            target=self.target,
            kind="filesystem",
            findings=findings,
            diagnostics=self._told(),
            hidden=hidden,
            stats=stats,
        )

    def _told(self) -> tuple[Diagnostic, ...]:
        """Give the diagnostics, each once, with what an image says in them redacted."""
        text = self.concealer.text
        return tuple(
            replace(each, message=text(each.message), path=text(each.path) if each.path else each.path)
            for each in dict.fromkeys(self.diagnostics)
        )

    def _layers(
        self, plan: ImagePlan, scans: Mapping[str, BlobScan], history: Sequence[int | None]
    ) -> Iterator[LayerInfo]:
        names: list[LayerNames] = []
        known: list[bool] = []
        for index, layer in enumerate(plan.layers):
            scan = scans.get(layer.name) if layer.name is not None else None
            self.diagnostics += check_layer(index, layer, scan, filesystem=plan.filesystem)
            names.append(scan.names if scan is not None and scan.names is not None else LayerNames())
            known.append(scan is not None and scan.names is not None and scan.members_known)
            created_by = None
            if plan.config is not None and index in history:
                created_by = plan.config.history[history.index(index)].created_by
            if scan is not None:
                self.scans[scan.name] = scan
                self.placed += [Placed(hit, index) for hit in scan.hits]
            yield self._layer_info(index, layer, scan, self.concealer.text(created_by) if created_by else None)
        self._resolve(names, known)

    def _layer_info(self, index: int, layer: LayerPlan, scan: BlobScan | None, created_by: str | None) -> LayerInfo:
        measured = scan is not None and not scan.interrupted and bool(scan.digests)
        digest, diff_id = self._shown(layer.digest), self._shown(layer.diff_id)
        if scan is not None and measured:
            digest = digest or Digest("sha256", scan.digests["sha256"])
            diff_id = diff_id or Digest("sha256", scan.diff_id)
        return LayerInfo(
            index=index,
            digest=digest,
            diff_id=diff_id,
            media_type=self.concealer.text(layer.media_type) if layer.media_type else None,
            created_by=created_by,
            size=scan.stored if scan is not None and measured else layer.size,
            bytes=scan.size if scan is not None else None,
            entries=scan.entries if scan is not None and scan.names is not None else None,
        )

    def _shown(self, digest: Digest | None) -> Digest | None:
        """Redact a digest of an algorithm that is not known, which can be any text."""
        if digest is None or digest.verifiable:
            return digest
        return Digest(digest.algorithm, self.concealer.text(digest.encoded))

    def _resolve(self, names: Sequence[LayerNames], known: Sequence[bool]) -> None:
        """Give each placed hit its life; nothing is said where a layer above could not be read."""
        places = {
            id(placed): Place(placed.layer, placed.hit.member, placed.hit.holder or placed.hit.name)
            for placed in self.placed
            if placed.layer is not None and placed.hit.member >= 0 and all(known[placed.layer + 1 :])
        }
        lives = resolve(places.values(), names)
        for placed in self.placed:
            place = places.get(id(placed))
            if place is not None:
                placed.visibility = lives[place]

    def _findings(self, trace: Trace | None = None) -> tuple[tuple[Finding, ...], Hidden]:
        ordinals: Counter[str] = Counter()
        hidden: Counter[str] = Counter()
        findings = []
        for placed in self.placed:
            hit = placed.hit
            ordinals[hit.identity] += 1
            reason = self.policy.hides(hit)
            if reason is not None:
                hidden[reason] += 1
                continue
            finding = _finding(placed, f"{hit.identity}:{ordinals[hit.identity]}")
            origin = trace(finding) if trace is not None else None
            findings.append(replace(finding, origin=self._named(origin)) if origin is not None else finding)
        return tuple(findings), Hidden(**hidden)

    def _named(self, origin: Origin) -> Origin:
        """Redact the names of an origin: a file may be called by a key."""
        text = self.concealer.text
        return replace(
            origin,
            dockerfile=text(origin.dockerfile) if origin.dockerfile is not None else None,
            source=text(origin.source) if origin.source is not None else None,
        )


def _finding(placed: Placed, fingerprint: str) -> Finding:
    hit = placed.hit
    return Finding(
        rule_id=hit.rule_id,
        title=hit.title,
        level=hit.level,
        confidence=hit.confidence,
        status="example" if hit.example else "new",
        secret=hit.secret,
        location=Location(
            layer=placed.layer,
            path=f"{placed.blob}!/{hit.path}" if placed.blob and hit.member >= 0 else hit.path,
            path_bytes=hit.path_bytes,
            line=hit.line,
            column=hit.column,
            end_line=hit.end_line,
            end_column=hit.end_column,
            offset=hit.offset,
            length=hit.length,
            encoding=hit.encoding,
            field=hit.field,
        ),
        visibility=placed.visibility,
        fingerprint=fingerprint,
    )


def _digests(layer: LayerPlan, scan: BlobScan) -> Iterator[tuple[str, Digest, Mapping[str, str]]]:
    """Give what a layer must hash to and what it does, with the code for a difference."""
    if scan.interrupted or not scan.digests:
        return
    if layer.digest is not None:
        yield "layer-digest", layer.digest, scan.digests
    if layer.diff_id is not None and not layer.encrypted and not scan.foreign:  # else the plain bytes are not known
        plain = scan.digests if scan.compression == "none" else {}
        yield "layer-diff-id", layer.diff_id, {**plain, "sha256": scan.diff_id}


def check_layer(index: int, layer: LayerPlan, scan: BlobScan | None, *, filesystem: bool) -> Iterable[Diagnostic]:
    """Compare a layer with what its image says of it, and tell what could not be read."""
    what = layer.digest or layer.diff_id
    label = what.short if what is not None else f"number {index + 1}"
    if scan is None:
        code, lack = "layer-missing", "is missing: its blob is not stored here"
        if layer.name is not None:
            code, lack = "layer-unread", "was not read any more"
        elif layer.foreign:
            code, lack = "foreign-layer", "is distributed from elsewhere (a foreign layer) and its bytes are not here"
        yield Diagnostic("error", code, f"layer {label} {lack}", index, bytes=layer.size)
        return
    holds = mismatched = False
    for code, expected, found in _digests(layer, scan):
        if expected.algorithm not in found:
            text = f"a digest of layer {label} was not checked: {expected.algorithm} is not supported there"
            yield Diagnostic("skipped", "digest-unverified", text, index)
        elif found[expected.algorithm] == expected.encoded:
            holds = True
        else:
            mismatched = True
            text = f"layer {label} is not what its digest says: it was altered or damaged"
            yield Diagnostic("error", code, text, index)
    yield from scan.diagnostics(index, trusted=holds and not mismatched)
    if layer.encrypted:
        text = f"layer {label} is encrypted: decrypt the image before scanning it"
        yield Diagnostic("error", "encrypted", text, index, bytes=scan.stored)
    elif filesystem and scan.shape != "tar" and not scan.interrupted:
        how = f"it is {scan.foreign} data" if scan.foreign else "it is no tar in any compression that imgscan reads"
        yield Diagnostic("error", "layer-unreadable", f"layer {label} cannot be read: {how}", index, bytes=scan.stored)
    elif not filesystem and scan.foreign:
        text = f"{label} was searched as plain bytes only: it is {scan.foreign} data"
        yield Diagnostic("skipped", "unsupported", text, index, bytes=scan.stored)
