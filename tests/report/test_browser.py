"""The page in a real browser: what runs, what does not, and what a keyboard can do with it.

Needs Chromium (`IMGSCAN_CHROMIUM` may name it).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from imgscan.model import Diagnostic, Visibility
from tests.report.browser import Browser, Page
from tests.report.samples import BROKEN, CLEAN, DIRECTORY, HOSTILE, SHOP, finding, layers, line, render, secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from imgscan.model import TargetReport

pytestmark = pytest.mark.real("chromium")

# Keys by name, Windows virtual key code and the text they write.
_TAB, _DOWN = ("Tab", 9), ("ArrowDown", 40)
_SPACE, _ENTER = (" ", 32, " "), ("Enter", 13, "\r")

_PWN = (
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "</style><script>window.pwned=1</script>",
    "<!--<script>window.pwned=1</script>",
    '"onload="window.pwned=1"x="',
    "'onfocus='window.pwned=1'autofocus='",
    '"><img src=x onerror=window.pwned=1>',
    "<svg/onload=window.pwned=1>",
    "javascript:window.pwned=1",
    "<iframe src=javascript:parent.pwned=1>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content=0;url=https://evil.example/>",
)

EVIL = replace(
    HOSTILE,
    target=_PWN[0],
    layers=layers(*_PWN),
    findings=tuple(
        finding(
            held=replace(secret(f"sk_live_51…{number:04d}", name), redacted=name),
            location=line(number, name, 1, 1),
            visibility=Visibility("deleted", len(_PWN) - 1),
            title=name,
        )
        for number, name in enumerate(_PWN)
    ),
    diagnostics=tuple(Diagnostic("error", name, name, 0, name) for name in _PWN),
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Run one browser for all tests of this file."""
    with Browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Write a report and open it."""
    pages: list[Page] = []

    def opened(*reports: TargetReport, **settings: bool | int) -> Page:
        path = tmp_path / "report.html"
        path.write_bytes(render("html", *reports))
        pages.append(browser.open(path, **settings))  # type: ignore[arg-type]
        if settings.get("scripts", True):
            pages[-1].settle()
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


def complaints(page: Page) -> list[dict[str, Any]]:
    """Return whatever the browser complains of: errors in scripts, in the console, and what the policy stopped."""
    return page.events("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")


def shown(page: Page) -> list[str]:
    """Return the names of the places that are visible."""
    names: list[str] = page.run(
        "Array.from(document.querySelectorAll('.place')).filter(e => e.checkVisibility())"
        ".map(e => e.querySelector('.where code').textContent)"
    )
    return names


def focus(page: Page) -> str:
    """Name what has the focus."""
    name: str = page.run("(e => e.id || e.value || e.textContent.trim())(document.activeElement)")
    return name


def tab_to(page: Page, name: str) -> None:
    """Press the tabulator until something has the focus; fails where it cannot be reached."""
    for _ in range(80):
        page.press(*_TAB)
        if focus(page) == name:
            return
    pytest.fail(f"the keyboard does not reach {name}")


@pytest.mark.parametrize("reports", [(SHOP,), (CLEAN,), (BROKEN,), (DIRECTORY,), (HOSTILE,), (SHOP, CLEAN, EVIL), ()])
def test_a_page_makes_no_complaint(show: Callable[..., Page], reports: tuple[TargetReport, ...]) -> None:
    """A page has no script error and nothing that its policy had to stop."""
    assert complaints(show(*reports)) == []


def test_nothing_that_a_name_injects_runs(show: Callable[..., Page]) -> None:
    """Names that are scripts, handlers, frames and addresses run nothing, load nothing and lead nowhere."""
    page = show(EVIL, EVIL)
    assert page.run("window.pwned === undefined")
    assert page.run("document.querySelectorAll('script, style').length") == 2
    assert page.run("document.querySelectorAll('iframe, img, base, object, embed').length") == 0
    assert page.run("Array.from(document.links).every(e => e.protocol === 'file:' || e.host === 'docs.stripe.com')")
    asked = {one["request"]["url"].partition(":")[0] for one in page.events("Network.requestWillBeSent")}
    assert asked == {"file"}


def test_the_policy_stops_a_script_that_came_in(show: Callable[..., Page]) -> None:
    """Even if a script were in the page, the policy would not let it run, nor a handler, nor a picture load."""
    page = show(SHOP)
    page.run(
        "const s = document.createElement('script'); s.textContent = 'window.pwned = 1'; document.body.append(s);"
        "document.body.setAttribute('onclick', 'window.pwned = 2'); document.body.click(); 0"
    )
    page.settle()
    assert page.run("window.pwned === undefined")
    assert any("Content Security Policy" in str(one) for one in complaints(page))


@pytest.mark.parametrize("report", [SHOP, HOSTILE, EVIL], ids=["shop", "hostile", "evil"])
def test_a_page_is_no_wider_than_its_window(show: Callable[..., Page], report: TargetReport) -> None:
    """At no width does a page have to be scrolled sideways, however long its names."""
    page = show(report)
    for width in (320, 400, 800, 1400):
        page.look(width)
        page.settle()
        assert page.run("document.documentElement.scrollWidth") == width


def test_a_page_is_whole_without_scripts(show: Callable[..., Page]) -> None:
    """Where scripts are off everything is there but the filter, which does nothing then."""
    page = show(SHOP, scripts=False)
    document = page.call("DOM.getDocument")["root"]["nodeId"]
    form = page.call("DOM.querySelector", nodeId=document, selector="#filter[hidden]")["nodeId"]
    places = page.call("DOM.querySelectorAll", nodeId=document, selector=".place:not([hidden])")["nodeIds"]
    assert form
    assert len(places) == len(SHOP.findings)


def test_a_level_is_switched_off_by_keyboard(show: Callable[..., Page]) -> None:
    """The tabulator reaches the levels, and space switches one off; the others stay."""
    page = show(SHOP)
    tab_to(page, "error")
    page.press(*_SPACE)
    assert shown(page) == ["app/config/settings.yaml:41:12", ".image/config.json"]
    assert page.run("document.getElementById('shown').textContent") == "2 of 6 places, 1 of 3 keys"


@pytest.mark.parametrize(("life", "count"), [("visible", 3), ("overwritten", 1), ("deleted", 1), ("description", 1)])
def test_a_life_is_switched_off_by_keyboard(show: Callable[..., Page], life: str, count: int) -> None:
    """Places are hidden by what became of their files."""
    page = show(SHOP)
    tab_to(page, life)
    page.press(*_SPACE)
    assert len(shown(page)) == len(SHOP.findings) - count


def test_words_are_searched(show: Callable[..., Page]) -> None:
    """What is typed into the search field is looked for in keys and places, every word of it."""
    page = show(SHOP)
    tab_to(page, "words")
    page.type("SECRET.yaml live")
    assert shown(page) == ["app/k8s/secret.yaml:7:15"]


def test_a_search_without_result_says_so(show: Callable[..., Page]) -> None:
    """Where nothing fits, the page says so in its place and in the count."""
    page = show(SHOP)
    tab_to(page, "words")
    page.type("no such thing")
    assert shown(page) == []
    assert page.run("document.querySelector('[data-empty]').checkVisibility()")
    assert page.run("document.getElementById('shown').textContent") == "0 of 6 places, 0 of 3 keys"


def test_a_layer_is_chosen_in_the_form(show: Callable[..., Page]) -> None:
    """Choosing a layer by the arrow keys shows its places and marks its button."""
    page = show(SHOP)
    tab_to(page, "layer")
    page.press(*_DOWN)
    assert page.run("document.getElementById('layer').value") == "t1-l3"
    assert len(shown(page)) == 3
    assert page.run("document.querySelector('[aria-pressed=true]').dataset.only") == "t1-l3"


def test_a_layer_is_chosen_in_the_stack(show: Callable[..., Page]) -> None:
    """The button of a layer shows its places only, and all again when it is pressed a second time."""
    page = show(SHOP)
    tab_to(page, "Only this layer: 6")
    page.press(*_ENTER)
    assert shown(page) == ["usr/local/bin/server", "app/lib/pay.jar!/config/app.properties:2:16"]
    page.press(*_ENTER)
    assert len(shown(page)) == len(SHOP.findings)


def test_confidence_is_a_threshold(show: Callable[..., Page]) -> None:
    """Choosing a confidence shows what is at least as sure."""
    page = show(SHOP)
    tab_to(page, "confidence")
    for _ in range(3):
        page.press(*_DOWN)
    assert len(shown(page)) == len(SHOP.findings) - 1


def test_show_all_shows_all(show: Callable[..., Page]) -> None:
    """One button undoes every choice."""
    page = show(SHOP)
    tab_to(page, "words")
    page.type("nothing")
    tab_to(page, "Show all")
    page.press(*_ENTER)
    assert len(shown(page)) == len(SHOP.findings)


def test_a_mark_in_the_stack_leads_to_its_place(show: Callable[..., Page]) -> None:
    """A finding's mark in its layer moves the focus to its place, also where the filter had hidden it."""
    page = show(SHOP)
    tab_to(page, "words")
    page.type("nothing")
    page.run("document.querySelector('a.mark[href=\"#t1-f2\"]').focus()")
    page.press(*_ENTER)
    assert focus(page) == "t1-f2"
    assert len(shown(page)) == len(SHOP.findings)


