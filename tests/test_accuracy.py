"""The corpus behind `make accuracy` and its counting: a measure that could not fail would measure nothing."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from accuracy.corpus import decoys, document, measure, neighbours, scanners, tables
from accuracy.corpus.carriers.every import CARRIERS
from accuracy.corpus.carriers.plain import ESCAPED_LINES, LINES
from accuracy.corpus.case import Case, position
from accuracy.corpus.cases import choices, example, path
from accuracy.corpus.count import Reported, Tally, faults
from accuracy.corpus.inside import Inside
from accuracy.corpus.kinds import KINDS, STRUCTURAL, TIERS
from accuracy.corpus.run import arguments
from accuracy.corpus.units import based, fill, unit, utf16, wrapped
from fixtures.keys import BASE62, SHAPED

if TYPE_CHECKING:
    from imgscan.model import Confidence

_TOP = Path(__file__).parents[1]
_PLAIN = CARRIERS["plain: environment file"]
_KEY = KINDS["stripe-secret-key 24"]


def _case() -> Case:
    return example(_PLAIN, _KEY, 1, 1)


def _report(case: Case) -> Reported:
    """Return the report that is right in everything."""
    [expected] = case.expected
    return Reported(
        case.path,
        expected.sha256,
        expected.rule,
        expected.encoding,
        expected.offset,
        expected.line,
        expected.column,
        next(iter(expected.confidences)),
    )


@cache
def _some(seed: int) -> tuple[Case, ...]:
    """Return a case of every carrier, the kinds taking turns."""
    made = []
    for number, carrier in enumerate(CARRIERS.values()):
        kinds = [kind for kind in KINDS.values() if kind.tier in carrier.tiers]
        made.append(example(carrier, kinds[number % len(kinds)], seed, number % carrier.variants))
    return tuple(made)


@cache
def _decoys(seed: int) -> tuple[decoys.Decoy, ...]:
    return tuple(decoys.decoys(seed, quick=True))


def digest(seed: int) -> str:
    """Return the hash of some cases, of what is expected of them, and of a quick corpus's decoys."""
    state = hashlib.sha256()
    for case in _some(seed):
        state.update(case.path.encode() + case.data)
        places = [(each.sha256, each.offset, each.line, each.column) for each in case.expected]
        state.update(repr(places).encode())
    for decoy in _decoys(seed):
        state.update(decoy.path.encode() + decoy.group.encode() + decoy.data)
    return state.hexdigest()


# The corpus


