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
from typing import TYPE_CHECKING

from imgscan.detect.encodings.chains import glancer, looker, viewer
from imgscan.detect.encodings.digits import (
    BASE64_DIGITS,
    BREAK,
    BREAK_BEFORE,
    DELIMITER,
    HEX_DIGITS,
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
from imgscan.detect.encodings.form import Cut, Encoding, Literal
from imgscan.detect.encodings.text import NO_GAPS, Gaps, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.detect.encodings.digits import Alphabet, Segments
    from imgscan.detect.encodings.form import Form
    from imgscan.detect.encodings.text import Reach, Span


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


class _Run:
    """The digits around a literal: the pieces of the buffer that hold them, and where in them the literal begins."""

    def __init__(self, data: bytes, span: Span, alphabet: Alphabet, pieces: Segments, lead: int, count: Reach) -> None:
        self._data = data
        self._lead = lead
        self._alphabet = alphabet
        self._low = max(span.low, pieces[0][0] - STRETCH * count.behind - LONGEST_BREAK)
        self._high = min(span.high, pieces[-1][1] + STRETCH * count.ahead + LONGEST_BREAK)
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
        self.usual = self.whole() and longest >= USUAL and (longest <= LONGEST_USUAL or len(self.pieces) > 2)
        return True

    def whole(self) -> bool:
        """Whether the digits make whole bytes, their padding counted, as far as they are looked at."""
        end = self.pieces[-1][1]
        ahead = sum(end - start for start, end in self.pieces) - self.at
        padding = 2 if self._data.startswith(b"==", end) else self._data.startswith(b"=", end)
        return ahead >= self._count.ahead or (ahead + self._lead + padding) % self._alphabet.digits == 0

    def _line_before(self, start: int) -> tuple[int, int] | None:
        data = self._data
        found = BREAK_BEFORE.search(data, max(self._low, start - LONGEST_BREAK), start)
        if found is None:
            return None
        end = found.start()
        begin = self._alphabet.backward(data, end, max(self._low, end - self._count.behind))
        return (begin, end) if begin < end and self._wraps(begin, end, start) else None

    def _line_behind(self, start: int, end: int) -> tuple[int, int] | None:
        found = BREAK.match(self._data, end, self._high)
        if found is None:
            return None
        last = self._alphabet.forward(self._data, found.end(), min(self._high, found.end() + self._count.ahead))
        return (found.end(), last) if last > found.end() and self._wraps(start, end, found.end()) else None

    def _wraps(self, _begin: int, end: int, start: int) -> bool:
        """Whether the break between a run that ends at `end` and the line's first digit at `start` is a wrap."""
        data, alphabet = self._data, self._alphabet
        last = alphabet.forward(data, start, min(self._high, start + WIDEST))
        begin = alphabet.backward(data, end, max(self._low, end - WIDEST))
        return wraps(data, begin, end, start, last, self._low, self._high)

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
        near = max(0, quantum - NEAR)
        if self._alphabet is not BASE64_DIGITS or end - start < quantum:
            return -1
        found = DELIMITER.search(self._data[start + near : start + quantum])
        begin = near + found.end() if found else -1
        return begin if (quantum - begin) % self._alphabet.digits == 0 else -1


def _reader(alphabet: Alphabet) -> Callable[[bytes, int, Span, Form, Reach], Iterator[Text]]:
    def read(data: bytes, position: int, span: Span, form: Form, reach: Reach) -> Iterator[Text]:
        pieces: Segments | None = [(position, position + len(form.literal))]
        if form.cut is not None:
            pieces = ends_of_cut(data, position, span, form.cut)
        if pieces is None:
            return
        count = digits_around(alphabet, form.lead, reach)
        line = _Run(data, span, alphabet, list(pieces), form.lead, count)
        lines = _Run(data, span, alphabet, list(pieces), form.lead, count)
        if not lines.wrapped():
            yield from line.texts(alphabet.name, settles=True)
        elif lines.usual:
            yield from lines.texts(alphabet.name, settles=True)
            yield from line.texts(alphabet.name, settles=False)
        else:
            # A line longer than encoders make, whole by itself and not with what follows, ends there.
            alone = line.pieces[-1][1] - line.pieces[0][0] > LONGEST_USUAL and line.whole() and not lines.whole()
            yield from line.texts(alphabet.name, settles=alone)
            yield from lines.texts(alphabet.name, settles=False)

    return read


def _encoding(alphabet: Alphabet, literals: Callable[[bytes], Iterator[Literal]]) -> Encoding:
    num = STRETCH * alphabet.digits
    slack = 2 * num + 2 * LONGEST_BREAK
    return Encoding(
        alphabet.name, literals, _cuts_of(literals), _reader(alphabet), num, alphabet.size, slack,
        looker(alphabet), viewer(alphabet), glancer(alphabet),
    )  # fmt: skip


BASE64 = _encoding(BASE64_DIGITS, _base64_literals)
HEX = _encoding(HEX_DIGITS, _hex_literals)
