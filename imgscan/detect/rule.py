"""One kind of credential: a `Rule`, and in it all that only this kind knows.

A rule says once how its credentials begin, what must follow, and what redaction hides. What the sieves look for, how
far they look and what is redacted is written nowhere: `imgscan.detect.ruleset` derives it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.detect.verdict import Place, Verdict
    from imgscan.model import Level, Mode

WORD = rb"[0-9A-Za-z_]{12,}"
"""What redaction hides behind most prefixes, to the end of the run, so that no rest makes a new credential."""

SHORTEST = 4
"""Characters that an anchor must have: fewer occur everywhere by chance, and have no literal in base64."""


class Least(NamedTuple):
    """The least that must follow a prefix for its validator to be worth asking: a regular expression and its width."""

    pattern: bytes
    size: int


def base62(size: int) -> Least:
    """So many letters and digits."""
    return Least(rb"[0-9A-Za-z]{%d}" % size, size)


def word(size: int) -> Least:
    """So many letters, digits and underscores."""
    return Least(rb"[0-9A-Za-z_]{%d}" % size, size)


def _unknown(_secret: bytes) -> bool:
    return False


def _nothing(_data: bytes, _start: int, _end: int, _low: int, _high: int) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues credentials, and what else a file may say of them.

    `words` are what speaks of the issuer near a credential, in lower case. `documented` says whether the issuer prints
    this credential in its documentation. `note` reads what the file says of the credential
    at `data[start:end]`, the file being `data[low:high]`: it is put behind the rule's title, or "".
    """

    words: re.Pattern[bytes]
    documented: Callable[[bytes], bool] = field(default=_unknown, repr=False)
    note: Callable[[bytes, int, int, int, int], str] = field(default=_nothing, repr=False)


@dataclass(frozen=True, slots=True)
class Prefix:
    """A credential's first characters, what they say of the mode, and who judges the rest.

    `least` is what must follow for `validate` to be asked. `anchor` is the part that is searched for in plain text: all
    of `text` by default. `core` is the part that is searched for inside encodings, where a shorter one is rare enough:
    the anchor by default. Both have at least four characters. A `validate` may look for the credential's beginning
    before the prefix.

    `shown` and `hidden` are regular expressions, without capturing groups, of what redaction leaves and of what it
    hides behind that; `shown` is `text` by default. `glued` says that the prefix ends a body in which it occurs: in
    some binaries strings follow each other without a gap.

    `proof` is how the body begins if a credential's own structure can prove it; such credentials are put together from
    pieces too. `pieces` says that the anchor itself may be in two of them.

    ValueError if anchor or core is too short, or not part of the text.
    """

    text: bytes
    mode: Mode | None
    validate: Callable[[Place], Verdict | None] = field(repr=False)
    least: Least
    anchor: bytes = b""
    core: bytes = b""
    shown: bytes = b""
    hidden: bytes = WORD
    glued: bool = True
    proof: bytes = b""
    pieces: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "anchor", self.anchor or self.text)
        object.__setattr__(self, "core", self.core or self.anchor)
        object.__setattr__(self, "shown", self.shown or re.escape(self.text))
        for part in (self.anchor, self.core):
            if len(part) < SHORTEST or part not in self.text:
                raise ValueError(f"no anchor of the prefix {self.text!r}: {part!r}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of credential.

    `score` is the severity from 0.0 to 10.0, `max_length` the longest credential in characters. Of `prefixes` the
    first that matches counts. The credentials of `optional` rules are not secrets: they are reported only on request,
    and not redacted. One of a rule that `vouches` makes others of the same issuer nearby more certain.
    `examples` and `counter_examples` build texts that hold exactly one credential of this rule, or none at all.
    """

    id: str
    name: str
    title: str
    level: Level
    score: float
    prefixes: tuple[Prefix, ...]
    max_length: int
    issuer: Issuer
    examples: Callable[[], tuple[str, ...]] = field(repr=False)
    counter_examples: Callable[[], tuple[str, ...]] = field(repr=False)
    optional: bool = False
    vouches: bool = False
