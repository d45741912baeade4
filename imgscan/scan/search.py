"""One plain stream through the sieves: windows are searched as they come, and hits are explained by a map.

The stream is cut into windows as it is, not file by file: a thousand small files do not cost a thousand calls. Beside
it a map (`imgscan.scan.regions`) knows which bytes belong to which file; only where a sieve has found something is the
offset turned into a path, a line and a column. Whatever the map separates is searched separately: nothing is ever
matched across the border of a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.image.lifecycle import trail
from imgscan.model import Location
from imgscan.scan.manyhits import HitLog
from imgscan.scan.position import HEAD, TextPosition
from imgscan.scan.regions import JoinedFile, JoinedRegions
from imgscan.streams.readers import StreamError
from imgscan.streams.stop import is_interruption
from imgscan.streams.windows import Window, Windower

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgscan.detect import Candidate, Match, View
    from imgscan.scan.hits import Concealer, Spelling
    from imgscan.scan.regions import Region, Regions
    from imgscan.streams.inflate import Chunk

WINDOW = 2 << 20
"""Bytes that a window owns: enough to make the cost of a call negligible."""


class Search:
    """Searches one stream, fed in chunks of any size; then `finish`.

    `size` counts the bytes that were fed, `found` logs the hits in stream order. `go_on` is called every few
    milliseconds; what it raises ends the step at hand, and nothing is searched after that.
    """

    def __init__(
        self,
        concealer: Concealer,
        regions: Regions,
        window: int = WINDOW,
        *,
        go_on: Callable[[], None] | None = None,
        found: HitLog | None = None,
    ) -> None:
        engine = concealer.engine
        self.size = 0
        self.found = HitLog() if found is None else found
        self._concealer = concealer
        self._engine = engine
        self._regions = regions
        self._windower = Windower(engine.reach_behind, engine.reach_ahead, window, engine.busy)
        self._skipped = 0  # bytes that were skipped: the stream's offsets count them, the windower does not
        self._tail: tuple[int, TextPosition] | None = None  # region start and text state of a file that continues
        self._taken = -1  # stream offset where the last match ended
        self._busy = False  # in the middle of a step: still so after it only if a stop broke it off
        self._go_on = go_on

    def feed(self, chunk: Chunk) -> None:
        """Search the next bytes."""
        self._busy = True
        self.size += len(chunk)
        self._regions.feed(chunk)
        window = self._windower.feed(chunk)
        if window is not None:
            self._search(window)
        self._busy = False

    @property
    def broken_off(self) -> bool:
        """Whether a stop ended a step, so that bytes that were fed may not have been searched."""
        return self._busy

    def finish(self) -> None:
        """Search what is left; the stream is over. A stop ends that without being raised: the hits are those so far."""
        if self._busy:
            return  # what was found before the interruption stays; nothing further can be relied on
        self._busy = True
        self._regions.finish()
        window = self._windower.finish()
        if window is not None:
            try:
                self._search(window)
            except StreamError as error:
                if is_interruption(error):
                    return
                raise
        self._busy = False

    def _search(self, window: Window) -> None:
        if self._skipped:
            window = Window(window.offset + self._skipped, window.data, window.start, window.end)
        view = self._engine.open(window.data, self._go_on)
        for candidates in view.slices(window.start, window.end):
            self._explain(window, view, candidates)
        keep = window.offset + max(0, window.end - self._engine.reach_behind)
        self._carry(window, keep)
        self._regions.forget(keep)

    def _explain(self, window: Window, view: View, candidates: Sequence[Candidate]) -> None:
        """Group the candidates by region, ask the validators, and record what they confirm."""
        group: list[Candidate] = []
        region: Region | None = None
        for candidate in candidates:
            position = window.offset + candidate.position
            if region is None or not region.start <= position < region.end:
                if region is not None and group:
                    self._confirm(window, view, group, region)
                group = []
                region = self._regions.region(position, window)
            if region is not None:
                group.append(candidate)
        if region is not None and group:
            self._confirm(window, view, group, region)

    def _confirm(self, window: Window, view: View, group: Sequence[Candidate], region: Region) -> None:
        low = max(0, region.start - window.offset)
        high = min(len(window.data), region.end - window.offset)
        spelling = self._concealer.spell(region.name)
        position = None if region.field or region.sparse else self._text_of(window, region)
        matches = view.confirm(
            group,
            low,
            high,
            origin=region.origin + window.offset + low - region.start,
            path=spelling.path,
            binary=position is None or position.binary,
            taken=max(0, self._taken - window.offset),
        )
        life = trail(region.name) if region.file is None and matches else ()
        for match in matches:
            self._taken = window.offset + match.end
            location = self._location(window, region, spelling, position, match)
            hit = self._concealer.hit(match, region.name, location, region.number, life)
            self.found.take(hit, region.file)

    def _location(
        self, window: Window, region: Region, spelling: Spelling, position: TextPosition | None, match: Match
    ) -> Location:
        """Say where in the file the carrier is: in a field, in a text with its lines, or in a binary."""
        path, raw = spelling
        if region.field is not None:
            return Location(None, path, raw, encoding=match.encoding, field=region.field)
        offset = region.origin + window.offset + match.start - region.start
        length = match.end - match.start
        if position is None or position.binary:
            return Location(None, path, raw, offset=offset, length=length, encoding=match.encoding)
        self._advance(window, region, position, window.offset + match.start)
        end_line, end_column = position.past(window.data[match.start : match.end])
        return Location(
            None,
            path,
            raw,
            line=position.line,
            column=position.column,
            end_line=end_line,
            end_column=end_column,
            offset=offset,
            length=length,
            encoding=match.encoding,
        )

    def _text_of(self, window: Window, region: Region) -> TextPosition:
        """Return the text state of a file: the one that was carried here, or a new one at its first byte."""
        if self._tail is not None and self._tail[0] == region.start:
            return self._tail[1]
        start = region.start - window.offset
        if start < 0:
            raise AssertionError("a file's first bytes have gone by without its text state")
        end = min(region.end - window.offset, start + HEAD)
        position = TextPosition(window.data[start:end])
        self._tail = (region.start, position)
        return position

    def _advance(self, window: Window, region: Region, position: TextPosition, to: int) -> None:
        start = region.start + position.offset - window.offset
        position.advance(window.data, start, to - window.offset)

    def _carry(self, window: Window, keep: int) -> None:
        """Take the text state of a file that continues behind this window along, as far as the next one begins."""
        region = self._regions.ongoing(keep, window.offset + window.end)
        if region is None:  # or no later window owns a byte of it
            return
        position = self._text_of(window, region)
        if position.offset < keep - region.start:
            self._advance(window, region, position, keep)


class JoinedSearch(Search):
    """Searches many whole files that are put one after another into one stream.

    `begin` a file, `feed` its bytes in chunks of any size, `skip` its holes; it ends where the next one begins. Each
    is searched as if it were alone, and a thousand small ones cost one window. The hits of a file may come only when
    later files are fed, or with `finish`. Files without bytes need not be begun.
    """

    def __init__(
        self,
        concealer: Concealer,
        *,
        window: int = WINDOW,
        go_on: Callable[[], None] | None = None,
        found: HitLog | None = None,
    ) -> None:
        self._joined = JoinedRegions()
        super().__init__(concealer, self._joined, window, go_on=go_on, found=found)

    def begin(self, file: JoinedFile) -> None:
        """Let the next file begin."""
        self._joined.begin(file, self.size + self._skipped)

    def feed_whole(self, files: Sequence[tuple[JoinedFile, bytes]]) -> None:
        """Search whole files, none of them without bytes."""
        self._busy = True
        begin, position = self._joined.begin, self.size + self._skipped
        for file, data in files:
            begin(file, position)
            position += len(data)
        window = self._windower.feed_all([data for _, data in files])
        self.size = position - self._skipped
        if window is not None:
            self._search(window)
        self._busy = False

    def skip(self, count: int) -> None:
        """Skip `count` zero bytes of the file at hand that nobody has to read; the hits are the same.

        A key cannot hold a zero byte, save in UTF-16, and no search looks farther than its reach: so that
        many zeros are searched and the rest are only counted.
        """
        margin = max(self._engine.reach_behind, self._engine.reach_ahead) + 1
        rest = (count - margin) & ~1  # a unit of UTF-16 stays whole
        if rest <= 0:
            self.feed(bytes(count))
            return
        self.feed(bytes(count - rest))
        self._busy = True
        window = self._windower.finish()
        if window is not None:
            self._search(window)
        if self._tail is not None and self._tail[0] == self._joined.starts[-1]:
            self._tail[1].skip(rest)
        self._skipped += rest
        self._busy = False
