"""Runs of digits that are shared: lines that continue each other, found once and decoded once for each phase.

What `runs` reads around one literal at a time, this reads around all of a buffer. Where both would not see the same it
does not say what is there.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right, insort
from functools import cache
from itertools import accumulate, pairwise
from operator import sub
from typing import TYPE_CHECKING

from imgscan.detect.encodings.digits import (
    AFTER,
    BASE64_DIGITS,
    BREAK,
    BREAK_BEFORE,
    LONGEST_BREAK,
    LONGEST_USUAL,
    NEAR,
    STRETCH,
    USUAL,
    WIDEST,
    digits_around,
    ends_of_cut,
    wraps,
)
from imgscan.detect.encodings.form import GLANCE
from imgscan.detect.encodings.text import Gaps, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgscan.detect.encodings.digits import Alphabet, Segments
    from imgscan.detect.encodings.form import Form
    from imgscan.detect.encodings.shared import Shared, Sight, View
    from imgscan.detect.encodings.text import Reach

_DELIMITING = (b"/", b"_", b"+", b"-")
_GLANCES = 8
"""Candidates of a block that are looked at by themselves first: in most blocks there are no more."""

_BLANK = frozenset(b" \t\n")
_NEWLINE = frozenset(b"\r\n")
"""What may be between two lines: before the second, behind the first."""


class _Chain:
    """Lines of digits that continue each other, as far as they are in a shared part of a buffer."""

    def __init__(self, shared: Shared, alphabet: Alphabet, lines: Segments) -> None:
        self.starts = [start for start, _ in lines]
        self.ends = [end for _, end in lines]
        self.sizes = sizes = [end - start for start, end in lines]
        self.sums = list(accumulate(sizes, initial=0))
        strides = [after - start for start, after in pairwise(self.starts)]
        self.dense = all(stride <= STRETCH * size for stride, size in zip(strides, sizes, strict=False))
        self._shared = shared
        self._alphabet = alphabet
        self._decoded: dict[int, Shared] = {}
        self._counts: dict[Form, Reach] = {}

    def line(self, position: int) -> int:
        """Return the index of the line that a digit is in."""
        return bisect_right(self.starts, position) - 1

    def sight(self, position: int, lead: int) -> Sight | None:
        """Look at the literal at `position` in all lines together: what readers see of fewer lines is part of that."""
        line = self.line(position)
        quantum = self.sums[line] + position - self.starts[line] - lead
        return None if quantum < 0 else self._place(quantum, lead)

    def behind(self, position: int, count: int) -> bytes:
        """Return so many digits before `position`, of as many lines as that takes."""
        line = self.line(position)
        found = self._shared.data[self.starts[line] : position][-count:]
        while len(found) < count and line:
            line -= 1
            found = self._shared.data[self.starts[line] : self.ends[line]][len(found) - count :] + found
        return found

    def ahead(self, position: int, count: int) -> bytes:
        """Return so many digits from `position` on, and the rest of their last line."""
        line = self.line(position)
        stop = bisect_right(self.sums, self.sums[line] + position - self.starts[line] + count)
        pieces = zip(self.starts[line + 1 : stop], self.ends[line + 1 : stop], strict=False)
        data = self._shared.data
        return b"".join(
            [data[position : min(self.ends[line], position + count)], *(data[start:end] for start, end in pieces)]
        )

    def _place(self, quantum: int, lead: int) -> tuple[Shared, int]:
        """Return all lines decoded in the phase of a quantum, which so many digits are before, and what is in it."""
        digits, size = self._alphabet.digits, self._alphabet.size
        phase = quantum % digits
        inside = self._decoded.get(phase)
        if inside is None:
            self._decoded[phase] = inside = self._decode(phase)
        return inside, (quantum - phase) // digits * size + lead * size // digits

    def _decode(self, phase: int) -> Shared:
        """Decode all lines from a digit of the first on."""
        alphabet, starts, ends = self._alphabet, self.starts, self.ends
        data = self._shared.data
        joined = b"".join([data[start:end] for start, end in zip(starts, ends, strict=True)])
        skipped = accumulate(map(sub, starts[1:], ends))
        gaps = Gaps(array("q", [each - phase for each in self.sums[1:-1]]), array("q", skipped))
        return self._shared.decoded(
            alphabet.name, alphabet.decode(joined[phase:]), starts[0] + phase, alphabet.digits, alphabet.size, gaps
        )

    def views(self, position: int, form: Form, pieces: int, span: Span) -> list[View] | None:
        """Read the literal at `position` as `_Run` does: in its own lines, and with those that belong to them."""
        lead, line = form.lead, self.line(position)
        stop, digit = line + pieces, self.sums[line] + position - self.starts[line]
        quantum = digit - lead
        if span.low > self._shared.low or span.high < self._shared.high:
            return self._within(line, quantum, lead, span) if pieces == 1 else None
        if len(self.starts) == pieces:
            return self._reading(0, self.sums[-1], line, quantum, lead, settles=True)
        count = self._counts.get(form) or self._count(form)
        first, last = self._gathered(position, digit, line, stop, count)
        low, high = (0, self.sums[-1]) if self.dense else (self.sums[first], self.sums[last])
        if last - first == pieces:
            return self._reading(low, high, first, quantum, lead, settles=True)
        whole, longest = self._whole(last, digit, lead, count), max(self.sizes[first:last])
        usual = whole and longest >= USUAL and (longest <= LONGEST_USUAL or last - first > 2)
        long = self.ends[stop - 1] - self.starts[line] > LONGEST_USUAL
        settles = not usual and long and not whole and self._whole(stop, digit, lead, count)
        together = self._reading(low, high, first, quantum, lead, settles=usual)
        if (self.sums[stop] - quantum) * self._alphabet.size < self._shared.least * self._alphabet.digits:
            return together  # where the lines are short, hardly any holds a credential by itself
        alone = self._reading(self.sums[line], self.sums[stop], line, quantum, lead, settles=settles)
        return [*together, *alone] if usual else [*alone, *together]

    def _within(self, line: int, quantum: int, lead: int, span: Span) -> list[View] | None:
        """Read a line as far as it is between two places; None if it may continue others there."""
        data, start, end = self._shared.data, self.starts[line], self.ends[line]
        begins = span.low >= start or start == self._shared.low or data[start - 1] not in _BLANK
        ends = span.high <= end or end == self._shared.high or data[end] not in _NEWLINE
        if not (begins and ends):
            return None
        first = self.sums[line] - start
        low, high = first + max(start, span.low), first + min(end, span.high)
        return self._reading(low, high, line, quantum, lead, settles=True)

    def _count(self, form: Form) -> Reach:
        inner = form.inner.needs(self._shared.reach) if form.inner else self._shared.reach
        self._counts[form] = count = digits_around(self._alphabet, form.lead, inner)
        return count

    def _gathered(self, position: int, digit: int, line: int, stop: int, count: Reach) -> tuple[int, int]:
        """Say which lines are read: as many as it takes, and none that is too far away for its digits."""
        first = max(0, bisect_right(self.sums, digit - count.behind) - 1)
        last = bisect_left(self.sums, digit + count.ahead)
        if not self.dense:
            first = max(first, bisect_left(self.starts, position - STRETCH * count.behind - LONGEST_BREAK))
            last = min(last, bisect_right(self.ends, self.ends[stop - 1] + STRETCH * count.ahead + LONGEST_BREAK))
        return min(line, first), min(len(self.starts), max(stop, last))

    def _reading(self, low: int, high: int, first: int, quantum: int, lead: int, *, settles: bool) -> list[View]:
        """Read the digits between two, and if a value may begin shortly before the literal, from there on too.

        The text begins in line `first`, the literal's quantum with the digit `quantum`.
        """
        if quantum < low:
            return []
        digits, size = self._alphabet.digits, self._alphabet.size
        inside, at = self._place(quantum, lead)
        phase = quantum % digits
        begin, end = -(-max(0, low - phase) // digits) * size, max(0, high - phase) * size // digits
        found: list[View] = [(inside, at, settles, begin, end, None)]
        near = self._delimited(max(low, self.sums[first]), first, quantum)
        if near >= 0:
            behind = at - lead * size // digits - near // digits * size
            if behind > begin:
                found.append((inside, at, settles, behind, end, None))
        return found

    def _delimited(self, low: int, first: int, quantum: int) -> int:
        """Count the digits between the last delimiter before a quantum and that, if a quantum begins there; else -1.

        Only the first line of a text is looked at, from the digit `low` on.
        """
        if self._alphabet is not BASE64_DIGITS or quantum > self.sums[first + 1]:
            return -1
        start = self.starts[first] - self.sums[first]
        near = self._shared.data[start + max(low, quantum - NEAR) : start + quantum]
        found = max(map(near.rfind, _DELIMITING))
        behind = len(near) - found - 1
        return behind if found >= 0 and behind % self._alphabet.digits == 0 else -1

    def _whole(self, stop: int, digit: int, lead: int, count: Reach) -> bool:
        """Whether the digits from one on make whole bytes, their padding counted, as far as they are looked at."""
        data, end, ahead = self._shared.data, self.ends[stop - 1], self.sums[stop] - digit
        padding = 2 if data.startswith(b"==", end) else data.startswith(b"=", end)
        return ahead >= count.ahead or (ahead + lead + padding) % self._alphabet.digits == 0


@cache
def _line_behind(alphabet: Alphabet) -> re.Pattern[bytes]:
    """Make an expression of a break, a line of digits and what may follow them."""
    run = alphabet.run.pattern.removesuffix(b"*")
    return re.compile(rb"%s(%s++)(?:\Z|(?=%s))" % (BREAK.pattern, run, AFTER.pattern))


class _Chains:
    """The chains of one alphabet in a shared part of a buffer, each found once."""

    def __init__(self, shared: Shared, alphabet: Alphabet) -> None:
        self._shared = shared
        self._alphabet = alphabet
        self._firsts: list[int] = []
        self._chains: dict[int, _Chain] = {}
        self._last: _Chain | None = None
        self._glances = _GLANCES
        self._line = _line_behind(alphabet)

    def at(self, position: int) -> _Chain:
        """Return the chain that a digit is in."""
        last = self._last
        if last is not None and last.starts[0] <= position < last.ends[-1]:
            return last
        self._last = chain = self._at(position)
        return chain

    def glance(self, quantum: int, lead: int) -> tuple[bytes, int] | None:
        """Decode the digits from a quantum on, over breaks of whatever kind; None once many have asked.

        A chance literal in a text of digits so costs no more than itself.
        """
        if not self._glances:
            return None
        self._glances -= 1
        alphabet, (data, _, high) = self._alphabet, self._extent()
        left = -(-GLANCE // alphabet.size) * alphabet.digits + lead
        pieces: list[bytes] = []
        start = quantum
        while left > 0:
            end = alphabet.forward(data, start, min(high, start + left))
            pieces.append(data[start:end])
            left -= end - start
            found = BREAK.match(data, end, high)
            if found is None or found.end() == start:
                break
            start = found.end()
        return alphabet.decode(b"".join(pieces)), lead * alphabet.size // alphabet.digits

    def _at(self, position: int) -> _Chain:
        before = bisect_right(self._firsts, position)
        if before:
            chain = self._chains[self._firsts[before - 1]]
            if position < chain.ends[-1]:
                return chain
        chain = self._chain(position)
        insort(self._firsts, chain.starts[0])
        self._chains[chain.starts[0]] = chain
        return chain

    def _chain(self, position: int) -> _Chain:
        alphabet, (data, low, high) = self._alphabet, self._extent()
        line = _run_start(alphabet, data, position, low), alphabet.forward(data, position, high)
        before: Segments = []
        first = line
        while (found := self._before(*first)) is not None:
            before.append(found)
            first = found
        lines = [*reversed(before), line]
        while (found := self._behind(*lines[-1])) is not None:
            lines.append(found)
        return _Chain(self._shared, alphabet, lines)

    def _extent(self) -> tuple[bytes, int, int]:
        return self._shared.data, self._shared.low, self._shared.high

    def _before(self, start: int, last: int) -> tuple[int, int] | None:
        """Return the line that one continues."""
        data, low, high = self._extent()
        found = BREAK_BEFORE.search(data, max(low, start - LONGEST_BREAK), start)
        if found is None:
            return None
        end = found.start()
        begin = _run_start(self._alphabet, data, end, low)
        return (begin, end) if begin < end and wraps(data, begin, end, start, last, low, high) else None

    def _behind(self, begin: int, end: int) -> tuple[int, int] | None:
        """Return the line that continues one."""
        data, low, high = self._extent()
        found = self._line.match(data, end, high)
        if found is None:
            return None
        start, last = found.span(1)
        fits = last - start < WIDEST and last - start <= end - begin
        return (start, last) if fits or wraps(data, begin, end, start, last, low, high) else None


def _run_start(alphabet: Alphabet, data: bytes, end: int, low: int) -> int:
    """Return the beginning of the run that ends at `end`, however long it is."""
    count = WIDEST
    while end - (start := alphabet.backward(data, end, max(low, end - count))) == count:
        count *= 4
    return start


def _chains(alphabet: Alphabet, shared: Shared) -> _Chains:
    chains: _Chains | None = shared.made.get(alphabet)
    if chains is None:
        shared.made[alphabet] = chains = _Chains(shared.bare(), alphabet)
    return chains


def looker(alphabet: Alphabet) -> Callable[[int, Form, Shared], Sequence[Sight]]:
    """Make what takes a quick look at a literal in a run of digits (`Encoding.sight`)."""

    def sight(position: int, form: Form, shared: Shared) -> Sequence[Sight]:
        chains = _chains(alphabet, shared)
        if form.cut is not None:
            found = _cut_sight(chains, alphabet, position, form, shared)
            return () if found is None else (found,)
        found = chains.at(position).sight(position, form.lead)
        return () if found is None else (found,)

    return sight


def glancer(alphabet: Alphabet) -> Callable[[int, Form, Shared], tuple[bytes, int] | None]:
    """Make what decodes only what is right behind a literal (`Encoding.glance`)."""

    def glance(position: int, form: Form, shared: Shared) -> tuple[bytes, int] | None:
        quantum = position - form.lead
        if form.cut is not None or quantum < shared.low or alphabet.forward(shared.data, quantum, position) < position:
            return None
        return _chains(alphabet, shared).glance(quantum, form.lead)

    return glance


def viewer(alphabet: Alphabet) -> Callable[[int, Form, Shared, Span], list[View] | None]:
    """Make what reads a literal in a run of digits that is shared (`Encoding.view`)."""

    def view(position: int, form: Form, shared: Shared, span: Span) -> list[View] | None:
        if form.cut is None:
            return _chains(alphabet, shared).at(position).views(position, form, 1, span)
        ends = ends_of_cut(shared.data, position, span, form.cut)
        if ends is None:
            return []
        (first, _), (second, _) = ends
        chain = _chains(alphabet, shared).at(second)
        return chain.views(first, form, 2, span) if chain.starts[0] <= first else None

    return view


def _cut_sight(chains: _Chains, alphabet: Alphabet, position: int, form: Form, shared: Shared) -> Sight | None:
    """Look at an interrupted literal: in its lines, or if these do not continue each other, at what is behind it."""
    ends = form.cut and ends_of_cut(shared.data, position, Span(shared.low, shared.high), form.cut)
    if not ends:
        return None
    (first, end), (second, _) = ends
    chain = chains.at(second)
    if chain.starts[0] <= first:
        return chain.sight(first, form.lead)
    before = chains.at(first).behind(first, NEAR + form.lead)
    before = before[(len(before) - form.lead) % alphabet.digits :]
    if len(before) < form.lead:
        return None
    inner = form.inner.needs(shared.reach) if form.inner else shared.reach
    digits = before + shared.data[first:end] + chain.ahead(second, inner.ahead * alphabet.digits)
    inside = shared.decoded(alphabet.name, alphabet.decode(digits), first, alphabet.digits, alphabet.size)
    return inside, len(before) * alphabet.size // alphabet.digits
