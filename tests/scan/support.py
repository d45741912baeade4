"""Running a scan in each way it can be run, with plain values out.

The tests of this folder call the scanner through here (trees of files: `trees.py`), so that a change of its
signatures is made in one place.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest

from imgscan.detect import Engine, context
from imgscan.detect.stripe import STRIPE
from imgscan.image.documents import parse_platform
from imgscan.image.plan import ImageDocument
from imgscan.scan.git.history import HistoryScanner
from imgscan.scan.hits import Concealer
from imgscan.scan.image.fields import document_hits
from imgscan.scan.image.images import ImageScanner
from imgscan.scan.layer import TarPour, scan_layer
from imgscan.scan.limits import Limits
from imgscan.scan.manyhits import HitLog
from imgscan.scan.policy import Policy
from imgscan.scan.pour import FilePour
from imgscan.scan.search import WINDOW, JoinedSearch
from imgscan.scan.session import Session
from imgscan.sources.base import Source
from imgscan.sources.recognise import open_source
from imgscan.streams.stop import Stop
from tests.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from imgscan.image.lifecycle import Trail
    from imgscan.model import Diagnostic, Finding, Secret, TargetReport
    from imgscan.scan.git.scope import Scope
    from imgscan.scan.hits import Hit
    from imgscan.scan.regions import JoinedFile
    from imgscan.sources.gitrepo import Repository
    from imgscan.streams.readers import Reader
    from imgscan.streams.spool import Spool

NOW = 1_767_225_600.0
"""2026-01-01, so that no test depends on the day it runs."""


@cache
def concealer() -> Concealer:
    """Return the detector as a scan uses it."""
    return Concealer(Engine(STRIPE, now=NOW))


@cache
def plain_concealer() -> Concealer:
    """Return the same without the screen."""
    return Concealer(Engine(STRIPE, now=NOW, screen=False))


@contextmanager
def short_sight() -> Iterator[Concealer]:
    """Yield a detector that looks 600 bytes around instead of 64 KiB, so that small streams make many windows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "SIBLING", 600)
        yield Concealer(Engine(STRIPE, now=NOW))


class Seen(NamedTuple):
    """A hit, flat."""

    name: bytes
    path: str
    path_bytes: bytes | None
    member: int
    layer: int | None
    line: int | None
    column: int | None
    end_line: int | None
    end_column: int | None
    offset: int | None
    length: int | None
    encoding: str
    field: str | None
    commit: str | None
    trail: Trail
    rule_id: str
    confidence: str
    secret: Secret


def seen(hit: Hit) -> Seen:
    """Flatten a hit."""
    place = hit.location
    return Seen(
        name=place.path_bytes if place.path_bytes is not None else place.path.encode(),
        path=place.path,
        path_bytes=place.path_bytes,
        member=hit.member,
        layer=place.layer,
        line=place.line,
        column=place.column,
        end_line=place.end_line,
        end_column=place.end_column,
        offset=place.offset,
        length=place.length,
        encoding=place.encoding,
        field=place.field,
        commit=place.commit,
        trail=hit.trail,
        rule_id=hit.rule_id,
        confidence=hit.confidence,
        secret=hit.secret,
    )


def search(
    data: bytes,
    *,
    tar: bool = True,
    chunk: int = 1 << 20,
    window: int = 1 << 20,
    by: Concealer | None = None,
    name: bytes = b"blob",
) -> list[Seen]:
    """Search a stream that comes in chunks of this size."""
    pieces = (data[at : at + chunk] for at in range(0, len(data), chunk))
    return search_pieces(pieces, tar=tar, window=window, by=by, name=name)


def search_pieces(
    pieces: Iterable[bytes],
    *,
    tar: bool = True,
    window: int = 1 << 20,
    by: Concealer | None = None,
    name: bytes = b"blob",
) -> list[Seen]:
    """Search a stream that comes in these pieces."""
    session = Session(by or concealer(), window=window)
    if not tar:
        files = FilePour(session)
        files.file(-1, name, pieces, look=False)
        return [seen(hit) for hit in files.finish()]
    members = TarPour(session, name, look=False)
    for piece in pieces:
        members.feed(piece)
    return [seen(hit) for hit in members.finish()]


