"""Telling the figures in `docs/accuracy.md`.

No clock, duration or machine stands in the document, so the same seeds give the same text. Real material and
mutation are measured by programs of their own, which leave their figures beside this module.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accuracy import outcome, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from accuracy.count import Tally
    from accuracy.inside import Inside
    from accuracy.scanners import Score

_HERE = Path(__file__).parent
REAL, COMPILED, MUTANTS = (_HERE / f"{name}.json" for name in ("real", "compiled", "mutants"))

_HEAD = """\
# Accuracy

Every figure here comes from `make accuracy` and can be had again on any machine: keys, files and the places where
they stand follow from the seeds alone. Nothing here holds a key.

**What is measured.** A case is a file with one key in it (some hold the same key twice). Each *carrier*, one of the
ways in which keys sit in images, is put together with each *kind* of credential in each shape that the kind takes. A
carrier that has letters glued to both sides, or breaks a key into pieces, can carry only today's keys, which prove
themselves (tier A); the others carry all. The file around it is nothing, lines of text with characters of several
bytes, or the bytes of a binary; the carrier stands at its start, in its middle, at its end, and at an end where a tar
block ends too. Wrapped lines break the encoded prefix at every position. Each byte value stands before and behind a
key wherever the tier's boundaries allow it.

A case is **found** if a finding has the key's SHA-256 and rule. It is **whole** if, besides, offset, line, column,
encoding and confidence are the expected ones, and nothing else is reported in the file. The offsets are computed when
the file is made, not searched for.

A **false alarm** is any finding of medium confidence or more in a file of *decoys*. Keys are random, and drawn again
when chance makes one look typed (a run of six equal characters, words and little else): about one in a thousand.

**How the corpus is scanned.** As one layer of an image, by the code that scans layers, in windows of 1 MiB and of
64 KiB; by the command line, on an image archive; and, for window borders, by the engine, with the carrier across the
border at ten chosen bytes.
"""

_AGAIN = """\
## Do it again

    make accuracy                              # seed 1
    make accuracy SEED=7 ARGS="--seeds 3"      # seeds 7, 8 and 9
    make accuracy ARGS="--quick --scanner gitleaks detect-secrets"

It exits with 1 if a case is not whole or there is a false alarm, and says which.
"""

_LIMITS = """\
## What is not asked

* Documented examples cannot be written into a file of this repository, so no decoy is one; the real trees hold them.
* PayMongo, Tap and Moyasar issue keys of exactly Stripe's old shape. Nothing tells them apart, so they are neither
  cases nor decoys.
* A key of 24 or 34 characters that is broken into pieces is not read: pieces are joined only to a key that proves
  itself. Nor is a terminal token that is broken inside its prefix, or a key that is broken there twice.
* A string in a binary whose next byte is a letter, as the type of what follows can be, cannot be told from a longer
  one unless it is one of today's keys.
* Big-endian UTF-16 at an odd offset of a binary is asked of tiers A to C only: the same bytes are little-endian text
  that lacks the last character, and for shapes of any length both readings are as good.
* Wrapped lines are those of encoders: no line is longer than the one before it, a label or an indent counted. A run
  whose first line is shorter for no reason is not read as one.
