"""The tar walker on well-formed archives: what each dialect means."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.streams.tar import Kind, TarWalker, looks_like_tar, normalise, normalise_all
from tests.effort import examples
from tests.streams.tar_archives import (
    END,
    GNU,
    USTAR,
    V7,
    content,
    file,
    header,
    long,
    old_sparse,
    pad,
    pax,
    seek,
    text_sparse,
    walk,
)


def test_a_member_is_told_by_its_positions() -> None:
    """A member's header, data and end are positions in the stream."""
    (member,) = walk(file(b"a", b"hello") + END).members
    assert (member.header, member.start, member.end, member.size) == (0, 512, 517, 5)
    assert (member.name, member.kind, member.link, member.records) == (b"a", Kind.FILE, b"", None)


def test_an_archive_ends_with_two_zero_blocks() -> None:
    """Two zero blocks are a whole end, without any padding to a record."""
    walked = walk(file(b"a") + END)
    assert walked.ended
    assert walked.problems == []


def test_the_archive_without_members_is_whole() -> None:
    """1,024 zero bytes, the empty layer, hold no members and no problem."""
    walked = walk(END)
    assert walked.members == []
    assert walked.problems == []
    assert walked.ended


def test_each_type_flag_has_a_kind() -> None:
    """Each type flag has one kind; what is unknown is OTHER."""
    table: list[tuple[bytes, Kind]] = [
        (b"0", Kind.FILE),
        (b"\0", Kind.FILE),
        (b"7", Kind.FILE),
        (b"M", Kind.FILE),
        (b"1", Kind.LINK),
        (b"2", Kind.SYMLINK),
        (b"3", Kind.OTHER),
        (b"4", Kind.OTHER),
        (b"5", Kind.DIRECTORY),
        (b"6", Kind.OTHER),
        (b"D", Kind.DIRECTORY),
        (b"V", Kind.OTHER),
        (b"A", Kind.OTHER),
        (b"\xff", Kind.OTHER),
    ]
    for flag, kind in table:
        walked = walk(header(b"a", flag, link=b"t" if flag in b"12" else b"") + END)
        assert [member.kind for member in walked.members] == [kind], (flag, kind)
        assert walked.problems == [], (flag, kind)


@pytest.mark.parametrize("flag", [b"2", b"3", b"4", b"5", b"6"])
def test_types_without_data_ignore_their_size(flag: bytes) -> None:
    """Symbolic links, devices, directories and fifos have no data, whatever size is stated."""
    walked = walk(header(b"a", flag, size=700) + file(b"b") + END)
    assert walked.names == [b"a", b"b"]
    assert walked.members[0].size == 0
    assert walked.members[0].end == walked.members[0].start


@pytest.mark.parametrize("flag", [b"D", b"V", b"M", b"Z", b"A"])
def test_other_types_have_data(flag: bytes) -> None:
    """Dump directories, volume headers and unknown types have the data that their size states."""
    walked = walk(header(b"a", flag, size=5) + pad(b"hello") + file(b"b") + END)
    assert walked.names == [b"a", b"b"]
    assert walked.members[0].end - walked.members[0].start == 5


def test_a_v7_directory_is_a_file_with_a_slash() -> None:
    """A member of type NUL whose name ends in a slash is a directory and has no data."""
    walked = walk(header(b"d/", b"\0", size=5, magic=V7) + file(b"b", magic=V7) + END)
    assert [member.kind for member in walked.members] == [Kind.DIRECTORY, Kind.FILE]
    assert walked.members[0].size == 0


def test_a_posix_file_with_a_slash_stays_a_file() -> None:
    """A member of type 0 whose name ends in a slash keeps its data."""
    walked = walk(file(b"d/", b"hello") + file(b"b") + END)
    assert [member.kind for member in walked.members] == [Kind.FILE, Kind.FILE]


def test_a_full_name_field_has_no_nul() -> None:
    """A name of exactly 100 bytes fills its field."""
    assert walk(file(b"n" * 100) + END).names == [b"n" * 100]


