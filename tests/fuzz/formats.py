"""A fuzz target for each container format, and for the tar walker."""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zlib
from typing import Final

import zstandard

from fixtures.archives import (
    DIALECTS,
    ELF_SHAPES,
    alpine_of,
    ar_of,
    cpio_of,
    elf_of,
    gzipped,
    lz4_frame,
    rpm_of,
    stripped_cpio,
)
from fixtures.zips import Zipped, lzma_alone, zip_of
from imgscan.containers import compressed, program
from imgscan.containers.ar import AR
from imgscan.containers.base import HEAD
from imgscan.containers.cpio import CPIO
from imgscan.containers.formats import find
from imgscan.containers.program import PROGRAM
from imgscan.containers.rpm import RPM
from imgscan.containers.zip import container as zips
from imgscan.containers.zip.container import ZIP
from imgscan.streams.tar import TarWalker
from tests.fuzz.law import Target, bounded, check
from tests.trickle import Trickle

PAIRS: Final = [(b"one.txt", b"some text, some text, some text"), (b"dir/two", b""), (b"three" * 20, bytes(range(200)))]
READ: Final = 100
"""Bytes of one read, so that what comes in pieces is in pieces."""


def fuzz_zip(data: bytes) -> None:
    """Read a zip archive by its directory and by its headers."""
    zips.has_directory(data)
    check(ZIP.members(data), len(data))


def zip_seeds() -> list[bytes]:
    """Make archives of every method and of each oddity that a builder knows."""
    seeds = [zip_of([Zipped(name, data, method) for name, data in PAIRS]) for method in (0, 8, 12, 14, 95)]
    seeds += [zip_of(PAIRS, zip64=True), zip_of(PAIRS, directory=False), zip_of(PAIRS, prefix=b"x" * 50)]
    for method in (0, 8):
        odd = [Zipped(name, data, method, descriptor=True) for name, data in PAIRS]
        seeds += [zip_of(odd), zip_of(odd, directory=False)]
    odd = [Zipped(b"a", b"data" * 9, zip64=True), Zipped(b"b", b"x", flags=1), Zipped(b"c", b"y", listed=False)]
    seeds.append(zip_of([*odd, Zipped(b"d", over=0)]))
    seeds.append(zip_of([Zipped(b"inner.zip", seeds[0], 0)]))
    return seeds


def fuzz_ar(data: bytes) -> None:
    """Read an ar archive."""
    check(AR.members(Trickle(data, READ)), len(data))


def ar_seeds() -> list[bytes]:
    """Make archives with the long names of GNU and of BSD."""
    return [ar_of(PAIRS, "gnu"), ar_of(PAIRS, "bsd")]


def fuzz_cpio(data: bytes) -> None:
    """Read a chain of cpio archives."""
    check(CPIO.members(Trickle(data, READ)), len(data))


def cpio_seeds() -> list[bytes]:
    """Make archives of each dialect, and chains."""
    seeds = [cpio_of(PAIRS, dialect) for dialect in DIALECTS]
    return [*seeds, seeds[0] + bytes(64) + seeds[2], seeds[0] + gzipped(seeds[1])]


def fuzz_rpm(data: bytes) -> None:
    """Read a package, and the archive in it."""
    check(RPM.members(Trickle(data, READ)), len(data), per_byte=40)


def rpm_seeds() -> list[bytes]:
    """Make packages with an ordinary payload and with one of numbers."""
    files = [(b"/etc/" + name, data) for name, data in PAIRS]
    numbers = stripped_cpio(enumerate(data for _, data in files))
    return [rpm_of(cpio_of(PAIRS), files), rpm_of(gzipped(numbers), files, b"echo"), rpm_of(numbers, files)]


def fuzz_compressed(data: bytes) -> None:
    """Read compressed data of whatever kind, and what follows them."""
    check(compressed.members(Trickle(data, READ)), len(data))


def compressed_seeds() -> list[bytes]:
    """Make data of each compression, and two behind each other."""
    text = b"some text, some text, some text, and more of it" * 3
    seeds = [gzipped(text), bz2.compress(text), lzma.compress(text, preset=0), lzma_alone(text), zlib.compress(text)]
    seeds += [zstandard.ZstdCompressor().compress(text), lz4_frame(text, 40)]
    return [*seeds, seeds[0] + seeds[2], seeds[1] + bytes(8) + seeds[0], seeds[4] + seeds[6], alpine_of(PAIRS)]


def fuzz_recognise(data: bytes) -> None:
    """Look at the head of a file of whatever kind."""
    with bounded(2000):
        find(data[:HEAD])


def recognise_seeds() -> list[bytes]:
    """Make a file of each format."""
    return [seed[:HEAD] for target in TARGETS if target.name != "recognise" for seed in target.seeds()]


def fuzz_program(data: bytes) -> None:
    """Look for what follows a program."""
    if program.recognise(data[:HEAD]):
        check(PROGRAM.members(Trickle(data, READ)), len(data))


def program_seeds() -> list[bytes]:
    """Make programs of each layout with an archive behind them."""
    return [elf_of(bits=bits, order=order, first=first) + zip_of(PAIRS) for bits, order, first in ELF_SHAPES]


def fuzz_tar(data: bytes) -> None:
    """Walk a tar stream in pieces."""
    walker = TarWalker()
    with bounded(20_000 + 20 * len(data)):
        for at in range(0, len(data), READ):
            walker.feed(data[at : at + READ])
        walker.finish()
    assert walker.offset == len(data)


def tar_seeds() -> list[bytes]:
    """Make archives of each dialect that the standard library writes."""
    seeds = []
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w", format=form) as archive:
            for name, data in PAIRS:
                info = tarfile.TarInfo(name.decode() * (1 if form == tarfile.USTAR_FORMAT else 4))
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        seeds.append(held.getvalue())
    return seeds


TARGETS: Final = [
    Target("zip", fuzz_zip, zip_seeds, (ZIP,)),
    Target("ar", fuzz_ar, ar_seeds, (AR,)),
    Target("cpio", fuzz_cpio, cpio_seeds, (CPIO,)),
    Target("rpm", fuzz_rpm, rpm_seeds, (RPM,)),
    Target("compressed", fuzz_compressed, compressed_seeds, compressed.COMPRESSIONS),
    Target("program", fuzz_program, program_seeds, (PROGRAM,)),
    Target("tar walker", fuzz_tar, tar_seeds),
    Target("recognise", fuzz_recognise, recognise_seeds),
]
