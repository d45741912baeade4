"""`imgscan baseline`, and what `--baseline` makes of a scan."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from fixtures.keys import Keys
from tests.cli.driver import archive, command, environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Imgscan
    from tests.cli.driver import Targets


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def accepted(imgscan: Imgscan, targets: Targets) -> str:
    """Accept the finding of the image with a live key; return its fingerprint."""
    imgscan("image", targets.live, "-f", "json", "-o", "report.json")
    done = imgscan("baseline", "add", "report.json", "--reason", "rotated")
    assert done.out == "imgscan-baseline.json: 1 added, 0 changed, 1 in total\n"
    with open("imgscan-baseline.json", encoding="utf-8") as file:  # noqa: PTH123 - the shortest way
        return str(json.load(file)["entries"][0]["fingerprint"])


def test_accepted(imgscan: Imgscan, targets: Targets, accepted: str) -> None:
    """An accepted finding is listed and counted, and does not fail."""
    done = imgscan("image", targets.live, "--baseline", "imgscan-baseline.json", "-f", "json")
    [target] = done.json["targets"]
    assert (done.code, target["findings"][0]["status"], target["summary"]["findings"]) == (0, "baseline", 1)
    assert target["findings"][0]["fingerprint"] == accepted


def test_only_the_new_one_fails(imgscan: Imgscan, targets: Targets, accepted: str, folder: Path) -> None:
    """A second key in a rebuilt image fails, and only that one is new."""
    key = targets.keys[0]
    files = {"app/.env": f"STRIPE_KEY={key}\n", "app/new.env": f"STRIPE_KEY={Keys('another').secret99()}\n"}
    rebuilt = archive(folder / "rebuilt.tar", files, more=4096)
    done = imgscan("image", rebuilt, "--baseline", "imgscan-baseline.json", "-f", "json")
    status = {each["location"]["path"]: each["status"] for each in done.json["targets"][0]["findings"]}
    assert (done.code, status) == (1, {"app/.env": "baseline", "app/new.env": "new"})


@pytest.mark.parametrize(("until", "code"), [("2000-01-01", 1), ("9999-12-31", 0)])
def test_expired(imgscan: Imgscan, targets: Targets, accepted: str, until: str, code: int) -> None:
    """An entry that has expired fails again, and says so."""
    imgscan("baseline", "add", "report.json", "--expires", until)
    done = imgscan("image", targets.live, "--baseline", "imgscan-baseline.json")
    assert done.code == code
    assert ("was accepted until 2000-01-01" in done.err) == (code == 1)


def test_list(imgscan: Imgscan, accepted: str) -> None:
    """The list shows what was accepted, and why."""
    first, last = imgscan("baseline", "list").out.splitlines()
    assert first.split("  ") == [
        accepted,
        "stripe-secret-key",
        "app/.env",
        first.split("  ")[3],
        "no expiry date",
        "rotated",
    ]
    assert last == "1 accepted"


def test_list_expired(imgscan: Imgscan, accepted: str) -> None:
    """The list shows what has expired."""
    imgscan("baseline", "add", "report.json", "--expires", "2000-01-01")
    out = imgscan("baseline", "list").out
    assert "EXPIRED 2000-01-01" in out
    assert out.endswith("1 accepted, 1 of them expired\n")


def test_list_json(imgscan: Imgscan, accepted: str, folder: Path) -> None:
    """As JSON the list is the file."""
    assert imgscan("baseline", "list", "-f", "json").out == (folder / "imgscan-baseline.json").read_text()


def test_remove(imgscan: Imgscan, targets: Targets, accepted: str) -> None:
    """What is removed fails again."""
    done = imgscan("baseline", "remove", accepted)
    assert done.out.endswith("imgscan-baseline.json: 1 removed, 0 left\n")
    assert imgscan("image", targets.live, "--baseline", "imgscan-baseline.json").code == 1
    assert imgscan("baseline", "remove", accepted).code == 2


@pytest.mark.parametrize("dry", [False, True])
def test_prune(imgscan: Imgscan, targets: Targets, accepted: str, *, dry: bool) -> None:
    """What a report no longer shows is taken out, or only told."""
    imgscan("image", targets.clean, "-f", "jsonl", "-o", "clean.jsonl")
    done = imgscan("baseline", "prune", "clean.jsonl", *(["--dry-run"] if dry else []))
    assert accepted in done.out
    assert imgscan("baseline", "list").out.endswith("1 accepted\n" if dry else "0 accepted\n")


def test_prune_keeps(imgscan: Imgscan, accepted: str) -> None:
    """What a report still shows stays."""
    assert imgscan("baseline", "prune", "report.json").out == "imgscan-baseline.json: 0 removed, 1 left\n"


def test_only(imgscan: Imgscan, accepted: str) -> None:
    """A fingerprint that no report lists cannot be added."""
    assert imgscan("baseline", "add", "report.json", "--only", accepted).code == 0
    assert imgscan("baseline", "add", "report.json", "--only", "0123456789abcdef:1").code == 2


def test_no_secret(imgscan: Imgscan, targets: Targets, folder: Path) -> None:
    """The file holds no secret, even from a report that does, nor one that is in the reason."""
    imgscan("image", targets.live, "--show-secrets", "-f", "json", "-o", "report.json")
    key = targets.keys[0]
    assert key in (folder / "report.json").read_text()
    done = imgscan("baseline", "add", "report.json", "--reason", f"was {key}")
    assert done.code == 0
    written = (folder / "imgscan-baseline.json").read_text()
    assert key not in written + done.out + done.err
    assert "sk_live_51" in written


def test_standard_input(targets: Targets, imgscan: Imgscan, folder: Path) -> None:
    """A report may come through a pipe."""
    imgscan("image", targets.live, "-f", "json", "-o", "report.json")
    data = (folder / "report.json").read_bytes()
    done = subprocess.run(
        command("baseline", "add", "-"), input=data, capture_output=True, check=True, env=environment(), timeout=300
    )
    assert done.stdout == b"imgscan-baseline.json: 1 added, 0 changed, 1 in total\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("baseline", "list"), "cannot read the baseline"),
        (("baseline", "add", "none.json"), "cannot read the report"),
        (("baseline", "add", "x", "--expires", "soon"), "--expires"),
        (("image", "x", "--baseline", "none.json"), "cannot read the baseline"),
    ],
)
def test_refused(imgscan: Imgscan, arguments: tuple[str, ...], message: str) -> None:
    """What cannot be read is exit code 2, with a sentence."""
    done = imgscan(*arguments)
    assert done.code == 2
    assert message in done.err


def test_malformed(imgscan: Imgscan, targets: Targets, folder: Path) -> None:
    """A baseline that is malformed stops the scan before it begins."""
    (folder / "b.json").write_text('{"schema": "imgscan-baseline/1", "entries": [{"fingerprint": 1}]}')
    done = imgscan("image", targets.live, "--baseline", "b.json")
    assert (done.code, done.out) == (2, "")
    assert "b.json: /entries/0/fingerprint: must be a string" in done.err


# .imgscanignore


def test_ignored(imgscan: Imgscan, targets: Targets, folder: Path) -> None:
    """What .imgscanignore lets through is counted and not listed, and --no-ignore lists it."""
    (folder / ".imgscanignore").write_text("path:app/ # a test image\n")
    done = imgscan("image", targets.live, "-f", "json")
    [target] = done.json["targets"]
    assert (done.code, target["findings"], target["summary"]["hidden"]["ignored"]) == (0, [], 1)
    assert imgscan("image", targets.live, "--no-ignore").code == 1


def test_ignored_above(imgscan: Imgscan, targets: Targets, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of a folder above counts, as far as the repository goes."""
    (folder / ".imgscanignore").write_text("path:app/ # a test image\n")
    inner = folder / "repo" / "sub"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert imgscan("image", targets.live).code == 0
    (folder / "repo" / ".git").mkdir()
    assert imgscan("image", targets.live).code == 1


