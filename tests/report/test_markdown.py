"""The report for job summaries and comments.

It is read here as GitHub reads it: `cmarkgfm` is GitHub's own renderer.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from imgscan.model import Diagnostic, Location, Origin, TargetReport
from imgscan.report.markdown import LIMIT
from imgscan.report.markdown.markup import code, prose
from tests import tools
from tests.report.samples import (
    BROKEN,
    CLEAN,
    CONTEXT,
    DIRECTORY,
    HOSTILE,
    RULES,
    SAMPLES,
    SHOP,
    finding,
    line,
    render,
    secret,
)

HOSTILE_NAMES = (
    "a|b",
    "a\\|b",
    "`a`",
    "``` a",
    "<script>alert(1)</script>",
    "<!-- a",
    "</details>",
    "[a](https://evil.example)",
    "![a](https://evil.example/x.png)",
    "https://evil.example/a",
    "www.evil.example",
    "me@evil.example",
    "@everyone",
    "#1",
    "!1",
    ":tada:",
    "a\nb\r\n\n# c",
    "::error::x",
    "\u202eevil",
    "*a* _b_ ~~c~~",
    "| a | b |\n|--|--|",
    "&lt;&#64;",
    "$`a`$",
    " ",
    "",
    " a ",
    "- a",
    "1. a",
    "> a",
)


def markdown(*reports: TargetReport) -> str:
    """Render some targets."""
    return render("markdown", *reports).decode()


class _Reader(HTMLParser):
    """What a reader would see: elements, links, text outside code, code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.codes: list[str] = []
        self.cells: list[int] = []
        self.words = ""
        self._in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links |= {value or "" for name, value in attrs if name in {"href", "src"}}
        if tag == "code":
            self._in_code = True
            self.codes.append("")
        elif tag == "tr":
            self.cells.append(0)
        elif tag in {"td", "th"}:
            self.cells[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self._in_code = False

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.codes[-1] += data
        else:
            self.words += data


def read(text: str) -> _Reader:
    """Read Markdown as GitHub does, raw HTML included."""
    try:
        renderer = importlib.import_module("cmarkgfm")
        options = importlib.import_module("cmarkgfm.cmark").Options
    except ImportError:
        tools.missing("cmarkgfm, GitHub's Markdown renderer")
    reader = _Reader()
    reader.feed(renderer.github_flavored_markdown_to_html(text, options.CMARK_OPT_UNSAFE))
    return reader


_OURS = {
    *("h2", "h3", "p", "strong", "code", "a", "br"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("ul", "ol", "li", "details", "summary"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_but_our_own_markup_is_rendered(name: str) -> None:
    """Whatever the names in an image, GitHub renders our elements, links to the documentation, and tables that hold."""
    seen = read(markdown(SAMPLES[name]))
    assert seen.tags <= _OURS
    assert all(link.startswith("https://docs.stripe.com/") for link in seen.links)
    assert set(seen.cells) <= {3}


def test_a_name_in_a_table_is_text() -> None:
    """A name that is markup, a mention or the end of its cell is shown as text in code."""
    for name in HOSTILE_NAMES:
        report = replace(
            CLEAN,
            target=name,
            findings=(finding(location=Location(0, name, offset=1, field=name), origin=Origin(1, source=name)),),
        )
        seen = read(markdown(report))
        assert seen.tags <= _OURS, name
        assert all(link.startswith("https://docs.stripe.com/") for link in seen.links), name
        assert set(seen.cells) == {3}, name
        assert not re.search(r"@\w|#\d|!\d|evil", seen.words), name


def test_a_name_in_a_sentence_is_text() -> None:
    """A name within a diagnostic's sentence is neither markup nor a mention of anybody."""
    for name in [name for name in HOSTILE_NAMES if name.strip()]:
        report = replace(CLEAN, diagnostics=(Diagnostic("error", "c", f"{name} is damaged: {name}", 0, name),))
        seen = read(markdown(report))
        assert seen.tags <= _OURS, name
        assert seen.links == set(), name
        assert not re.search(r"@\w|#\d|!\d|://|:\w+:|www\.\w", seen.words), name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("app/.env", "`app/.env`"),
        ("a|b`c", "`a\\x7cb\\x60c`"),
        (" a ", "`\\x20a\\x20`"),
        ("", "`''`"),
        ("a\u202eb", "`a\\u{202e}b`"),
    ],
)
def test_names_stand_in_code_spans(name: str, shown: str) -> None:
    """A name is a code span; what could end the span or the cell is written out."""
    assert code(name) == shown


def test_prose_is_readable_as_it_is() -> None:
    """A sentence of ours needs no quoting, so that the Markdown can be read unrendered."""
    sentence = "1 live secret key of account acct_1Hhabc in layer 5 of 9, deleted but still readable"
    assert prose(sentence) == sentence


def test_a_key_has_one_row() -> None:
    """A key that is in several places has one row, which names them all and counts them."""
    rows = [row for row in markdown(SHOP).splitlines() if row.startswith("| error")]
    assert len(rows) == 2
    assert rows[0].count("sk_live_51…a1B2") == 1
    assert "3 places, 2 layers" in rows[0]
    for place in ("app/.env:3:19", "app/k8s/secret.yaml:7:15", "usr/local/bin/server at byte 1,204,224"):
        assert f"`{place}`" in rows[0]


def test_many_places_are_counted() -> None:
    """Of a key in very many places ten are named and the others counted."""
    many = replace(CLEAN, findings=tuple(finding(location=line(0, f"f{number}", 1, 1)) for number in range(500)))
    shown = markdown(many)
    assert "`f9:1:1`" in shown
    assert "`f10:1:1`" not in shown
    assert "and 490 more places" in shown


def test_the_verdict_comes_first() -> None:
    """A target begins with what is worst, in words."""
    assert markdown(SHOP).splitlines()[2] == (
        "### **1 live secret key of account acct_1HhabcDEFghiJKLm in 2 layers, visible in the finished image; "
        "and 2 other keys**"
    )


def test_several_targets_are_counted_first() -> None:
    """Over several targets the report begins with how many have new findings."""
    assert markdown(SHOP, CLEAN, DIRECTORY).startswith("## imgscan: 2 of 3 targets with new findings\n")


def test_a_clean_target_says_so() -> None:
    """A clean target says that nothing was found and what was read, and gives no advice."""
    shown = markdown(CLEAN)
    assert "### No Stripe secrets found\n" in shown
    assert "Read 18.4 MB, 12 entries, 2 layers." in shown
    assert "<details>" not in shown


def test_an_unwhole_scan_says_so() -> None:
    """A scan that could not read everything is called incomplete, also where nothing was found."""
    assert "**Incomplete**" in markdown(BROKEN)
    assert "the scan is incomplete**" in markdown(replace(BROKEN, findings=()))


def test_an_origin_is_told() -> None:
    """A finding names the Dockerfile line it comes from."""
    assert "<br>from `docker/Dockerfile:12`<br>" in markdown(BROKEN)


def test_what_dockerignore_would_do_is_told() -> None:
    """A source file that a line of .dockerignore would have kept out is reported with that advice."""
    brought = finding(origin=Origin(3, source="deploy/.env", ignorable=True))
    shown = markdown(replace(CLEAN, findings=(brought,)))
    assert "<br>from `deploy/.env:3`<br>listing the file in .dockerignore keeps it out of the image" in shown


def test_an_accepted_finding_is_told_apart() -> None:
    """An accepted finding is in the table, behind the new ones, and named as such."""
    accepted = finding(held=secret("sk_live_51…0001"), status="baseline")
    shown = markdown(replace(CLEAN, findings=(accepted, finding())))
    rows = [row for row in shown.splitlines() if row.startswith(("| error", "| (error"))]
    assert [row[:9] for row in rows] == ["| error |", "| (error)"]
    assert "accepted in the baseline" in rows[1]


def test_only_accepted_findings_are_nothing_new() -> None:
    """Where all findings are accepted the verdict says so, and there is nothing to do."""
    shown = markdown(replace(CLEAN, findings=(finding(status="baseline"),)))
    assert "### Nothing new: 1 accepted finding\n" in shown
    assert "<details>" not in shown


def test_the_remedy_is_folded() -> None:
    """Each rule with new findings has its steps once, folded, and rebuilding is reported once."""
    shown = markdown(SHOP, BROKEN)
    assert shown.count("<details><summary>Rotate: Stripe secret key (live)</summary>") == 1
    assert shown.count("<details><summary>Rebuild the image</summary>") == 1


def _many(count: int) -> TargetReport:
    return replace(
        CLEAN,
        findings=tuple(
            finding(held=secret(f"sk_live_51…{number:05d}"), location=line(0, f"{'d/' * 40}f{number}", 1, 1))
            for number in range(count)
        ),
    )


def test_a_long_report_is_cut_at_whole_findings() -> None:
    """A report that GitHub would refuse is cut between findings, and says how many are left out."""
    raw = render("markdown", _many(10_000))
    assert len(raw) <= LIMIT
    rows = [row for row in raw.decode().splitlines() if row.startswith("| error")]
    assert all(row.endswith(" |") for row in rows)
    assert f"**{10_000 - len(rows):,} findings left out: a summary is limited to 1 MiB.**" in raw.decode()
    assert "Rebuild the image" in raw.decode()


def test_targets_that_do_not_fit_are_counted() -> None:
    """Where there is no room for a whole target it is counted, with its findings."""
    small = replace(CLEAN, target="x" * 2000, findings=(finding(),))
    raw = render("markdown", *(small for _ in range(1000)))
    assert len(raw) <= LIMIT
    assert re.search(rb"\*\*[\d,]+ findings left out, [\d,]+ whole targets among them", raw)


def test_advice_of_any_length_keeps_the_limit() -> None:
    """Advice too long for the room that is kept for it is left out as a whole."""
    rules = [replace(rule, rotate=("x" * 200_000,)) for rule in RULES]
    raw = render("markdown", _many(10_000), context=replace(CONTEXT, rules=rules))
    assert len(raw) <= LIMIT


def test_no_target_is_no_clean_target() -> None:
    """A report of no targets says that nothing was scanned."""
    assert "No target was scanned." in markdown()


def test_what_was_not_scanned_is_told_by_reason() -> None:
    """Each reason is reported once, errors first, with the first of its places and how many there are more."""
    shown = markdown(BROKEN)
    assert shown.count("An archive is nested deeper than the limit.") == 1
    assert "`srv/9.zip`; and 4 more\n" in shown
    assert shown.index("digest-mismatch") < shown.index("nested-too-deep")


def test_reasons_are_bounded() -> None:
    """Of very many different reasons some are reported and the others counted."""
    reasons = tuple(Diagnostic("skipped", "c", f"Reason {number}.") for number in range(100))
    assert "- and 80 more reasons\n" in markdown(replace(HOSTILE, diagnostics=reasons))
