"""SQLite databases: every value whole and apart, nothing of the schema run, damage said."""

from __future__ import annotations

import mmap
import random
import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.keys import Keys
from imgscan.containers import sqlite, sqliterecord
from imgscan.containers.sqliterecord import SEPARATOR
from imgscan.unread import Unread
from tests.detect.driver import SCREENED
from tests.effort import examples

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from imgscan.containers.base import Held

KEYS = Keys("sqlite")
SOURCE = random.Random("sqlite")
LONG = [f"{SOURCE.getrandbits(4 * size):x}" for size in (40, 900, 4_050, 4_061, 4_200, 9_000, 70_000)]


def database(*statements: str | tuple[str, Iterable[object]], page: int = 4096) -> bytes:
    """Make a database by statements, with their values if there are any."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"pragma page_size = {page}")
        for statement in statements:
            if isinstance(statement, str):
                connection.execute(statement)
            else:
                connection.execute(statement[0], tuple(statement[1]))
            connection.commit()
        return connection.serialize()


def secrets(data: bytes) -> list[str]:
    """Search bytes as those of a binary."""
    return [match.secret.decode() for match in SCREENED.search(data, binary=True)]


def read(data: Held) -> tuple[bytes, list[Unread]]:
    """Return the text of a database, and what of it was not read."""
    parts: list[bytes] = []
    unread = []
    for member in sqlite.members(data):
        if isinstance(member, Unread):
            unread.append(member)
            continue
        assert member.name is None
        assert member.extent == (0, len(data))
        for chunk in member.chunks:
            assert 0 < len(chunk) <= 1 << 20
            parts.append(bytes(chunk))
    return b"".join(parts), unread


def values(data: bytes) -> list[bytes]:
    """Return the values of a database of which nothing is unread, without those of the schema."""
    content, unread = read(data)
    assert unread == []
    found = content.split(SEPARATOR)
    assert found.pop() == b""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(data[:18] + b"\1\1" + data[20:])
        schema = [value for row in connection.execute("select * from sqlite_schema") for value in row]
    texts = [value.encode() for value in schema if isinstance(value, str)]
    assert found[: len(texts)] == texts
    return found[len(texts) :]


def test_every_text_and_blob_of_every_row() -> None:
    """Texts and blobs of any size come in the order of the rows; numbers and nulls are no text."""
    rows = [(None, 1, text, 2.5, text.encode() + b"\0\xff", "", b"") for text in LONG]
    data = database(
        "create table t(a, b, c, d, e, f, g)",
        *[("insert into t values(?, ?, ?, ?, ?, ?, ?)", row) for row in rows],
    )
    assert values(data) == [value for text in LONG for value in (text.encode(), text.encode() + b"\0\xff")]


@pytest.mark.parametrize("page", [512, 1024, 8192, 65536])
def test_pages_of_any_size(page: int) -> None:
    """What is in a cell and what continues in other pages depends on the page's size."""
    texts = [f"{SOURCE.getrandbits(4 * size):x}" for size in (*range(30, 700, 9), page - 36, page - 35, page - 34)]
    data = database("create table t(a)", *[("insert into t values(?)", [text]) for text in texts], page=page)
    assert values(data) == [text.encode() for text in texts]


def test_every_length_around_the_border_of_a_page() -> None:
    """No length of a value is one byte off: rows with a rowid, and rows of a table without."""
    texts = [f"{SOURCE.getrandbits(4 * size):x}" for size in range(60, 600)]
    data = database(
        "create table t(a)",
        "create table w(a primary key) without rowid",
        *[(f"insert into {table} values(?)", [text]) for table in "tw" for text in texts],
        page=512,
    )
    assert sorted(values(data)) == sorted(text.encode() for text in texts for _ in range(2))


def test_tables_of_many_pages_without_rowid() -> None:
    """Their rows are also in the pages that lead to others."""
    texts = sorted(f"{SOURCE.getrandbits(128):032x}" for _ in range(3000))
    data = database(
        "create table w(a primary key, b) without rowid",
        *[("insert into w values(?, ?)", (text, text[::-1])) for text in texts],
        page=512,
    )
    assert sorted(values(data)) == sorted(value.encode() for text in texts for value in (text, text[::-1]))


