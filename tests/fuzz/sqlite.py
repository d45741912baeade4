"""A fuzzer of what reads SQLite databases: it takes bytes, and fails where a promise is broken."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from typing import Final

from imgscan.containers import sqlite
from imgscan.containers.sqliterecord import SEPARATOR
from imgscan.unread import Unread
from tests.fuzz.law import Target, check

_AMPLIFIED = 24
"""How many bytes of text one byte of a database may give: overflow pages four times, separators behind each letter."""


def fuzz_sqlite(data: bytes) -> None:
    """Change a sound database as the bytes say, and read it; then store them as values and find those again."""
    base = _bases()[len(data) % 3]
    changed = bytearray(base)
    for at in range(0, len(data) - 3, 4):
        place = int.from_bytes(data[at : at + 3], "big")
        changed[place % len(changed)] = data[at + 3]
    _read(bytes(changed))
    _read(base[: int.from_bytes(data[:2], "big") % len(base)])
    _read(data)
    _read(_bases()[0][:100] + data)
    values = [value for value in data.split(b"\0", 20) if value]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("pragma page_size = 512")
        connection.execute("create table t(a, b)")
        connection.executemany("insert into t values(?, ?)", [(value, len(value)) for value in values])
        connection.commit()
        sound = connection.serialize()
    content, unread = _read(sound)
    assert not unread
    assert content.endswith(b"".join(value + SEPARATOR for value in values))


def _read(data: bytes) -> tuple[bytes, list[Unread]]:
    if not sqlite.recognise(data[:1024]):
        return b"", []
    check(sqlite.members(data), len(data))
    parts: list[bytes] = []
    unread = []
    for member in sqlite.members(data):
        if isinstance(member, Unread):
            unread.append(member)
        else:
            parts.extend(bytes(chunk) for chunk in member.chunks)
    content = b"".join(parts)
    assert len(content) <= _AMPLIFIED * len(data)
    return content, unread


@cache
def _bases() -> tuple[bytes, ...]:
    """Make a database of each kind of page, in each charset."""
    made = []
    for charset, vacuum in (("UTF-8", "none"), ("UTF-16le", "full"), ("UTF-16be", "incremental")):
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("pragma page_size = 512")
            connection.execute(f"pragma encoding = '{charset}'")
            connection.execute(f"pragma auto_vacuum = {vacuum}")
            connection.execute("pragma secure_delete = off")
            connection.execute("create table t(id integer primary key, a, b)")
            connection.execute("create table w(a primary key, b) without rowid")
            connection.execute("create index i on t(a)")
            for size in (0, 5, 40, 300, 450, 900, 2000, 30):
                row = (size * 10**15, "text " * (size // 5), bytes(size))
                connection.execute("insert into t values(?, ?, ?)", row)
                connection.execute("insert into w values(?, ?)", row[1:])
            connection.commit()
            connection.execute("delete from t where length(b) = 900")
            connection.commit()
            made.append(connection.serialize())
    return tuple(made)


def sqlite_seeds() -> list[bytes]:
    """Make databases of each kind of page, and changes to them."""
    return [*_bases(), b"", b"\0\0\x6c\xff", bytes(range(200))]


TARGETS: Final = [Target("sqlite", fuzz_sqlite, sqlite_seeds, (sqlite.SQLITE,))]
