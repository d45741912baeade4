"""`imgscan baseline`: accept known findings with a reason, list them, remove them."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imgscan.cli.stdio import fit, read_standard_input, redactor, show, show_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgscan.triage.baseline import Acceptance, Baseline
    from imgscan.triage.reports import Reports

DEFAULT_FILE = "imgscan-baseline.json"

_FILE = click.option(
    "--file",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_FILE,
    show_default=True,
    help="The baseline file.",
)


def today() -> date:
    """Return the date that expiry dates are compared with, in UTC, so that it is the same for a whole team."""
    return datetime.now(tz=UTC).date()


@click.group()
def baseline() -> None:
    """Accept known findings, with a reason and an expiry date.

    A scan with --baseline FILE still lists them, but they do not make it fail. The file contains no secret: commit it.
    """


@baseline.command()
@click.argument("reports", metavar="REPORT...", nargs=-1, required=True)
@_FILE
@click.option("--reason", metavar="TEXT", help="Why they are accepted.")
@click.option(
    "--expires",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day on which they are accepted (YYYY-MM-DD).",
)
@click.option("--only", metavar="FINGERPRINT", multiple=True, help="Accept only this finding (repeatable).")
def add(
    reports: tuple[str, ...], file: Path, reason: str | None, expires: datetime | None, only: tuple[str, ...]
) -> None:
    """Accept the findings of reports (-f json or jsonl; - is standard input).

    \b
      imgscan image myapp:latest -f json -o report.json
      imgscan baseline add report.json --reason "rotated, OPS-1234" --expires 2027-01-31
    """  # noqa: D301 - click's mark for lines to be kept is the character itself
    from imgscan.triage.baseline import Baseline, load  # noqa: PLC0415 - keeps --help quick

    redact = redactor()
    old = load(file) if file.exists() else Baseline()
    found = _read(reports, redact)
    new = old.add(
        found.findings,
        reason=None if reason is None else redact(reason),
        expires=None if expires is None else expires.date(),
        only=only,
    )
    _save(new, file)
    before = {entry.fingerprint: entry for entry in old.entries}
    added = sum(entry.fingerprint not in before for entry in new.entries)
    changed = sum(before.get(entry.fingerprint, entry) != entry for entry in new.entries)
    show(f"{file}: {added} added, {changed} changed, {len(new.entries)} in total")
    if any(entry.reason is None for entry in new.entries if entry.fingerprint not in before):
        show("add a reason with --reason TEXT: later readers of the file will ask", err=True)


@baseline.command("list")
@_FILE
@click.option("-f", "--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print it.")
def list_(file: Path, form: str) -> None:
    """List the accepted findings."""
    from imgscan.triage.baseline import load, view  # noqa: PLC0415

    accepted = load(file)
    if form == "json":
        show_json(view(accepted))
        return
    for line in _table(accepted.entries, today()):
        show(line)


@baseline.command()
@click.argument("fingerprints", metavar="FINGERPRINT...", nargs=-1, required=True)
@_FILE
def remove(fingerprints: tuple[str, ...], file: Path) -> None:
    """Remove findings, so that they fail the scan again."""
    from imgscan.triage.baseline import load  # noqa: PLC0415

    old = load(file)
    new = old.remove(fingerprints)
    _save(new, file)
    _tell_removed(file, old, new)


@baseline.command()
@click.argument("reports", metavar="REPORT...", nargs=-1, required=True)
@_FILE
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
def prune(reports: tuple[str, ...], file: Path, dry_run: bool) -> None:
    """Remove what the reports no longer show.

    Give the reports of everything that the baseline is used for, scanned with --no-ignore --min-confidence low.
    """
    from imgscan.triage.baseline import load  # noqa: PLC0415

    old = load(file)
    new = old.prune(_read(reports, redactor()))
    if not dry_run:
        _save(new, file)
    _tell_removed(file, old, new)


def _read(names: Sequence[str], redact: Callable[[str], str]) -> Reports:
    from imgscan.errors import UsageError  # noqa: PLC0415
    from imgscan.triage.reports import LARGEST, Reports, read_report  # noqa: PLC0415

    found = Reports()
    for name in names:
        try:
            if name == "-":
                data = read_standard_input(LARGEST + 1)
            else:
                with Path(name).open("rb") as file:
                    data = file.read(LARGEST + 1)
        except OSError as error:
            raise UsageError(f"cannot read the report {name}: {error.strerror or error}") from error
        found += read_report(data, "standard input" if name == "-" else name, redact)
    return found


def _save(baseline: Baseline, path: Path) -> None:
    from imgscan.cli.replacing import replace_file  # noqa: PLC0415
    from imgscan.errors import OutputError  # noqa: PLC0415
    from imgscan.triage.baseline import render  # noqa: PLC0415

    path = Path(os.path.realpath(path))
    try:
        replace_file(path, render(baseline))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def _table(entries: Sequence[Acceptance], now: date) -> list[str]:
    rows = [
        (
            entry.fingerprint,
            *map(fit, (entry.rule_id, entry.path, entry.redacted)),
            _until(entry, now),
            fit(entry.reason) if entry.reason else "no reason given",
        )
        for entry in entries
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    widths[2] = min(widths[2], 60)
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    expired = sum(not entry.holds(now) for entry in entries)
    return [*lines, f"{len(rows)} accepted" + (f", {expired} of them expired" if expired else "")]


def _until(entry: Acceptance, now: date) -> str:
    if entry.expires is None:
        return "no expiry date"
    return f"until {entry.expires}" if entry.holds(now) else f"EXPIRED {entry.expires}"


def _tell_removed(file: Path, old: Baseline, new: Baseline) -> None:
    kept = {entry.fingerprint for entry in new.entries}
    gone = [entry for entry in old.entries if entry.fingerprint not in kept]
    for entry in gone:
        show(f"{entry.fingerprint}  {entry.rule_id}  {entry.path}  {entry.redacted}")
    show(f"{file}: {len(gone)} removed, {len(kept)} left")
