"""Hostile containers: work grows with the bytes, not faster. Counted in calls, so that no clock decides."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from fixtures.archives import ar_of, cpio_of, gzipped, lz4_frame, rpm_of, stripped_cpio
from fixtures.zips import Zipped, zip_of
from imgscan.containers import compressed
from imgscan.containers.ar import AR
from imgscan.containers.cpio import CPIO
from imgscan.containers.rpm import RPM
from imgscan.containers.zip.container import ZIP
from imgscan.streams.readers import BytesReader
from tests.containers.reading import read
from tests.fuzz.law import bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.containers.base import Part


def header(method: int, stored: int, *, flags: int = 0, extra: int = 0) -> bytes:
    """Make a local header of a zip archive with a name of one byte."""
    return struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 20, flags, method, 0, 0, 0, stored, stored, 1, extra) + b"a"


def long_names(count: int) -> bytes:
    """Make an ar archive in which each member has the whole table for a name."""
    table = b"n" * 20 * count
    archive = ar_of([(b"x" * 16, b"")]).replace(b"x" * 16 + b"/\n", table, 1)
    first = archive.index(b"`\n") + 2
    sized = archive.replace(b"18        `", b"%-10d`" % len(table), 1)
    return sized[: first + len(table)] + sized[first + len(table) :] * count


def far_sizes(count: int) -> bytes:
    """Make an archive whose members all claim the rest of it."""
    return header(95, 2**31) * count


ZIPS: dict[str, Callable[[int], bytes]] = {
    "magics": lambda count: b"PK\3\4" * count,
    "deflated rubbish": lambda count: header(8, 100) * count,
    "promised descriptors": lambda count: header(0, 0, flags=8) * count,
    "stored to nowhere": lambda count: header(0, 2**31) * count,
    "extra fields to nowhere": lambda count: header(8, 2**32 - 1, extra=60000) * count,
    "xz to the end": far_sizes,
    "end records": lambda count: b"PK\5\6" * count,
    "locators": lambda count: zip_of([]) + (bytes(56) + b"PK\6\7" + bytes(16) + b"PK\5\6" + b"\xff" * 16) * count,
    "many names for one": lambda count: zip_of(
        [Zipped(b"a", bytes(999)), *(Zipped(b"b", bytes(999), over=0) for _ in range(count))]
    ),
    "extra fields again": lambda count: zip_of(
        [Zipped(b"a", b"", 0, extra=b"\2\0\0\0" * 999), *(Zipped(b"b", b"", 0, over=0) for _ in range(count))]
    ),
    "wrong sums": lambda count: zip_of([Zipped(b"a", bytes(99), crc=1)] * count),
}
STREAMS: dict[str, tuple[Callable[[BytesReader], Iterator[Part]], Callable[[int], bytes]]] = {
    "long names": (AR.members, long_names),
    "empty members": (AR.members, lambda count: ar_of([(b"a", b"")] * count)),
    "chain": (CPIO.members, lambda count: cpio_of([]) * count),
    "zeros between": (CPIO.members, lambda count: (cpio_of([]) + bytes(512)) * count),
    "numbers": (RPM.members, lambda count: rpm_of(stripped_cpio([(0, b"")] * count), [(b"/a" * 999 + b"/b", b"")])),
    "gzip members": (compressed.members, lambda count: gzipped(b"") * count),
    "lz4 frames": (compressed.members, lambda count: lz4_frame(b"") * count),
    "kinds by turns": (compressed.members, lambda count: (gzipped(b"a") + lz4_frame(b"b")) * count),
}


def calls(parts: Callable[[], Iterator[Part]], size: int) -> int:
    """Count the calls that it takes to read a container."""
    with bounded(30_000 + 60 * size) as counter:
        read(parts())
    return counter.used


@pytest.mark.parametrize("shape", ZIPS)
def test_hostile_zip_archives_cost_what_they_are_long(shape: str) -> None:
    """Four times the archive is at most about four times the calls."""
    small, large = (ZIPS[shape](count) for count in (300, 1200))
    grown = len(large) / len(small)
    assert calls(lambda: ZIP.members(large), len(large)) < 1.5 * grown * calls(lambda: ZIP.members(small), len(small))


@pytest.mark.parametrize("shape", STREAMS)
def test_hostile_streams_cost_what_they_are_long(shape: str) -> None:
    """Four times the stream is at most about four times the calls."""
    members, make = STREAMS[shape]
    small, large = (make(count) for count in (300, 1200))
    grown = len(large) / len(small)
    few = calls(lambda: members(BytesReader(small)), len(small))
    assert calls(lambda: members(BytesReader(large)), len(large)) < 1.5 * grown * few + 200


def test_long_names_are_given_a_few_times_only() -> None:
    """Members that all refer to one name of 24 kB do not turn an archive into a hundred times its size."""
    archive = long_names(1200)
    names = [name or b"" for name, _ in read(AR.members(BytesReader(archive))).members]
    assert len(names) == 1200
    assert sum(map(len, names)) < 10 * len(archive)


def test_a_long_folder_is_given_a_few_times_only() -> None:
    """Files of a package that share a folder of 2 kB, by their numbers: the same."""
    package = rpm_of(stripped_cpio([(0, b"")] * 5000), [(b"/a" * 999 + b"/b", b"")])
    names = [name or b"" for name, _ in read(RPM.members(BytesReader(package))).members]
    assert len(names) == 5000
    assert sum(map(len, names)) < 10 * len(package)
