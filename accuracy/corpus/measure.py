"""Running imgscan over the corpus, each way giving the same plain reports by path.

The stream, cut into windows of a megabyte and again of sixty-four kibibytes; the command line, on an image; and for
window borders, files whose carrier lies across a border at a chosen byte.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from accuracy.corpus.carriers.every import CARRIERS
from accuracy.corpus.case import Case, expect
from accuracy.corpus.count import Reported
from accuracy.corpus.kinds import KINDS
from accuracy.corpus.surroundings import lines, noise
from fixtures.builders import Image, Layer, docker_modern, tar
from fixtures.windows import File, windowed
from imgscan.detect import Engine
from imgscan.detect.stripe import STRIPE
from imgscan.scan.hits import Concealer
from imgscan.scan.layer import scan_layer
from imgscan.scan.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accuracy.corpus.decoys import Decoy
    from accuracy.corpus.surroundings import Charset
    from accuracy.corpus.units import Unit

NOW = 1_767_225_600.0
"""2026-01-01: no figure depends on the day."""

WINDOW = 1 << 20
SMALL_WINDOW = 1 << 16

Reports = dict[str, list[Reported]]


def packed(files: Sequence[Case | Decoy]) -> bytes:
    """Pack the files as the tar of one layer."""
    return tar((file.path, file.data) for file in files)


def stream(layer: bytes, window: int) -> Reports:
    """Scan a layer as an image's layers are scanned, in windows of so many bytes."""
    session = Session(Concealer(Engine(STRIPE, now=NOW)), window=window)
    scan = scan_layer(io.BytesIO(layer), session, name="layer", look=False)
    if scan.failure is not None or scan.problems:
        raise AssertionError(f"the corpus could not be read: {scan.failure or scan.problems[0].message}")
    reports: Reports = defaultdict(list)
    for hit in scan.hits:
        at = hit.location
        reports[at.path].append(
            Reported(
                at.path, hit.secret.sha256, hit.rule_id, at.encoding, at.offset, at.line, at.column, hit.confidence
            )
        )
    return reports


def command(layer: bytes, folder: Path) -> Reports:
    """Scan an image with that layer by the command line, with everything shown."""
    image, out = folder / "image.tar", folder / "out.json"
    image.write_bytes(docker_modern(Image([Layer(layer)])))
    words = [sys.executable, "-m", "imgscan", "image", str(image), "-f", "json", "-o", str(out), "--no-progress"]
    words += ["--min-confidence", "low", "--include", "examples,publishable"]
    # In an empty folder and without the user's settings.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IMGSCAN_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    if done.returncode not in (0, 1):
        raise AssertionError(f"the command line ended with {done.returncode}: {done.stderr[-400:]}")
    reports: Reports = defaultdict(list)
    for finding in json.loads(out.read_bytes())["targets"][0]["findings"]:
        place: dict[str, Any] = finding["location"]
        reports[place["path"]].append(
            Reported(
                place["path"],
                finding["secret"]["sha256"],
                finding["rule_id"],
                place["encoding"],
                place["offset"],
                place["line"],
                place["column"],
                finding["confidence"],
            )
        )
    return reports


def borders(seed: int, *, quick: bool = False) -> Iterator[tuple[Case, list[Reported]]]:
    """Put each carrier across the border of two windows, at each of some bytes, and return what is found.

    Also where the bytes that the engine asks for around an anchor begin and end. The kinds take turns.
    """
    engine = Engine(STRIPE, now=NOW)
    random = Random(f"{seed} borders")
    text = lines(random, (WINDOW + engine.reach_ahead) // 20).encode()
    binary = b"\x7fELF\x02\x01\x01\x00\x00\x00" + noise(random, WINDOW + engine.reach_behind + engine.reach_ahead)
    turn = 0
    for carrier in CARRIERS.values():
        kinds = [kind for kind in KINDS.values() if kind.tier in carrier.tiers]
        if carrier.habitat not in ("text", "binary"):
            continue
        for number in range(2 if quick else 10):
            turn += 1
            kind = kinds[turn % len(kinds)]
            secret = kind.secret(seed, turn)
            made = carrier.write(random, secret, turn % carrier.variants)
            at = WINDOW + _shifts(made, engine)[(turn if quick else number) % 10]
            charset: Charset = "8-bit" if carrier.habitat == "text" else "binary"
            placed = _at(made, binary if charset == "binary" else text, at, charset)
            case = Case(
                f"b/{turn}",
                carrier.name,
                kind.name,
                number,
                placed.data,
                secret,
                (expect(placed, charset, kind, secret, carrier.encoding),),
            )
            yield case, _windowed(engine, case, binary=charset == "binary")


def _shifts(made: Unit, engine: Engine) -> tuple[int, ...]:
    """Return how far from a border a carrier is to begin."""
    size = made.end - made.start
    return (
        0, -1, 1, -size, 1 - size, -(size // 2), -(size // 4), -min(9, size), engine.reach_behind, -engine.reach_ahead,
    )  # fmt: skip


def _at(made: Unit, filler: bytes, at: int, charset: Charset) -> Unit:
    """Put filler around a carrier so that it begins at an offset; its parity stays in a binary."""
    room = at - made.start
    if charset == "binary":
        room -= room % 2
        return made.between(filler[:room], filler[:2000])
    # Whole lines, then spaces, so that no character is cut.
    end = filler.rfind(b"\n", 0, room) + 1
    return made.between(
        filler[:end] + b"#" * (room - end - 1) + b"\n" * (room > end), filler[: filler.find(b"\n", 2000)]
    )


def _windowed(engine: Engine, case: Case, *, binary: bool) -> list[Reported]:
    found = windowed(engine, WINDOW, File(case.data, case.path, binary))
    place = {each.offset: (each.line, each.column) for each in case.expected}
    return [
        Reported(
            each.path,
            hashlib.sha256(each.secret).hexdigest(),
            each.rule,
            each.encoding,
            each.start,
            *place.get(each.start, (None, None)),  # the engine itself counts no lines
            each.confidence,
        )
        for each in found
    ]
