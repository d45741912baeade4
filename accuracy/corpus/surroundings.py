"""What is in a file around a carrier: nothing, lines of text, or the bytes of a binary.

None of it holds a word about Stripe, so that a case's confidence depends on its carrier alone.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from accuracy.corpus.carriers.carrier import Habitat
    from accuracy.corpus.units import Unit

Charset = Literal["8-bit", "binary", "utf-16-le", "utf-16-be"]
Place = Literal["alone", "start", "end", "end of block", "middle", "binary"]

PLACES: tuple[Place, ...] = ("alone", "middle", "binary", "start", "end", "end of block")
"""All the file; at the start of one; in a text; in a binary; at the end; at the end, where a tar block ends too."""

_BLOCK = 512
_SYLLABLES = [a + b for a in "bdfklmnrstv" for b in "aeo"]
_VOCABULARY = [
    "".join(parts)
    for size in (1, 2, 3, 4)
    for parts in (Random(f"words {size} {number}").choices(_SYLLABLES, k=size) for number in range(40 * size))
]
_MARKS = ("# ", "  ", "- ", "", "", "; ", "// ", "é ", "→ ", "漢字 ", "😁 ", "\t")
_HEADS = (
    b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x3e\x00\x01\x00\x00\x00",
    b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00\xb8\x00\x00\x00",
    b"\xca\xfe\xba\xbe\x00\x00\x00\x37\x00\x42\x0a\x00\x02\x00\x03\x07\x00\x04",
    b"SQLite format 3\x00\x10\x00\x01\x01\x00\x40\x20\x20\x00\x00\x00\x00",
    b"\x00\x00\x00\x00\x6f\x0d\x0d\x0a\x00\x00\x00\x00\x00\x00\x00\x00",
)
"""Beginnings of binaries, of even length, with a NUL at an even offset and at an odd one."""


def words(random: Random, count: int) -> str:
    """Put together so many words of no language."""
    return " ".join(random.choices(_VOCABULARY, k=count))


def lines(random: Random, count: int) -> str:
    """Make up lines of text, some of them indented or beginning with characters of several bytes."""
    end = random.choice(("\n", "\n", "\r\n"))
    return "".join(random.choice(_MARKS) + words(random, random.randrange(9)) + end for _ in range(count))


def noise(random: Random, size: int) -> bytes:
    """Make random bytes, half of the time with as many zeros as real binaries have; their number is even."""
    data = random.randbytes(size - size % 2)
    return data if random.random() < 0.5 else data.translate(_SPARSE)


_SPARSE = bytes(0 if value % 3 == 0 else value for value in range(256))


def place(random: Random, made: Unit, habitat: Habitat, where: Place) -> tuple[Unit, Charset]:
    """Put a carrier into a file, and say how that file is to be read.

    A carrier for binaries is in one wherever it is put; UTF-16 stays alone in its file or among lines in UTF-16.
    """
    if habitat == "binary" or (habitat == "text" and where == "binary"):
        return _in_binary(random, made, where), "binary"
    charset: Charset = "8-bit" if habitat == "text" else habitat
    mark = made.data[:2] if habitat != "text" and made.data[:2] == "\ufeff".encode(habitat) else b""
    return _in_text(random, made.without(len(mark)), charset, where, len(mark)).between(mark, b""), charset


def _in_text(random: Random, made: Unit, charset: Charset, where: Place, taken: int) -> Unit:
    """Put a carrier into a text, of which so many bytes are taken already."""
    before, after = _around(random, charset), _around(random, charset)
    if where == "alone":
        return made.trimmed(left=True, right=True)
    if where == "start":
        return made.trimmed(left=True).between(b"", after)
    if where == "end":
        return made.trimmed(right=True).between(before, b"")
    if where == "end of block":
        cut = made.trimmed(right=True)
        space = " ".encode("utf-8" if charset == "8-bit" else charset)
        free = -(taken + len(before) + len(cut.data)) % _BLOCK
        return cut.between(space * (free // len(space)) + before, b"")
    return made.between(before, after)


def _around(random: Random, charset: Charset) -> bytes:
    count = random.choice((1, 2, 5, 20, 60)) if random.random() < 0.96 else random.randrange(200, 400)
    return lines(random, count).encode("utf-8" if charset == "8-bit" else charset)


def _in_binary(random: Random, made: Unit, where: Place) -> Unit:
    head = random.choice(_HEADS)
    before = head + noise(random, random.choice((0, 30, 900, 9_000)))
    after = noise(random, random.choice((0, 31, 700, 5_000)))
    if where in ("alone", "end", "end of block"):
        cut = made.trimmed(right=True)
        free = -(len(before) + len(cut.data)) % _BLOCK if where == "end of block" else 0
        return cut.between(before + b"\x00" * free, b"")
    return made.between(before, after)
