"""Git packs and repositories for tests: made by git itself, or written byte by byte where git would not write them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgscan.containers.git import pack as gitpack
from imgscan.streams.inflate import StreamError
from imgscan.unread import Unread
from tests import tools

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from imgscan.containers.base import Held, Member

COMMIT, TREE, BLOB, TAG, OFFSET, REFERENCE = 1, 2, 3, 4, 6, 7


def git(repository: Path, *arguments: str, data: bytes | None = None) -> bytes:
    """Run git in a repository, with nothing of the machine's configuration, and return what it prints."""
    tools.find("git")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(repository),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.com",
        "GIT_AUTHOR_DATE": "1700000000 +0000",
        "GIT_COMMITTER_DATE": "1700000000 +0000",
    }
    return subprocess.run(
        ["git", *arguments], cwd=repository, env=environment, input=data, check=True, capture_output=True
    ).stdout


def new(path: Path, *arguments: str) -> Path:
    """Make an empty repository."""
    path.mkdir()
    git(path, "init", "-q", "-b", "main", *arguments, ".")
    return path


def commits(changes: Iterable[dict[str, bytes | None]], branch: str = "main") -> bytes:
    """Write a `git fast-import` stream of one commit a change: contents by path, None to delete."""
    parts = []
    for number, change in enumerate(changes):
        parts.append(b"commit refs/heads/%b\n" % branch.encode())
        parts.append(b"committer A <a@example.com> %d +0000\n" % (1_700_000_000 + 60 * number))
        message = b"change %d" % number
        parts.append(b"data %d\n%b\n" % (len(message), message))
        for path, content in change.items():
            if content is None:
                parts.append(b"D %b\n" % path.encode())
            else:
                parts.append(b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(content), content))
    return b"".join(parts)


def the_pack(repository: Path) -> bytes:
    """Read the only pack of a repository."""
    (found,) = repository.rglob("objects/pack/*.pack")
    return found.read_bytes()


@dataclass
class Read:
    """What a container gave: contents by name, those that broke off, and what was not read."""

    whole: dict[bytes, bytes] = field(default_factory=dict)
    broken: dict[bytes, bytes] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    members: dict[bytes, Member] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        """The codes of what was not read, sorted."""
        return sorted(each.code for each in self.unread)


def read(pack: Held) -> Read:
    """Read every member of a pack; names are those of members."""
    result = Read()
    for given in gitpack.members(pack):
        if isinstance(given, Unread):
            result.unread.append(given)
            continue
        if given.verbatim:
            continue
        assert given.name is not None
        result.members[given.name] = given
        parts = []
        try:
            for chunk in given.chunks:
                assert 0 < len(chunk) <= 1 << 20 or chunk == b""
                parts.append(bytes(chunk))
        except StreamError as error:
            result.broken[given.name] = b"".join(parts)
            result.unread.append(Unread(error.severity, error.code, str(error)))
        else:
            result.whole[given.name] = b"".join(parts)
    return result


def everything(repository: Path) -> dict[bytes, bytes]:
    """Return what git itself says of every object that is no tree: contents by id in hexadecimal."""
    data = git(repository, "cat-file", "--batch-all-objects", "--batch")
    found = {}
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, kind, size = data[at:end].split()
        at = end + 1 + int(size)
        if kind != b"tree":
            found[name] = data[end + 1 : at]
        at += 1
    return found


def identity(kind: int, body: bytes) -> bytes:
    """Return an object's id, as bytes."""
    word = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}[kind]
    return hashlib.sha1(b"%b %d\0%b" % (word, len(body), body), usedforsecurity=False).digest()


def name_of(body: bytes, kind: int = BLOB) -> bytes:
    """Return the name under which an object is a member."""
    return identity(kind, body).hex().encode()


def number(value: int) -> bytes:
    """Write a number as deltas do: seven bits per byte, the lowest first."""
    made = b""
    while value >= 128:
        made += bytes([value & 127 | 128])
        value >>= 7
    return made + bytes([value])


def copy(start: int, size: int) -> bytes:
    """Write an instruction to copy from the base, with all its bytes."""
    return b"\xff" + start.to_bytes(4, "little") + size.to_bytes(3, "little")


def insert(text: bytes) -> bytes:
    """Write an instruction to add up to 127 new bytes."""
    return bytes([len(text)]) + text


def delta(base: int, result: int, *instructions: bytes) -> bytes:
    """Write a delta between objects of these sizes."""
    return number(base) + number(result) + b"".join(instructions)


class Pack:
    """Writes a pack, object after object; `bytes` returns it whole."""

    def __init__(self, version: int = 2, count: int | None = None) -> None:
        self._version = version
        self._count = count
        self._objects: list[bytes] = []
        self.size = 12

    def add(self, kind: int, body: bytes, base: int | bytes | None = None, *, claim: int | None = None) -> int:
        """Add an object; `base` is the offset or the id that a delta's base has. Gives its own offset."""
        size = len(body) if claim is None else claim
        header = [kind << 4 | size & 15]
        size >>= 4
        while size:
            header[-1] |= 128
            header.append(size & 127)
            size >>= 7
        data = bytes(header)
        if isinstance(base, bytes):
            data += base
        elif base is not None:
            back = self.size - base
            digits = [back & 127]
            back >>= 7
            while back:
                back -= 1
                digits.insert(0, back & 127 | 128)
                back >>= 7
            data += bytes(digits)
        data += zlib.compress(body, 1)
        return self.raw(data)

    def raw(self, data: bytes) -> int:
        """Add bytes as an object, whatever they are. Gives their offset."""
        offset = self.size
        self._objects.append(data)
        self.size += len(data)
        return offset

    def __bytes__(self) -> bytes:
        count = len(self._objects) if self._count is None else self._count
        data = b"PACK" + self._version.to_bytes(4, "big") + count.to_bytes(4, "big") + b"".join(self._objects)
        return data + hashlib.sha1(data, usedforsecurity=False).digest()
