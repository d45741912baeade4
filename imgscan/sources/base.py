"""What every source has in common: a shelf of named documents and blobs.

Image archives name their blobs in half a dozen ways and put the metadata last, so a source at first only says what is
there. `imgscan.image.plan` then reads the documents and says which blobs make which image.

Every source has the same shape: a shelf, what it knows about the image, and its blobs. A folder and an archive on
disk know their whole shelf at once and open blobs in any order; standard input, an engine and a compressed archive
can be read only once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from imgscan.image.documents import DOCUMENT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.model import Diagnostic, Digest
    from imgscan.sources.margins import Beside
    from imgscan.streams.readers import ClosableReader, Reader

SNIFF = 64
"""Bytes at the start of a member that say whether it may be a JSON document."""

DOCUMENTS_LIMIT = 64 << 20
"""Bytes of JSON documents that are kept of one archive; a larger sum is not an image that any tool writes."""


@dataclass(slots=True)
class Shelf:
    """What an archive or a folder holds, by name (no leading `./`).

    `documents` are the members that begin like JSON, whole; `blobs` all others with their size in bytes; `links`
    lead from one name to another (legacy archives repeat a layer by a link). `diagnostics` say what could not be read
    in the archive itself. `root` names the one blob that is a root filesystem, and `guessed` says that this is likely
    rather than certain; None for everything that has documents.

    A name may be there several times. The last member has it, as for every reader; the others keep keys of their own
    (`imgscan.image.parts.name_of`), and `moved` says under which name they were until then.
    """

    documents: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    root: str | None = None
    guessed: bool = False
    moved: list[tuple[str, str]] = field(default_factory=list)
    _others: int = 0
    _kept: int = 0  # bytes of all documents: an archive may hold millions of them

    def locate(self, name: str) -> str | None:
        """Follow links from a name to the member that holds the bytes; None if there is none."""
        seen = set()
        while name in self.links and name not in seen:
            seen.add(name)
            name = self.links[name]
        return name if name in self.documents or name in self.blobs else None

    def find(self, digest: Digest) -> str | None:
        """Find the member that a digest names, in each spelling that tools use; None if there is none."""
        encoded = digest.encoded
        for name in (
            f"blobs/{digest.algorithm}/{encoded}",
            encoded,
            str(digest),
            f"{encoded}.tar",
            f"{encoded}.tar.gz",
            f"{encoded}.json",
        ):
            found = self.locate(name)
            if found is not None:
                return found
        return None

    def wants(self, head: bytes, size: int) -> bool:
        """Whether a member of `size` bytes that begins with `head` is to be kept as a JSON document."""
        begins = head.lstrip(b" \t\r\n\xef\xbb\xbf")[:1] in (b"{", b"[")
        return begins and size <= DOCUMENT_LIMIT and self._kept + size <= DOCUMENTS_LIMIT

    def keep(self, name: str, data: bytes) -> None:
        """Keep a document; it replaces one of the same name."""
        self.forget(name)
        self._kept += len(data)
        self.documents[name] = data

    def another(self, name: str) -> str:
        """Return a key for a member that has not its name to itself."""
        self._others += 1
        return f"{name}\0{self._others}"

    def set_aside(self, name: str) -> None:
        """Make room for a later member of the name; an earlier one is kept under a key of its own."""
        kept: dict[str, bytes] | dict[str, int] = self.documents if name in self.documents else self.blobs
        if name in kept:
            key = self.another(name)
            kept[key] = kept.pop(name)  # type: ignore[assignment]  # both are of one of the two types
            self.moved.append((name, key))

    def forget(self, name: str) -> None:
        """Forget a document, if there is one of that name."""
        self._kept -= len(self.documents.pop(name, b""))


class Told(NamedTuple):
    """What a source knows about its image before reading it: nothing, unless an engine was asked.

    `reference` is the image's name there, `digest` that of its manifest or index, `diff_ids` what its layers are.
    """

    reference: str | None = None
    digest: Digest | None = None
    diff_ids: tuple[str, ...] | None = None


class Source(ABC):
    """What is stored of one target.

    A `seekable` source knows its whole shelf at once and opens blobs in any order, from any thread. Any other passes
    once: it hands out each blob as it goes by, and its shelf is whole only after the last.
    """

    shelf: Shelf
    seekable: bool = False
    told: Told = Told()
    instead: Callable[[], Source | None] | None = None
    """Opens what was guessed to be a root filesystem as an image, if it is one; None if it can be read only once."""

    def open(self, name: str) -> ClosableReader:
        """Open the blob or document `name` at its first byte; the caller closes it."""
        raise NotImplementedError(f"{name}: this source can be read only once")

    @abstractmethod
    def blobs(self) -> Iterator[tuple[str, Reader]]:
        """Hand out each blob by its name, in the order in which they are stored.

        A blob must be read before the next is requested; what its consumer leaves is skipped.
        """

    def beside(self, take: Callable[[Beside], None]) -> None:  # noqa: B027 - some have nothing else
        """Give `take` what is stored beside the blobs and documents: at once, or while the blobs go by."""

    def close(self) -> None:  # noqa: B027 - most streams belong to somebody else
        """Close what was opened."""


class SeekableSource(Source):
    """A source that opens its blobs in any order, from any thread."""

    seekable = True

    @abstractmethod
    def open(self, name: str) -> ClosableReader:
        """Open the blob or document `name` at its first byte; the caller closes it."""

    def blobs(self) -> Iterator[tuple[str, Reader]]:
        """Hand out each blob by its name."""
        for name in self.shelf.blobs:
            reader = self.open(name)
            try:
                yield name, reader
            finally:
                reader.close()


class RootFilesystem(Source):
    """A single tar of a root filesystem, as `docker export` writes it: one layer, and no metadata.

    `guessed` says that the stream's first members only look like one: what comes later may prove it an image, which
    `instead` opens.
    """

    def __init__(
        self,
        name: str,
        reader: ClosableReader,
        *,
        guessed: bool = False,
        instead: Callable[[], Source | None] | None = None,
    ) -> None:
        self._reader = reader
        self.instead = instead
        self.shelf = Shelf(root=name, guessed=guessed)

    def blobs(self) -> Iterator[tuple[str, Reader]]:
        """Hand out the tar."""
        if self.shelf.root is not None:
            yield self.shelf.root, self._reader

    def close(self) -> None:
        """Close the tar."""
        self._reader.close()
