r"""Plain text: every single-byte superset of ASCII, UTF-8 among them; whole, or split into pieces.

A credential may be split by the syntax around it: string literals that are put together (`"sk_" + "live_…"`, with
any operator or none), a backslash or an equals sign before a line break, a text wrapped in the middle of a word. Up
to three pieces are joined, and only a credential that proves itself is taken from them.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect.encodings.form import Cut, Encoding, Literal, uncut
from imgscan.detect.encodings.text import Gaps, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.detect.encodings.form import Form
    from imgscan.detect.encodings.text import Reach, Span

PIECES = 3
_LONGEST = 128
"""Characters from an anchor on that are joined: the longest credential that proves itself has fewer."""

_GLUE_BYTES = 64
_GLUE = (
    rb"(?:\\?[\"'`][ \t\r\n+.&|,~<>()\\_]{0,56}[bfrulBFRUL$@]{0,2}\\?[\"'`]"
    rb"|[\\=]?\r?\n[ \t]{0,48}(?://|[#>*|;+-])?[ \t]{0,4}"
    rb"|(?:\\r)?\\n[ \t]{0,48})"
)
_GLUED = re.compile(_GLUE)
_PIECE = re.compile(rb"[0-9A-Za-z+/_]*")

_ENDS = b"\"'`\\=\r\n"
_STARTS = b"\"'` \t\n"
PARTED = frozenset(_STARTS)
"""What is right before an anchor whose prefix begins in another piece."""


_ENDED = rb"[0-9A-Za-z+/_]{1,%d}(?:\\?[\"'`]|[\\=]?\r?\n|(?:\\r)?\\n)" % _LONGEST
"""The rest of a piece, and how the glue behind it begins."""


class Splits(NamedTuple):
    """Which credentials are put together from pieces: those whose structure proves them.

    `starts` is what can follow their anchors: the rest of a prefix, and how a body begins. `heads` is what comes before
    the anchor in their prefixes, and `before` the most characters that come before one.
    """

    starts: tuple[bytes, ...]
    heads: tuple[bytes, ...]
    before: int


def _cuts(anchor: bytes) -> Iterator[Literal]:
    """Yield the halves of an anchor with what touches them: the first half, unless that is one letter."""
    for at in range(1, len(anchor)):
        if at > 1:
            for end in _ENDS:
                yield Literal(anchor[:at] + bytes([end]), 0, Cut(anchor, at, after=False))
        else:
            for start in _STARTS:
                yield Literal(bytes([start]) + anchor[at:], 0, Cut(anchor, at, after=True))


def continued(splits: Splits) -> bytes:
    """Write a regular expression of what follows an anchor whose credential is in pieces, as far as it is no body."""
    begun = _begun(splits)
    return begun + rb"(?:" + _ENDED + rb"|" + _GLUE + begun + rb")"


def interrupted(literal: bytes, cut: Cut, splits: Splits) -> bytes:
    """Write a regular expression of what must be from the literal of a cut anchor on, for it to be joined."""
    left, right = (re.escape(part) for part in (cut.whole[: cut.at], cut.whole[cut.at :]))
    return (re.escape(literal) if cut.after else left + _GLUE + right) + _begun(splits)


def _begun(splits: Splits) -> bytes:
    """Write a regular expression of where a start is, as far as its piece goes; it takes no character."""
    found = [re.escape(start) for start in splits.starts]
    ends = b"[%s]" % re.escape(_ENDS)
    found += [re.escape(start[:at]) + ends for start in splits.starts for at in range(len(start))]
    return b"(?=%s)" % (b"|".join(found) or b"(?!)")


def plain(splits: Splits) -> Encoding:
    """Make the encoding that reads text as it is, and joins what may be split.

    Whole anchors are forms already. Joining looks less far than context does, so it asks for nothing more.
    """
    begun = re.compile(_begun(splits))
    head = re.compile(rb"(%s)%s\Z" % (b"|".join(map(re.escape, splits.heads)) or b"(?!)", _GLUE))

    def read(data: bytes, position: int, span: Span, form: Form, _reach: Reach) -> Iterator[Text]:
        if form.cut is not None:
            yield from _interrupted(data, position, span, form.cut, splits.before, begun)
            return
        yield Text("plain", data, position, span.low, span.high)
        after = position + len(form.literal)
        if not begun.match(data, after, span.high):
            return
        pieces = [(max(span.low, position - splits.before), after)]
        if position > span.low and data[position - 1] in _STARTS:
            split = head.search(data, max(span.low, position - _GLUE_BYTES), position)
            if split is not None:
                pieces = [split.span(1), (position, after)]
        text = _joined(data, span, pieces, position)
        if text is not None:
            yield text

    return Encoding("plain", uncut, _cuts, read, 1, 1, 0)


def _interrupted(
    data: bytes, position: int, span: Span, cut: Cut, before: int, begun: re.Pattern[bytes]
) -> Iterator[Text]:
    """Join the halves of an anchor, and up to so many characters before it, where `begun` says what follows."""
    left, right = cut.whole[: cut.at], cut.whole[cut.at :]
    if cut.after:
        second = position + 1
        # No glue holds the first letter of an anchor, so it is the last that is there.
        first = data.rfind(left, max(span.low, second - _GLUE_BYTES), second)
        if first < 0 or not _GLUED.fullmatch(data, first + len(left), second):
            return
    else:
        first = position
        glue = _GLUED.match(data, first + len(left), span.high)
        if glue is None or not data.startswith(right, glue.end(), span.high):
            return
        second = glue.end()
    if not begun.match(data, second + len(right), span.high):
        return
    pieces = [(max(span.low, first - before), first + len(left)), (second, second + len(right))]
    text = _joined(data, span, pieces, first)
    if text is not None:
        yield text


def _joined(data: bytes, span: Span, pieces: list[tuple[int, int]], anchor: int) -> Text | None:
    """Put the pieces of a credential together; None if there is only one.

    Those up to the end of its anchor, which begins at `anchor`, are known; `pieces` is added to.
    """
    high = min(span.high, pieces[-1][1] + _LONGEST + PIECES * _GLUE_BYTES)
    end = _end_of_piece(data, pieces[-1][1], high)
    pieces[-1] = pieces[-1][0], end
    size = end - pieces[0][0]
    while len(pieces) < PIECES and size < _LONGEST:
        glue = _GLUED.match(data, end, high)
        start = glue.end() if glue else high
        end = _end_of_piece(data, start, high)
        if end == start:
            break
        pieces.append((start, end))
        size += end - start
    if len(pieces) == 1:
        return None
    joined = b"".join([data[start:end] for start, end in pieces])
    at: list[int] = []
    sums: list[int] = []
    index = total = 0
    for (start, stop), (following, _) in pairwise(pieces):
        index += stop - start
        total += following - stop
        at.append(index)
        sums.append(total)
    base = pieces[0][0]
    skipped = sums[0] if anchor >= pieces[1][0] else 0
    return Text("split", joined, anchor - skipped - base, 0, len(joined), base, gaps=Gaps(at, sums), strict=True)


def _end_of_piece(data: bytes, start: int, high: int) -> int:
    found = _PIECE.match(data, start, high)
    return found.end() if found else start
