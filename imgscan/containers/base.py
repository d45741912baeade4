"""What a container format says of itself, and what it gives: members, and what of it could not be read.

A format recognises its files by content, never by name, and turns one file into members, one after another.
Depth, limits, paths, joining members into windows and the order of findings are not its business: whoever asks for
the members counts what they give and stops asking when it is too much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from imgscan.streams.inflate import Chunk
    from imgscan.streams.readers import Reader

HEAD = 1024
"""Bytes from the beginning of a file that suffice to recognise any format."""


class Member(NamedTuple):
    """One file inside a container.

    `name` is raw, as the container spells it; None where the container is a mere compression, whose content has no
    name of its own: it adds nothing to a path. `chunks` are the plain bytes in pieces of at most about a megabyte; it
    is read to its end, or given up, before the next member is asked for, and it raises StreamError where the bytes
    end or are damaged, after all that could be had. `extent` is which bytes of the container hold the member
    (compressed or not), None where that cannot be said: a credential that is found there and in the member is one.
    `brought` tells, when it is asked, which git commit brought it in and at which path of the repository.
    """

    name: bytes | None
    chunks: Iterable[Chunk]
    extent: tuple[int, int] | None = None
    brought: Callable[[], tuple[str, bytes] | None] | None = None


class Unread(NamedTuple):
    """Something in a container that was not read, and why.

    `skipped` is content passed over for a stated reason (encrypted, a compression that is not known), `error` content
    that is damaged. `code` is a diagnostic code, `name` the member's raw name (None: the container as a whole),
    `bytes` how many were not read, None where unknown.
    """

    severity: Literal["error", "skipped"]
    code: str
    message: str
    name: bytes | None = None
    bytes: int | None = None


class Held(Protocol):
    """A whole file in memory, or mapped into it: `bytes`, `memoryview` and `mmap` are."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> bytes | memoryview: ...


class Streamed(NamedTuple):
    """A format that is read from its first byte to its last, once: gzip, tar, cpio, ar.

    `recognise` is given the first `HEAD` bytes of a file (all of a shorter one); `members` reads the rest. `only` gives
    the content of a small file that is there as a whole in one step, where the format has one: it is the only member,
    without a name. None where `members` has to look.
    """

    name: str
    recognise: Callable[[bytes], bool]
    members: Callable[[Reader], Iterator[Member | Unread]]
    only: Callable[[Chunk], bytes | None] | None = None


class Sought(NamedTuple):
    """A format that is read from several places at a time: zip, SQLite, git packs. It is given the whole file."""

    name: str
    recognise: Callable[[bytes], bool]
    members: Callable[[Held], Iterator[Member | Unread]]


Format = Streamed | Sought
