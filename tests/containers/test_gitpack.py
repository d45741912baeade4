"""Packs: every object whole, as git itself gives it, and nothing that a hostile one can do."""

from __future__ import annotations

import mmap
import random
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.keys import Keys
from imgscan.containers.base import Member
from imgscan.containers.git import deltas as gitdelta
from imgscan.containers.git import pack as gitpack
from imgscan.containers.git import packindex as gitindex
from imgscan.containers.git import store as gitstore
from tests.containers import gitpacks
from tests.containers.gitpacks import BLOB, COMMIT, OFFSET, REFERENCE, TAG, TREE, Pack, copy, delta, insert, name_of
from tests.detect.driver import SCREENED
from tests.effort import examples

if TYPE_CHECKING:
    from pathlib import Path

KEYS = Keys("git packs")


def lines(seed: int, count: int) -> list[bytes]:
    """Make lines that do not compress to nothing."""
    source = random.Random(seed)
    return [b"%032x %032x" % (source.getrandbits(128), source.getrandbits(128)) for _ in range(count)]


def history(seed: int, count: int, files: int = 4) -> list[dict[str, bytes | None]]:
    """Make changes of a line or two each, to a few files in folders."""
    source = random.Random(seed)
    texts = {f"src/part{number % 2}/file{number}.txt": lines(number, 60) for number in range(files)}
    changes: list[dict[str, bytes | None]] = []
    for step in range(count):
        path = source.choice(sorted(texts))
        texts[path][source.randrange(60)] = b"line of change %d" % step
        changes.append({path: b"\n".join(texts[path])})
    return changes


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository with all kinds of objects, in one pack of offset deltas."""
    path = gitpacks.new(tmp_path_factory.mktemp("git") / "repository")
    gitpacks.git(path, "fast-import", "--quiet", data=gitpacks.commits(history(1, 120)))
    gitpacks.git(path, "tag", "-a", "-m", "what the tag says", "v1", "main")
    gitpacks.git(path, "repack", "-adfq", "--depth=40")
    return path


@pytest.mark.parametrize("options", [["--delta-base-offset"], []], ids=["offsets", "references"])
def test_every_object_is_what_git_says(repository: Path, options: list[str]) -> None:
    """Commits, blobs and tags come under their ids, with the content that `git cat-file` shows, once each."""
    listed = gitpacks.git(repository, "rev-list", "--objects", "--all")
    pack = gitpacks.git(repository, "pack-objects", "--stdout", "-q", *options, data=listed)
    read = gitpacks.read(pack)
    assert read.whole == gitpacks.everything(repository)
    assert read.unread == []


def test_a_repository_that_names_by_sha256(tmp_path: Path) -> None:
    """Where the repository names its objects by SHA-256, so do the members."""
    path = gitpacks.new(tmp_path / "repository", "--object-format=sha256")
    gitpacks.git(path, "fast-import", "--quiet", data=gitpacks.commits(history(2, 30)))
    gitpacks.git(path, "repack", "-adfq")
    read = gitpacks.read(gitpacks.the_pack(path))
    assert read.whole == gitpacks.everything(path)
    assert {len(name) for name in read.whole} == {64}
    assert read.unread == []


def test_a_key_that_a_delta_tells_in_pieces(tmp_path: Path) -> None:
    """Of 1,000 commits one rotated a key, and ten before the last it was deleted: found whole, with commit and path."""
    account = KEYS.account()
    old, new = KEYS.secret99(account=account), KEYS.secret99(account=account)
    changes = history(3, 1000)
    settings = lines(9, 40)

    def conf(key: str) -> bytes:
        return b"\n".join([*settings[:20], b"key = " + key.encode(), *settings[20:]])

    changes[700]["conf/pay.ini"] = conf(old)
    changes[900]["conf/pay.ini"] = conf(new)
    changes[990]["conf/pay.ini"] = None
    path = gitpacks.new(tmp_path / "repository")
    gitpacks.git(path, "fast-import", "--quiet", data=gitpacks.commits(changes))
    gitpacks.git(path, "gc", "--aggressive", "--quiet")
    pack = gitpacks.the_pack(path)
    assert old.encode() not in _streams(pack) or new.encode() not in _streams(pack)
    found = {}
    for member in gitpack.members(pack):
        assert isinstance(member, Member)
        for match in SCREENED.search(b"".join(bytes(chunk) for chunk in member.chunks)):
            assert member.brought is not None
            found[match.secret.decode()] = (member.name, member.brought())
    first, second = (
        gitpacks.git(path, "log", "--all", "--format=%H", f"--grep=^change {step}$").decode().strip()
        for step in (700, 900)
    )
    assert found == {
        old: (name_of(conf(old)), (first, b"conf/pay.ini")),
        new: (name_of(conf(new)), (second, b"conf/pay.ini")),
    }


def _streams(pack: bytes) -> bytes:
    """Return every compressed stream of a pack, inflated, as a search that knows no deltas would see them."""
    parts = []
    at = 12
    while at < len(pack) - 20:
        decoder = zlib.decompressobj()
        try:
            parts.append(decoder.decompress(pack[at:]))
            at = len(pack) - len(decoder.unused_data) if decoder.eof else at + 1
        except zlib.error:
            at += 1
    return b"\0".join(parts)


def test_stash_and_unreachable_objects_are_objects(tmp_path: Path) -> None:
    """What was stashed, and what no reference leads to, is given as everything else is."""
    path = gitpacks.new(tmp_path / "repository")
    (path / "a").write_bytes(b"committed")
    gitpacks.git(path, "add", "a")
    gitpacks.git(path, "commit", "-q", "-m", "first")
    (path / "a").write_bytes(b"stashed")
    gitpacks.git(path, "stash", "-q")
    gitpacks.git(path, "repack", "-adq")
    lost = gitpacks.git(path, "hash-object", "-w", "--stdin", data=b"nobody refers to this").strip()
    gitpacks.git(path, "repack", "-adq", "--keep-unreachable")
    read = gitpacks.read(gitpacks.the_pack(path))
    assert read.whole[lost] == b"nobody refers to this"
    assert read.whole[name_of(b"stashed")] == b"stashed"
    brought = read.members[name_of(b"stashed")].brought
    assert brought is not None
    assert brought() == (gitpacks.git(path, "rev-parse", "stash").decode().strip(), b"a")


def test_a_bundle_is_a_pack_behind_text(repository: Path, tmp_path: Path) -> None:
    """`git bundle` writes the same objects, and they are read alike."""
    bundle = tmp_path / "all.bundle"
    gitpacks.git(repository, "bundle", "create", "-q", str(bundle), "--all")
    data = bundle.read_bytes()
    assert gitpack.recognise_bundle(data[:1024])
    given = [each for each in gitpack.bundle_members(data) if isinstance(each, Member)]
    assert {each.name for each in given} == set(gitpacks.everything(repository))


def test_bundles_that_take_a_base_for_granted(tmp_path: Path) -> None:
    """What is based on an object that is not in a bundle is given as far as it is new, and said to be incomplete."""
    changes = history(4, 20, files=1)
    key = KEYS.secret99()
    (name,) = changes[-1]
    content = changes[-1][name]
    assert content is not None
    changes.append({name: content.replace(b"\n", b"\nkey = " + key.encode() + b"\n", 1)})
    path = gitpacks.new(tmp_path / "repository")
    gitpacks.git(path, "fast-import", "--quiet", data=gitpacks.commits(changes))
    bundle = tmp_path / "last.bundle"
    gitpacks.git(path, "bundle", "create", "-q", str(bundle), "main~1..main")
    given = list(gitpack.bundle_members(bundle.read_bytes()))
    assert [each.code for each in given if not isinstance(each, Member)] == ["missing-base"]
    texts = [b"".join(bytes(chunk) for chunk in each.chunks) for each in given if isinstance(each, Member)]
    assert any(key.encode() in text for text in texts)


def test_packs_and_bundles_are_told_by_their_first_bytes() -> None:
    """A pack has a signature, a version that is known and a count."""
    assert gitpack.recognise(bytes(Pack())[:1024])
    assert gitpack.recognise(bytes(Pack(version=3)))
    assert not gitpack.recognise(bytes(Pack(version=4)))
    assert not gitpack.recognise(bytes(Pack())[:11])
    assert not gitpack.recognise(b"PACK my box with five dozen jugs")
    assert not gitpack.recognise_bundle(b"# v2 git bundles are nice\n")


def test_a_bundle_without_its_pack_is_cut() -> None:
    """A bundle's head alone is an error."""
    (unread,) = gitpack.bundle_members(b"# v2 git bundle\n")
    assert not isinstance(unread, Member)
    assert unread.code == "cut-stream"


