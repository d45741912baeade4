"""The page of diagnostic codes, written from the register: `python -m tests.diagnostics` (`make docs`)."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

from imgscan.codes import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgscan.codes import Code

FILE: Final = Path(__file__).parents[1] / "docs" / "diagnostics.md"

_ABOUT: Final = (
    "The codes that a report lists under `diagnostics`. `make docs` writes this page from `imgscan/codes.py`: change "
    "that, not this file."
)
_SEVERITIES: Final = (
    "An `error` means that the list of findings may lack something, and makes the exit code 2. `skipped` means that "
    "something was passed over for a stated reason; with `--strict`, it makes the exit code 2 as well. Each diagnostic "
    "has a message with the details, and path, layer and bytes if they are known."
)


def text() -> str:
    """Return the whole page."""
    parts = ["# Diagnostics", *(textwrap.fill(each, 120, break_on_hyphens=False) for each in (_ABOUT, _SEVERITIES))]
    for title, codes in SECTIONS.items():
        parts += [f"## {title}", _table(codes)]
    return "\n\n".join(parts) + "\n"


def _table(codes: Mapping[str, Code]) -> str:
    rows = ["| code | severity | what it means | what to do |", "|---|---|---|---|"]
    rows += [f"| `{name}` | {code.severity} | {code.meaning} | {code.advice} |" for name, code in sorted(codes.items())]
    return "\n".join(rows)


def main() -> None:
    """Write the page."""
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
