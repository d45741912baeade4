"""Run imgscan as its users do, and hold its report against what the subject planted."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from tests.real.machine import environment
from tests.real.subject import LAYERS, Row, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Scan:
    """One run of imgscan: its exit code, its JSON report and what it said on standard error."""

    code: int
    output: str
    errors: str

    @property
    def targets(self) -> list[dict[str, Any]]:
        """The targets of the report, in its order."""
        assert self.output, f"exit {self.code} and no report: {self.errors}"
        report = json.loads(self.output)
        return list(report["targets"])

    @property
    def target(self) -> dict[str, Any]:
        """The only target of the report."""
        (target,) = self.targets
        return target

    @property
    def rows(self) -> frozenset[Row]:
        """The findings of the only target."""
        return rows_of(self.target)

    @property
    def fields(self) -> set[str]:
        """The places in image documents that findings name."""
        return {finding["location"]["field"] for finding in self.target["findings"]} - {None}


def scan(target: str | Path, *, stdin: IO[bytes] | None = None, env: Mapping[str, str] | None = None) -> Scan:
    """Scan one image, as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "imgscan", "image", str(target), "-f", "json", "--no-progress"],
        stdin=stdin or subprocess.DEVNULL,
        capture_output=True,
        env=environment(env),
        timeout=300,
        check=False,
    )
    return Scan(done.returncode, done.stdout.decode(), done.stderr.decode())


def rows_of(target: dict[str, Any]) -> frozenset[Row]:
    """Return the findings of a target, as far as every producer has to agree on them."""
    return frozenset(_row(finding) for finding in target["findings"])


def agree(
    done: Scan,
    subject: Subject,
    *,
    rows: frozenset[Row] | None = None,
    layers: int = LAYERS,
    ignore: str | None = None,
) -> None:
    """Hold a scan of the subject's image against what was planted: all of it, and nothing else.

    `rows` and `layers` are what is planted where a test has changed the image; findings in documents whose path
    starts with `ignore` are the caller's to look at.
    """
    _complete(done, subject)
    planted = subject.rows if rows is None else rows
    found = frozenset(row for row in done.rows if ignore is None or not row.path.startswith(ignore))
    assert found == planted, _difference(found, planted)
    assert len(done.target["layers"]) == layers
    assert all(layer["digest"] or layer["diff_id"] for layer in done.target["layers"])
    assert "config/Env/STRIPE_SECRET_KEY" in done.fields
    assert any(field.startswith("history/") for field in done.fields)


def agree_flattened(done: Scan, subject: Subject) -> None:
    """Hold a scan of the subject's root filesystem against what is left to see there."""
    _complete(done, subject)
    rows = frozenset(row._replace(layer=None, state="visible", hidden_by=None) for row in done.rows)
    assert rows == subject.flattened(), _difference(rows, subject.flattened())


def refuse_cut(done: Scan, subject: Subject) -> None:
    """Hold the scan of a cut image against the rule: exit code 2, the reason, and nothing that was not planted."""
    assert done.code == 2, f"exit {done.code}: {done.errors}{done.output[-2000:]}"
    assert "Traceback" not in done.errors
    diagnostics = [one for target in done.targets for one in target["diagnostics"]]
    assert any(one["severity"] == "error" for one in diagnostics), diagnostics
    found = {row.sha256 for target in done.targets for row in rows_of(target)}
    assert found <= {row.sha256 for row in subject.rows}


def _complete(done: Scan, subject: Subject) -> None:
    assert done.code == 1, f"exit {done.code}: {done.errors}{done.output[-2000:]}"
    broken = [one for one in done.target["diagnostics"] if one["severity"] == "error"]
    assert not broken, broken
    leaked = [secret for secret in subject.secrets if secret in done.output + done.errors]
    assert not leaked, f"{len(leaked)} keys stand in the output"


def _row(finding: dict[str, Any]) -> Row:
    location, visibility = finding["location"], finding["visibility"] or {}
    return Row(
        rule=finding["rule_id"],
        sha256=finding["secret"]["sha256"],
        path=location["path"],
        line=location["line"],
        layer=location["layer"],
        state=visibility.get("state"),
        hidden_by=visibility.get("layer"),
        account=finding["secret"]["account"],
    )


def _difference(found: frozenset[Row], planted: frozenset[Row]) -> str:
    lines = [f"missing: {row}" for row in sorted(planted - found, key=str)]
    lines += [f"not planted: {row}" for row in sorted(found - planted, key=str)]
    return "\n".join(["findings differ", *lines])
