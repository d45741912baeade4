"""Base64 and hexadecimal digits: runs of a small alphabet, in one line or wrapped into many.

Base64 (RFC 4648, sections 4 and 5) takes 8 bits in and gives 6 bits out, so a text has three possible literals, one
for each alignment of its first byte, made of the characters whose six bits all belong to the anchor. Hexadecimal
digits (section 8) have one for each case.

Encoders wrap their output, most at 64 or 76 characters, and some indent it. A line break is taken for a wrap where
the next line holds nothing else and is no longer than the line before. Where the break is inside the literal,
that proves it.
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_left, bisect_right, insort
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect.encodings.form import Cut, Encoding, Literal
from imgscan.detect.encodings.text import NO_GAPS, Gaps, Reach, Span, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.detect.encodings.form import Form
    from imgscan.detect.encodings.shared import Shared, Sight, View

_INDENT = 64
_BREAK = re.compile(rb"\r?\n[ \t]{0,%d}" % _INDENT)
_BREAK_BEFORE = re.compile(rb"\r?\n[ \t]{0,%d}\Z" % _INDENT)
_LONGEST_BREAK = 2 + _INDENT
_WIDEST = 1024
"""Characters of a line from which on it is taken to continue forever, and not to be wrapped."""

_STRETCH = 2
"""How many times the bytes of one line a wrapped run may take before it is given up."""

_USUAL = 60
"""Encoders wrap lines of this length or more; a shorter line may as well end where a value ends."""

_LONGEST_USUAL = 76
"""The longest lines that encoders wrap at unless configured otherwise (RFC 2045, 6.8)."""

_AFTER = re.compile(rb"={0,2}(?:[ \t]*(?:\r?\n|\Z)|[\"'`](?![0-9A-Za-z\"'`$ ]))|[<,;)\]}&\\]")
"""What may follow the digits of a line in a wrapped run."""

_NEAR = 16
"""Digits before a literal in which the beginning of its credential is looked for."""

_DELIMITERS = re.compile(rb"[/_+-]")
_DELIMITER = re.compile(rb"[/_+-](?=[^/_+-]*\Z)")
_STANDARD = bytes.maketrans(b"-_", b"+/")

Segments = list[tuple[int, int]]


class Alphabet(NamedTuple):
    """The digits of an encoding: its name, a pattern for a run of them, and how many make `size` bytes."""

    name: str
    run: re.Pattern[bytes]
    digits: int
    size: int
    decode: Callable[[bytes], bytes]

    def forward(self, data: bytes, start: int, high: int) -> int:
        """Return the end of the run that begins at `start`."""
        match = self.run.match(data, start, high)
        return match.end() if match else start

    def backward(self, data: bytes, end: int, low: int) -> int:
        """Return the beginning of the run that ends at `end`."""
        match = self.run.match(data[low:end][::-1])
        return end - match.end() if match else end


def _decode_base64(digits: bytes) -> bytes:
    digits = digits.translate(_STANDARD)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _decode_hex(digits: bytes) -> bytes:
    return bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))


_BASE64 = Alphabet("base64", re.compile(rb"[0-9A-Za-z+/_-]*"), 4, 3, _decode_base64)
_HEX = Alphabet("hex", re.compile(rb"[0-9A-Fa-f]*"), 2, 1, _decode_hex)


def _base64_literals(anchor: bytes) -> Iterator[Literal]:
    for alignment in range(3):
        encoded = base64.b64encode(bytes(alignment) + anchor + bytes(3))
        first = -(-8 * alignment // 6)
        last = 8 * (alignment + len(anchor)) // 6
        yield Literal(encoded[first:last], first)
        other = encoded[first:last].translate(bytes.maketrans(b"+/", b"-_"))
        if other != encoded[first:last]:
            yield Literal(other, first)


def _hex_literals(anchor: bytes) -> Iterator[Literal]:
    yield Literal(anchor.hex().encode())
    yield Literal(anchor.hex().upper().encode())


def _cuts_of(literals: Callable[[bytes], Iterator[Literal]]) -> Callable[[bytes], Iterator[Literal]]:
    """Return the literals of an anchor that a line break interrupts, at each place.

    Of the two halves the one that betrays more is the literal, with the byte of the break that touches it.
    """

    def cuts(anchor: bytes) -> Iterator[Literal]:
        for whole, lead, _ in literals(anchor):
            for at in range(1, len(whole)):
                if at >= len(whole) - at:
                    for end in (b"\n", b"\r"):
                        yield Literal(whole[:at] + end, lead, Cut(whole, at, after=False))
                else:
                    for start in (b"\n", b" ", b"\t"):
                        yield Literal(start + whole[at:], lead, Cut(whole, at, after=True))

    return cuts


def _ends_of_cut(data: bytes, position: int, span: Span, cut: Cut) -> Segments | None:
    """Find where both halves of an interrupted literal are; None if they are missing."""
    left, right = cut.whole[: cut.at], cut.whole[cut.at :]
    if cut.after:
        second = position + 1
        found = _BREAK_BEFORE.search(data, max(span.low, second - _LONGEST_BREAK), second)
        if found is None:
            return None
        first = found.start() - len(left)
        if first < span.low or not data.startswith(left, first):
            return None
    else:
        first = position
        found = _BREAK.match(data, first + len(left), span.high)
        if found is None or not data.startswith(right, found.end(), span.high):
            return None
        second = found.end()
    return [(first, first + len(left)), (second, second + len(right))]


class _Run:
    """The digits around a literal: the pieces of the buffer that hold them, and where in them the literal begins."""

    def __init__(self, data: bytes, span: Span, alphabet: Alphabet, pieces: Segments, lead: int, count: Reach) -> None:
        self._data = data
        self._lead = lead
        self._alphabet = alphabet
        self._low = max(span.low, pieces[0][0] - _STRETCH * count.behind - _LONGEST_BREAK)
        self._high = min(span.high, pieces[-1][1] + _STRETCH * count.ahead + _LONGEST_BREAK)
        self._count = count
        first = alphabet.backward(data, pieces[0][0], max(span.low, pieces[0][0] - count.behind))
        last = alphabet.forward(data, pieces[-1][1], min(span.high, pieces[-1][1] + count.ahead))
        self.at = pieces[0][0] - first
        self.usual = False
        self.pieces = [(first, pieces[0][1]), *pieces[1:]]
        self.pieces[-1] = self.pieces[-1][0], last

    def wrapped(self) -> bool:
        """Take in the lines before and behind that belong to the run; say whether there are any.

        `usual` says then whether an encoder could have written them: the lines are long, and all digits make whole
        bytes.
        """
        count = len(self.pieces)
        while self.at < self._count.behind and (line := self._line_before(self.pieces[0][0])):
            self.pieces.insert(0, line)
            self.at += line[1] - line[0]
        ahead = sum(end - start for start, end in self.pieces) - self.at
        while ahead < self._count.ahead and (line := self._line_behind(*self.pieces[-1])):
            self.pieces.append(line)
            ahead += line[1] - line[0]
        if len(self.pieces) == count:
            return False
        longest = max(end - start for start, end in self.pieces)
        # One line that is longer than encoders make them, and a short one behind it, are more likely line and text.
        self.usual = self.whole() and longest >= _USUAL and (longest <= _LONGEST_USUAL or len(self.pieces) > 2)
        return True

    def whole(self) -> bool:
        """Whether the digits make whole bytes, their padding counted, as far as they are looked at."""
        end = self.pieces[-1][1]
        ahead = sum(end - start for start, end in self.pieces) - self.at
        padding = 2 if self._data.startswith(b"==", end) else self._data.startswith(b"=", end)
        return ahead >= self._count.ahead or (ahead + self._lead + padding) % self._alphabet.digits == 0

    def _line_before(self, start: int) -> tuple[int, int] | None:
        data = self._data
        found = _BREAK_BEFORE.search(data, max(self._low, start - _LONGEST_BREAK), start)
        if found is None:
            return None
        end = found.start()
        begin = self._alphabet.backward(data, end, max(self._low, end - self._count.behind))
        return (begin, end) if begin < end and self._wraps(begin, end, start) else None

    def _line_behind(self, start: int, end: int) -> tuple[int, int] | None:
        found = _BREAK.match(self._data, end, self._high)
        if found is None:
            return None
        last = self._alphabet.forward(self._data, found.end(), min(self._high, found.end() + self._count.ahead))
        return (found.end(), last) if last > found.end() and self._wraps(start, end, found.end()) else None

    def _wraps(self, _begin: int, end: int, start: int) -> bool:
        """Whether the break between a run that ends at `end` and the line's first digit at `start` is a wrap."""
        data, alphabet = self._data, self._alphabet
        last = alphabet.forward(data, start, min(self._high, start + _WIDEST))
        begin = alphabet.backward(data, end, max(self._low, end - _WIDEST))
        return _wraps(data, begin, end, start, last, self._low, self._high)

    def texts(self, name: str, *, settles: bool) -> Iterator[Text]:
        """Decode the digits, from the first whole quantum on; and from a delimiter on, if a text may begin there.

        Nothing is decoded where the run begins behind the quantum that the literal begins in.
        """
        quantum = self.at - self._lead
        begin = max(0, quantum - self._count.behind)
        begin += (quantum - begin) % self._alphabet.digits
        if begin <= quantum:
            yield self._text(name, quantum, begin, settles=settles)
            behind = self._delimited(quantum)
            if behind > begin:
                yield self._text(name, quantum, behind, settles=settles)

    def _text(self, name: str, quantum: int, first: int, *, settles: bool) -> Text:
        alphabet = self._alphabet
        digits = b"".join([self._data[start:end] for start, end in self.pieces])
        decoded = alphabet.decode(digits[first:])
        at = ((quantum - first) // alphabet.digits * alphabet.size) + self._lead * alphabet.size // alphabet.digits
        base, gaps = self._places(first)
        return Text(
            name, decoded, at, 0, len(decoded), base, alphabet.digits, alphabet.size, gaps,
            settles=settles,
        )  # fmt: skip

    def _places(self, first: int) -> tuple[int, Gaps]:
        """Say where the digits from the `first` on are: the offset of that digit, and the breaks behind it."""
        if len(self.pieces) == 1:
            return self.pieces[0][0] + first, NO_GAPS
        at: list[int] = []
        sums: list[int] = []
        base, index, total = -1, 0, 0
        for number, (start, end) in enumerate(self.pieces):
            if base < 0 and first < index + end - start:
                base = start + first - index
            elif base >= 0:
                total += start - self.pieces[number - 1][1]
                at.append(index - first)
                sums.append(total)
            index += end - start
        return base, Gaps(at, sums)

    def _delimited(self, quantum: int) -> int:
        """Return the index of the digit behind the last delimiter before a quantum, if a quantum begins there; else -1.

        A slash, a dash or an underscore before a value in base64 looks like one of its digits.
        """
        start, end = self.pieces[0]
        near = max(0, quantum - _NEAR)
        if self._alphabet is not _BASE64 or end - start < quantum:
            return -1
        found = _DELIMITER.search(self._data[start + near : start + quantum])
        begin = near + found.end() if found else -1
        return begin if (quantum - begin) % self._alphabet.digits == 0 else -1


def _wraps(data: bytes, begin: int, end: int, start: int, last: int, low: int, high: int) -> bool:
    """Whether the digits of `data[start:last)` are a line that continues the digits of `data[begin:end)`."""
    if last - start >= _WIDEST or (last < high and not _AFTER.match(data, last, high)):
        return False
    if last - start <= end - begin:
        return True
    low = max(low, end - _WIDEST)
    columns = end - (data.rfind(b"\n", low, end) + 1 or low)
    indent = start - data.rfind(b"\n", end, start) - 1
    return indent + last - start <= columns


class _Chain:
    """Lines of digits that continue each other, as far as they are in a shared part of a buffer."""

    def __init__(self, shared: Shared, alphabet: Alphabet, lines: Segments) -> None:
        self.starts = [start for start, _ in lines]
        self.ends = [end for _, end in lines]
        self.sizes = sizes = [end - start for start, end in lines]
        self.sums = list(accumulate(sizes, initial=0))
        strides = [after - start for start, after in pairwise(self.starts)]
        self.dense = all(stride <= _STRETCH * size for stride, size in zip(strides, sizes, strict=False))
        self._shared = shared
        self._alphabet = alphabet
        self._decoded: dict[tuple[int, int, int], Shared] = {}

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
        if quantum >= 0:
            yield self._sight(line, line + pieces, quantum, lead, sure=sure)

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
        inside = self._decoded.get((line, stop - line, phase)) or self._decode(line, stop, phase)
        return inside, (quantum - phase) // digits * size + lead * size // digits, sure

    def _decode(self, line: int, stop: int, phase: int) -> Shared:
        """Decode some lines from a digit of the first on."""
        alphabet, starts, ends, sums = self._alphabet, self.starts, self.ends, self.sums
        pieces = zip(starts[line:stop], ends[line:stop], strict=True)
        joined = b"".join([self._shared.data[start:end] for start, end in pieces])
        skipped = accumulate(start - end for start, end in zip(starts[line + 1 : stop], ends[line:stop], strict=False))
        gaps = Gaps([each - sums[line] - phase for each in sums[line + 1 : stop]], list(skipped))
        inside = self._shared.decoded(
            alphabet.name, alphabet.decode(joined[phase:]), starts[line] + phase, alphabet.digits, alphabet.size, gaps
        )
        self._decoded[line, stop - line, phase] = inside
        return inside

    def views(self, position: int, lead: int, pieces: int, count: Reach) -> list[View]:
        """Read the literal at `position` as `_Run` does: in its own lines, and with those that belong to them."""
        line = self.line(position)
        stop = line + pieces
        digit = self.sums[line] + position - self.starts[line]
        first = min(line, max(0, bisect_right(self.sums, digit - count.behind) - 1))
        last = min(len(self.starts), max(stop, bisect_left(self.sums, digit + count.ahead)))
        own = digit - self.sums[line] - lead
        alone = [self._sight(line, stop, own, lead, sure=False)[:2]] if own >= 0 else []
        if last - first == pieces:
            return [(*each, True) for each in alone]
        all_of_them = [self._sight(0, len(self.starts), digit - lead, lead, sure=False)[:2]] if digit >= lead else []
        whole = self._whole(last, digit, lead, count)
        longest = max(self.sizes[first:last])
        if whole and longest >= _USUAL and (longest <= _LONGEST_USUAL or last - first > 2):
            return [*((*each, True) for each in all_of_them), *((*each, False) for each in alone)]
        long = self.ends[stop - 1] - self.starts[line] > _LONGEST_USUAL
        settles = long and not whole and self._whole(stop, digit, lead, count)
        return [*((*each, settles) for each in alone), *((*each, False) for each in all_of_them)]

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
        found = _BREAK_BEFORE.search(data, max(low, start - _LONGEST_BREAK), start)
        if found is None:
            return None
        end = found.start()
        begin = _run_start(self._alphabet, data, end, low)
        return (begin, end) if begin < end and _wraps(data, begin, end, start, last, low, high) else None

    def _behind(self, begin: int, end: int) -> tuple[int, int] | None:
        """Return the line that continues one."""
        data, low, high = self._extent()
        found = _BREAK.match(data, end, high)
        if found is None:
            return None
        start = found.end()
        last = self._alphabet.forward(data, start, high)
        return (start, last) if start < last and _wraps(data, begin, end, start, last, low, high) else None


def _run_start(alphabet: Alphabet, data: bytes, end: int, low: int) -> int:
    """Return the beginning of the run that ends at `end`, however long it is."""
    count = _WIDEST
    while end - (start := alphabet.backward(data, end, max(low, end - count))) == count:
        count *= 4
    return start


def _chains(alphabet: Alphabet, shared: Shared) -> _Chains:
    chains: _Chains | None = shared.made.get(alphabet)
    if chains is None:
        shared.made[alphabet] = chains = _Chains(shared, alphabet)
    return chains


def _looker(alphabet: Alphabet) -> Callable[[int, Form, Shared], Iterator[Sight]]:
    def sight(position: int, form: Form, shared: Shared) -> Iterator[Sight]:
        chains = _chains(alphabet, shared)
        if form.cut is not None:
            yield from _cut_sights(chains, alphabet, position, form, shared)
            return
        sure = not _may_be_delimited(alphabet, shared, position - form.lead)
        yield from chains.at(position).sights(position, form.lead, 1, sure=sure)

    return sight


def _viewer(alphabet: Alphabet) -> Callable[[int, Form, Shared, Reach], list[View] | None]:
    def view(position: int, form: Form, shared: Shared, reach: Reach) -> list[View] | None:
        pieces, first = 1, position
        if form.cut is not None:
            ends = _ends_of_cut(shared.data, position, Span(shared.low, shared.high), form.cut)
            if ends is None:
                return []
            pieces, first = 2, ends[0][0]
        chain = _chains(alphabet, shared).at(ends[1][0] if form.cut is not None and ends else first)
        if not chain.dense or chain.starts[0] > first or _may_be_delimited(alphabet, shared, first - form.lead):
            return None
        return chain.views(first, form.lead, pieces, _digits_around(alphabet, form.lead, reach))

    return view


def _digits_around(alphabet: Alphabet, lead: int, reach: Reach) -> Reach:
    """Count the digits that so many characters before and from an anchor on take."""
    return Reach(
        -(-reach.behind // alphabet.size) * alphabet.digits + lead,
        -(-(reach.ahead + alphabet.size) // alphabet.size) * alphabet.digits,
    )


def _may_be_delimited(alphabet: Alphabet, shared: Shared, quantum: int) -> bool:
    """Whether a value in base64 may begin shortly before a quantum, behind what looks like a digit."""
    if alphabet is not _BASE64:
        return False
    return _DELIMITERS.search(shared.data, max(shared.low, quantum - _NEAR), quantum) is not None


def _cut_sights(chains: _Chains, alphabet: Alphabet, position: int, form: Form, shared: Shared) -> Iterator[Sight]:
    """Look at an interrupted literal: in its lines, or if these do not continue each other, at what is behind it."""
    ends = form.cut and _ends_of_cut(shared.data, position, Span(shared.low, shared.high), form.cut)
    if not ends:
        return
    (first, end), (second, _) = ends
    chain, quantum = chains.at(second), first - form.lead
    if chain.starts[0] <= first:
        sure = not _may_be_delimited(alphabet, shared, quantum)
        yield from chain.sights(first, form.lead, 2, sure=sure)
    elif alphabet.backward(shared.data, first, max(shared.low, quantum)) == quantum:
        inner = form.inner.needs(shared.reach) if form.inner else shared.reach
        digits = shared.data[quantum:end] + chain.ahead(second, inner.ahead * alphabet.digits)
        inside = shared.decoded(alphabet.name, alphabet.decode(digits), quantum, alphabet.digits, alphabet.size)
        yield inside, form.lead * alphabet.size // alphabet.digits, False


def _reader(alphabet: Alphabet) -> Callable[[bytes, int, Span, Form, Reach], Iterator[Text]]:
    def read(data: bytes, position: int, span: Span, form: Form, reach: Reach) -> Iterator[Text]:
        pieces: Segments | None = [(position, position + len(form.literal))]
        if form.cut is not None:
            pieces = _ends_of_cut(data, position, span, form.cut)
        if pieces is None:
            return
        count = _digits_around(alphabet, form.lead, reach)
        line = _Run(data, span, alphabet, list(pieces), form.lead, count)
        lines = _Run(data, span, alphabet, list(pieces), form.lead, count)
        if not lines.wrapped():
            yield from line.texts(alphabet.name, settles=True)
        elif lines.usual:
            yield from lines.texts(alphabet.name, settles=True)
            yield from line.texts(alphabet.name, settles=False)
        else:
            # A line longer than encoders make, whole by itself and not with what follows, ends there.
            alone = line.pieces[-1][1] - line.pieces[0][0] > _LONGEST_USUAL and line.whole() and not lines.whole()
            yield from line.texts(alphabet.name, settles=alone)
            yield from lines.texts(alphabet.name, settles=False)

    return read


def _encoding(alphabet: Alphabet, literals: Callable[[bytes], Iterator[Literal]]) -> Encoding:
    num = _STRETCH * alphabet.digits
    slack = 2 * num + 2 * _LONGEST_BREAK
    return Encoding(
        alphabet.name, literals, _cuts_of(literals), _reader(alphabet), num, alphabet.size, slack,
        _looker(alphabet), _viewer(alphabet), narrows=True,
    )  # fmt: skip


BASE64 = _encoding(_BASE64, _base64_literals)
HEX = _encoding(_HEX, _hex_literals)