def test_the_same_seed_gives_the_same_corpus_in_another_process() -> None:
    """Cases and decoys follow from the seed alone, whatever Python's hashes are."""
    hashes = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    other = subprocess.run(
        [sys.executable, "-c", "from tests.test_accuracy import digest; print(digest(1))"],
        cwd=_TOP,
        env={"PYTHONHASHSEED": hashes, "PYTHONPATH": str(_TOP)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == digest(1)


def test_another_seed_gives_another_corpus() -> None:
    """No key of one seed's cases is among those of the next."""
    one, other = ({case.secret for case in _some(seed)} for seed in (1, 2))
    assert not one & other


def test_every_carrier_meets_every_kind_that_it_can_carry() -> None:
    """A quick corpus holds each carrier with each kind whose tier can be told in it."""
    pairs = {(carrier.name, kind.name) for carrier, kind, _ in choices(1, quick=True)}
    missing = {
        (carrier.name, kind.name)
        for carrier in CARRIERS.values()
        for kind in KINDS.values()
        if kind.tier in carrier.tiers and (carrier.name, kind.name) not in pairs
    }
    assert missing == set()


def test_all_tiers_and_all_kinds_of_the_tests_are_there() -> None:
    """Every rule has a kind, and every tier."""
    from imgscan.detect.stripe import STRIPE  # noqa: PLC0415 - one test's business

    assert {kind.rule for kind in KINDS.values()} == {rule.id for rule in STRIPE.rules}
    assert {kind.tier for kind in KINDS.values()} == set(TIERS)


def test_a_path_says_nothing_of_its_file() -> None:
    """No path speaks of Stripe, or the path would be the context of the key."""
    paths = [path(*choice) for choice in choices(1)]
    paths += [case.path for case in neighbours.cases(1, quick=True)]
    paths += [decoy.path for decoy in _decoys(1)]
    assert len(set(paths)) == len(paths)
    assert [each for each in paths if "stripe" in each.lower() or "clerk" in each.lower()] == []


@pytest.mark.parametrize("name", CARRIERS)
def test_a_plain_carrier_stands_where_the_case_says(name: str) -> None:
    """Where the carrier is plain or UTF-16, the bytes at the expected offset are the key."""
    carrier = CARRIERS[name]
    kind = next(kind for kind in KINDS.values() if kind.tier in carrier.tiers)
    for variant in range(carrier.variants):
        case = example(carrier, kind, 5, variant)
        [expected] = case.expected
        assert 0 <= expected.offset < len(case.data)
        if carrier.encoding in ("plain", "utf-16-le", "utf-16-be"):
            charset = "ascii" if carrier.encoding == "plain" else carrier.encoding
            assert case.data.startswith(case.secret.encode(charset), expected.offset)


def test_a_line_of_text_with_characters_of_several_bytes_counts_characters() -> None:
    """Columns count characters, of Latin-1 where the line is not UTF-8, and lines count from one."""
    data = "é\n→k".encode()
    assert position(data, len(data), "8-bit") == (2, 3)
    assert position(b"\xff\xffk", 2, "8-bit") == (1, 3)
    assert position("\ufeffé\nk".encode("utf-16-be"), 6, "utf-16-be") == (2, 1)
    assert position(b"abc", 1, "binary") == (None, None)


@pytest.mark.parametrize("lead", range(6))
@pytest.mark.parametrize("width", [4, 7, 64])
@pytest.mark.parametrize("first", [1, 3, None])
def test_a_carrier_is_followed_through_base64_and_line_breaks(lead: int, width: int, first: int | None) -> None:
    """The first and the last byte of a carrier are those without which its first or last byte changes."""
    secret = b"0123456789" * 3
    made = based(unit(b"-" * lead, secret, b"--"))
    broken = wrapped(made, width, b"\r\n", 3, first)
    for inner in (made, broken):
        digits = inner.data[inner.start : inner.end]
        assert digits[:1].strip()
        assert digits[-1:].strip()
        assert digits.replace(b"\r\n   ", b"") == made.data[made.start : made.end]
    assert (made.start, made.end) == (lead * 8 // 6, -(-(lead + len(secret)) * 8 // 6))


def test_a_carrier_is_followed_through_utf16() -> None:
    """A mark and wide characters move a carrier by the bytes that they take."""
    made = utf16(fill("é {k}\n", "abc"), "be", mark=True)
    assert made.data[made.start : made.end] == "abc".encode("utf-16-be")


def test_the_lines_have_one_place_for_a_key() -> None:
    """Every plain line holds the mark of a key once."""
    assert [name for name, template in (LINES | ESCAPED_LINES).items() if template.count("{k}") != 1] == []


def test_carriers_that_carry_all_tiers_keep_letters_away_from_keys() -> None:
    """No plain carrier of all tiers puts a letter or digit beside a key, but for a length in a binary."""
    for carrier in CARRIERS.values():
        escaped = carrier.name.removeprefix("plain: ") in ESCAPED_LINES
        if carrier.encoding != "plain" or carrier.tiers == STRUCTURAL or escaped:
            continue
        for variant in range(carrier.variants):
            made = carrier.write(Random(variant), "sk_" + "live_" + "k" * 24, variant)
            before, after = made.data[made.start - 1 : made.start], made.data[made.end : made.end + 1]
            assert after not in {letter.encode() for letter in BASE62}
            assert before not in {letter.encode() for letter in BASE62} or ord(before) == made.end - made.start


# The counting


def test_what_is_right_is_right() -> None:
    """A case with the expected report and nothing else is whole."""
    case = _case()
    assert faults(case, [_report(case)]) == set()


def test_a_missed_key_is_noticed() -> None:
    """A case without a report is missed, and so is one whose report has another digest or rule."""
    case = _case()
    right = _report(case)
    assert faults(case, []) == {"missed"}
    assert faults(case, [replace(right, sha256="0" * 64)]) == {"missed", "extra"}
    assert "missed" in faults(case, [replace(right, rule="stripe-restricted-key")])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"offset": 1 << 40}, "wrong place"),
        ({"line": 99}, "wrong place"),
        ({"column": 99}, "wrong place"),
        ({"line": None, "column": None}, "wrong place"),
        ({"encoding": "base64"}, "wrong encoding"),
        ({"confidence": "low"}, "wrong confidence"),
    ],
)
def test_a_wrong_field_is_noticed(change: dict[str, object], fault: str) -> None:
    """A key that is found at another place, in another encoding or too unsure is not whole."""
    case = _case()
    assert faults(case, [replace(_report(case), **change)]) == {fault}  # type: ignore[arg-type]  # fields of Reported


