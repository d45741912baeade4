"""Zip archives: by their directory, by local headers, and those that lie."""

from __future__ import annotations

import io
import mmap
import subprocess
import tempfile
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.zips import Zipped, deflate, zip_of
from imgscan.containers.zip import container as zips
from imgscan.containers.zip.container import ZIP
from tests import tools
from tests.containers.reading import given_up, read, read_file
from tests.fuzz.law import bounded

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.archives import Pairs

TEXT = b"a line that compresses, a line that compresses\n" * 20
PAIRS: Pairs = [(b"one.txt", TEXT), (b"dir/two.txt", b"two"), (b"empty", b""), (b"three", bytes(range(256)) * 8)]
METHODS = (0, 8, 12, 14, 93, 95)


def contents(data: bytes) -> Pairs:
    """Return names and contents of an archive that is whole."""
    reading = read_file(ZIP, data)
    assert reading.whole, reading
    return [(name or b"", content) for name, content in reading.members]


@pytest.mark.parametrize("method", METHODS)
def test_members_of_each_method_are_read(method: int) -> None:
    """Stored, deflated, bzip2, lzma, zstd and xz members give their content."""
    assert contents(zip_of([Zipped(name, data, method) for name, data in PAIRS])) == PAIRS


@pytest.mark.parametrize("method", METHODS)
def test_members_of_each_method_are_read_without_a_directory(method: int) -> None:
    """The same members are found by their local headers alone, and the lack of a directory is an error."""
    reading = read_file(ZIP, zip_of([Zipped(name, data, method) for name, data in PAIRS], directory=False))
    assert reading.members == PAIRS
    assert [(unread.severity, unread.code) for unread in reading.unread] == [("error", "damaged-container")]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_zipfile_writes_is_read(method: int) -> None:
    """Archives of the standard library, written to a stream (descriptors) or to a file, are read."""
    for seekable in (True, False):
        held = io.BytesIO()
        held.seekable = lambda seekable=seekable: seekable  # type: ignore[method-assign, misc]
        with zipfile.ZipFile(held, "w", method) as archive:
            for name, data in PAIRS:
                archive.writestr(name.decode(), data)
        assert contents(held.getvalue()) == PAIRS


def test_what_stands_around_the_archive_does_no_harm() -> None:
    """A prefix, a comment that looks like an end record, a zip64 end record: the members are the same."""
    table: list[dict[str, Any]] = [{}, {"zip64": True}, {"prefix": b"#!/bin/sh\n" * 9}, {"comment": b"PK\5\6" * 9}]
    for options in table:
        for shifted in [False, True]:
            archive = zip_of(PAIRS, shifted=shifted, **options)
            assert contents(archive) == PAIRS, (options, shifted)
            assert zips.has_directory(archive), (options, shifted)


def test_sizes_behind_the_data_are_found() -> None:
    """Members with a data descriptor are read with and without a directory, stored ones too."""
    for zip64 in [False, True]:
        for method in [0, 8]:
            for directory in [False, True]:
                members = [Zipped(name, data, method, descriptor=True, zip64=zip64) for name, data in PAIRS]
                assert read_file(ZIP, zip_of(members, directory=directory)).members == PAIRS, (zip64, method, directory)


def test_a_stored_archive_behind_an_unknown_size_is_one_member() -> None:
    """The headers inside a stored archive are not taken for the outer one's when only a descriptor tells its size."""
    inner = zip_of(PAIRS)
    archive = zip_of([Zipped(b"inner.zip", inner, 0, descriptor=True), (b"last", TEXT)], directory=False)
    assert read_file(ZIP, archive).members == [(b"inner.zip", inner), (b"last", TEXT)]


def test_zip64_members_are_read() -> None:
    """Sizes and offsets in zip64 fields are used."""
    assert contents(zip_of([Zipped(name, data, zip64=True) for name, data in PAIRS], zip64=True)) == PAIRS


def test_a_member_that_the_directory_does_not_list_is_read() -> None:
    """A member deleted from the directory only is given after the others."""
    members = [Zipped(b"a", TEXT), Zipped(b"gone", b"still here", listed=False), Zipped(b"b", b"x")]
    assert contents(zip_of(members)) == [(b"a", TEXT), (b"b", b"x"), (b"gone", b"still here")]


def test_an_archive_in_front_of_an_archive_is_read() -> None:
    """Two archives written after each other: the members of both are given."""
    assert sorted(contents(zip_of([(b"old", TEXT)]) + zip_of([(b"new", b"x")]))) == [(b"new", b"x"), (b"old", TEXT)]


