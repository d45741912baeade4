"""The report as a page: its markup, read by the standard library's parser. What a browser does is test_browser.py's."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

from imgscan.model import Location, Origin, TargetReport, Visibility
from tests.report.samples import (
    BROKEN,
    CLEAN,
    CONTEXT,
    DIRECTORY,
    HOSTILE,
    SAMPLES,
    SHOP,
    finding,
    layers,
    line,
    render,
    secret,
)

_VOID = {"meta", "br", "wbr", "input", "rect"}
_RAW = {"style", "script"}
_ATTRIBUTES = {
    *("id", "class", "href", "rel", "lang", "charset", "name", "content", "http-equiv", "hidden", "tabindex", "title"),
    *("role", "aria-label", "aria-labelledby", "aria-hidden", "aria-live", "aria-atomic", "aria-pressed"),
    *("type", "value", "checked", "for", "label", "placeholder", "autocomplete", "spellcheck", "open", "reversed"),
    *("viewbox", "preserveaspectratio", "focusable", "width", "height"),
    *("data-level", "data-confidence", "data-life", "data-layer", "data-status", "data-only", "data-empty"),
}


class Node:
    """An element of the page."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: Node | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children: list[Node | str] = []

    def all(self, tag: str | None = None, **attributes: str) -> list[Node]:
        """Find elements below, in document order; `cls` matches one class."""
        cls = attributes.pop("cls", None)
        found = []
        for child in self.children:
            if isinstance(child, str):
                continue
            fits = tag in {None, child.tag} and (cls is None or cls in child.attributes.get("class", "").split())
            if fits and all(child.attributes.get(key) == value for key, value in attributes.items()):
                found.append(child)
            found += child.all(tag, **attributes, **({} if cls is None else {"cls": cls}))
        return found

    @property
    def text(self) -> str:
        """All text below."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Node("", {}, None)
        self.comments = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self.here)
        assert len(node.attributes) == len(attrs), f"an attribute of <{tag}> stands twice"
        self.here.children.append(node)
        if tag not in _VOID:
            self.here = node

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self.here.tag == tag, f"</{tag}> ends <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)

    def handle_comment(self, data: str) -> None:  # noqa: ARG002 - the parser's
        self.comments += 1


def page(*reports: TargetReport) -> Node:
    """Render and parse."""
    return parsed(render("html", *reports).decode())


def parsed(text: str) -> Node:
    """Parse a page; fails where elements are not closed in order."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    assert builder.here is builder.root
    assert builder.comments == 0
    return builder.root


PAGES = {name: page(report) for name, report in SAMPLES.items()} | {
    "several": page(SHOP, CLEAN, BROKEN, DIRECTORY, HOSTILE),
    "none": page(),
}


def test_only_known_attributes_are_used() -> None:
    """No element has an attribute that a name from an image could have brought in, nor a handler or inline style."""
    for name in PAGES:
        assert {key for node in PAGES[name].all() for key in node.attributes} <= _ATTRIBUTES, name


def test_scripts_and_styles_are_ours() -> None:
    """A page has one script and one style sheet, those of the package."""
    for name in PAGES:
        folder = files("imgscan.report.html")
        scripts, styles = PAGES[name].all("script"), PAGES[name].all("style")
        assert [node.text for node in scripts] == [folder.joinpath("report.js").read_text()], name
        assert [node.text for node in styles] == [folder.joinpath("report.css").read_text()], name


def test_the_style_sheet_is_well_formed() -> None:
    """Braces are paired, each declaration has a property and a value, each variable is set, nothing is loaded."""
    css = re.sub(r"/\*.*?\*/", "", files("imgscan.report.html").joinpath("report.css").read_text(), flags=re.DOTALL)
    depth = 0
    for brace in re.findall(r"[{}]", css):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    declarations = [each.strip() for block in re.findall(r"\{([^{}]*)\}", css) for each in block.split(";")]
    written = [each for each in declarations if each]
    assert len(written) > 100
    assert [each for each in written if not re.fullmatch(r"-{0,2}[a-z-]+:\s\S[^:{}]*", each)] == []
    assert set(re.findall(r"var\((--[a-z-]+)", css)) <= {each.partition(":")[0] for each in written}
    assert not re.search(r"url\(|@import|@font-face", css)


