"""A ruleset: the kinds of credentials to look for, as one value, and everything that follows from them.

Rules say what only they know. What the sieves look for, what must follow it, how far around it they look, what is
redacted, what ends a body and which credentials vouch for their neighbours is derived here and nowhere else. So the
credentials of a new rule are found in every encoding, and redacted, without another line.

Nothing is derived until it is needed. The forms, the automaton and the screen cost most; each is built once per
ruleset, and shared by its engines and their threads.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect import context, encodings
from imgscan.detect.automaton import Automaton
from imgscan.detect.encodings import Reach, Splits
from imgscan.detect.screen import Screen
from imgscan.detect.verdict import Glued

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from imgscan.detect.encodings import Form
    from imgscan.detect.rule import Prefix, Rule

_HEAD = 2
"""Characters before an anchor by which its prefixes are told apart at once."""

_GUARD = 8
"""Characters past a credential that its validator may look at: a boundary, a mask, a prefix that begins there."""


class Holder(NamedTuple):
    """A prefix that holds an anchor, `offset` characters from its beginning."""

    rule: Rule
    prefix: Prefix
    offset: int


class Heads(NamedTuple):
    """The prefixes that hold an anchor, by the `width` characters before it, in the rules' order."""

    width: int
    held: Mapping[bytes, tuple[Holder, ...]]

    def at(self, data: bytes, at: int) -> tuple[Holder, ...]:
        """Return those that may be around the anchor at a place."""
        return self.held.get(data[max(0, at - self.width) : at], ())

    def of(self, rules: Container[str]) -> Heads:
        """Leave out what is not of some rules."""
        kept = {head: tuple(each for each in held if each.rule.id in rules) for head, held in self.held.items()}
        return Heads(self.width, {head: held for head, held in kept.items() if held})


@dataclass(frozen=True)
class Ruleset:
    """A tuple of rules. ValueError if it is empty, or if two rules share an id.

    Rules are listed in this order. Where the prefixes of two rules match at the same place, the first rule's validator
    is asked first.
    """

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        ids = [rule.id for rule in self.rules]
        if not ids or len(set(ids)) < len(ids):
            raise ValueError(f"not a ruleset: {ids}")

    @cached_property
    def anchors(self) -> tuple[bytes, ...]:
        """What is looked for in plain text and in UTF-16."""
        return tuple(dict.fromkeys(prefix.anchor for _, prefix in _prefixes(self.rules)))

    @cached_property
    def cores(self) -> tuple[bytes, ...]:
        """What is looked for inside other encodings: part of every prefix."""
        return tuple(dict.fromkeys(prefix.core for _, prefix in _prefixes(self.rules)))

    @cached_property
    def pieces(self) -> tuple[bytes, ...]:
        """The anchors that are looked for in pieces as well."""
        return tuple(dict.fromkeys(prefix.anchor for _, prefix in _prefixes(self.rules) if prefix.pieces))

    @cached_property
    def splits(self) -> Splits:
        """Which credentials are put together from pieces."""
        return _splits([prefix for _, prefix in _prefixes(self.rules) if prefix.proof])

    @cached_property
    def holders(self) -> Mapping[bytes, tuple[Holder, ...]]:
        """The prefixes that hold each anchor or core, in the rules' order.

        An anchor of plain text stands for its own prefixes only.
        """
        anchors = dict.fromkeys((*self.anchors, *self.cores))
        return {anchor: _holders(self.rules, anchor, self.anchors) for anchor in anchors}

    @cached_property
    def heads(self) -> Mapping[bytes, Heads]:
        """The same by what comes before the anchor, which tells most of them apart."""
        return {anchor: _heads(held) for anchor, held in self.holders.items()}

    @cached_property
    def follows(self) -> Mapping[bytes, re.Pattern[bytes]]:
        """What must follow each anchor or core for any validator to be worth asking."""
        return {anchor: _follows(held, anchor) for anchor, held in self.holders.items()}

    @cached_property
    def least(self) -> int:
        """Characters that a credential takes from its anchor or core on, at least."""
        return min(
            len(anchor) + len(_rest(prefix, anchor)) + prefix.least.size
            for anchor, held in self.holders.items()
            for _, prefix, _ in held
            if anchor in (prefix.anchor, prefix.core)
        )

    @cached_property
    def hints(self) -> Mapping[bytes, re.Pattern[bytes]]:
        """Each anchor or core with what must follow it, or what must where it is in another piece."""
        rest = encodings.continued(self.splits)
        return {
            anchor: re.compile(b"%s(?:%s|%s)" % (re.escape(anchor), follows.pattern, rest))
            for anchor, follows in self.follows.items()
        }

    @cached_property
    def looks(self) -> Mapping[Form, re.Pattern[bytes]]:
        """What must be at a literal of plain text for its form to be worth reading."""
        return {form: self._look(form, self.heads[form.anchor]) for form in self.forms if form.inner is None}

    @cached_property
    def vouching(self) -> Mapping[Form, re.Pattern[bytes]]:
        """The same for forms of credentials that vouch for others."""
        plain = [(form, self.vouchers[form.anchor]) for form in self.looks if form.anchor in self.vouchers]
        return {form: self._look(form, self.heads[form.anchor].of(ids)) for form, ids in plain}

    def _look(self, form: Form, heads: Heads) -> re.Pattern[bytes]:
        if form.cut is not None:
            return re.compile(encodings.interrupted(form.literal, form.cut, self.splits))
        before = [*map(re.escape, heads.held), b"[%s]" % re.escape(bytes(sorted(encodings.PARTED)))]
        return re.compile(_either(b"(?<=%s)" % each for each in before) + self.hints[form.anchor].pattern)

    @cached_property
    def vouchers(self) -> Mapping[bytes, frozenset[str]]:
        """The ids of the rules that vouch for others, by the anchors and cores of their prefixes."""
        return _vouchers(self.rules)

    @cached_property
    def glued(self) -> Glued:
        """What ends the body of a credential that is followed by another without a gap."""
        return _glued(prefix.text for _, prefix in _prefixes(self.rules) if prefix.glued)

    @cached_property
    def redacted(self) -> re.Pattern[bytes]:
        """What begins like a secret and is redacted, whether or not a validator takes it; its group stays."""
        return _redacted(prefix for rule, prefix in _prefixes(self.rules) if not rule.optional)

    @cached_property
    def reach(self) -> Reach:
        """Characters around an anchor that its validator and its context may need: the longest credential, a line."""
        longest = max(rule.max_length for rule in self.rules)
        return Reach(longest + context.LINE + 1, longest + _GUARD + context.LINE)

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """Every way in which an anchor may be written."""
        return encodings.forms(self.anchors, self.cores, self.pieces, self.splits)

    @cached_property
    def needs(self) -> Reach:
        """Bytes around a literal that reading any form of it looks at."""
        return _needs(self.forms, self.reach)

    @cached_property
    def automaton(self) -> Automaton:
        """The authority on which form is where."""
        return Automaton(self.forms)

    @cached_property
    def screen(self) -> Screen:
        """The quick search in front of it, not compiled yet. ImportError if it is missing."""
        return Screen(sorted({form.literal for form in self.forms}))

    def prepare(self) -> None:
        """Begin to compile the screen, where there is one: much is going to be searched, but not yet."""
        with suppress(ImportError):
            self.screen.begin()


