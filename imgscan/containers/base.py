"""What a container format says of itself, and what it gives: members, and as `Unread` what of it could not be read.

A format recognises its files by content, never by name, and turns one file into members, one after another. Depth,
limits, paths, joining members into windows and the order of findings are not its business: the caller counts what they
give and stops asking when it is too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from imgscan.streams.readers import Chunk
    from imgscan.unread import Unread

HEAD = 1024
"""Bytes from the beginning of a file that suffice to recognise any format."""


class Member(NamedTuple):
    """One file inside a container.

    `name` is raw, as the container spells it; None if the container is a mere compression, whose content has no
    name of its own: it adds nothing to a path. `chunks` are the plain bytes in pieces of at most about a megabyte; it
    is read to its end, or given up, before the next member is requested, and it raises StreamError where the bytes
    end or are damaged, after all that could be had. `extent` is which bytes of the container hold the member
    (compressed or not), None if that cannot be said: a credential that is found there and in the member is one.
    `brought` tells, when it is asked, which git commit brought it in and at which path of the repository.
    """

    name: bytes | None
    chunks: Iterable[Chunk]
    extent: tuple[int, int] | None = None
    brought: Callable[[], tuple[str, bytes] | None] | None = None


class Held(Protocol):
    """A whole file in memory, or mapped into it: `bytes`, `memoryview` and `mmap` are."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> bytes | memoryview: ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Format:
    """A container format, with all that the rest of the program may ask of it: nothing compares names.

    `begins` are the first bytes of its files, one of which every such file has: by the first two of them files are
    screened. `recognise` is given the first `HEAD` bytes of a file (all of a shorter one) and has the last word.

    `members` returns what the file holds. Where the format is `streamed` it is given a `Reader`, which it reads once
    from the first byte to the last (gzip, tar, cpio); otherwise a `Held`, the whole file, which it reads from several
    places at a time (zip, SQLite, git packs).
    """

    name: str
    begins: tuple[bytes, ...]
    recognise: Callable[[bytes], bool]
    members: Callable[[Any], Iterator[Member | Unread]]
    streamed: bool
    only: Callable[[Chunk], bytes | None] | None = None
    """Gives in one step the content of a small file that is there as a whole: its only member, without a name.

    None if the members have to be asked for.
    """
    squeezed: bool = False
    """Whether its bytes are one compressed content: what looks like a credential in them is a piece of it."""
    memory: Callable[[bytes], int] | None = None
    """Estimates from a file's first `MEMORY_HEAD` bytes how many its decoder will hold, where that may be many."""
    rowless: bool = False
    """Whether its content has no lines and offsets of its own, being put together of values."""
    possible: bool = False
    """Whether a file is a container only if it has members: a script or a program with nothing behind it is none."""
    barren: Callable[[Chunk, int], bool] | None = None
    """Says of such a file's beginning (all of a shorter one) and its size whether there is surely nothing behind it."""

    foreign: bool = False
    """Whether it is known by sight only, and cannot be read: all that it gives is an `Unread`."""