def test_an_empty_pack_has_nothing_to_say() -> None:
    """No objects, no members, nothing unread."""
    read = gitpacks.read(bytes(Pack()))
    assert (read.whole, read.unread) == ({}, [])


def test_version_three_is_read_alike() -> None:
    """Version 3 differs from 2 in its number alone."""
    pack = Pack(version=3)
    pack.add(BLOB, b"text")
    assert gitpacks.read(bytes(pack)).whole == {name_of(b"text"): b"text"}


def test_a_base_may_stand_behind_what_is_told_from_it() -> None:
    """A reference delta may come before its base, and before the base of that."""
    pack = Pack()
    pack.add(REFERENCE, delta(6, 9, copy(0, 6), insert(b"ree")), gitpacks.identity(BLOB, b"one tw"))
    pack.add(REFERENCE, delta(3, 6, copy(0, 3), insert(b" tw")), gitpacks.identity(BLOB, b"one"))
    pack.add(BLOB, b"one")
    read = gitpacks.read(bytes(pack))
    assert set(read.whole.values()) == {b"one", b"one tw", b"one twree"}
    assert read.unread == []


def test_trees_told_by_reference_are_no_missing_objects() -> None:
    """A reference delta that makes a tree is not given, and nothing lacks."""
    body = b"100644 a\0" + gitpacks.identity(BLOB, b"x")
    pack = Pack()
    pack.add(REFERENCE, delta(len(body), len(body), copy(0, len(body))), gitpacks.identity(TREE, body))
    pack.add(TREE, body)
    read = gitpacks.read(bytes(pack))
    assert (read.whole, read.unread) == ({}, [])