def test_the_policy_names_script_and_style_by_hash() -> None:
    """The content security policy allows nothing but the page's own script and style, and it comes before both."""
    for name in PAGES:
        head = PAGES[name].all("head")[0]
        (policy,) = head.all("meta", **{"http-equiv": "Content-Security-Policy"})
        hashes = {
            tag: base64.b64encode(hashlib.sha256(PAGES[name].all(tag)[0].text.encode()).digest()).decode()
            for tag in ("script", "style")
        }
        assert policy.attributes["content"] == (
            f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; "
            "base-uri 'none'; form-action 'none'"
        ), name
        assert head.all().index(policy) < head.all().index(head.all("style")[0]), name


def test_links_stay_on_the_page_or_go_to_the_documentation() -> None:
    """Each link goes to an element of the page or to Stripe's documentation."""
    for name in PAGES:
        identities = {node.attributes["id"] for node in PAGES[name].all() if "id" in node.attributes}
        for node in PAGES[name].all("a"):
            target = node.attributes["href"]
            assert target.startswith("https://docs.stripe.com/") or target.removeprefix("#") in identities, name


def test_identities_are_unique() -> None:
    """No two elements of a page have the same id."""
    for name in PAGES:
        identities = [node.attributes["id"] for node in PAGES[name].all() if "id" in node.attributes]
        assert len(set(identities)) == len(identities), name


def test_references_meet_elements() -> None:
    """Whatever is labelled by another element is labelled by one that exists."""
    for name in PAGES:
        identities = {node.attributes["id"] for node in PAGES[name].all() if "id" in node.attributes}
        for node in PAGES[name].all():
            for reference in ("aria-labelledby", "for"):
                if reference in node.attributes:
                    assert node.attributes[reference] in identities, name


def test_controls_have_labels() -> None:
    """Each control has a label of its own or is in one; each button has words."""
    for name in PAGES:
        labelled = {node.attributes.get("for") for node in PAGES[name].all("label")}
        for node in [*PAGES[name].all("input"), *PAGES[name].all("select")]:
            inside = node.parent is not None and node.parent.tag == "label"
            assert inside or node.attributes["id"] in labelled, name
        assert all(node.text.strip() for node in PAGES[name].all("button")), name


def test_headings_leave_out_no_level() -> None:
    """Headings begin at level 1, of which there is one, and never go down by more than one."""
    for name in PAGES:
        levels = [int(node.tag[1]) for node in PAGES[name].all() if re.fullmatch(r"h[1-6]", node.tag)]
        assert levels.count(1) == 1, name
        assert all(after - before <= 1 for before, after in zip([0, *levels], levels, strict=False)), name


def test_landmarks_are_there() -> None:
    """A page has a banner, one main part, a foot, a language, and a link that skips to the findings."""
    for name in PAGES:
        root = PAGES[name]
        assert root.all("html", lang="en"), name
        assert [len(root.all(tag)) for tag in ("main", "footer")] == [1, 1], name
        assert root.all("body")[0].all("header"), name
        assert root.all("a", cls="skip")[0].attributes["href"] == "#findings", name


def test_the_verdict_is_the_heading() -> None:
    """The page's heading says what is worst, in words."""
    assert PAGES["shop"].all("h1")[0].text == (
        "1 live secret key of account acct_1HhabcDEFghiJKLm in 2 layers, visible in the finished image; "
        "and 2 other keys"
    )


def test_a_deleted_key_is_still_readable() -> None:
    """A key that a later layer deletes is called readable in the verdict."""
    report = replace(SHOP, findings=SHOP.findings[:1])
    assert page(report).all("h1")[0].text == (
        "1 live secret key of account acct_1HhabcDEFghiJKLm in layer 4 of 7, deleted but still readable"
    )


def test_several_targets_are_listed_first() -> None:
    """Over several targets the heading counts them, and a list links to each with its own verdict."""
    root = page(SHOP, CLEAN)
    assert root.all("h1")[0].text == "1 of 2 targets hold secrets"
    entries = root.all("nav")[0].all("li")
    assert [entry.attributes["class"] for entry in entries] == ["error", "clean"]
    assert entries[1].text.endswith("No Stripe secrets found")


