"""ar archives: Debian packages, static libraries, and what is damaged in them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.archives import Pairs, ar_of
from imgscan.containers.ar import AR
from tests import tools
from tests.containers.reading import given_up, read_stream
from tests.trickle import Trickle

if TYPE_CHECKING:
    from pathlib import Path

PAIRS: Pairs = [(b"debian-binary", b"2.0\n"), (b"control.tar.xz", b"odd"), (b"empty", b""), (b"data.tar.xz", b"data")]
LONG: Pairs = [(b"a name of more than fifteen bytes.o", b"long"), (b"short.o", b"x"), (b"n" * 300, b"longer")]


def test_members_are_given_under_their_names() -> None:
    """Short names, GNU's long ones and BSD's, at any size of reads."""
    for size in [1, 7, 1 << 20]:
        for style in ["gnu", "bsd"]:
            for pairs in [PAIRS, LONG, []]:
                archive = ar_of(pairs, style)
                assert AR.recognise(archive[:1024]), (size, style, pairs)
                reading = read_stream(AR, archive, size)
                assert reading.whole, (size, style, pairs)
                assert reading.members == pairs, (size, style, pairs)


def test_extents_hold_header_and_data() -> None:
    """A member's extent begins with its header and ends with its data."""
    archive = ar_of(PAIRS)
    for (name, data), extent in zip(PAIRS, read_stream(AR, archive).extents, strict=True):
        assert extent is not None
        assert archive[extent[0] : extent[1]].startswith(name)
        assert archive[extent[0] : extent[1]].endswith(data)


def test_members_that_are_given_up_are_passed_over() -> None:
    """The next member is found whether or not the one before was read, however large it is."""
    pairs = [(b"large", bytes(3 << 20)), (b"small", b"x")]
    assert given_up(AR.members(Trickle(ar_of(pairs), 1 << 16))) == [b"large", b"small"]


@pytest.mark.parametrize("size", [b"9999999999", b"4294967296"])
def test_a_size_that_lies_is_a_cut(size: bytes) -> None:
    """A member that claims more than there is gives what there is, and a failure."""
    archive = ar_of([(b"a", b"data")]).replace(b"4         `", size + b"`")
    reading = read_stream(AR, archive)
    assert (reading.members, reading.codes) == ([(b"a", b"data")], ["cut-stream"])


@pytest.mark.parametrize("field", [b"-1", b"0x10", b"", b"\xb2", b"1 1"])
def test_a_size_that_is_no_number_ends_the_archive(field: bytes) -> None:
    """What is no decimal number is damage, and reported."""
    archive = ar_of([(b"a", b"data")]).replace(b"4         `", b"%-10s`" % field)
    assert read_stream(AR, archive).codes == ["damaged-container"]


@pytest.mark.parametrize("name", [b"/99999", b"/", b"#1/9999999", b"/4x", b"\xff\0"])
def test_odd_names_do_no_harm(name: bytes) -> None:
    """References that lead nowhere give a member all the same, or belong to a table."""
    archive = ar_of([(b"x", b"one")]).replace(b"%-16s" % b"x/", b"%-16s" % name) + ar_of([(b"last", b"two")])[8:]
    reading = read_stream(AR, archive)
    assert reading.members[-1] == (b"last", b"two")
    assert reading.whole


@given(st.integers(0, len(ar_of(LONG))), st.integers(1, 200))
def test_no_cut_stops_the_reader(length: int, size: int) -> None:
    """Cut anywhere: the members before the cut are given, and the cut is reported unless it is between members."""
    archive = ar_of(LONG)
    whole = [end for end in (extent[1] for extent in read_stream(AR, archive).extents if extent) if end <= length]
    reading = read_stream(AR, archive[:length], size)
    assert reading.members[: len(whole)] == LONG[: len(whole)]


@given(st.data())
def test_no_damaged_byte_stops_the_reader(data: st.DataObject) -> None:
    """Any byte changed: nothing but a StreamError comes from chunks."""
    archive = bytearray(ar_of(LONG))
    archive[data.draw(st.integers(0, len(archive) - 1))] ^= data.draw(st.integers(1, 255))
    read_stream(AR, bytes(archive))


def test_a_debian_package_by_its_tool(tmp_path: Path) -> None:
    """`dpkg-deb` writes three members."""
    root = tmp_path / "root" / "DEBIAN"
    root.mkdir(parents=True)
    (root / "control").write_text(
        "Package: p\nVersion: 1\nArchitecture: all\nMaintainer: m <m@example.org>\nDescription: d\n"
    )
    subprocess.run([tools.find("dpkg-deb"), "-Zxz", "-b", "root", "p.deb"], cwd=tmp_path, check=True, stdout=-3)
    reading = read_stream(AR, (tmp_path / "p.deb").read_bytes())
    assert [name for name, _ in reading.members] == [b"debian-binary", b"control.tar.xz", b"data.tar.xz"]
    assert reading.whole


def test_a_library_by_its_tool(tmp_path: Path) -> None:
    """Binutils' ar writes a table of long names, and each member is what went in."""
    for number, name in enumerate(("short.o", "a-very-long-object-file-name.o")):
        (tmp_path / name).write_bytes(b"object %d" % number)
    subprocess.run(
        [tools.find("ar"), "rcS", "l.a", "short.o", "a-very-long-object-file-name.o"], cwd=tmp_path, check=True
    )
    reading = read_stream(AR, (tmp_path / "l.a").read_bytes())
    assert reading.members == [(b"short.o", b"object 0"), (b"a-very-long-object-file-name.o", b"object 1")]
