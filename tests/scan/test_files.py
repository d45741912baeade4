"""Scanning files: what a tree holds is found once, under its own name, and what is not read is said."""

from __future__ import annotations

import gzip
import itertools
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.keys import Keys
from imgscan.errors import TargetError, UsageError
from imgscan.scan import ledger
from imgscan.scan.ledger import Ledger
from imgscan.scan.position import HEAD, charset_of
from imgscan.scan.progress import Progress
from imgscan.scan.session import Session
from imgscan.scan.tree import gather, lanes
from imgscan.scan.tree.hitruns import Runs
from imgscan.scan.tree.walk import Walk, pseudo_devices
from imgscan.streams.stop import Stop
from tests import tools
from tests.effort import examples
from tests.scan.support import concealer, digest
from tests.scan.trees import Found, file_scanner, found, grow, lacks, paths, scan_tree
from tests.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.scan.hits import Hit

KEYS = Keys("files")
KEY = KEYS.secret99().encode()
OTHER = KEYS.restricted().encode()
LINE = b"STRIPE_KEY=" + KEY + b"\n"


# where keys are


def test_a_key_has_the_path_below_the_folder(tmp_path: Path) -> None:
    """A finding says path, line, column and offset in its file; it has no layer and no life."""
    root = grow(tmp_path / "app", {"a/b/pay.py": b"\nkey = '" + KEY + b"'\n", "other": b"x"})
    report = scan_tree(root)
    [finding] = report.findings
    place = finding.location
    assert (place.layer, place.path, place.line, place.column, place.offset) == (None, "a/b/pay.py", 2, 8, 8)
    assert (report.kind, finding.visibility, report.stats.entries) == ("filesystem", None, 2)


@pytest.mark.parametrize("spelled", ["app", "app/", "./app", "app/../app", "app//"])
def test_how_a_folder_is_spelled_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelled: str) -> None:
    """Paths are relative to the folder, however it was named."""
    grow(tmp_path / "app", {"etc/env": LINE})
    monkeypatch.chdir(tmp_path)
    assert paths(scan_tree(spelled)) == ["etc/env"]
    monkeypatch.chdir(tmp_path / "app")
    assert paths(scan_tree(".")) == ["etc/env"]


@pytest.mark.parametrize("spelled", ["etc/env", "./etc/env", "link"])
def test_a_single_file_is_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelled: str) -> None:
    """The path of a file that was named itself is its name, that of a link the link's."""
    grow(tmp_path, {"etc/env": LINE})
    (tmp_path / "link").symlink_to("etc/env")
    monkeypatch.chdir(tmp_path)
    assert paths(scan_tree(spelled)) == [spelled.rpartition("/")[2]]


def test_findings_are_in_the_order_of_paths(tmp_path: Path) -> None:
    """Findings come in the order of their paths' bytes, then of their offsets."""
    names = ["a", "a.b", "a/x", "a/x/y", "a0", "B", "z/a", "ä"]
    tree = {name: LINE for name in names if name not in ("a", "a/x")} | {"a/x/z": LINE + OTHER, "a-": LINE}
    got = paths(scan_tree(grow(tmp_path, tree)))
    assert got == sorted(got, key=str.encode)
    assert len(got) == len(tree) + 1


def test_names_may_be_anything(tmp_path: Path) -> None:
    """Newlines, escape sequences, wildcards and bytes that are not UTF-8 are names like any other."""
    names = [b"a\nb", b"\x1b[31m", b"*.[x]", b"\xff\xe9", b" ", b"-", b"#x", "ü".encode()]
    report = scan_tree(grow(tmp_path, {b"d/" + name: LINE for name in names}))
    assert len(report.findings) == len(names)
    assert {finding.location.path_bytes for finding in report.findings} == {None, b"d/\xff\xe9"}
    assert report.whole


def test_a_name_may_be_a_key(tmp_path: Path) -> None:
    """A key in a path is found once for each file, before what the file holds, and is shown nowhere."""
    short = KEYS.secret34()
    report = scan_tree(grow(tmp_path, {f"b/{short}.txt": LINE, "a": LINE, "c": LINE}))
    assert [(each.location.path, each.location.field) for each in report.findings if each.location.field] == [
        (report.findings[1].location.path, "file/name")
    ]
    assert [each.secret.sha256 for each in report.findings] == [digest(KEY), digest(short), digest(KEY), digest(KEY)]
    assert short not in repr(report)


