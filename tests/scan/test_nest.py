"""Containers inside containers: every format, at every depth, each key once and at its path."""

from __future__ import annotations

import gzip
import io
import lzma
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from fixtures.archives import elf_of
from fixtures.builders import Image, Layer, docker_modern, oci_archive, podman_archive, sha256, tar
from fixtures.containers import CHAINS, FORMATS, chained, database, initrd, zipped
from fixtures.keys import Keys
from imgscan.image.lifecycle import trail
from imgscan.scan.limits import Limits
from imgscan.streams.readers import BytesReader
from imgscan.streams.spool import Spool
from tests.containers.gitpacks import commits, git, new, the_pack
from tests.scan.support import Looked, Seen, digest, look

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


KEY = Keys(1).secret99()
TEXT = b"A=1\n" * 300 + b"KEY=" + KEY.encode() + b"\n" + b"Z=2\n" * 300
OLD = Keys(2).secret24().encode()


def held(name: str, data: bytes) -> Looked:
    """Scan a layer that holds one file."""
    return look(tar([(name, data)]))


def places(scan: Looked) -> list[str]:
    """Return the paths of the hits of the one key."""
    assert {hit.secret.sha256 for hit in scan.hits} <= {digest(KEY)}
    return [hit.path for hit in scan.hits]


@pytest.mark.parametrize("read", [1 << 20, 777])
def test_each_format(read: int) -> None:
    """A key in each format is found once, at the path that the format adds, with its line, at any read size."""
    for name, (make, inside) in FORMATS.items():
        scan = look(tar([("app/first", b"x"), ("app/file", make(TEXT)), ("app/last", b"y")]), read=read)
        found = [(hit.path, hit.line, hit.column, hit.offset) for hit in scan.hits]
        assert (found, scan.lacks) == ([("app/file" + inside, 301, 5, 1204)], []), name


def test_an_initrd_of_several_archives() -> None:
    """What follows an archive in another compression is read as well."""
    assert [path.rpartition("!/")[2] for path in places(held("boot/initrd", initrd(TEXT)))] == ["etc/p"]


def test_a_database_tells_its_key_once() -> None:
    """A value over several pages is whole; an index that repeats it, and the pages themselves, add nothing."""
    scan = held("var/app.db", database(KEY))
    assert places(scan) == ["var/app.db"]


@pytest.mark.parametrize("read", [1 << 20, 4096])
def test_chains_of_formats(read: int) -> None:
    """Formats inside formats, to depth six: one finding, at the whole path."""
    for chain in CHAINS:
        data, path = chained(chain, TEXT)
        scan = look(tar([("app/file", data)]), read=read)
        assert (places(scan), scan.lacks) == (["app/file" + path], []), chain


@pytest.mark.parametrize("make", [docker_modern, podman_archive, oci_archive])
def test_an_image_inside_a_layer(make: Callable[[Image], bytes]) -> None:
    """The layers of an archive inside a layer are named by their digests."""
    layer = tar([("srv/.env", TEXT)])
    inner = make(Image([Layer(tar([("a", b"1")])), Layer(layer)]))
    [path] = places(held("backup.tar", inner))
    assert path.startswith("backup.tar!/sha256:")
    assert path.endswith("!/srv/.env")
    if make is not oci_archive:  # whose blobs are compressed
        assert path == f"backup.tar!/sha256:{sha256(layer)}!/srv/.env"


def test_a_raw_hit_in_slack_stays() -> None:
    """What is in an archive's comment, and in a member too, is found in both places."""
    buffer = io.BytesIO(zipped({"x": TEXT}, zipfile.ZIP_STORED))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"key " + OLD
    hits = held("a.zip", buffer.getvalue()).hits
    assert [(hit.path, hit.secret.sha256 == digest(KEY)) for hit in hits] == [("a.zip", False), ("a.zip!/x", True)]


