"""Runs of digits that are shared: lines that continue each other, found once and decoded once for each phase.

What `runs` reads around one literal at a time, this reads around all of a buffer. Where both would not see the same it
does not say what is there.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from imgscan.detect.encodings.digits import (
    BASE64_DIGITS,
    BREAK,
    BREAK_BEFORE,
    DELIMITER,
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
from imgscan.detect.encodings.text import Gaps, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.detect.encodings.digits import Alphabet, Segments
    from imgscan.detect.encodings.form import Form
    from imgscan.detect.encodings.shared import Shared, Sight, View
    from imgscan.detect.encodings.text import Reach

_DELIMITERS = re.compile(rb"[/_+-]")


_KEPT = 32
"""Lines that are kept decoded by themselves: their anchors come one after another."""


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
        self._together: dict[int, Shared] = {}
        self._apart: dict[tuple[int, int, int], Shared] = {}
        self._counts: dict[Form, Reach] = {}

    def line(self, position: int) -> int:
        """Return the index of the line that a digit is in."""
        return bisect_right(self.starts, position) - 1

    def sights(self, position: int, lead: int, pieces: int, *, sure: bool) -> Iterator[Sight]:
        """Look at the literal at `position`, in so many lines that it is in, and in all lines together."""
        line = self.line(position)
        quantum = position - self.starts[line] - lead
        together = quantum + self.sums[line]
        if len(self.starts) > pieces and together >= 0:
            yield self._sight(0, len(self.starts), together, lead, sure=sure and self.dense)
        left = self.sums[line + pieces] - self.sums[line] - quantum
        # Where the lines are short, hardly any is worth decoding by itself.
        if quantum >= 0 and left * self._alphabet.size >= self._shared.least * self._alphabet.digits:
            yield self._sight(line, line + pieces, quantum, lead, sure=sure)

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

    def _sight(self, line: int, stop: int, quantum: int, lead: int, *, sure: bool) -> Sight:
        digits, size = self._alphabet.digits, self._alphabet.size
        phase = quantum % digits
        if stop - line == len(self.starts):
            inside = self._together.get(phase)
            if inside is None:
                self._together[phase] = inside = self._decode(line, stop, phase)
        else:
            inside = self._apart.get((line, stop, phase)) or self._decode_apart(line, stop, phase)
        return inside, (quantum - phase) // digits * size + lead * size // digits, sure

    def _decode_apart(self, line: int, stop: int, phase: int) -> Shared:
        if len(self._apart) >= _KEPT:
            self._apart.clear()
        self._apart[line, stop, phase] = inside = self._decode(line, stop, phase)
        return inside

    def _decode(self, line: int, stop: int, phase: int) -> Shared:
        """Decode some lines from a digit of the first on."""
        alphabet, starts, ends, sums = self._alphabet, self.starts, self.ends, self.sums
        pieces = zip(starts[line:stop], ends[line:stop], strict=True)
        joined = b"".join([self._shared.data[start:end] for start, end in pieces])
        skipped = accumulate(start - end for start, end in zip(starts[line + 1 : stop], ends[line:stop], strict=False))
        gaps = Gaps([each - sums[line] - phase for each in sums[line + 1 : stop]], list(skipped))
        return self._shared.decoded(
            alphabet.name, alphabet.decode(joined[phase:]), starts[line] + phase, alphabet.digits, alphabet.size, gaps
        )

    def views(self, position: int, form: Form, pieces: int) -> list[View]:
        """Read the literal at `position` as `_Run` does: in its own lines, and with those that belong to them."""
        lead, line = form.lead, self.line(position)
        stop, digit = line + pieces, self.sums[line] + position - self.starts[line]
        if len(self.starts) == pieces:
            return list(self._readings(line, stop, line, digit - lead, lead, settles=True))
        count = self._counts.get(form) or self._count(form)
        first, last = self._gathered(position, digit, line, stop, count)
        if last - first == pieces:
            return list(self._readings(line, stop, line, digit - lead, lead, settles=True))
        whole, longest = self._whole(last, digit, lead, count), max(self.sizes[first:last])
        usual = whole and longest >= USUAL and (longest <= LONGEST_USUAL or last - first > 2)
        long = self.ends[stop - 1] - self.starts[line] > LONGEST_USUAL
        settles = not usual and long and not whole and self._whole(stop, digit, lead, count)
        alone = self._readings(line, stop, line, digit - lead, lead, settles=settles)
        together = self._readings(0, len(self.starts), first, digit - lead, lead, settles=usual)
        if not self.dense and form.flat:
            together = (self._clipped(each, digit - lead, first, last) for each in together)
        return [*together, *alone] if usual else [*alone, *together]

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

    def _readings(self, line: int, stop: int, first: int, quantum: int, lead: int, *, settles: bool) -> Iterator[View]:
        """Read some lines, and if a value may begin shortly before the literal, from there on; `first` begins a text.

        `quantum` is the digit that the literal's quantum begins with.
        """
        if quantum < self.sums[line]:
            return
        inside, at, _ = self._sight(line, stop, quantum - self.sums[line], lead, sure=False)
        yield inside, at, settles, 0, len(inside.data)
        near = self._delimited(first, quantum - self.sums[first])
        if near >= 0:
            low = (
                at
                - lead * self._alphabet.size // self._alphabet.digits
                - near // self._alphabet.digits * self._alphabet.size
            )
            if low > 0:
                yield inside, at, settles, low, len(inside.data)

    def _delimited(self, first: int, quantum: int) -> int:
        """Count the digits between the last delimiter before a quantum and that, if a quantum begins there; else -1."""
        if self._alphabet is not BASE64_DIGITS or quantum > self.sizes[first]:
            return -1
        start = self.starts[first]
        found = DELIMITER.search(self._shared.data[start + max(0, quantum - NEAR) : start + quantum])
        if found is None:
            return -1
        near = min(NEAR, quantum) - found.end()
        return near if near % self._alphabet.digits == 0 else -1

    def _clipped(self, view: View, quantum: int, first: int, last: int) -> View:
        """Let a reading of all lines begin and end with those that are read."""
        inside, at, settles, low, _ = view
        digits, size = self._alphabet.digits, self._alphabet.size
        phase = quantum % digits
        begin = -(-max(0, self.sums[first] - phase) // digits) * size
        return inside, at, settles, max(low, begin), max(0, self.sums[last] - phase) * size // digits

    def _whole(self, stop: int, digit: int, lead: int, count: Reach) -> bool:
        """Whether the digits from one on make whole bytes, their padding counted, as far as they are looked at."""
        data, end, ahead = self._shared.data, self.ends[stop - 1], self.sums[stop] - digit
        padding = 2 if data.startswith(b"==", end) else data.startswith(b"=", end)
        return ahead >= count.ahead or (ahead + lead + padding) % self._alphabet.digits == 0


class _Chains:
    """The chains of one alphabet in a shared part of a buffer, each found once."""

    def __init__(self, shared: Shared, alphabet: Alphabet) -> None:
        self._shared = shared
        self._alphabet = alphabet
        self._firsts: list[int] = []
        self._chains: dict[int, _Chain] = {}

    def at(self, position: int) -> _Chain:
        """Return the chain that a digit is in."""
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
        found = BREAK.match(data, end, high)
        if found is None:
            return None
        start = found.end()
        last = self._alphabet.forward(data, start, high)
        return (start, last) if start < last and wraps(data, begin, end, start, last, low, high) else None


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


def looker(alphabet: Alphabet) -> Callable[[int, Form, Shared], Iterator[Sight]]:
    """Make what takes a quick look at a literal in a run of digits (`Encoding.sight`)."""

    def sight(position: int, form: Form, shared: Shared) -> Iterator[Sight]:
        chains = _chains(alphabet, shared)
        if form.cut is not None:
            yield from _cut_sights(chains, alphabet, position, form, shared)
            return
        sure = not _may_be_delimited(alphabet, shared, position - form.lead)
        yield from chains.at(position).sights(position, form.lead, 1, sure=sure)

    return sight


def viewer(alphabet: Alphabet) -> Callable[[int, Form, Shared], list[View] | None]:
    """Make what reads a literal in a run of digits that is shared (`Encoding.view`)."""

    def view(position: int, form: Form, shared: Shared) -> list[View] | None:
        if form.cut is None:
            return _chains(alphabet, shared).at(position).views(position, form, 1)
        ends = ends_of_cut(shared.data, position, Span(shared.low, shared.high), form.cut)
        if ends is None:
            return []
        (first, _), (second, _) = ends
        chain = _chains(alphabet, shared).at(second)
        return chain.views(first, form, 2) if chain.starts[0] <= first else None

    return view


def _may_be_delimited(alphabet: Alphabet, shared: Shared, quantum: int) -> bool:
    """Whether a value in base64 may begin shortly before a quantum, behind what looks like a digit."""
    if alphabet is not BASE64_DIGITS:
        return False
    return _DELIMITERS.search(shared.data, max(shared.low, quantum - NEAR), quantum) is not None


def _cut_sights(chains: _Chains, alphabet: Alphabet, position: int, form: Form, shared: Shared) -> Iterator[Sight]:
    """Look at an interrupted literal: in its lines, or if these do not continue each other, at what is behind it."""
    ends = form.cut and ends_of_cut(shared.data, position, Span(shared.low, shared.high), form.cut)
    if not ends:
        return
    (first, end), (second, _) = ends
    chain, quantum = chains.at(second), first - form.lead
    if chain.starts[0] <= first:
        sure = not _may_be_delimited(alphabet, shared, quantum)
        yield from chain.sights(first, form.lead, 2, sure=sure)
        return
    before = chains.at(first).behind(first, NEAR + form.lead)
    before = before[(len(before) - form.lead) % alphabet.digits :]
    if len(before) >= form.lead:
        inner = form.inner.needs(shared.reach) if form.inner else shared.reach
        digits = before + shared.data[first:end] + chain.ahead(second, inner.ahead * alphabet.digits)
        inside = shared.decoded(alphabet.name, alphabet.decode(digits), first, alphabet.digits, alphabet.size)
        yield inside, len(before) * alphabet.size // alphabet.digits, False