def test_a_name_field_ends_at_its_first_nul() -> None:
    """What is in the name field behind a NUL is not part of the name."""
    assert walk(file(b"name\0left over") + END).names == [b"name"]


def test_a_ustar_prefix_comes_before_the_name() -> None:
    """A POSIX header's prefix field is the beginning of the name."""
    walked = walk(header(b"name", fields={345: b"p" * 155}) + END)
    assert walked.names == [b"p" * 155 + b"/name"]
    assert not walked.members[0].long_name


def test_a_star_prefix_is_shorter() -> None:
    """In a star header times follow a prefix of 131 bytes, and are not part of the name."""
    fields = {345: b"p" * 131, 476: b"00000000001 00000000002 ", 508: b"tar\0"}
    assert walk(header(b"name", fields=fields) + END).names == [b"p" * 131 + b"/name"]


def test_a_gnu_header_has_no_prefix() -> None:
    """In the old GNU format times are where POSIX has the prefix: they are not part of the name."""
    walked = walk(header(b"name", magic=GNU, fields={345: b"14000000000\x0014000000000\0"}) + END)
    assert walked.names == [b"name"]


def test_a_long_name_replaces_the_header_s() -> None:
    """A GNU L header names the member after it, and belongs to it."""
    walked = walk(file(b"first") + long(b"l" * 300) + file(b"l" * 100, magic=GNU) + END)
    member = walked.members[1]
    assert (member.name, member.header, member.start) == (b"l" * 300, 512, 2048)
    assert member.long_name


def test_a_long_link_replaces_the_header_s() -> None:
    """A GNU K header gives the target of the link after it."""
    walked = walk(long(b"t" * 300, b"K") + header(b"s", b"2", link=b"t" * 100, magic=GNU) + END)
    assert walked.members[0].link == b"t" * 300
    assert not walked.members[0].long_name


def test_pax_path_and_linkpath_replace_the_header_s() -> None:
    """PAX records give name and target, and are handed out."""
    archive = pax((b"path", b"p\xff/\n"), (b"linkpath", b"l" * 200), (b"mtime", b"1.5")) + header(b"x", b"2")
    (member,) = walk(archive + END).members
    assert (member.name, member.link, member.long_name) == (b"p\xff/\n", b"l" * 200, True)
    assert member.records == {b"path": b"p\xff/\n", b"linkpath": b"l" * 200, b"mtime": b"1.5"}


def test_pax_size_replaces_the_header_s() -> None:
    """A PAX size is the member's size, whatever the header says."""
    walked = walk(pax((b"size", b"1000")) + header(b"a", size=1) + pad(bytes(1000)) + file(b"b") + END)
    assert walked.names == [b"a", b"b"]
    assert walked.members[0].size == 1000


def test_an_empty_pax_value_leaves_the_header_s() -> None:
    """A PAX record without a value says nothing, also about a global one's."""
    archive = pax((b"comment", b"c"), flag=b"g") + pax((b"path", b""), (b"comment", b"")) + file(b"a") + END
    (member,) = walk(archive).members
    assert (member.name, member.records, member.long_name) == (b"a", None, False)


def test_a_solaris_header_is_a_pax_header() -> None:
    """Type X means the same as type x."""
    assert walk(pax((b"path", b"p"), flag=b"X") + file(b"a") + END).names == [b"p"]


def test_a_gnu_long_name_wins_over_a_pax_path() -> None:
    """In either order L wins over path, as in Go, which unpacks container layers."""
    path, name = pax((b"path", b"from pax")), long(b"from L")
    assert walk(path + name + file(b"a") + END).names == [b"from L"]
    assert walk(name + path + file(b"a") + END).names == [b"from L"]


def test_the_last_of_several_extension_headers_counts() -> None:
    """A second L or x header replaces the first, as in GNU tar and Go."""
    assert walk(long(b"one") + long(b"two") + file(b"a") + END).names == [b"two"]
    assert walk(pax((b"path", b"one")) + pax((b"mtime", b"1")) + file(b"a") + END).names == [b"a"]