def test_folders_are_no_members() -> None:
    """An entry that ends in a slash and has no data is not given; one that has data is."""
    assert contents(zip_of([(b"dir/", b""), (b"odd/", TEXT)])) == [(b"odd/", TEXT)]


def test_extents_say_where_a_member_stands() -> None:
    """The extent reaches from the local header to the end of the data."""
    archive = zip_of([(b"a", TEXT), Zipped(b"b", TEXT, 0)], prefix=b"prefix")
    (first, second) = read_file(ZIP, archive).extents
    assert first is not None
    assert second is not None
    assert archive[first[0] :].startswith(b"PK\3\4")
    assert archive[second[0] : second[1]].endswith(TEXT)


@pytest.mark.parametrize("method", [0, 8])
def test_extents_hold_members_of_unknown_size(method: int) -> None:
    """A member whose size follows it lies within its extent, also where there is no directory."""
    archive = zip_of([Zipped(name, data, method, descriptor=True) for name, data in PAIRS], directory=False)
    reading = read_file(ZIP, archive)
    for (name, data), extent in zip(PAIRS, reading.extents, strict=True):
        assert extent is not None
        assert archive[extent[0] + 30 :].startswith(name)
        assert (data if method == 0 else deflate(data)) in archive[slice(*extent)]


@pytest.mark.parametrize("flags", [0, 1])
def test_what_was_not_read_is_no_larger_than_the_archive(flags: int) -> None:
    """The size of a skipped member is what can be there, not what is claimed."""
    archive = zip_of([Zipped(b"a", TEXT, 9, flags, stored=2**63, zip64=True)])
    (unread,) = read_file(ZIP, archive).unread
    assert unread.bytes is not None
    assert unread.bytes < len(archive)


@pytest.mark.parametrize("method", [0, 8, 9, 12])
def test_a_header_that_leads_out_of_the_archive_is_a_member_without_data(method: int) -> None:
    """A local header whose extra field would end behind the file: sizes and extents stay within it."""
    archive = bytearray(zip_of([Zipped(b"a", TEXT, method)]))
    archive[28:30] = b"\xff\xff"
    reading = read_file(ZIP, bytes(archive))
    assert all(extent is not None and extent[0] <= extent[1] <= len(archive) for extent in reading.extents)
    assert all(unread.bytes == 0 for unread in reading.unread)
    assert len(reading.codes) == 1


def test_encrypted_members_are_skipped() -> None:
    """An encrypted member is reported as skipped, by name, and the others are read."""
    reading = read_file(ZIP, zip_of([Zipped(b"secret", TEXT, flags=1), (b"open", TEXT)]))
    assert reading.members == [(b"open", TEXT)]
    (unread,) = reading.unread
    assert (unread.severity, unread.code, unread.path) == ("skipped", "encrypted", b"secret")
    assert unread.bytes == len(deflate(TEXT))


def test_a_member_that_only_the_directory_calls_encrypted_is_read() -> None:
    """Some Android packages set the flag in the directory to keep readers out; the local header tells."""
    archive = zip_of([Zipped(b"classes.dex", TEXT, flags=1, local=(0, 8, len(deflate(TEXT))))])
    assert contents(archive) == [(b"classes.dex", TEXT)]


def test_an_unknown_method_is_skipped_by_name() -> None:
    """A method that is not read is reported with the member's name and size."""
    reading = read_file(ZIP, zip_of([Zipped(b"old", TEXT, 9), Zipped(b"older", TEXT, 6), Zipped(b"new", TEXT, 77)]))
    assert [(unread.severity, unread.code, unread.path) for unread in reading.unread] == [
        ("skipped", "unsupported", b"old"),
        ("skipped", "unsupported", b"older"),
        ("skipped", "unsupported", b"new"),
    ]
    assert "deflate64" in reading.unread[0].message


def test_directory_and_header_that_differ_are_both_read() -> None:
    """Where the methods differ the data are read in both ways; the name is the directory's."""
    archive = zip_of([Zipped(b"shown", TEXT, 8, local=(0, 0, len(deflate(TEXT))), local_name=b"other")])
    reading = read_file(ZIP, archive)
    assert (b"shown", TEXT) in reading.members
    assert (b"shown", deflate(TEXT)) in reading.members