def _prefixes(rules: Iterable[Rule]) -> Iterator[tuple[Rule, Prefix]]:
    return ((rule, prefix) for rule in rules for prefix in rule.prefixes)


def _rest(prefix: Prefix, anchor: bytes) -> bytes:
    """Return what follows an anchor in its prefix."""
    return prefix.text[prefix.text.index(anchor) + len(anchor) :]


def _splits(proving: list[Prefix]) -> Splits:
    found = [(prefix, anchor) for prefix in proving for anchor in (prefix.anchor, prefix.core)]
    heads = {prefix.text[: prefix.text.index(prefix.anchor)] for prefix in proving}
    return Splits(
        tuple(sorted({_rest(prefix, anchor) + prefix.proof for prefix, anchor in found})),
        tuple(sorted(heads - {b""})),
        max((prefix.text.index(anchor) for prefix, anchor in found), default=0),
    )


def _holders(rules: Iterable[Rule], anchor: bytes, exact: tuple[bytes, ...]) -> tuple[Holder, ...]:
    return tuple(
        Holder(rule, prefix, prefix.text.index(anchor))
        for rule, prefix in _prefixes(rules)
        if anchor in (prefix.anchor, prefix.core) or (anchor not in exact and anchor in prefix.text)
    )


def _heads(held: tuple[Holder, ...]) -> Heads:
    width = min(_HEAD, *(each.offset for each in held))
    found: dict[bytes, list[Holder]] = {}
    for each in held:
        found.setdefault(each.prefix.text[each.offset - width : each.offset], []).append(each)
    return Heads(width, {head: tuple(same) for head, same in found.items()})


def _follows(held: Iterable[Holder], anchor: bytes) -> re.Pattern[bytes]:
    """Join what its own prefixes say; those that only happen to hold a core are found by their own."""
    return re.compile(
        b"|".join(
            dict.fromkeys(
                re.escape(_rest(prefix, anchor)) + prefix.least.pattern
                for _, prefix, _ in held
                if anchor in (prefix.anchor, prefix.core)
            )
        )
    )


def _vouchers(rules: Iterable[Rule]) -> dict[bytes, frozenset[str]]:
    found: dict[bytes, set[str]] = {}
    for rule, prefix in _prefixes(rules):
        if rule.vouches:
            for anchor in (prefix.anchor, prefix.core):
                found.setdefault(anchor, set()).add(rule.id)
    return {anchor: frozenset(ids) for anchor, ids in found.items()}


def _glued(texts: Iterable[bytes]) -> Glued:
    """Leave out what begins with another text: that one ends a body already."""
    shortest: list[bytes] = []
    for text in sorted(set(texts)):
        if not (shortest and text.startswith(shortest[-1])):
            shortest.append(text)
    return Glued(re.compile(_either(map(re.escape, shortest))), max(map(len, shortest), default=0))


def _redacted(prefixes: Iterable[Prefix]) -> re.Pattern[bytes]:
    """Try the longest prefixes first, so that as much stays of one as in a finding."""
    shown: dict[bytes, dict[bytes, None]] = {}
    for prefix in sorted(prefixes, key=lambda prefix: -len(prefix.text)):
        shown.setdefault(prefix.hidden, {})[prefix.shown] = None
    each = [b"(" + b"|".join(starts) + b")" + hidden for hidden, starts in shown.items()]
    return re.compile(rb"(?<![0-9A-Za-z])" + _either(each))


def _either(alternatives: Iterable[bytes]) -> bytes:
    """Write a regular expression of any of the alternatives; of nothing if there are none."""
    return b"(?:" + (b"|".join(alternatives) or b"(?!)") + b")"


def _needs(forms: Iterable[Form], reach: Reach) -> Reach:
    shapes = {form.shape: form for form in forms}
    reaches = [form.needs(reach) for form in shapes.values()]
    return Reach(max(each.behind for each in reaches), max(each.ahead for each in reaches))
