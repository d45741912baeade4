"""The figures about real trees, compiled carriers and mutants: what they count, and what makes them fail."""

from __future__ import annotations

import json
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from accuracy import compiled, mutants, outcome, real, trees
from accuracy.makers import MAKERS, Maker
from accuracy.outcome import Change, Mutant
from accuracy.toolbox import Missing, Toolbox
from fixtures.keys import Keys
from imgscan.detect import RULES

if TYPE_CHECKING:
    from pathlib import Path

TREE = trees.TREES["npm"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a tree with a live key in one file and nothing in another."""
    top = tmp_path / "top"
    (top / "pkg" / "test").mkdir(parents=True)
    (top / "pkg" / "test" / "keys.js").write_text(f"const key = '{Keys(1).secret99()}';\n")
    (top / "pkg" / "readme").write_text("nothing\n")
    return top


def test_a_report_without_a_reason_fails(tree: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A finding that the list does not explain is named, without the key, and the run fails."""
    out = tmp_path / "real.json"
    assert real.main(["--only", "npm", "--tree", f"npm={tree}", "--record", str(out)]) == 1
    said = capsys.readouterr().out
    assert "UNEXPLAINED pkg/test/keys.js:1 stripe-secret-key sk_live_" in said
    assert Keys(1).secret99() not in said + out.read_text()
    [told] = json.loads(out.read_text())["trees"]
    assert (told["files"], len(told["unexplained"])) == (2, 1)


def test_a_report_with_a_reason_is_counted(tree: Path) -> None:
    """A finding is explained by the glob of its path and its rule, together."""
    right = real.Entry("npm/*/test/*.js", "stripe-secret-key", "a test")
    wrong = (real.Entry("npm/*", "stripe-webhook-secret", "other rule"), real.Entry("wheels/*", right.rule, "other"))
    outcome = real.examine(TREE, tree, (*wrong, right))
    assert (outcome.good, dict(outcome.explained)) == (True, {right: 1})
    assert not real.examine(TREE, tree, wrong).good


def test_low_confidence_is_counted_and_fails_nothing(tree: Path) -> None:
    """Findings of low confidence need no reason."""
    (tree / "pkg" / "test" / "keys.js").write_text(Keys(2).secret(60))
    outcome = real.examine(TREE, tree, ())
    assert (outcome.good, dict(outcome.low)) == (True, {"stripe-secret-key": 1})


def test_a_tree_that_cannot_be_had_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A tree that was asked for and could not be fetched is named, and the run fails."""
    monkeypatch.setenv("PATH", "")
    assert real.main(["--only", "tarballs"]) == 1
    assert "NOT TO BE HAD: no npm" in capsys.readouterr().out


def test_every_entry_is_of_a_tree_and_a_rule() -> None:
    """The committed list names trees and rules that there are."""
    entries = real.entries()
    assert {entry.path.partition("/")[0] for entry in entries} <= set(trees.TREES)
    assert {entry.rule for entry in entries} <= {rule.id for rule in RULES}


@pytest.mark.parametrize(
    "text", ['path = "a"', 'path = "a"\nrule = "b"\nreason = ""', "path = 1\nrule = 2\nreason = 3"]
)
def test_an_entry_without_a_reason_is_refused(text: str, tmp_path: Path) -> None:
    """Each entry says where, what and why."""
    file = tmp_path / "explained.toml"
    file.write_text(f"[[explained]]\n{text}\n")
    with pytest.raises(ValueError, match="an entry has"):
        real.entries(file)


def test_archives_are_unpacked_by_package(tmp_path: Path) -> None:
    """A wheel and an sdist are unpacked into folders that carry no version."""
    with zipfile.ZipFile(tmp_path / "some_pkg-1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("some_pkg/a.py", "1")
    (tmp_path / "b.py").write_text("2")
    with tarfile.open(tmp_path / "other-3.0.tar.gz", "w:gz") as sdist:
        sdist.add(tmp_path / "b.py", "other-3.0/b.py")
        sdist.add(tmp_path / "b.py", "../outside.py")
    top = trees._unpacked(tmp_path)
    files = sorted(path.relative_to(top).as_posix() for path in top.rglob("*.py"))
    assert files == ["other/other-3.0/b.py", "some_pkg/some_pkg/a.py"]


@pytest.mark.parametrize("maker", [each for each in MAKERS if not each.beyond], ids=lambda maker: maker.name)
def test_every_byte_form_holds_its_keys(maker: Maker, tmp_path: Path) -> None:
    """Today's key is found in the byte form of whatever a tool would make."""
    keys = Keys(f"form {maker.name}")
    sample = {sort: make(keys) for sort, make in compiled.SORTS.items()}
    result = compiled.search(compiled.Carrier(maker, maker.form(sample), sample, compiled.BYTE_FORM), tmp_path)
    assert "99" in result.found
    assert result.misplaced == 0


def test_without_a_tool_the_byte_form_is_written_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A compiler that is not here is replaced by the byte form, which the table says."""
    monkeypatch.setenv("PATH", "")
    assert compiled.main(["--only", "Java class", "--seed", "3"]) == 0
    assert "byte form (no javac)" in capsys.readouterr().out


def test_a_tools_output_is_not_passed_on() -> None:
    """When a tool fails its name and exit code are told, and nothing that it said of its input."""
    with Toolbox() as box, pytest.raises(Missing) as caught:
        box.run("sh", "-c", "echo very secret >&2; exit 3")
    assert str(caught.value) == "sh ends with exit code 3"


NOTHING: dict[str, Any] = {"modules": {}, "survived": []}
ARGUED, SILENT = (Change("tokens", "loose", "a < b", added) for added in ("a <= b", "a > b"))
MADE = [
    Mutant("one", "tokens", "survived", ARGUED),
    Mutant("two", "tokens", "survived", SILENT),
    Mutant("three", "tokens", "killed"),
    Mutant("four", "rules", "timeout"),
]
SOURCES = {"tokens": "aa", "rules": "bb"}


def test_a_survivor_needs_an_argument() -> None:
    """What was not killed is listed with its argument, and counted where it has none."""
    text = outcome.told(outcome.record(MADE, SOURCES, {}, NOTHING), {ARGUED: "equal here"})
    assert "tokens.loose: equal here\n  - a < b\n  + a <= b" in text
    assert "tokens.loose: NO ARGUMENT\n  - a < b\n  + a > b" in text
    assert "1 survivors without an argument" in text


def test_a_record_goes_on() -> None:
    """A mutant that was run again is counted anew, once; what was not run stays as it was."""
    first = outcome.record(MADE, SOURCES, {}, NOTHING)
    assert (first["total"], first["killed"], first["timeouts"]) == (4, 2, 1)
    second = outcome.record([Mutant("two", "tokens", "killed")], {}, {"two": "tokens"}, first)
    assert (second["total"], second["killed"]) == (4, 3)
    assert second["modules"]["tokens"] == {"killed": 2, "timeout": 0, "survived": 1, "source": "aa"}
    assert [each["mutant"] for each in second["survived"]] == ["one"]
    third = outcome.record([Mutant("five", "tokens", "killed")], {"tokens": "cc"}, {}, second)
    assert third["modules"]["tokens"] == {"killed": 1, "timeout": 0, "survived": 0, "source": "cc"}
    assert (third["survived"], third["total"]) == ([], 2)


def test_what_lived_in_an_unchanged_module_is_run_again() -> None:
    """If it has no argument; a module that is another than in the record, or not in it, is run as a whole."""
    same = {"killed": 1, "timeout": 0, "survived": 1, "source": mutants.source_of("tiers")}
    change = {"function": "f", "removed": "a", "added": "b"}
    lived = [
        {"mutant": "imgscan.detect.tiers.x_key__mutmut_1", "module": "tiers", **change},
        {"mutant": "imgscan.detect.tiers.x_key__mutmut_2", "module": "tiers", **change, "added": "c"},
        {"mutant": "tiers KEY_MOST 0", "module": "tiers", **change},
        {"mutant": "imgscan.detect.rules.x_prefixes_of__mutmut_1", "module": "rules", **change},
    ]
    earlier = {"modules": {"tiers": same, "rules": same}, "survived": lived}
    wanted = mutants.due(["tiers", "rules", "encodings/__init__"], earlier, {Change("tiers", "f", "a", "c"): "why"})
    assert wanted.whole == ["rules", "encodings/__init__"]
    assert list(wanted.single) == ["imgscan.detect.tiers.x_key__mutmut_1", "tiers KEY_MOST 0"]
    assert wanted.made() == ["imgscan.detect.tiers.x_key__mutmut_1"]
    assert wanted.patterns() == ["imgscan.detect.rules.x*", "imgscan.detect.encodings.x*", *wanted.made()]


def test_the_committed_arguments_are_of_modules_there_are() -> None:
    """The list of survivors can be read and names modules that are mutated."""
    assert {change.module for change in outcome.arguments_for()} <= set(mutants.modules(()))


def test_whatever_lives_in_the_committed_record_is_argued_for() -> None:
    """The record of the last run has no survivor without a reason."""
    recorded = json.loads((mutants.TOP / "accuracy" / "mutants.json").read_text(encoding="utf-8"))
    assert set(outcome.changes_of(recorded)) <= set(outcome.arguments_for())


def test_a_packages_own_functions_are_mutated() -> None:
    """What stands in `encodings/__init__.py` is of its own module, though mutmut names it by the package."""
    assert mutants.module_of("imgscan.detect.encodings.x_forms__mutmut_1") == "encodings/__init__"
    assert mutants.module_of("imgscan.detect.encodings.plain.x__read__mutmut_1") == "encodings/plain"
    assert mutants.module_of("imgscan.detect.engine.xǁEngineǁfind__mutmut_1") == "engine"
    assert "encodings/__init__" in mutants.modules(())
