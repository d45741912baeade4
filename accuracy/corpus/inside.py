"""Keys inside containers: every format and chain of formats with every kind of key in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fixtures.builders import tar
from fixtures.containers import CHAINS, FORMATS, chained
from fixtures.keys import Keys
from imgscan.detect import Engine
from imgscan.detect.stripe import STRIPE
from imgscan.scan.hits import Concealer
from imgscan.scan.layer import scan_layer
from imgscan.scan.session import Session
from imgscan.streams.readers import BytesReader

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEFORE = b"# settings\nPORT=8080\n\n"


@dataclass(slots=True)
class Inside:
    """How many keys were put into a format, and how many were found: once, at the right path and line."""

    cases: int = 0
    whole: int = 0


def _chains() -> Iterator[tuple[str, ...]]:
    yield from ((name,) for name in FORMATS)
    yield from (tuple(chain) for chain in CHAINS)


def measured(seeds: range) -> dict[str, Inside]:
    """Count all formats and chains, by name."""
    session = Session(Concealer(Engine(STRIPE)))
    rows: dict[str, Inside] = {}
    for seed in seeds:
        for chain in _chains():
            row = rows.setdefault(" > ".join(chain), Inside())
            for sort, key in Keys(f"inside {seed}").all().items():
                data, path = chained(chain, _BEFORE + f"STRIPE={key}\n".encode())
                layer = tar([("before", b"x"), ("app/file", data), ("behind", b"y")])
                scan = scan_layer(BytesReader(layer), session, name="layer")
                found = [(hit.rule_id, hit.secret.sha256, hit.location) for hit in scan.hits]
                places = [(rule, sha256, at.path, at.line, at.column) for rule, sha256, at in found]
                expected = sort.split()[0], hashlib.sha256(key.encode()).hexdigest(), f"app/file{path}", 4, 8
                row.cases += 1
                row.whole += places == [expected] and not scan.unread
    return rows
