"""Trees of files for tests, and scans of them with plain values out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from imgscan.scan.ledger import Ledger
from imgscan.scan.policy import Policy
from imgscan.scan.progress import Progress
from imgscan.scan.search import WINDOW
from imgscan.scan.session import Session
from imgscan.scan.tree.files import FileScanner
from imgscan.scan.tree.walk import Walk
from imgscan.streams.stop import Stop
from tests.scan.support import concealer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from imgscan.model import TargetReport
    from imgscan.scan.hits import Concealer
    from imgscan.scan.tree.exclude import Sieve


def grow(root: Path, files: Mapping[str, bytes] | Mapping[bytes, bytes] | Mapping[str | bytes, bytes]) -> Path:
    """Write files below a folder; a name that ends in a slash is a folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / os.fsdecode(name)
        if os.fsencode(name).endswith(b"/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return root


def scan_tree(
    target: Path | str,
    *,
    jobs: int = 1,
    exclude: Sequence[str] = (),
    gitignore: bool = False,
    window: int = WINDOW,
    by: Concealer | None = None,
    stop: Stop | None = None,
    stdin: BinaryIO | None = None,
) -> TargetReport:
    """Scan files and show everything that is found."""
    scanner = file_scanner(
        jobs=jobs, exclude=exclude, gitignore=gitignore, window=window, by=by, stop=stop, stdin=stdin
    )
    (report,) = scanner.scan(str(target))
    return report


def file_scanner(
    *,
    jobs: int = 1,
    exclude: Sequence[str] = (),
    gitignore: bool = False,
    window: int = WINDOW,
    by: Concealer | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
    stdin: BinaryIO | None = None,
) -> FileScanner:
    """Return a scanner of files that shows everything that it finds."""
    session = Session(
        by or concealer(),
        policy=Policy(frozenset(("examples", "publishable")), "low"),
        progress=progress or Progress(),
        jobs=jobs,
        window=window,
        stop=stop or Stop(),
    )
    return FileScanner(session, exclude, gitignore, stdin)


class Found(NamedTuple):
    """Where a credential was found."""

    path: str
    offset: int | None
    sha256: str


def found(report: TargetReport) -> list[Found]:
    """Return the places of a report's findings, in their order."""
    return [Found(finding.location.path, finding.location.offset, finding.secret.sha256) for finding in report.findings]


def paths(report: TargetReport) -> list[str]:
    """Return the paths of a report's findings."""
    return [finding.location.path for finding in report.findings]


def lacks(report: TargetReport) -> list[tuple[str, str, str | None]]:
    """Return severity, code and path of what was not read."""
    return [(each.severity, each.code, each.path) for each in report.diagnostics]


def listed(root: Path, sieve: Sieve | None = None) -> list[bytes]:
    """Return the files that a walk lists."""
    return [path for path, _ in Walk(os.fsencode(root), Ledger(), sieve)]
