"""The scanner as a library: two generators and one builder that the command line shares."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgscan.detect import Engine
from imgscan.image.documents import Platform, parse_platform
from imgscan.scan.assemble import Policy
from imgscan.scan.files import scan_files
from imgscan.scan.hits import Concealer
from imgscan.scan.images import ImageScanner
from imgscan.scan.progress import Progress
from imgscan.sources.base import StreamSource
from imgscan.sources.recognise import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.model import Confidence, Diagnostic, Finding, TargetReport

_MOST_JOBS = 8


@dataclass(frozen=True, slots=True)
class Options:
    """How to scan, with the command line's defaults.

    `include` may name `examples` and `publishable`. `platform` is `OS/ARCH[/VARIANT]`, `all`, or None for the
    default: every platform of a file, the host's of an engine. `jobs` is how many blobs are read at a time, None for
    one a processor. `reveal` puts whole secrets into the findings.
    """

    include: frozenset[str] = frozenset()
    min_confidence: Confidence = "medium"
    platform: str | None = None
    jobs: int | None = None
    reveal: bool = False


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

    return parse_platform(f"linux/{platform.machine() or 'amd64'}")


class Scanner:
    """One engine, used for any number of targets."""

    def __init__(self, options: Options, progress: Progress | None = None) -> None:
        self.options = options
        self.engine = Engine()
        self.concealer = Concealer(self.engine, reveal=options.reveal)
        self._policy = Policy(options.include, options.min_confidence)
        self._progress = progress or Progress()
        self.interrupted = False

    def image(self, target: str) -> Iterator[TargetReport]:
        """Scan an image, a report for each of its platforms. TargetError or UsageError where it cannot be opened."""
        options = self.options
        everything = options.platform == "all"
        wanted = None if options.platform is None or everything else parse_platform(options.platform)
        source = open_source(target)
        engine = isinstance(source, StreamSource) and source.reference is not None
        scanner = ImageScanner(
            concealer=self.concealer,
            policy=self._policy,
            progress=self._progress,
            jobs=options.jobs or default_jobs(),
            platform=wanted,
            prefer=host_platform() if engine and not everything else None,
        )
        for report in scanner.scan(source, target):
            self.interrupted = self.interrupted or scanner.interrupted
            yield report

    def path(self, path: Path) -> TargetReport:
        """Scan a file or the files below a folder, as files."""
        return scan_files(path, self.concealer, self._policy, self._progress)


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
    path: str | os.PathLike[str], *, include: Sequence[str] = (), min_confidence: Confidence = "medium"
) -> Iterator[Finding | Diagnostic]:
    """Scan a file, or every file below a folder, and yield what was found and what could not be scanned.

    Links are not followed. Raises TargetError if there is no such file or folder.
    """
    report = Scanner(Options(frozenset(include), min_confidence)).path(Path(path))
    yield from report.findings
    yield from report.diagnostics
