"""The scanner as a library: one session, three scanners with one interface, and two generators for other programs."""

from __future__ import annotations

import hashlib
import os
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from imgscan.detect import Engine
from imgscan.detect.stripe import STRIPE
from imgscan.errors import TargetError
from imgscan.scan.hits import Concealer
from imgscan.scan.limits import Limits
from imgscan.scan.policy import Policy
from imgscan.scan.progress import Progress
from imgscan.scan.session import Session
from imgscan.streams.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from imgscan.image.documents import Platform
    from imgscan.model import Confidence, Diagnostic, Finding, TargetReport
    from imgscan.scan.git.scope import Scope
    from imgscan.scan.image.assemble import TraceImage
    from imgscan.sources.gitrepo import Repository

_MOST_JOBS = 8


class Options(NamedTuple):
    """How to scan, with the command line's defaults.

    `include` may name `examples` and `publishable`. `platform` is `OS/ARCH[/VARIANT]`, `all`, or None for the
    default: every platform of a file, the host's of an engine. `jobs` is how many blobs are read at once, None for
    one per processor. `reveal` puts whole secrets into the findings. `exclude` are globs of what is left out of a
    folder, in the syntax of gitignore(5) and relative to it; `gitignore` obeys the `.gitignore` files in it too.
    `screen` is that of `Engine`: False for so few bytes that setting Hyperscan up would take longer than searching.
    `limits` is where to stop looking into containers. `origins` says where the findings of an image come from: by
    `dockerfile` or one that is in the working folder and matches, and by the files below `source_root`. `comments`
    honours comments that suppress a line (`imgscan:allow`).
    """

    include: frozenset[str] = frozenset()
    min_confidence: Confidence = "medium"
    platform: str | None = None
    jobs: int | None = None
    reveal: bool = False
    exclude: tuple[str, ...] = ()
    gitignore: bool = False
    screen: bool | None = None
    comments: bool = True
    limits: Limits | None = None
    origins: bool = False
    dockerfile: Path | None = None
    source_root: Path | None = None


def default_jobs() -> int:
    """Return the number of processors that this process may use, at most eight."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        count = os.cpu_count() or 1
    return min(count, _MOST_JOBS)


def host_platform() -> Platform:
    """Return the platform that an engine on this machine runs: Linux, even if it runs in a virtual machine."""
    import platform  # noqa: PLC0415 - seldom needed

    from imgscan.image.documents import parse_platform  # noqa: PLC0415 - a git hook does without

    return parse_platform(f"linux/{platform.machine() or 'amd64'}")


class Scanner(Protocol):
    """One way to scan: images, files or a git history. It takes what the user typed and yields reports."""

    def scan(self, target: str) -> Iterator[TargetReport]:
        """Scan a target. TargetError or UsageError if it cannot be opened."""


def open_session(options: Options, progress: Progress | None = None, stop: Stop | None = None) -> Session:
    """Set up what all scans of a run share, with one detector. `stop` ends them, from any thread."""
    return Session(
        concealer=Concealer(Engine(STRIPE, screen=options.screen), reveal=options.reveal),
        policy=Policy(options.include, options.min_confidence, options.comments),
        limits=options.limits or Limits(),
        progress=progress or Progress(),
        jobs=options.jobs or default_jobs(),
        stop=stop or Stop(),
    )


def image_scanner(session: Session, options: Options) -> Scanner:
    """Return the scanner of images, with one report per platform. UsageError for an invalid platform."""
    from imgscan.image.documents import parse_platform  # noqa: PLC0415 - a git hook does without all of this
    from imgscan.scan.image.images import ImageScanner  # noqa: PLC0415

    everything = options.platform == "all"
    return ImageScanner(
        session,
        platform=None if options.platform is None or everything else parse_platform(options.platform),
        prefer=None if everything else host_platform,
        trace_image=_trace_image(session, options),
    )


def file_scanner(session: Session, options: Options) -> Scanner:
    """Return the scanner of a file, the files below a folder, or standard input (`-`): one report each."""
    from imgscan.scan.tree.files import FileScanner  # noqa: PLC0415 - as above

    return FileScanner(session, options.exclude, options.gitignore)


def history_scanner(session: Session, repository: Repository, scopes: Sequence[Scope]) -> Scanner:
    """Return the scanner of parts of a git repository, with one report each. TargetError if git knows no such part."""
    from imgscan.scan.git.history import HistoryScanner  # noqa: PLC0415 - seldom needed

    return HistoryScanner(session, repository, scopes)


def _trace_image(session: Session, options: Options) -> TraceImage | None:
    if not options.origins:
        return None
    if options.dockerfile is not None or options.source_root is not None:
        return _tracing(session, options)
    tracing = cache(partial(_tracing, session, options))  # only an image with findings and a history waits for it
    return lambda history, layers: tracing()(history, layers) if history else None


def _tracing(session: Session, options: Options) -> TraceImage:
    """Set up the tracing of findings to lines. TargetError if the named Dockerfile cannot be read."""
    from imgscan.scan.position import HEAD, charset_of  # noqa: PLC0415 - seldom needed
    from imgscan.triage.given import Tracer  # noqa: PLC0415

    engine = session.concealer.engine

    def find(data: bytes) -> list[tuple[str, int]]:
        binary = charset_of(data[:HEAD]) == "binary"
        return [(hashlib.sha256(match.secret).hexdigest(), match.start) for match in engine.search(data, binary=binary)]

    try:
        tracer = Tracer(find, dockerfile=options.dockerfile, source_root=options.source_root)
    except OSError as error:
        raise TargetError(f"{options.dockerfile} cannot be read: {error.strerror or error}") from error

    return tracer.image


def scan_image(
    target: str,
    *,
    platform: str | None = None,
    include: Sequence[str] = (),
    min_confidence: Confidence = "medium",
    jobs: int | None = None,
) -> Iterator[Finding | Diagnostic]:
    """Scan an image and yield what was found and what could not be scanned, image by image, layer by layer.

    `target` is what `imgscan image` accepts: a path, a name that a container engine knows, or `SCHEME:REST`. The
    other arguments are those of the command line. Raises TargetError or EngineError if there is no such image,
    UsageError or ValueError if the request makes no sense.
    """
    options = Options(frozenset(include), min_confidence, platform, jobs)
    for report in image_scanner(open_session(options), options).scan(target):
        yield from report.findings
        yield from report.diagnostics


def scan_path(
    path: str | os.PathLike[str],
    *,
    include: Sequence[str] = (),
    min_confidence: Confidence = "medium",
    exclude: Sequence[str] = (),
    jobs: int | None = None,
) -> Iterator[Finding | Diagnostic]:
    """Scan a file, or every file below a folder, and yield what was found and what could not be scanned.

    Links in the folder are not followed. `exclude` are globs as for `imgscan fs --exclude`. Raises TargetError if there
    is no such file or folder, UsageError if a glob is malformed.
    """
    options = Options(frozenset(include), min_confidence, jobs=jobs, exclude=tuple(exclude))
    for report in file_scanner(open_session(options), options).scan(os.fspath(path)):
        yield from report.findings
        yield from report.diagnostics