class FileLog(HitLog):
    """Logs hits with the files that hold them."""

    def take(self, hit: Hit, file: JoinedFile | None = None) -> None:
        """Take a hit."""
        self.add(hit, file)


def joined_search(by: Concealer | None = None, *, window: int = WINDOW) -> JoinedSearch:
    """Return a search over files that are put one after another."""
    return JoinedSearch(by or concealer(), window=window, found=FileLog())


def found_in(stream: JoinedSearch) -> list[tuple[JoinedFile, Seen]]:
    """Return what a search has found, with the files that hold it."""
    return [(file, seen(hit)) for file, hit in zip(stream.found.tokens, stream.found.hits, strict=True)]


def search_fields(path: str, document: object, history: tuple[int | None, ...] = ()) -> list[Seen]:
    """Search a document of an image, whose history entries made these layers."""
    return [seen(hit) for hit in document_hits(ImageDocument(path, document), concealer(), history)]


class Looked(NamedTuple):
    """What came of a layer: what was found, what was not read, and how many bytes came out of containers."""

    hits: list[Seen]
    lacks: list[Diagnostic]
    expanded: int


def look(
    layer: bytes | Reader, *, limits: Limits | None = None, spool: Spool | None = None, read: int = 1 << 20
) -> Looked:
    """Scan the bytes of a layer, in reads of a given size, and look into the containers that it holds."""
    reader = Trickle(layer, read) if isinstance(layer, bytes) else layer
    session = Session(concealer(), limits=limits or Limits())
    if spool is not None:
        session.__dict__["spool"] = spool
    result = scan_layer(reader, session, name="layer")
    return Looked([seen(hit) for hit in result.hits], list(result.unread), result.expanded)


def digest(secret: str | bytes) -> str:
    """Return what a finding has in place of a secret."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest()


def scan(
    target: Path | str | bytes | Source,
    *,
    window: int = WINDOW,
    jobs: int = 1,
    size: int = 1 << 20,
    by: Concealer | None = None,
    policy: Policy | None = None,
    platform: str | None = None,
    stop: Stop | None = None,
) -> list[TargetReport]:
    """Scan what is at a path, bytes that come on standard input in reads of `size` bytes, or a source."""

    def opened(_target: str, stop: Stop) -> Source:
        if isinstance(target, bytes):
            return open_source("-", stop, stdin=Trickle(target, size))
        return target if isinstance(target, Source) else open_source(str(target), stop)

    scanner = ImageScanner(
        Session(by or concealer(), policy=policy or Policy(), jobs=jobs, window=window, stop=stop or Stop()),
        platform=parse_platform(platform) if platform else None,
        open_source=opened,
    )
    return list(scanner.scan("target"))


def scan_repository(
    repository: Repository,
    scope: Scope,
    policy: Policy | None = None,
    *,
    jobs: int = 1,
    by: Concealer | None = None,
    stop: Stop | None = None,
) -> TargetReport:
    """Scan a part of a repository."""
    session = Session(by or plain_concealer(), policy=policy or Policy(), jobs=jobs, stop=stop or Stop())
    (report,) = HistoryScanner(session, repository, [scope]).scan(scope.label)
    return report


class Told(NamedTuple):
    """What must be the same of a finding wherever its image comes from."""

    rule: str
    sha256: str
    path: str
    layer: int | None
    line: int | None
    column: int | None
    offset: int | None
    encoding: str
    field: str | None
    life: tuple[str, int | None] | None
    account: str | None
    confidence: str
    fingerprint: str


def told(findings: Sequence[Finding]) -> list[Told]:
    """Reduce findings to that, in their order."""
    return [
        Told(
            finding.rule_id,
            finding.secret.sha256,
            finding.location.path,
            finding.location.layer,
            finding.location.line,
            finding.location.column,
            finding.location.offset,
            finding.location.encoding,
            finding.location.field,
            (finding.visibility.state, finding.visibility.layer) if finding.visibility else None,
            finding.secret.account,
            finding.confidence,
            finding.fingerprint,
        )
        for finding in findings
    ]


def codes(report: TargetReport) -> list[str]:
    """List the codes of a report's errors."""
    return [diagnostic.code for diagnostic in report.diagnostics if diagnostic.severity == "error"]