def test_global_records_reach_each_member() -> None:
    """Global PAX records are under each later member's own ones."""
    archive = (
        pax((b"comment", b"one"), (b"k", b"v"), flag=b"g")
        + file(b"a")
        + pax((b"comment", b"own"))
        + file(b"b")
        + pax((b"comment", b"two"), flag=b"g")
        + header(b"c", b"5")
    )
    first, second, third = walk(archive + END).members
    assert first.records == {b"comment": b"one", b"k": b"v"}
    assert second.records == {b"comment": b"own", b"k": b"v"}
    assert third.records == {b"comment": b"two", b"k": b"v"}


def test_global_records_steer_neither_name_nor_size() -> None:
    """A global path or size is not taken for every member's."""
    archive = pax((b"path", b"p"), (b"size", b"9999"), flag=b"g") + file(b"a", b"x") + file(b"b") + END
    assert walk(archive).names == [b"a", b"b"]


def test_a_header_between_an_extension_and_its_member_may_be_global() -> None:
    """A global header does not use up the long name before it."""
    assert walk(long(b"l") + pax((b"k", b"v"), flag=b"g") + file(b"a") + END).names == [b"l"]


def test_numbers_may_be_base_256() -> None:
    """A size over 8 GiB is stored in base-256, and nothing of it has to be fed."""
    size = 10 << 30
    walker = TarWalker()
    field = b"\x80" + size.to_bytes(11, "big")
    (member,) = walker.feed(header(b"a", fields={124: field}))
    assert member.size == size
    walker.skip(size)
    assert [m.name for m in walker.feed(file(b"b") + END)] == [b"b"]
    walker.finish()
    assert walker.problems == []


@pytest.mark.parametrize("field", [b"     000012 ", b"12\0 \0 \0     ", b"\x00\x000000012\0  ", b"000000000012"])
def test_numbers_may_be_written_in_many_ways(field: bytes) -> None:
    """Blanks and NULs may precede and after the digits, or not at all."""
    walked = walk(header(b"a", fields={124: field}) + pad(bytes(10)) + file(b"b") + END)
    assert [member.size for member in walked.members] == [10, 0]


@pytest.mark.parametrize("form", [b"%06o\0 ", b"%7o\0", b"%o  ", b"%07o\0", b" %o\0\0"])
def test_checksums_may_be_written_in_many_ways(form: bytes) -> None:
    """The checksum's digits may have blanks and NULs around them."""
    block = bytearray(file(b"a"))
    block[148:156] = b" " * 8
    block[148:156] = (form % sum(block)).ljust(8, b"\0")
    assert walk(bytes(block) + END).problems == []


def test_a_checksum_of_signed_bytes_is_accepted() -> None:
    """Old writers summed signed characters."""
    block = bytearray(header(b"caf\xe9"))
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(byte - 256 if byte > 127 else byte for byte in block)
    assert walk(bytes(block) + END).names == [b"caf\xe9"]


def test_a_hard_link_with_a_size_may_have_no_data() -> None:
    """Writers that state a linked file's size, without its data, are understood by the header that follows."""
    walked = walk(header(b"h", b"1", size=700, link=b"a") + file(b"b") + END)
    assert walked.names == [b"h", b"b"]
    assert (walked.members[0].size, walked.members[0].link) == (0, b"a")
    assert walk(header(b"h", b"1", size=700, link=b"a") + END).names == [b"h"]


def test_a_hard_link_with_a_size_may_have_data() -> None:
    """A pax hard link may carry the file's data: what follows is then not a header."""
    walked = walk(header(b"h", b"1", size=700, link=b"a") + pad(b"y" * 700) + file(b"b") + END)
    assert walked.names == [b"h", b"b"]
    assert (walked.members[0].kind, walked.members[0].size) == (Kind.LINK, 700)


