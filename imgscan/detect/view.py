"""One buffer of a stream: its candidates, and those of a file in it that are credentials."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from imgscan.detect import context
from imgscan.detect.encodings import Shared, Span
from imgscan.detect.finder import position
from imgscan.detect.match import Match

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from imgscan.detect.automaton import Candidate
    from imgscan.detect.encodings import Form
    from imgscan.detect.finder import Finder
    from imgscan.detect.judge import Judge, Judged
    from imgscan.detect.rule import Rule
    from imgscan.detect.ruleset import Ruleset


_BLOCK = 1 << 16
"""Bytes whose candidates share what is decoded."""

_HELD = 3
"""Blocks that are held: the one at hand, and those before and behind it, in which siblings are looked for."""


def _always() -> None:
    """Never stop."""


class View:
    """One buffer of a stream, for one thread."""

    def __init__(
        self, ruleset: Ruleset, finder: Finder, judge: Judge, data: bytes, go_on: Callable[[], None] | None = None
    ) -> None:
        """Look at `data` with the sieves of an engine. `go_on` is called often, and raises to stop; that is raised."""
        self._go_on = go_on or _always
        self._vouchers = ruleset.vouchers
        self._needs = ruleset.needs
        self._reach = ruleset.reach
        self._least = ruleset.least
        self._looks = ruleset.looks
        self._vouching = ruleset.vouching
        self._shared: dict[int, Shared] = {}
        self._sharing: tuple[Span, bool] | None = None
        self._finder = finder
        self._judge = judge
        self._data = data
        self._vouched: tuple[Span, bool, dict[int, context.Siblings]] | None = None

    def candidates(self, start: int, end: int) -> list[Candidate]:
        """List the anchors that begin in `data[start:end)`, ascending; they may extend past `end`."""
        return self._finder.find(self._data, start, end)

    def slices(self, start: int, end: int) -> Iterator[list[Candidate]]:
        """Yield the same a few at a time, so that no more are held; none of the lists is empty."""
        for some in self._finder.slices(self._data, start, end):
            self._go_on()
            yield some

    def confirm(
        self,
        candidates: Sequence[Candidate],
        low: int,
        high: int,
        *,
        origin: int = 0,
        path: str = "",
        binary: bool = False,
        taken: int = 0,
    ) -> list[Match]:
        """Judge the candidates of one file, whose bytes are `data[low:high)`, the first at offset `origin` of it.

        `path` counts as context. Matches that begin before `taken` have been covered by earlier ones and are
        left out (one byte may be shared: two credentials glued together in base64 can meet inside a character).
        Matches ascend, do not overlap, and include those of low confidence.
        """
        span = Span(low, high, origin)
        name = path.lower().encode("utf-8", "replace")
        matches: list[Match] = []
        for candidate in sorted(candidates, key=position):
            at, form = candidate
            if at < low or at < taken or not self._worth(at, form, high, self._looks):
                continue
            self._go_on()
            judged = self._judge.judge(
                self._data, candidate, span, self._around(candidate, span, binary=binary), binary=binary
            )
            if judged is None:
                continue
            match = self._match(judged, span, name, binary=binary)
            if match is not None and match.start + 1 >= taken:
                matches.append(match)
                taken = match.end
        return matches

    def _worth(self, at: int, form: Form, high: int, looks: Mapping[Form, re.Pattern[bytes]]) -> bool:
        """Whether a form may be read: it ends in its file, and in plain text a quick look at what is there says so."""
        look = looks.get(form)
        return at + len(form.literal) <= high if look is None else look.match(self._data, at, high) is not None

    def _around(self, candidate: Candidate, span: Span, *, binary: bool) -> Shared | None:
        """Return the part of a file's bytes that a candidate shares with others near it; None if it is not encoded."""
        if candidate.form.inner is None:
            return None
        if self._sharing != (span, binary):
            self._shared.clear()
            self._sharing = span, binary
        block = candidate.position // _BLOCK
        shared = self._shared.get(block)
        if shared is None:
            if len(self._shared) >= _HELD:
                del self._shared[next(iter(self._shared))]
            low = max(span.low, block * _BLOCK - self._needs.behind)
            high = min(span.high, (block + 1) * _BLOCK + self._needs.ahead)
            self._shared[block] = shared = Shared(self._data, low, high, self._reach, self._least)
        return shared

    def _match(self, judged: Judged, span: Span, path: bytes, *, binary: bool) -> Match | None:
        """Add what the neighbourhood says to a verdict; None if it names another issuer."""
        rule, text, verdict = judged.rule, judged.text, judged.verdict
        start, end = text.begin(verdict.start), text.end(verdict.end)
        confidence = verdict.alone
        line = context.beside(text.data, verdict.start, verdict.end, text.low, text.high)
        if text.data is not self._data:
            line += b"\n" + context.beside(self._data, start, end, span.low, span.high)
        if verdict.known != verdict.alone or verdict.unless is not None:
            near = path + b"\n" + line
            if verdict.unless is not None and verdict.unless in near:
                return None
            if rule.issuer.words.search(near) or self._known(rule, start, span, binary=binary):
                confidence = verdict.known
        secret = judged.secret
        account = verdict.account
        return Match(
            rule=rule,
            start=start,
            end=end,
            encoding=text.encoding,
            secret=secret,
            prefix=verdict.prefix,
            confidence=confidence,
            example=rule.issuer.documented(secret),
            mode=judged.prefix.mode,
            account=account.id if account else None,
            account_created=account.created if account else None,
            note=rule.issuer.note(self._data, start, end, span.low, span.high) if text.encoding == "plain" else "",
            allowed=context.allowed(line),
        )

    def _known(self, rule: Rule, start: int, span: Span, *, binary: bool) -> bool:
        """Whether a credential near `start` tells that one of this rule is its issuer's."""
        if self._vouched is None or self._vouched[:2] != (span, binary):
            self._vouched = span, binary, {}
        first = max(span.low, start - context.SIBLING) // _BLOCK
        last = min(span.high, start + context.SIBLING + self._needs.behind) // _BLOCK
        known = self._vouched[2]
        for block in range(first, last + 1):
            if self._siblings(block, known, span, binary=binary).near(rule, start):
                return True
        return False

    def _siblings(
        self, block: int, known: dict[int, context.Siblings], span: Span, *, binary: bool
    ) -> context.Siblings:
        """Return the index of a block's tell-tale credentials, made once per buffer and file."""
        if block not in known:
            low, high = max(span.low, block * _BLOCK), min(span.high, (block + 1) * _BLOCK)
            known[block] = context.Siblings(self._tellers(low, high, span, binary=binary))
        return known[block]

    def _tellers(self, low: int, high: int, span: Span, *, binary: bool) -> Iterator[tuple[Rule, int]]:
        """Find the credentials that vouch for others and whose anchors begin in a part of a file."""
        for candidate in chain.from_iterable(self.slices(low, high)):
            at, form = candidate
            only = self._vouchers.get(form.anchor)
            if only is None or not self._worth(at, form, span.high, self._vouching):
                continue
            self._go_on()
            shared = self._around(candidate, span, binary=binary)
            judged = self._judge.judge(self._data, candidate, span, shared, binary=binary, only=only)
            if judged is not None:
                yield judged.rule, judged.text.begin(judged.verdict.start)
