"""cpio archives, chains of them, and RPM packages, whose payload one is."""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.archives import DIALECTS, Pairs, cpio_of, gzipped, rpm_of, stripped_cpio
from fixtures.builders import tar
from imgscan.containers.cpio import CPIO
from imgscan.containers.rpm import RPM
from tests import tools
from tests.containers.reading import given_up, read_stream
from tests.trickle import Trickle

if TYPE_CHECKING:
    from pathlib import Path

PAIRS: Pairs = [(b"etc/conf", b"secret\n"), (b"empty", b""), (b"./a/b", b"12345"), (b"n" * 300, bytes(300))]


def test_each_dialect_is_read() -> None:
    """newc, crc, odc and the old binary form in both byte orders, at any size of reads."""
    for size in [1, 13, 1 << 20]:
        for dialect in DIALECTS:
            archive = cpio_of(PAIRS, dialect)
            assert CPIO.recognise(archive[:1024]), (size, dialect)
            reading = read_stream(CPIO, archive + bytes(512), size)
            assert reading.whole, (size, dialect)
            assert reading.members == PAIRS, (size, dialect)


def test_archives_behind_each_other_are_one_chain() -> None:
    """Behind a trailer and zeros another archive may follow, in any dialect."""
    for padding in [0, 4, 508, 5000]:
        for second in DIALECTS:
            archive = cpio_of(PAIRS) + bytes(padding) + cpio_of([(b"second", b"x")], second)
            assert read_stream(CPIO, archive).members == [*PAIRS, (b"second", b"x")], (padding, second)


def test_the_compressed_part_of_an_initrd_is_a_member_without_a_name() -> None:
    """An early archive, then the compressed main one: its content is given plain, for whoever knows what it is."""
    main = cpio_of([(b"init", b"#!/bin/sh\n")])
    early = cpio_of([(b"kernel/x86/microcode/GenuineIntel.bin", bytes(100))]) + bytes(512)
    reading = read_stream(CPIO, early + gzipped(main))
    assert reading.members[-1] == (None, main)
    assert reading.extents[-1] is not None
    assert reading.extents[-1][0] == len(early)
    assert reading.whole


def test_what_follows_and_is_neither_is_told() -> None:
    """Bytes behind the trailer that are no archive are skipped, and said to be."""
    assert [unread.severity for unread in read_stream(CPIO, cpio_of(PAIRS) + b"something").unread] == ["skipped"]


def test_extents_hold_header_and_data() -> None:
    """A member's extent begins with its header and ends with its data, in each archive of a chain."""
    archive = cpio_of([(b"a", b"first")]) + bytes(64) + cpio_of([(b"b", b"second")])
    first, second = read_stream(CPIO, archive).extents
    assert first is not None
    assert second is not None
    assert archive[first[0] : first[1]].endswith(b"first")
    assert archive[second[0] : second[0] + 6] == b"070701"
    assert archive[second[0] : second[1]].endswith(b"second")


def test_members_that_are_given_up_are_passed_over() -> None:
    """The next member is found whether or not the one before was read."""
    pairs = [(b"large", bytes(3 << 20)), (b"small", b"x")]
    assert given_up(CPIO.members(Trickle(cpio_of(pairs), 1 << 16))) == [b"large", b"small"]


def test_an_archive_without_a_trailer_is_told() -> None:
    """A chain that ends without its trailer may have been cut."""
    reading = read_stream(CPIO, cpio_of(PAIRS, trailer=False))
    assert (reading.members, reading.codes) == (PAIRS, ["cut-stream"])


@pytest.mark.parametrize("field", [b"FFFFFFFF", b"7FFFFFFF", b"00100000"])
def test_a_size_that_lies_is_a_cut(field: bytes) -> None:
    """A member that claims more than there is gives what there is, and a failure."""
    archive = bytearray(cpio_of([(b"a", b"data")]))
    archive[54:62] = field
    reading = read_stream(CPIO, bytes(archive))
    assert reading.codes == ["cut-stream"]
    assert reading.members[0][1].startswith(b"data")


def test_a_name_that_claims_gigabytes_is_damage() -> None:
    """No name is believed to be longer than any system takes."""
    archive = bytearray(cpio_of(PAIRS))
    archive[94:102] = b"FFFFFFFF"
    assert not CPIO.recognise(bytes(archive[:1024]))
    assert read_stream(CPIO, bytes(archive)).codes == ["damaged-container"]


@given(st.sampled_from(DIALECTS), st.data())
def test_no_cut_and_no_damaged_byte_stops_the_reader(dialect: str, data: st.DataObject) -> None:
    """Cut anywhere and any byte changed: members before the damage are given, and nothing is raised."""
    archive = bytearray(cpio_of(PAIRS, dialect))
    ends = [extent[1] for extent in read_stream(CPIO, bytes(archive)).extents if extent]
    at = data.draw(st.integers(0, len(archive) - 1))
    if data.draw(st.booleans()):
        del archive[at:]
    else:
        archive[at] ^= data.draw(st.integers(1, 255))
    whole = sum(end <= at for end in ends)
    assert read_stream(CPIO, bytes(archive), 100).members[:whole] == PAIRS[:whole]