def test_a_file_that_is_named_minus_is_no_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with that name is scanned as ./-."""
    grow(tmp_path, {"-": LINE})
    monkeypatch.chdir(tmp_path)
    assert paths(scan_tree("./-")) == ["-"]


@pytest.mark.parametrize("size", [0, 1, 511, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 17])
def test_a_key_at_the_end_of_a_file_of_any_size(tmp_path: Path, size: int) -> None:
    """A key in the last bytes of a file is found, whatever is read at a time."""
    grow(tmp_path, {"a": b"\n" * size + KEY, "b": b"0" * 100})
    [finding] = scan_tree(tmp_path).findings
    assert (finding.location.offset, finding.location.line) == (size, size + 1)


def test_files_are_not_joined(tmp_path: Path) -> None:
    """The end of one file and the beginning of the next are no key, nor do they touch each other's."""
    short = KEYS.secret34().encode()
    report = scan_tree(grow(tmp_path, {"a": KEY[:60], "b": KEY[60:], "c": short, "d": b"x" * 50 + b" ", "e": short}))
    assert digest(KEY) not in [each.sha256 for each in found(report)]
    assert [each.path for each in found(report) if each.sha256 == digest(short)] == ["c", "e"]


def test_a_file_without_bytes_is_read(tmp_path: Path) -> None:
    """Empty files count as read and lack nothing."""
    report = scan_tree(grow(tmp_path, {"a": b"", "b": LINE, "c": b""}))
    assert (report.stats.entries, report.stats.bytes, report.diagnostics) == (3, len(LINE), ())


# laws


_pieces = st.sampled_from([KEY, OTHER, KEYS.secret34().encode(), KEYS.webhook().encode(), KEY[:40], b"stripe ", b"\n",
                           b"\0", "ü".encode(), b"x" * 700, KEY.decode().encode("utf-16-le")])  # fmt: skip
_contents = st.lists(_pieces, max_size=6).map(b"".join)
_names = st.lists(st.sampled_from(["a", "b", "c.txt", "d-e"]), min_size=1, max_size=3).map("/".join)


def _possible(tree: dict[str, bytes]) -> bool:
    return not any(other.startswith(name + "/") for name in tree for other in tree)


@given(st.dictionaries(_names, _contents, max_size=12).filter(_possible), st.integers(1, 3))
@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_tree_is_its_files(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, bytes], jobs: int) -> None:
    """A scan of a tree finds what the engine finds in each file by itself."""
    root = grow(tmp_path_factory.mktemp("tree"), tree)
    engine = concealer().engine
    expected = [
        Found(name, match.start, digest(match.secret))
        for name, content in sorted(tree.items())
        for match in engine.search(content, path=name, binary=charset_of(content[:HEAD]) == "binary")
    ]
    assert found(scan_tree(root, jobs=jobs)) == expected


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tree of many folders, some large files and a few keys."""
    keys = Keys("forest")
    tree: dict[str | bytes, bytes] = {}
    for number in range(1500):
        content = f"line {number}\n".encode() * (number % 40)
        tree[f"d{number % 37}/e{number % 11}/f{number}"] = content + (
            keys.secret99().encode() + b"\n" if number % 50 == 0 else b""
        )
    tree["d3/large"] = b"x\n" * (5 << 20) + KEY
    tree["large"] = b"x\n" * (5 << 20) + KEY
    return grow(tmp_path_factory.mktemp("forest"), tree)


@pytest.mark.parametrize("jobs", [2, 8])
def test_jobs_change_nothing(forest: Path, jobs: int) -> None:
    """The report is the same for any number of files at a time."""
    alone = scan_tree(forest)
    assert len(alone.findings) == 32
    assert scan_tree(forest, jobs=jobs) == alone


@pytest.mark.parametrize("size", [1, 40])
def test_groups_change_nothing(forest: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Nor is it another for other numbers of files that are read together."""
    whole = scan_tree(forest)
    monkeypatch.setattr(gather, "_TOGETHER", size)
    assert scan_tree(forest, jobs=2) == whole


