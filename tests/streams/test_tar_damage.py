"""The tar walker on broken and hostile archives: nothing ends quietly, nothing raises, nothing grows."""

from __future__ import annotations

import tracemalloc

import pytest

from imgscan.streams.tar import (
    GLOBAL_LIMIT,
    MEMBER_LIMIT,
    NEVER,
    PAYLOAD_LIMIT,
    PROBLEM_LIMIT,
    Kind,
    TarWalker,
)
from imgscan.streams.tar_header import decimal, padded
from imgscan.streams.tar_sparse import PIECES_LIMIT
from tests.streams.tar_archives import (
    END,
    GNU,
    file,
    header,
    long,
    old_sparse,
    pad,
    pax,
    raw_pax,
    record,
    seek,
    text_sparse,
    walk,
)

SMALL = (
    pax((b"comment", b"c"), flag=b"g")
    + header(b"d/", b"5")
    + long(b"l" * 120)
    + file(b"l" * 100, b"hello", magic=GNU)
    + pax((b"path", b"p" * 120))
    + file(b"p", b"x" * 600)
    + header(b"h", b"1", link=b"p")
    + old_sparse(b"s", [(at * 1024, b"s" * 512) for at in range(6)], 9000)
    + text_sparse(b"t", [2, 0, 3, 1024, 5], b"tttttttt", 2000)
    + END
)


def test_a_stream_of_nothing_has_no_end() -> None:
    """An empty stream is not an empty archive."""
    walked = walk(b"")
    assert walked.codes == ["tar-no-end"]
    assert not walked.ended
    assert walked.lost_at is None


@pytest.mark.parametrize("end", [b"", bytes(512), bytes(100), bytes(1023)])
def test_a_missing_end_has_a_code_of_its_own(end: bytes) -> None:
    """An archive that stops behind a member, without a whole end marker, may be pardoned by who knows its digest."""
    walked = walk(file(b"a", b"x") + end)
    assert walked.names == [b"a"]
    assert walked.codes == ["tar-no-end"]


def test_missing_padding_is_a_missing_end() -> None:
    """A member whose data are whole is not cut if only its padding is missing."""
    assert walk(file(b"a", b"hello")[:520]).codes == ["tar-no-end"]


def test_a_cut_member_is_a_problem() -> None:
    """An archive that stops inside a member's data says so, with the number of missing bytes."""
    walked = walk(file(b"a", b"x" * 700)[:600])
    assert walked.names == [b"a"]
    assert walked.codes == ["tar-cut-member"]
    assert "612 bytes" in walked.problems[0].message


@pytest.mark.parametrize("archive", [file(b"a")[:300], long(b"n")[:700], long(b"n"), pax((b"k", b"v"))[:600]])
def test_a_cut_header_is_a_problem(archive: bytes) -> None:
    """An archive that stops inside a header, or between an extension header and its member, says so."""
    assert walk(file(b"first") + archive).codes == ["tar-cut-header"]


def test_no_cut_is_quiet() -> None:
    """Wherever an archive is cut, a problem says so, or nothing is missing but a part of the end marker."""
    whole = walk(SMALL)
    assert whole.problems == []
    for cut in range(len(SMALL)):
        walked = walk(SMALL[:cut])
        assert walked.codes in (["tar-no-end"], ["tar-cut-member"], ["tar-cut-header"])
        assert walked.members == whole.members[: len(walked.members)]
        if walked.codes == ["tar-no-end"]:
            assert not any(SMALL[cut : padded(cut)])


def test_no_flipped_header_bit_is_quiet() -> None:
    """A changed bit in any header block is a problem, or changes nothing that a member is."""
    whole = walk(SMALL)
    blocks = [m.start - 512 for m in whole.members[:-2]] + [m.header for m in whole.members]
    for block in blocks:
        for at in range(block, block + 512):
            damaged = bytearray(SMALL)
            damaged[at] ^= (1, 0x20, 0x80)[at % 3]
            walked = walk(bytes(damaged))
            assert walked.problems or walked == whole, at


