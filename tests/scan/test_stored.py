"""The law that what a reader passes over is searched as it is stored: tar archives and compressed streams."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.builders import Image, Layer, docker_modern
from fixtures.keys import Keys
from imgscan.image.membernames import Room
from imgscan.scan.image import images
from imgscan.streams import deflate
from tests.effort import examples
from tests.scan.stored import (
    FILES,
    STREAMS,
    TARS,
    TEXT,
    as_file,
    doors,
    gzip_of,
    in_layer,
    planted,
    tarfile_reads,
    zstd_of,
)
from tests.scan.support import digest, scan
from tests.scan.trees import scan_tree
from tests.streams.tar_archives import END, GNU, file, header, long, pad, pax
from tests.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.scan.support import Seen

KEY = Keys("stored bytes").secret24().encode()
OTHER = Keys("other stored bytes").secret24().encode()
TAR = file(b"a", TEXT) + END


def fields(hits: list[Seen], key: bytes = KEY) -> list[tuple[str, str | None]]:
    """Return path and field of each hit; there must be no other key."""
    assert {hit.secret.sha256 for hit in hits} <= {digest(key)}
    return [(hit.path, hit.field) for hit in hits]


# tar


@pytest.mark.parametrize("name", TARS)
def test_a_key_anywhere_in_a_tar_is_found_once(name: str) -> None:
    """Wherever a key is in a header, a member or a gap so that tarfile still reads the archive, it is one finding."""
    archive = TARS[name]
    assert tarfile_reads(archive)
    tried = 0
    for at in range(0, len(archive) - len(KEY), 13):
        altered = planted(archive, at, KEY)
        if altered is None or not tarfile_reads(altered):
            continue
        tried += 1
        hits, codes = in_layer(altered)
        assert len(fields(hits)) == 1 or (codes and not hits), (at, codes)
    assert tried > len(archive) // 80


@given(name=st.sampled_from(sorted(TARS)), data=st.data())
@settings(max_examples=examples(60), deadline=None)
def test_a_key_in_a_tar_is_found_at_every_door(name: str, data: st.DataObject) -> None:
    """The same at any offset, and in a tar that is a file of a layer, or of an archive in one."""
    archive = TARS[name]
    at = data.draw(st.integers(0, len(archive) - len(KEY) - 1))
    altered = planted(archive, at, KEY)
    if altered is None or not tarfile_reads(altered):
        return
    for door, look_into in doors():
        hits, codes = look_into(altered)
        assert len(fields(hits)) == 1 or (codes and not hits), door


HEADERS: list[tuple[str, bytes, bytes, str]] = [
    ("owner", header(b"a", fields={265: KEY}), b"a", "tar/uname"),
    ("group", header(b"a", fields={265: b"root", 297: KEY}), b"a", "tar/gname"),
    ("behind a name", header(b"a\0" + KEY), b"a", "tar/name"),
    ("a file's link", header(b"a", b"0", link=KEY), b"a", "tar/link"),
    ("times of GNU", header(b"a", magic=GNU, fields={345: KEY}), b"a", "tar/header"),
    ("end of GNU", header(b"a", magic=GNU, fields={512 - len(KEY): KEY}), b"a", "tar/header"),
    ("unused prefix", header(b"a", fields={346: KEY}), b"a", "tar/header"),
    ("across a prefix", header(b"a", fields={478: KEY}), b"a", "tar/header"),
    ("devices of a file", header(b"a", fields={297: b"g", 310: KEY}), b"a", "tar/gname"),
    ("behind a long name", long(b"long\0" + KEY) + header(b"long", magic=GNU), b"long", "tar/name"),
    ("behind a long link", long(b"t\0" + KEY, b"K") + header(b"s", b"2", magic=GNU), b"s", "tar/link"),
    ("an overridden record", pax((b"x", KEY), (b"x", b"x")) + file(b"a"), b"a", "tar/pax/x"),
    ("an overridden header", pax((b"x", KEY)) + pax((b"mtime", b"1")) + file(b"a"), b"a", "tar/pax/x"),
    ("an overridden global", pax((b"x.y", KEY), flag=b"g") + pax((b"x.y", b"z")) + file(b"a"), b"a", "tar/pax/x.y"),
    ("a link of no link", pax((b"linkpath", KEY)) + file(b"a"), b"a", "tar/pax/linkpath"),
    ("behind records", pax((b"x", b"y"))[:900] + KEY + bytes(1024 - 900 - len(KEY)) + file(b"a"), b"a", "tar/padding"),
    ("an extension's owner", header(b"x", b"x", fields={265: KEY}) + file(b"a"), b"a", "tar/uname"),
    ("behind data", file(b"a", b"data")[:-100] + KEY + bytes(100 - len(KEY)), b"a", "tar/padding"),
    ("a dump's header", header(b"a/", b"D", size=9, magic=GNU, fields={297: KEY}) + pad(b"x" * 9), b"a", "tar/gname"),
    ("owner and group", header(b"a", fields={270: KEY}), b"a", "tar/header"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HEADERS)))
def test_each_part_of_a_header_has_a_name(number: int) -> None:
    """A key in a header has the member's path, and a field that says which part of the header holds it."""
    what, archive, name, field = HEADERS[number]
    expected = [(name.decode(), field)]
    whole = file(b"before", TEXT) + archive + file(b"after", TEXT) + END
    hits, codes = in_layer(whole)
    assert (fields(hits), codes) == (expected, []), what
    hits, codes = as_file(whole)
    assert (fields(hits), codes) == ([("app/file!/" + path, field) for path, field in expected], []), what