@pytest.mark.parametrize("waited", [lambda: 0, itertools.count().__next__])
@pytest.mark.parametrize("jobs", [1, 4])
def test_slow_storage_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waited: Callable[[], int], jobs: int
) -> None:
    """Nor where the storage is waited for: then all threads read."""
    tree = {f"f{number:03}": LINE if number % 3 else b"" for number in range(100)}
    root = grow(tmp_path, tree | {"g": LINE + b"\n" * (2 << 20) + LINE, "x": gzip.compress(LINE)})
    (root / "h").hardlink_to(root / "f001")
    monkeypatch.setattr(gather, "_storage", waited)
    report = scan_tree(root, jobs=jobs)
    assert paths(report) == [*(name for name, data in tree.items() if data), "g", "g", "x"]
    assert report.stats.entries == 102
    assert report.diagnostics == ()


# what is not read


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Links to files, to folders, out of the tree, to themselves and to nothing add nothing and end."""
    grow(tmp_path / "outside", {"secret": LINE})
    root = grow(tmp_path / "tree", {"d/real": LINE})
    for name, target in [("d/loop", "."), ("up", ".."), ("out", "../outside"), ("file", "d/real"),
                         ("self", "self"), ("gone", "nowhere"), ("abs", str(tmp_path / "outside/secret"))]:  # fmt: skip
        (root / name).symlink_to(target)
    report = scan_tree(root)
    assert paths(report) == ["d/real"]
    assert report.diagnostics == ()


def test_a_folder_may_be_given_as_a_link(tmp_path: Path) -> None:
    """What the user names is followed."""
    grow(tmp_path / "real", {"env": LINE})
    (tmp_path / "link").symlink_to("real")
    assert paths(scan_tree(tmp_path / "link")) == ["env"]


def test_a_file_of_several_names_is_read_once(tmp_path: Path) -> None:
    """Hard links are one file, which is found under the first of its names, in each target again."""
    root = grow(tmp_path, {"b/x": LINE, "y": OTHER})
    (root / "c").hardlink_to(root / "b/x")
    (root / "a").mkdir()
    (root / "a/z").hardlink_to(root / "b/x")
    for _ in range(2):
        report = scan_tree(root)
        assert paths(report) == ["a/z", "y"]
        assert report.stats.entries == 2


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    """Pipes and sockets are skipped with a reason, and nothing waits for them."""
    root = grow(tmp_path, {"env": LINE})
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket"))
        report = scan_tree(root)
    assert paths(report) == ["env"]
    assert lacks(report) == [("skipped", "special-file", "pipe"), ("skipped", "special-file", "socket")]
    assert [each.message for each in report.diagnostics] == ["a named pipe is not read", "a socket is not read"]
    assert report.whole


def test_devices_are_passed_over(tmp_path: Path) -> None:
    """A device node is skipped with a reason."""
    tools.root("device nodes")
    try:
        os.mknod(tmp_path / "null", 0o600 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        tools.missing("the right to make device nodes")
    assert lacks(scan_tree(tmp_path)) == [("skipped", "special-file", "null")]


def test_a_file_that_vanishes_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was listed and cannot be opened makes the scan not whole; the others are read."""
    root = grow(tmp_path, {"a": LINE, "b": OTHER, "c": LINE})
    real = os.open

    def vanishing(path: bytes, flags: int) -> int:
        if path.endswith(b"/b"):
            Path(os.fsdecode(path)).unlink()
        return real(path, flags)

    monkeypatch.setattr(os, "open", vanishing)
    report = scan_tree(root)
    assert paths(report) == ["a", "c"]
    assert lacks(report) == [("error", "unreadable-file", "b")]
    assert "No such file" in report.diagnostics[0].message


def test_a_file_that_becomes_a_link_is_not_followed(tmp_path: Path) -> None:
    """What was a file when it was listed and is a link when it is opened is an error, and leads nowhere."""
    grow(tmp_path / "outside", {"secret": LINE})
    root = grow(tmp_path / "tree", {"a": b"x"})
    (root / "a").unlink()
    (root / "a").symlink_to(tmp_path / "outside/secret")
    outcome, hits = _read(root)
    assert hits == []
    assert [each.code for each in outcome.unread] == ["unreadable-file"]


