"""One blob from its stored bytes to hits: read, hash, inflate, hash again, search.

Reading, inflating and hashing run on threads of their own, in front of the search; all of them let other threads run
while they work. Whatever goes wrong with the bytes, the rest of the blob is still read, so that its digest is known,
and what was found before stays.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgscan.containers.formats import find
from imgscan.model import Diagnostic
from imgscan.scan.inside.tap import Tap
from imgscan.scan.search import WINDOW, StreamSearch
from imgscan.streams.hashing import Hash, Hashing
from imgscan.streams.inflate import MAGIC_LENGTH, StreamError, inflate, sniff
from imgscan.streams.readahead import Readahead
from imgscan.streams.readers import CHUNK, Peekable
from imgscan.streams.tar import HEAD_LENGTH, TarWalker, looks_like_tar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.image.lifecycle import LayerNames
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.scan.inside.nest import Nest
    from imgscan.scan.inside.node import Lack
    from imgscan.streams.inflate import Chunk, Compression
    from imgscan.streams.readers import Reader
    from imgscan.unread import Unread

NO_END = "tar-no-end"
INTERRUPTED = "interrupted"
"""The code of a failure that is the user's own doing."""


def interruption() -> StreamError:
    """Make the failure of a scan that the user stopped."""
    return StreamError(INTERRUPTED, "the scan was interrupted")


def foreign_format(head: bytes) -> str | None:
    """Name what a layer is that is no tar, by the first bytes, if it is squeezed, or known by sight only."""
    found = find(head)
    return found.name if found is not None and (found.squeezed or found.foreign) else None


@dataclass(slots=True)
class BlobScan:
    """What a scan of one blob gave.

    `digests` are of the stored bytes, by algorithm; `diff_id` is the hex SHA-256 of the plain bytes. `problems` are
    what was wrong with the tar, `failure` what was wrong with the compressed bytes. `shape` is what the plain bytes
    are; `names` is None unless they are a tar. `lacks` are what could not be read inside of containers, from which
    `inner` files with `expanded` bytes came.
    """

    name: str
    stored: int = 0
    size: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    diff_id: str = ""
    compression: Compression = "none"
    shape: str = "file"
    entries: int = 0
    hits: list[Hit] = field(default_factory=list)
    names: LayerNames | None = None
    problems: list[Unread] = field(default_factory=list)
    failure: StreamError | None = None
    foreign: str | None = None
    lacks: list[Lack] = field(default_factory=list)
    expanded: int = 0
    inner: int = 0

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped the scan while this blob was read."""
        return self.failure is not None and self.failure.code == INTERRUPTED

    @property
    def members_known(self) -> bool:
        """Whether every member was seen; where only the end marker is missing, all were."""
        whole = self.failure is None or self.failure.harmless
        return whole and all(problem.code == NO_END for problem in self.problems)

    def diagnostics(self, layer: int | None, *, trusted: bool) -> Iterator[Diagnostic]:
        """Tell what was wrong with the blob. `trusted` says that its digest holds: then a missing end is none."""
        if self.failure is not None:
            yield Diagnostic(self.failure.severity, self.failure.code, f"{self.failure}", layer, path=self.name)
        for problem in self.problems:
            if problem.code == NO_END and trusted and self.failure is None:
                continue
            yield Diagnostic("error", problem.code, problem.message, layer, path=self.name)
        for lack in self.lacks:
            path = lack.path.decode("utf-8", "backslashreplace")
            yield Diagnostic("skipped", lack.code, lack.message, layer, path=path, bytes=lack.bytes)


class _Stored:
    """The stored bytes on their way to the inflater: counted and hashed as they pass."""

    def __init__(
        self, raw: Reader, hashing: Hashing, hashes: list[Hash], progress: Callable[[int], None] | None
    ) -> None:
        self.count = 0
        self._progress = progress
        self._raw = raw
        self._hashing = hashing
        self._hashes = hashes

    def read(self, count: int, /) -> bytes:
        """Give at most `count` bytes."""
        data = self._raw.read(count)
        self.count += len(data)
        for target in self._hashes:
            self._hashing.update(target, data)
        if self._progress is not None:
            self._progress(len(data))
        return data


def scan_blob(
    raw: Reader,
    concealer: Concealer,
    *,
    name: str,
    algorithms: frozenset[str] = frozenset(("sha256",)),
    progress: Callable[[int], None] | None = None,
    nest: Nest | None = None,
    window: int = WINDOW,
) -> BlobScan:
    """Read a blob to its end and search it.

    `name` is what the blob is called where it is stored; a blob that is no tar is one file of that name. `progress`
    is told the number of stored bytes as they are read; it may raise StreamError, which ends the scan. `nest` looks
    into the files of the blob. Nothing else is raised: what goes wrong is `failure`.
    """
    scan = BlobScan(name)
    held = Peekable(raw)
    head = held.peek(HEAD_LENGTH)
    scan.compression = sniff(head[:MAGIC_LENGTH])
    with Hashing() as hashing:
        hashes = {algorithm: hashing.new(algorithm) for algorithm in sorted(algorithms | {"sha256"})}
        stored = _Stored(held, hashing, list(hashes.values()), progress)
        plain_hash = hashing.new("sha256") if scan.compression != "none" else hashes["sha256"]

        def chunks() -> Iterator[Chunk]:
            for chunk in inflate(stored, scan.compression):
                if scan.compression != "none":
                    hashing.update(plain_hash, chunk)
                yield chunk

        with Readahead(chunks()) as ahead:
            _search(ahead, scan, concealer, name.encode("utf-8", "surrogateescape"), nest, window)
            if scan.interrupted:
                ahead.abandon()
                return scan
        with suppress(OSError, StreamError):  # it has been noted, or the outer archive notes it
            while stored.read(CHUNK):  # what a failed or finished decoder left belongs to the digest too
                pass
        hashing.finish()
        scan.stored = stored.count
        scan.digests = {algorithm: value.hexdigest() for algorithm, value in hashes.items()}
        scan.diff_id = plain_hash.hexdigest()
    return scan


def _search(
    ahead: Readahead[Chunk],
    scan: BlobScan,
    concealer: Concealer,
    name: bytes,
    nest: Nest | None,
    window: int,
) -> None:
    """Search the plain chunks of a blob; what breaks off the stream becomes `scan.failure`."""
    search: StreamSearch | None = None
    walker: TarWalker | None = None
    waiting = b""

    def begin() -> StreamSearch:
        nonlocal walker
        walker = TarWalker() if looks_like_tar(waiting[:HEAD_LENGTH]) else None
        scan.foreign = foreign_format(waiting) if walker is None else None
        tap = Tap(nest) if nest is not None and walker is not None else None
        return StreamSearch(concealer, name=name, walker=walker, tap=tap, window=window)

    try:
        for chunk in ahead:
            if search is not None:
                search.feed(chunk)
            else:
                waiting += chunk
                if len(waiting) >= HEAD_LENGTH:
                    search = begin()
                    search.feed(waiting)
    except StreamError as error:
        scan.failure = error
    except OSError as error:
        scan.failure = StreamError("read-error", f"reading failed: {error.strerror or error}")
    except KeyboardInterrupt:
        scan.failure = interruption()
    if search is None:
        search = begin()
        search.feed(waiting)
    search.finish()
    scan.size = search.size
    scan.hits = search.hits
    if nest is not None:
        scan.lacks, scan.expanded, scan.inner = nest.lacks, nest.expanded, nest.members
    if walker is not None:
        scan.shape = "tar"
        scan.entries = walker.members
        scan.problems = walker.problems
        scan.names = search.names
