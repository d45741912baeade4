"""Running an engine as a scan does, over a stream that is cut into windows, and as a reader would, over files.

Both give the same plain values, so that a test is one comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect import Engine
from imgscan.detect.encodings.plain import plain
from imgscan.detect.stripe import STRIPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.detect import Match

NOW = 1_767_225_600.0
"""2026-01-01, so that no test depends on the day it runs."""

SCREENED = Engine(STRIPE, now=NOW)
"""With Hyperscan, where it is installed; without it these tests hold the automaton alone."""

PLAIN = plain(STRIPE.splits)

UNSCREENED = Engine(STRIPE, screen=False, now=NOW)
ENGINES = (SCREENED, UNSCREENED) if SCREENED.screened else (UNSCREENED,)


@dataclass(frozen=True)
class File:
    """One file of a stream, and the bytes that stand after it (padding, the next header)."""

    data: bytes
    path: str = "file"
    binary: bool = False
    gap: bytes = b""


class Found(NamedTuple):
    """A match in its file's own offsets."""

    path: str
    start: int
    end: int
    rule: str
    encoding: str
    secret: bytes
    confidence: str


def whole(engine: Engine, *files: File) -> list[Found]:
    """Search every file by itself and at once."""
    return [
        _found(file, match, 0)
        for file in files
        for match in engine.search(file.data, path=file.path, binary=file.binary)
    ]


def windowed(engine: Engine, size: int, *files: File, lead: bytes = b"") -> list[Found]:
    """Search the stream of all files in windows that own `size` bytes each."""
    stream = lead + b"".join(file.data + file.gap for file in files)
    found: list[Found] = []
    taken = dict.fromkeys(range(len(files)), 0)
    for start in range(0, len(stream), size):
        stop = min(start + size, len(stream))
        first = max(0, start - engine.reach_behind)
        last = min(len(stream), stop + engine.reach_ahead)
        view = engine.open(stream[first:last])
        candidates = view.candidates(start - first, stop - first)
        if not candidates:
            continue
        for index, begin, end in _extents(files, len(lead)):
            low, high = max(begin, first), min(end, last)
            own = [each for each in candidates if begin <= each.position + first < end]
            if not own:
                continue
            matches = view.confirm(
                own,
                low - first,
                high - first,
                origin=low - begin,
                path=files[index].path,
                binary=files[index].binary,
                taken=max(0, taken[index] - first),
            )
            for match in matches:
                found.append(_found(files[index], match, first - begin))
                taken[index] = match.end + first
    order = {file.path: index for index, file in enumerate(files)}
    return sorted(found, key=lambda each: order[each.path])


def secrets(text: str | bytes, *, path: str = "file", binary: bool = False) -> list[str]:
    """List the credentials of a text, having asked both engines and windows of several sizes."""
    data = text.encode() if isinstance(text, str) else text
    return [each.secret.decode() for each in agreed(File(data, path, binary))]


def agreed(*files: File, sizes: Sequence[int] = (1, 7, 64, 1 << 20)) -> list[Found]:
    """Give the matches that both engines find at every window size."""
    expected = whole(SCREENED, *files)
    assert whole(UNSCREENED, *files) == expected
    for size in sizes:
        assert windowed(SCREENED, size, *files) == expected
    return expected


def _extents(files: Sequence[File], begin: int) -> Iterator[tuple[int, int, int]]:
    for index, file in enumerate(files):
        yield index, begin, begin + len(file.data)
        begin += len(file.data) + len(file.gap)


def _found(file: File, match: Match, shift: int) -> Found:
    return Found(
        file.path,
        match.start + shift,
        match.end + shift,
        match.rule.id,
        match.encoding,
        match.secret,
        match.confidence,
    )