def test_no_flipped_payload_bit_raises() -> None:
    """A changed bit in names, records and maps, which have no checksum, never raises."""
    for at in range(len(SMALL)):
        damaged = bytearray(SMALL)
        damaged[at] ^= 0x10
        walk(bytes(damaged))


def test_after_a_damaged_header_nothing_is_guessed() -> None:
    """A header whose checksum does not hold ends the walk: where the next one stands is not known."""
    walked = walk(file(b"a", b"x") + b"junk" * 128 + file(b"b") + END)
    assert walked.names == [b"a"]
    assert walked.codes == ["tar-damaged-header"]
    assert walked.lost_at == 1024
    assert not walked.ended


@pytest.mark.parametrize("field", [b"999999\0 ", bytes(8), b" " * 8, b"-01234\0 ", b"\x80\0\0\0\0\0\x10\0"])
def test_a_checksum_that_is_no_number_does_not_hold(field: bytes) -> None:
    """A checksum field without octal digits is a damaged header."""
    block = bytearray(file(b"a"))
    block[148:156] = field
    assert walk(bytes(block) + END).codes == ["tar-damaged-header"]


def test_a_lost_walker_wants_nothing() -> None:
    """After a damaged header the rest may be skipped, and finishing adds no second problem."""
    walker = TarWalker()
    walker.feed(b"x" * 512)
    assert walker.wanted == NEVER
    walker.skip(1 << 50)
    assert walker.feed(file(b"b")) == []
    walker.finish()
    assert [problem.code for problem in walker.problems] == ["tar-damaged-header"]


def test_finishing_twice_is_finishing_once() -> None:
    """A second call of finish adds nothing."""
    walker = TarWalker()
    walker.finish()
    walker.finish()
    assert len(walker.problems) == 1


def test_an_engine_s_error_in_the_stream_is_a_problem() -> None:
    """A JSON document where a header should be, which a failing engine writes, does not end a scan quietly."""
    error = b'{"message":"blob not found"}'
    assert walk(file(b"a", b"x") + error).codes == ["tar-cut-header"]
    assert walk(file(b"a", b"x") + END + error).codes == ["tar-trailing-data"]


@pytest.mark.parametrize("junk", [b"x", b"x" * 512, b"junk" * 10_000, bytes(511) + b"x", bytes(5000) + b"x" * 600])
def test_data_behind_the_end_is_one_problem(junk: bytes) -> None:
    """Whatever is not zero and not an archive behind the end is reported once; the members stay."""
    walked = walk(file(b"a") + END + junk)
    assert walked.names == [b"a"]
    assert walked.codes == ["tar-trailing-data"]
    assert walked.ended
    assert walked.lost_at is None


def test_a_second_archive_may_be_cut() -> None:
    """An end marker is no excuse for the archive that follows it."""
    walked = walk(file(b"a") + END + file(b"b", b"x" * 600)[:700])
    assert walked.names == [b"a", b"b"]
    assert walked.codes == ["tar-cut-member"]
    assert not walked.ended


def test_zeros_behind_the_end_cost_no_walk() -> None:
    """A gigabyte of padding is skipped by comparing runs, not blocks."""
    walker = TarWalker()
    walker.feed(file(b"a") + END)
    zeros = memoryview(bytes(1 << 24))
    steps = 0
    state = walker._state

    def count(*_: object) -> int:
        nonlocal steps
        steps += 1
        return NEVER

    walker._state = count
    for _ in range(64):
        walker.feed(zeros)
    walker._state = state
    walker.finish()
    assert steps == 0
    assert walker.problems == []
    assert walker.offset == 1536 + (1 << 30)


NEGATIVE = b"\xff" * 12
ENORMOUS = b"\x80" + b"\xff" * 11
NO_NUMBERS = [
    NEGATIVE,
    ENORMOUS,
    b"0000000009z\0",
    b"-0000000001\0",
    b"0000_000001\0",
    b"0o000000001\0",
    b"00000000008\0",
]


def test_a_size_that_is_no_size_ends_the_walk() -> None:
    """Negative and unreadable sizes, and those beyond a file's, end the walk with a problem."""
    for field in NO_NUMBERS:
        walked = walk(header(b"a", fields={124: field}) + file(b"b") + END)
        assert walked.members == [], field
        assert walked.codes == ["tar-bad-size"], field
        assert walked.lost_at is not None, field


