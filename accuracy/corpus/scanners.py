"""Other scanners on the same files: each adapter runs one offline and says what it reported of which file.

None of them may ask anybody whether a key is live: verification is off, and where Linux can take the network away
from a process, it is taken away too.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from accuracy.corpus.count import DecoyRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from accuracy.corpus.case import Case
    from accuracy.corpus.decoys import Decoy

_DELIMITERS = " \t\r\n\"'`=:;,<>()[]{}@&|"


@dataclass(frozen=True, slots=True)
class Alert:
    """What a scanner said: a file below the corpus, its rule, and the secret, or its SHA-1 where it says no more."""

    path: str
    rule: str
    secret: str = field(default="", repr=False)
    sha1: str = ""

    @property
    def stripe(self) -> bool:
        """Whether it was called Stripe's."""
        return "stripe" in self.rule.lower()


@dataclass(frozen=True, slots=True)
class Scanner:
    """One program: arguments that print its version, those that scan the folder it is in, and how to read that."""

    name: str
    version: tuple[str, ...]
    command: tuple[str, ...]
    read: Callable[[str], Iterator[Alert]] = field(repr=False)

    @property
    def installed(self) -> bool:
        """Whether it can be run here."""
        return shutil.which(self.name) is not None

    def described(self) -> str:
        """Give its name and version."""
        done = subprocess.run((self.name, *self.version), capture_output=True, text=True, check=False)
        words = (done.stdout or done.stderr).split()
        number = next((word.strip(",") for word in words if word.lstrip("v")[:1].isdigit()), "(unknown version)")
        return f"{self.name} {number}"

    def run(self, folder: Path) -> list[Alert]:
        """Scan a folder; the paths that come back are relative to it."""
        done = subprocess.run(
            [*_alone(), self.name, *self.command], cwd=folder, capture_output=True, text=True, check=False
        )
        if not done.stdout.strip() and done.returncode:
            raise AssertionError(f"{self.name} ended with {done.returncode}: {done.stderr[-300:]}")
        return [replace(alert, path=_relative(alert.path, folder)) for alert in self.read(done.stdout)]


def _alone() -> tuple[str, ...]:
    """Return the words that run a command without a network, where that can be done."""
    words = ("unshare", "--map-root-user", "--net")
    if shutil.which(words[0]) is None or subprocess.run((*words, "true"), capture_output=True, check=False).returncode:
        return ()
    return words


def _relative(path: str, folder: Path) -> str:
    return path.removeprefix(f"{folder}/").removeprefix("./").lstrip("/")


def _objects(text: str) -> Iterator[Any]:
    """Read a JSON document per line; other lines are a scanner's chatter."""
    for line in text.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def _gitleaks(text: str) -> Iterator[Alert]:
    for each in json.loads(text or "[]"):
        yield Alert(each["File"], each["RuleID"], each["Secret"])


def _trufflehog(text: str) -> Iterator[Alert]:
    for each in _objects(text):
        if "Raw" in each:
            yield Alert(each["SourceMetadata"]["Data"]["Filesystem"]["file"], each["DetectorName"], each["Raw"])


def _trivy(text: str) -> Iterator[Alert]:
    for result in json.loads(text or "{}").get("Results") or ():
        for each in result.get("Secrets") or ():
            yield Alert(result["Target"], each["RuleID"])  # it stars the secret out


def _kingfisher(text: str) -> Iterator[Alert]:
    for each in _objects(text):
        if "finding" in each:
            yield Alert(each["finding"]["path"], each["rule"]["id"], each["finding"]["snippet"])


def _detect_secrets(text: str) -> Iterator[Alert]:
    for path, found in json.loads(text or "{}").get("results", {}).items():
        for each in found:
            yield Alert(path, each["type"], sha1=each["hashed_secret"])


SCANNERS: dict[str, Scanner] = {
    scanner.name: scanner
    for scanner in (
        Scanner(
            "gitleaks",
            ("version",),
            ("dir", ".", "--no-banner", "--exit-code", "0", "-f", "json", "-r", "/dev/stdout"),
            _gitleaks,
        ),
        Scanner(
            "trufflehog",
            ("--version",),
            (
                "filesystem",
                ".",
                "--json",
                "--no-verification",
                "--no-update",
                "--results",
                "verified,unverified,unknown",
            ),
            _trufflehog,
        ),
        Scanner(
            "trivy",
            ("--version",),
            ("fs", "--scanners", "secret", "--offline-scan", "--skip-db-update", "--quiet", "-f", "json", "."),
            _trivy,
        ),
        Scanner(
            "kingfisher",
            ("--version",),
            (
                *("scan", "--no-validate", "--no-update-check", "--no-dedup", "--confidence", "low"),
                *("--git-history", "none", "--format", "jsonl", "."),
            ),
            _kingfisher,
        ),
        Scanner("detect-secrets", ("--version",), ("scan", "--all-files", "--no-verify", "."), _detect_secrets),
    )
}
"""By name, which is also that of the program. Every one is given the lowest confidence that it can be asked for."""


KEYS = "(of these, secret and restricted keys)"


@dataclass(slots=True)
class Score:
    """What a scanner made of the corpus: cases `whole`, and `touched` without the exact key, by carrier."""

    cases: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    whole: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    touched: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    decoys: dict[str, DecoyRow] = field(default_factory=dict)

    def add(self, case: Case, *, whole: bool, touched: bool) -> None:
        """Count one case; those of the keys that every scanner has a rule for once more, as a row of their own."""
        names = (
            (case.carrier, KEYS) if case.kind.startswith(("stripe-secret", "stripe-restricted")) else (case.carrier,)
        )
        for name in names:
            self.cases[name] += 1
            self.whole[name] += whole
            self.touched[name] += touched and not whole


def exact(alert: Alert, secret: str) -> bool:
    """Whether a scanner gave the key and nothing but delimiters beside it."""
    if alert.sha1:
        return alert.sha1 == hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()
    before, found, after = alert.secret.partition(secret)
    return bool(found) and not before.strip(_DELIMITERS) and not after.strip(_DELIMITERS)


def score(cases: Sequence[Case], decoys: Sequence[Decoy], alerts: Sequence[Alert]) -> Score:
    """Count what a scanner reported."""
    by_path: dict[str, list[Alert]] = defaultdict(list)
    for each in alerts:
        by_path[each.path].append(each)
    made = Score()
    for case in cases:
        reports = by_path.get(case.path, [])
        made.add(case, whole=any(exact(each, case.secret) for each in reports), touched=bool(reports))
    for decoy in decoys:
        row = made.decoys.setdefault(decoy.group, DecoyRow())
        row.files += 1
        for each in by_path.get(decoy.path, ()):
            row.alarms += each.stripe
            row.others += not each.stripe
    return made


def write(folder: Path, files: Sequence[Case | Decoy]) -> Path:
    """Write the corpus below a folder."""
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    return folder