def test_wrong_line(imgscan: Imgscan, targets: Targets, folder: Path) -> None:
    """A wrong line stops the scan before it begins, and is reported with its number."""
    (folder / ".imgscanignore").write_text("# fine\npath:app/\n")
    done = imgscan("image", targets.live)
    assert (done.code, done.out) == (2, "")
    assert f"{os.sep}.imgscanignore:2: has no reason" in done.err


def test_unused_line(imgscan: Imgscan, targets: Targets, folder: Path) -> None:
    """With -v a line that suppresses nothing is reported."""
    (folder / ".imgscanignore").write_text("path:nothing # x\n")
    assert ".imgscanignore:1: suppresses nothing: path:nothing" in imgscan("image", targets.live, "-v").err
    assert "suppresses nothing" not in imgscan("image", targets.live).err


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_hand_edited_entry_shows_no_key(
    imgscan: Imgscan, targets: Targets, accepted: str, folder: Path, form: str
) -> None:
    """What somebody writes into the file is redacted where it is listed, and no terminal obeys it."""
    assert accepted
    key = targets.keys[0]
    file = folder / "imgscan-baseline.json"
    document = json.loads(file.read_text("utf-8"))
    for name in ("reason", "path", "rule_id", "redacted"):
        document["entries"][0][name] = f"\x1b]0;x\x07{key}\x9b\x7f\u202e\n::error::"
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    out = imgscan("baseline", "list", "-f", form).out
    assert key[14:-4] not in out
    assert all(line.isprintable() for line in out.split("\n"))
    assert out.count("sk_live_51…") == 4


def test_the_file_has_no_raw_control(imgscan: Imgscan, targets: Targets, folder: Path) -> None:
    """A reason is written so that printing the file is harmless, and read back as it was given."""
    imgscan("image", targets.live, "-f", "json", "-o", "report.json")
    imgscan("baseline", "add", "report.json", "--reason", "\x9b1m\u202eété")
    text = (folder / "imgscan-baseline.json").read_text("utf-8")
    assert all(line.isprintable() for line in text.split("\n"))
    assert json.loads(text)["entries"][0]["reason"] == "\x9b1m\u202eété"