def test_an_unreadable_container_is_searched_as_bytes() -> None:
    """A stored archive without its directory's end is still read; one cut in the middle of a member tells so."""
    data = zipped({"x/y": TEXT, "z": TEXT}, zipfile.ZIP_STORED)
    scan = held("a.zip", data[: len(data) // 2 + 600])
    assert "a.zip!/x/y" in places(scan)
    assert scan.lacks


@pytest.mark.parametrize("program", [b"#!/bin/sh\nexec java -jar $0\n", b"MZ" + bytes(900)])
def test_a_program_in_front_of_an_archive(program: bytes) -> None:
    """An archive behind a script or a Windows program is read; either alone is none."""
    assert places(held("app", program + zipped({"x/y": TEXT}))) == ["app!/x/y"]
    assert (places(held("app", program + TEXT)), held("app", program + TEXT).lacks) == (["app"], [])


def test_members_keep_their_order() -> None:
    """Findings are in the order of members, at every depth, each file before what it holds."""
    inner = zipped({"2": TEXT, "1": gzip.compress(tar([("b", TEXT), ("a", TEXT)]))})
    scan = look(tar([("z", TEXT), ("m.zip", inner), ("a", TEXT)]))
    assert places(scan) == ["z", "m.zip!/2", "m.zip!/1!/b", "m.zip!/1!/a", "a"]


def test_a_large_container_is_read_while_it_comes() -> None:
    """A compressed archive of many windows is read by a thread of its own, with the same result."""
    filler = Keys(3).text(3 << 20).encode() * 2
    data = gzip.compress(tar([("a", filler), ("b", TEXT), ("c", filler)]), 1)
    assert places(held("big.tgz", data)) == ["big.tgz!/b"]


@pytest.mark.parametrize("memory", [0, 1 << 20])
def test_what_does_not_fit_into_memory_goes_to_a_file(memory: int) -> None:
    """A zip that the memory for held files is too small for is read from a temporary file, and nothing is left."""
    filler = Keys(3).text(2 << 20).encode()
    data = zipped({"a": filler, "b": TEXT}, zipfile.ZIP_STORED)
    spool = Spool(memory, 1 << 30)
    assert places(look(tar([("a.zip", data)]), spool=spool)) == ["a.zip!/b"]
    assert spool.memory(memory)
    assert spool.disk(1 << 30)


def test_the_life_of_a_file_is_that_of_its_container() -> None:
    """Each hit inside a container names the member of the layer that holds it."""
    [hit] = held("app/x.tgz", FORMATS["tar.gz"][0](TEXT)).hits
    assert (hit.trail, hit.member) == (trail(b"app/x.tgz"), 0)


def _commit(hit: Seen) -> tuple[str | None, str | None]:
    return hit.commit, hit.field


def test_a_key_that_was_deleted_from_a_repository(tmp_path: Path) -> None:
    """A key in a pack is found with the commit and path that brought it, though a later commit took it away."""
    repository = new(tmp_path / "repository")
    stream = commits([{"app/.env": TEXT, "b": b"1"}, {"app/.env": TEXT.replace(KEY.encode(), b"gone")}, {"b": b"2"}])
    git(repository, "fast-import", "--quiet", data=stream)
    git(repository, "gc", "--quiet", "--aggressive")
    [hit] = held(".git/objects/pack/p.pack", the_pack(repository)).hits
    blob = git(repository, "rev-parse", "main~2:app/.env").decode().strip()
    assert hit.path == f".git/objects/pack/p.pack!/{blob}"
    assert _commit(hit) == (git(repository, "rev-parse", "main~2").decode().strip(), "git/app/.env")


LIMITED = {
    "depth": (Limits(depth=2), ["zip deflated"] * 4, "depth-limit"),
    "entry": (Limits(entry=1000), ["zip deflated"], "expansion-limit"),
    "total": (Limits(total=1000), ["gzip"], "expansion-limit"),
    "ratio": (Limits(ratio=2, ratio_from=1000), ["gzip"], "ratio-limit"),
    "members": (Limits(members=0), ["tar"], "members-limit"),
}


@pytest.mark.parametrize("name", LIMITED)
def test_limits_are_told(name: str) -> None:
    """Where a limit ends the reading of a container, the path and the limit are reported, and other files are read."""
    limits, chain, code = LIMITED[name]
    data = TEXT
    for each in reversed(chain):
        data = FORMATS[each][0](data)
    scan = look(tar([("a", data), ("b", TEXT)]), limits=limits)
    assert [lack.code for lack in scan.lacks] == [code]
    assert str(scan.lacks[0].path).startswith("a")
    assert "--max-" in scan.lacks[0].message or "depth" in scan.lacks[0].message
    assert places(scan)[-1] == "b"


@pytest.mark.parametrize("program", [b"#!/bin/sh\nexit 0\n" * 9, b"MZ" + bytes(200), elf_of()])
@pytest.mark.parametrize("behind", [b"", b"nothing that is known" * 9])
def test_a_program_is_no_container_at_the_limit_of_depth(program: bytes, behind: bytes) -> None:
    """A script or program is beyond the limit only if there is an archive behind it."""
    assert look(tar([("a", program + behind)]), limits=Limits(depth=0)).lacks == []
    scan = look(tar([("a", program + zipped({"x": TEXT}))]), limits=Limits(depth=0))
    assert [(lack.code, lack.path) for lack in scan.lacks] == [("depth-limit", "a")]


def test_a_disk_image_behind_a_program_is_told() -> None:
    """An AppImage is a program with a squashfs behind it, which nobody reads here: the report says so."""
    [lack] = held("app.AppImage", elf_of() + b"hsqs" + bytes(5000)).lacks
    assert (lack.code, lack.path) == ("unsupported", "app.AppImage")
    assert "squashfs" in lack.message


def test_a_spool_that_is_full_is_told() -> None:
    """A container that fits nowhere is reported, and searched as bytes."""
    data = zipped({"a": TEXT}, zipfile.ZIP_STORED)
    scan = look(tar([("a.zip", data)]), spool=Spool(0, 10))
    assert [lack.code for lack in scan.lacks] == ["spool-limit"]
    assert places(scan) == ["a.zip"]


def test_decoders_that_ask_for_much_memory() -> None:
    """An xz dictionary of 64 MiB is granted; a second one inside the first is too much, and reported."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 96 << 20}]
    once = lzma.compress(TEXT, filters=filters)
    assert places(held("a.xz", once)) == ["a.xz"]
    scan = held("a.xz", lzma.compress(once, filters=filters))
    assert ([lack.code for lack in scan.lacks], scan.hits) == (["memory-limit"], [])
    assert places(held("a.xz", lzma.compress(lzma.compress(TEXT)))) == ["a.xz"]


def test_encrypted_members_are_told() -> None:
    """A member that asks for a password is not a finding and no silence."""
    data = bytearray(zipped({"a": TEXT}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    scan = held("a.zip", bytes(data))
    assert (places(scan), [(lack.code, lack.path) for lack in scan.lacks]) == ([], [("encrypted", "a.zip!/a")])


@pytest.mark.parametrize("kind", ["javac", "python"])
def test_compiled_code_needs_the_raw_search_only(tmp_path: Path, kind: str) -> None:
    """A key in a Python bytecode file, and in a class file's constant pool, is found where it is."""
    if kind == "python":
        source = tmp_path / "settings.py"
        source.write_text(f"KEY = '{KEY}'\n")
        subprocess.run(["python3", "-m", "compileall", "-q", "-b", str(source)], check=True)
        data = (tmp_path / "settings.pyc").read_bytes()
    else:
        data = b"\xca\xfe\xba\xbe\0\0\0\x41\0\x03\x01\0" + bytes([len(KEY)]) + KEY.encode() + b"\x08\0\x01"
    assert places(held("a.class", data)) == ["a.class"]


def test_a_blob_alone_is_looked_into() -> None:
    """A reader that has all bytes at once gives the same as one that trickles."""
    layer = tar([("a.zip", FORMATS["zip deflated"][0](TEXT))])
    assert places(look(BytesReader(layer))) == ["a.zip!/x/y"]
