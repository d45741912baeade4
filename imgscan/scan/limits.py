"""How much work a scan may do for containers. Limits count work, never time, so that results are reproducible."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Where a scan stops looking into containers, and says so.

    `depth` counts containers inside containers; `entry` the bytes that one file of a layer or folder may expand to
    in total, `total` those of one scanned layer or file; `ratio` how many times the bytes of a compressed
    member its content may be, from `ratio_from` bytes on; `members` how many one container may hold; `spool` the
    bytes that may be in temporary files.
    """

    depth: int = 8
    entry: int = 4 << 30
    total: int = 64 << 30
    ratio: int = 250
    ratio_from: int = 256 << 20
    members: int = 2_000_000
    spool: int = 8 << 30