def test_layers_are_a_stack() -> None:
    """Layers are listed from the newest to the base, numbered so, each with its size."""
    (stack,) = PAGES["shop"].all("ol", reversed="")
    shown = stack.all("li", cls="layer")
    assert [item.all("span", cls="number")[0].text for item in shown] == ["7", "6", "5", "4", "3", "2", "1"]
    assert shown[0].all("p", cls="size")[0].text == "7.0 kB, 70 entries"


def test_a_bar_is_as_long_as_its_layer_is_large() -> None:
    """A layer's bar is in proportion to the largest; a layer that was not read has none."""
    (stack,) = PAGES["shop"].all("ol", reversed="")
    widths = [float(bar.attributes["width"]) for bar in stack.all("rect", cls="full")]
    assert widths == [100.0, 85.7, 71.4, 57.1, 42.9, 28.6, 14.3]
    lost = replace(CLEAN, layers=(replace(layers("RUN a")[0], size=None, bytes=None),))
    assert page(lost).all("rect", cls="full")[0].attributes["width"] == "0.0"


def test_a_layer_shows_what_it_holds_and_what_it_takes_away() -> None:
    """A layer lists its findings with their life, and the findings of lower layers that it deletes or overwrites."""
    (stack,) = PAGES["shop"].all("ol", reversed="")
    fourth = stack.all("li", id="t1-l3")[0]
    dots = [dot.attributes["class"] for dot in fourth.all("span", cls="dot")]
    assert dots == ["dot deleted", "dot overwritten", "dot visible"]
    assert stack.all("li", id="t1-l4")[0].all("ul", cls="removals")[0].text.strip() == (
        "deletes app/.env, still in layer\u00a04"
    )
    assert "overwrites app/config/settings.yaml" in stack.all("li", id="t1-l5")[0].text


def test_the_description_is_beside_the_layers() -> None:
    """A key in the image's config is shown outside the layers."""
    (described,) = PAGES["shop"].all("div", cls="described")
    assert "config/Env/STRIPE_API_KEY" in described.text


def test_a_key_is_one_article() -> None:
    """A key is reported once: what it is, which account it opens, why it matters; then each place."""
    keys = PAGES["shop"].all("article", cls="key")
    assert len(keys) == 3
    assert keys[0].all("h4")[0].text == "error Stripe secret key (live) sk_live_51…a1B2"
    assert "opens account acct_1HhabcDEFghiJKLm, created 2020-10-29" in keys[0].text
    assert "A live secret key gives full control of a Stripe account." in keys[0].text
    assert [place.all("p", cls="where")[0].text for place in keys[0].all("li", cls="place")] == [
        "app/.env:3:19",
        "app/k8s/secret.yaml:7:15 as base64",
        "usr/local/bin/server at byte 1,204,224",
    ]


def test_an_origin_is_told() -> None:
    """A place names the Dockerfile line that brought the key in."""
    assert PAGES["broken"].all("p", cls="origin")[0].text == "from docker/Dockerfile:12"


def test_what_dockerignore_would_do_is_told() -> None:
    """A source file that a line of .dockerignore would have kept out is reported with that advice."""
    brought = finding(origin=Origin(3, source="deploy/.env", ignorable=True))
    told = page(replace(CLEAN, findings=(brought,))).all("p", cls="origin")
    assert [each.text for each in told] == [
        "from deploy/.env:3",
        "listing the file in .dockerignore keeps it out of the image",
    ]


def test_an_accepted_key_is_told_apart() -> None:
    """An accepted key follows the new ones, says that it is accepted, and asks for nothing."""
    accepted = finding(held=secret("sk_live_51…0001"), status="baseline")
    keys = page(replace(CLEAN, findings=(accepted, finding()))).all("article", cls="key")
    assert [("known" in key.attributes["class"].split()) for key in keys] == [False, True]
    assert "accepted in the baseline" in keys[1].text
    assert "What to do" not in keys[1].text


def test_the_remedy_stands_once() -> None:
    """Each rule with new findings has its steps once in the page, whatever the number of targets."""
    headings = [node.text for node in page(SHOP, BROKEN).all("h3")]
    assert headings.count("Rotate: Stripe secret key (live)") == 1
    assert headings.count("Rebuild the image") == 1


def test_a_directory_has_no_stack() -> None:
    """A target without layers has no stack, and is told to clean up."""
    assert PAGES["directory"].all("section", cls="stack") == []
    assert "Clean up" in [node.text for node in PAGES["directory"].all("h3")]


