"""Colour and line breaks, for terminals.

Text is escaped before it comes here; escape sequences are added last, around whole words, so widths are counted on
plain text. Prose is wrapped, names never are: a path that is broken over two lines cannot be copied.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WIDEST_PROSE = 100  # longer lines are hard to read, however wide the terminal
_NARROWEST = 40

# ECMA-48, section 8.3.117 (SGR). The sixteen basic colours follow the reader's own palette.
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}

LEVEL_STYLES = {"error": "red", "warning": "yellow", "note": "blue", "skipped": "yellow"}


class Style(NamedTuple):
    """How to write for one terminal: with colour or without, in so many columns."""

    color: bool
    width: int

    def paint(self, text: str, *styles: str) -> str:
        """Add colour, if there is colour."""
        if not self.color or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    @property
    def columns(self) -> int:
        """How long a line of prose may be."""
        return max(_NARROWEST, min(self.width, _WIDEST_PROSE))

    def prose(self, text: str, indent: int, first: str = "", *styles: str) -> Iterator[str]:
        """Wrap a paragraph at an indentation; `first` hangs before its first line, inside the indentation."""
        lines = textwrap.wrap(
            text,
            width=max(self.columns - indent, 20),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for number, line in enumerate(lines):
            lead = first.rjust(indent) if number == 0 else " " * indent
            yield lead + self.paint(line, *styles) if styles else lead + line

    def items(self, items: Iterable[str], indent: int, *styles: str) -> Iterator[str]:
        """Write short items behind each other, as many in a line as fit, never breaking one."""
        line = ""
        for item in items:
            longer = f"{line} · {item}" if line else item
            if line and indent + len(longer) > self.columns:
                yield " " * indent + self.paint(line, *styles)
                line = item
            else:
                line = longer
        if line:
            yield " " * indent + self.paint(line, *styles)