def test_enter_in_the_search_field_keeps_the_page(show: Callable[..., Page]) -> None:
    """The form is sent nowhere."""
    page = show(SHOP)
    tab_to(page, "words")
    page.type("app/.env")
    page.press(*_ENTER)
    assert shown(page) == ["app/.env:3:19"]
    assert complaints(page) == []


def test_what_has_the_focus_is_seen(show: Callable[..., Page]) -> None:
    """Whatever the tabulator reaches has an outline."""
    page = show(SHOP)
    seen = set()
    for _ in range(30):
        page.press(*_TAB)
        seen.add(page.run("getComputedStyle(document.activeElement).outlineStyle"))
    assert "none" not in seen


def test_the_count_is_spoken(show: Callable[..., Page]) -> None:
    """The browser's accessibility tree has the count as a live region, and names for landmarks and controls."""
    page = show(SHOP)
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    named = {
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored") and "role" in node
    }
    assert {
        ("banner", ""),
        ("main", ""),
        ("contentinfo", ""),
        ("search", "Filter the findings"),
        ("searchbox", "Search"),
        ("checkbox", "error 4"),
        ("combobox", "Layer"),
        ("region", "Layers"),
        ("region", "Findings"),
        ("article", "error Stripe secret key (live) sk_live_51…a1B2"),
    } <= named
    live = [node for node in nodes if node.get("role", {}).get("value") == "status"]
    assert any(prop["name"] == "live" and prop["value"]["value"] == "polite" for prop in live[0]["properties"])


