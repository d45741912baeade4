"""The figures about real trees and compiled carriers: what they count, and what makes them fail."""

from __future__ import annotations

import json
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from accuracy.real import compiled, examine, trees
from accuracy.real.makers import MAKERS, Maker
from accuracy.real.toolbox import Missing, Toolbox
from fixtures.keys import Keys
from imgscan.detect.stripe import STRIPE

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
    assert examine.main(["--only", "npm", "--tree", f"npm={tree}", "--record", str(out)]) == 1
    said = capsys.readouterr().out
    assert "UNEXPLAINED pkg/test/keys.js:1 stripe-secret-key sk_live_" in said
    assert Keys(1).secret99() not in said + out.read_text()
    [told] = json.loads(out.read_text())["trees"]
    assert (told["files"], len(told["unexplained"])) == (2, 1)


def test_a_report_with_a_reason_is_counted(tree: Path) -> None:
    """A finding is explained by the glob of its path and its rule, together."""
    right = examine.Entry("npm/*/test/*.js", "stripe-secret-key", "a test")
    wrong = (
        examine.Entry("npm/*", "stripe-webhook-secret", "other rule"),
        examine.Entry("wheels/*", right.rule, "other"),
    )
    outcome = examine.examine(TREE, tree, (*wrong, right))
    assert (outcome.good, dict(outcome.explained)) == (True, {right: 1})
    assert not examine.examine(TREE, tree, wrong).good


def test_low_confidence_is_counted_and_fails_nothing(tree: Path) -> None:
    """Findings of low confidence need no reason."""
    (tree / "pkg" / "test" / "keys.js").write_text(Keys(2).secret(60))
    outcome = examine.examine(TREE, tree, ())
    assert (outcome.good, dict(outcome.low)) == (True, {"stripe-secret-key": 1})


def test_a_tree_that_cannot_be_fetched_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tree that was requested and could not be fetched is named, and the run fails."""
    monkeypatch.setenv("PATH", "")
    assert examine.main(["--only", "tarballs"]) == 1
    assert "NOT AVAILABLE: no npm" in capsys.readouterr().out


def test_every_entry_is_of_a_tree_and_a_rule() -> None:
    """The committed list names trees and rules that there are."""
    entries = examine.entries()
    assert {entry.path.partition("/")[0] for entry in entries} <= set(trees.TREES)
    assert {entry.rule for entry in entries} <= {rule.id for rule in STRIPE.rules}


@pytest.mark.parametrize(
    "text", ['path = "a"', 'path = "a"\nrule = "b"\nreason = ""', "path = 1\nrule = 2\nreason = 3"]
)
def test_an_entry_without_a_reason_is_refused(text: str, tmp_path: Path) -> None:
    """Each entry says where, what and why."""
    file = tmp_path / "explained.toml"
    file.write_text(f"[[explained]]\n{text}\n")
    with pytest.raises(ValueError, match="an entry has"):
        examine.entries(file)


def test_a_package_writes_nothing_outside(tmp_path: Path) -> None:
    """Of an sdist only files are unpacked, and none whose name leads out of its folder."""
    (tmp_path / "here").mkdir()
    with tarfile.open(tmp_path / "here" / "bad-1.0.tar.gz", "w:gz") as sdist:
        for name in ("bad-1.0/a.py", "../../../outside.py", f"{tmp_path}/absolute.py"):
            sdist.addfile(tarfile.TarInfo(name))
        link = tarfile.TarInfo("bad-1.0/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        sdist.addfile(link)
    top = trees._unpacked(tmp_path / "here")
    assert [path.relative_to(top).as_posix() for path in sorted(top.rglob("*.py"))] == ["bad/bad-1.0/a.py"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "a.py",
        "bad",
        "bad-1.0",
        "bad-1.0.tar.gz",
        "here",
        "unpacked",
    ]


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
    """When a tool fails its name and exit code are reported, and nothing that it said of its input."""
    with Toolbox() as box, pytest.raises(Missing) as caught:
        box.run("sh", "-c", "echo very secret >&2; exit 3")
    assert str(caught.value) == "sh ends with exit code 3"
