"""Mutants of the detector: how a change is named, which kinds are left out, what a record counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accuracy import records
from accuracy.mutants import due, numbers, outcome
from accuracy.mutants.arguments import arguments, stale
from accuracy.mutants.change import Change, describe, difference
from accuracy.mutants.exemptions import EXEMPTIONS, calls_in, exemption_of
from accuracy.mutants.outcome import Mutant

MODULE = """
import re
from typing import TYPE_CHECKING, cast

LEAST = 16
WORD = re.compile(rb"[a-z]{3,9}")


class Engine:
    def find(self, data: bytes, path: str = "") -> int:
        begin, end = 0, 0
        if not data:
            raise ValueError("no data")
        for part in data.split(b"_"):
            if len(part) < LEAST:
                continue
            end = begin + len(part)
        self.done = False
        return data.find(b"x", begin, end) if end else -1

    def __repr__(self) -> str:
        return f"Engine({self.name!r})"


def decode(data: bytes) -> str:
    return cast("str", data.decode("utf-8", "replace"))


def used() -> int:
    return Engine().find(b"a", "path") + Engine().find(b"b", path="other")
"""


def changed(before: str, after: str, text: str = MODULE) -> Change:
    """Describe the replacement of the one place of a text in the module."""
    assert text.count(before) == 1
    return describe("encodings/engine", difference(text, text.replace(before, after)))


def left_out(before: str, after: str, text: str = MODULE) -> str:
    """Return the name of the exemption that leaves a replacement out; nothing if none does."""
    assert text.count(before) == 1
    exemption = exemption_of(difference(text, text.replace(before, after)), calls_in({"engine": text}))
    return exemption.name if exemption else ""


# Naming a change


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("LEAST = 16", "LEAST = 17", "engine.LEAST: LEAST = 16 ==> LEAST = 17"),
        ("part) < LEAST", "part) <= LEAST", "engine.Engine.find: len(part) < LEAST ==> len(part) <= LEAST"),
        ("begin + len", "begin - len", "engine.Engine.find: begin + len(part) ==> begin - len(part)"),
        ("continue", "break", "engine.Engine.find: continue ==> break"),
        ("0, 0", "0, 1", "engine.Engine.find: (0, 0) ==> (0, 1)"),
        (', "replace")', ")", "engine.decode: data.decode('utf-8', 'replace') ==> data.decode('utf-8')"),
        (', path="other")', ")", "engine.used: path='other' ==> nothing"),
        (
            "begin, end) if end",
            "begin) if end",
            "engine.Engine.find: data.find(b'x', begin, end) ==> data.find(b'x', begin)",
        ),
        ("{3,9}", "{2,9}", "engine.WORD: re.compile(b'[a-z]{3,9}') ==> re.compile(b'[a-z]{2,9}')"),
        ("if end else -1", "if (end) or True else -1", "end or True"),
    ],
)
def test_a_change_is_the_smallest_code_that_says_what_it_is(before: str, after: str, name: str) -> None:
    """Its module without folders, its function, and the code that is there once; no bare name or number."""
    assert name in str(changed(before, after))


def test_the_second_of_two_same_statements_is_numbered() -> None:
    """Where nothing tells two places apart, they are counted."""
    loop = "    for each in {}:\n        {}()\n        continue\n"
    text = "def f():\n" + loop.format("a", "g") + loop.format("b", "h")
    at = text.rindex("continue")
    change = describe("m", difference(text, text[:at] + "break\n"))
    assert str(change) == "m.f: continue #2 ==> break"
    assert list(stale([change], {"m": text})) == []
    assert list(stale([change], {"m": text[:at] + "pass\n"})) == [change]


@given(st.sampled_from(["", "import os\n", "# a word\n\n", "def other():\n    return 16\n\n\n"]), st.booleans())
def test_an_edit_elsewhere_orphans_nothing(more: str, behind: bool) -> None:
    """Code and comments before or behind a function, and where its module is, change no name."""
    text = MODULE + more if behind else more + MODULE
    change = changed("part) < LEAST", "part) <= LEAST", text)
    assert change == changed("part) < LEAST", "part) <= LEAST")
    assert list(stale([change], {"stripe/engine": text})) == []


def test_a_change_is_read_as_it_is_written() -> None:
    """What `str` writes is read again; anything else is refused."""
    change = changed("part) < LEAST", "part) <= LEAST")
    assert Change.read(str(change)) == change
    for text in ("engine.f", "engine.f: a", "engine: a ==> b"):
        with pytest.raises(ValueError, match="is not"):
            Change.read(text)


@pytest.mark.parametrize(
    "text", ["", MODULE.replace("Engine", "Other"), MODULE.replace("part) < LEAST", "part) > LEAST")]
)
def test_an_argument_without_its_code_is_stale(text: str) -> None:
    """When the module, the function or the code is gone, the argument is reported."""
    change = changed("part) < LEAST", "part) <= LEAST")
    assert list(stale([change], {"engine": text})) == [change]


def test_numbers_of_a_module_are_changed_by_one() -> None:
    """Named numbers and repetitions get one more and one less."""
    names = [str(describe("engine", difference(MODULE, edit.text))) for edit in numbers.edits(MODULE)]
    assert names[:2] == ["engine.LEAST: LEAST = 16 ==> LEAST = 17", "engine.LEAST: LEAST = 16 ==> LEAST = 15"]
    assert len(names) == 6


# Kinds that are left out


LEFT_OUT = [
    ("same program", "LEAST = 16", "LEAST = (16)"),
    ("name of a codec", '"utf-8"', '"UTF-8"'),
    ("text of an error", '"no data"', '"XXno dataXX"'),
    ("representation", "Engine({self.name!r})", "XXEngine({self.name!r})"),
    ("types only", 'cast("str", ', "cast(None, "),
    ("types only", "data: bytes) -> str", "data: bytes) -> None"),
    ("default that no call uses", 'path: str = ""', 'path: str = "XXXX"'),
    ("one false constant for another", "self.done = False", "self.done = None"),
    ("another number below zero", "if end else -1", "if end else -2"),
]
"""A mutant of every kind that is left out."""

TESTED = [
    ('"utf-8"', '"utf-16"'),
    ('"replace"', '"REPLACE"'),
    ("raise ValueError", "raise None"),
    ("self.done = False", "self.done = True"),
    ("self.done = False", "self.done = 0"),
    ("if end else -1", "if end else +1"),
    ("if end else -1", "if end else 0"),
    ("0, 0", "0, None"),
]
"""Mutants that are near one of those and may matter."""


@pytest.mark.parametrize(("name", "before", "after"), LEFT_OUT)
def test_what_cannot_matter_is_left_out(name: str, before: str, after: str) -> None:
    """Each exemption holds its own kind."""
    assert left_out(before, after) == name


def test_every_exemption_is_shown() -> None:
    """No exemption is without an example above."""
    assert {name for name, _, _ in LEFT_OUT} == {each.name for each in EXEMPTIONS}


@pytest.mark.parametrize(("before", "after"), TESTED)
def test_what_may_matter_is_not_left_out(before: str, after: str) -> None:
    """No exemption holds more than its kind."""
    assert left_out(before, after) == ""


@pytest.mark.parametrize("call", ["Engine().find(b'c')", "Engine().find(*all)", "Engine().find(b'c', **all)"])
def test_a_default_that_a_call_may_use_is_tested(call: str) -> None:
    """One call that leaves the argument out is enough, and so is one that cannot be seen through."""
    assert left_out('path: str = ""', 'path: str = "XXXX"', f"{MODULE}\n\nALL = {call}\n") == ""


def test_a_number_below_zero_that_is_compared_is_tested() -> None:
    """In a module that asks for -1, -2 is something else."""
    assert left_out("if end else -1", "if end else -2", f"{MODULE}\n\nNONE = used() == -1\n") == ""


# Arguments and the record


NOTHING: dict[str, Any] = {"modules": {}, "survived": []}
ARGUED, SILENT = (Change("tokens.loose", "a < b", after) for after in ("a <= b", "a > b"))
MADE = [
    Mutant("one", "tokens", "survived", ARGUED),
    Mutant("two", "tokens", "survived", SILENT),
    Mutant("three", "tokens", "killed"),
    Mutant("four", "rules", "timeout"),
    Mutant("five", "rules", "left out"),
]
SOURCES = {"tokens": "aa", "rules": "bb"}


def test_a_survivor_needs_an_argument() -> None:
    """What was not killed is listed with its argument, and counted where it has none."""
    text = outcome.summary(outcome.record(MADE, SOURCES, {}, NOTHING), {ARGUED: "equal here"}, ())
    assert "tokens.loose: equal here\n  - a < b\n  + a <= b" in text
    assert "tokens.loose: NO ARGUMENT\n  - a < b\n  + a > b" in text
    assert "1 survivors without an argument" in text


def test_an_argument_that_serves_nothing_is_listed() -> None:
    """An argument is stale where its code is gone, and in vain where its mutant dies."""
    record = outcome.record(MADE[2:3], {"tokens": "aa"}, {}, NOTHING)
    text = outcome.summary(record, {ARGUED: "equal here", SILENT: "gone"}, [SILENT])
    assert f"stale, there is no such code: {SILENT}" in text
    assert f"argued for in vain, it does not live: {ARGUED}" in text
    assert "0 survivors without an argument" in text


def test_a_record_goes_on() -> None:
    """A mutant that was run again is counted again, once; what was not run stays as it was."""
    first = outcome.record(MADE, SOURCES, {}, NOTHING)
    assert (first["total"], first["killed"], first["timeouts"], first["left out"]) == (5, 2, 1, 1)
    second = outcome.record([Mutant("two", "tokens", "killed")], {}, {"two": "tokens"}, first)
    assert (second["total"], second["killed"]) == (5, 3)
    assert second["modules"]["tokens"] == {"killed": 2, "timeout": 0, "left out": 0, "survived": 1, "source": "aa"}
    assert [each["mutant"] for each in second["survived"]] == ["one"]
    third = outcome.record([Mutant("six", "tokens", "killed")], {"tokens": "cc"}, {}, second)
    assert third["modules"]["tokens"] == {"killed": 1, "timeout": 0, "left out": 0, "survived": 0, "source": "cc"}
    assert (third["survived"], third["total"]) == ([], 3)


def test_what_lived_in_an_unchanged_module_is_run_again() -> None:
    """If it has no argument; a module that is another than in the record, or not in it, is run as a whole."""
    text = due.texts()
    [one, other, *_] = [name for name in text if "/" not in name]
    same = {"killed": 1, "timeout": 0, "left out": 0, "survived": 1, "source": due.source_of(one)}
    change = f"{one}.f: a ==> b"
    lived = [
        {"mutant": f"imgscan.detect.{one}.x_f__mutmut_1", "module": one, "change": change},
        {"mutant": f"imgscan.detect.{one}.x_f__mutmut_2", "module": one, "change": f"{one}.f: a ==> c"},
        {"mutant": f"{one} LEAST 0", "module": one, "change": change},
        {"mutant": f"imgscan.detect.{other}.x_g__mutmut_1", "module": other, "change": f"{other}.g: a ==> b"},
    ]
    earlier = {"modules": {one: same, other: same}, "survived": lived}
    wanted = due.due([one, other, "encodings/__init__"], earlier, {Change(f"{one}.f", "a", "c"): "why"})
    assert wanted.whole == [other, "encodings/__init__"]
    assert list(wanted.single) == [f"imgscan.detect.{one}.x_f__mutmut_1", f"{one} LEAST 0"]
    assert wanted.made() == [f"imgscan.detect.{one}.x_f__mutmut_1"]
    assert wanted.patterns() == [f"imgscan.detect.{other}.x*", "imgscan.detect.encodings.x*", *wanted.made()]


def test_no_committed_argument_is_stale() -> None:
    """Every argument is about code that is there."""
    assert [str(change) for change in stale(arguments(), due.texts())] == []


def test_whatever_lives_in_the_committed_record_is_argued_for() -> None:
    """The record of the last run has no survivor without a reason, if its code is still there."""
    lived = outcome.changes_of(records.read(records.MUTANTS))
    assert lived
    assert set(lived) - set(stale(lived, due.texts())) <= set(arguments())


def test_a_packages_own_functions_are_mutated() -> None:
    """What is in `encodings/__init__.py` is of its own module, though mutmut names it by the package."""
    assert due.module_of("imgscan.detect.encodings.x_forms__mutmut_1") == "encodings/__init__"
    assert due.module_of("imgscan.detect.encodings.plain.x__read__mutmut_1") == "encodings/plain"
    assert due.module_of("imgscan.detect.engine.xǁEngineǁfind__mutmut_1") == "engine"
    assert "encodings/__init__" in due.modules(())
