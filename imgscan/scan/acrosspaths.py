"""Credentials that the slashes of a path cut into pieces: none of the pieces may be shown.

A folder and a file in it, or an archive and its member (`!/`), can have names that make a key together. Neither half is
one for the detector, so redaction joins the names first.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect.redaction import ENCODED
from imgscan.model import CONFIDENCES
from imgscan.secrecy import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.detect import Engine

_SEPARATOR = re.compile(rb"!?/+")

_MOST_STARTS = 8
"""Names before an anchor that its credential may begin in: the longest prefix has fewer characters ahead of it."""

_AHEAD = 16
"""More characters than any prefix has before its anchor."""

_LONGEST = 2048
"""Characters behind an anchor that are looked at; credentials are shorter."""

_MOST_TRIED = 64
"""Anchors of one text for which it is asked where the credential ends; of others the whole run is hidden."""

_MOST_ENDS = 32
"""Names behind the first that a credential, complete as it is, is tried with."""


class _Range(NamedTuple):
    """What is hidden of the joined names, and what is shown in its place."""

    start: int
    end: int
    shown: bytes


def redact_across(text: str, engine: Engine) -> str:
    """Redact what is a credential, or begins like one, only without the slashes in it."""
    if "/" not in text:
        return text
    data = text.encode("utf-8", "surrogatepass")
    joined = _SEPARATOR.sub(b"", data)
    found = engine.find(joined, 0, len(joined))
    if not found:
        return text
    cuts: list[int] = []  # where names meet, in the joined bytes
    gone = [0]  # how many bytes of separators come before each of them
    for match in _SEPARATOR.finditer(data):
        cuts.append(match.start() - gone[-1])
        gone.append(gone[-1] + len(match[0]))
    hidden = [*_encoded(joined, cuts, engine), *_plain(joined, cuts, engine, [each.position for each in found])]
    shown, done = [], 0
    for start, end, instead in sorted(hidden):
        first = start + gone[bisect_right(cuts, start)]
        if first >= done:
            shown += [data[done:first], instead]
            done = end + gone[bisect_right(cuts, end - 1)]
    return b"".join([*shown, data[done:]]).decode("utf-8", "surrogatepass")


def _encoded(joined: bytes, cuts: Sequence[int], engine: Engine) -> Iterator[_Range]:
    """Find the credentials in another encoding that a cut is in."""
    for match in engine.search(joined):
        if match.encoding != "plain" and _is_cut(cuts, match.start, match.end):
            yield _Range(match.start, match.end, ENCODED)


def _plain(joined: bytes, cuts: Sequence[int], engine: Engine, anchors: Sequence[int]) -> Iterator[_Range]:
    """Find what begins like a secret and continues over a cut, unless it was complete before."""
    done = -1
    for number, anchor in enumerate(anchors):
        if anchor < done:
            continue
        name = bisect_right(cuts, anchor)  # the anchor's first byte is in this one
        for each in range(name, max(-1, name - _MOST_STARTS - 1), -1):
            start = cuts[each - 1] if each else 0
            match = engine.ruleset.redacted.search(joined[start : anchor + _LONGEST], max(0, anchor - start - _AHEAD))
            if match is None or not match.start() <= anchor - start < match.end():
                continue
            first = start + match.start()
            end = start + match.end()
            if number < _MOST_TRIED:
                end = _end(joined, cuts, engine, first, end)
            if _is_cut(cuts, first, end):
                prefix = len(match[match.lastindex or 0])
                yield _Range(first, end, redact(joined[first:end].decode("ascii"), prefix).encode())
                done = end
                break


def _end(joined: bytes, cuts: Sequence[int], engine: Engine, start: int, end: int) -> int:
    """Say where a credential ends that begins like one from `start` to `end`.

    The whole run is hidden, unless the first name has a credential that no name behind it makes a surer one.
    """
    ends = [*cuts[bisect_right(cuts, start) : bisect_left(cuts, end)][:_MOST_ENDS], end]
    sure = [_certainty(engine, joined[start:each]) for each in ends]
    if sure[0] == 0:
        return end
    best = max(sure)
    return max(each for each, one in zip(ends, sure, strict=True) if one == best)


def _certainty(engine: Engine, text: bytes) -> int:
    """Say how sure it is that a text is a credential from end to end; 0 if it is none."""
    return max(
        (
            len(CONFIDENCES) - CONFIDENCES.index(match.confidence)
            for match in engine.search(text)
            if match.start == 0 and match.end == len(text)
        ),
        default=0,
    )


def _is_cut(cuts: Sequence[int], start: int, end: int) -> bool:
    return bisect_right(cuts, start) < bisect_left(cuts, end)