def test_tables_of_many_pages() -> None:
    """Rows come in the order of their ids, however many levels of pages lead to them; negative ids too."""
    texts = [f"{SOURCE.getrandbits(128):032x}" for _ in range(5000)]
    data = database(
        "create table t(id integer primary key, a)",
        *[("insert into t values(?, ?)", (number * 10**15 - 10**18, text)) for number, text in enumerate(texts)],
        page=512,
    )
    assert values(data) == [text.encode() for text in texts]


def test_rows_of_very_many_columns() -> None:
    """A header of more than 127 bytes, and one that continues in another page, are headers."""
    names = ", ".join(f"c{number}" for number in range(900))
    row = [f"x{number}" for number in range(900)]
    data = database(f"create table t({names})", (f"insert into t values({', '.join('?' * 900)})", row), page=512)
    assert values(data) == [each.encode() for each in row]


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_texts_of_databases_in_utf16_become_utf8(encoding: str) -> None:
    """Texts are converted, blobs are not, and the schema is understood."""
    rows = [(text + "é€𝄞", b"\0\x01blob") for text in LONG]
    data = database(
        f"pragma encoding = '{encoding}'",
        "create table t(a, b)",
        *[("insert into t values(?, ?)", row) for row in rows],
    )
    assert values(data) == [value for text, blob in rows for value in (text.encode(), blob)]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
def test_values_of_many_megabytes_come_in_pieces(encoding: str) -> None:
    """A value that is larger than a chunk is whole all the same, and so is what is beside it."""
    rows = [("first", f"{SOURCE.getrandbits(8 * 3_000_000):x}", "last")] * 2
    data = database(
        f"pragma encoding = '{encoding}'",
        "create table t(a, b, c)",
        *[("insert into t values(?, ?, ?)", row) for row in rows],
    )
    assert values(data) == [value.encode() for row in rows for value in row]


def test_a_key_across_overflow_pages_is_whole() -> None:
    """Some keys are whole in no raw byte sequence of the file; the rows have them all."""
    keys = [KEYS.secret99() for _ in range(20)]
    rows = ["x" * (50 * number) + "\n" + key + "\n" + "x" * 900 for number, key in enumerate(keys)]
    data = database("create table t(a)", *[("insert into t values(?)", [row]) for row in rows], page=512)
    assert len(set(keys) - set(secrets(data))) > 1
    assert secrets(read(data)[0]) == keys


@pytest.mark.parametrize("join", ["", "\n", " "])
def test_neighbours_never_make_a_key_together(join: str) -> None:
    """What is in two columns or two rows is two things, in text and in base64 alike."""
    key = KEYS.secret99()
    half = len(key) // 2
    rows = [(key[:half], join + key[half:]), (key[:5], "x"), (join + key[5:], "y")]
    data = database("create table t(a, b)", *[("insert into t values(?, ?)", row) for row in rows])
    assert key not in secrets(read(data)[0])


def test_a_key_between_values_is_found() -> None:
    """A key of 24 characters must not touch letters; in the raw page its neighbours do."""
    key = KEYS.secret24()
    data = database("create table t(a, b, c)", ("insert into t values(?, ?, ?)", ("abc", key, "def")))
    assert key not in secrets(data)
    assert secrets(read(data)[0]) == [key]


def test_indexes_repeat_nothing() -> None:
    """An index holds what the table holds, so it is not read."""
    data = database("create table t(a)", "create index i on t(a)", ("insert into t values(?)", [LONG[2]]))
    assert values(data) == [LONG[2].encode()]


def test_dropped_tables_are_read_while_their_pages_last() -> None:
    """Rows of pages that were freed are given as far as they are whole, and are nothing to complain of."""
    texts = [f"{SOURCE.getrandbits(4 * 600):0600x}" for _ in range(200)]
    data = database(
        "pragma secure_delete = off",
        "create table t(a)",
        *[("insert into t values(?)", [text]) for text in texts],
        "drop table t",
        "create table u(a)",
        ("insert into u values(?)", ["kept"]),
    )
    content, unread = read(data)
    assert unread == []
    assert b"kept" + SEPARATOR in content
    assert sum(text.encode() + SEPARATOR in content for text in texts) > 100


