"""Hostile containers: each ends within the limits, with what was not read told, and little memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
import zipfile
import zlib
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING

import pytest
import zstandard

from fixtures.builders import Image, Layer, docker_modern, tar
from fixtures.containers import zipped
from fixtures.keys import Keys
from fixtures.zips import zip_of
from imgscan.scan.limits import Limits
from tests.scan.support import look
from tests.scan.test_nest import TEXT, held, places

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEBIBYTE = 1 << 20
ZEROS = bytes(MEBIBYTE)
TIGHT = Limits(entry=64 * MEBIBYTE, total=128 * MEBIBYTE, ratio_from=8 * MEBIBYTE)


@cache
def gzip_bomb(size: int) -> bytes:
    """Compress so many mebibytes of one letter."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b"a" * MEBIBYTE) for _ in range(size)) + packer.flush()


def nested_zips(depth: int, width: int) -> bytes:
    """Make a zip of zips of zips, `width` in each, that holds 4 MiB at the bottom of each branch."""
    data = b"a" * (4 * MEBIBYTE)
    for _ in range(depth):
        data = zipped({str(number): data for number in range(width)})
    return data


def quine() -> bytes:
    """Make a zip in a zip, forty deep: like one that holds itself, it does not end within the limits."""
    data = b"PK\x05\x06" + bytes(18)
    for _ in range(40):
        data = zipped({"r/r.zip": data}, zipfile.ZIP_STORED)
    return data


def overlapping() -> bytes:
    """Make a zip in whose directory 2,000 entries share one compressed mebibyte."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kernel", b"a" * (8 * MEBIBYTE))
        info = archive.infolist()[0]
        for number in range(2000):
            other = zipfile.ZipInfo(f"{number:06}")
            for name in ("header_offset", "compress_type", "CRC", "compress_size", "file_size"):
                setattr(other, name, getattr(info, name))
            archive.filelist.append(other)
            archive.NameToInfo[other.filename] = other
    return buffer.getvalue()


def hostile_database() -> bytes:
    """Make a database whose views, triggers and generated columns would run for ever."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(
            """
            create table t (a text, b text generated always as (printf('%.1000000c', 'x')) virtual);
            insert into t (a) values ('1');
            create view endless as with recursive n(i) as (select 1 union all select i + 1 from n) select i from n;
            create trigger again after insert on t begin insert into t (a) select a from t; end;
            """
        )
        connection.commit()
        return connection.serialize()


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip_bomb(80),
    "gzip in gzip": lambda: gzip.compress(gzip_bomb(80)),
    "bzip2": lambda: bz2.compress(b"a" * (80 * MEBIBYTE)),
    "xz": lambda: lzma.compress(b"a" * (80 * MEBIBYTE), preset=0),
    "zstd": lambda: zstandard.compress(b"a" * (80 * MEBIBYTE)),
    "zip": lambda: zipped({"a": b"a" * (80 * MEBIBYTE)}),
    "nested zips": lambda: nested_zips(4, 6),
    "zips in zips": quine,
    "overlapping entries": overlapping,
    "tar.gz": lambda: gzip.compress(tar([(str(number), b"a" * MEBIBYTE) for number in range(80)])),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_told_and_the_rest_is_read(name: str) -> None:
    """What expands too far is given up, told by path, and the files behind it are still searched."""
    scan = look(tar([("bomb", BOMBS[name]()), ("b", TEXT)]), limits=TIGHT)
    assert places(scan) == ["b"]
    assert scan.lacks
    assert all(str(lack.path).startswith("bomb") for lack in scan.lacks)
    assert scan.expanded <= TIGHT.total + 9 * MEBIBYTE


def test_zeros_cost_next_to_nothing() -> None:
    """A gibibyte of zeros is skipped, and a key behind it found at its offset."""
    packer = zlib.compressobj(1, wbits=31)
    data = b"".join(packer.compress(ZEROS) for _ in range(256)) + packer.compress(TEXT) + packer.flush()
    scan = look(tar([("z.gz", data)]), limits=Limits(ratio=10_000))
    [hit] = scan.hits
    assert hit.offset == 256 * MEBIBYTE + 1204