def test_print_has_no_controls(show: Callable[..., Page]) -> None:
    """On paper there are the findings and the advice, and nothing that could be pressed."""
    page = show(SHOP)
    page.look(800, print_media=True)
    page.settle()
    assert page.run("!Array.from(document.querySelectorAll('input,select,button')).some(e => e.checkVisibility())")
    assert len(shown(page)) == len(SHOP.findings)
    assert page.call("Page.printToPDF")["data"]


def test_a_narrow_window_folds_the_choices(show: Callable[..., Page]) -> None:
    """On a small screen the choices are folded behind one line, and open where there is room."""
    assert show(SHOP, width=400).run("document.querySelector('.choices').open") is False
    assert show(SHOP, width=1400).run("document.querySelector('.choices').open") is True


def test_dark_is_dark(show: Callable[..., Page]) -> None:
    """The page follows the reader's colour scheme."""
    ground = "getComputedStyle(document.body).backgroundColor"
    assert show(SHOP).run(ground) == "rgb(250, 249, 246)"
    assert show(SHOP, dark=True).run(ground) == "rgb(19, 21, 23)"


@pytest.mark.parametrize("keys", [1, 2_000])
def test_as_many_places_as_a_page_shows_are_filtered_in_a_few_steps(show: Callable[..., Page], keys: int) -> None:
    """A page of two thousand places, of one key or of as many, is filtered and shown again."""
    many = tuple(
        finding(held=secret(f"sk_live_51…{number % keys:05d}"), location=line(number % 7, f"f{number}.env", 1, 1))
        for number in range(2_000)
    )
    page = show(replace(SHOP, findings=many))
    page.run("document.getElementById('words').focus()")
    page.type("f777")
    assert len(shown(page)) == 1
    page.run("document.getElementById('filter').reset()")
    page.settle()
    page.settle()
    assert page.run("document.getElementById('shown').textContent").startswith("2,000 places")
