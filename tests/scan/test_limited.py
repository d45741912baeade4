"""More hits than are kept: the first are listed, whatever is done first, and the rest is an error that counts them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.builders import Image, Layer, docker_modern, tar
from fixtures.keys import Keys
from imgscan import packed
from imgscan.model import TargetReport
from imgscan.report import FORMATS
from imgscan.scan import crowd
from imgscan.scan.crowd import Turn
from imgscan.scan.findings import Placed, findings_of
from imgscan.scan.image.kepthits import Results
from imgscan.scan.manyhits import HitLog
from imgscan.scan.result import LayerResult
from imgscan.scan.session import Session
from imgscan.scan.tree.hitruns import Runs
from imgscan.streams.readers import StreamError
from imgscan.streams.stop import Stop
from tests.effort import examples
from tests.report.samples import render
from tests.scan.support import concealer, scan
from tests.scan.test_manyhits import many
from tests.scan.trees import grow, scan_tree

if TYPE_CHECKING:
    from pathlib import Path

LAYERS = (30, 10, 25, 0, 40)
"""Hits of the layers of an image."""


@settings(database=None, max_examples=examples(50))
@given(st.permutations(range(len(LAYERS))))
def test_which_hits_of_layers_are_kept_does_not_depend_on_which_is_read_first(order: list[int]) -> None:
    """A result keeps its hits as long as those before it have fewer than the limit."""
    results = Results([f"{number}" for number in range(len(LAYERS))], most=40)
    for number in order:
        results.put(f"{number}", LayerResult(hits=tuple(many(LAYERS[number]))))
    assert [len(results[f"{number}"].hits) for number in range(len(LAYERS))] == [30, 10, 0, 0, 0]
    assert [results[f"{number}"].left_out for number in range(len(LAYERS))] == [0, 0, 25, 0, 40]


def test_a_result_that_gets_another_name_keeps_its_place() -> None:
    """An earlier member of an archive that gives up its name is still before the later one."""
    results = Results(most=5)
    results.put("a", LayerResult(hits=tuple(many(5))))
    results.rename("a", "a, earlier")
    results.put("a", LayerResult(hits=tuple(many(5))))
    assert {name: len(each.hits) for name, each in results.items()} == {"a, earlier": 5, "a": 0}


@pytest.mark.parametrize("lanes", [1, 3])
def test_the_first_hits_of_a_walk_are_kept(lanes: int) -> None:
    """However the files of a walk are spread over lanes, the hits of the first of them are kept."""
    hits = [hit._replace(member=number // 2) for number, hit in enumerate(many(100))]
    runs = Runs(most=10)
    for start in reversed(range(0, 100, 20)):
        for lane in range(lanes):
            runs.add([hit for hit in hits[start : start + 20] if hit.member % lanes == lane])
    assert list(runs.take())[:10] == hits[:10]
    assert len(list(runs.take())) + runs.left_out == 100


def test_a_log_keeps_so_many_of_a_file_and_counts_the_others() -> None:
    """One file does not take the room of the next."""
    log = HitLog(3, in_all=5)
    for member in (0, 0, 0, 0, 1, 1, 1):
        log.add(many(1)[0]._replace(member=member))
    assert list(log.numbers) == [0, 0, 0, 1, 1]
    assert log.left_out == 2


def test_findings_beyond_the_limit_are_an_error() -> None:
    """They are counted, and the scan is not whole."""
    listed = findings_of(map(Placed, many(10)), Session(concealer()), most=6, left_out=5)
    report = TargetReport("t", "filesystem", findings=listed.findings, diagnostics=listed.noted)
    assert len(listed.findings) == 6
    assert [(each.severity, each.code) for each in listed.noted] == [("error", "findings-limit")]
    assert "9 of those" in listed.noted[0].message
    assert not report.whole


def test_as_many_as_the_limit_are_whole() -> None:
    """Nothing is said of a limit that is not passed."""
    listed = findings_of(map(Placed, many(6)), Session(concealer()), most=6)
    assert (len(listed.findings), listed.noted) == (6, ())


def _image() -> bytes:
    keys = Keys("many")
    again = keys.secret99()
    files = {f"f{number}": f"k = {keys.secret99()}\n{again}\n".encode() for number in range(12)}
    return docker_modern(Image([Layer(tar(files)), Layer(tar({"f3": b"-", "g": again.encode()}))]))


def test_packed_findings_make_the_same_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every format writes the same of findings that are packed as of a few that are not."""
    path = tmp_path / "image.tar"
    path.write_bytes(_image())
    [few] = scan(path)
    monkeypatch.setattr(packed, "FEW", 4)
    monkeypatch.setattr(packed, "GROUP", 2)
    [more] = scan(path)
    assert isinstance(few.findings, tuple)
    assert isinstance(more.findings, packed.Many)
    for form in FORMATS:
        assert render(form, more) == render(form, few), form


def test_pours_that_go_on_anew_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane whose pour has found many hits begins another: the report is the same."""
    keys = Keys("tree")
    root = grow(tmp_path / "tree", {f"d{number}/f": keys.secret99().encode() for number in range(700)})
    whole = scan_tree(root)
    monkeypatch.setattr("imgscan.scan.tree.lanes._ENOUGH", 1)
    assert tuple(scan_tree(root).findings) == tuple(whole.findings)
    assert len(whole.findings) == 700


def test_one_pour_at_a_time_holds_many_hits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one that has many too waits until the first gives its turn back."""
    monkeypatch.setattr(crowd, "SOME", 2)
    session = Session(concealer())
    first, second = Turn(session), Turn(session)
    for _ in range(3):
        first.counted()

    def find() -> None:
        for _ in range(3):
            second.counted()

    waiting = threading.Thread(target=find)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    first.give_back()
    waiting.join(60)
    assert not waiting.is_alive()
    assert session.crowd.locked()
    second.give_back()
    assert not session.crowd.locked()


def test_a_stop_ends_the_wait_for_a_turn() -> None:
    """Who waits notices that the scan is to stop."""
    session = Session(concealer(), stop=Stop())
    Turn(session).ask()
    session.stop.set()
    with pytest.raises(StreamError):
        Turn(session).ask()


def test_a_turn_is_kept_by_who_has_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that needs much memory takes a turn, and gives it back unless there are many hits by then."""
    monkeypatch.setattr(crowd, "SOME", 2)
    session = Session(concealer())
    turn = Turn(session)
    turn.ask()
    turn.give_back(unless_many=True)
    assert not session.crowd.locked()
    for _ in range(3):
        turn.counted()
    turn.give_back(unless_many=True)
    assert session.crowd.locked()