def test_a_pax_size_that_is_no_size_ends_the_walk() -> None:
    """So does a PAX size, without computing 200,000 digits."""
    table: list[bytes] = [b"-1", b"1.5", b"1e3", b"9" * 200_000, b"%d" % 2**63, b"\xb2", b"1_0", b" 1"]
    for value in table:
        walked = walk(pax((b"size", value)) + file(b"a") + END)
        assert walked.members == [], value
        assert walked.codes == ["tar-bad-size"], value


def test_long_numbers_are_not_computed() -> None:
    """A number of more than 20 digits is none, even if it is a small one."""
    assert decimal(b"0" * 19 + b"5") == 5
    assert decimal(b"0" * 20 + b"5") is None


@pytest.mark.parametrize("size", [1 << 40, 2**63 - 1])
def test_a_size_that_lies_is_a_cut_member(size: int) -> None:
    """A size that the archive cannot hold is found at its end, and allocates nothing."""
    field = b"\x80" + size.to_bytes(11, "big")
    archive = header(b"a", fields={124: field}) + file(b"b") + END
    walked = walk(archive)
    assert walked.names == [b"a"]
    assert walked.members[0].size == size
    assert walked.codes == ["tar-cut-member"]
    assert seek(archive) == walked


def test_two_thousand_chained_headers_are_one_member() -> None:
    """Extension headers are read in a loop: any number of them may precede a member."""
    chain = b"".join(long(b"%d" % at) + pax((b"path", b"%d" % at)) for at in range(1000))
    walked = walk(chain + file(b"a") + END)
    assert walked.names == [b"999"]
    assert walked.members[0].header == 0
    assert walked.problems == []


@pytest.mark.parametrize("flag", [b"L", b"K", b"x", b"X", b"g"])
def test_an_extension_over_the_limit_ends_the_walk(flag: bytes) -> None:
    """A payload of more than 1 MiB is refused before a byte of it is kept."""
    walker = TarWalker()
    walker.feed(header(b"e", flag, size=PAYLOAD_LIMIT + 1))
    assert [problem.code for problem in walker.problems] == ["tar-header-too-large"]
    assert walker.lost
    assert walker.wanted == NEVER


def test_an_extension_of_the_limit_is_read() -> None:
    """A payload of exactly 1 MiB is a name."""
    name = b"n" * (PAYLOAD_LIMIT - 1)
    assert walk(long(name) + file(b"a") + END, [1 << 16]).names == [name]


def test_extensions_of_one_member_have_a_limit_together() -> None:
    """Payloads before one member may be 4 MiB together, however many they are."""
    piece = long(b"n" * 1023)
    count = MEMBER_LIMIT // 1024
    assert walk(piece * count + file(b"a") + END).problems == []
    walked = walk(piece * (count + 1) + file(b"a") + END)
    assert walked.codes == ["tar-header-too-large"]
    assert walked.members == []


def test_global_records_over_the_limit_are_not_kept() -> None:
    """Global records beyond 16 KiB are reported and dropped; the walk continues."""
    walked = walk(pax((b"k", b"v" * GLOBAL_LIMIT), flag=b"g") + file(b"a") + END)
    assert walked.codes == ["tar-header-too-large"]
    assert walked.names == [b"a"]
    assert walked.members[0].records is None
    assert walked.lost_at is None


def test_a_malformed_record_is_a_problem() -> None:
    """Records up to a malformed one count; the member after them is reported."""
    table: list[bytes] = [
        b"junk",
        b"5 k=v\n",
        b"7 k=v\n",
        b"0 k=v\n",
        b"-6 k=v\n",
        b"6 k=vv",
        b"6 kvvv\n",
        b"5 =v\n",
        b"9" * 1000 + b" k=v\n",
        b"99999999 k=v\n",
        record(b"GNU.sparse.offset", b"0") * 2,
        record(b"GNU.sparse.numbytes", b"0"),
    ]
    for payload in table:
        walked = walk(raw_pax(record(b"path", b"p") + payload) + file(b"a") + END)
        assert walked.names == [b"p"], payload
        assert walked.codes == ["tar-bad-record"], payload