@pytest.mark.parametrize("method", [0, 50, 520])
def test_a_second_stream_is_read_whatever_method_the_directory_names(method: int) -> None:
    """Where the directory names another method than the header, what follows deflated data is looked at as deflated."""
    both = deflate(TEXT) + deflate(b"behind " + TEXT)
    archive = zip_of([Zipped(b"a", both, method, local=(0, 8, len(both)))])
    assert (b"a", b"behind " + TEXT) in read_file(ZIP, archive).members


@pytest.mark.parametrize("stored", [0, 1, 10, 10**6, 2**32 - 2])
def test_deflated_members_are_read_whatever_their_stated_size(stored: int) -> None:
    """Deflated data end by themselves: a stored size that lies costs no content."""
    assert read_file(ZIP, zip_of([Zipped(b"a", TEXT, stored=stored), (b"b", b"x")])).members[0] == (b"a", TEXT)


@pytest.mark.parametrize("size", [0, 1, 10**6, 2**32 - 2])
def test_a_plain_size_that_lies_costs_no_content(size: int) -> None:
    """The stated plain size is not needed."""
    assert read_file(ZIP, zip_of([Zipped(b"a", TEXT, size=size), (b"b", b"x")])).members[:2] == [
        (b"a", TEXT),
        (b"b", b"x"),
    ]


def test_a_wrong_sum_is_told_after_the_content() -> None:
    """The content of a member whose checksum does not hold is given, then the failure."""
    for method in (0, 8):
        reading = read_file(ZIP, zip_of([Zipped(b"a", TEXT, method, crc=1), (b"b", b"x")]))
        assert reading.members == [(b"a", TEXT), (b"b", b"x")]
        assert reading.codes == ["damaged-stream"]


def test_an_entry_that_points_nowhere_is_told() -> None:
    """An entry whose local header is not there is an error with its name; the member is found by its header."""
    archive = bytearray(zip_of([(b"a", TEXT), (b"b", b"x")]))
    at = archive.rindex(b"PK\1\2")
    archive[at + 42 : at + 46] = b"\xff\xff\xff\x7f"
    reading = read_file(ZIP, bytes(archive))
    assert reading.members == [(b"a", TEXT), (b"b", b"x")]
    assert [(unread.severity, unread.path) for unread in reading.unread] == [("error", b"b")]


def test_a_damaged_directory_entry_costs_no_member() -> None:
    """What follows a damaged entry of the directory is found by local headers."""
    archive = bytearray(zip_of(PAIRS))
    archive[archive.index(b"PK\1\2dir/"[:4], archive.index(b"PK\1\2") + 4)] ^= 1
    reading = read_file(ZIP, bytes(archive))
    assert sorted(reading.members) == sorted(PAIRS)
    assert reading.codes == ["damaged-container"]


def test_a_damaged_header_costs_no_member() -> None:
    """A local header without its magic is believed where the directory's name follows it."""
    archive = bytearray(zip_of(PAIRS))
    archive[0] ^= 1
    assert contents(bytes(archive)) == PAIRS


@pytest.mark.parametrize("name", [b"a\0b", b"../../etc/passwd", b"/etc/passwd", b"\xff\xfe", b"n" * 65535, b"", b"."])
def test_names_are_given_as_they_are(name: bytes) -> None:
    """No name is changed, whatever it is."""
    assert contents(zip_of([(name, TEXT), (name, b"x")])) == [(name, TEXT), (name, b"x")]


def test_a_stored_member_of_unknown_size_does_not_search_the_archive_again_and_again() -> None:
    """Ten thousand headers that promise descriptors, and none: calls stay in proportion to the bytes."""
    header = zip_of([Zipped(b"a", b"", 0, descriptor=True)], directory=False)[:31]
    calls = []
    for count in (1000, 4000):
        data = header * count
        with bounded(60 * len(data)) as counter:
            assert len(read_file(ZIP, data).members) == count
        calls.append(counter.used)
    assert calls[1] < 5 * calls[0]


def test_overlapping_members_end_at_a_bounded_amount_of_work() -> None:
    """A thousand entries for the same data are not read a thousand times, and the rest is reported."""
    data = bytes(10**6)
    entries = [Zipped(b"0", data), *(Zipped(b"%d" % number, data, over=0) for number in range(1, 1000))]
    archive = zip_of(entries)
    reading = read_file(ZIP, archive)
    assert len(reading.members) < 2 * len(archive) / len(deflate(data)) + 70
    assert [(unread.severity, unread.code) for unread in reading.unread] == [("skipped", "overlapping-members")]


