"""What each report format declares of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imgscan.report import FORMATS, may_reveal

if TYPE_CHECKING:
    from tests.cli.conftest import Imgscan


def test_formats_that_may_hold_whole_secrets() -> None:
    """Only reports for the user's own eyes and programs may; a format that declares nothing may not."""
    assert [name for name in FORMATS if may_reveal(name)] == ["text", "json", "jsonl"]


@pytest.mark.parametrize("form", [name for name in FORMATS if not may_reveal(name)])
def test_show_secrets_is_refused_for_every_other_format(imgscan: Imgscan, form: str) -> None:
    """`--show-secrets` is a usage error for a format that does not declare it, before anything is scanned."""
    done = imgscan("image", "none.tar", "--show-secrets", "-f", form, "-o", "report")
    assert (done.code, f"--show-secrets does not work with {form} reports" in done.err) == (2, True)