@pytest.mark.parametrize("form", ["newc", "crc", "odc", "bin"])
def test_what_gnu_cpio_writes_is_read(tmp_path: Path, form: str) -> None:
    """The real tool's archives hold what went in."""
    for name, data in PAIRS[:2]:
        (tmp_path / name.decode()).parent.mkdir(exist_ok=True)
        (tmp_path / name.decode()).write_bytes(data)
    made = subprocess.run(
        [tools.find("cpio"), "-o", "-H", form],
        input=b"etc/conf\nempty\n",
        capture_output=True,
        cwd=tmp_path,
        check=True,
    )
    assert read_stream(CPIO, made.stdout).members == PAIRS[:2]


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_package_gives_its_payload_as_a_compression_does(size: int) -> None:
    """The compressed payload is a member without a name; so is one that is not compressed."""
    plain = cpio_of(PAIRS)
    for payload in (plain, gzipped(plain)):
        package = rpm_of(payload, PAIRS)
        assert RPM.recognise(package[:1024])
        reading = read_stream(RPM, package, size)
        assert reading.whole
        assert reading.members == [(None, plain)]
        assert reading.extents[0] is not None
        assert reading.extents[0][0] == len(package) - len(payload)


def test_a_payload_of_numbers_gives_the_files_under_their_names() -> None:
    """Names and sizes that the payload does not say come from the header."""
    pairs = [(b"/etc/p.conf", b"secret"), (b"/etc/q.conf", b"x" * 5), (b"/usr/bin/p", bytes(9))]
    payload = stripped_cpio(enumerate(data for _, data in pairs))
    for packed in (payload, gzipped(payload)):
        reading = read_stream(RPM, rpm_of(packed, pairs))
        assert reading.members == [(b"." + name, data) for name, data in pairs]
        assert reading.whole


def test_a_payload_of_numbers_without_a_list_of_files_is_told() -> None:
    """Where the header does not list the files, the payload cannot be split, and that is reported."""
    assert read_stream(RPM, rpm_of(stripped_cpio([(0, b"x")]))).codes == ["damaged-container"]


def test_a_payload_that_is_damaged_is_told_once() -> None:
    """The failure of the compressed bytes is that of the package."""
    payload = gzipped(cpio_of(PAIRS))
    reading = read_stream(RPM, rpm_of(payload[:-12], PAIRS))
    assert reading.codes == ["cut-stream"]
    pairs = [(b"/etc/p.conf", b"secret" * 100)]
    payload = gzipped(stripped_cpio([(0, pairs[0][1])]))
    assert read_stream(RPM, rpm_of(payload[:-12], pairs)).codes == ["cut-stream"]


@given(st.data())
def test_no_damage_to_a_package_stops_the_reader(data: st.DataObject) -> None:
    """Cut anywhere or any byte changed, nothing is raised."""
    pairs = [(b"/etc/p.conf", b"secret"), (b"/usr/bin/p", bytes(9))]
    package = bytearray(rpm_of(gzipped(stripped_cpio(enumerate(data for _, data in pairs))), pairs))
    at = data.draw(st.integers(0, len(package) - 1))
    package[at] ^= data.draw(st.integers(1, 255))
    read_stream(RPM, bytes(package[: data.draw(st.sampled_from((at, len(package))))]), 100)


SPEC = """Name: p
Version: 1
Release: 1
Summary: s
License: none
BuildArch: noarch
%description
d
%install
mkdir -p %{buildroot}/etc
echo content > %{buildroot}/etc/p.conf
%files
/etc/p.conf
"""


@pytest.mark.parametrize("payload", ["w9.gzdio", "w9.bzdio", "w3.xzdio", "w3.lzdio", "w3.zstdio", "w.ufdio"])
def test_a_package_by_its_tool(tmp_path: Path, payload: str) -> None:
    """`rpmbuild` with each compression: the payload is the archive that `rpm2cpio` returns."""
    (tmp_path / "p.spec").write_text(SPEC)
    command = ["rpmbuild", "--quiet", "-bb", "-D", f"_topdir {tmp_path}", "-D", f"_binary_payload {payload}", "p.spec"]
    command[0] = str(tools.find("rpmbuild"))
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (package,) = tmp_path.glob("RPMS/noarch/*.rpm")
    shown = subprocess.run([tools.find("rpm2cpio"), package], capture_output=True, check=True).stdout
    ((name, content),) = read_stream(RPM, package.read_bytes()).members
    assert name is None
    assert read_stream(CPIO, content).members == read_stream(CPIO, shown).members == [(b"./etc/p.conf", b"content\n")]


def test_a_header_of_forty_megabytes_is_no_obstacle() -> None:
    """A payload is read behind it, and one with numbers in place of names gets the names from it."""
    text, scriptlet = b"content of the file", b"s" * (40 << 20)
    plain = rpm_of(cpio_of([(b"etc/p", text)]), scriptlet=scriptlet)
    assert read_stream(RPM, plain).members == [(None, cpio_of([(b"etc/p", text)]))]
    stripped = rpm_of(stripped_cpio([(0, text)]), [(b"/etc/p", text)], scriptlet=scriptlet)
    assert read_stream(RPM, stripped).members == [(b"./etc/p", text)]


def test_the_bytes_behind_an_impossible_header_are_looked_into() -> None:
    """More entries or bytes than rpm takes are no reason to skip what follows: other readers go on there."""
    behind = tar([("a", b"content of the file")])
    for entries, size in ((1 << 31, 0), (0, 1 << 31)):
        header = b"\x8e\xad\xe8\x01" + struct.pack(">4xII", entries, size)
        reading = read_stream(RPM, b"\xed\xab\xee\xdb\3\0".ljust(96, b"\0") + header + behind)
        assert (reading.codes, reading.parts) == (["damaged-container"], [behind])
