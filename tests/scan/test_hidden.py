"""What hides behind and around containers, programs, pictures and text is looked into."""

from __future__ import annotations

import gzip
import lzma
import struct

import pytest

from fixtures.archives import ar_of, cpio_of, elf_of
from fixtures.builders import tar
from fixtures.containers import database, zipped
from fixtures.keys import Keys
from fixtures.pictures import GIF, JPEG, PNG, macho_of, windows_of
from fixtures.zips import Zipped, deflate, zip_of
from imgscan.scan.inside.tailwatch import KEPT
from tests.scan.support import Looked, digest, look

KEY = Keys("hidden").secret99()
TEXT = b"A=1\nKEY=" + KEY.encode() + b"\n"
GZIP = gzip.compress(TEXT, mtime=0)
ZIP = zipped({"x/y": TEXT})
PLAIN = zip_of([(b"a", b"b" * 50), (b"c", b"d")])


def table(name: bytes) -> bytes:
    """Make an ar archive with a table in which something else is."""
    head = b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name, 0, 0, 0, 0, len(GZIP))
    return b"!<arch>\n" + head + GZIP + b"\n" * (len(GZIP) % 2)


def padded(archive: bytes, padding: bytes) -> bytes:
    """Put bytes between the directory of a zip archive and its end."""
    at = archive.rindex(b"PK\5\6")
    return archive[:at] + padding + archive[at:]


def extra(kind: int) -> bytes:
    """Make an extra field that holds a compressed file, behind another field."""
    return struct.pack("<HHI", 1234, 4, 0) + struct.pack("<HH", kind, len(GZIP)) + GZIP


def second_stream() -> bytes:
    """Make a zip archive with a member that has a second deflate stream behind its own."""
    both, first = deflate(b"first") + deflate(TEXT), deflate(b"first")
    made = bytearray(zip_of([Zipped(b"m", b"first", stored=len(both))], directory=True))
    at = made.index(first) + len(first)
    made[at:at] = both[len(first) :]
    end = made.rindex(b"PK\5\6")
    offset = struct.unpack_from("<L", made, end + 16)[0]
    struct.pack_into("<L", made, end + 16, offset + len(both) - len(first))
    return bytes(made)


def commented() -> bytes:
    """Make a zip archive with a compressed file as a member's comment."""
    made = bytearray(PLAIN)
    entry = made.index(b"PK\1\2")
    struct.pack_into("<H", made, entry + 32, len(GZIP))
    behind = entry + 46 + 1
    made[behind:behind] = GZIP
    end = made.rindex(b"PK\5\6")
    struct.pack_into("<L", made, end + 12, struct.unpack_from("<L", made, end + 12)[0] + len(GZIP))
    return bytes(made)