def test_a_key_may_end_where_the_numbers_begin() -> None:
    """A name that fills its field is not joined with the mode that follows it."""
    name = b"d/" + b"x" * (97 - len(KEY)) + b"/" + KEY
    archive = header(name) + END
    for hits, _ in (in_layer(archive), as_file(archive)):
        assert [field for _, field in fields(hits)] == ["tar/name"]


def test_a_shortened_copy_of_a_name_is_not_another_key() -> None:
    """Writers put the beginning of a long name into the header's own field, where it may cut a key short."""
    name = b"d/" + b"x" * 66 + b"/" + Keys("a long one").secret99().encode()
    archive = long(name) + header(name[:100], magic=GNU) + END
    key = name.rpartition(b"/")[2]
    assert [field for _, field in fields(in_layer(archive)[0], key)] == ["tar/name"]
    assert [field for _, field in fields(as_file(archive)[0], key)] == ["tar/name"]


def test_two_keys_of_one_header_are_two_findings() -> None:
    """Each key is reported, in the field that holds it."""
    archive = header(b"a", fields={265: KEY, 297: OTHER}) + END
    for hits, _ in (in_layer(archive), as_file(archive)):
        assert [(hit.secret.sha256, hit.field) for hit in hits] == [
            (digest(KEY), "tar/uname"),
            (digest(OTHER), "tar/gname"),
        ]


@pytest.mark.parametrize("flag", [b"D", b"Z", b"1", b"V", b"7", b"A"])
def test_data_of_any_type_may_be_a_container(flag: bytes) -> None:
    """A hard link with data, a dump directory and members of unknown types are looked into, as files are."""
    stored = gzip_of(b"KEY=" + KEY)
    archive = header(b"m", flag, size=len(stored)) + pad(stored) + file(b"z", TEXT) + END
    assert fields(in_layer(archive)[0]) == [("m", None)]
    assert fields(as_file(archive)[0]) == [("app/file!/m", None)]


def test_a_tar_may_begin_like_a_document() -> None:
    """A tar whose first name begins with a brace is looked into, as a layer and as a file."""
    stored = gzip_of(b"KEY=" + KEY)
    archive = header(b"{a", size=len(stored)) + pad(stored) + END
    assert fields(in_layer(archive)[0]) == [("{a", None)]
    assert fields(as_file(archive)[0]) == [("app/file!/{a", None)]


def _blank_number(value: int, width: int) -> bytes:
    """Write a number as plexus-archiver 1 did: blanks, octal digits, a blank, a NUL."""
    return b"%*s" % (width - 2, b"%o" % value) + b" \0"


def _plexus(name: bytes, data: bytes) -> bytes:
    """Build a member as plexus-archiver 1 wrote it, and its ancestor in Ant."""
    block = bytearray(header(name, size=len(data)))
    for at, value in ((100, 0o100644), (108, 0), (116, 0), (329, 0), (337, 0)):
        block[at : at + 8] = _blank_number(value, 8)
    block[124:136] = _blank_number(len(data), 13)[:12]
    block[136:148] = _blank_number(1_700_000_000, 13)[:12]
    block[148:156] = b" " * 8
    block[148:156] = b"%6s\0 " % (b"%o" % sum(block))
    return bytes(block) + pad(data)


@pytest.mark.parametrize("zeros", [512, 1024])
@pytest.mark.parametrize("stale", [0, 512])
def test_what_fills_up_the_last_record_is_no_damage(zeros: int, stale: int) -> None:
    """Old plexus-archivers end with one or two zero blocks, and leave an earlier record's bytes behind them."""
    members = b"".join(_plexus(b"f%d" % at, b"KEY=" + KEY if at == 14 else b"x" * 700) for at in range(16))
    archive = members + bytes(zeros)
    archive += archive[10240 + stale :][: -len(archive) % 10240]
    assert len(archive) == 30720
    assert tarfile_reads(archive)
    for door, look_into in doors():
        hits, codes = look_into(archive)
        assert [hit.path.rpartition("!/")[2] for hit in hits] == ["f14"], door
        assert set(codes) <= {"tar-no-end"}, door