def test_a_schema_is_text_and_is_never_run() -> None:
    """Views, triggers, generated columns and tables of modules that are not there do no harm and hide no row."""
    data = database(
        "create table t(a, b as (upper(a) || 'computed') virtual, c as (a || 'x') stored)",
        "create view v as with recursive r(n) as (select 1 union all select n + 1 from r) select n from r",
        "create trigger g after insert on t begin select 1; end",
        "create virtual table f using fts5(x)",
        ("insert into t(a) values(?)", ["text"]),
        ("insert into f values(?)", ["in a shadow table"]),
    )
    content, unread = read(data)
    assert unread == []
    assert b"TEXTcomputed" not in content
    assert SEPARATOR + b"text" + SEPARATOR + b"textx" + SEPARATOR in content
    assert b"in a shadow table" in content
    assert content.count(b"union all") == 1


def test_wal_mode_without_its_log(tmp_path: Path) -> None:
    """A database that was copied without its -wal is read as it was at the last checkpoint."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table t(a)")
        connection.execute("insert into t values('checkpointed')")
        connection.commit()
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute("insert into t values('in the log only')")
        connection.commit()
        data = path.read_bytes()
    assert data[18:20] == b"\2\2"
    assert values(data) == [b"checkpointed"]


@pytest.mark.parametrize("vacuum", ["none", "full", "incremental"])
def test_pages_that_map_others_are_no_rows(vacuum: str) -> None:
    """Databases that shrink by themselves have pages of another kind in between."""
    data = database(
        f"pragma auto_vacuum = {vacuum}",
        "create table t(a)",
        *[("insert into t values(?)", [text]) for text in LONG * 4],
        "delete from t where rowid % 3 = 0",
        page=512,
    )
    content, unread = read(data)
    assert unread == []
    assert all(text.encode() + SEPARATOR in content for text in LONG)


def test_databases_are_told_by_their_header() -> None:
    """The magic alone is not enough; what must follow it does."""
    data = database("create table t(a)")
    assert sqlite.recognise(data[:1024])
    assert not sqlite.recognise(data[:99])
    assert not sqlite.recognise(b"SQLite format 3\0" + bytes(84))
    for at, byte in ((16, 3), (17, 1), (20, 255), (21, 65), (22, 0), (23, 33)):
        changed = bytearray(database("create table t(a)", page=512))
        changed[at] = byte
        assert not sqlite.recognise(bytes(changed))


def test_an_empty_database_has_nothing_to_say() -> None:
    """No table, no text."""
    assert values(database("pragma user_version = 1")) == []


def small() -> bytes:
    """Make a database of each kind of page."""
    return database(
        "create table t(a, b)",
        "create table w(a primary key) without rowid",
        *[("insert into t values(?, ?)", (text, number)) for number, text in enumerate(LONG[:4] * 3)],
        *[("insert into w values(?)", [f"{number:032x}"]) for number in range(100)],
        page=512,
    )


SMALL = small()
PAGES = len(SMALL) // 512


def test_a_cut_database_gives_the_rows_that_are_there() -> None:
    """Pages that the header tells of and that are not there are an error; the others are read."""
    data = database(
        "create table t(a)", *[("insert into t values(?)", [f"row {number}"]) for number in range(2000)], page=512
    )
    content, unread = read(data[: len(data) // 2])
    assert {each.code for each in unread} == {"cut-stream", "damaged-container"}
    assert {each.severity for each in unread} == {"error"}
    assert unread[0].bytes == (len(data) - len(data) // 2 + 511) // 512 * 512
    assert content.count(b"row ") > 500


def test_a_damaged_schema_costs_no_row() -> None:
    """Where the schema cannot be read, every page that looks like a table's or an index's is."""
    data = bytearray(SMALL)
    data[103:108] = b"\xff" * 5
    data[300:512] = bytes(212)
    content, unread = read(bytes(data))
    assert [each.code for each in unread] == ["damaged-container"]
    assert LONG[2].encode() in content
    assert b"%032x" % 7 in content


def test_pages_that_lead_in_a_circle_end() -> None:
    """Each page of a table is read once, whatever leads to it."""
    data = bytearray(SMALL)
    roots = [number for number in range(1, PAGES) if data[number * 512] in {2, 5}]
    for number in roots:
        for pointer in range(int.from_bytes(data[number * 512 + 3 : number * 512 + 5], "big")):
            at = number * 512 + 12 + 2 * pointer
            cell = number * 512 + int.from_bytes(data[at : at + 2], "big")
            data[cell : cell + 4] = (number + 1).to_bytes(4, "big")
    content, unread = read(bytes(data))
    assert [each.code for each in unread] == ["damaged-container"]
    assert len(content) < 4 * len(data)


def overflowing(target: int) -> bytes:
    """Make a database of many rows that all continue in the page `target`, which continues in itself."""
    data = bytearray(database("create table t(a)", *[("insert into t values(?)", [LONG[4]])] * 50, page=512))
    for number in range(1, len(data) // 512):
        page = number * 512
        if data[page] == 13:
            for pointer in range(int.from_bytes(data[page + 3 : page + 5], "big")):
                cell = page + int.from_bytes(data[page + 8 + 2 * pointer : page + 10 + 2 * pointer], "big")
                data[cell : cell + 4] = b"\x87\xff\xff\x7f"  # 16 MiB of payload
        elif data[page] == 0:
            data[page : page + 4] = target.to_bytes(4, "big")
    return bytes(data)


def test_values_that_go_on_in_a_circle_end() -> None:
    """An overflow page is read a few times at most, so rows that claim gigabytes cost what the file has."""
    content, unread = read(overflowing(7))
    assert [each.code for each in unread] == ["damaged-container"]
    assert len(content) < 500_000


def test_rows_that_overlap_are_read_once() -> None:
    """A page whose cells are all the same large one gives no more than a page holds."""
    data = bytearray(database("create table t(a)", ("insert into t values(?)", ["x" * 60_000]), page=65536))
    page = 65536
    cell = data[page + 8 : page + 10]
    data[page + 3 : page + 5] = struct.pack(">H", 2000)
    data[page + 8 : page + 8 + 4000] = cell * 2000
    content, unread = read(bytes(data))
    assert [each.code for each in unread] == ["damaged-container"]
    assert len(content) < 70_000


def test_text_that_is_no_utf16_is_text_all_the_same() -> None:
    """An odd byte and a lone surrogate become a sign of replacement; what stands around them stays."""
    data = bytearray(database("pragma encoding = 'UTF-16le'", "create table t(a)", "insert into t values('abcdef')"))
    at = data.index("abcdef".encode("utf-16-le"))
    data[at + 4 : at + 6] = b"\x00\xd8"
    content, unread = read(bytes(data))
    assert unread == []
    assert "ab\ufffddef".encode() in content


@settings(max_examples=examples(133))
@given(changes=st.lists(st.tuples(st.integers(24, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_bytes_may_change(changes: list[tuple[int, int]]) -> None:
    """No change of bytes raises anything, or gives much more than there is."""
    data = bytearray(SMALL)
    for at, byte in changes:
        data[at] = byte
    content, _ = read(bytes(data))
    assert len(content) <= 20 * len(data)


@settings(max_examples=examples(33))
@given(size=st.integers(100, len(SMALL) - 1))
def test_a_database_may_end_anywhere(size: int) -> None:
    """A cut database is said to be cut."""
    _, unread = read(SMALL[:size])
    assert unread


@settings(max_examples=examples(33))
@given(
    rows=st.lists(
        st.tuples(
            *[st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(), st.binary(max_size=900))]
            * 3
        ),
        max_size=30,
    ),
    page=st.sampled_from([512, 1024, 4096]),
)
def test_it_reads_what_sqlite_reads(rows: list[tuple[object, ...]], page: int) -> None:
    """Whatever is stored, the values are those that a query gives."""
    rows = [tuple("" if isinstance(each, str) and not _storable(each) else each for each in row) for row in rows]
    data = database("create table t(a, b, c)", *[("insert into t values(?, ?, ?)", row) for row in rows], page=page)
    expected = [
        each.encode() if isinstance(each, str) else each
        for row in rows
        for each in row
        if isinstance(each, str | bytes) and each
    ]
    content, unread = read(data)
    assert unread == []
    assert content.endswith(b"".join(each + SEPARATOR for each in expected))


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def test_a_record_of_a_type_that_is_reserved() -> None:
    """Serial types 10 and 11 are none."""
    with pytest.raises(sqliterecord.RecordError):
        sqliterecord.columns(b"\x0a", 0)


def test_a_database_may_be_a_view(tmp_path: Path) -> None:
    """A view of a mapped file is read as bytes are."""
    path = tmp_path / "a.db"
    path.write_bytes(SMALL)
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as view,
    ):
        assert read(view) == read(SMALL)
