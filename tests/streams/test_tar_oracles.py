"""The tar walker held to other readers and writers: tarfile, GNU tar and bsdtar."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscan.streams.tar import Kind, normalise
from tests import tools
from tests.streams.tar_archives import content, seek, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgscan.streams.tar import TarMember

KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.LNKTYPE: Kind.LINK,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.DIRTYPE: Kind.DIRECTORY,
}
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}

raw_names = st.one_of(
    st.binary(min_size=1, max_size=300),
    st.text(min_size=1, max_size=200).map(lambda name: name.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from([b"usr", b"lib", b".", b"..", b"x" * 60]), min_size=1, max_size=8).map(b"/".join),
)
names = raw_names.map(lambda name: name.replace(b"\0", b"0").strip(b"/") or b"n")
entries = st.tuples(
    names,
    st.sampled_from([*KINDS, tarfile.FIFOTYPE, tarfile.CHRTYPE]),
    names,
    st.one_of(st.just(0), st.sampled_from([1, 511, 512, 513]), st.integers(0, 3000)),
    st.sampled_from([0, 0o7777777, 0o10000000, 1 << 40]),
)
feeds = st.lists(st.integers(1, 3000), max_size=20).map(lambda sizes: [*sizes, 700])


def text(name: bytes) -> str:
    """Spell a raw name as tarfile does."""
    return name.decode("utf-8", "surrogateescape")


def build(format_name: str, members: Sequence[tuple[bytes, bytes, bytes, int, int]]) -> bytes:
    """Let tarfile write an archive, without the members that the format cannot hold."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=FORMATS[format_name]) as archive:
        for name, flag, link, size, owner in members:
            info = tarfile.TarInfo(text(name))
            info.type, info.uid = flag, owner
            if flag in (tarfile.LNKTYPE, tarfile.SYMTYPE):
                info.linkname = text(link)
            if KINDS.get(flag) is Kind.FILE:
                info.size = size
            try:
                archive.addfile(info, io.BytesIO(b"d" * size))
            except ValueError:  # too long, or too large a number, for ustar
                continue
    return stream.getvalue()


def told_by_tarfile(archive: bytes) -> list[tuple[object, ...]]:
    """Read an archive with tarfile."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:", encoding="utf-8") as reader:
        return [
            (
                info.name.encode("utf-8", "surrogateescape").rstrip(b"/"),
                KINDS.get(info.type, Kind.OTHER),
                info.linkname.encode("utf-8", "surrogateescape") if info.islnk() or info.issym() else b"",
                info.size,
                info.offset,
                info.offset_data,
            )
            for info in reader
        ]


def told_by_walker(members: list[TarMember]) -> list[tuple[object, ...]]:
    """Put what the walker says into the same form."""
    return [
        (member.name.rstrip(b"/"), member.kind, member.link, member.size, member.header, member.start)
        for member in members
    ]


@given(st.sampled_from(sorted(FORMATS)), st.lists(entries, max_size=8), feeds)
def test_the_walker_says_what_tarfile_says(
    format_name: str, members: list[tuple[bytes, bytes, bytes, int, int]], sizes: list[int]
) -> None:
    """On any archive that tarfile writes: the same names, kinds, links, sizes and positions, at any feed sizes."""
    archive = build(format_name, members)
    walked = walk(archive, sizes)
    assert told_by_walker(walked.members) == told_by_tarfile(archive)
    assert walked.problems == []
    assert walked.ended
    assert walk(archive, [1]) == walk(archive) == walked == seek(archive)


def pack(*command: object, cwd: Path) -> bytes:
    """Run an archiver that writes to standard output."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=True, stdout=subprocess.PIPE)
    return done.stdout


def unpacked(tree: Path) -> dict[bytes, bytes]:
    """Read the regular files below a directory, by relative path."""
    root = os.fsencode(tree) + b"/"
    return {
        os.fsencode(path).removeprefix(root): path.read_bytes()
        for folder, _, names in os.walk(tree)
        for path in (Path(folder) / name for name in names)
        if not path.is_symlink() and path.is_file()
    }


