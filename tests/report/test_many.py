"""Reports of thousands of findings: written piece by piece, cut where their reader ends, and saying so."""

from __future__ import annotations

import hashlib
import json
import shlex
import tracemalloc
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from imgscan.model import Location, Secret, TargetReport
from imgscan.report import FORMATS, open_report
from imgscan.report import gitlab as gitlab_report
from imgscan.report.html import MOST_PLACES
from imgscan.report.sarif.run import MOST_RESULTS
from tests.report.samples import CONTEXT, SHOP, finding, render
from tests.report.test_html import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable


@cache
def many(count: int) -> TargetReport:
    """Make a report of as many keys, the last of which is the worst."""
    found = [
        finding(
            "stripe-secret-key" if number == count - 1 else "stripe-secret-key-test",
            Secret("sk_test_51…Zz9Q", hashlib.sha256(b"%d" % number).hexdigest(), 107, "test"),
            Location(number % 3, f"srv/{number}.env", line=1, column=1, offset=0, length=107),
        )
        for number in range(count)
    ]
    return replace(SHOP, target="shop; rm -rf /", findings=tuple(found), diagnostics=())


class Sink:
    """Takes what is written and keeps nothing, as a file does."""

    def write(self, data: bytes) -> int:
        """Drop some bytes."""
        return len(data)

    def writelines(self, lines: Iterable[bytes]) -> None:
        """Drop all of them, one after another."""
        for _ in lines:
            pass


def peak(form: str, report: TargetReport) -> int:
    """Measure the most bytes that writing a report takes beside its values."""
    out: object = Sink()
    tracemalloc.start()
    writer = open_report(form, CONTEXT)
    writer.start(out)  # type: ignore[arg-type]
    writer.target(report, out)  # type: ignore[arg-type]
    writer.finish(out)  # type: ignore[arg-type]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("form", FORMATS)
def test_a_finding_costs_few_bytes_while_it_is_written(form: str) -> None:
    """Two thousand findings more take less than a megabyte more to be written, in any format."""
    fewer, more = many(5500), many(7500)
    assert peak(form, more) - peak(form, fewer) < 2000 * 500


def test_a_page_lists_the_worst_and_says_how_to_list_all() -> None:
    """A page lists 2,000 places, the worst first, and says how many there are and which command lists them."""
    page = render("html", many(2100)).decode()
    root = parsed(page)
    places = [node for node in root.all() if node.attributes.get("class") == "place"]
    assert len(places) == MOST_PLACES
    first = next(node for node in root.all() if node.attributes.get("class", "").startswith("key "))
    assert "error" in first.attributes["class"]
    assert "2,100 places; this page lists the worst 2,000. 100 more" in page
    assert f"imgscan image {shlex.quote('shop; rm -rf /')} -f json".replace("'", "&#x27;") in page


def test_a_page_links_only_to_what_it_lists() -> None:
    """Every link within a page that was cut leads somewhere."""
    root = parsed(render("html", many(2100)).decode())
    identities = {node.attributes["id"] for node in root.all() if "id" in node.attributes}
    links = {node.attributes["href"][1:] for node in root.all() if node.attributes.get("href", "").startswith("#")}
    assert links <= identities


def test_a_page_of_several_targets_is_cut_once() -> None:
    """The room of a page is for all targets; one that comes too late says that its places are not there."""
    page = render("html", many(2100), many(50)).decode()
    assert page.count('class="place"') == MOST_PLACES
    assert "50 places; this page lists none of them" in page


def test_a_place_more_is_not_cut() -> None:
    """A page of exactly 2,000 places lists them all and says nothing of a limit."""
    page = render("html", many(MOST_PLACES)).decode()
    assert page.count('class="place"') == MOST_PLACES
    assert "this page lists" not in page


def test_a_key_at_many_places_says_how_many() -> None:
    """A key that is at more places than a page has room for lists the first, and how many more there are."""
    same = tuple(finding(location=Location(0, f"srv/{number}.env", line=1, column=1)) for number in range(2100))
    page = render("html", replace(SHOP, findings=same)).decode()
    assert page.count('class="place"') == MOST_PLACES
    assert "and 100 more places" in page


def test_gitlab_takes_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """GitLab rejects a report of more than 100,000: the worst are kept, and report and user are told."""
    assert gitlab_report.MOST == 100_000
    monkeypatch.setattr(gitlab_report, "MOST", 20)
    remarks: list[str] = []
    document = json.loads(render("gitlab", many(30), context=replace(CONTEXT, warn=remarks.append)))
    assert len(document["vulnerabilities"]) == 20
    assert document["vulnerabilities"][-1]["severity"] == "Critical"
    assert "10 findings left out" in document["scan"]["messages"][-1]["value"]
    assert any("10 findings left out" in remark for remark in remarks)


def test_gitlab_has_a_limit_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that is larger than GitLab takes by default is written, and the user is told."""
    monkeypatch.setattr(gitlab_report, "LARGEST", 1 << 10)
    remarks: list[str] = []
    render("gitlab", many(30), context=replace(CONTEXT, warn=remarks.append))
    assert any("unless its administrator has raised the limit" in remark for remark in remarks)


def test_sarif_keeps_the_worst() -> None:
    """SARIF has the 5,000 results that GitHub keeps, the worst among them, and says how many it lacks."""
    [run] = json.loads(render("sarif", many(5500)))["runs"]
    assert len(run["results"]) == MOST_RESULTS
    assert run["results"][-1]["level"] == "error"
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert notes[-1]["message"]["text"].startswith("500 findings left out")


def test_markdown_says_how_to_list_all() -> None:
    """A summary that was cut says how many findings it lacks, and which command lists them."""
    text = render("markdown", many(7500)).decode()
    assert "findings left out" in text
    assert "imgscan image 'shop; rm -rf /' -f json -o report.json" in text
    assert text.index("| error |") < text.index("| warning |")


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_what_programs_read_is_whole(form: str) -> None:
    """JSON and JSON lines have every finding."""
    assert render(form, many(5500)).count(b'"rule_id"') == 5500


def test_a_long_list_begins_with_what_is_worst() -> None:
    """A text report of more findings than a screen has says above them what is worst and how much there is."""
    lines = render("text", many(150)).decode().split("\n")
    assert lines[2].startswith("1 live secret key")
    assert lines[3].startswith("150 secrets in 150 places: 1 error, 149 warnings")
