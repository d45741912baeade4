"""Searching a stream: what is in files, between files and in headers, whatever windows it is cut into."""

from __future__ import annotations

import itertools
import random
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.builders import tar
from fixtures.keys import Keys
from imgscan.image.lifecycle import trail
from imgscan.scan.regions import JoinedFile
from imgscan.scan.search import JoinedSearch
from imgscan.streams.readers import StreamError
from imgscan.streams.stop import interruption
from tests.effort import examples
from tests.scan.support import (
    digest,
    found_in,
    joined_search,
    plain_concealer,
    search,
    search_pieces,
    short_sight,
)
from tests.streams.tar_archives import END, GNU, file, header, long, old_sparse, pad, pax, text_sparse

if TYPE_CHECKING:
    from imgscan.scan.hits import Concealer
    from tests.scan.support import Seen

KEYS = Keys("search")
KEY = KEYS.secret99().encode()
OTHER = KEYS.restricted().encode()
SHORT = KEYS.secret34().encode()


def places(data: bytes, **options: int) -> list[tuple[bytes, str | None, int | None, str]]:
    """Return member, field, offset and digest of each hit."""
    return [(hit.name, hit.field, hit.offset, hit.secret.sha256) for hit in search(data, **options)]  # type: ignore[arg-type]


# files


def test_a_key_is_found_anywhere_in_a_file() -> None:
    """A key at the start, in the middle and at the very end of a file has its offset in that file."""
    for before, after in itertools.product([b"", b"KEY=", b"\n" * 511, b" " * 4096], [b"", b"\n", b" " * 3000]):
        archive = tar([("first", b"x" * 700), ("etc/app.env", before + KEY + after), ("last", b"y")])
        assert places(archive) == [(b"etc/app.env", None, len(before), digest(KEY))]


def test_a_file_of_whole_blocks_may_end_in_a_key() -> None:
    """A file of 512 n bytes that ends in a key touches the next header, and its name does not continue with the key."""
    for blocks in (1, 2, 3):
        content = b" " * (512 * blocks - len(SHORT)) + SHORT
        archive = tar([("a", content), ("abcdefgh", b"x"), ("c", content)])
        offset = len(content) - len(SHORT)
        assert places(archive) == [(b"a", None, offset, digest(SHORT)), (b"c", None, offset, digest(SHORT))]


def test_two_halves_in_two_files_are_no_key() -> None:
    """What ends one file and what begins the next are never joined."""
    half = len(KEY) // 2
    first = b" " * (512 - half) + KEY[:half]
    data = file(b"a", first) + KEY[half:] + bytes(512 - len(KEY) + half) + END
    hits = search(data)
    assert [hit for hit in hits if hit.secret.sha256 == digest(KEY)] == []


def test_a_stream_that_is_no_tar_is_one_file() -> None:
    """A blob of another shape is searched as a file of its own name, with lines."""
    (hit,) = search(b"one\ntwo " + KEY + b"\n", tar=False, name=b"blob.txt")
    assert (hit.name, hit.member, hit.line, hit.column, hit.offset) == (b"blob.txt", -1, 2, 5, 8)


def test_names_are_normalised() -> None:
    """A member's path has no leading `./` or `/`."""
    for name in (b"./etc/key", b"/etc/key", b"etc//./key"):
        assert places(file(name, KEY) + END) == [(b"etc/key", None, 0, digest(KEY))]


def test_names_that_are_not_utf_8_are_spelled() -> None:
    """Bytes that are not UTF-8 are written as escapes, and kept beside."""
    (hit,) = search(file(b"etc/\xe9\xff", KEY) + END)
    assert (hit.path, hit.path_bytes) == ("etc/\\xe9\\xff", b"etc/\xe9\xff")


def test_equal_names_are_members_of_their_own() -> None:
    """A name that comes twice is two members, each with its hit."""
    hits = search(tar([("key", KEY), ("x", b""), ("key", KEY)]))
    assert [(hit.name, hit.member) for hit in hits] == [(b"key", 0), (b"key", 2)]