def test_a_file_that_becomes_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """What was a file when it was listed and is a pipe when it is opened is skipped."""
    os.mkfifo(tmp_path / "a")
    outcome, _ = _read(tmp_path)
    assert [(each.severity, each.code) for each in outcome.unread] == [("skipped", "special-file")]


def test_a_read_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a broken disk gives of a file is searched, and the rest is said to be lacking."""
    root = grow(tmp_path, {"a": LINE + b" " * (2 << 20), "b": OTHER})
    real = os.read

    def failing(handle: int, count: int) -> bytes:
        if os.lseek(handle, 0, os.SEEK_CUR) > 1000:
            raise OSError(5, "Input/output error")
        return real(handle, count)

    monkeypatch.setattr(os, "read", failing)
    report = scan_tree(root)
    assert paths(report) == ["a", "b"]
    assert lacks(report) == [("error", "unreadable-file", "a")]


@pytest.mark.parametrize("before", [b"", b"\n"])
def test_a_file_that_grows_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes) -> None:
    """What is written to a file after it was looked at and before it is read is found, be it empty until then."""
    root = grow(tmp_path, {"log": before})
    real = os.read

    def growing(handle: int, count: int) -> bytes:
        monkeypatch.setattr(os, "read", real)
        (root / "log").write_bytes(before + LINE)
        return real(handle, count)

    monkeypatch.setattr(os, "read", growing)
    report = scan_tree(root)
    assert paths(report) == ["log"]
    assert report.diagnostics == ()


def _read(root: Path) -> tuple[lanes.Outcome, list[Hit]]:
    """Read the file `a` of a folder; return also the hits."""
    top = os.path.join(os.fsencode(root), b"")  # noqa: PTH118
    runs = Runs()
    outcome = lanes.Lane(Session(concealer()), runs).read(gather.Gatherer([(b"a", root.stat().st_dev)], top))
    return outcome, list(runs.take())


@pytest.mark.parametrize("become", ["link", "file", "nothing"])
def test_a_folder_that_becomes_something_else_is_an_error(tmp_path: Path, become: str) -> None:
    """A folder that was listed and is not a folder when it is entered is an error, and is not followed."""
    grow(tmp_path / "outside", {"secret": LINE})
    root = grow(tmp_path / "tree", {"a": b"x", "b/c": b"x", "d": b"x"})
    told = Ledger()
    walk = iter(Walk(os.fsencode(root), told))
    assert next(walk)[0] == b"a"
    (root / "b/c").unlink()
    (root / "b").rmdir()
    if become == "link":
        (root / "b").symlink_to(tmp_path / "outside")
    elif become == "file":
        (root / "b").write_bytes(b"x")
    assert [path for path, _ in walk] == [b"d"]
    assert [(each.code, each.path) for each in told.diagnostics(concealer())] == [("unreadable-folder", "b/")]


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be listed makes the scan not whole; the rest is read."""
    root = grow(tmp_path, {"a/x": LINE, "b/x": LINE})
    real = os.scandir

    def refusing(path: bytes) -> object:
        if path.endswith(b"/a/"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("imgscan.scan.tree.walk.os.scandir", refusing)
    report = scan_tree(root)
    assert paths(report) == ["b/x"]
    assert lacks(report) == [("error", "unreadable-folder", "a/")]


def test_many_troubles_of_a_kind_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand skipped files of a kind the first are named and the others counted."""
    monkeypatch.setattr(ledger, "MOST", 3)
    for number in range(10):
        os.mkfifo(tmp_path / f"p{number}")
    report = scan_tree(tmp_path)
    assert [each.path for each in report.diagnostics] == ["p0", "p1", "p2", None]
    assert report.diagnostics[-1].message == "7 more of the kind special-file are not listed"


# what the kernel makes up


def test_pseudo_filesystems_are_known_by_their_mounts(tmp_path: Path) -> None:
    """The list of mounts tells which devices store nothing."""
    mounts = tmp_path / "mountinfo"
    mounts.write_bytes(
        b"22 1 0:21 / /proc rw,nosuid shared:5 - proc proc rw\n"
        b"23 1 0:22 / /sys rw - sysfs sysfs rw\n"
        b"24 1 254:0 / / rw - ext4 /dev/vda rw\n"
        b"nonsense\n"
    )
    assert pseudo_devices(mounts) == {os.makedev(0, 21): "proc", os.makedev(0, 22): "sysfs"}
    assert pseudo_devices(tmp_path / "none") == {}


def test_a_pseudo_filesystem_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on such a filesystem is skipped, with its type for a reason."""
    root = grow(tmp_path, {"a/b": LINE})
    monkeypatch.setattr("imgscan.scan.tree.walk.pseudo_devices", lambda: {root.stat().st_dev: "proc"})
    report = scan_tree(root)
    assert (lacks(report), paths(report)) == ([("skipped", "pseudo-filesystem", "")], [])
    assert "a proc filesystem" in report.diagnostics[0].message


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_file_of_the_kernel_that_is_named_is_read() -> None:
    """A file that says it is empty and is not, such as a process's environment, is read if the user asks for it."""
    report = scan_tree("/proc/self/status")
    assert report.diagnostics == ()
    assert report.stats.bytes > 100


def test_an_empty_file_that_is_named_is_clean(tmp_path: Path) -> None:
    """Nothing is said of a file without bytes."""
    assert scan_tree(grow(tmp_path, {"empty": b""}) / "empty").diagnostics == ()


class _Cutting(Progress):
    """Somebody who cuts a file when some of it has been read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def advance(self, count: int) -> None:  # noqa: ARG002
        """Cut it."""
        os.truncate(self._path, 1 << 20)


@pytest.mark.parametrize("target", ["tree", "tree/log"])
def test_a_file_that_becomes_shorter_is_reported(tmp_path: Path, target: str) -> None:
    """What was cut off while the file was being read has been seen by nobody: that is not clean."""
    grow(tmp_path, {"tree/log": b"x\n" * (8 << 20)})
    (report,) = file_scanner(progress=_Cutting(tmp_path / "tree/log")).scan(str(tmp_path / target))
    assert lacks(report) == [("error", "file-changed", "log")]


# depth


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with a file that no path of 4,096 bytes reaches."""
    name = "d" * 200
    handles = [os.open(tmp_path, os.O_RDONLY)]
    for _ in range(30):
        os.mkdir(name, dir_fd=handles[-1])
        handles.append(os.open(name, os.O_RDONLY, dir_fd=handles[-1]))
    with os.fdopen(os.open("key", os.O_WRONLY | os.O_CREAT, dir_fd=handles[-1]), "wb") as file:
        file.write(LINE)
    yield tmp_path
    os.unlink("key", dir_fd=handles[-1])
    for above in handles[-2::-1]:
        os.rmdir(name, dir_fd=above)
    for handle in handles:
        os.close(handle)


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="needs openat")
def test_a_file_deeper_than_a_path_may_be_long_is_read(deep: Path) -> None:
    """A tree's depth is limited by nothing."""
    report = scan_tree(deep)
    assert (lacks(report), paths(report)) == ([], ["/".join(["d" * 200] * 30 + ["key"])])


