"""Flags: what they ask for, what is refused, and the exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from fixtures import builders
from imgscan import __version__
from imgscan.cli.pairing import pair
from imgscan.detect.stripe import STRIPE
from imgscan.model import CONFIDENCES
from tests.cli.driver import image

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Imgscan
    from tests.cli.driver import Targets

FAIL_ON = {
    # threshold: the codes for a clean image, for a warning (a test key), for an error (a live key)
    "note": (0, 1, 1),
    "warning": (0, 1, 1),
    "error": (0, 0, 1),
    "never": (0, 0, 0),
}


@pytest.mark.parametrize("level", FAIL_ON)
def test_fail_on(imgscan: Imgscan, targets: Targets, level: str) -> None:
    """The exit code is 1 from the level of --fail-on on."""
    made = tuple(
        imgscan("image", target, "--fail-on", level).code for target in (targets.clean, targets.test, targets.live)
    )
    assert made == FAIL_ON[level]


def test_fail_on_default(imgscan: Imgscan, targets: Targets) -> None:
    """Without --fail-on, a warning is enough."""
    assert imgscan("image", targets.test).code == 1


@pytest.mark.parametrize("level", FAIL_ON)
def test_incomplete_outranks_findings(imgscan: Imgscan, targets: Targets, level: str) -> None:
    """A scan that is not whole exits with 2, whatever was found and whatever --fail-on says."""
    done = imgscan("image", targets.damaged, "--fail-on", level)
    assert done.code == 2
    assert "altered or damaged" in done.err
    assert "1 error" in done.out


@pytest.mark.parametrize("format", ["text", "json", "jsonl", "sarif"])
def test_format_changes_no_code(imgscan: Imgscan, targets: Targets, format: str) -> None:  # noqa: A002
    """No format changes the exit code."""
    assert imgscan("image", targets.clean, "-f", format).code == 0
    assert imgscan("image", targets.live, "-f", format).code == 1
    assert imgscan("image", targets.damaged, "-f", format).code == 2


def test_several_targets(imgscan: Imgscan, targets: Targets) -> None:
    """Each target is reported in the order given; one that is missing stops none, and makes the code 2."""
    done = imgscan("image", targets.live, "/no/such.tar", targets.clean, "-f", "json")
    assert done.code == 2
    assert [target["target"] for target in done.json["targets"]] == [targets.live, "/no/such.tar", targets.clean]
    assert [len(target["findings"]) for target in done.json["targets"]] == [1, 0, 0]
    assert [target["diagnostics"] == [] for target in done.json["targets"]] == [True, False, True]
    assert done.err == "imgscan: cannot read /no/such.tar: there is no such file or folder\n"


def test_highest_code_of_several(imgscan: Imgscan, targets: Targets) -> None:
    """The exit code of several targets is the highest of theirs."""
    assert imgscan("image", targets.live, targets.clean).code == 1
    assert imgscan("image", targets.damaged, targets.live).code == 2


def test_publishable(imgscan: Imgscan, targets: Targets) -> None:
    """Publishable keys are listed if they are included, and counted if not."""
    hidden = imgscan("image", targets.publishable, "-f", "json")
    shown = imgscan("image", targets.publishable, "-f", "json", "--include", "publishable")
    assert hidden.json["targets"][0]["summary"]["hidden"]["publishable"] == 1
    assert [len(done.json["targets"][0]["findings"]) for done in (hidden, shown)] == [0, 1]


@pytest.mark.parametrize("value", ["examples", "publishable", "examples,publishable", " examples , publishable ,", ""])
def test_include(imgscan: Imgscan, targets: Targets, value: str) -> None:
    """The list of --include has commas, and may have blanks."""
    assert imgscan("image", targets.clean, "--include", value).code == 0


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_min_confidence(imgscan: Imgscan, targets: Targets, confidence: str) -> None:
    """A finding of low confidence is listed with --min-confidence low, and counted otherwise."""
    done = imgscan("image", targets.low, "-f", "json", "--min-confidence", confidence)
    [report] = done.json["targets"]
    assert (len(report["findings"]), report["summary"]["hidden"]["confidence"]) == (
        (1, 0) if confidence == "low" else (0, 1)
    )
    assert done.code == (1 if confidence == "low" else 0)


@pytest.fixture
def platforms(tmp_path: Path) -> Path:
    """Return an archive of an image for two platforms."""
    images = [image({"app/.env": ""}, architecture=architecture) for architecture in ("amd64", "arm64")]
    return builders.write(tmp_path / "two.tar", builders.docker_containerd(images, absent=["s390x"]))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["linux/amd64", "linux/arm64"]),
        (["--platform", "all"], ["linux/amd64", "linux/arm64"]),
        (["--platform", "linux/arm64"], ["linux/arm64"]),
        (["--platform", "linux/amd64"], ["linux/amd64"]),
    ],
)
def test_platform(imgscan: Imgscan, platforms: Path, options: list[str], expected: list[str]) -> None:
    """Every platform of a file is scanned, or the one asked for."""
    done = imgscan("image", platforms, "-f", "json", *options)
    assert [target["platform"] for target in done.json["targets"]] == expected
    assert done.code == 0


@pytest.mark.parametrize("platform", ["linux/riscv64", "linux/s390x"])
def test_platform_not_here(imgscan: Imgscan, platforms: Path, platform: str) -> None:
    """A platform that is not here, named by the index or not, makes a scan that is not whole."""
    done = imgscan("image", platforms, "--platform", platform)
    assert done.code == 2
    assert f"not stored here for {platform}" in done.err
    assert "linux/amd64, linux/arm64" in done.err


@pytest.mark.parametrize("platform", ["linux", "", "/", "linux/", "a/b/c/d", "linux//v8", "ALL"])
def test_malformed_platform(imgscan: Imgscan, targets: Targets, platform: str) -> None:
    """A platform that is none is refused before anything is scanned."""
    done = imgscan("image", targets.clean, "--platform", platform)
    assert done.code == 2
    assert "--platform" in done.err
    assert done.out == ""


WRONG = [
    (["image"], "Missing argument 'TARGET...'"),
    (["picture", "x"], "No such command 'picture'"),
    (["image", "x", "--colour"], "No such option"),
    (["image", "x", "-f", "xml"], "'xml' is not one of 'text', 'json', 'jsonl', 'sarif'"),
    (["image", "x", "--fail-on", "info"], "'info' is not one of"),
    (["image", "x", "--include", "secrets,examples"], "secrets: choose from examples, publishable"),
    (["image", "x", "--min-confidence", "sure"], "'sure' is not one of"),
    (["image", "x", "--jobs", "0"], "0 is not in the range 1<=x<=64"),
    (["image", "x", "--jobs", "many"], "'many' is not a valid integer"),
    (["image", "x", "-f"], "Option '-f' requires an argument"),
    (["image", "x", "-o"], "Option '-o' requires an argument"),
    (["image", "x", "-f", "json", "-f", "sarif"], "only one -f can go to standard output"),
    (["image", "x", "-o", "a", "-o", "b"], "-o b: every -f before it already has an -o"),
    (["image", "x", "-f", "json", "-o", "a", "-o", "b"], "-o b: every -f before it already has an -o"),
    (["image", "x", "-f", "json", "-o", "a", "-f", "sarif", "-o", "a"], "-o a: two reports cannot go to the same file"),
    (["image", "x", "-qv", "--verify"], "No such option"),
    (["rules", "stripe-nothing"], "there is no rule stripe-nothing; imgscan rules lists all rules"),
    (["rules", "a", "b"], "unexpected extra argument (b)"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_wrong_usage(
    imgscan: Imgscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    """What cannot be meant is refused in one line that says where the help is; nothing is written."""
    monkeypatch.chdir(tmp_path)
    done = imgscan(*arguments)
    assert done.code == 2
    assert message in done.err
    assert "--help)" in done.err
    assert done.err.startswith("imgscan: ")
    assert done.err.count("\n") == 1
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


def test_pairs() -> None:
    """Each -o belongs to the -f before it; at most one -f has none and goes to standard output."""
    table: list[tuple[str, list[tuple[str, str | None]]]] = [
        ("", [("text", None)]),
        ("-f json", [("json", None)]),
        ("-o a", [("text", "a")]),
        ("-o a -f json", [("text", "a"), ("json", None)]),
        ("-f json -o a", [("json", "a")]),
        ("-f text -f json -o a", [("text", None), ("json", "a")]),
        ("-f json -o a -f text -f sarif -o b", [("json", "a"), ("text", None), ("sarif", "b")]),
        ("-f json -o a -f json -o b", [("json", "a"), ("json", "b")]),
    ]
    for given, expected in table:
        words = given.split()
        names = {"-f": "formats", "-o": "outputs"}
        assert pair([(names[name], value) for name, value in zip(words[::2], words[1::2], strict=True)]) == expected, (
            given,
            expected,
        )


def test_pairs_without_a_terminal() -> None:
    """Two reports cannot share standard output, nor a file."""
    with pytest.raises(click.UsageError):
        pair([("formats", "json"), ("formats", "text")])


def test_pairs_on_the_command_line(imgscan: Imgscan, targets: Targets, tmp_path: Path) -> None:
    """Pairs may stand anywhere among the arguments, long or short, joined or not."""
    outputs = (f"--output={tmp_path / 'a.sarif'}", "-fjson", f"-o{tmp_path / 'b.json'}", "--format", "jsonl")
    done = imgscan("image", "--format=sarif", outputs[0], targets.live, *outputs[1:])
    assert done.code == 1
    assert json.loads((tmp_path / "a.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((tmp_path / "b.json").read_text())["schema"] == "imgscan/1"
    assert json.loads(done.out.splitlines()[0])["type"] == "target"


def test_double_dash(imgscan: Imgscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind `--`, everything is a target."""
    monkeypatch.chdir(tmp_path)
    done = imgscan("image", "-f", "json", "--", "./-f")
    assert done.code == 2
    assert "cannot read ./-f: there is no such file" in done.err