def test_a_million_empty_members() -> None:
    """A zip of very many empty members is walked and costs no memory that stays."""
    name = b"n"
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + name
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + name
    count = 60_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, count * len(entry), len(local), 0)
    scan = held("a.zip", local + entry * count + end)
    assert scan.hits == []


def test_a_hostile_schema_is_never_run() -> None:
    """Views, triggers and generated columns of a database are not evaluated."""
    assert held("a.db", hostile_database()).hits == []


def test_deep_json_is_text() -> None:
    """A file of a million brackets is searched like any other."""
    assert places(held("a.json", b"[" * 1_000_000 + TEXT)) == ["a.json"]


def test_an_archive_cut_anywhere_is_no_crash() -> None:
    """Zip data that end anywhere give the members before, and say what is missing."""
    data = zip_of([])
    whole = zipped({"a": TEXT, "b": Keys(9).text(900).encode()})
    for end in range(30, len(whole), 7):
        scan = held("a.zip", whole[:end])
        assert scan.hits or scan.lacks
    assert held("a.zip", data).hits == []


def _scan(image: Path | str, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "imgscan", "image", str(image), "-f", "json", "--no-progress", *arguments]
    return subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an image with bombs in its layer."""
    path = tmp_path_factory.mktemp("bombs") / "image.tar"
    members = [("gzip", gzip_bomb(120)), ("zips", nested_zips(4, 6)), ("many", overlapping()), ("b", TEXT)]
    path.write_bytes(docker_modern(Image([Layer(tar(members))])))
    return path


def test_bombs_end_with_the_usual_code(bombs: Path, tmp_path: Path) -> None:
    """With findings beside the bombs the exit code is 1, with --strict 2; no temporary file is left."""
    for arguments, code in (([], 1), (["--strict"], 2)):
        process = _scan(bombs, tmp_path, "--max-entry-bytes", str(100 * MEBIBYTE), *arguments)
        output, _ = process.communicate()
        assert (process.returncode, b'"expansion-limit"' in output) == (code, True)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_scan_leaves_nothing(bombs: Path, tmp_path: Path, number: int) -> None:
    """A signal in the midst of bombs ends the scan with code 2 and a report, and no temporary file stays."""
    image = bombs.read_bytes()
    with _scan("-", tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(image[:-4096])  # which ends when all has been read, but for what a pipe holds
        process.stdin.flush()
        process.send_signal(number)
        assert process.wait(300) == 2
        assert b'"interrupted"' in process.stdout.read()
    assert list(tmp_path.iterdir()) == []


def test_a_timeout_ends_the_scan(bombs: Path, tmp_path: Path) -> None:
    """A scan whose time runs out ends with code 2 and says so."""
    process = _scan(bombs, tmp_path, "--timeout", "0.4")
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 2
    assert b'"timeout"' in output


_MEASURED = """
import resource, subprocess, sys
code = subprocess.run([sys.executable, "-m", "imgscan", *sys.argv[1:]], stdout=subprocess.DEVNULL).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Measured from a small process: a child's peak counts from before it becomes another program."""


def test_a_large_archive_on_disk_does_not_count_as_memory(tmp_path: Path) -> None:
    """A zip of 330 MB that is held in a temporary file leaves the process below 300 MB."""
    pytest.importorskip("resource")
    piece = random.Random("large").randbytes(MEBIBYTE)
    with zipfile.ZipFile(tmp_path / "large.zip", "w", zipfile.ZIP_STORED) as archive:
        for number in range(8):
            archive.writestr(f"m{number}", piece * 40)
    command = [sys.executable, "-c", _MEASURED, "fs", str(tmp_path / "large.zip"), "-q", "--no-progress"]
    code, peak = map(int, subprocess.run(command, capture_output=True, check=True).stdout.split())
    assert code == 0
    assert peak < 300 * 1000
