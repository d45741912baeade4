"""Settings: from which file and variable they come, which wins, and what is said where one is wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from imgscan.cli import settings, settingsfile
from imgscan.cli.app import cli
from imgscan.cli.pairing import PairedCommand
from tests.cli.driver import TOP, environment
from tests.report.samples import SAMPLES, render

if TYPE_CHECKING:
    from tests.cli.conftest import Imgscan
    from tests.cli.driver import Targets

GOLDEN = os.environ.get("IMGSCAN_GOLDEN") == "1"
SCHEMAS = TOP / "docs" / "schema"
REPORTS = sorted(path.name for path in (TOP / "fixtures/golden").glob("*.json") if path.name.count(".") == 1)
KNOWN = settings.settings_of({name: made for name, made in cli.commands.items() if isinstance(made, PairedCommand)})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the test's own, without this machine's variables."""
    for name in os.environ:
        if name.startswith(settings.PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(imgscan: Imgscan) -> dict[str, tuple[Any, str]]:
    """Return value and source of each setting, as `imgscan config` shows them."""
    views = json.loads(imgscan("config", "-f", "json").out)
    return {view["setting"]: (view["value"], view["source"]) for view in views}


# which wins


def test_default(imgscan: Imgscan) -> None:
    """Without a file or variable the defaults are in effect."""
    assert {source for _, source in shown(imgscan).values()} == {"default"}


@pytest.mark.parametrize("levels", range(4))
def test_order(imgscan: Imgscan, targets: Targets, folder: Path, monkeypatch: pytest.MonkeyPatch, levels: int) -> None:
    """The command line wins over a variable, a variable over a file, a file over the default."""
    arguments: list[str] = []
    if levels >= 1:
        (folder / "imgscan.toml").write_text('fail-on = "error"\n')
    if levels >= 2:
        monkeypatch.setenv("IMGSCAN_FAIL_ON", "note")
    if levels >= 3:
        arguments = ["--fail-on", "never"]
    assert imgscan("image", targets.test, *arguments).code == [1, 0, 1, 0][levels]
    sources = ["default", "imgscan.toml:1", "IMGSCAN_FAIL_ON", "IMGSCAN_FAIL_ON"]
    assert shown(imgscan)["fail-on"][1] == sources[levels]


def test_empty_variable(imgscan: Imgscan, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is as good as none."""
    monkeypatch.setenv("IMGSCAN_FAIL_ON", "")
    assert shown(imgscan)["fail-on"] == ("warning", "default")


def test_pyproject(imgscan: Imgscan, targets: Targets, folder: Path) -> None:
    """`[tool.imgscan]` of a pyproject.toml counts as well, one without that table does not."""
    (folder / "pyproject.toml").write_text('[project]\nname = "imgscan-user"\n')
    assert imgscan("image", targets.test).code == 1
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.imgscan]\n# fail-on\nfail-on = "error"\n')
    assert imgscan("image", targets.test).code == 0
    assert shown(imgscan)["fail-on"] == ("error", "pyproject.toml:6")


def test_own_file_before_pyproject(imgscan: Imgscan, folder: Path) -> None:
    """In one folder imgscan.toml counts, and nothing is mixed."""
    (folder / "pyproject.toml").write_text('[tool.imgscan]\nfail-on = "error"\nquiet = true\n')
    (folder / "imgscan.toml").write_text('fail-on = "note"\n')
    effective = shown(imgscan)
    assert (effective["fail-on"], effective["quiet"]) == (("note", "imgscan.toml:1"), (False, "default"))


def test_nearest(imgscan: Imgscan, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest file above counts, as far as the repository goes."""
    inner = folder / "repo" / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    (folder / "imgscan.toml").write_text('fail-on = "error"\n')
    assert shown(imgscan)["fail-on"] == ("error", f"{folder / 'imgscan.toml'}:1")
    (folder / "repo" / "imgscan.toml").write_text('fail-on = "note"\n')
    assert shown(imgscan)["fail-on"] == ("note", f"{folder / 'repo' / 'imgscan.toml'}:1")
    (folder / "repo" / "a" / ".git").mkdir()
    assert shown(imgscan)["fail-on"] == ("warning", "default")


# what they do


def test_format(imgscan: Imgscan, targets: Targets, folder: Path) -> None:
    """A format that is set is the one without -f, and goes where -o says."""
    (folder / "imgscan.toml").write_text('format = "json"\n')
    assert imgscan("image", targets.clean).json["schema"] == "imgscan/1"
    assert imgscan("image", targets.clean, "-f", "text").out.startswith(targets.clean)
    imgscan("image", targets.clean, "-o", "x.json")
    assert json.loads((folder / "x.json").read_text())["schema"] == "imgscan/1"


def test_lists(imgscan: Imgscan, targets: Targets, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is an array or a string in a file, and has commas in a variable."""
    for text in ('include = ["publishable", "examples"]', 'include = "publishable"'):
        (folder / "imgscan.toml").write_text(text)
        done = imgscan("image", targets.publishable, "-f", "json")
        assert len(done.json["targets"][0]["findings"]) == 1
    monkeypatch.setenv("IMGSCAN_EXCLUDE", "*.md, docs/")
    assert shown(imgscan)["exclude"] == (["*.md", "docs/"], "IMGSCAN_EXCLUDE")


def test_exclude(imgscan: Imgscan, targets: Targets, folder: Path) -> None:
    """An option of one command only is in effect there, and no mistake elsewhere."""
    (folder / "imgscan.toml").write_text('exclude = ["*.tar"]\n')
    (folder / "sub").mkdir()
    (folder / "sub" / "x.tar").write_bytes(Path(targets.live).read_bytes())
    assert imgscan("fs", "sub").code == 0
    assert imgscan("image", "sub/x.tar").code == 1


def test_every_setting_reaches_its_command(folder: Path) -> None:
    """Each setting is a parameter of the commands that it is for."""
    for setting in KNOWN.values():
        for name in setting.commands:
            assert setting.option.name in {parameter.name for parameter in cli.commands[name].params}


def test_baseline_from_a_file(imgscan: Imgscan, targets: Targets, folder: Path) -> None:
    """A baseline may be set once for all scans."""
    imgscan("image", targets.live, "-f", "json", "-o", "report.json")
    imgscan("baseline", "add", "report.json")
    (folder / "imgscan.toml").write_text('baseline = "imgscan-baseline.json"\n')
    assert imgscan("image", targets.live).code == 0


def test_help_in_spite_of_mistakes(imgscan: Imgscan, folder: Path) -> None:
    """A file that is wrong does not keep the help away."""
    (folder / "imgscan.toml").write_text("rubbish")
    assert imgscan("image", "--help").code == 0
    assert imgscan("rules").code == 0


# what is wrong


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('fail_on = "error"', "1: fail_on: there is no such setting (did you mean fail-on?)"),
        ('# fail-onn\n\nfail-onn = "error"', "3: fail-onn: there is no such setting (did you mean fail-on?)"),
        ('fail-on = "eror"', "1: fail-on: 'eror' is not one of"),
        ('fail-on = "eror"', "(did you mean error?)"),
        ("fail-on = 1", "1: fail-on: must be a string"),
        ('x-\nquiet = "yes"', "1:3: not TOML"),
        ('exclude = [\n  "quiet",\n]\nquiet = "yes"', "4: quiet: must be true or false"),
        ("jobs = true", "1: jobs: must be a whole number"),
        ("jobs = 1.5", "1: jobs: must be a whole number"),
        ("jobs = 0", "1: jobs: 0 is not in the range"),
        ("include = [1]", "1: include: must be a string or an array of strings"),
        ('format = ["json", "xml"]', "1: format: 'xml' is not one of"),
        ("verbose = true", "1: verbose: must be a whole number"),
        ("show-secrets = true", "1: show-secrets: not allowed in a file"),
        ('output = "/etc/passwd"', "1: output: not allowed in a file"),
        ("staged = true", "1: staged: not allowed in a file"),
        ('\n[image]\nfail-on = "error"', "2: image: there is no such setting"),
        ("a = [\n", "not TOML"),
        ("a = 1\na = 2\n", "not TOML"),
    ],
)
def test_wrong_file(imgscan: Imgscan, targets: Targets, folder: Path, text: str, message: str) -> None:
    """A mistake in a file is reported with its line, and nothing is scanned."""
    (folder / "imgscan.toml").write_text(text)
    done = imgscan("image", targets.clean)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("imgscan: imgscan.toml:")
    assert message in done.err


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("IMGSCAN_FAIL_ON", "eror", "IMGSCAN_FAIL_ON: 'eror' is not one of"),
        ("IMGSCAN_JOBS", "many", "IMGSCAN_JOBS: must be a number"),
        ("IMGSCAN_JOBS", "1.5", "IMGSCAN_JOBS: must be a whole number"),
        ("IMGSCAN_JOBS", "100000", "IMGSCAN_JOBS: 100000 is not in the range"),
        ("IMGSCAN_QUIET", "maybe", "IMGSCAN_QUIET: must be true or false"),
        ("IMGSCAN_FORMAT", "text,xml", "IMGSCAN_FORMAT: 'xml' is not one of"),
    ],
)
def test_wrong_variable(
    imgscan: Imgscan, targets: Targets, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    """A mistake in a variable is reported with its name."""
    monkeypatch.setenv(name, value)
    done = imgscan("image", targets.clean)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_misspelt_variable(imgscan: Imgscan, monkeypatch: pytest.MonkeyPatch) -> None:
    """`imgscan config` tells of a variable that is nearly a setting."""
    monkeypatch.setenv("IMGSCAN_FAILON", "error")
    assert "IMGSCAN_FAILON is not a setting (did you mean IMGSCAN_FAIL_ON?)" in imgscan("config").err


@pytest.mark.parametrize(
    ("data", "message"), [(b"# \xff", ":1: not TOML"), (b"#" * (settingsfile.LARGEST + 1), "too large")]
)
def test_unreadable_file(imgscan: Imgscan, folder: Path, data: bytes, message: str) -> None:
    """A file that is no text, or far too long, is refused."""
    (folder / "imgscan.toml").write_bytes(data)
    done = imgscan("config")
    assert done.code == 2
    assert message in done.err


def test_table(imgscan: Imgscan, folder: Path) -> None:
    """The table lists every setting, and where only some commands have it, which."""
    lines = imgscan("config").out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(KNOWN)
    assert next(line for line in lines if line.startswith("platform ")).endswith("(image)")


# schemas


def write(name: str, data: str) -> None:
    """Write a schema again where golden files are."""
    if GOLDEN:
        (SCHEMAS / name).write_text(data)


def test_settings_schema() -> None:
    """The published schema of settings is the one that the options declare; `make docs` writes it."""
    made = json.dumps(settings.schema(KNOWN), indent=2) + "\n"
    write("settings.json", made)
    assert (SCHEMAS / "settings.json").read_text() == made


def test_settings_schema_agrees() -> None:
    """The schema refuses what the program refuses, and takes what it takes."""
    schema = json.loads((SCHEMAS / "settings.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    values: list[Any] = [True, 0, 1, -1, 1.5, "x", "error", "json", "low", ["json"], ["x", "y"], [1], {}, 10**6]
    for key, setting in KNOWN.items():
        for value in values:
            try:
                setting.read(value)
            except ValueError:
                taken = False
            else:
                taken = True
            assert validator.is_valid({key: value}) == taken, (key, value)
    assert not validator.is_valid({"fail_on": "error"})


def _report_schema() -> dict[str, Any]:
    made: dict[str, Any] = json.loads((SCHEMAS / "report.json").read_text())
    return made


@pytest.mark.parametrize("name", REPORTS)
def test_golden_reports_follow_the_schema(name: str) -> None:
    """Each golden JSON report is of the published schema."""
    jsonschema.validate(json.loads((TOP / "fixtures" / "golden" / name).read_bytes()), _report_schema())


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "hostile"])
def test_lines_follow_the_schema(name: str) -> None:
    """Each line of a JSON Lines report is too."""
    schema = _report_schema() | {"$ref": "#/$defs/line"}
    for line in render("jsonl", SAMPLES[name]).splitlines():
        jsonschema.validate(json.loads(line), schema)


def _objects(value: Any, place: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = [(place, value)] if isinstance(value, dict) else []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        found += _objects(item, f"{place}/{key}")
    return found


def test_report_schema_is_strict() -> None:
    """A member that the schema does not know is refused at every place, and so is one that lacks."""
    document = json.loads(render("json", SAMPLES["shop"]))
    validator = jsonschema.Draft202012Validator(_report_schema())
    assert validator.is_valid(document)
    for place, value in _objects(document):
        value["surplus"] = 1
        assert not validator.is_valid(document), place
        del value["surplus"]
        for key in list(value):
            kept = value.pop(key)
            assert not validator.is_valid(document), f"{place}/{key}"
            value[key] = kept
    assert validator.is_valid(document)


# completion


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_completion() -> None:
    """The shell's completion knows commands, options and choices."""

    def completed(*words: str) -> list[str]:
        options = environment(
            _IMGSCAN_COMPLETE="bash_complete", COMP_WORDS=" ".join(words), COMP_CWORD=str(len(words) - 1)
        )
        script = "import sys; sys.argv[0] = 'imgscan'; from imgscan.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env=options, check=False, timeout=300
        )
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert {"image", "git", "baseline", "config"} <= set(completed("imgscan", ""))
    assert "--min-confidence" in completed("imgscan", "image", "--min")
    assert completed("imgscan", "image", "--fail-on", "e") == ["error"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_completion_script() -> None:
    """The script that a shell's startup file evaluates is one that bash takes."""
    script = "import sys; sys.argv[0] = 'imgscan'; from imgscan.cli import main; main()"
    options = environment(_IMGSCAN_COMPLETE="bash_source")
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, env=options, check=False, timeout=300)
    assert b"_IMGSCAN_COMPLETE=bash_complete" in made.stdout
    subprocess.run(["bash", "-n"], input=made.stdout, check=True, timeout=300)


# what is shown


HOSTILE = "\x9b31m\x7f\u202e\u2066::error::"


def test_config_shows_no_key(imgscan: Imgscan, targets: Targets, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values of files and variables are redacted, and no terminal obeys them, in both formats."""
    key = targets.keys[0]
    monkeypatch.setenv("IMGSCAN_SARIF_CATEGORY", f"{key}{HOSTILE}")
    (folder / "imgscan.toml").write_text(f'exclude = ["{key}\\u009b\\u202e", "srv/{key[:40]}/{key[40:]}"]\n', "utf-8")
    for form in ("text", "json"):
        out = imgscan("config", "-f", form).out
        assert key[14:40] not in out
        assert key[50:-4] not in out
        assert all(line.isprintable() for line in out.split("\n"))
    assert "sk_live_51…" in out


def test_config_keeps_other_values(imgscan: Imgscan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value without a key reads back from JSON as it was given."""
    monkeypatch.setenv("IMGSCAN_SARIF_CATEGORY", f"équipe{HOSTILE}")
    assert shown(imgscan)["sarif-category"] == (f"équipe{HOSTILE}", "IMGSCAN_SARIF_CATEGORY")


def test_a_sarif_category_is_no_key(imgscan: Imgscan, targets: Targets) -> None:
    """A category that somebody took from the wrong variable is redacted in the report."""
    key = targets.keys[0]
    out = imgscan("image", targets.clean, "-f", "sarif", "--sarif-category", f"{key}{HOSTILE}").out
    assert json.loads(out)["runs"][0]["automationDetails"]["id"].startswith("sk_live_51…")
    assert key[14:-4] not in out
    assert all(line.isprintable() for line in out.split("\n"))