@pytest.mark.parametrize("kind", [COMMIT, TAG])
def test_what_commits_and_tags_say_is_content(kind: int) -> None:
    """Messages hold keys as files do."""
    pack = Pack()
    pack.add(kind, b"message")
    assert gitpacks.read(bytes(pack)).whole == {name_of(b"message", kind): b"message"}


def test_a_chain_of_ten_thousand_deltas() -> None:
    """Chains are followed without recursion, to their end, in either direction of the file."""
    pack = Pack()
    last = pack.add(BLOB, b"0")
    bodies = [b"0"]
    for step in range(1, 10_001):
        last = pack.add(OFFSET, delta(len(bodies[-1]), step % 7 + 1, copy(0, 1), insert(b"x") * (step % 7)), last)
        bodies.append(b"0" + b"x" * (step % 7))
    read = gitpacks.read(bytes(pack))
    assert set(read.whole.values()) == set(bodies)
    assert read.unread == []
    backwards = Pack()
    texts = [b"%d" % step for step in range(10_001)]
    for step in range(10_000, 0, -1):
        base = texts[step - 1]
        new = delta(len(base), len(texts[step]), insert(texts[step]))
        backwards.add(REFERENCE, new, gitpacks.identity(BLOB, base))
    backwards.add(BLOB, texts[0])
    read = gitpacks.read(bytes(backwards))
    assert set(read.whole.values()) == set(texts)
    assert read.unread == []