# headers


def test_what_headers_say_is_searched() -> None:
    """A key in a name, a link's target or a PAX record is found once, with the field and without an offset."""
    table = [
        (file(b"etc/" + SHORT), b"etc/" + SHORT, "tar/name"),
        (long(b"var/" + KEY + b"/" + b"d" * 90) + file(b"var"), b"var/" + KEY + b"/" + b"d" * 90, "tar/name"),
        (pax((b"path", b"p/" + KEY)) + file(b"p"), b"p/" + KEY, "tar/name"),
        (header(b"x/" + SHORT + b"/", b"5"), b"x/" + SHORT, "tar/name"),
        (header(b"a", b"2", link=b"/run/" + SHORT), b"a", "tar/link"),
        (header(b"a", b"1", link=b"run/" + SHORT), b"a", "tar/link"),
        (long(b"run/" + KEY, b"K") + header(b"a", b"2", magic=GNU), b"a", "tar/link"),
        (pax((b"linkpath", b"run/" + KEY)) + header(b"a", b"2"), b"a", "tar/link"),
        (pax((b"comment", b"built with " + KEY)) + file(b"a"), b"a", "tar/pax/comment"),
        (pax((b"SCHILY.xattr.user.note", KEY)) + file(b"a"), b"a", "tar/pax/SCHILY.xattr.user.note"),
    ]  # fmt: skip
    for (archive, name, field), window in itertools.product(table, (512, 1 << 20)):
        secret = SHORT if SHORT in archive else KEY
        for around in (b"", file(b"before", b"x" * 2000)):
            hits = search(around + archive + file(b"after", b"x" * 2000) + END, window=window)
            found = [(hit.trail, hit.field, hit.offset, hit.secret.sha256) for hit in hits]
            assert found == [(trail(name), field, None, digest(secret))]


@pytest.mark.parametrize("key", [b"comment", b"path"])
def test_global_records_are_searched(key: bytes) -> None:
    """A key in a record for the whole archive is found once, at the member that follows."""
    record = pax((key, b"p/" + KEY), flag=b"g")
    rest = file(b"a") + file(b"b") + END
    assert places(record + rest) == [(b"a", f"tar/pax/{key.decode()}", None, digest(KEY))]
    assert places(file(b"before") + record + rest) == [(b"a", f"tar/pax/{key.decode()}", None, digest(KEY))]
    assert places(record + END) == [(b"blob", "tar/trailer", None, digest(KEY))]


def test_a_record_name_may_be_a_key() -> None:
    """A PAX record's name is searched like its value, and is not shown."""
    (hit,) = search(pax((b"k." + KEY, b"v")) + file(b"a") + END)
    assert hit.secret.sha256 == digest(KEY)
    assert KEY.decode() not in (hit.field or "")


def test_a_name_that_is_repeated_in_records_is_one_hit() -> None:
    """The spellings of one name in several headers are one name."""
    archive = pax((b"path", b"p/" + KEY), (b"GNU.sparse.name", b"p/" + KEY)) + file(b"p/x")
    assert len(search(archive + END)) == 1


@pytest.mark.parametrize("chunk", [1000, 1 << 20])
def test_a_header_larger_than_the_look_ahead_is_searched(chunk: int) -> None:
    """A key at the start of PAX records that continue for 200 KiB is found, although its member comes much later."""
    archive = file(b"first", b"x") + pax((b"comment", KEY + b" " * 200_000)) + file(b"a") + END
    with short_sight() as by:
        hits = search(archive, window=512, chunk=chunk, by=by)
    assert [(hit.name, hit.field) for hit in hits] == [(b"a", "tar/pax/comment")]


# between files


