"""Writing the figures into `docs/accuracy.md`.

No clock, duration or machine is in the document, so the same seeds give the same text. Real material and mutation are
measured by programs of their own, which leave records; the document reads those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accuracy.corpus import tables
from accuracy.mutants import chapter as mutants
from accuracy.real import chapter as real

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from accuracy.corpus.count import Tally
    from accuracy.corpus.inside import Inside
    from accuracy.corpus.scanners import Score

_HEAD = """\
# Accuracy

`make accuracy` reproduces these figures on any machine: keys, files and the places of keys in them follow from the
seeds alone. This document contains no key.

**What is measured.** A case is a file with one key in it (some hold the same key twice). Each *carrier*, one of the
ways in which keys appear in images, is combined with each *kind* of credential in each of its shapes. A carrier that
has letters on both sides of the key, or breaks it into pieces, can carry only today's keys, which prove themselves
(tier A); the others carry all kinds. Around the carrier there is nothing, lines of text with multi-byte characters, or
the bytes of a binary. The carrier is at the start of the file, in the middle, at the end, or at an end that is also the
end of a tar block. Wrapped lines break the encoded prefix at every position. Every byte value that the
tier allows is tried before and after the key.

A case is **found** if a finding has the key's SHA-256 and rule. It is **whole** if offset, line, column, encoding and
confidence are also right, and nothing else is reported in the file. The offsets are computed when the file is
generated, not searched for.

A **false alarm** is any finding of medium confidence or more in a file of *decoys*. Keys are random. A key that
happens to look typed (a run of six equal characters, or mostly words) is replaced: about one in a thousand.

**How the corpus is scanned.** As one layer of an image, by the code that scans layers, in windows of 1 MiB and of
64 KiB; by the command line, on an image archive; and, for window borders, by the engine, with the carrier across the
border at ten chosen bytes.
"""

_AGAIN = """\
## Reproduce the figures

    make accuracy                              # seeds 1 to 4
    make accuracy SEED=7 SEEDS=3               # seeds 7, 8 and 9
    make accuracy ARGS="--quick --scanner gitleaks detect-secrets"

The exit code is 1 if a case is not whole or there is a false alarm, and the output says which.
"""

_LIMITS = """\
## What is not measured

* Documented examples cannot be written into a file of this repository, so no decoy is one; the real trees contain them.
* PayMongo, Tap and Moyasar issue keys of exactly Stripe's old shape. Nothing distinguishes them, so they are neither
  cases nor decoys.
* A key of 24 or 34 characters that is broken into pieces is not read: pieces are joined only to a key that proves
  itself. Neither is a terminal token that is broken inside its prefix, nor a key that is broken there twice.
* A string in a binary that is followed by a letter (the type of the next value can be one) looks like a longer
  string, unless it is one of today's keys.
* Big-endian UTF-16 at an odd offset of a binary is measured for tiers A to C only: the same bytes are little-endian
  text that lacks the last character, and for shapes of any length both readings are as good.
* Wrapped lines are those of encoders: no line is longer than the one before it, label or indent included. A run whose
  first line is shorter for no reason is not read as one.
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run counted: by the way of scanning, by scanner and by container, and of which seeds."""

    tallies: Mapping[str, Tally]
    scores: Mapping[str, Score]
    contained: Mapping[str, Inside]
    seeds: range
    quick: bool


def markdown(figures: Figures) -> str:
    """Write the document."""
    return "\n".join(_lines(figures)) + "\n"


def _lines(figures: Figures) -> Iterator[str]:
    first = next(iter(figures.tallies.values()))
    yield _HEAD
    yield "## Figures"
    yield ""
    yield _scope(first, figures)
    yield ""
    yield from tables.ways(figures.tallies, markup=True)
    yield ""
    yield _AGAIN
    yield "## By carrier"
    yield ""
    yield "The tier columns count cases; all of them are whole unless a cell says otherwise."
    yield ""
    yield from tables.by_carrier(first, markup=True)
    yield ""
    yield "## By kind"
    yield ""
    yield from tables.by_kind(first, markup=True)
    yield ""
    yield "## Inside containers"
    yield ""
    yield (
        "A settings file with each kind of key, in each container format and in chains of formats. *Whole*: found "
        "once, at the path that the formats add, on the right line, with nothing reported as unread."
    )
    yield ""
    yield from tables.contained(figures.contained, markup=True)
    yield ""
    yield "## Decoys"
    yield ""
    yield from tables.by_decoy(first, markup=True)
    yield ""
    yield "## Other scanners"
    yield ""
    yield from _others(figures)
    yield ""
    yield "## Real material"
    yield ""
    yield from real.chapter()
    yield ""
    yield "## Mutation"
    yield ""
    yield from mutants.chapter()
    yield ""
    yield _LIMITS.rstrip("\n")


def _scope(first: Tally, figures: Figures) -> str:
    seeds = figures.seeds
    named = f"seed {seeds.start}" if len(seeds) == 1 else f"seeds {seeds.start} to {seeds.stop - 1}"
    sort = "one case of each" if figures.quick else "every case"
    counts = f"{len(first.by(0))} carriers, {len(first.by(1))} kinds, {len(first.decoys)} classes of decoys"
    return f"{counts}; {named}, {sort}."


def _others(figures: Figures) -> Iterator[str]:
    if not figures.scores:
        yield "This run compared with none."
        return
    yield (
        f"One case of each carrier and kind, and small decoys, of seed {figures.seeds.start}, as files in a folder. "
        "*Whole*: the secret that was reported is the key, with nothing but delimiters around it. *Touched*: "
        "something else was reported in the file. Each scanner reported at its lowest confidence and verified nothing. "
        "Reports on decoys are counted by whether the rule is named after Stripe; imgscan's are those of medium "
        "confidence or more."
    )
    yield ""
    yield from tables.compared(figures.scores, markup=True)
