"""Fuzzers of what reads git: each takes bytes, and fails where a promise is broken."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Member
from imgscan.containers.git import deltas as gitdelta
from imgscan.containers.git import loose as gitloose
from imgscan.containers.git import pack as gitpack
from imgscan.streams.inflate import StreamError
from imgscan.unread import Unread
from tests.containers.gitpacks import BLOB, COMMIT, OFFSET, REFERENCE, TAG, TREE, Pack, delta, identity, name_of, read
from tests.fuzz.law import Target, check
from tests.trickle import Trickle

if TYPE_CHECKING:
    from collections.abc import Iterator

_PER_BYTE = 64
"""Calls for each byte of a pack: where one is damaged, every place that looks like an object is tried."""

_AMPLIFIED = 1 << 22
"""Bytes that a member of a fuzzer's few bytes is read to."""


def fuzz_gitpack(data: bytes) -> None:
    """Read bytes as a pack; then make a sound pack as they say, read it, damage it as they say, and read that."""
    raw = data if gitpack.recognise(data) else b"PACK\0\0\0\2" + data
    check(gitpack.members(raw), len(raw), per_byte=_PER_BYTE)
    _exhaust(gitpack.members(raw))
    _exhaust(gitpack.bundle_members(b"# v2 git bundle\n\n" + raw))
    recipe = io.BytesIO(data)
    pack, expected = _made(recipe)
    sound = bytes(pack)
    found = read(sound)
    assert found.whole == expected
    assert found.unread == []
    damaged = bytearray(sound)
    while (rest := recipe.read(3)) and len(rest) == 3:
        damaged[int.from_bytes(rest[:2], "big") % len(damaged)] ^= rest[2]
    _exhaust(gitpack.members(bytes(damaged)))


def _made(recipe: io.BytesIO) -> tuple[Pack, dict[bytes, bytes]]:
    """Make up to 16 objects, each itself or based on any other, before or behind it."""
    pack = Pack()
    made: list[tuple[int, bytes, int]] = []  # kind, content, offset
    for _ in range(_byte(recipe) % 16):
        choice = _byte(recipe)
        if choice % 3 == 0 or not made:
            body = recipe.read(_byte(recipe) % 64)
            kind = (BLOB, COMMIT, TAG)[choice % 5 % 3]
            made.append((kind, body, pack.add(kind, body)))
            continue
        kind, base, offset = made[_byte(recipe) % len(made)]
        instructions, body = _told(recipe, base)
        new = delta(len(base), len(body), *instructions)
        if choice % 3 == 1:
            made.append((kind, body, pack.add(OFFSET, new, offset)))
        else:
            made.append((kind, body, pack.add(REFERENCE, new, identity(kind, base))))
    seen = {name_of(body, kind): body for kind, body, _ in made}
    if made and (body := recipe.read(1)):  # a base that follows what is based on it
        told = made[0][1] + body
        pack.add(REFERENCE, delta(len(told), 1, bytes([0x91, 0, 1])), identity(BLOB, told))
        pack.add(BLOB, told)
        seen |= {name_of(told): told, name_of(told[:1]): told[:1]}
    return pack, seen


def _told(recipe: io.BytesIO, base: bytes) -> tuple[list[bytes], bytes]:
    """Make instructions and what they tell."""
    instructions, parts = [], []
    for _ in range(_byte(recipe) % 8):
        choice = _byte(recipe)
        if choice & 1 and base:
            start = _byte(recipe) % len(base)
            size = 1 + _byte(recipe) % (len(base) - start)
            parts.append(base[start : start + size])
            instructions.append(bytes([0x80 | 0x11, start, size]))
        elif text := recipe.read(1 + choice % 9):
            parts.append(text)
            instructions.append(bytes([len(text)]) + text)
    return instructions, b"".join(parts)


def _byte(recipe: io.BytesIO) -> int:
    return (recipe.read(1) or b"\0")[0]


def fuzz_gitdelta(data: bytes) -> None:
    """Follow bytes as a delta; whatever comes out is what a plain reading of the format gives."""
    base = data[1 : 1 + data[0]] if data else b""
    rest = data[1 + len(base) :]
    for told in (rest, delta(len(base), 0, rest), delta(len(base), len(_plain(base, rest) or b""), rest)):
        literal = gitdelta.literals(told)
        assert len(literal) <= 3 * len(told)
        try:
            claimed, size, start = gitdelta.sizes(told)
        except gitdelta.DeltaError:
            continue
        expected = _plain(base, told[start:])
        try:
            body, steps = gitdelta.apply(base, told)
        except gitdelta.DeltaError:
            assert expected is None or len(expected) != size or claimed != len(base)
            continue
        assert body == expected
        assert len(body) == size
        assert steps == gitdelta.instructions(told, len(told))
        assert b"".join(gitdelta.pieces(base, told)) == body