def test_a_member_given_up_does_not_hide_the_next() -> None:
    """Members come whether or not those before were read."""
    large = bytes(3 << 20)
    archive = zip_of([Zipped(b"large", large, 0), Zipped(b"a", TEXT, 8), Zipped(b"b", large, 8, descriptor=True)])
    assert given_up(ZIP.members(archive)) == [b"large", b"a", b"b"]


def test_a_stored_archive_that_is_given_up_is_not_searched_for_members() -> None:
    """Headers inside a member are never the outer archive's."""
    inner = zip_of([Zipped(b"x", bytes(2 << 20), 0)])
    assert given_up(ZIP.members(zip_of([Zipped(b"inner.zip", inner, 0)]))) == [b"inner.zip"]


def test_any_buffer_is_read() -> None:
    """Bytes, a memoryview and a mapped file give the same."""
    archive = zip_of(PAIRS)
    with tempfile.TemporaryFile() as file:
        file.write(archive)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert read(ZIP.members(mapped)).members == PAIRS
    assert read(ZIP.members(memoryview(archive))).members == PAIRS


def test_an_empty_archive_is_recognised_and_has_no_members() -> None:
    """The end record alone is an archive."""
    assert ZIP.recognise(zip_of([]))
    assert contents(zip_of([])) == []


def test_a_folder_is_no_member_however_it_was_compressed() -> None:
    """Unless something is in it, whatever its size is said to be."""
    for method in [0, 8, 12, 14]:
        for descriptor in [False, True]:
            folder = Zipped(b"a/", b"", method, descriptor=descriptor)
            filled = Zipped(b"b/", b"hidden", method, size=0, descriptor=descriptor)
            assert contents(zip_of([folder, Zipped(b"a/b", b"c")])) == [(b"a/b", b"c")], (method, descriptor)
            assert (b"b/", b"hidden") in read(ZIP.members(zip_of([folder, filled]))).members, (method, descriptor)


@given(st.binary(max_size=200))
def test_an_end_without_a_record_is_no_archive(tail: bytes) -> None:
    """What does not end with the record that ends an archive is none, whatever it is."""
    if b"PK\5\6" not in tail:
        assert not zips.has_directory(tail)


def test_large_members_come_in_pieces() -> None:
    """A member of five megabytes is given in chunks of at most one (the reader asserts it)."""
    data = TEXT * 6000
    assert contents(zip_of([Zipped(b"stored", data, 0), Zipped(b"deflated", data, 8)])) == [
        (b"stored", data),
        (b"deflated", data),
    ]


NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=20)
"""The standard library itself fails on a name that begins with NUL."""


@given(
    st.lists(st.tuples(NAMES, st.binary(max_size=2000), st.sampled_from((0, 8, 12, 14)))),
    st.binary(max_size=50),
    st.booleans(),
)
def test_zipfile_reads_the_same(pairs: list[tuple[str, bytes, int]], comment: bytes, seekable: bool) -> None:
    """What the standard library reads of its own archives is what is given, name by name."""
    held = io.BytesIO()
    held.seekable = lambda: seekable  # type: ignore[method-assign]
    with warnings.catch_warnings(), zipfile.ZipFile(held, "w") as archive:
        warnings.simplefilter("ignore")  # names that come twice
        for name, data, method in pairs:
            archive.writestr(zipfile.ZipInfo(name), data, method)
        archive.comment = comment
    with zipfile.ZipFile(io.BytesIO(held.getvalue())) as archive:
        expected = [archive.read(info) for info in archive.infolist() if not info.is_dir() or info.file_size]
    assert [data for _, data in contents(held.getvalue())] == expected


