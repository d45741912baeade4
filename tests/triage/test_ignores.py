"""`.imgscanignore`: what its lines let through, and what is said of lines that are wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fixtures.keys import Keys
from imgscan.detect import Engine
from imgscan.detect.stripe import STRIPE
from imgscan.errors import UsageError
from imgscan.triage import ignores
from imgscan.triage.ignores import Ignores
from tests.report.samples import BROKEN, SHOP

if TYPE_CHECKING:
    from pathlib import Path

IDS = [rule.id for rule in STRIPE.rules]
FIRST = SHOP.findings[0]


def redact(text: str) -> str:
    """Redact as the command line does."""
    return Engine(STRIPE, screen=False).redact(text)


def read(text: str) -> Ignores:
    """Read the lines of a file."""
    return Ignores(tuple(ignores.read_lines(text, ".imgscanignore", IDS, redact)))


def left(text: str) -> list[str]:
    """Return the paths of the findings that some lines leave."""
    return [finding.location.path for finding in read(text).apply(SHOP).report.findings]


ALL = [finding.location.path for finding in SHOP.findings]


def test_line() -> None:
    """A line lets through what it names, and no more."""
    table: list[tuple[str, list[str]]] = [
        ("path:app/.env # x", ["app/.env"]),
        ("path:app/ # x", [path for path in ALL if path.startswith("app/")]),
        ("path:*.properties # x", ["app/lib/pay.jar!/config/app.properties"]),
        ("path:.image/ # x", [".image/config.json"]),
        ("rule:stripe-webhook-secret # x", ["app/lib/pay.jar!/config/app.properties"]),
        (f"fingerprint:{FIRST.fingerprint} # x", ["app/.env"]),
        (f"sha256:{FIRST.secret.sha256} # x", ["app/.env", "app/k8s/secret.yaml", "usr/local/bin/server"]),
        ("# path:** # x", []),
        ("", []),
        ("  \t\r", []),
        ("  path:app/.env\t#x\r", ["app/.env"]),
    ]
    for line, gone in table:
        assert left(line) == [path for path in ALL if path not in gone], (line, gone)


def test_counted() -> None:
    """What is let through is counted, beside what was counted before."""
    applied = read("path:** # all of it").apply(BROKEN)
    assert applied.report.findings == ()
    assert applied.report.hidden == replace(BROKEN.hidden, ignored=BROKEN.hidden.ignored + 1)


def test_used_lines() -> None:
    """It is known which lines applied, so that one that lets nothing through can be told."""
    lines = read("path:nothing # x\npath:app/.env # x\n\nrule:stripe-webhook-secret # x")
    assert lines.apply(SHOP).used == {2, 4}


def test_reason() -> None:
    """The reason is kept with the line."""
    [line] = read("\npath:a b # why # not\n").lines
    assert (line.line, line.kind, line.value, line.reason) == (2, "path", "a b", "why # not")


def test_hash_sign_in_a_path() -> None:
    """A hash sign in a path is written with a backslash where a blank precedes it."""
    [line] = read("path:a \\#b#c # why").lines
    assert line.value == "a #b#c"


def test_wrong_line() -> None:
    """A line that is wrong is reported with its number and what to write."""
    table: list[tuple[str, str]] = [
        ("path:docs/**", "1: has no reason"),
        ("path:docs/** #", "1: has no reason"),
        ("path:docs/**#why", "1: has no reason"),
        ("docs/** # why", "1: must begin with path:"),
        ("paths:docs/** # why", r"1: must begin with .* \(did you mean path:\?\)"),
        ("path: # why", "1: an empty glob"),
        ("rule:stripe-secret-keys # why", r"1: there is no rule .* \(did you mean stripe-secret-key\?\)"),
        ("rule:aws # why", "imgscan rules lists them"),
        ("fingerprint:xyz # why", "1: a fingerprint is"),
        ("sha256:ABC # why", "1: a SHA-256 is"),
        ("\n\nrule: # why", "3: there is no rule"),
    ]
    for line, message in table:
        with pytest.raises(UsageError, match=message) as told:
            read(line)
        assert str(told.value).startswith(".imgscanignore:"), (line, message)


def test_no_secret_in_the_file() -> None:
    """A line that holds a credential is refused, and the credential is not repeated."""
    key = Keys("ignores").secret99()
    with pytest.raises(UsageError, match=":2: contains a secret") as told:
        read(f"# fine\npath:keys/{key} # oops")
    assert key not in str(told.value)


def test_load(tmp_path: Path) -> None:
    """A file is read from disk, with a byte order mark or without."""
    path = tmp_path / ".imgscanignore"
    path.write_bytes(b"\xef\xbb\xbfpath:a # b\n")
    assert len(ignores.load(path, IDS, redact).lines) == 1


@pytest.mark.parametrize(("data", "message"), [(b"# a\n# \xff\n", ":2: it is not UTF-8"), (None, "cannot read")])
def test_unreadable(tmp_path: Path, data: bytes | None, message: str) -> None:
    """A file that cannot be read is an error: nothing is let through by mistake, and nothing is not."""
    path = tmp_path / ".imgscanignore"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UsageError, match=message):
        ignores.load(path, IDS, redact)
