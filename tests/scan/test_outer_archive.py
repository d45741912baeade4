"""The image archive's own bytes: what is in its headers, between its members and behind them is searched too."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.builders import Image, Layer, docker_modern, oci_files, sha256, tar, write
from fixtures.keys import Keys
from tests.effort import examples
from tests.scan.support import codes, scan
from tests.scan.test_wiring import everything, found

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgscan.model import TargetReport

KEY = Keys("the outer archive").secret99()
OTHER = Keys("the outer archive, again").secret24()  # short enough for a header's fields
IMAGE = Image([Layer(tar({"etc/x": b"x"}))])
FILES = oci_files(IMAGE)
LAYER = f"blobs/sha256/{sha256(IMAGE.layers[0].tar)}"


def packed(content: bytes) -> bytes:
    """Compress."""
    return gzip.compress(content, mtime=0)


def archive(*extra: tarfile.TarInfo | tuple[tarfile.TarInfo, bytes], at: int = 2, **options: Any) -> bytes:
    """Write the layout as an archive, with members of any kind among its own."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", **({"format": tarfile.PAX_FORMAT} | options)) as written:
        for number, (name, data) in enumerate(FILES.items()):
            for each in extra if number == at else ():
                info, content = each if isinstance(each, tuple) else (each, b"")
                written.addfile(info, io.BytesIO(content))
            info = tarfile.TarInfo(name)
            info.size = len(data)
            written.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def member(name: str, **fields: Any) -> tarfile.TarInfo:
    """Make a header."""
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def with_data(name: str, data: bytes, kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    """Make a member of any type that has data."""
    info = _Typed(name)
    info.size, info.kind = len(data), kind
    return info, data


class _Typed(tarfile.TarInfo):
    """A header whose type `tarfile` need not know."""

    kind = tarfile.REGTYPE

    def tobuf(self, *given: Any, **options: Any) -> bytes:
        """Write the header."""
        made = super().tobuf(*given, **options)
        return made[:-512] + _typed(made[-512:], self.kind)


def _typed(header: bytes, kind: bytes) -> bytes:
    """Change the type of a header."""
    made = bytearray(header)
    made[156:157] = kind
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    return bytes(made)


def ways(data: bytes, path: Path) -> list[list[TargetReport]]:
    """Scan an archive in each way in which it can be read."""
    where = f"oci-archive:{write(path / 'image.tar', data)}"
    return [scan(where), scan(data), scan(data, size=100), scan(packed(data))]


PLACES: dict[str, tuple[Callable[[], bytes], str, str | None]] = {
    "name of a folder": (lambda: archive(member(KEY, type=tarfile.DIRTYPE)), KEY, "tar/name"),
    "name of a file": (lambda: archive(with_data(f"{KEY}.txt", b"x")), KEY, "tar/name"),
    "name of a file, GNU": (lambda: archive(with_data(f"{KEY}.txt", b"x"), format=tarfile.GNU_FORMAT), KEY, "tar/name"),
    "where a link leads": (
        lambda: archive(member("link", type=tarfile.SYMTYPE, linkname=f"../{KEY}")), KEY, "tar/link"),
    "link name of a file": (lambda: archive(member("file", linkname=OTHER)), OTHER, "tar/link"),
    "PAX record": (lambda: archive(member("file", pax_headers={"comment": KEY})), KEY, "tar/pax/comment"),
    "global PAX record": (lambda: archive(pax_headers={"comment": KEY}), KEY, "tar/pax/comment"),
    "owner": (lambda: archive(member("file", uname=OTHER[:32])), OTHER, "tar/uname"),
    "data of an unknown type": (lambda: archive(with_data("odd", KEY.encode(), b"Z")), KEY, None),
    "packed data of an unknown type": (lambda: archive(with_data("odd", packed(KEY.encode()), b"Z")), KEY, None),
    "earlier member of a layer": (lambda: archive(with_data(LAYER, tar({"k": KEY.encode()}))), KEY, None),
    "earlier member of a layer, packed": (lambda: archive(with_data(LAYER, packed(KEY.encode()))), KEY, None),
    "earlier index": (lambda: archive(with_data("index.json", f'{{"a":"{KEY}"}}'.encode()), at=0), KEY, None),
    "padding": (lambda: _in_padding(archive(), OTHER), OTHER, "tar/padding"),
    "behind the end": (lambda: archive() + KEY.encode(), KEY, "tar/trailer"),
    "far behind the end": (lambda: archive() + bytes(3 << 20) + KEY.encode() + b"\n", KEY, "tar/trailer"),
}  # fmt: skip
"""Where a key is: how it gets there, which one, and the field that is reported."""


def _in_padding(data: bytes, key: str) -> bytes:
    """Put a key behind the data of the first file, before the next header."""
    return data[:700] + key.encode() + data[700 + len(key) :]


@pytest.mark.parametrize("place", PLACES)
def test_a_key_in_the_archives_own_bytes_is_found(place: str, tmp_path: Path) -> None:
    """Wherever in the archive a key is, it is found once, in the same place however the archive is read."""
    make, key, field = PLACES[place]
    reports, *others = ways(make(), tmp_path)
    assert [(each.secret.sha256, each.location.field) for each in reports[0].findings] == [
        (sha256(key.encode()), field)
    ]
    assert [everything(each) for each in others] == [everything(reports)] * 3
    assert key not in repr(reports)


@given(size=st.sampled_from((100, 511, 512, 513, 1 << 16)), place=st.sampled_from(list(PLACES)))
@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_size_of_reads_changes_nothing(size: int, place: str) -> None:
    """However an archive is cut into reads, the same is found and the same is said."""
    data = PLACES[place][0]()
    assert everything(scan(data, size=size)) == everything(scan(data))


@pytest.mark.parametrize("where", ["name", "behind"])
def test_what_the_compression_of_an_archive_stores_is_searched(where: str, tmp_path: Path) -> None:
    """A key in a gzip header of the archive, or behind its compressed content, is found; the latter is reported."""
    data = packed(archive())
    if where == "behind":
        data += KEY.encode()
    else:
        data = data[:3] + b"\x08" + data[4:10] + KEY.encode() + b"\0" + data[10:]
    for reports in (scan(write(tmp_path / "image.tar.gz", data)), scan(data), scan(data, size=100)):
        assert [(each.secret.sha256, each.location.path) for each in reports[0].findings] == [
            (sha256(KEY.encode()), ".image/archive.tar")
        ]
        assert [each.code for each in reports[0].diagnostics] == ([] if where != "behind" else ["trailing-data"])


def test_a_hard_link_with_data_is_searched(tmp_path: Path) -> None:
    """POSIX lets a hard link carry its data; a key in there is found, in reads of any size."""
    info, data = with_data("link", KEY.encode() + bytes(2000))
    header = _typed(member("link", size=len(data), linkname=LAYER).tobuf(tarfile.USTAR_FORMAT), b"1")
    whole = header + data + bytes(-len(data) % 512) + archive()
    for reports in ways(whole, tmp_path):
        assert found(reports) == {sha256(KEY.encode())}
    assert info.size == len(data)


@pytest.mark.parametrize("first", ["etc/", "tmp", "usr/bin/x"])
def test_an_archive_that_begins_like_a_root_filesystem_is_an_image(first: str, tmp_path: Path) -> None:
    """A first member such as `etc/` does not make an archive a root filesystem if it has an image's documents."""
    image = Image([Layer(tar({"app/k": KEY.encode()}))])
    files = oci_files(image)
    name = f"blobs/sha256/{sha256(image.layers[0].tar)}"
    for data, expected in (
        (tar([(first, b"x"), *files.items()]), []),
        (tar([(first, b"x"), *((each, data) for each, data in files.items() if each != name)]), ["layer-missing"]),
        (tar([(first, b"x"), *(files | {name: image.layers[0].tar[:-1] + b"x"}).items()]),
         ["layer-digest", "layer-diff-id"]),
    ):  # fmt: skip
        [report] = scan(write(tmp_path / "image.tar", data))
        assert [code for code in codes(report) if code != "tar-trailing-data"] == expected
        assert {each.location.layer for each in report.findings} == ({0} if expected != ["layer-missing"] else set())
        [passed] = scan(data)
        assert codes(passed)[-1:] == ["kind-unclear"]


def test_a_root_filesystem_with_an_index_is_one(tmp_path: Path) -> None:
    """A web page's `index.json` or `manifest.json` at the top of a root filesystem does not make it an image."""
    for name, content in (("index.json", b'{"pages":[]}'), ("manifest.json", b'{"name":"app"}')):
        [report] = scan(write(tmp_path / "root.tar", tar({"etc/k": KEY.encode(), name: content})))
        assert report.diagnostics == ()
        assert [each.location.path for each in report.findings] == ["etc/k"]


def test_real_dialects_have_nothing_beside() -> None:
    """What tools write holds no key beside the members, and nothing is said about it."""
    [report] = scan(docker_modern(IMAGE))
    assert report.diagnostics == ()
    assert report.findings == ()