def test_a_gnu_hard_link_has_no_data() -> None:
    """Only POSIX archives can have data behind a hard link."""
    walked = walk(header(b"h", b"1", size=700, link=b"a", magic=GNU) + file(b"b") + END)
    assert walked.names == [b"h", b"b"]


def test_a_lone_zero_block_is_passed_over() -> None:
    """One zero block among members is not an end."""
    walked = walk(file(b"a") + bytes(512) + file(b"b") + END)
    assert walked.names == [b"a", b"b"]
    assert walked.problems == []


@pytest.mark.parametrize("padding", [0, 512, 7680, 200_192, 1 << 20])
def test_archives_may_follow_one_another(padding: int) -> None:
    """Behind an end marker and any run of zero blocks the members of another archive continue."""
    first = pax((b"k", b"v"), flag=b"g") + file(b"a", b"x") + END
    walked = walk(first + bytes(padding) + file(b"b", b"y") + END)
    assert walked.names == [b"a", b"b"]
    assert walked.members[1].records is None
    assert walked.problems == []


PIECES = [(at * 8192, bytes([65 + at % 26]) * 512) for at in range(1, 60)]


def expand(pieces: list[tuple[int, bytes]], size: int) -> bytes:
    """Fill the holes between these pieces."""
    data = bytearray(size)
    for offset, piece in pieces:
        data[offset : offset + len(piece)] = piece
    return bytes(data)


def test_an_old_gnu_sparse_file_keeps_its_map_in_headers() -> None:
    """Type S: a map in the header, and as many extension blocks before the data as it needs."""
    for count in [0, 1, 4, 5, 25, 26, 59]:
        archive = old_sparse(b"s", PIECES[:count], 500_000) + file(b"b") + END
        walked = walk(archive)
        assert walked.names == [b"s", b"b"], count
        assert walked.problems == [], count
        assert (walked.members[0].kind, walked.members[0].size) == (Kind.FILE, 500_000), count
        assert content(archive, walked.members[0]) == expand(PIECES[:count], 500_000), count


@pytest.mark.parametrize("count", [0, 1, 30, 59])
def test_a_pax_sparse_file_may_keep_its_map_in_its_data(count: int) -> None:
    """Format 1.0: the map is at the head of the data, which begin behind it."""
    numbers = [count] + [number for offset, data in PIECES[:count] for number in (offset, len(data))]
    stored = b"".join(data for _, data in PIECES[:count])
    archive = text_sparse(b"s" * 200, numbers, stored, 500_000) + file(b"b") + END
    walked = walk(archive)
    assert walked.names == [b"s" * 200, b"b"]
    assert walked.problems == []
    assert walked.members[0].long_name
    assert content(archive, walked.members[0]) == expand(PIECES[:count], 500_000)


@pytest.mark.parametrize("version", ["0.0", "0.1"])
def test_a_pax_sparse_file_may_keep_its_map_in_its_records(version: str) -> None:
    """Format 0.0 repeats two records for each piece, format 0.1 joins them in one; both are one here."""
    pairs = [(b"%d" % offset, b"%d" % len(data)) for offset, data in PIECES]
    joined = b",".join(number for pair in pairs for number in pair)
    keys = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")
    records = [item for pair in pairs for item in zip(keys, pair, strict=True)]
    if version == "0.1":
        records = [(b"GNU.sparse.map", joined), (b"GNU.sparse.name", b"s")]
    stored = b"".join(data for _, data in PIECES)
    archive = pax((b"GNU.sparse.size", b"500000"), *records) + header(b"s", size=len(stored)) + pad(stored)
    walked = walk(archive + file(b"b") + END)
    assert walked.names == [b"s", b"b"]
    assert walked.problems == []
    assert (walked.members[0].records or {})[b"GNU.sparse.map"] == joined
    assert content(archive, walked.members[0]) == expand(PIECES, 500_000)