def test_what_was_not_scanned_is_listed() -> None:
    """Each reason is listed once, errors first, with its size and the first of its places; the facts say so too."""
    items = [item.text for item in PAGES["broken"].all("section", cls="missing")[0].all("li") if item.all("small")]
    assert items[0] == ("error The layer's content is not what its digest says. (digest-mismatch, 52.4 MB)layer 3 of 3")
    assert len(items) == 3
    assert items[2].startswith("skipped An archive is nested deeper than the limit. (nested-too-deep, 12.6 kB)")
    assert items[2].endswith("layer 2 of 3 srv/9.zipand 4 more")
    facts = PAGES["broken"].all("dl", cls="facts")[0]
    told = {node.all("dt")[0].text: node.all("dd")[0].text for node in facts.all("div")}
    assert told["Complete"].startswith("no")


def test_an_unwhole_clean_target_is_not_called_clean() -> None:
    """Where nothing was found but not everything was read, the verdict says so."""
    root = page(replace(BROKEN, findings=()))
    assert root.all("h1")[0].text == "No Stripe secrets found in what could be read; the scan is incomplete"
    assert root.all("header")[0].attributes["class"] == "verdict unsure"


def test_no_target_is_no_clean_target() -> None:
    """A page of no targets says that nothing was scanned."""
    assert PAGES["none"].all("h1")[0].text == "No target was scanned"


_MARKUP = (
    "<script>document.title='pwned'</script>",
    "</script><script>document.title='pwned'</script>",
    "<!--",
    "--><b>",
    '" onload="document.title=1" x="',
    "' onfocus='document.title=1' autofocus='",
    "javascript:document.title=1",
    "<img src=x onerror=document.title=1>",
    "<svg/onload=document.title=1>",
    "</style><style>*{display:none}",
    "</title><h1>x",
    "]]>",
    "&lt;b&gt;",
    "{{7*7}}",
    "\u202e\u2066",
    "\ud800",
    "\x00",
)


def test_a_name_is_text_wherever_it_stands() -> None:
    """A name that is markup is text in each place that shows one, and no element or attribute comes of it."""
    for name in _MARKUP:
        hostile = TargetReport(
            name,
            "image",
            name,
            platform=name,
            layers=layers(name, name),
            findings=(
                finding(
                    held=replace(secret("sk", name), redacted=name),
                    location=line(0, name, 1, 1),
                    visibility=Visibility("deleted", 1),
                    title=name,
                ),
                finding(location=Location(None, f".image/{name}", field=name), origin=Origin(1, source=name)),
            ),
            diagnostics=(replace(BROKEN.diagnostics[0], code=name, message=name, path=name),),
        )
        root = page(hostile, hostile)
        plain = page(*(replace(SHOP, findings=SHOP.findings[:2]) for _ in range(2)))
        assert {node.tag for node in root.all()} <= {node.tag for node in [*plain.all(), *PAGES["shop"].all()]}, name
        assert {key for node in root.all() for key in node.attributes} <= _ATTRIBUTES, name
        assert all(node.attributes["href"][:1] in {"#", "h"} for node in root.all("a")), name


def test_an_address_that_is_none_is_no_link() -> None:
    """A rule whose documentation has no plain address has no link."""
    rules = [replace(rule, help_uri="javascript:alert(1)") for rule in CONTEXT.rules]
    assert "javascript:" not in render("html", SHOP, context=replace(CONTEXT, rules=rules)).decode()


def _schemes() -> dict[str, dict[str, str]]:
    css = files("imgscan.report.html").joinpath("report.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    read = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6});", block)) for block in blocks]
    return dict(zip(("light", "dark", "print"), read, strict=True))


def _luminance(color: str) -> float:
    """Return the relative luminance (WCAG 2.2, glossary)."""
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    channels = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_enough() -> None:
    """Every colour of text on every ground it may be on has the contrast of WCAG's level AA, 4.5 to 1."""
    for scheme in ["light", "dark", "print"]:
        for ground in ["bg", "panel", "soft", "hit"]:
            for ink in ["ink", "dim", "link", "error", "warning", "note"]:
                colors = _schemes()["light"] | _schemes()[scheme]
                high, low = sorted((_luminance(colors[ink]), _luminance(colors[ground])), reverse=True)
                assert (high + 0.05) / (low + 0.05) >= 4.5, (scheme, ground, ink)