def test_bases_that_were_let_go_are_made_again(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    """However little may be held, the objects are the same."""
    pack = gitpacks.the_pack(repository)
    expected = gitpacks.read(pack).whole
    monkeypatch.setattr(gitstore.Store.__init__, "__kwdefaults__", {"cache": 9000, "algorithm": None})
    read = gitpacks.read(pack)
    assert read.whole == expected
    assert read.unread == []


def test_large_objects_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than may be made in one piece comes piece by piece, under the same name, deltas too."""
    monkeypatch.setattr(gitpack, "WHOLE", 1000)
    body = b"\n".join(lines(7, 100))
    changed = body[:500] + b"new" + body[500:] * 300
    pack = Pack()
    base = pack.add(BLOB, body)
    pack.add(
        OFFSET,
        delta(len(body), len(changed), copy(0, 500), insert(b"new"), *[copy(500, len(body) - 500)] * 300),
        base,
    )
    read = gitpacks.read(bytes(pack))
    assert read.whole == {name_of(body): body, name_of(changed): changed}
    assert read.unread == []


def test_a_delta_without_its_base_is_given_as_what_it_adds() -> None:
    """What is new in it may be a key; what it takes from elsewhere is said to lack."""
    pack = Pack()
    offset = pack.add(REFERENCE, delta(9, 12, insert(b"new"), copy(0, 6), insert(b"too")), b"\x11" * 20)
    read = gitpacks.read(bytes(pack))
    assert read.whole == {b"object-at-%d" % offset: b"new" + gitdelta.SEPARATOR + b"too"}
    assert read.codes == ["missing-base"]


def test_a_wrong_delta_costs_its_own_object_only() -> None:
    """A delta that cannot be followed is an error; the objects around it are read."""
    table: list[bytes] = [
        delta(3, 9, copy(0, 9)),  # beyond the end of the base
        delta(4, 3, copy(0, 3)),  # for another base
        delta(3, 2, copy(0, 3)),  # more than it says
        delta(3, 4, copy(0, 3)),  # less than it says
        delta(3, 3, b"\0"),  # no such instruction
        delta(3, 9, b"\x09abc"),  # cut in new bytes
        delta(3, 3, b"\xff\0\0"),  # cut in a copy
        b"\x80\x80",  # cut in its header
        b"\x80" * 12 + b"\x01",  # a size of 84 bits
        b"",
    ]
    for wrong in table:
        pack = Pack()
        base = pack.add(BLOB, b"one")
        pack.add(OFFSET, wrong, base)
        pack.add(BLOB, b"two")
        read = gitpacks.read(bytes(pack))
        assert set(read.whole.values()) == {b"one", b"two"}, wrong
        assert read.codes == ["damaged-stream"], wrong
        assert read.unread[0].severity == "error", wrong


def test_a_delta_that_makes_gigabytes_is_made_in_pieces() -> None:
    """A few kilobytes that tell four gigabytes are followed as far as somebody reads, in pieces of a megabyte."""
    pack = Pack()
    base = pack.add(BLOB, bytes(1 << 16))
    pack.add(OFFSET, delta(1 << 16, 1 << 32, b"\x80" * (1 << 16)), base)
    *_, large = (each for each in gitpack.members(bytes(pack)) if isinstance(each, Member))
    first = next(iter(large.chunks))
    assert len(first) == 1 << 20


def test_a_delta_that_lies_about_four_gigabytes() -> None:
    """A result that would be four gigabytes and is three bytes is an error behind three bytes."""
    pack = Pack()
    base = pack.add(BLOB, b"one")
    pack.add(OFFSET, delta(3, 1 << 32, copy(0, 3)), base)
    read = gitpacks.read(bytes(pack))
    assert list(read.broken.values()) == [b"one"]
    assert "damaged-stream" in read.codes


def test_deltas_of_too_many_instructions_stop_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instructions are counted; what is far more than a pack of this size explains is not followed."""
    monkeypatch.setattr(gitindex, "_STEPS", 1000)
    pack = Pack()
    base = pack.add(BLOB, b"one")
    for _ in range(3):
        pack.add(OFFSET, delta(3, 20_000, insert(b"x") * 20_000), base)
    read = gitpacks.read(bytes(pack))
    assert read.codes == ["work-limit"]
    assert list(read.whole.values()) == [b"one"]


def test_trees_that_inflate_without_end_stop_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are inflated and not given are counted."""
    monkeypatch.setattr(gitindex, "_WORK", 1 << 20)
    pack = Pack()
    for _ in range(20):
        pack.add(TREE, bytes(1 << 20))
    assert gitpacks.read(bytes(pack)).codes == ["work-limit"]


@pytest.mark.parametrize("claim", [3, 100])
def test_an_object_that_lies_about_its_size(claim: int) -> None:
    """It is given as far as its size says, with the error behind it; the objects after it are read."""
    pack = Pack()
    offset = pack.add(BLOB, b"sixteen letters", claim=claim)
    pack.add(BLOB, b"two")
    read = gitpacks.read(bytes(pack))
    assert read.broken == {b"object-at-%d" % offset: b"sixteen letters"[:claim]}
    assert read.whole == {name_of(b"two"): b"two"}


@pytest.mark.parametrize("count", [0, 1, 3, 4_000_000_000])
def test_a_pack_that_lies_about_its_count(count: int) -> None:
    """Too few objects are an error, and what is there is read."""
    pack = Pack(count=count)
    pack.add(BLOB, b"one")
    pack.add(BLOB, b"two")
    read = gitpacks.read(bytes(pack))
    assert list(read.whole.values()) == [b"one", b"two"][:count]
    assert ("cut-stream" in read.codes) == (count > 2)


def test_objects_behind_damage_are_found_again() -> None:
    """Where an object's bytes are damaged its end is not known; the next object that is whole is looked for."""
    bodies = [b"\n".join(lines(number, 20)) for number in range(30)]
    pack = Pack()
    offsets = [pack.add(BLOB, body) for body in bodies]
    data = bytearray(bytes(pack))
    data[offsets[9] + 200] ^= 0xFF
    read = gitpacks.read(bytes(data))
    assert set(read.whole.values()) == set(bodies) - {bodies[9]}
    (broken,) = read.broken.values()
    assert broken
    assert bodies[9].startswith(broken[:100])


def test_a_byte_that_no_stream_notices_is_noticed() -> None:
    """The kind of an object is covered by nothing but the pack's own checksum."""
    pack = Pack()
    offset = pack.add(BLOB, b"one")
    data = bytearray(bytes(pack))
    data[offset] ^= (BLOB ^ TREE) << 4
    assert gitpacks.read(bytes(data)).codes == ["digest-mismatch"]


def _small() -> tuple[bytes, list[int], list[bytes]]:
    pack = Pack()
    texts = [b"\n".join(lines(number, 4)) for number in range(6)]
    offsets = []
    for text in texts:
        offsets.append(pack.add(BLOB, text))
        pack.add(OFFSET, delta(len(text), len(text), insert(b"new"), copy(3, len(text) - 3)), offsets[-1])
    texts += [b"new" + text[3:] for text in texts]
    return bytes(pack), offsets, texts


SMALL, OFFSETS, TEXTS = _small()


@settings(max_examples=examples(100))
@given(at=st.integers(0, len(SMALL) - 1), byte=st.integers(1, 255))
def test_any_byte_may_change(at: int, byte: int) -> None:
    """One changed byte is said, and costs no object that precedes it."""
    data = bytearray(SMALL)
    data[at] ^= byte
    read = gitpacks.read(bytes(data))
    assert read.unread
    if at >= 12:
        whole = [text for offset, text in zip(OFFSETS, TEXTS, strict=False) if offset + 400 <= at]
        assert set(whole) <= set(read.whole.values())


@settings(max_examples=examples(33))
@given(size=st.integers(0, len(SMALL) - 1))
def test_a_pack_may_end_anywhere(size: int) -> None:
    """A cut pack is said to be cut, and what precedes the cut is given."""
    read = gitpacks.read(SMALL[:size])
    assert read.unread
    whole = [text for offset, text in zip(OFFSETS, TEXTS, strict=False) if offset + 400 <= size - 20]
    assert set(whole) <= set(read.whole.values())


@settings(max_examples=examples(66))
@given(data=st.binary(max_size=300))
def test_anything_may_follow_the_signature(data: bytes) -> None:
    """No bytes raise anything but what members may raise."""
    gitpacks.read(b"PACK\0\0\0\2" + data)


def test_objects_that_are_too_large_to_be_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are named by their place, and whatever of them nobody reads is skipped to find the next object."""
    monkeypatch.setattr(gitpack, "WHOLE", 100)
    monkeypatch.setattr(gitpack, "_NAMED", 1000)
    body = b"\n".join(lines(11, 30))
    pack = Pack()
    offset = pack.add(BLOB, body)
    pack.add(OFFSET, delta(len(body), 2 * len(body), copy(0, len(body)), copy(0, len(body))), offset)
    pack.add(BLOB, b"small")
    read = gitpacks.read(bytes(pack))
    assert read.whole[b"object-at-12"] == body
    assert sorted(map(len, read.whole.values())) == [5, len(body), 2 * len(body)]
    unread = [each for each in gitpack.members(bytes(pack)) if isinstance(each, Member)]
    assert [each.name for each in unread] == [*read.whole]
    assert [each.brought() for each in unread if each.brought is not None] == [None] * 3


def test_more_objects_than_a_pack_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects are recorded in memory, so there is an end to them."""
    monkeypatch.setattr(gitindex, "OBJECTS", 2)
    pack = Pack()
    for number in range(3):
        pack.add(BLOB, b"%d" % number)
    read = gitpacks.read(bytes(pack))
    assert list(read.whole.values()) == [b"0", b"1"]
    assert read.codes == ["work-limit"]


def test_deltas_and_bases_that_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be in memory as a whole is said to be too large, and so is what is based on it."""
    monkeypatch.setattr(gitpack, "DELTA", 100)
    monkeypatch.setattr(gitstore, "DELTA", 100)
    pack = Pack()
    base = pack.add(BLOB, b"one")
    large = pack.add(OFFSET, delta(3, 120, insert(b"x" * 120)), base)
    pack.add(OFFSET, delta(120, 3, insert(b"two")), large)
    read = gitpacks.read(bytes(pack))
    assert list(read.whole.values()) == [b"one", b"two"]
    assert read.codes == ["missing-base", "size-limit"]
    monkeypatch.setattr(gitpack, "WHOLE", 100)
    monkeypatch.setattr(gitstore, "BASE", 100)
    pack = Pack()
    base = pack.add(BLOB, bytes(200))
    pack.add(OFFSET, delta(200, 3, insert(b"two")), base)
    read = gitpacks.read(bytes(pack))
    assert set(read.whole.values()) == {bytes(200), b"two"}
    assert read.codes == ["missing-base"]


def test_a_chain_of_objects_that_are_kept_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where objects are too large for several to be kept, a chain still costs each of them once or twice."""
    monkeypatch.setattr(gitstore.Store.__init__, "__kwdefaults__", {"cache": 1 << 16, "algorithm": None})
    monkeypatch.setattr(gitpack, "WHOLE", 1 << 14)
    monkeypatch.setattr(gitindex, "_WORK", 1 << 20)
    body = bytes(1 << 17)
    pack = Pack()
    base = pack.add(BLOB, body)
    bodies = {body}
    for step in range(200):
        base = pack.add(OFFSET, delta(1 << 17, 1 << 17, insert(b"%04d" % step), copy(4, (1 << 17) - 4)), base)
        bodies.add(b"%04d" % step + body[4:])
    read = gitpacks.read(bytes(pack))
    assert set(read.whole.values()) == bodies
    assert read.unread == []


def test_deltas_of_very_many_instructions() -> None:
    """Fifty thousand instructions make what they say, whole and in pieces."""
    told = delta(3, 150_000, copy(0, 3) * 50_000)
    assert gitdelta.apply(b"one", told) == (b"one" * 50_000, 50_000)
    assert b"".join(gitdelta.pieces(b"one", told)) == b"one" * 50_000


def test_damaged_trees_are_said() -> None:
    """A tree is not given, so its damage is told of in its place."""
    pack = Pack()
    offset = pack.add(TREE, b"some tree", claim=5)
    read = gitpacks.read(bytes(pack))
    assert (read.unread[0].code, read.unread[0].path) == ("damaged-stream", b"object-at-%d" % offset)


def test_a_pack_may_be_a_mapped_file(repository: Path) -> None:
    """A memory map, or a view of one, is read as bytes are."""
    (path,) = repository.rglob("objects/pack/*.pack")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert gitpacks.read(mapped).whole == gitpacks.read(path.read_bytes()).whole
        with memoryview(mapped) as view:
            assert gitpack.recognise(bytes(view[:1024]))
            assert gitpacks.read(view).unread == []
