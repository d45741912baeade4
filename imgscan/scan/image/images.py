"""Scanning images: a source in, a report for each image of it out.

    Source -> Plan (which blobs make which image) -> BlobScan (each blob once) -> TargetReport

A source that opens its blobs at will has its plan first and its blobs scanned in parallel, in layer order; one that
passes once has its blobs scanned as they go by and its plan made at the end. The reports are the same.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from imgscan.image.documents import parse_text
from imgscan.image.parts import altered, digest_in
from imgscan.image.plan import ImageDocument, ImagePlan, LayerPlan, Plan, plan_images
from imgscan.model import Diagnostic
from imgscan.scan.crew import Crew, Task
from imgscan.scan.image.assemble import Assembly, Placed, Policy
from imgscan.scan.image.fields import search_document
from imgscan.scan.inside.limits import Limits
from imgscan.scan.inside.nest import Nest
from imgscan.scan.layer import INTERRUPTED, BlobScan, interruption, scan_blob
from imgscan.scan.search import WINDOW
from imgscan.sources.base import RootfsSource, ShelfSource, StreamSource
from imgscan.streams.budget import PIPELINE, Budget
from imgscan.streams.inflate import MEMORY_HEAD, StreamError, decoder_memory
from imgscan.streams.readers import BytesReader, Peekable
from imgscan.streams.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imgscan.image.documents import Platform
    from imgscan.model import Digest, TargetReport
    from imgscan.scan.hits import Concealer
    from imgscan.scan.image.assemble import TraceImage
    from imgscan.scan.progress import Progress
    from imgscan.sources.base import Shelf, Source
    from imgscan.streams.readers import Reader

_IMAGE_DOCUMENTS = (b"manifest.json", b"oci-layout", b"repositories")


@dataclass(slots=True)
class ImageScanner:
    """Scans sources with one set of options.

    `platform` None means every platform that is there; `prefer` narrows that down where it is among them. `jobs` is
    how many blobs are read at a time.
    """

    concealer: Concealer
    policy: Policy
    progress: Progress
    jobs: int = 1
    platform: Platform | None = None
    prefer: Platform | None = None
    window: int = WINDOW
    trace_image: TraceImage | None = None
    limits: Limits = field(default_factory=Limits)
    _stop: threading.Event = field(default_factory=threading.Event)
    _budget: Budget = field(default_factory=Budget)
    _spool: Spool = field(init=False)

    def __post_init__(self) -> None:
        self._spool = Spool(quota=self.limits.spool)

    def scan(self, source: Source, target: str) -> Iterator[TargetReport]:
        """Scan a source; `target` is what the user typed. Each image's report comes as soon as it is whole."""
        target = self.concealer.text(target)
        if isinstance(source, ShelfSource):
            yield from self._scan_shelf(source, target)
        elif isinstance(source, StreamSource):
            yield from self._scan_stream(source, target)
        else:
            yield self._scan_rootfs(source, target)

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped the scan."""
        return self._stop.is_set()

    def _advance(self, count: int) -> None:
        if self._stop.is_set():
            raise interruption()
        self.progress.advance(count)

    def _blob(self, reader: Reader, name: str, algorithms: frozenset[str]) -> BlobScan:
        scan = scan_blob(
            reader,
            self.concealer,
            name=name,
            algorithms=algorithms,
            progress=self._advance,
            nest=Nest(self.concealer, self.limits, self._spool, self._stop, window=self.window),
            window=self.window,
        )
        if scan.interrupted:
            self._stop.set()
        self.progress.layer(len(scan.hits))
        return scan

    # any order

    def _scan_shelf(self, source: ShelfSource, target: str) -> Iterator[TargetReport]:
        plan = plan_images(source.shelf)
        images, diagnostics = self._select(plan)
        wanted: dict[str, frozenset[str]] = {}
        for image in images:
            for layer in image.layers:
                if layer.name is not None:
                    wanted[layer.name] = wanted.get(layer.name, frozenset()) | _algorithms(layer.digest)
        for name in plan.unclaimed:
            if name in source.shelf.blobs:
                wanted.setdefault(name, _algorithms(digest_in(name)))
        stored = sum(source.shelf.blobs.get(name, 0) for name in wanted)
        self.progress.begin(target, stored, len(wanted))
        tasks = {name: Task(partial(self._open, source, name, algorithms)) for name, algorithms in wanted.items()}
        Crew(min(max(1, self.jobs), len(tasks)), "imgscan-blob", list(tasks.values()), self._stop).work()
        scans = {name: task.result for name, task in tasks.items() if task.result is not None}
        yield from self._reports(source.shelf, plan, images, scans, target, diagnostics)

    def _open(self, source: ShelfSource, name: str, algorithms: frozenset[str]) -> BlobScan:
        try:
            reader = source.open(name)
        except OSError as error:
            text = f"it cannot be opened: {error.strerror or error}"
            return BlobScan(name, failure=StreamError("read-error", text))
        try:
            held = Peekable(reader)
            with self._budget.reserve(PIPELINE + decoder_memory(held.peek(MEMORY_HEAD))):
                return self._blob(held, name, algorithms)
        finally:
            reader.close()

    # one pass

    def _scan_stream(self, source: StreamSource, target: str) -> Iterator[TargetReport]:
        self.progress.begin(target, None, None)
        scans: dict[str, BlobScan] = {}
        diagnostics = []
        try:
            for name, reader in source.blobs():
                scans[name] = self._blob(reader, name, _algorithms(digest_in(name)))
                if self._stop.is_set():
                    break
        except StreamError as error:
            diagnostics.append(Diagnostic(error.severity, error.code, f"the image archive: {error}"))
        except OSError as error:
            text = f"the image archive cannot be read: {error.strerror or error}"
            diagnostics.append(Diagnostic("error", "read-error", text))
        except KeyboardInterrupt:
            self._stop.set()
        if not self._stop.is_set():  # closing waits for a read that is under way, and that may never end
            source.close()
        plan = plan_images(source.shelf)
        images, wrong = self._select(plan)
        yield from self._reports(source.shelf, plan, images, scans, target, [*diagnostics, *wrong], source)

    def _scan_rootfs(self, source: RootfsSource, target: str) -> TargetReport:
        self.progress.begin(target, None, None)
        try:
            scan = self._blob(source.reader, source.name, frozenset(("sha256",)))
        finally:
            source.reader.close()
        wrong = []
        if source.guessed and scan.names is not None and scan.names.holds(*_IMAGE_DOCUMENTS):
            text = "read as a root filesystem, but it holds an image's manifest: say docker-archive:- or rootfs:-"
            wrong = [Diagnostic("error", "kind-unclear", text)]
        return self._assembly(target, wrong).image(ImagePlan(layers=(LayerPlan(scan.name),)), {scan.name: scan})

    # reports

    def _select(self, plan: Plan) -> tuple[Sequence[ImagePlan], list[Diagnostic]]:
        """Choose the images by platform."""
        images = plan.images
        if self.platform is not None:
            chosen = tuple(image for image in images if image.platform and image.platform.matches(self.platform))
            if chosen or not images:
                return chosen, []
            present = ", ".join(sorted({str(image.platform or "unknown") for image in images}))
            text = f"the image is not here for {self.platform}; here it is for: {present}"
            return (), [Diagnostic("error", "platform-missing", text)]
        if self.prefer is not None:
            preferred = tuple(image for image in images if image.platform and image.platform.matches(self.prefer))
            return preferred or images, []
        return images, []

    def _assembly(self, target: str, diagnostics: Sequence[Diagnostic]) -> Assembly:
        assembly = Assembly(
            target, self.concealer, self.policy, diagnostics=list(diagnostics), trace_image=self.trace_image
        )
        if self._stop.is_set():
            text = "the scan was interrupted: what follows is what was found until then"
            assembly.diagnostics.insert(0, Diagnostic("error", INTERRUPTED, text))
        return assembly

    def _reports(
        self,
        shelf: Shelf,
        plan: Plan,
        images: Sequence[ImagePlan],
        scans: dict[str, BlobScan],
        target: str,
        diagnostics: Sequence[Diagnostic],
        stream: StreamSource | None = None,
    ) -> Iterator[TargetReport]:
        shared = [*diagnostics, *shelf.diagnostics, *plan.diagnostics]
        if self._stop.is_set():
            shared = []  # an archive that was not read to its end looks broken in every way
        inline = {
            str(layer.digest): self._blob(BytesReader(layer.inline), str(layer.digest), _algorithms(layer.digest))
            for image in images
            for layer in image.layers
            if layer.name is None and layer.inline is not None
        }
        for image in images:  # a document that an image has as a layer is searched as a file, like any other blob
            for layer in image.layers:
                if layer.name is not None and layer.name not in scans and layer.name in shelf.documents:
                    data = BytesReader(shelf.documents[layer.name])
                    scans[layer.name] = self._blob(data, layer.name, _algorithms(layer.digest))
        others = self._others(shelf, plan, images, scans)
        if any(placed.hit.member < 0 and placed.hit.path.endswith("/json") for placed in others):
            text = "the image's old description (ID/json) holds a credential that its config lacks: one was altered"
            shared.append(Diagnostic("error", "documents-disagree", text))
        if not self._stop.is_set():
            shared += _strays(shelf, plan, scans)
        for number, image in enumerate(images or (ImagePlan(),)):
            described = _with_engine(image, stream)
            layers = tuple(
                layer._replace(name=str(layer.digest)) if layer.name is None and str(layer.digest) in inline else layer
                for layer in described.layers
            )
            assembly = self._assembly(target, shared if number == 0 else [])
            extra = others if number == 0 else ()
            yield assembly.image(described._replace(layers=layers), scans | inline, extra)

    def _others(
        self, shelf: Shelf, plan: Plan, images: Sequence[ImagePlan], scans: dict[str, BlobScan]
    ) -> list[Placed]:
        """Give the hits of members that no image refers to, except copies of what an image has."""
        claimed = {layer.name for image in plan.images for layer in image.layers}
        contents = {scan.diff_id for name, scan in scans.items() if name in claimed}
        placed = []
        for name in plan.unclaimed:
            if name in shelf.documents:
                document = ImageDocument(name, parse_text(shelf.documents[name]))
                placed += [Placed(hit, None) for hit in search_document(document, self.concealer, ())]
            elif name in scans and scans[name].diff_id not in contents:
                placed += [Placed(hit, None, blob=name) for hit in scans[name].hits]
        if all(each.blob is not None for each in placed):
            return placed
        told = {
            hit.secret.sha256
            for image in images
            for document in image.documents
            for hit in search_document(document, self.concealer, ())
        }
        return [each for each in placed if each.blob is not None or each.hit.secret.sha256 not in told]


def _strays(shelf: Shelf, plan: Plan, scans: Mapping[str, BlobScan]) -> Iterator[Diagnostic]:
    """Tell what is wrong with members that no image refers to: they are searched too, so a lack must be known."""
    for name in plan.unclaimed:
        scan, expected = scans.get(name), digest_in(name)
        if expected is None or not expected.verifiable:
            holds = None
        elif scan is None:
            holds = name not in shelf.documents or not altered(shelf.documents[name], expected)
        else:
            holds = scan.digests.get(expected.algorithm, expected.encoded) == expected.encoded
        if holds is False:
            text = "a member that no image refers to is not what its name says: it was altered"
            yield Diagnostic("error", "blob-digest", text, path=name)
        for lack in scan.diagnostics(None, trusted=holds is True) if scan is not None else ():
            text = f"in a member that no image refers to: {lack.message}"
            yield replace(lack, severity="skipped", message=text)


def _algorithms(expected: Digest | None) -> frozenset[str]:
    """Tell which hash a blob needs so that it can be compared with the digest that names it."""
    return frozenset((expected.algorithm,)) if expected is not None and expected.verifiable else frozenset()


def _with_engine(image: ImagePlan, stream: StreamSource | None) -> ImagePlan:
    """Add what an engine said of the image before it sent it, and notice where it sent another."""
    if stream is None:
        return image
    wrong: tuple[Diagnostic, ...] = ()
    if stream.diff_ids is not None and image.config is not None and image.config.diff_ids is not None:
        sent = tuple(str(diff_id) for diff_id in image.config.diff_ids)
        if sent != stream.diff_ids:
            text = "the engine sent other layers than it lists for the image: was it tagged anew meanwhile?"
            wrong = (Diagnostic("error", "engine-layers", text),)
    return image._replace(
        reference=stream.reference or image.reference,
        digest=image.digest or stream.digest,
        diagnostics=(*image.diagnostics, *wrong),
    )