def test_an_extension_before_the_end_is_a_problem() -> None:
    """An extension header that no member follows says that something is missing."""
    walked = walk(file(b"a") + long(b"n") + END)
    assert walked.codes == ["tar-stray-extension"]
    assert walked.ended


def test_an_empty_extension_says_nothing() -> None:
    """Extension headers without a payload leave the member as it is."""
    empty = header(b"e", b"L", magic=GNU) + header(b"e", b"x") + header(b"e", b"g")
    walked = walk(empty + file(b"a") + END)
    assert walked.names == [b"a"]
    assert walked.problems == []


def sparse_pax(text: bytes, data: bytes, size: bytes = b"1000") -> bytes:
    """Build a member of PAX sparse format 0.1."""
    return pax((b"GNU.sparse.map", text), (b"GNU.sparse.size", size)) + file(b"s", data)


def old_sparse_fields(**fields: bytes) -> bytes:
    """Build an old GNU sparse member of 512 bytes with a header of any content."""
    offsets = {"offset": 386, "length": 398, "size": 483, "magic": 257}
    parts = {386: b"00000000000\0" * 2, 398: b"00000001000\0", 483: b"00000001000\0"}
    parts |= {offsets[key]: value for key, value in fields.items()}
    return header(b"s", b"S", size=512, magic=GNU, fields=parts) + b"d" * 512


BROKEN_SPARSE = {
    "not numbers": sparse_pax(b"x,y", b"data"),
    "odd count": sparse_pax(b"0,4,8", b"data"),
    "negative": sparse_pax(b"-4,4", b"data"),
    "backwards": sparse_pax(b"100,2,0,2", b"data"),
    "overlapping": sparse_pax(b"0,4,2,4", b"datadata"),
    "outside the file": sparse_pax(b"998,4", b"data"),
    "more than stored": sparse_pax(b"0,5", b"data"),
    "less than stored": sparse_pax(b"0,3", b"data"),
    "no size": sparse_pax(b"0,4", b"data", b""),
    "enormous size": sparse_pax(b"0,4", b"data", b"%d" % 2**63),
    "long number": sparse_pax(b"0," + b"4" * 200_000, b"data"),
    "too many pieces": sparse_pax(b"0," * (2 * PIECES_LIMIT) + b"0,4", b"data"),
    "text not a count": text_sparse(b"s", ["x"], b"data", 1000),
    "text negative count": text_sparse(b"s", [-1], b"data", 1000),
    "text without lines": text_sparse(b"s", ["1" * 600], b"data", 1000),
    "text count too large": text_sparse(b"s", [10**15], b"data", 1000),
    "text not numbers": text_sparse(b"s", [1, "x", 4], b"data", 1000),
    "text map over the data": text_sparse(b"s", [1, 0, 4], b"", 1000),
    "text map longer than the data": text_sparse(b"s", [1000, 0, 4], b"", 1000),
    "old backwards": old_sparse(b"s", [(1024, b"x" * 512), (0, b"y" * 512)], 9000),
    "old not numbers": old_sparse_fields(length=b"0000000000x\0"),
    "old negative": old_sparse_fields(offset=NEGATIVE),
    "old no size": old_sparse_fields(size=b"zzzzzzzzzzzz"),
    "old negative size": old_sparse_fields(size=NEGATIVE),
    "old enormous size": old_sparse_fields(size=ENORMOUS),
}


def test_a_broken_sparse_map_leaves_the_stored_data() -> None:
    """A map that does not fit is a problem; the member's stored bytes are then reported as one piece."""
    for archive in BROKEN_SPARSE.values():
        walked = walk(archive + file(b"b") + END)
        assert walked.names == [b"s", b"b"], archive
        assert walked.codes == ["tar-bad-sparse"], archive
        member = walked.members[0]
        assert member.fragments is None, archive
        assert member.size == member.end - member.start, archive
        assert walk(archive + file(b"b") + END, [1]) == walked, archive