@pytest.mark.parametrize("options", [{}, {"prefix": b"MZ" * 40}, {"zip64": True}])
def test_one_damaged_byte_costs_one_member_at_most(options: dict[str, bytes]) -> None:
    """Every byte changed in one of four ways: all other members are given, and none is said to overlap another."""
    archive = zip_of(PAIRS, **options)  # type: ignore[arg-type]
    for at in range(len(archive)):
        change = (1, 32, 64, 255)[(at + at // 4) % 4]
        damaged = bytearray(archive)
        damaged[at] ^= change
        reading = read_file(ZIP, bytes(damaged))
        lost = {content for _, content in PAIRS} - {content for _, content in reading.members}
        assert len(lost) <= 1, (at, change)
        assert "overlapping-members" not in reading.codes, (at, change)


@given(st.data())
def test_no_damaged_byte_stops_the_reader(data: st.DataObject) -> None:
    """Any byte changed: nothing is raised, and members that are untouched are still given."""
    archive = bytearray(zip_of(PAIRS))
    at = data.draw(st.integers(0, len(archive) - 1))
    archive[at] ^= data.draw(st.integers(1, 255))
    reading = read_file(ZIP, bytes(archive))
    found = {content for _, content in reading.members}
    assert len({content for _, content in PAIRS} - found) <= 1


@given(st.integers(0, len(zip_of(PAIRS))))
def test_no_cut_stops_the_reader(length: int) -> None:
    """Cut anywhere: members that are whole are given, and the cut is reported."""
    archive = zip_of(PAIRS)
    reading = read_file(ZIP, archive[:length])
    ends = [extent[1] for extent in read_file(ZIP, archive).extents if extent is not None]
    whole = [pair for pair, end in zip(PAIRS, ends, strict=True) if end <= length]
    assert reading.members[: len(whole)] == whole
    assert length == len(archive) or not reading.whole


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_prefix_of_any_bytes_adds_no_error(prefix: bytes, comment: bytes) -> None:
    """Whatever precedes an archive, its members are given."""
    assert read_file(ZIP, zip_of(PAIRS, prefix=prefix, comment=comment)).members == PAIRS


def test_what_zip_and_unzip_make_of_it_is_the_same(tmp_path: Path) -> None:
    """An archive by Info-ZIP, deflated and from a pipe, holds what `unzip -p` says."""
    tool, unzip = tools.find("zip"), tools.find("unzip")
    (tmp_path / "file.txt").write_bytes(TEXT)
    subprocess.run([tool, "-q", "a.zip", "file.txt"], cwd=tmp_path, check=True)
    piped = subprocess.run([tool, "-q", "-", "-"], input=TEXT, capture_output=True, cwd=tmp_path, check=True).stdout
    shown = subprocess.run([unzip, "-p", "a.zip"], cwd=tmp_path, capture_output=True, check=True).stdout
    assert contents((tmp_path / "a.zip").read_bytes()) == [(b"file.txt", shown)]
    assert contents(piped) == [(b"-", TEXT)]


@pytest.mark.parametrize("method", ["Copy", "Deflate", "BZip2", "LZMA"])
def test_what_7_zip_writes_is_read(tmp_path: Path, method: str) -> None:
    """7-Zip's zip archives are read, by each method that is known."""
    (tmp_path / "file.txt").write_bytes(TEXT)
    subprocess.run([tools.find("7zz"), "a", f"-mm={method}", "a.zip", "file.txt"], cwd=tmp_path, check=True, stdout=-3)
    assert contents((tmp_path / "a.zip").read_bytes()) == [(b"file.txt", TEXT)]


def test_encryption_by_real_tools_is_seen(tmp_path: Path) -> None:
    """7-Zip's AES and ZipCrypto members are skipped as encrypted."""
    (tmp_path / "file.txt").write_bytes(TEXT)
    for kind in ("ZipCrypto", "AES256"):
        command = [str(tools.find("7zz")), "a", "-pword", f"-mem={kind}", f"{kind}.zip", "file.txt"]
        subprocess.run(command, cwd=tmp_path, check=True, stdout=-3)
        reading = read_file(ZIP, (tmp_path / f"{kind}.zip").read_bytes())
        assert (reading.members, reading.codes) == ([], ["encrypted"])


@pytest.mark.parametrize("padding", [b"\0", bytes(100), b"padding" * 99])
@pytest.mark.parametrize("options", [{}, {"zip64": True}, {"prefix": b"prefix" * 9, "shifted": True}])
def test_padding_between_directory_and_end_is_no_damage(padding: bytes, options: dict[str, bytes]) -> None:
    """Info-ZIP and 7-Zip read such an archive."""
    archive = zip_of(PAIRS, **options)  # type: ignore[arg-type]
    at = archive.rindex(b"PK\6\7") - 56 if options.get("zip64") else archive.rindex(b"PK\5\6")
    reading = read_file(ZIP, archive[:at] + padding + archive[at:])
    assert (reading.members, reading.codes) == (PAIRS, [])


def test_what_is_around_the_members_is_given_as_it_is() -> None:
    """A prefix, what is between members, and what follows the archive."""
    some = b"bytes that nobody has listed, and no container"
    archive = zip_of([(b"a", TEXT), (b"b", TEXT)], prefix=some, between=some, comment=some)
    assert read_file(ZIP, archive).parts == [some] * 4
