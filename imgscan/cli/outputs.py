"""Where reports go: standard output, or files that are replaced as a whole when the report is complete."""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from imgscan._version import __version__
from imgscan.cli.exits import silence
from imgscan.cli.replacing import Replacement
from imgscan.cli.rules import rule_infos
from imgscan.errors import OutputError, internal
from imgscan.report import ReportContext, open_report
from imgscan.streams.readers import StreamError
from imgscan.streams.stop import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from imgscan.cli.request import ScanRequest
    from imgscan.model import TargetReport
    from imgscan.report import Report
    from imgscan.report.annotations import Annotations
    from imgscan.streams.stop import Stop

_WIDEST = 120
_DESCRIPTORS = re.compile(r"/(?:dev|proc/self)/(?:fd/([0-9]{1,6})|(stdout|stderr))")
"""Names of open streams. They are not opened again, which would truncate a file behind them."""


class _Output:
    """One report and the file it goes to."""

    def __init__(self, report: Report, path: str | None, stop: Stop) -> None:
        self.report = report
        self.name = path or "standard output"
        self._replacement: Replacement | None = None
        self.file: BinaryIO
        self.standard = path is None
        if path is None:
            # With PYTHONUNBUFFERED this is a raw file, which accepts only as much as the pipe has room for.
            raw: Any = sys.stdout.buffer
            unbuffered = isinstance(raw, io.RawIOBase)
            self.file = open(raw.fileno(), "wb", closefd=False) if unbuffered else raw  # noqa: SIM115 - see discard()
            return
        try:
            self._open(Path(path), stop)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error

    def _open(self, path: Path, stop: Stop) -> None:
        open_already = _DESCRIPTORS.fullmatch(str(path))
        if open_already is not None:
            number = open_already[1] or {"stdout": 1, "stderr": 2}[open_already[2]]
            self.file = os.fdopen(os.dup(int(number)), "wb")
            return
        if path.exists() and not path.is_file():
            if path.is_dir():
                raise OutputError(f"cannot write {path}: it is a folder")
            self.file = self._patiently(path, stop)
            return
        self._replacement = Replacement(path.resolve())
        self.file = self._replacement.file

    @staticmethod
    def _patiently(path: Path, stop: Stop) -> BinaryIO:
        """Open a pipe, which waits for a reader; OutputError if the scan is stopped before there is one."""
        try:
            return patiently(lambda: path.open("wb"), stop)
        except StreamError as error:
            raise OutputError(f"cannot write {path}: {error}, and nobody reads it") from error

    def complete(self) -> None:
        """Put the finished report in its place."""
        self.file.flush()
        if self._replacement is not None:
            self._replacement.complete()
        elif not self.standard:
            self.file.close()

    def discard(self) -> None:
        """Remove what was not completed."""
        if self._replacement is not None:
            self._replacement.discard()
        elif not self.standard:
            with suppress(OSError):  # the earlier failure has already been reported
                self.file.close()


def spare_inputs(request: ScanRequest, inputs: Iterable[str]) -> None:
    """Raise OutputError if a report would replace what is read: a target, the baseline, standard input."""
    named = [*inputs, *(() if request.baseline is None else (str(request.baseline),)), 0]
    read = {identity for name in named if (identity := _identity(name)) is not None}
    for _, path in request.pairs:
        if path is not None and _identity(path) in read:
            raise OutputError(f"-o {path}: the report would replace what is being read; choose another file")


def _identity(file: str | int) -> tuple[int, int] | None:
    """Return what tells a regular file from all others; None for anything else."""
    try:
        status = os.stat(file)  # noqa: PTH116 - it may be a descriptor
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


class Outputs:
    """All reports of one run. Leaving the context without `finish` leaves no half-written file behind.

    A pipe that nobody reads any more is dropped; the scan goes on, as it decides the exit code. A report that cannot be
    written does not take the others with it: `finish` raises the OutputError, or `target` if no other is left.
    """

    def __init__(self, request: ScanRequest, stop: Stop, before_write: Callable[[], None]) -> None:
        self._before_write = before_write
        self._outputs: list[_Output] = []
        self._failed: OutputError | None = None
        self._remarks: list[str] = []
        # GitHub's runner reads commands from either stream of a step; standard output may be a report for a script.
        marks = os.environ.get("GITHUB_ACTIONS") == "true" and not request.show_secrets
        self._annotations = _annotations() if marks else None
        if sys.stdout is None and any(path is None for _, path in request.pairs):  # the shell closed it: >&-
            raise OutputError("standard output is closed: give the report a file with -o")
        try:
            for name, path in request.pairs:
                terminal = path is None and sys.stdout.isatty()
                context = ReportContext(
                    version=__version__,
                    rules=rule_infos(),
                    color=terminal and not os.environ.get("NO_COLOR"),
                    width=min(shutil.get_terminal_size().columns, _WIDEST) if terminal else 100,
                    quiet=request.quiet,
                    verbose=request.verbose,
                    sarif_category=request.sarif_category,
                    commit=os.environ.get("CI_COMMIT_SHA"),
                    warn=self._remarks.append,
                )
                self._outputs.append(_Output(open_report(name, context), path, stop))
            self._each(lambda output: output.report.start(output.file))
        except BaseException:
            self._discard()
            raise

    def target(self, report: TargetReport) -> None:
        """Write a target's part of each report."""
        self._before_write()
        self._each(lambda output: output.report.target(report, output.file))
        self._each(lambda output: output.file.flush())
        if self._annotations is not None:
            self._annotations.add(report)

    def finish(self) -> None:
        """End each report and put it in its place."""
        self._before_write()
        self._each(lambda output: output.report.finish(output.file))
        self._each(_Output.complete)
        if self._failed is not None:
            raise self._failed

    def tell(self, say: Callable[[str], None]) -> None:
        """After `finish`, print what goes beside the reports: remarks on them, and GitHub's annotations."""
        for remark in self._remarks:
            say(remark)
        if self._annotations is not None and sys.stderr is not None:
            for line in self._annotations.lines():
                print(line, file=sys.stderr, flush=True)  # noqa: T201 - `say` would put its name before the command

    def _each(self, step: Callable[[_Output], object]) -> None:
        for output in tuple(self._outputs):
            try:
                step(output)
            except BrokenPipeError:
                self._outputs.remove(output)
                output.discard()
                if output.standard:
                    silence()
            except Exception as error:
                reason = error.strerror or str(error) if isinstance(error, OSError) else internal(error)
                self._failed = self._failed or OutputError(f"cannot write {output.name}: {reason}")
                self._outputs.remove(output)
                output.discard()
                if not self._outputs:
                    raise self._failed from error

    def _discard(self) -> None:
        for output in self._outputs:
            output.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._discard()


def _annotations() -> Annotations:
    from imgscan.report.annotations import Annotations  # noqa: PLC0415 - only GitHub's runner uses them

    return Annotations()