def test_padding_is_searched() -> None:
    """A key behind a file's end, where a writer left what its buffer held, belongs to that file."""
    data = header(b"a", size=3) + b"abc" + b"\0" + KEY + bytes(508 - len(KEY)) + file(b"b", b"x") + END
    assert places(data) == [(b"a", "tar/padding", None, digest(KEY))]
    last = header(b"a", size=3) + b"abc" + b"\0" + KEY + bytes(508 - len(KEY)) + END
    assert places(last) == [(b"a", "tar/padding", None, digest(KEY))]


def test_what_stands_behind_the_end_is_searched() -> None:
    """A key behind the end marker is found, as part of the blob rather than of a file."""
    data = file(b"a", b"x") + END + bytes(512) + KEY + bytes(600)
    (hit,) = search(data)
    assert (hit.name, hit.field, hit.member) == (b"blob", "tar/trailer", -1)


def test_what_stands_behind_a_broken_header_is_searched() -> None:
    """After damage no member is known any more, and every byte is searched all the same."""
    data = file(b"a", b"x") + b"\xff" * 512 + file(b"b", KEY) + END
    (hit,) = search(data)
    assert (hit.name, hit.field) == (b"blob", "tar/trailer")


def test_a_member_that_was_cut_is_searched_to_its_end() -> None:
    """The bytes of a member that the archive no longer has take nothing from those that it has."""
    assert places(file(b"a", KEY + b" " * 5000)[:900]) == [(b"a", None, 0, digest(KEY))]


def test_another_archive_behind_the_end_is_searched_by_member() -> None:
    """Archives that were joined are one: members of the second have their names."""
    data = file(b"a", KEY) + END + bytes(512) + file(b"b", OTHER) + END
    assert [name for name, *_ in places(data)] == [b"a", b"b"]


# sparse files


@pytest.mark.parametrize(
    "archive",
    [
        old_sparse(b"s", [(1024, b"A" * 512), (90_000, b"= " + KEY + bytes(510 - len(KEY)))], 100_000),
        text_sparse(b"s", [2, 1024, 512, 90_000, 512], b"A" * 512 + b"= " + KEY + bytes(510 - len(KEY)), 100_000),
    ],
    ids=["gnu", "pax-1.0"],
)
def test_a_sparse_file_has_the_offsets_of_its_content(archive: bytes) -> None:
    """A key in a sparse file has the offset that it has in the unpacked file, and no line."""
    (hit,) = search(archive + file(b"after") + END)
    assert (hit.name, hit.offset, hit.line, hit.secret.sha256) == (b"s", 90_002, None, digest(KEY))


def test_pieces_of_a_sparse_file_are_not_joined() -> None:
    """Two pieces with a hole between them are beside each other in the stream only."""
    half = len(KEY) // 2
    pieces = [(0, b" " * (512 - half) + KEY[:half]), (4096, KEY[half:] + b" " * (512 - len(KEY) + half))]
    hits = search(old_sparse(b"s", pieces, 9000) + END)
    assert digest(KEY) not in [hit.secret.sha256 for hit in hits]


