"""Keys inside what real compilers, databases and encoders write, found again by a scan.

    python -m accuracy.real.compiled [--seed N] [--only WORD...] [--record FILE]

The other carriers of the corpus are byte forms that somebody believes in; these are made by the tools themselves, on
this machine, now. Where a tool is missing the byte form takes its place, and the table says so. Sources and
results live in a temporary folder, and keys get there by files and pipes, never by a command line.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from accuracy import records
from accuracy.layout import table
from accuracy.progress import tell
from accuracy.real.makers import MAKERS
from accuracy.real.toolbox import Missing, Toolbox
from fixtures.keys import Keys
from imgscan.api import scan_path
from imgscan.detect import Engine
from imgscan.detect.stripe import STRIPE
from imgscan.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from accuracy.real.makers import Maker

SORTS = {"99": Keys.secret99, "34": Keys.secret34, "24": Keys.secret24, "webhook": Keys.webhook}
"""The keys in every file, by the length of their bodies; `99` is what Stripe issues today and says where it ends."""

BYTE_FORM = "byte form"


@dataclass(frozen=True, slots=True)
class Carrier:
    """One file with keys in it, by sort, and who made it: a tool, or the byte form and why."""

    maker: Maker
    data: bytes = field(repr=False)
    keys: Mapping[str, str] = field(repr=False)
    made_by: str

    @property
    def name(self) -> str:
        """What the file is."""
        return self.maker.name

    @property
    def due(self) -> frozenset[str]:
        """The sorts of key that must be found in it."""
        if self.maker.beyond:
            return frozenset()
        return frozenset(("99",)) if self.maker.glued else frozenset(self.keys)


@dataclass(frozen=True, slots=True)
class Result:
    """What a scan said of a carrier: the encodings that its keys were found in, by sort, and how much else.

    `longer` are the sorts that were found with characters of a neighbour, which no rule can separate from it.
    """

    carrier: Carrier
    found: Mapping[str, frozenset[str]]
    longer: frozenset[str]
    misplaced: int
    others: int

    @property
    def missed(self) -> list[str]:
        """The sorts that should have been found and were not."""
        return sorted(self.carrier.due - set(self.found))

    @property
    def good(self) -> bool:
        """Whether everything that is due was found, in its place, and nothing else was."""
        return not (self.missed or self.misplaced or self.others)

    def row(self) -> tuple[str, ...]:
        """Say it in words."""
        carrier = self.carrier
        cells = []
        for sort in carrier.keys:
            if sort in self.found:
                cells.append("whole")
            elif sort in carrier.due:
                cells.append("MISSED")
            else:
                cells.append("longer" if sort in self.longer else "-")
        encodings = ", ".join(sorted(set().union(*self.found.values())))
        remarks = [
            carrier.maker.beyond and f"not promised: {carrier.maker.beyond}",
            "glued strings" if carrier.maker.glued else "",
            f"{self.others} FALSE" if self.others else "",
            f"{self.misplaced} MISPLACED" if self.misplaced else "",
        ]
        return carrier.name, *cells, encodings, carrier.made_by, "; ".join(filter(None, remarks))


def carriers(seed: int | str, only: Sequence[str] = ()) -> Iterator[Carrier]:
    """Make the files, or those whose name has one of the words; the same keys for the same seed."""
    with Toolbox() as box:
        for maker in MAKERS:
            if only and not any(word.lower() in maker.name.lower() for word in only):
                continue
            keys = Keys(f"compiled {seed} {maker.name}")
            sample = {sort: make(keys) for sort, make in SORTS.items()}
            made_by = maker.tool or BYTE_FORM
            try:
                data = maker.make(box, sample)
            except Missing as missing:
                data, made_by = maker.form(sample), f"{BYTE_FORM} ({missing})"
            yield Carrier(maker, data, sample, made_by)


def search(carrier: Carrier, folder: Path) -> Result:
    """Scan a carrier as a user would, which may open it, and let the engine read the bytes to see what was glued on."""
    file = folder / "carrier.bin"
    file.write_bytes(carrier.data)
    findings = [each for each in scan_path(file) if isinstance(each, Finding)]
    engine = Engine(STRIPE).search(carrier.data, path=file.name, binary=b"\0" in carrier.data[:8000])
    sure = {hashlib.sha256(match.secret).hexdigest(): match.secret.decode() for match in engine}
    hashes = {hashlib.sha256(key.encode()).hexdigest(): sort for sort, key in carrier.keys.items()}
    found: dict[str, frozenset[str]] = {}
    longer: set[str] = set()
    misplaced = others = 0
    for finding in findings:
        sort = hashes.get(finding.secret.sha256)
        if sort is None:
            inside = {sort for sort, key in carrier.keys.items() if key in sure.get(finding.secret.sha256, "")}
            longer |= inside
            others += not inside or not carrier.maker.glued
            continue
        found[sort] = found.get(sort, frozenset()) | {finding.location.encoding}
        misplaced += not _placed(carrier, finding, carrier.keys[sort])
    return Result(carrier, found, frozenset(longer), misplaced, others)


def _placed(carrier: Carrier, finding: Finding, key: str) -> bool:
    """Whether a carrier that can be read without a decoder is where the finding says.

    What is in a member of an archive or in a row of a database has no offset in the file.
    """
    location = finding.location
    if "!/" in location.path or location.offset is None or location.length is None:
        return True
    data = carrier.data[location.offset : location.offset + location.length]
    name = {"plain": "ascii", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be"}.get(location.encoding)
    return len(data) == location.length and (name is None or data == key.encode(name))


def record(results: Sequence[Result], seed: str) -> dict[str, object]:
    """Return the results as a document: no key, no size, no version in it."""
    return {
        "seed": seed,
        "carriers": [
            {
                "name": result.carrier.name,
                "made_by": result.carrier.made_by,
                "glued": result.carrier.maker.glued,
                "beyond": result.carrier.maker.beyond or None,
                "found": {sort: sorted(encodings) for sort, encodings in sorted(result.found.items())},
                "longer": sorted(result.longer),
                "missed": result.missed,
                "others": result.others,
            }
            for result in results
        ],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Make, scan, print; 1 if a key that is due was missed or anything else was reported."""
    parser = argparse.ArgumentParser(prog="python -m accuracy.real.compiled", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", default="0", help="which keys (default: 0)")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WORD", help="only carriers with this word in their names"
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the results as JSON")
    options = parser.parse_args(arguments)
    results = []
    with Toolbox() as box:
        folder = box.folder()
        for carrier in carriers(options.seed, options.only):
            results.append(search(carrier, folder))
            tell(carrier.name)
    tell("")
    head = ("carrier", *SORTS, "read as", "made by", "")
    print("\n".join(table(head, [result.row() for result in results], markup=False, texts=len(head))))
    due = sum(len(result.carrier.due) for result in results)
    missed = sum(len(result.missed) for result in results)
    others = sum(result.others for result in results)
    forms = sum(result.carrier.made_by.startswith(BYTE_FORM) for result in results)
    print(f"\n{len(results)} carriers, {forms} of them in byte form.")
    print(f"{due - missed} of {due} keys found whole, {others} findings that are no key of theirs.")
    if options.record is not None:
        records.write(options.record, record(results, options.seed))
    return 0 if results and all(result.good for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