def test_quiet(imgscan: Imgscan, targets: Targets) -> None:
    """With -q there is a line for each finding, and the totals."""
    done = imgscan("image", "-q", targets.live)
    finding, totals = done.out.splitlines()
    assert "app/.env:1:12" in finding
    assert totals.startswith("1 secret in 1 place")


def test_verbose(imgscan: Imgscan, targets: Targets) -> None:
    """With -v it is told what the scan runs on, and the report says more."""
    done = imgscan("image", "-v", targets.live)
    assert "imgscan: searching with " in done.err
    assert "imgscan: inflating gzip with " in done.err
    assert "fingerprint " in done.out
    assert "fingerprint " not in imgscan("image", targets.live).out


def test_jobs_change_nothing(imgscan: Imgscan, targets: Targets) -> None:
    """The report is the same at any --jobs."""
    reports = {imgscan("image", targets.live, targets.test, "-f", "json", "--jobs", jobs).out for jobs in (1, 2, 64)}
    assert len(reports) == 1


def test_no_cache(imgscan: Imgscan, targets: Targets) -> None:
    """--no-cache is taken from the start, though there is no cache yet."""
    assert imgscan("image", targets.clean, "--no-cache").code == 0


def test_sarif_category(imgscan: Imgscan, targets: Targets) -> None:
    """The category for code scanning is the one that was given."""
    done = imgscan("image", targets.clean, "-f", "sarif", "--sarif-category", "nightly")
    assert done.json["runs"][0]["automationDetails"]["id"].startswith("nightly")


