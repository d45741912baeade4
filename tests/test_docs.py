"""Documentation leads to what is there: links, headings, pictures, commands and their options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from imgscan.cli.app import cli
from imgscan.containers.formats import FORMATS
from tests.test_architecture import ALLOWED, OWNERS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|srcset|href)=\"([^\"]+)\"")
_CODE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    """Return a page's name in the repository."""
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """Return the names under which a page's headings can be linked to, as GitHub and GitLab make them."""
    heads = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links(page: Path) -> list[str]:
    """Return the relative links of a page and the pictures that it shows."""
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    found = [one or other for one, other in _LINK.findall(text)]
    return [link for link in found if re.match(r"[a-z][a-z0-9+.-]*:", link) is None]


def examples() -> list[tuple[str, list[str]]]:
    """Return each call of imgscan in a code block, as page and words without `imgscan`."""
    found = []
    for page in PAGES:
        if page.name == "reference.md":  # its usage lines are not calls; tests/test_reference.py holds it
            continue
        for block in _CODE.findall(page.read_text(encoding="utf-8")):
            if block.lstrip().startswith(("```yaml", "```python", "```toml", "```json", "```dockerfile", "```groovy")):
                continue
            joined = re.sub(r"\\\n\s*", "", block)
            for line in joined.splitlines():
                call = re.search(r"(?:^\s*|[$|&] |exec )imgscan (.*)", line)
                if call is not None:
                    words = shlex.split(re.split(r" {3,}| \| | &&|;|\)", call[1])[0], comments=True)
                    found.append((name_of(page), words))
    return found


def test_every_link_leads_somewhere() -> None:
    """A relative link names a file or folder that exists and, behind a `#`, one of its headings."""
    for page in PAGES:
        broken = []
        for link in links(page):
            path, _, heading = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            there = target.exists() and ROOT in (target, *target.parents)
            if not there or (heading and heading not in anchors(target)):
                broken.append(link)
        assert broken == [], page


def test_every_page_can_be_reached() -> None:
    """Each page of the documentation is linked to, or is in a folder that is."""
    reached = {ROOT / "README.md"}
    for page in PAGES:
        reached |= {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
    assert [name_of(page) for page in PAGES if not reached & {page, page.parent}] == []


def test_there_are_examples() -> None:
    """The documentation shows how each command that scans is called."""
    assert {words[0] for _, words in examples() if words} >= {"image", "fs", "git", "baseline", "rules"}


def test_every_example_can_be_called() -> None:
    """Each example names a command that exists, and only options that it has."""
    for page, words in examples():
        command: click.Command = cli
        rest = list(words)
        while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            known = command.commands.get(rest[0])
            assert known is not None, f"{page}: imgscan {' '.join(words)}"
            command = known
            rest = rest[1:]
        # click keeps a command's help option as it was first asked for
        context = click.Context(command, info_name=command.name, **cli.context_settings)
        try:
            command.make_parser(context).parse_args(args=rest)
        except click.UsageError as error:
            pytest.fail(f"{page}: imgscan {' '.join(words)}: {error.format_message()}")


def table(page: str, head: str) -> dict[str, set[str]]:
    """Return the table with a head: of each row the first cell, and what is in code in the second."""
    body = (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"| {head} |", 1)[1].split("\n\n", 1)[0]
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in body.splitlines()[2:]]
    return {first.strip("`"): set(re.findall(r"`([^`]+)`", second)) for first, second in rows}


def test_the_import_table_is_the_one_that_is_tested() -> None:
    """The architecture page says who may import whom as `tests/test_architecture.py` does."""
    assert table("architecture.md", "package") == ALLOWED


def test_the_owners_of_packages_are_those_that_are_tested() -> None:
    """The architecture page names the owners of third-party packages; a folder stands for the files in it."""
    told = table("architecture.md", "third-party package")
    assert told.keys() == OWNERS.keys()
    for package, owners in OWNERS.items():
        folders = {file.split("/", maxsplit=1)[0] for file in owners}
        assert told[package] in (owners, folders)


CALLED = {
    "prefixed": "script",
    "git pack": "packs",
    "git bundle": "bundles",
    "git object": "loose objects",
    "bz2": "bzip2",
}
"""What users call a format where the program has another word."""


def test_every_format_that_is_read_is_on_the_page() -> None:
    """The coverage page names each container format among those that are read."""
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    read = page.split("## Read\n", 1)[1].split("\n## ", 1)[0].lower()
    words = [CALLED.get(known.name, known.name) for known in FORMATS if not known.foreign]
    assert [word for word in words if re.search(rf"\b{re.escape(word)}\b", read) is None] == []


def test_the_glossary_is_in_order() -> None:
    """The glossary has one line a word, in alphabetical order."""
    words = re.findall(r"^\*\*(.+?)\*\* \S", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(words) > 40
    assert words == sorted(set(words), key=str.lower)