UNNAMED = {
    "gzip behind a zip": PLAIN + GZIP,
    "gzip in a zip's comment": zip_of([(b"a", b"b")], comment=GZIP),
    "gzip in a member's comment": commented(),
    "gzip between a zip's member and its directory": zip_of([(b"a", b"b" * 50)], between=GZIP),
    "gzip between a zip's directory and end": padded(PLAIN, GZIP),
    "gzip behind a program for Windows": windows_of() + GZIP,
    "gzip behind a signed program": windows_of(signature=b"s" * 64) + GZIP,
    "gzip behind a program for macOS": macho_of() + GZIP,
    "gzip behind a program": elf_of() + GZIP,
    "gzip behind a picture": PNG + GZIP,
    "gzip behind a photo": JPEG + GZIP,
    "gzip behind an animation": GIF + GZIP,
    "gzip in the table of symbols": table(b"/"),
    "gzip in the table of names": table(b"//"),
    "gzip behind a database": database("x") + GZIP,
    "gzip in the last line of a script": b"#!/bin/sh\nexit 0 " + GZIP,
    "lzma behind a script": b"#!/bin/sh\nexit 0\n" + lzma.compress(TEXT, lzma.FORMAT_ALONE),
}
NAMED = {
    "zip behind text": (b"a line of text\n" * 9 + ZIP, "!/x/y"),
    "zip with a comment behind text": (b"text\n" * 9 + zip_of([(b"x/y", TEXT)], comment=b"c" * 9000), "!/x/y"),
    "zip behind a large text": (b"a line of text\n" * (KEPT // 30) + ZIP, "!/x/y"),
    "zip behind anything": (bytes(range(128, 256)) * 9 + ZIP, "!/x/y"),
    "zip behind a picture": (PNG + ZIP, "!/x/y"),
    "zip behind a photo": (JPEG + ZIP, "!/x/y"),
    "zip behind an animation": (GIF + ZIP, "!/x/y"),
    "zip behind a program for macOS": (macho_of() + ZIP, "!/x/y"),
    "zip behind text behind a program": (elf_of() + b"some text, and more of it" + ZIP, "!/x/y"),
    "tar behind a script": (b"#!/bin/sh\nexit 0\n" + tar([("x/y", TEXT)]), "!/x/y"),
    "cpio behind a script": (b"#!/bin/sh\nexit 0\n" + cpio_of([(b"x/y", TEXT)]), "!/x/y"),
    "a second stream in a member": (second_stream(), "!/m"),
    "zip with padding in front of its end": (padded(ZIP, b"padding" * 9), "!/x/y"),
}
HIDDEN = {**{name: (data, "") for name, data in UNNAMED.items()}, **NAMED}


def held(data: bytes) -> Looked:
    """Scan a layer that holds one file, between others."""
    return look(tar([("a", b"1"), ("file", data), ("z", b"2")]))


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_hidden_is_found(name: str) -> None:
    """A key in compressed content that no unpacker shows, or that a file carries behind its end, is found once."""
    data, path = HIDDEN[name]
    scan = held(data)
    assert [(hit.path, hit.secret.sha256) for hit in scan.hits] == [("file" + path, digest(KEY))]
    assert scan.lacks == []


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_hidden_in_a_compressed_file_is_found(name: str) -> None:
    """The same where the file came out of another container."""
    data, path = HIDDEN[name]
    scan = held(gzip.compress(data, mtime=0))
    assert [(hit.path, hit.secret.sha256) for hit in scan.hits] == [("file" + path, digest(KEY))]
    assert scan.lacks == []


def test_a_field_of_both_headers_is_found_in_each() -> None:
    """An extra field that the local header and the directory have is at two places."""
    scan = held(zip_of([Zipped(b"a", b"b", extra=extra(0x4242))]))
    assert [hit.path for hit in scan.hits] == ["file", "file"]


@pytest.mark.parametrize("data", [ar_of([(b"a", b"bb")]) + GZIP, cpio_of([(b"a", b"bb")]) + b"text" * 9 + ZIP])
def test_what_follows_an_archive_is_reported_and_read(data: bytes) -> None:
    """Bytes that end an archive early, and which unpackers complain of."""
    scan = held(data)
    assert {hit.secret.sha256 for hit in scan.hits} == {digest(KEY)}
    assert scan.lacks


def test_a_zip_behind_a_large_file_is_reported() -> None:
    """Of a file that begins like no container, no more than some megabytes are kept until its end is seen."""
    scan = held(b"a line of text\n" * (KEPT // 15 + 1) + ZIP)
    assert (scan.hits, [(lack.code, lack.path) for lack in scan.lacks]) == ([], [("size-limit", "file")])


def test_a_large_file_that_ends_like_any_other_is_not_reported() -> None:
    """Nothing is said of text, of noise, and of something that only resembles an archive's end."""
    for end in (b"", b"PK\5\6", b"PK\5\6" + bytes(18), bytes(100)):
        assert held(b"a line of text\n" * (KEPT // 15 + 1) + end).lacks == []


def test_a_stored_member_is_found_once_wherever_its_archive_lies() -> None:
    """A plain key in a zip behind something else is in the file's own bytes too: the member's finding is kept."""
    stored = zip_of([Zipped(b"x/y", TEXT, 0)])
    for prefix in (b"text " * 9, PNG, JPEG, GIF, macho_of(), windows_of(), elf_of(), elf_of() + b"text " * 9):
        assert [hit.path for hit in held(prefix + stored).hits] == ["file!/x/y"], prefix[:8]


def test_a_plain_key_behind_something_keeps_its_place() -> None:
    """It is a finding in the file, by its offset there, also where it is in a container's comment."""
    data = PNG + zip_of([(b"a", b"b")], comment=TEXT)
    [hit] = held(data).hits
    assert (hit.path, hit.offset) == ("file", data.index(KEY.encode()))
    data = elf_of() + zip_of([(b"a", b"b")], comment=TEXT)
    assert [(hit.path, hit.offset) for hit in held(data).hits] == [("file", data.index(KEY.encode()))]


def test_a_plain_key_in_the_header_of_a_tar_behind_a_picture_is_found_once() -> None:
    """What a tar stores beside its members replaces the picture's own bytes there too."""
    name = "k=" + KEY
    [hit] = held(PNG + tar([(name, b"text")])).hits
    assert (hit.path, hit.secret.sha256) == ("file!/" + name.replace(KEY, hit.secret.redacted), digest(KEY))