def test_version(imgscan: Imgscan) -> None:
    """--version names the program and its version."""
    for flag in ("--version", "-V"):
        assert imgscan(flag).out == f"imgscan {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["image", "--help"], ["image", "-h"], ["rules", "-h"]])
def test_help(imgscan: Imgscan, arguments: list[str]) -> None:
    """Help is shown with exit code 0."""
    done = imgscan(*arguments)
    assert done.code == 0
    assert done.out.startswith("Usage: imgscan")
    assert done.err == ""


def test_no_arguments(imgscan: Imgscan) -> None:
    """Without arguments the help is shown on standard error, with exit code 2."""
    done = imgscan()
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("Usage: imgscan [OPTIONS] COMMAND")
    assert "  image  " in done.err


def test_rules(imgscan: Imgscan) -> None:
    """`imgscan rules` lists every rule on a line of its own."""
    done = imgscan("rules")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == [rule.id for rule in STRIPE.rules]


def test_rule(imgscan: Imgscan) -> None:
    """`imgscan rules NAME` says what it is, how to rotate, and how to rebuild."""
    for rule in [rule.id for rule in STRIPE.rules]:
        done = imgscan("rules", rule)
        assert done.code == 0, rule
        assert f"({rule}, " in done.out.splitlines()[0], rule
        assert all(heading in done.out for heading in ("\nRotate\n  1. ", "\nRebuild\n  1. ", "\nMore: https://")), rule
        assert max(map(len, done.out.splitlines())) <= 100, rule
