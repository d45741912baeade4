"""Whole reports, byte for byte. `IMGSCAN_GOLDEN=1` writes them again; the difference is reviewed as code.

Pages are kept without their style sheet and script, which `test_html.py` holds to the package's files: a change of
style rewrites no golden page.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from imgscan.report import FORMATS
from imgscan.report.annotations import Annotations
from tests.report.samples import ACCEPTED, BROKEN, CLEAN, CONTEXT, DIRECTORY, HISTORY, HOSTILE, SHOP, render

if TYPE_CHECKING:
    from imgscan.model import TargetReport

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden"


def annotated(*reports: TargetReport) -> bytes:
    """Write the annotations of some targets."""
    annotations = Annotations()
    for report in reports:
        annotations.add(report)
    return "".join(f"{line}\n" for line in annotations.lines()).encode()


def page(*reports: TargetReport) -> bytes:
    """Write a page, a marker in the place of its style sheet, of its script and of their hashes."""
    made, count = re.subn(
        rb"<(style|script)>.+?</\1>", rb"<\1>(left out)</\1>", render("html", *reports), flags=re.DOTALL
    )
    assert count == 2
    return re.sub(rb"'sha256-[^']+'", b"'sha256-(left out)'", made, count=2)


SUFFIXES = {"text": "txt", "gitlab": "gitlab.json", "markdown": "md"}
"""How golden files of a format end, where not with its name."""

REPORTS = {
    **{f"shop.{SUFFIXES.get(form, form)}": page(SHOP) if form == "html" else render(form, SHOP) for form in FORMATS},
    "shop-color.txt": render("text", SHOP, context=replace(CONTEXT, color=True)),
    "shop-quiet.txt": render("text", SHOP, context=replace(CONTEXT, quiet=True)),
    "shop-verbose.txt": render("text", SHOP, context=replace(CONTEXT, verbose=1)),
    "shop-wide.txt": render("text", SHOP, context=replace(CONTEXT, width=120)),
    "several.txt": render("text", CLEAN, BROKEN),
    "several.json": render("json", CLEAN, BROKEN),
    "several.jsonl": render("jsonl", CLEAN, BROKEN),
    "several.sarif": render("sarif", CLEAN, BROKEN),
    "clean.txt": render("text", CLEAN),
    "directory.txt": render("text", DIRECTORY),
    "directory.sarif": render("sarif", DIRECTORY),
    "hostile.txt": render("text", HOSTILE),
    "hostile.jsonl": render("jsonl", HOSTILE),
    "accepted.txt": render("text", ACCEPTED),
    "history.txt": render("text", HISTORY),
    "history.json": render("json", HISTORY),
    "history.sarif": render("sarif", HISTORY),
    "history.md": render("markdown", HISTORY),
    "history.html": page(HISTORY),
    "history.gitlab.json": render("gitlab", HISTORY),
    "accepted-quiet.txt": render("text", ACCEPTED, context=replace(CONTEXT, quiet=True)),
    "accepted.sarif": render("sarif", ACCEPTED, context=replace(CONTEXT, sarif_accepted=True)),
    "several.gitlab.json": render("gitlab", ACCEPTED, BROKEN),
    "several.md": render("markdown", ACCEPTED, BROKEN, CLEAN),
    "hostile.md": render("markdown", HOSTILE),
    "several.html": page(ACCEPTED, BROKEN, CLEAN, DIRECTORY),
    "hostile.html": page(HOSTILE),
    "shop.annotations.txt": annotated(SHOP, BROKEN, ACCEPTED),
    "hostile.annotations.txt": annotated(HOSTILE),
    "none.txt": render("text"),
    "none.gitlab.json": render("gitlab"),
    "none.md": render("markdown"),
    "none.json": render("json"),
    "none.sarif": render("sarif"),
}


@pytest.mark.parametrize("name", REPORTS)
def test_golden(name: str) -> None:
    """A report is the same, byte for byte, as the one that was reviewed."""
    path = GOLDEN / name
    if os.environ.get("IMGSCAN_GOLDEN") == "1":
        path.write_bytes(REPORTS[name])
    assert REPORTS[name] == path.read_bytes()


def test_no_golden_file_is_left_over() -> None:
    """Each golden file belongs to a report that is still compared."""
    assert {path.name for path in GOLDEN.iterdir()} == set(REPORTS)