def _plain(base: bytes, instructions: bytes) -> bytes | None:
    """Follow instructions slowly; None if they are wrong, or make more than a fuzzer wants."""
    made, at = b"", 0
    while at < len(instructions):
        code = instructions[at]
        at += 1
        if code < 128:
            if not code or at + code > len(instructions):
                return None
            made += instructions[at : at + code]
            at += code
            continue
        numbers = []
        for bit in range(7):
            present = code >> bit & 1
            if present and at >= len(instructions):
                return None
            numbers.append(instructions[at] if present else 0)
            at += present
        start = int.from_bytes(bytes(numbers[:4]), "little")
        size = int.from_bytes(bytes(numbers[4:]), "little") or 65536
        if start + size > len(base):
            return None
        made += base[start : start + size]
    return made


def fuzz_gitloose(data: bytes) -> None:
    """Read bytes as a loose object, and as the content of one; then cut and change that."""
    if gitloose.recognise(data[:1024]):
        check(gitloose.members(Trickle(data, 100)), len(data))
    sound = zlib.compress(b"blob %d\0" % len(data) + data, 1)
    assert gitloose.recognise(sound[:1024])
    (member,) = gitloose.members(io.BytesIO(sound))
    assert isinstance(member, Member)
    assert b"".join(bytes(chunk) for chunk in member.chunks) == data
    if data:
        changed = bytearray(sound)
        changed[data[0] % len(changed)] ^= data[-1]
        _exhaust(gitloose.members(io.BytesIO(changed)))
        _exhaust(gitloose.members(io.BytesIO(sound[: data[0] % len(sound)])))


def _exhaust(members: Iterator[Member | Unread]) -> None:
    """Read all there is. Only StreamError, and only from chunks."""
    for member in members:
        if isinstance(member, Unread):
            continue
        size = 0
        try:
            for chunk in member.chunks:
                size += len(chunk)
                assert len(chunk) <= 1 << 20
                if size > _AMPLIFIED:
                    break
        except StreamError:
            pass
        if member.brought is not None:
            member.brought()


def gitpack_seeds() -> list[bytes]:
    """Make packs of every kind of object, sound and not, and what makes sound ones."""
    text = b"some text that is told from other text"
    told = delta(len(text), 9, bytes([0x91, 0, 5]), b"\x04four")
    mixed = Pack()
    base = mixed.add(BLOB, text)
    mixed.add(OFFSET, told, base)
    mixed.add(REFERENCE, told, identity(BLOB, text))
    tree = b"100644 name\0" + identity(BLOB, text)
    mixed.add(TREE, tree)
    mixed.add(COMMIT, b"tree " + identity(TREE, tree).hex().encode() + b"\ncommitter A <a> 1 +0000\n\nmessage")
    mixed.add(TAG, b"object " + b"1" * 40)
    thin = Pack()
    thin.add(REFERENCE, told, b"\x11" * 20)
    lying = Pack(count=1000)
    lying.add(BLOB, text, claim=7)
    lying.add(BLOB, text)
    return [bytes(mixed), bytes(thin), bytes(lying), bytes(Pack()), bytes(range(256)), bytes(range(7, 200, 3)) * 3]


def gitdelta_seeds() -> list[bytes]:
    """Make a base and a delta, each behind the base's length."""
    return [bytes([9]) + b"base text" + delta(9, 11, bytes([0x91, 0, 9]), b"\x02me"), b"\0\0\0", b"\1a\x80\x80\4"]


def gitloose_seeds() -> list[bytes]:
    """Make objects of each kind, and contents of objects."""
    return [zlib.compress(b"%b 4\0text" % kind) for kind in (b"blob", b"tree", b"commit", b"tag")] + [b"", b"text" * 99]


TARGETS: Final = [
    Target("gitpack", fuzz_gitpack, gitpack_seeds, (gitpack.PACK, gitpack.BUNDLE)),
    Target("gitdelta", fuzz_gitdelta, gitdelta_seeds),
    Target("gitloose", fuzz_gitloose, gitloose_seeds, (gitloose.GIT_OBJECT,)),
]
