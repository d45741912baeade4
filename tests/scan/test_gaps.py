"""A plain key in any field or gap of a container is found, or what it damaged is reported: every byte is tried."""

from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING

import pytest

from fixtures.archives import ar_of, cpio_of, elf_of, rpm_of
from fixtures.builders import tar
from fixtures.containers import database
from fixtures.keys import Keys
from fixtures.pictures import GIF, JPEG, PNG, macho_of, windows_of
from fixtures.zips import Zipped, zip_of
from imgscan.scan.pour import FilePour, Poured
from imgscan.scan.session import Session
from tests.containers.gitpacks import BLOB, Pack
from tests.effort import examples
from tests.scan.support import concealer, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = Keys("gaps").secret24().encode()
LONG = b"some text, and more of it, and more " * 5
PAIRS = [(b"a-name-of-a-file-that-is-long", LONG), (b"b", b"short")]


def pack() -> bytes:
    """Make a pack of two objects."""
    made = Pack()
    made.add(BLOB, LONG)
    made.add(BLOB, b"short")
    return bytes(made)


SPECIMENS = {
    "zip": zip_of(PAIRS, comment=b"a comment of the archive", between=b"between the members of it"),
    "zip stored": zip_of([Zipped(name, data, 0, extra=struct.pack("<HH40x", 9, 40)) for name, data in PAIRS]),
    "zip64": zip_of([Zipped(name, data, descriptor=True) for name, data in PAIRS], zip64=True, prefix=b"prefix " * 9),
    "ar": ar_of(PAIRS),
    "cpio": cpio_of(PAIRS),
    "cpio odc": cpio_of(PAIRS, "odc") + bytes(90),
    "rpm": rpm_of(gzip.compress(cpio_of(PAIRS), mtime=0), PAIRS, scriptlet=LONG),
    "pack": pack(),
    "bundle": b"# v2 git bundle\n" + b"0" * 40 + b" refs/heads/main\n\n" + pack(),
    "script": b"#!/bin/sh\nexit 0\n" + gzip.compress(tar([("a", LONG)]), mtime=0),
    "program": elf_of() + bytes(64) + zip_of(PAIRS),
    "windows": windows_of(symbols=True, signature=bytes(64)) + zip_of(PAIRS),
    "macho": macho_of() + zip_of(PAIRS),
    "png": PNG + zip_of(PAIRS),
    "gif": GIF + zip_of(PAIRS),
    "jpeg": JPEG + zip_of(PAIRS),
}


def told(data: bytes) -> tuple[list[str], list[str]]:
    """Scan a file; return the paths at which the key was found, and the codes of what was not read."""
    pour = FilePour(Session(concealer()))
    failed = pour.whole([Poured(0, b"file", data)])
    hits = pour.finish()
    unread = [each.code for each in (*failed, *pour.take_unread())]
    return [hit.location.path for hit in hits if hit.secret.sha256 == digest(KEY)], unread


def placed(data: bytes, at: int) -> Iterator[tuple[str, bytes]]:
    """Yield the file with the key written over its bytes, and put between them."""
    if at + len(KEY) + 2 <= len(data):
        yield "over", data[:at] + b" " + KEY + b" " + data[at + len(KEY) + 2 :]
    yield "between", data[:at] + b" " + KEY + b" " + data[at:]


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_plain_key_is_found_wherever_it_is(name: str) -> None:
    """Over and between the bytes of a specimen of each container: found, once. Every place in CI, one in three here."""
    data = SPECIMENS[name]
    step = max(1, 9 // examples(3))
    wrong = []
    for at in range(len(name) % step, len(data) + 1, step):
        for how, made in placed(data, at):
            paths, _ = told(made)
            if len(paths) != 1:
                wrong.append((how, at, paths))
    assert wrong == []


def test_a_plain_key_in_a_database_is_found_wherever_it_is() -> None:
    """In its header, between its rows, in what is left of a page: the key is found, or the damage reported."""
    data = database("text")
    for at in range(0, len(data), 131 // examples(1)):
        for how, made in placed(data, at):
            paths, codes = told(made)
            assert len(set(paths)) == 1, (how, at, codes)
