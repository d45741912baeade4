"""The scanner as a library: two generators and one builder that the command line shares."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect import Engine, prepare
from imgscan.errors import TargetError
from imgscan.scan.hits import Concealer
from imgscan.scan.image.assemble import Policy
from imgscan.scan.inside.limits import Limits
from imgscan.scan.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
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
    default: every platform of a file, the host's of an engine. `jobs` is how many blobs are read at a time, None for
    one a processor. `reveal` puts whole secrets into the findings. `exclude` are globs of what is left out of a
    folder, in the grammar of gitignore(5) and relative to it; `gitignore` obeys the `.gitignore` files in it too.
    `screen` is that of `Engine`: False for so few bytes that setting Hyperscan up would take longer than searching.
    `limits` is where to stop looking into containers. `origins` says where the findings of an image come from: by
    `dockerfile` or one that lies in the working folder and matches, and by the files below `source_root`. `comments`
    lets through what a comment on its line says (`imgscan:allow`).
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
    """Give the number of processors that this process may use, at most eight."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        count = os.cpu_count() or 1
    return min(count, _MOST_JOBS)


def host_platform() -> Platform:
    """Give the platform that an engine on this machine runs: Linux, also where it runs in a virtual machine."""
    import platform  # noqa: PLC0415 - seldom needed

    from imgscan.image.documents import parse_platform  # noqa: PLC0415 - a git hook does without

    return parse_platform(f"linux/{platform.machine() or 'amd64'}")


class Scanner:
    """One engine, used for any number of targets."""

    def __init__(self, options: Options, progress: Progress | None = None) -> None:
        self.options = options
        self.engine = Engine(screen=options.screen)
        self.concealer = Concealer(self.engine, reveal=options.reveal)
        self._policy = Policy(options.include, options.min_confidence, options.comments)
        self._progress = progress or Progress()
        self.interrupted = False

    def image(self, target: str) -> Iterator[TargetReport]:
        """Scan an image, a report for each of its platforms. TargetError or UsageError where it cannot be opened."""
        from imgscan.image.documents import parse_platform  # noqa: PLC0415 - a git hook does without all of this
        from imgscan.scan.image.images import ImageScanner  # noqa: PLC0415
        from imgscan.sources.base import StreamSource  # noqa: PLC0415
        from imgscan.sources.recognise import open_source  # noqa: PLC0415

        options = self.options
        everything = options.platform == "all"
        wanted = None if options.platform is None or everything else parse_platform(options.platform)
        source = open_source(target)
        prepare()
        engine = isinstance(source, StreamSource) and source.reference is not None
        scanner = ImageScanner(
            concealer=self.concealer,
            policy=self._policy,
            progress=self._progress,
            jobs=options.jobs or default_jobs(),
            limits=options.limits or Limits(),
            platform=wanted,
            prefer=host_platform() if engine and not everything else None,
            trace_image=self._trace_image(),
        )
        for report in scanner.scan(source, target):
            self.interrupted = self.interrupted or scanner.interrupted
            yield report

    def _trace_image(self) -> TraceImage | None:
        options = self.options
        if not options.origins:
            return None
        if options.dockerfile is not None or options.source_root is not None:
            return self._tracing()
        tracing = cache(self._tracing)  # for an image with findings and a history: nobody else waits for its modules
        return lambda history, layers: tracing()(history, layers) if history else None

    def _tracing(self) -> TraceImage:
        """Set up the tracing of findings to lines. TargetError where the Dockerfile that was named cannot be read."""
        from imgscan.scan.position import HEAD, charset_of  # noqa: PLC0415 - seldom needed
        from imgscan.triage.given import Tracer  # noqa: PLC0415

        def find(data: bytes) -> list[tuple[str, int]]:
            binary = charset_of(data[:HEAD]) == "binary"
            matches = self.engine.search(data, binary=binary)
            return [(hashlib.sha256(match.secret).hexdigest(), match.start) for match in matches]

        options = self.options
        try:
            tracer = Tracer(find, dockerfile=options.dockerfile, source_root=options.source_root)
        except OSError as error:
            raise TargetError(f"{options.dockerfile} cannot be read: {error.strerror or error}") from error

        return tracer.image

    def path(self, target: str) -> Iterator[TargetReport]:
        """Scan a file, the files below a folder, or standard input (`-`), as files: one report."""
        from imgscan.scan.tree.files import FileScanner  # noqa: PLC0415 - likewise

        options = self.options
        scanner = FileScanner(
            concealer=self.concealer,
            policy=self._policy,
            progress=self._progress,
            jobs=options.jobs or default_jobs(),
            exclude=options.exclude,
            gitignore=options.gitignore,
            limits=options.limits or Limits(),
        )
        report = scanner.scan(target)
        self.interrupted = self.interrupted or scanner.interrupted
        yield report

    def git(self, repository: Repository, scopes: Iterable[Scope]) -> Iterator[TargetReport]:
        """Scan parts of a git repository, a report for each. TargetError where git does not know what is named."""
        from imgscan.scan.git.history import HistoryScanner  # noqa: PLC0415 - seldom needed

        scanner = HistoryScanner(repository, self.concealer, self._policy, self._progress, self.options.limits)
        for scope in scopes:
            report = scanner.scan(scope)
            self.interrupted = scanner.interrupted
            yield report
            if self.interrupted:
                return


def scan_image(
    target: str,
    *,
    platform: str | None = None,
    include: Sequence[str] = (),
    min_confidence: Confidence = "medium",
    jobs: int | None = None,
) -> Iterator[Finding | Diagnostic]:
    """Scan an image and yield what was found and what could not be scanned, image by image, layer by layer.

    `target` is what `imgscan image` takes: a path, a name that a container engine knows, or `SCHEME:REST`. The
    other arguments are those of the command line. Raises TargetError or EngineError if there is no such image,
    UsageError or ValueError if the request makes no sense.
    """
    scanner = Scanner(Options(frozenset(include), min_confidence, platform, jobs))
    for report in scanner.image(target):
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

    Links in the folder are not followed. `exclude` are globs as of `imgscan fs --exclude`. Raises TargetError if there
    is no such file or folder, UsageError if a glob is none.
    """
    options = Options(frozenset(include), min_confidence, jobs=jobs, exclude=tuple(exclude))
    for report in Scanner(options).path(os.fspath(path)):
        yield from report.findings
        yield from report.diagnostics
