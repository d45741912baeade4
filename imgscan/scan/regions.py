"""Which bytes of a stream are one thing: what a search needs so that it looks up only the places of its hits.

A map learns what is where as the stream goes by, answers for a stream offset, and forgets what no later
window can touch. There are two kinds: the tar map (`imgscan.scan.tarmap`), which reads headers beside the stream, and
the joined map here, which is filled by the code that puts many whole files into one stream.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.windows import Window

ENDLESS = 1 << 62
"""Behind the end of any stream: the end of a file that still continues."""


class Region(NamedTuple):
    """Bytes of the stream that are one thing: a file's data, a piece of it, or something between files.

    `number` is the member's, -1 for none; `origin` the offset in the file of the region's first byte; `field` is None
    for data. `sparse` says that the file's lines cannot be counted here. `file` is what the code that feeds a joined
    stream called the file, None elsewhere.
    """

    start: int
    end: int
    number: int
    name: bytes
    origin: int
    field: str | None
    sparse: bool = False
    file: JoinedFile | None = None


class Regions(Protocol):
    """A map of a stream. Offsets are the stream's own; lookups ascend from window to window."""

    def feed(self, chunk: Chunk) -> None:
        """Look at the next bytes, before any window that holds them is requested."""

    def finish(self) -> None:
        """Note that the stream has ended; offsets may still be looked up afterwards."""

    def region(self, position: int, window: Window) -> Region | None:
        """Say what is at an offset, which `window` owns; None if the map deals with it itself."""

    def ongoing(self, position: int, end: int) -> Region | None:
        """Return the file that began before `position` and has bytes behind `end`, whose lines can be counted."""

    def forget(self, position: int) -> None:
        """Forget what ends before an offset."""


class JoinedFile(NamedTuple):
    """A file of a joined stream, as its hits are to name it.

    `name` is the raw path under which it is reported, all containers around it included
    (`app/lib/pay.jar!/config/app.properties`); `number` goes into `Hit.member`. `token` is the caller's own and comes
    back with each hit: a sort key, the outermost file, whatever tells the hit's place later. `field` is given for
    bytes that are not a file's content: its hits have neither lines nor offsets.
    """

    name: bytes
    number: int = -1
    token: object = None
    field: str | None = None


class JoinedRegions:
    """The map of many whole files in one stream: each begins where the one before ends.

    Two lists, and no object per file: 100,000 small files cost what their bytes cost.
    """

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.files: list[JoinedFile] = []

    def begin(self, file: JoinedFile, position: int) -> None:
        """Let a file begin at an offset; one that has got no bytes until then is forgotten."""
        starts = self.starts
        if starts and starts[-1] == position:
            self.files[-1] = file
        else:
            starts.append(position)
            self.files.append(file)

    def feed(self, chunk: Chunk) -> None:
        """Nothing to see: bytes say nothing of where files begin."""

    def finish(self) -> None:
        """Nothing is left to be known."""

    def region(self, position: int, _window: Window | None = None) -> Region | None:
        """Return the file that an offset is in; None before the first."""
        at = bisect_right(self.starts, position) - 1
        return self._at(at) if at >= 0 else None

    def ongoing(self, position: int, end: int) -> Region | None:
        """Return the file that began before `position` and continues behind `end`; the last one may always continue."""
        at = bisect_right(self.starts, position - 1) - 1
        if at < 0:
            return None
        region = self._at(at)
        return region if region.end > max(position, end) and region.field is None else None

    def forget(self, position: int) -> None:
        """Drop the files that end at or before an offset."""
        gone = bisect_right(self.starts, position) - 1
        if gone > 0:
            del self.starts[:gone]
            del self.files[:gone]

    def _at(self, at: int) -> Region:
        starts, file = self.starts, self.files[at]
        end = starts[at + 1] if at + 1 < len(starts) else ENDLESS
        return Region(starts[at], end, file.number, file.name, 0, file.field, file=file)
