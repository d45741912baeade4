"""Rows laid out as a table, for the terminal or in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, markup: bool, texts: int = 1) -> list[str]:
    """Lay rows out, as Markdown or in columns; the first `texts` columns are text, the others numbers."""
    cells = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    if markup:
        rule = " | ".join("---" if column < texts else "---:" for column in range(len(head)))
        escaped = (" | ".join(_markup(cell) for cell in row) for row in cells)
        return [f"| {' | '.join(head)} |", f"| {rule} |", *(f"| {row} |" for row in escaped)]
    widths = [max(len(row[column]) for row in (head, *cells)) for column in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if column < texts else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *cells)
    ]


def _markup(cell: str) -> str:
    return cell.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("*", "\\*")
