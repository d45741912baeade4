"""Scanning images: takes a source, yields a report for each of its images.

    Source -> Plan (which blobs make which image) -> LayerResult (each blob once) -> TargetReport

If a source can open its blobs in any order, the plan is made first and the blobs are scanned in parallel, in layer
order. If it can be read only once, the blobs are scanned as they go by and the plan is made at the end. The reports are
the same. The module is long, as it has all the steps of a source in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from imgscan.errors import UNTOUCHED, ImgscanError, TargetError
from imgscan.image.membernames import Room
from imgscan.image.parts import digest_in, name_of, printable
from imgscan.image.plan import ImagePlan, plan_images
from imgscan.model import Diagnostic, TargetReport
from imgscan.scan.crew import Crew, Task
from imgscan.scan.findings import Placed, diagnostics_of, findings_of
from imgscan.scan.image.assemble import Assembly, completed
from imgscan.scan.image.between import BesideSearch
from imgscan.scan.image.kept import KeptScan
from imgscan.scan.image.kepthits import Results
from imgscan.scan.image.strays import Roles, algorithms_for, doubts, holds_documents, stray_hits
from imgscan.scan.layer import scan_layer
from imgscan.scan.ledger import shown, unread_blob
from imgscan.scan.manyhits import ManyHits
from imgscan.scan.result import LayerResult
from imgscan.sources.recognise import open_source
from imgscan.streams.budget import PIPELINE
from imgscan.streams.inflate import MEMORY_HEAD, decoder_memory
from imgscan.streams.readers import Peekable, StreamError
from imgscan.streams.stop import is_interruption, patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from imgscan.image.documents import Platform
    from imgscan.image.plan import Plan
    from imgscan.scan.hits import Hit
    from imgscan.scan.image.assemble import TraceImage
    from imgscan.scan.session import Session
    from imgscan.sources.base import Source
    from imgscan.streams.readers import Reader
    from imgscan.streams.stop import Stop


@dataclass(frozen=True, slots=True)
class ImageScanner:
    """Scans images with one set of options.

    `platform` None means every platform that is there; `prefer` names the one to narrow that down to where an engine
    holds the image and has it for that. `trace_image` says where findings come from. `open_source` opens what the user
    typed.
    """

    session: Session
    platform: Platform | None = None
    prefer: Callable[[], Platform] | None = None
    trace_image: TraceImage | None = None
    open_source: Callable[[str, Stop], Source] = open_source

    def scan(self, target: str) -> Iterator[TargetReport]:
        """Scan what the user typed. Each image's report is yielded once it is complete.

        TargetError or UsageError if the target cannot be opened, or the scan is stopped before it is.
        """
        stop = self.session.stop
        try:
            source = patiently(lambda: self.open_source(target, stop), stop)
        except StreamError as error:
            if not is_interruption(error):
                raise
            raise TargetError(UNTOUCHED) from error
        self.session.concealer.engine.prepare()
        return _SourceScan(self, source, self.session.concealer.text(target)).reports()


class _SourceScan:
    """One source on its way from its blobs to its reports."""

    def __init__(self, scanner: ImageScanner, source: Source, target: str) -> None:
        self._scanner = scanner
        self._session = scanner.session
        self._source = source
        self._shelf = source.shelf
        self._target = target
        self._results = Results()
        self._followed = 0  # members that gave up their name to a later one, and whose results did too
        self._beside = BesideSearch(self._session)
        self._room = Room()
        self._noted: list[Diagnostic] = []

    def reports(self) -> Iterator[TargetReport]:
        """Read the blobs and return the reports; an error of the program does not take along what was found."""
        first = True
        try:
            for report in self._reports():
                yield report
                first = False
        except ImgscanError:
            raise
        except Exception as error:  # noqa: BLE001 - it is reported
            yield self._rescued(error, with_hits=first)

    def _rescued(self, error: Exception, *, with_hits: bool) -> TargetReport:
        """Report what was found although it could not be put in its place."""
        results = list(self._results.values()) if with_hits else []
        hits = (hit for result in results for hit in result.hits)
        left_out = sum(result.left_out for result in results)
        listed = findings_of(map(Placed, hits), self._session, left_out=left_out)
        failure = shown(unread_blob(None, error), self._session.concealer)
        noted = diagnostics_of((failure, *listed.noted, *self._noted), self._session)
        return TargetReport(
            self._target, kind="image", findings=listed.findings, diagnostics=noted, hidden=listed.hidden
        )

    def _reports(self) -> Iterator[TargetReport]:
        if self._source.seekable:
            plan = plan_images(self._shelf)
            roles = Roles(self._shelf, plan, self._select(plan))
            self._read_at_will(roles.wanted())
        else:
            self._read_as_they_come()
            instead = self._instead()
            if instead is not None:
                yield from _SourceScan(self._scanner, instead, self._target)._reports()  # noqa: SLF001 - its own kind
                return
            plan = plan_images(self._shelf)
            roles = Roles(self._shelf, plan, self._select(plan))
        beside = self._beside.finish()
        self._noted += [self._beside.failure] if self._beside.failure is not None else []
        kept = KeptScan(self._session, roles, self._results, self._room)
        others, noted = self._belonging_to_no_image(roles, kept)
        others = ManyHits(chain(others, beside)).kept()
        left_out = self._beside.left_out + sum(
            self._results[name].left_out for name in roles.strays if name in self._results
        )
        for number, each in enumerate(roles.images or (ImagePlan(),)):
            first, image = number == 0, completed(each, self._source.told)
            assembly = Assembly(
                session=self._session,
                target=self._target,
                plan=image._replace(documents=(*image.documents, *plan.documents)) if first else image,
                results=self._results,
                documents=kept.documents,
                inline=kept.inline,
                others=others if first else (),
                left_out=left_out if first else 0,
                noted=noted if first else (),
                trace_image=self._scanner.trace_image,
            )
            yield assembly.report()

    def _instead(self) -> Source | None:
        """Return the image that a supposed root filesystem is, if it has the documents of one and can be read again."""
        shelf, reopen = self._shelf, self._source.instead
        if reopen is None or self._session.interrupted or not holds_documents(self._results.get(shelf.root or "")):
            return None
        try:
            image = reopen()
        except OSError:
            return None  # then it stays in doubt, which is an error
        shelf.guessed = False
        return image

    def _belonging_to_no_image(self, roles: Roles, kept: KeptScan) -> tuple[Sequence[Hit], Sequence[Diagnostic]]:
        """Return the hits outside of images, and what is said of the source as a whole."""
        kept.read()
        others = stray_hits(roles, self._results, kept.hits, self._session.concealer)
        if self._session.interrupted:
            return others, ()  # an archive that was not read to its end looks broken in every way
        doubted = doubts(roles, self._results, kept.documents, others)
        left = roles.unsearched(self._results, kept.documents)
        return others, [*self._noted, *self._shelf.diagnostics, *roles.plan.diagnostics, *doubted, *left]

    def _read_at_will(self, wanted: Mapping[str, frozenset[str]]) -> None:
        session = self._session
        stored = sum(self._shelf.blobs.get(name, 0) for name in wanted)
        session.progress.begin(self._target, stored, len(wanted))
        budget = session.budget  # created here, before there are threads that would create several
        self._results = results = Results(wanted)

        def put(name: str, algorithms: frozenset[str]) -> None:
            results.put(name, read(name, algorithms))

        def read(name: str, algorithms: frozenset[str]) -> LayerResult:
            try:
                reader = self._source.open(name)
            except OSError as error:
                text = f"it cannot be opened: {error.strerror or error}"
                return LayerResult(
                    failure=Diagnostic("error", "read-error", text, path=session.concealer.text(printable(name)))
                )
            try:
                held = Peekable(reader)
                with budget.reserve(PIPELINE + decoder_memory(held.peek(MEMORY_HEAD))):
                    return self._blob(held, name, algorithms)
            finally:
                reader.close()

        tasks = {name: Task(partial(put, name, algorithms)) for name, algorithms in wanted.items()}
        self._beside.read(self._source)
        Crew(min(session.jobs, len(tasks)), "imgscan-blob", list(tasks.values()), session.stop).work()
        for name, task in tasks.items():
            if task.failure is not None:
                failure = shown(
                    unread_blob(name_of(name).encode("utf-8", "surrogateescape"), task.failure), session.concealer
                )
                results.put(name, LayerResult(failure=failure))

    def _read_as_they_come(self) -> None:
        session = self._session
        session.progress.begin(self._target, None, None)
        try:
            self._beside.read(self._source)
            for name, reader in self._source.blobs():
                self._follow()
                self._results.put(name, self._blob(reader, name, algorithms_for(digest_in(name))))
                if session.interrupted:
                    break
        except StreamError as error:
            self._noted.append(Diagnostic(error.severity, error.code, f"the image archive: {error}"))
        except OSError as error:
            text = f"the image archive cannot be read: {error.strerror or error}"
            self._noted.append(Diagnostic("error", "read-error", text))
        self._follow()
        if not session.interrupted:  # closing waits for a read that is under way, and that may never end
            self._source.close()

    def _follow(self) -> None:
        """Put the results of members under the keys that these have got since, because a later one has their name."""
        for name, key in self._shelf.moved[self._followed :]:
            if name in self._results:
                self._results.rename(name, key)
        self._followed = len(self._shelf.moved)

    def _blob(self, reader: Reader, name: str, algorithms: frozenset[str]) -> LayerResult:
        result = scan_layer(reader, self._session, name=name_of(name), algorithms=algorithms, room=self._room)
        self._session.progress.layer(len(result.hits))
        return result

    def _select(self, plan: Plan) -> Sequence[ImagePlan]:
        """Choose the images by platform."""
        images, wanted, prefer = plan.images, self._scanner.platform, self._scanner.prefer
        if wanted is not None:
            chosen = tuple(image for image in images if image.platform and image.platform.matches(wanted))
            if not chosen and images:
                present = ", ".join(sorted({str(image.platform or "unknown") for image in images}))
                text = f"the image is not stored here for {wanted}; it is here for: {present}"
                self._noted.append(Diagnostic("error", "platform-missing", text))
            return chosen
        if prefer is not None and self._source.told.reference is not None:
            preferred = prefer()
            return tuple(image for image in images if image.platform and image.platform.matches(preferred)) or images
        return images