def test_what_is_too_much_is_noticed() -> None:
    """A second report of the key is `twice`, one of something else `extra`, even where nothing is missed."""
    case = _case()
    right = _report(case)
    assert faults(case, [right, replace(right, offset=0)]) == {"twice"}
    assert faults(case, [replace(right, sha256="0" * 64), right]) == {"extra"}


def test_two_places_want_two_reports() -> None:
    """A file that holds a key twice is missed where only one of them is reported."""
    case = next(case for case in neighbours.cases(1, quick=True) if case.carrier == "the same key twice")
    assert len(case.expected) == 2
    one, other = (
        Reported("", each.sha256, each.rule, each.encoding, each.offset, each.line, each.column, "high")
        for each in case.expected
    )
    assert "missed" in faults(case, [one])
    assert "missed" not in faults(case, [other, one])


def test_a_false_alarm_is_noticed_and_a_low_one_is_not() -> None:
    """A report on a decoy makes the tally bad, unless its confidence is low."""
    decoy = decoys.Decoy("d/1", "masked keys", b"")
    sure: tuple[tuple[Confidence, bool], ...] = (("medium", False), ("very-high", False), ("low", True))
    for confidence, good in sure:
        tally = Tally()
        report = replace(_report(_case()), confidence=confidence)
        tally.add([], [decoy], {decoy.path: [report]})
        assert (tally.good, tally.alarms) == (good, 0 if good else 1)


def test_a_tally_says_how_many_were_found_and_where() -> None:
    """Sums by carrier and kind count each case once, and the failures are named."""
    cases = _some(1)[:6]
    tally = Tally()
    tally.add(cases, [], {case.path: [_report(case)] for case in cases[1:]})
    assert (tally.total.cases, tally.total.found, tally.total.whole) == (6, 5, 5)
    assert sum(row.cases for row in tally.by(1).values()) == 6
    assert [case.path for case, _ in tally.failures] == [cases[0].path]
    assert not tally.good


# The run


def test_stream_and_command_line_are_counted_alike(tmp_path: Path) -> None:
    """Both ways of scanning give the same reports on plain carriers and decoys, all whole."""
    cases = [case for case in _some(1) if case.expected[0].encoding == "plain"]
    looks = [decoy for decoy in _decoys(1) if "bulk" not in decoy.path][:60]
    layer = measure.packed([*cases, *looks])
    one, other = measure.stream(layer, measure.WINDOW), measure.command(layer, tmp_path)
    assert one == other
    tally = Tally()
    tally.add(cases, looks, one)
    assert tally.good
    assert tally.total.cases == len(cases) > 40


def test_a_border_lies_inside_the_carrier() -> None:
    """Some carriers begin before the border of two windows and end behind it."""
    across = 0
    for case, reports in measure.borders(1, quick=True):
        across += case.expected[0].offset < measure.WINDOW < case.expected[0].offset + len(case.secret)
        assert reports or case.expected
        if across > 3:
            break
    assert across > 3


def test_the_document_is_the_same_for_the_same_figures() -> None:
    """The document says what was found in each table, and holds no secret."""
    cases = _some(1)
    tally = Tally()
    tally.add(cases, _decoys(1), {case.path: [_report(case)] for case in cases})
    figures = document.Figures({"one way": tally}, {}, {"zip": Inside(2, 1)}, range(1, 2), quick=True)
    [text] = {document.markdown(figures) for _ in range(2)}
    assert f"| one way | {len(cases)} | {len(cases)} | {len(cases)} |" in text
    assert not SHAPED.search(text.encode())
    assert [case.name for case in cases if case.secret in text] == []