def test_a_sparse_file_of_many_pieces_takes_no_quadratic_time() -> None:
    """Of 20,000 pieces, each tenth has a key, which is found at its offset at once."""
    count = 20_000
    numbers: list[object] = [count]
    for number in range(count):
        numbers += [number * 1000, len(SHORT) + 1]
    piece = SHORT + b" "
    archive = text_sparse(b"s", numbers, (piece + bytes(9 * len(piece))) * (count // 10), count * 1000) + END
    assert [hit.offset for hit in search(archive)] == list(range(0, count * 1000, 10_000))


# joined files


def joined(
    files: list[bytes], *, window: int = 1 << 20, chunk: int = 1 << 20, by: Concealer | None = None
) -> list[tuple[object, Seen]]:
    """Search files that are put one after another, each with its number for a token."""
    stream = joined_search(by, window=window)
    for number, content in enumerate(files):
        stream.begin(JoinedFile(b"f%d" % number, token=number))
        for at in range(0, len(content), chunk):
            stream.feed(memoryview(content)[at : at + chunk])
    stream.finish()
    return [(file.token, hit) for file, hit in found_in(stream)]


def alone(files: list[bytes], by: Concealer | None = None) -> list[tuple[object, Seen]]:
    """Search each of the files by itself."""
    return [
        (number, hit)
        for number, content in enumerate(files)
        for hit in search(content, tar=False, name=b"f%d" % number, by=by)
    ]


@cache
def _alone(seed: int) -> list[tuple[object, Seen]]:
    with short_sight() as by:
        return alone(_files(seed), by)


def test_joined_files_keep_their_names_and_places() -> None:
    """A hit has the name, line, column and offset of its own file, whatever was fed before it."""
    found = joined([b"one\n" + KEY, b"", b"\n\n  " + OTHER + b"\n", b"x" * 5000, KEY])
    places = [(token, hit.name, hit.line, hit.column, hit.offset) for token, hit in found]
    assert places == [(0, b"f0", 2, 1, 4), (2, b"f2", 3, 3, 4), (4, b"f4", 1, 1, 0)]


def test_halves_in_two_joined_files_are_no_key() -> None:
    """What ends one file and what begins the next are never joined, nor does the one guard the other."""
    assert digest(KEY) not in [hit.secret.sha256 for _, hit in joined([KEY[:50], KEY[50:], b"x" * 99])]
    assert [token for token, _ in joined([b"A" + SHORT, SHORT, SHORT, b"A"])] == [1, 2]


def test_a_file_without_bytes_takes_nothing_from_its_neighbours() -> None:
    """Empty files between others own no byte."""
    assert [token for token, _ in joined([b"", KEY, b"", b"", OTHER, b""])] == [1, 4]


def test_what_a_file_is_tells_of_itself_alone() -> None:
    """A text behind a binary has lines, a binary behind a text has none, and so has a text in UTF-16."""
    found = joined([b"\0\1" + KEY, b"\n" + KEY, b"\0" + KEY, ("\n" + KEY.decode()).encode("utf-16")])
    assert [hit.line for _, hit in found] == [None, 2, None, 2]


def test_files_that_have_gone_by_are_forgotten() -> None:
    """However many files are joined, no more are known than the windows at hand may touch."""
    with short_sight() as by:
        stream = joined_search(by, window=4096)
        known = []
        for number in range(20_000):
            stream.begin(JoinedFile(b"f%d" % number))
            stream.feed(b"xy" * 100 * (number % 9))
            known.append(len(stream._joined.starts))
        assert max(known[10_000:]) <= max(known[:10_000])


@pytest.mark.parametrize("seed", range(3))
def test_joined_files_are_searched_as_if_alone(seed: int) -> None:
    """The hits are those of each file alone, for windows of 1 byte to 1 MiB and however the files come."""
    files = _files(seed)
    with short_sight() as by:
        expected = alone(files, by)
        assert len(expected) > 14
        for window, chunk in [(1, 1 << 20), (1, 97), (512, 512), (4096, 1), (5000, 1 << 20), (1 << 20, 7)]:
            assert joined(files, window=window, chunk=chunk, by=by) == expected


@given(st.integers(0, 9), st.integers(1, 5000), st.integers(1, 3000))
@settings(max_examples=examples(12))
def test_random_windows_over_joined_files_change_nothing(seed: int, window: int, chunk: int) -> None:
    """The same, for windows and chunks of any size."""
    with short_sight() as by:
        assert joined(_files(seed), window=window, chunk=chunk, by=by) == _alone(seed)


# holes


def gaps(pieces: list[bytes | int], *, window: int, by: Concealer) -> list[Seen]:
    """Search a file of data and holes, with another before and behind it, the holes skipped."""
    stream = joined_search(by, window=window)
    stream.begin(JoinedFile(b"before"))
    stream.feed(b"x\n" * 300)
    stream.begin(JoinedFile(b"blob"))
    for piece in pieces:
        if isinstance(piece, int):
            stream.skip(piece)
        else:
            stream.feed(piece)
    stream.begin(JoinedFile(b"behind"))
    stream.feed(b"\n" + KEY)
    stream.finish()
    assert [hit.line for file, hit in found_in(stream) if file.name == b"behind"] == [2]
    return [hit for file, hit in found_in(stream) if file.name == b"blob"]


@pytest.mark.parametrize("first", [b"", b"a", b"text\n" * 3000, "Text\n".encode("utf-16") * 3000], ids=len)
def test_a_hole_is_as_good_as_its_zeros(first: bytes) -> None:
    """Offsets, lines and columns behind a hole are those of the same file with the zeros read, at any window."""
    wide = KEY.decode().encode("utf-16-le")
    for hole in (1, 2, 511, 20_000, 20_001, 100_003):
        pieces: list[bytes | int] = [first + KEY, hole, b" " + KEY + b"\n", hole, wide + b"\n", hole, OTHER]
        whole = b"".join(bytes(piece) if isinstance(piece, int) else piece for piece in pieces)
        with short_sight() as by:
            expected = search(whole, tar=False, by=by)
            assert len(expected) >= 3
            for window in (1, 700, 1 << 20):
                assert gaps(pieces, window=window, by=by) == expected, (hole, window)


def test_a_terabyte_of_hole_costs_nothing() -> None:
    """A file of four terabytes of zeros with a key in the middle is searched at once."""
    stream = joined_search()
    stream.begin(JoinedFile(b"disk"))
    stream.skip(2 << 40)
    stream.feed(KEY)
    stream.skip(2 << 40)
    stream.finish()
    assert [hit.offset for _, hit in found_in(stream)] == [2 << 40]
    assert stream.size < 2 << 20


# laws


def _files(seed: int) -> list[bytes]:
    """Make small files that have keys everywhere."""
    choose = random.Random(seed)
    keys = Keys(f"joined {seed}")
    files = []
    for _ in range(40):
        key = choose.choice([keys.secret99, keys.restricted, keys.secret34, keys.webhook, keys.publishable])().encode()
        filler = choose.choice([b"\n", b"a b\n", b"stripe\n", bytes([0, 1]), "ü".encode()]) * choose.randrange(700)
        encoded = choose.choice([b"", key, key, key.decode().encode("utf-16-le"), key[: len(key) // 2]])
        files.append(choose.choice([b"", filler]) + encoded + choose.choice([b"", b"\n", filler]))
    return files


def _corpus(seed: int) -> bytes:
    """Make an archive that has keys everywhere, and fillers that put them at all distances from borders."""
    choose = random.Random(seed)
    keys = Keys(seed)
    parts = []
    for number in range(14):
        key = choose.choice([keys.secret99, keys.restricted, keys.secret34, keys.webhook, keys.publishable])().encode()
        filler = choose.choice([b"\n", b"a b\n", b"stripe\n", bytes([0, 1]), "ü".encode()]) * choose.randrange(700)
        encoded = choose.choice([key, key, key.decode().encode("utf-16-le"), key.decode().encode("utf-16-be")])
        content = choose.choice([b"", filler]) + encoded + choose.choice([b"", b"\n", filler])
        name = b"f%d/" % number + choose.choice([b"x", keys.secret34().encode()])
        parts.append(choose.choice([b"", b"", pax((b"comment", keys.secret34().encode()))]) + file(name, content))
        if not number % 5:
            parts.append(old_sparse(b"s%d" % number, [(4096, pad(key + b" "))], 10_000))
    return b"".join(parts) + END + choose.choice([b"", bytes(700) + keys.secret99().encode()])


@pytest.mark.parametrize("seed", range(3))
def test_windows_and_chunks_change_nothing(seed: int) -> None:
    """The hits of a stream are the same for windows of 1 byte to 1 MiB and however it comes."""
    data = _corpus(seed)
    with short_sight() as by:
        expected = search(data, by=by)
        assert len(expected) > 14
        for window, chunk in [(1, 1 << 20), (1, 97), (7, 500), (512, 512), (4096, 1000), (4096, 1), (1 << 20, 7)]:
            assert search(data, window=window, chunk=chunk, by=by) == expected


def test_a_key_is_found_at_every_border() -> None:
    """A key that any window border cuts is found, once."""
    with short_sight() as by:
        for shift in range(len(KEY) + 2):
            archive = file(b"a", b"\n" * 5000) + file(b"b", b"\n" * (3000 + shift) + KEY + b"\n" * 6000) + END
            hits = search(archive, window=4096, chunk=512, by=by)
            assert [(hit.name, hit.line) for hit in hits] == [(b"b", 3001 + shift)]


@given(st.integers(0, 30), st.integers(1, 5000), st.integers())
@settings(max_examples=examples(15))
def test_random_pieces_change_nothing(seed: int, window: int, cuts: int) -> None:
    """The same, for pieces of many sizes within one stream."""
    stream, choose = _corpus(seed), random.Random(cuts)
    with short_sight() as by:
        expected = search(stream, by=by)
        pieces, at = [], 0
        while at < len(stream):
            size = choose.choice([1, 2, 100, 511, 512, 513, 3000, 20_000])
            pieces.append(stream[at : at + size])
            at += size
        assert search_pieces(pieces, window=window, by=by) == expected


@given(st.binary(max_size=3000), st.data())
@settings(max_examples=examples(25))
def test_no_bytes_crash_the_search(noise: bytes, data: st.DataObject) -> None:
    """Any bytes behind any part of an archive are searched without an exception."""
    stream = _corpus(1)
    stream = stream[: data.draw(st.integers(0, len(stream)))] + noise
    hits = search(stream, window=data.draw(st.sampled_from([100, 1 << 20])))
    assert all(hit.member >= -1 for hit in hits)


# stops


class _Stop:
    """Stops a search when it has been asked so many times."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise interruption()


_FULL = (KEY + b"\n" + b"." * 20_000) * 8


@pytest.mark.parametrize("whole", [False, True])
def test_a_stop_ends_a_search_in_the_middle_of_a_window(whole: bool) -> None:
    """What was found before it stays, and nothing is searched after it."""
    search = JoinedSearch(plain_concealer(), window=1000, go_on=_Stop(6))
    with pytest.raises(StreamError):
        _feed(search, b"x", _FULL + bytes(200_000), whole=whole)
    assert search.broken_off
    found = len(search.found)
    assert 0 < found < 8
    search.finish()
    assert len(search.found) == found


def test_a_stop_at_the_end_is_not_raised() -> None:
    """The hits are those so far; whoever asks learns that the search was broken off."""
    search = JoinedSearch(plain_concealer(), go_on=_Stop(6))
    _feed(search, b"x", _FULL, whole=False)
    search.finish()
    assert search.broken_off
    assert 0 < len(search.found) < 8


def test_a_search_that_is_not_stopped_is_whole() -> None:
    """It asks, and goes on."""
    stop = _Stop(1 << 30)
    search = JoinedSearch(plain_concealer(), go_on=stop)
    _feed(search, b"x", _FULL, whole=True)
    search.finish()
    assert not search.broken_off
    assert len(search.found) == 8
    assert stop.left < (1 << 30) - 8


def test_only_a_stop_is_expected_at_the_end() -> None:
    """Whatever else goes wrong is raised."""

    def fail() -> None:
        raise StreamError("other", "something else")

    search = JoinedSearch(plain_concealer(), go_on=fail)
    _feed(search, b"x", _FULL, whole=False)
    with pytest.raises(StreamError, match="something else"):
        search.finish()


def _feed(search: JoinedSearch, name: bytes, data: bytes, *, whole: bool) -> None:
    if whole:
        search.feed_whole([(JoinedFile(name), data)])
    else:
        search.begin(JoinedFile(name))
        search.feed(data)