"""


def markdown(
    tallies: Mapping[str, Tally],
    scores: Mapping[str, Score],
    contained: Mapping[str, Inside],
    seeds: range,
    *,
    quick: bool,
) -> str:
    """Write the document."""
    return "\n".join(_markdown(tallies, scores, contained, seeds, quick=quick)) + "\n"


def _markdown(
    tallies: Mapping[str, Tally],
    scores: Mapping[str, Score],
    contained: Mapping[str, Inside],
    seeds: range,
    *,
    quick: bool,
) -> Iterator[str]:
    first = next(iter(tallies.values()))
    carriers, kinds = first.by(0), first.by(1)
    named = f"seed {seeds.start}" if len(seeds) == 1 else f"seeds {seeds.start} to {seeds.stop - 1}"
    yield _HEAD
    yield "## Figures"
    yield ""
    sort = "one case of each" if quick else "every case"
    yield f"{len(carriers)} carriers, {len(kinds)} kinds, {len(first.decoys)} classes of decoys; {named}, {sort}."
    yield ""
    yield from tables.ways(tallies, markup=True)
    yield ""
    yield _AGAIN
    yield "## By carrier"
    yield ""
    yield "Under each tier the number of its cases, all of them whole unless it says otherwise."
    yield ""
    yield from tables.by_carrier(first, markup=True)
    yield ""
    yield "## By kind"
    yield ""
    yield from tables.by_kind(first, markup=True)
    yield ""
    yield "## Inside of containers"
    yield ""
    yield (
        "A settings file with each kind of key, in each container format and in chains of them. *Whole*: found once, "
        "at the path that the formats add, on its line, with nothing said to be unread."
    )
    yield ""
    yield from tables.contained(contained, markup=True)
    yield ""
    yield "## Decoys"
    yield ""
    yield from tables.by_decoy(first, markup=True)
    yield ""
    yield "## Other scanners"
    yield ""
    if scores:
        yield (
            f"One case of each carrier and kind, and small decoys, of seed {seeds.start}, as files in a folder. "
            "*Whole*: the secret that was reported is the key, with nothing but delimiters beside it. *Touched*: "
            "something else was reported in the file. Each was asked for its lowest confidence, none to verify. "
            "Reports on decoys are counted by whether the rule that made them is named after Stripe; of imgscan's, "
            "those of medium confidence or more."
        )
        yield ""
        yield from tables.compared(scores, markup=True)
    else:
        yield "None was asked for in this run."
    yield ""
    yield "## Real material"
    yield ""
    yield from _real(_load(REAL))
    yield ""
    yield from _compiled(_load(COMPILED))
    yield ""
    yield "## Mutation"
    yield ""
    yield from _mutants(_load(MUTANTS))
    yield ""
    yield _LIMITS.rstrip("\n")


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _real(record: Any) -> Iterator[str]:
    if record is None:
        yield "Not measured yet: `python -m accuracy.real --record accuracy/real.json`."
        return
    yield "Every report on these trees is explained in `accuracy/explained.toml`, by path and reason."
    yield ""
    yield from tables.table(
        ("tree", "files", "MB", "explained", "unexplained", "of low confidence", "what it is"),
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


def _compiled(record: Any) -> Iterator[str]:
    if record is None:
        yield "Compiled carriers are not measured yet: `python -m accuracy.compiled --record accuracy/compiled.json`."
        return
    yield "Files made by real compilers and packers, or in their byte form where none was to be had."
    yield ""
    yield from tables.table(
        ("carrier", "found", "missed", "false alarms", "made by"),
        [
            (each["name"], len(each["found"]), len(each["missed"]), each["others"], each["made_by"])
            for each in record["carriers"]
        ],
        markup=True,
    )


def _mutants(record: Any) -> Iterator[str]:
    """Tell what `accuracy.mutants` recorded: counts, also by module, and each survivor with the reason why it may."""
    if record is None:
        yield "Not measured yet: `make mutants`."
        return
    yield f"{record['killed']:,} of {record['total']:,} mutants of `imgscan/detect` die by its tests."
    yield ""
    verdicts = ("killed", "timeout", "survived")
    yield from tables.table(
        ("module", *verdicts),
        [(name, *(counts[verdict] for verdict in verdicts)) for name, counts in record["modules"].items()],
        markup=True,
    )
    yield ""
    yield "These live:" if record["survived"] else "None lives."
    yield ""
    reasons = outcome.arguments_for()
    for change in outcome.changes_of(record):
        removed, added = (" ".join(text.split()) for text in (change.removed, change.added))
        reason = reasons.get(change, "Not argued for yet.")
        yield f"* `{change.module}.{change.function}`: `{removed}` becomes `{added}`. {reason}"