def test_no_share_is_rounded_up_to_all() -> None:
    """One miss in a million is not 100 %."""
    assert tables._percent(999_999, 1_000_000) == "99.99 %"
    assert tables._percent(3, 3) == "100 %"


def test_no_file_of_the_package_holds_a_key() -> None:
    """Keys are assembled when they are requested."""
    files = [path for path in (_TOP / "accuracy").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert files
    assert [path.name for path in files if SHAPED.search(path.read_bytes())] == []


def test_no_representation_holds_a_key() -> None:
    """A case that fails can be printed."""
    case = _case()
    assert case.secret not in repr(case)
    assert case.secret not in repr(scanners.Alert("c/1", "a rule", case.secret))


def test_the_command_line_knows_its_scanners() -> None:
    """Seeds count up from the first, and only known scanners are taken."""
    options = arguments(["--seed", "4", "--seeds", "2", "--scanner", "gitleaks"])
    assert (options.seed, options.seeds, options.scanner) == (4, 2, ["gitleaks"])
    with pytest.raises(SystemExit):
        arguments(["--scanner", "nothing"])


# Other scanners


def test_a_scanner_is_given_a_key_whole_only_for_the_key() -> None:
    """The key alone or between delimiters is whole; a part of it, or more than it, is not."""
    secret = "sk_" + "live_" + "k" * 24
    digest = hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()
    for alert, whole in (
        (scanners.Alert("", "", secret), True),
        (scanners.Alert("", "", f'="{secret}"'), True),
        (scanners.Alert("", "", secret[:-1]), False),
        (scanners.Alert("", "", secret + "k"), False),
        (scanners.Alert("", ""), False),
        (scanners.Alert("", "", "", digest), True),
        (scanners.Alert("", "", "", digest[::-1]), False),
    ):
        assert scanners.exact(alert, secret) == whole


def test_what_a_scanner_says_of_a_file_is_counted_once() -> None:
    """A file is whole, touched or neither; reports on decoys count each."""
    cases = _some(1)[:3]
    decoy = decoys.Decoy("d/1", "masked keys", b"")
    alerts = [
        scanners.Alert(cases[0].path, "generic", "no"),
        scanners.Alert(cases[0].path, "stripe-key", cases[0].secret),
        scanners.Alert(cases[1].path, "stripe-key", "no"),
        scanners.Alert(decoy.path, "Stripe Access Key"),
        scanners.Alert(decoy.path, "Keyword"),
        scanners.Alert(decoy.path, "Keyword"),
    ]
    score = scanners.score(cases, [decoy], alerts)
    counts = [sum(part[case.carrier] for case in cases) for part in (score.cases, score.whole, score.touched)]
    assert counts == [3, 1, 1]
    assert score.cases[scanners.KEYS] == sum("secret-key" in case.kind for case in cases) > 0
    assert (score.decoys["masked keys"].alarms, score.decoys["masked keys"].others) == (1, 2)


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("gitleaks", json.dumps([{"File": "c/1", "RuleID": "stripe", "Secret": "x"}])),
        (
            "trufflehog",
            json.dumps(
                {"SourceMetadata": {"Data": {"Filesystem": {"file": "c/1"}}}, "DetectorName": "Stripe", "Raw": "x"}
            ),
        ),
        ("trivy", json.dumps({"Results": [{"Target": "c/1", "Secrets": [{"RuleID": "stripe-key", "Match": "***"}]}]})),
        (
            "kingfisher",
            json.dumps({"rule": {"id": "stripe"}, "finding": {"path": "c/1", "snippet": "x"}}) + '\n{"findings":1}',
        ),
        ("detect-secrets", json.dumps({"results": {"c/1": [{"type": "Stripe Access Key", "hashed_secret": "00"}]}})),
    ],
)
def test_the_output_of_each_scanner_is_read(name: str, output: str) -> None:
    """One finding in the form that each of them writes is one report on that file."""
    read = scanners.SCANNERS[name].read
    assert [(alert.path, alert.stripe) for alert in read(output)] == [("c/1", True)]
    assert list(read("")) == []