def test_a_key_in_what_fills_up_the_last_record_is_found() -> None:
    """The bytes behind an archive's end are searched as they are, across blocks."""
    archive = file(b"a", TEXT) + bytes(1024) + b"x" * 500 + b" " + KEY + b" "
    archive += b"y" * (10240 - len(archive))
    hits, codes = in_layer(archive)
    assert (fields(hits), codes) == ([("blob", "tar/trailer")], [])


# compressed streams


@pytest.mark.parametrize("accelerated", [True, False])
@pytest.mark.parametrize("where", FILES)
def test_what_a_decoder_passes_over_is_searched(where: str, accelerated: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key beside or behind a compressed stream is one finding, in a file, in a file's archive, and in a layer."""
    if not accelerated:
        monkeypatch.setattr(deflate, "gzip_codec", zlib)
    field, make = FILES[where]
    for door, look_into in doors():
        content = TAR if door == "layer" else TEXT
        if door == "layer" and where not in STREAMS:
            continue
        path = {"layer": "blob", "file": "app/file", "nested": "app/file!/inner"}[door]
        hits, codes = look_into(make(content, KEY))
        assert fields(hits) == [(path, field)], door
        told = "damaged-stream" if field == "zstd/trailer" else "trailing-data"
        assert set(codes) == ({told} if field.endswith("trailer") else set())


@pytest.mark.parametrize("where", ["gzip's comment", "behind bzip2", "in a zstd frame behind"])
def test_a_named_file_is_searched_the_same(where: str, tmp_path: Path) -> None:
    """`imgscan fs` finds it too."""
    field, make = FILES[where]
    (tmp_path / "f").write_bytes(make(TEXT, KEY))
    [finding] = scan_tree(tmp_path).findings
    assert (finding.secret.sha256, finding.location.path, finding.location.field) == (digest(KEY), "f", field)


BEHIND: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstd_of,
    "gzip after garbage": lambda data: b"garbage" + gzip_of(data),
    "zstd after much garbage": lambda data: b"garbage " * 100_000 + zstd_of(data),
    "gzip after zeros and garbage": lambda data: bytes(5000) + b"x" + gzip_of(data),
}


@pytest.mark.parametrize("what", BEHIND)
def test_a_second_stream_is_looked_into(what: str) -> None:
    """A tar in another compression, or behind bytes that are none, follows a compressed tar: its members are read."""
    stored = gzip_of(TAR) + BEHIND[what](file(b"b", b"KEY=" + KEY) + END)
    hits, codes = in_layer(stored)
    assert (fields(hits), codes) == ([("blob!/b", None)], ["trailing-data"])
    hits, _ = as_file(stored)
    assert fields(hits) == [("app/file!/b", None)]


def test_what_only_looks_like_a_stream_hides_nothing() -> None:
    """Bytes behind a layer that begin like a compressed stream and are none are searched to their end."""
    stored = gzip_of(TAR) + b"x" + gzip_of(b"")[:10] + b"\xff" * 100 + b" " + KEY
    hits, codes = in_layer(stored)
    assert (fields(hits), codes[0]) == ([("blob", None)], "trailing-data")


@given(where=st.sampled_from(sorted(STREAMS)), cut=st.integers(1, 40), content=st.binary(max_size=2000))
@settings(max_examples=examples(30), deadline=None)
def test_no_read_size_hides_a_stored_key(where: str, cut: int, content: bytes) -> None:
    """However the stored bytes arrive, what is beside the content is found, and the content is unchanged."""
    field, make = STREAMS[where]
    stored = make(file(b"a", content) + END, KEY)
    size = cut if len(stored) < 10_000 else 4096 + cut
    hits, _ = in_layer(Trickle(stored, size))
    assert fields(hits) == [("blob", field)]


# names


def test_a_life_that_cannot_be_known_is_null_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the names of an image's layers do not fit, findings have no visibility, and a diagnostic says so."""
    monkeypatch.setattr(images, "Room", lambda: Room(1000))
    archive = docker_modern(Image([Layer(file(b"a", b"KEY=" + KEY) + END), Layer(file(b".wh.a") + END)]))
    [report] = scan(archive)
    [finding] = report.findings
    assert (finding.location.path, finding.visibility) == ("a", None)
    assert [(each.severity, each.code) for each in report.diagnostics] == [("skipped", "names-limit")]