def test_pieces_that_touch_are_one_fragment() -> None:
    """Neighbours in the file are joined, empty pieces dropped."""
    pieces = [(0, b"a" * 512), (512, b"b" * 512), (4096, b""), (8192, b"c" * 100)]
    (member,) = walk(old_sparse(b"s", pieces, 9000) + END).members
    assert member.fragments == ((512, 1536, 0), (1536, 1636, 8192))
    assert (member.start, member.end) == (512, 1636)


def test_an_unknown_sparse_version_is_an_ordinary_file() -> None:
    """Records that announce a sparse format nobody knows leave the data as they are."""
    archive = pax((b"GNU.sparse.major", b"2"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"n"))
    (member,) = walk(archive + file(b"a", b"data") + END).members
    assert (member.name, member.fragments, member.size) == (b"a", None, 4)


def test_headers_alone_are_enough() -> None:
    """An indexer that skips to each wanted byte sees the members that a reader of everything sees."""
    archive = (
        file(b"a", b"x" * 100_000)
        + long(b"l" * 300)
        + file(b"b", b"y" * 5000)
        + old_sparse(b"s", PIECES, 500_000)
        + END
        + file(b"c", b"z")
        + END
    )
    assert seek(archive) == walk(archive)


def test_what_the_walker_wants_cannot_be_skipped() -> None:
    """Skipping a header, or backwards, is an error of the caller."""
    walker = TarWalker()
    with pytest.raises(ValueError, match="has to see"):
        walker.skip(1)
    with pytest.raises(ValueError, match="has to see"):
        walker.skip(-1)


@pytest.mark.parametrize("magic", [USTAR, GNU, V7])
def test_an_archive_is_known_by_its_first_header(magic: bytes) -> None:
    """A block with a valid checksum begins an archive of any dialect."""
    assert looks_like_tar(file(b"a", b"x", magic=magic))


def test_an_empty_archive_is_known_by_its_zeros() -> None:
    """1,024 zero bytes are the archive without members; 512 are not."""
    assert looks_like_tar(END)
    assert not looks_like_tar(bytes(512))
    assert not looks_like_tar(bytes(512) + b"x" * 512)


@pytest.mark.parametrize("head", [b"", b"x" * 511, b"x" * 512, file(b"a")[:511], b"\x1f\x8b" + bytes(600)])
def test_other_content_is_not_taken_for_an_archive(head: bytes) -> None:
    """A head without a valid checksum, or too short for a header, is not an archive."""
    assert not looks_like_tar(head)


def test_names_are_spelled_one_way() -> None:
    """Dots and slashes that change nothing go; `..` stays."""
    table: list[tuple[bytes, bytes]] = [
        (b"a/b", b"a/b"),
        (b"./a/b", b"a/b"),
        (b"/a/b", b"a/b"),
        (b"//.//a/b", b"a/b"),
        (b"././a", b"a"),
        (b"a/b/", b"a/b"),
        (b"a/b//", b"a/b"),
        (b"a//b", b"a/b"),
        (b"a/./b", b"a/b"),
        (b"a/././b/.", b"a/b"),
        (b"../a", b"../a"),
        (b"a/../b", b"a/../b"),
        (b"a/..", b"a/.."),
        (b"a./b", b"a./b"),
        (b"a.", b"a."),
        (b".a", b".a"),
        (b"...", b"..."),
        (b"..", b".."),
        (b".", b""),
        (b"./", b""),
        (b"/", b""),
        (b"", b""),
        (b"a\0b\xff", b"a\0b\xff"),
    ]
    for name, path in table:
        assert normalise(name) == path, (name, path)
        assert normalise(path) == path, (name, path)


@given(st.lists(st.text("a./\0").map(str.encode), max_size=6))
@settings(max_examples=examples(100))
def test_names_are_spelled_alike_one_by_one_and_together(names: list[bytes]) -> None:
    """Several names at once become what each becomes alone."""
    assert normalise_all(names) == [normalise(name) for name in names]
