"""The scanner as the command line uses it: the one module here that knows `imgscan.api`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imgscan.api import Options, file_scanner, history_scanner, image_scanner, open_session
from imgscan.cli.request import Commits, Files, Images
from imgscan.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.cli.request import ScanRequest
    from imgscan.model import TargetReport
    from imgscan.scan.progress import Progress
    from imgscan.scan.session import Session
    from imgscan.streams.stop import Stop

_FEW = 4 << 20
"""The number of staged bytes below which the automaton alone finishes before Hyperscan is set up."""


class Library:
    """One session for all targets of a run, and the scanner for them."""

    scan: Callable[[str], Iterator[TargetReport]]
    """Scans one of the targets. TargetError or UsageError if it cannot be scanned at all."""

    def __init__(self, wanted: Images | Files | Commits, request: ScanRequest, progress: Progress, stop: Stop) -> None:
        """Set up the session. UsageError if the request to git makes no sense."""
        options = Options(
            include=request.include,
            min_confidence=request.min_confidence,
            jobs=request.jobs,
            reveal=request.show_secrets,
            comments=request.ignores,
            limits=request.limits,
        )
        match wanted:
            case Images():
                options = options._replace(
                    platform=wanted.platform,
                    origins=True,
                    dockerfile=wanted.dockerfile,
                    source_root=wanted.source_root,
                )
                self._session = open_session(options, progress, stop)
                self.scan = image_scanner(self._session, options).scan
            case Files():
                options = options._replace(exclude=wanted.exclude, gitignore=wanted.gitignore)
                self._session = open_session(options, progress, stop)
                self.scan = file_scanner(self._session, options).scan
            case Commits():
                self._session, self.scan = _commits(wanted, options, progress, stop)

    @property
    def screened(self) -> bool:
        """Whether Hyperscan is in use."""
        return self._session.concealer.engine.screened

    def redact(self, text: str) -> str:
        """Redact whatever looks like a credential."""
        return self._session.concealer.engine.redact(text)

    def conceal(self, text: str) -> str:
        """Make a text fit for a report: redacted, unless --show-secrets was given."""
        return self._session.concealer.text(text)


def _commits(
    wanted: Commits, options: Options, progress: Progress, stop: Stop
) -> tuple[Session, Callable[[str], Iterator[TargetReport]]]:
    from imgscan.scan.git.scope import resolve  # noqa: PLC0415 - images and files do without

    try:
        repository, scopes = resolve(Path.cwd(), wanted.request, stop)
    except TargetError as error:
        # Raised again when the target is scanned, like any target that fails, so that the report has it too.
        failure = error

        def fail(_target: str) -> Iterator[TargetReport]:
            raise failure

        return open_session(options, progress, stop), fail
    if all(scope.size is not None and scope.size <= _FEW for scope in scopes):
        options = options._replace(screen=False)
    session = open_session(options, progress, stop)
    return session, history_scanner(session, repository, scopes).scan