# holes


def _sparse(path: Path, pieces: dict[int, bytes], size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
        for offset, data in pieces.items():
            file.seek(offset)
            file.write(data)
    return path


def test_holes_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a terabyte with two keys in it is read where it has data, and the keys have their offsets."""
    pieces = {5 << 30: LINE, (900 << 30) + 7: OTHER}
    try:
        _sparse(tmp_path / "disk", pieces, 1 << 40)
    except OSError:
        tools.missing("a filesystem that keeps a file of a terabyte")
    if (tmp_path / "disk").stat().st_blocks > 10_000:
        tools.missing("a filesystem that keeps holes")
    read = 0
    real = os.read

    def counting(handle: int, count: int) -> bytes:
        nonlocal read
        data = real(handle, count)
        read += len(data)
        return data

    monkeypatch.setattr(os, "read", counting)
    for target in (tmp_path, tmp_path / "disk"):
        report = scan_tree(target)
        assert [each.offset for each in found(report)] == [(5 << 30) + 11, (900 << 30) + 7]
        assert report.whole
    assert read < 10 << 20


@given(
    st.dictionaries(st.integers(0, 60), st.sampled_from([KEY, LINE, b"\n", b"\0", KEY[:50], b"x" * 5000]), max_size=5),
    st.integers(0, 5000),
    st.booleans(),
)
@settings(max_examples=examples(10))
def test_holes_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, pieces: dict[int, bytes], behind: int, text: bool
) -> None:
    """A file with holes has the findings of the same file without."""
    root = tmp_path_factory.mktemp("sparse")
    step = 1 << 17
    places = {number * step + number: data for number, data in pieces.items()} | ({0: b"text\n" * 4000} if text else {})
    size = 61 * step + behind
    path = _sparse(root / "f", places, size)
    content = path.read_bytes()
    path.rename(root / "g")
    (root / "f").write_bytes(content)
    expected = [(finding.location, finding.fingerprint) for finding in scan_tree(root / "f").findings]
    (root / "f").unlink()
    (root / "g").rename(root / "f")
    assert [(finding.location, finding.fingerprint) for finding in scan_tree(root / "f").findings] == expected


# other targets


def test_standard_input_is_a_file(tmp_path: Path) -> None:
    """What comes on standard input is one file, named -."""
    report = scan_tree("-", stdin=Trickle(b"a\n" * 700_000 + LINE, 1000))
    [finding] = report.findings
    assert (finding.location.path, finding.location.line) == ("-", 700_001)
    assert (report.kind, report.stats.entries, report.stats.bytes) == ("filesystem", 1, 1_400_000 + len(LINE))


def test_nothing_on_standard_input_is_nothing_found() -> None:
    """An empty standard input is an empty file."""
    report = scan_tree("-", stdin=Trickle(b"", 10))
    assert (report.findings, report.diagnostics) == ((), ())


def test_a_pipe_that_is_named_is_read(tmp_path: Path) -> None:
    """A named pipe as a target, which shells make of <(command), is read to its end."""
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(LINE))
    writer.start()
    assert paths(scan_tree(tmp_path / "pipe")) == ["pipe"]
    writer.join()


@pytest.mark.parametrize("name", ["none", "none/below", "gone", "file/", "a\0b"])
def test_a_target_that_is_not_there(tmp_path: Path, name: str) -> None:
    """A target that does not exist, or that is a link to nothing, is an error of the request."""
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "file").write_bytes(LINE)
    with pytest.raises(TargetError, match="cannot read"):
        scan_tree(f"{tmp_path}/{name}")


def test_a_device_is_no_target() -> None:
    """A character device that is named itself is refused: it may never end."""
    with pytest.raises(TargetError, match="it is a device"):
        scan_tree("/dev/zero")


def test_a_closed_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no standard input, that is said."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="closed"):
        scan_tree("-")


# a scan that is stopped


class _Stopping(Progress):
    """A user who stops the scan when some megabytes have been read."""

    def __init__(self, stop: Stop, after: int) -> None:
        self._left = after
        self._stop = stop

    def advance(self, count: int) -> None:  # noqa: ARG002
        """Count."""
        self._left -= 1
        if self._left == 0:
            self._stop.set()


@pytest.mark.parametrize("name", ["tree", "file", "-"])
def test_what_was_found_before_an_interruption_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A scan that is stopped reports what it has found, and that it is not whole."""
    grow(tmp_path / "tree", {f"f{number:04}": LINE + b"\n" * (1 << 18) for number in range(80)})
    grow(tmp_path, {"file": LINE + b"\n" * (6 << 20) + LINE})
    monkeypatch.setattr(gather, "_TOGETHER", 1)
    stop = Stop()
    stdin = Trickle((tmp_path / "file").read_bytes(), 1 << 20)
    scanner = file_scanner(progress=_Stopping(stop, 5 if name == "-" else 3), stop=stop, stdin=stdin)
    (report,) = scanner.scan(name if name == "-" else str(tmp_path / name))
    assert stop.is_set()
    assert report.diagnostics[0].code == "interrupted"
    assert 1 <= len(report.findings) < (80 if name == "tree" else 2)
