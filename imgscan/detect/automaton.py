"""The authority on which form is where, and the only user of pyahocorasick.

With a screen in front it reads a few bytes around each hit; without one it reads everything, some fifty times
slower, and says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import ahocorasick

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgscan.detect.encodings import Form


class Candidate(NamedTuple):
    """A literal that is in a buffer from `position`: a credential is possible here, no more."""

    position: int
    form: Form


class Automaton:
    """An Aho-Corasick automaton over all literals; immutable, shared by threads."""

    def __init__(self, forms: Iterable[Form]) -> None:
        """Build the automaton; several forms may have the same literal."""
        # The package is built for `str`. Latin-1 keeps every byte one character, so offsets stay.
        self._automaton = ahocorasick.Automaton()
        shared: dict[bytes, list[Form]] = {}
        for form in forms:
            shared.setdefault(form.literal, []).append(form)
        for literal, same in shared.items():
            self._automaton.add_word(literal.decode("latin-1"), (len(literal) - 1, same))
        self._automaton.make_automaton()

    def find(self, data: bytes, low: int, high: int) -> list[Candidate]:
        """List the literals that are wholly in `data[low:high]`, ascending by their end."""
        text = data[low:high].decode("latin-1")
        found = self._automaton.iter(text)
        return [Candidate(low + last - before, form) for last, (before, forms) in found for form in forms]
