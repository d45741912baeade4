"""A key whose pieces are the names of folders, archives and files: no piece is shown."""

from __future__ import annotations

import io
import zipfile
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.builders import Image, Layer, docker_modern, tar, write
from fixtures.keys import Keys
from imgscan.report import FORMATS
from tests.effort import examples
from tests.report.samples import render
from tests.scan.support import plain_concealer, scan

if TYPE_CHECKING:
    from pathlib import Path

    from imgscan.model import TargetReport

KINDS = ("secret99", "secret34", "secret24", "restricted", "webhook", "organization", "cli_oauth", "claimable")
TAIL = 4
SHOWN = 16
"""Characters of a key's beginning that may be its prefix and two more."""


def shown_pieces(key: str, cuts: list[int], text: str) -> list[str]:
    """Return the pieces of the key, without what redaction leaves of it, that a text shows."""
    bounds = [0, *cuts, len(key)]
    bodies = [key[max(start, SHOWN) : min(end, len(key) - TAIL)] for start, end in pairwise(bounds)]
    return [body for body in bodies if len(body) >= 6 and body in text]


@settings(database=None, max_examples=examples(100))
@given(
    st.sampled_from(KINDS),
    st.integers(0, 50),
    st.lists(st.integers(1, 106), min_size=1, max_size=6, unique=True).map(sorted),
    st.sampled_from(["/", "!/", "//", "/!/"]),
    st.sampled_from(["", "opt/", "app/lib/x.jar!/"]),
    st.sampled_from(["", "/", "/settings.env", "!/config"]),
)
def test_no_piece_of_a_key_is_shown(
    kind: str, seed: int, cuts: list[int], separator: str, before: str, after: str
) -> None:
    """Wherever slashes cut a key in a path, no piece of its body is shown."""
    key = getattr(Keys(f"across {seed}"), kind)()
    inside = [cut for cut in cuts if cut < len(key)]
    bounds = [0, *inside, len(key)]
    pieces = [key[start:end] for start, end in pairwise(bounds)]
    text = plain_concealer().text(before + separator.join(pieces) + after)
    assert not shown_pieces(key, inside, text)


@pytest.mark.parametrize("kind", KINDS[:3])
def test_a_whole_key_leaves_the_names_around_it(kind: str) -> None:
    """A folder that is named like a whole key hides no name of what is in it."""
    key = getattr(Keys("whole"), kind)()
    text = plain_concealer().text(f"etc/{key}/config/app.env")
    assert text.startswith("etc/sk_live_")
    assert text.endswith("/config/app.env")


def test_other_paths_stay() -> None:
    """A path without anything of a key is shown as it is, whatever it begins like."""
    for path in ("app/k_live_/x", "usr/lib/python3.11/site.py", "a//b!/c", "pk_live_/", "/"):
        assert plain_concealer().text(path) == path


KEY = Keys("two names").secret99()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[TargetReport]:
    """Scan an image with a folder and a file, and an archive and its member, that have half a key for a name each."""
    found = f"STRIPE_KEY={Keys('found').secret99()}\n".encode()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo(KEY[50:]), found)
    layer = Layer(tar({f"srv/{KEY[:50]}/{KEY[50:]}": found, KEY[:50]: held.getvalue()}))
    path: Path = tmp_path_factory.mktemp("names") / "image.tar"
    return scan(write(path, docker_modern(Image([layer]))))


@pytest.mark.parametrize("form", FORMATS)
def test_no_report_shows_a_piece(form: str, reports: list[TargetReport]) -> None:
    """No report of such an image shows a half of the key."""
    assert sum(len(report.findings) for report in reports) >= 2
    text = render(form, *reports).decode()
    assert not shown_pieces(KEY, [50], text)
