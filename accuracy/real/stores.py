"""Files that hold keys, made by real databases, serialisers and encoders.

Every function is given the tools of this machine and a sample, keys by sort, and returns one file with all of them;
Missing if there is no such tool.
"""

from __future__ import annotations

import importlib
import sqlite3
from typing import TYPE_CHECKING, Any

from accuracy.real.samples import lines, quoted
from accuracy.real.toolbox import Missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from accuracy.real.samples import Sample
    from accuracy.real.toolbox import Toolbox


def sqlite(*, wal: bool = False, deleted: bool = False, encoding: str = "UTF-8") -> Callable[[Toolbox, Sample], bytes]:
    """Return the writer of a database with one column of text, or of its write-ahead log."""

    def make(box: Toolbox, sample: Sample) -> bytes:
        folder = box.folder()
        database = sqlite3.connect(folder / "p.db", isolation_level=None)
        try:
            database.execute(f"PRAGMA encoding = '{encoding}'")
            database.execute("PRAGMA secure_delete = OFF")
            if wal:
                database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE settings (id INTEGER PRIMARY KEY, value TEXT)")
            database.executemany("INSERT INTO settings (value) VALUES (?)", [(key,) for key in sample.values()])
            if deleted:
                database.execute("DELETE FROM settings")
            # The log is gone once the last connection is closed.
            return (folder / ("p.db-wal" if wal else "p.db")).read_bytes()
        finally:
            database.close()

    return make


def sqlite_index(box: Toolbox, sample: Sample) -> bytes:
    """Write rows with a name beside each key, and an index over both; only the index's pages are returned."""
    folder = box.folder()
    database = sqlite3.connect(folder / "p.db", isolation_level=None)
    try:
        database.execute("CREATE TABLE settings (name TEXT, value TEXT)")
        database.execute("CREATE INDEX fast ON settings (name, value)")
        rows = [(f"name{at}", key) for at, key in enumerate(sample.values())]
        database.executemany("INSERT INTO settings VALUES (?, ?)", rows)
        [page] = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'fast'").fetchone()
        [size] = database.execute("PRAGMA page_size").fetchone()
    finally:
        database.close()
    return (folder / "p.db").read_bytes()[(page - 1) * size : page * size]


_PROTO = 'syntax = "proto3"; message M { string name = 1; repeated string value = 2; int32 last = 3; }\n'


def protobuf(box: Toolbox, sample: Sample) -> bytes:
    """Encode a message with a key in each of its strings."""
    folder = box.folder()
    (folder / "m.proto").write_text(_PROTO)
    text = 'name: "all"\n' + quoted(sample, 'value: "', between="\n") + "\nlast: 7\n"
    return box.run("protoc", "--encode=M", "m.proto", within=folder, given=text.encode())


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Missing(f"no package {name}") from None


def message_pack(box: Toolbox, sample: Sample) -> bytes:  # noqa: ARG001 - every maker is given the tools
    """Pack a map of strings."""
    return bytes(_module("msgpack").packb(dict(sample)))


def level_db(pattern: str) -> Callable[[Toolbox, Sample], bytes]:
    """Return the writer of a LevelDB database; the files of a pattern are put together."""

    def make(box: Toolbox, sample: Sample) -> bytes:
        plyvel = _module("plyvel")
        folder = box.folder()
        database = plyvel.DB(str(folder), create_if_missing=True)
        for name, key in sample.items():
            database.put(name.encode(), key.encode())
        if pattern == "*.ldb":
            database.compact_range()
        database.close()
        return b"".join(path.read_bytes() for path in sorted(folder.glob(pattern)))

    return make


def encoded(*command: str) -> Callable[[Toolbox, Sample], bytes]:
    """Return the run of a filter over the keys as an environment file."""
    return lambda box, sample: box.run(*command, given=lines(sample))


def kubernetes(box: Toolbox, sample: Sample) -> bytes:
    """Write a Secret's manifest from an environment file."""
    folder = box.folder()
    (folder / "in.env").write_bytes(lines(sample))
    command = "kubectl create secret generic payments --from-env-file=in.env --dry-run=client -o yaml"
    return box.run(*command.split(), within=folder)
