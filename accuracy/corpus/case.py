"""A case: a file that holds one key (a few hold it twice), and what must be reported of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accuracy.corpus.kinds import Kind
    from accuracy.corpus.surroundings import Charset
    from accuracy.corpus.units import Unit
    from imgscan.model import Confidence


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be reported, once.

    `offset` is that of the carrier's first byte; `line` and `column` are None in a binary. `confidences` has more
    than one where it depends on how much of the surroundings counts as nearby.
    """

    sha256: str
    rule: str
    encoding: str
    offset: int
    line: int | None
    column: int | None
    confidences: frozenset[Confidence]


@dataclass(frozen=True, slots=True)
class Case:
    """A file of the corpus. `path` says nothing of its content; `secret` is for scanners that print what they found."""

    path: str
    carrier: str
    kind: str
    variant: int
    data: bytes = field(repr=False)
    secret: str = field(repr=False)
    expected: tuple[Expected, ...]

    @property
    def name(self) -> str:
        """What the case is called among people."""
        return f"{self.carrier} / {self.kind} / {self.variant}"


def position(data: bytes, offset: int, charset: Charset) -> tuple[int, int] | tuple[None, None]:
    """Count line and column, from 1: characters of UTF-8, of Latin-1 where a line is not that, or of UTF-16."""
    if charset == "binary":
        return None, None
    before = data[:offset]
    if charset == "8-bit":
        row = before[before.rfind(b"\n") + 1 :]
        try:
            text = row.decode()
        except UnicodeDecodeError:
            text = row.decode("latin-1")
        return before.count(b"\n") + 1, len(text.removeprefix("\ufeff")) + 1
    decoded = before.decode(charset).removeprefix("\ufeff")
    return decoded.count("\n") + 1, len(decoded) - decoded.rfind("\n")


def expect(made: Unit, charset: Charset, kind: Kind, secret: str, encoding: str) -> Expected:
    """Say what must be reported of a key in a file."""
    line, column = position(made.data, made.start, charset)
    if encoding == "plain":
        near = b"stripe" in made.data.lower()
        confidences = frozenset((kind.known if near else kind.alone,))
    else:
        confidences = frozenset((kind.alone, kind.known))
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return Expected(digest, kind.rule, encoding, made.start, line, column, confidences)
