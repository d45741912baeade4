"""What the record of the mutation run says, for the document: counts, and each survivor with its argument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accuracy import records
from accuracy.layout import table
from accuracy.mutants.arguments import arguments, stale
from accuracy.mutants.due import texts
from accuracy.mutants.exemptions import EXEMPTIONS
from accuracy.mutants.outcome import VERDICTS, changes_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def chapter() -> Iterator[str]:
    """Yield the lines about mutants."""
    record = records.read(records.MUTANTS)
    if record is None:
        yield "Not measured yet: `make mutants`."
        return
    yield f"The tests of `imgscan/detect` kill {record['killed']:,} of {record['total']:,} mutants."
    yield ""
    yield from table(
        ("module", *VERDICTS),
        [(name, *(counts[verdict] for verdict in VERDICTS)) for name, counts in record["modules"].items()],
        markup=True,
    )
    yield ""
    yield f"{record['left out']:,} survivors are left out, because their kind cannot matter:"
    yield ""
    for each in EXEMPTIONS:
        yield f"* *{each.name}*: {each.reason}"
    yield ""
    reasons = arguments()
    changes = changes_of(record)
    gone = set(stale(changes, texts()))  # with code that was changed since the run
    changes = [change for change in changes if change not in gone]
    yield "These survive, each for a reason:" if changes else "No others survive."
    yield ""
    for change in changes:
        before, after = (" ".join(text.split()) for text in (change.before, change.after))
        yield f"* `{change.place}`: `{before}` becomes `{after}`. {reasons.get(change, 'Not argued for yet.')}"
