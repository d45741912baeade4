"""What the records of real material say, for the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accuracy import records
from accuracy.layout import table

if TYPE_CHECKING:
    from collections.abc import Iterator


def chapter() -> Iterator[str]:
    """Yield the lines about real trees, then those about compiled carriers."""
    yield from _trees()
    yield ""
    yield from _compiled()


def _trees() -> Iterator[str]:
    record = records.read(records.REAL)
    if record is None:
        yield "Not measured yet: `python -m accuracy.real --record accuracy/real/real.json`."
        return
    yield "`accuracy/real/explained.toml` explains every report on these trees, by path and reason."
    yield ""
    yield from table(
        ("tree", "files", "MB", "explained", "unexplained", "low confidence", "what it is"),
        [
            (
                tree["name"],
                tree["files"],
                tree["bytes"] // 1_000_000,
                sum(entry["count"] for entry in tree["explained"]),
                len(tree["unexplained"]),
                sum(tree["low"].values()),
                tree["missing"] or tree["holds"],
            )
            for tree in record["trees"]
        ],
        markup=True,
    )


def _compiled() -> Iterator[str]:
    record = records.read(records.COMPILED)
    if record is None:
        yield (
            "Compiled carriers are not measured yet: "
            "`python -m accuracy.real.compiled --record accuracy/real/compiled.json`."
        )
        return
    yield "Files made by real compilers and packers, or in their byte form where the tool was not available."
    yield ""
    yield from table(
        ("carrier", "keys found", "keys missed", "false alarms", "made by"),
        [
            (each["name"], len(each["found"]), len(each["missed"]), each["others"], each["made_by"])
            for each in record["carriers"]
        ],
        markup=True,
    )