def files(archive: bytes, members: list[TarMember]) -> dict[bytes, bytes]:
    """Unpack regular files and hard links in memory."""
    found: dict[bytes, bytes] = {}
    for member in members:
        if member.kind is Kind.FILE:
            found[normalise(member.name)] = content(archive, member)
        elif member.kind is Kind.LINK:
            found[normalise(member.name)] = found[normalise(member.link)]
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a directory with files, links and names that every format can hold."""
    root = tmp_path / "tree"
    (root / "etc" / "empty").mkdir(parents=True)
    (root / "etc" / "app.conf").write_bytes(b"key = value\n" * 100)
    (root / "etc" / "none").touch()
    (root / "etc" / "block").write_bytes(b"b" * 512)
    (root / "hard").hardlink_to(root / "etc" / "app.conf")
    (root / "soft").symlink_to("etc/app.conf")
    return root


@pytest.fixture
def long_tree(tree: Path) -> Path:
    """Add names that need an extension of the format."""
    deep = tree / "/".join(["d" * 50] * 4)
    deep.mkdir(parents=True)
    (deep / ("n" * 200)).write_bytes(b"deep")
    (tree / "longlink").symlink_to("t" * 300)
    (tree / os.fsdecode(b"latin-\xe9")).write_bytes(b"latin")
    (tree / "naïve ☃").write_bytes(b"utf-8")
    return tree


GNU_SHORT = ["v7", "ustar"]
GNU_LONG = ["oldgnu", "gnu", "posix"]


@pytest.mark.real("tar")
@pytest.mark.parametrize("form", GNU_SHORT + GNU_LONG)
def test_gnu_tar_s_formats(form: str, tree: Path) -> None:
    """All formats of GNU tar, with owners that need base-256 where they can be stored."""
    owner = [] if form in GNU_SHORT else ["--owner=:3000000000"]
    archive = pack(tools.find("tar"), f"--format={form}", *owner, "-cf", "-", ".", cwd=tree)
    walked = walk(archive, [1, 511, 10_240])
    assert walked.problems == []
    assert files(archive, walked.members) == unpacked(tree)
    assert {normalise(m.name) for m in walked.members if m.kind is Kind.DIRECTORY} == {b"", b"etc", b"etc/empty"}
    assert [m.link for m in walked.members if m.kind is Kind.SYMLINK] == [b"etc/app.conf"]


@pytest.mark.real("tar")
@pytest.mark.parametrize("form", GNU_LONG)
def test_gnu_tar_s_long_names(form: str, long_tree: Path) -> None:
    """Long and odd names, as L and K members and as PAX records."""
    archive = pack(tools.find("tar"), f"--format={form}", "-cf", "-", ".", cwd=long_tree)
    walked = walk(archive)
    assert walked.problems == []
    assert files(archive, walked.members) == unpacked(long_tree)
    assert b"t" * 300 in [member.link for member in walked.members]
    assert all(member.long_name == (len(member.name) > 100) for member in walked.members if member.name.isascii())


@pytest.mark.real("bsdtar")
@pytest.mark.parametrize("form", ["v7", "ustar", "gnutar", "pax"])
def test_bsdtar_s_formats(form: str, tree: Path) -> None:
    """All tar formats of bsdtar."""
    archive = pack(tools.find("bsdtar"), f"--format={form}", "-cf", "-", ".", cwd=tree)
    walked = walk(archive, [1, 511, 10_240])
    assert walked.problems == []
    assert files(archive, walked.members) == unpacked(tree)


@pytest.mark.real("bsdtar")
@pytest.mark.parametrize("form", ["gnutar", "pax"])
def test_bsdtar_s_long_names(form: str, long_tree: Path) -> None:
    """Long and odd names as bsdtar stores them."""
    environment = ["env", "LC_ALL=C.UTF-8"]
    archive = pack(*environment, tools.find("bsdtar"), f"--format={form}", "-cf", "-", ".", cwd=long_tree)
    walked = walk(archive)
    assert walked.problems == []
    assert files(archive, walked.members) == unpacked(long_tree)
    assert b"t" * 300 in [member.link for member in walked.members]


@pytest.fixture
def sparse_tree(tmp_path: Path) -> Path:
    """Make files with holes: everywhere, nowhere, at both ends, and so many that a map needs more than a header."""
    root = tmp_path / "sparse"
    root.mkdir()
    layouts = {
        "many": ([(at * 65_536, 4096) for at in range(60)], 61 * 65_536),
        "edges": ([(1 << 20, 5000)], 3 << 20),
        "tail": ([(0, 100), (2 << 20, 77)], (2 << 20) + 77),
        "hole": ([], 1 << 20),
        "n" * 150: ([(1 << 20, 10)], 2 << 20),
    }
    for name, (pieces, size) in layouts.items():
        with (root / name).open("wb") as stream:
            for offset, length in pieces:
                stream.seek(offset)
                stream.write(os.urandom(length))
            stream.truncate(size)
    (root / "plain").write_bytes(b"plain")
    return root


@pytest.mark.real("tar")
@pytest.mark.parametrize(
    "options",
    [
        ["--format=gnu"],
        ["--format=oldgnu"],
        ["--format=posix", "--sparse-version=0.0"],
        ["--format=posix", "--sparse-version=0.1"],
        ["--format=posix", "--sparse-version=1.0"],
    ],
    ids=lambda options: options[-1].strip("-"),
)
def test_gnu_tar_s_sparse_files(options: list[str], sparse_tree: Path, tmp_path: Path) -> None:
    """In each sparse format the fragments hold exactly what GNU tar unpacks, and no hole is stored."""
    tar = tools.find("tar")
    archive = pack(tar, *options, "--hole-detection=raw", "-Scf", "-", ".", cwd=sparse_tree)
    walked = walk(archive, [1, 511, 10_240])
    assert walked.problems == []
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run([tar, "-xf", "-", "-C", out], input=archive, check=True)
    assert files(archive, walked.members) == unpacked(out)
    assert sum(member.fragments is not None for member in walked.members) == 5
    assert seek(archive) == walked == walk(archive, [1])


@pytest.mark.real("bsdtar")
def test_bsdtar_s_sparse_files(sparse_tree: Path) -> None:
    """Holes that bsdtar finds are stored in a format that is read like GNU tar's."""
    archive = pack(tools.find("bsdtar"), "--format=pax", "--read-sparse", "-cf", "-", ".", cwd=sparse_tree)
    walked = walk(archive)
    assert walked.problems == []
    assert files(archive, walked.members) == unpacked(sparse_tree)


