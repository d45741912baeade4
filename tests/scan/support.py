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
from imgscan.image.documents import parse_platform
from imgscan.image.plan import ImageDocument
from imgscan.scan.git.history import HistoryScanner
from imgscan.scan.hits import Concealer
from imgscan.scan.image.assemble import Policy
from imgscan.scan.image.fields import search_document
from imgscan.scan.image.images import ImageScanner
from imgscan.scan.inside.nest import Nest
from imgscan.scan.layer import scan_blob
from imgscan.scan.progress import Progress
from imgscan.scan.search import WINDOW, JoinedSearch, StreamSearch
from imgscan.sources.base import StreamSource
from imgscan.sources.recognise import open_source
from imgscan.streams.tar import TarWalker
from tests.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from imgscan.model import Finding, TargetReport
    from imgscan.scan.git.scope import Scope
    from imgscan.scan.hits import Hit
    from imgscan.scan.inside.limits import Limits
    from imgscan.scan.layer import BlobScan
    from imgscan.sources.base import Source
    from imgscan.sources.gitrepo import Repository
    from imgscan.streams.readers import Reader
    from imgscan.streams.spool import Spool

NOW = 1_767_225_600.0
"""2026-01-01, so that no test depends on the day it runs."""


@cache
def concealer() -> Concealer:
    """Give the detector as a scan uses it."""
    return Concealer(Engine(now=NOW))


@cache
def plain_concealer() -> Concealer:
    """Give the same without the screen."""
    return Concealer(Engine(now=NOW, screen=False))


@contextmanager
def short_sight() -> Iterator[Concealer]:
    """Give a detector that looks 600 bytes around instead of 64 KiB, so that small streams make many windows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "SIBLING", 600)
        yield Concealer(Engine(now=NOW))


def search(
    data: bytes,
    *,
    tar: bool = True,
    chunk: int = 1 << 20,
    window: int = 1 << 20,
    by: Concealer | None = None,
    name: bytes = b"blob",
) -> list[Hit]:
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
) -> list[Hit]:
    """Search a stream that comes in these pieces."""
    stream = StreamSearch(by or concealer(), name=name, walker=TarWalker() if tar else None, window=window)
    for piece in pieces:
        stream.feed(piece)
    stream.finish()
    return stream.hits


def joined_search(by: Concealer | None = None, *, window: int = WINDOW) -> JoinedSearch:
    """Give a search over files that are put one after another."""
    return JoinedSearch(by or concealer(), window=window)


def search_fields(path: str, document: object, history: tuple[int | None, ...] = ()) -> list[Hit]:
    """Search a document of an image, whose history entries made these layers."""
    return search_document(ImageDocument(path, document), concealer(), history)


def look(
    layer: bytes | Reader, *, limits: Limits | None = None, spool: Spool | None = None, read: int = 1 << 20
) -> BlobScan:
    """Scan the bytes of a layer, in reads of a given size, and look into the containers that it holds."""
    reader = Trickle(layer, read) if isinstance(layer, bytes) else layer
    return scan_blob(reader, concealer(), name="layer", nest=Nest(concealer(), limits, spool))


def digest(secret: str | bytes) -> str:
    """Give what a finding has in place of a secret."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest()


def scan(
    target: Path | str | bytes | StreamSource,
    *,
    window: int = WINDOW,
    jobs: int = 1,
    size: int = 1 << 20,
    by: Concealer | None = None,
    policy: Policy | None = None,
    platform: str | None = None,
) -> list[TargetReport]:
    """Scan what stands at a path, bytes that come on standard input in reads of `size` bytes, or a source."""
    source: Source
    if isinstance(target, bytes):
        source = open_source("-", stdin=Trickle(target, size))
    elif isinstance(target, StreamSource):
        source = target
    else:
        source = open_source(str(target))
    scanner = ImageScanner(
        concealer=by or concealer(),
        policy=policy or Policy(),
        progress=Progress(),
        jobs=jobs,
        window=window,
        platform=parse_platform(platform) if platform else None,
    )
    return list(scanner.scan(source, "target"))


def scan_repository(repository: Repository, scope: Scope, policy: Policy | None = None) -> TargetReport:
    """Scan a part of a repository."""
    return HistoryScanner(repository, plain_concealer(), policy or Policy(), Progress()).scan(scope)


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


def told(findings: tuple[Finding, ...]) -> list[Told]:
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