def test_a_broken_block_does_not_hide_the_map_s_length() -> None:
    """An unreadable extension block of a sparse header still says whether another one follows."""
    archive = bytearray(old_sparse(b"s", [(at * 1024, b"x" * 512) for at in range(50)], 99_999))
    archive[520] = ord("z")
    walked = walk(bytes(archive) + file(b"b") + END)
    assert walked.names == [b"s", b"b"]
    assert walked.codes == ["tar-bad-sparse"]
    assert walked.members[0].start == 4 * 512


def test_a_sparse_type_of_another_format_ends_the_walk() -> None:
    """Without the GNU magic nobody knows whether a map is between a type S header and its data."""
    walked = walk(old_sparse_fields(magic=b"ustar\x0000") + END)
    assert walked.codes == ["tar-bad-sparse"]
    assert walked.lost_at is not None


def test_a_sparse_map_has_a_limit() -> None:
    """Extension blocks without end, and a 1.0 map that never comes to an end, are refused at 4 MiB."""
    endless = old_sparse(b"s", [(at, b"") for at in range(26)], 99)[:1024]
    walked = walk(endless + endless[512:] * (MEMBER_LIMIT // 512 + 1) + END)
    assert walked.codes == ["tar-header-too-large"]
    zeros = text_sparse(b"s", [PIECES_LIMIT] + ["0" * 30] * 300_000, b"", 99)
    assert walk(zeros + END).codes == ["tar-header-too-large"]


def test_a_hole_is_not_expanded() -> None:
    """A sparse file of 8 EiB costs nothing."""
    piece = (b"%d,4" % (2**63 - 5), b"%d" % (2**63 - 1))
    walked = walk(sparse_pax(piece[0], b"data", piece[1]) + END)
    assert walked.problems == []
    assert walked.members[0].fragments == ((1536, 1540, 2**63 - 5),)


def test_problems_are_counted_only_so_far() -> None:
    """An archive of broken members does not fill memory with problems; all members are still reported."""
    walked = walk((raw_pax(b"junk") + file(b"a")) * 1000 + END)
    assert len(walked.problems) == PROBLEM_LIMIT
    assert len(walked.members) == 1000


def test_a_walker_keeps_nothing_of_what_it_has_passed() -> None:
    """After 64 MiB of data, names and records a walker holds less than 3 MiB."""
    walker = TarWalker()
    piece = memoryview(long(b"n" * 500_000) + pax((b"k", b"v" * 500_000)) + file(b"a", bytes(1 << 20)))
    tracemalloc.start()
    try:
        for _ in range(32):
            for at in range(0, len(piece), 4096):
                walker.feed(piece[at : at + 4096])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert walker.members == 32
    assert peak < 3 << 20


def test_names_are_handed_out_as_they_are() -> None:
    """Escapes, newlines, dots and NULs in names are the caller's to see."""
    name = b"../\x1b[31m::error::\n\xff\xfe"
    assert walk(file(name) + END).names == [name]
    assert walk(pax((b"path", name + b"\0x")) + file(b"a") + END).names == [name + b"\0x"]


def test_a_message_holds_nothing_of_the_stream() -> None:
    """Problems name no content: their messages are sentences with numbers at most."""
    archives = [*BROKEN_SPARSE.values(), raw_pax(b"sentinel") + file(b"sentinel") + END, file(b"sentinel", b"x")[:513]]
    for archive in archives:
        for problem in walk(archive).problems:
            assert "sentinel" not in problem.message
            assert problem.message.endswith(".")
            assert problem.code.startswith("tar-")


def test_pushing_bytes_one_by_one_changes_nothing() -> None:
    """Whole, damaged or cut: the same members and problems come out byte by byte."""
    for archive in (SMALL, SMALL[:5000], SMALL[:600] + b"x" + SMALL[601:], SMALL + b"tail", SMALL + SMALL):
        assert walk(archive, [1]) == walk(archive)


def test_a_type_only_decides_the_kind_once_read() -> None:
    """A link's header is complete when the block that decides about its data is in, not before."""
    walker = TarWalker()
    assert walker.feed(header(b"h", b"1", size=5, link=b"a")) == []
    assert [member.kind for member in walker.feed(pad(b"hello"))] == [Kind.LINK]