@pytest.mark.real("tar")
@pytest.mark.parametrize("blocks", [1, 2, 20, 128])
def test_records_of_any_length(blocks: int, tree: Path) -> None:
    """The zeros that fill the last record are no problem, whatever the record's length."""
    archive = pack(tools.find("tar"), "-b", blocks, "-cf", "-", ".", cwd=tree)
    assert len(archive) % (512 * blocks) == 0
    walked = walk(archive)
    assert walked.problems == []
    assert walked.ended


@pytest.mark.real("tar")
def test_archives_that_gnu_tar_joined(tree: Path, tmp_path: Path) -> None:
    """`tar -A`, and plain concatenation of padded archives, give the members of both."""
    tar = tools.find("tar")
    first = pack(tar, "-cf", "-", "etc", cwd=tree)
    second = pack(tar, "-cf", "-", "hard", "soft", cwd=tree)
    (tmp_path / "a.tar").write_bytes(first)
    (tmp_path / "b.tar").write_bytes(second)
    subprocess.run([tar, "-Af", "a.tar", "b.tar"], cwd=tmp_path, check=True)
    wanted = walk(first).names + walk(second).names
    for archive in ((tmp_path / "a.tar").read_bytes(), first + second):
        walked = walk(archive)
        assert walked.names == wanted
        assert walked.problems == []


@pytest.mark.real("tar")
def test_a_volume_header_is_a_member(tree: Path) -> None:
    """A labelled archive begins with a member of another kind, without data."""
    walked = walk(pack(tools.find("tar"), "--label=vol 1", "-cf", "-", "etc", cwd=tree))
    assert (walked.members[0].name, walked.members[0].kind, walked.members[0].size) == (b"vol 1", Kind.OTHER, 0)
    assert walked.problems == []


@pytest.mark.real("tar")
def test_an_incremental_dump_lists_its_directories(tree: Path, tmp_path: Path) -> None:
    """A dump directory (type D) is a directory whose list of names is its data."""
    archive = pack(tools.find("tar"), "-g", tmp_path / "snapshot", "-cf", "-", "etc", cwd=tree)
    walked = walk(archive)
    assert walked.problems == []
    assert walked.members[0].kind is Kind.DIRECTORY
    assert b"app.conf" in content(archive, walked.members[0])


@pytest.mark.real("tar")
def test_volumes_of_a_split_archive(tmp_path: Path) -> None:
    """The second volume of a split archive begins with the rest of a file, which is a file here."""
    (tmp_path / "big").write_bytes(b"x" * 40_000)
    command = [str(tools.find("tar")), "-M", "-L", "20", "-cf", "1.tar", "-f", "2.tar", "-f", "3.tar", "big"]
    subprocess.run(command, cwd=tmp_path, check=True)
    archive = (tmp_path / "2.tar").read_bytes()
    walked = walk(archive)
    assert (walked.names, walked.members[0].kind) == ([b"big"], Kind.FILE)
    assert set(content(archive, walked.members[0])) == {ord("x")}
