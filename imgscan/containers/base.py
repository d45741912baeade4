"""What a container format declares, and what it yields: members, and `Unread` for what could not be read.

A format recognises its files by content, never by name, and turns one file into members, one after another. Depth,
limits, paths, joining members into windows and the order of findings are not its business: the caller counts the output
and stops when it is too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Union

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgscan.streams.aside import Aside
    from imgscan.streams.readers import Chunk
    from imgscan.streams.tar import TarMember
    from imgscan.unread import Unread

HEAD = 1024
"""Bytes from the beginning of a file that suffice to recognise any format."""

LEAST = 16
"""Bytes below which nothing is a container worth a look."""

_PIECE = 1 << 20


class Member(NamedTuple):
    """One file inside a container.

    `name` is raw, as the container spells it; None if the container is a mere compression, whose content has no
    name of its own: it adds nothing to a path. `chunks` are the plain bytes in pieces of at most about a megabyte; it
    is read to its end, or given up, before the next member is requested, and it raises StreamError if the bytes
    end or are damaged, after everything that could be read. `extent` is which bytes of the container hold the member
    (compressed or not), None if that cannot be said: a credential that is found there and in the member is one.
    `brought`, when called, returns the git commit that added it and its path in the repository. `field` is given where
    these are not a file but bytes that the container stores; `aside` takes such bytes while the chunks are read.

    `verbatim` says that it is no member: these bytes are the container's own, behind its end or between its members,
    as they are, from `extent` on. They are searched with the container, and looked into as if they were a file.
    """

    name: bytes | None
    chunks: Iterable[Chunk]
    extent: tuple[int, int] | None = None
    brought: Callable[[], tuple[str, bytes] | None] | None = None
    field: str | None = None
    aside: Aside | None = None
    verbatim: bool = False


class Headers(NamedTuple):
    """What is stored between the data of two members of a tar: padding of the one `before`, and headers of `member`.

    `data` is at `start` in the container. `payloads` are start, end and type of the extension headers in it.
    Either is None where there is no such member.
    """

    before: TarMember | None
    member: TarMember | None
    start: int
    data: bytes
    payloads: tuple[tuple[int, int, bytes], ...]


class HeaderBatch(NamedTuple):
    """The headers of several members: joined, they are screened at once. `named` gives the name of a member."""

    headers: Sequence[Headers]
    named: Callable[[bytes], bytes]


Part = Union[Member, HeaderBatch, "Unread"]
"""What a container yields, one after another."""


def part(held: Held, start: int, stop: int | None = None) -> Iterator[Member]:
    """Yield the bytes of a container from `start` to `stop` (its end) as they are, less zeros in front of them.

    Nothing where there are too few bytes to hold a container.
    """
    end = len(held) if stop is None else min(stop, len(held))
    while start < end and not bytes(held[start : start + 1]).strip(b"\0"):
        window = bytes(held[start : min(end, start + _PIECE)])
        start += len(window) - len(window.lstrip(b"\0"))
    if end - start >= LEAST:
        whole = memoryview(held) if isinstance(held, bytes) else held
        pieces = (whole[at : min(end, at + _PIECE)] for at in range(start, end, _PIECE))
        yield Member(None, pieces, (start, end), verbatim=True)


class Held(Protocol):
    """A whole file in memory, or mapped into it: `bytes`, `memoryview` and `mmap` are."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> bytes | memoryview: ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Format:
    """A container format, with everything that the rest of the program may need to know: nothing compares names.

    `begins` are the first bytes of its files, one of which every such file has: by the first two of them files are
    screened. `recognise` is given the first `HEAD` bytes of a file (all of a shorter one) and decides.

    `members` returns what the file holds. Where the format is `streamed` it is given a `Reader`, which it reads once
    from the first byte to the last (gzip, tar, cpio); otherwise a `Held`, the whole file, which it reads from several
    places at a time (zip, SQLite, git packs).
    """

    name: str
    begins: tuple[bytes, ...]
    recognise: Callable[[bytes], bool]
    members: Callable[[Any], Iterator[Part]]
    streamed: bool
    only: Callable[[Chunk], bytes | None] | None = None
    """Returns in one step the content of a small, complete file: its only member, without a name.

    None if the members have to be read one by one.
    """
    squeezed: bool = False
    """Whether its bytes are one compressed content: what looks like a credential in them is a piece of it."""
    memory: Callable[[bytes], int] | None = None
    """Estimates from a file's first `MEMORY_HEAD` bytes how many its decoder will hold, where that may be many."""
    rowless: bool = False
    """Whether its content is assembled from values and so has no lines and offsets."""
    possible: bool = False
    """Whether a file is a container only if it has members: a script or a program with nothing after it is not one."""
    barren: Callable[[Chunk, int], bool] | None = None
    """Decides from such a file's beginning (all of a shorter one) and its size whether nothing can follow it."""

    foreign: bool = False
    """Whether it can be recognised but not read: all it yields is an `Unread`."""
