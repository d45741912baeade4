"""The three sieves put together: screen, automaton, validators.

An `Engine` is built once and shared; a `View` is one buffer of a stream. Everything that a view says of a file
depends on no more than `reach_behind` bytes before an anchor and `reach_ahead` bytes from its start on, and on
nothing outside the file. So a stream may be cut into windows anywhere: as long as each window is given with that
much around it, the matches are those of the whole.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect import clifiles, context, encodings, examples, redaction, structure
from imgscan.detect.automaton import Automaton, Candidate
from imgscan.detect.encodings import Reach, Span
from imgscan.detect.match import Match
from imgscan.detect.rules import ANCHORS, CORES, FOLLOWS, PROVING, RULES, prefixes_of
from imgscan.detect.screen import Screen
from imgscan.detect.verdict import BASE62, Place
from imgscan.model import CONFIDENCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgscan.detect.encodings import Form, Text
    from imgscan.detect.rules import Prefix, Rule
    from imgscan.detect.verdict import Verdict

_LONGEST = max(rule.max_length for rule in RULES)
_GUARD = 8
"""Characters past a credential that its validator may look at: a boundary, a mask, a prefix that begins there."""

_PREFIX = 12
_GLUE = 160
"""Characters that may stand between the pieces of a credential, as far as a glance needs them."""

_REACH = Reach(_LONGEST + context.LINE + 1, _LONGEST + _GUARD + context.LINE)
_GLANCE = Reach(_PREFIX, FOLLOWS + _GLUE)

_SIBLINGS = {
    b"k_live_": "stripe-publishable-key", b"k_test_": "stripe-publishable-key",
    b"_live_": "stripe-publishable-key", b"_test_": "stripe-publishable-key",
    b"whsec_": "stripe-webhook-secret",
}  # fmt: skip
"""The kinds whose presence tells that another credential is Stripe's, by anchor."""

_FOLLOWS = {**PROVING, **CORES, **ANCHORS}
_TABLE = {anchor: prefixes_of(anchor) for anchor in _FOLLOWS}


@cache
def _forms() -> tuple[Form, ...]:
    return encodings.forms(ANCHORS, CORES, PROVING)


@cache
def _reaches() -> Reach:
    """Give how many bytes around a literal any form looks at."""
    shapes = {form.shape: form for form in _forms()}
    reaches = [form.needs(_REACH) for form in shapes.values()]
    return Reach(max(reach.behind for reach in reaches), max(reach.ahead for reach in reaches))


@cache
def _automaton() -> Automaton:
    return Automaton(_forms())


@cache
def _screen() -> Screen:
    return Screen(sorted({form.literal for form in _forms()}))


def prepare() -> None:
    """Begin to compile the screen, where there is one: much is going to be searched, but not yet."""
    with suppress(ImportError):
        _screen().begin()


class _Judged(NamedTuple):
    """A candidate that a validator took."""

    rule: Rule
    prefix: Prefix
    text: Text
    verdict: Verdict

    @property
    def secret(self) -> bytes:
        """The exact credential."""
        return self.text.data[self.verdict.start : self.verdict.end]

    @property
    def sure(self) -> int:
        """How sure the verdict is, by itself; more is surer."""
        return -CONFIDENCES.index(self.verdict.alone)


class Engine:
    """Finds and judges credentials; immutable, shared by threads.

    `screened` says whether the SIMD screen is in use, `reach_behind` and `reach_ahead` how many bytes before and
    from an anchor's start on its match and the match's context may need.
    """

    def __init__(self, *, screen: bool | None = None, now: float | None = None) -> None:
        """Set the sieves up.

        `screen` None takes Hyperscan where it can be imported, True raises ImportError where it cannot, False
        leaves it out. No account is younger than `now` (seconds since 1970; None: this moment).
        """
        self._screen: Screen | None = None
        if screen is not False:
            try:
                self._screen = _screen()
            except ImportError:
                if screen:
                    raise
        self._automaton = _automaton()
        self._now = time.time() if now is None else now
        self._longest = max(len(form.literal) for form in _forms())
        self.screened = self._screen is not None
        around = context.SIBLING + context.LINE
        reaches = _reaches()
        self.reach_behind = around + 2 * reaches.behind
        self.reach_ahead = around + 2 * reaches.ahead

    def open(self, data: bytes) -> View:
        """Give a view of one buffer; costs nothing until it is asked."""
        return View(self, data)

    def busy(self, count: int) -> bool:
        """Whether a search of `count` bytes would wait for the screen."""
        return self._screen is not None and self._screen.busy(count)

    def find(self, data: bytes, start: int, end: int) -> list[Candidate]:
        """List the anchors that begin in `data[start:end)`, ascending; they may extend past `end`."""
        reach = min(len(data), end + self._longest - 1)
        screen = self._screen
        regions = [(start, reach)]
        if screen is not None and screen.worth(reach - start):
            regions = screen.regions(data, start, reach)
        found = [
            candidate
            for low, high in regions
            for candidate in self._automaton.find(data, low, high)
            if candidate.position < end
        ]
        found.sort(key=_position)
        return found

    def search(self, text: bytes, *, path: str = "", binary: bool = False) -> list[Match]:
        """Find every credential of a whole small document."""
        view = self.open(text)
        return view.confirm(view.candidates(0, len(text)), 0, len(text), path=path, binary=binary)

    def redact(self, text: str) -> str:
        """Make a string from an image fit to be printed: no credential in it, nor what begins like one.

        Applying it twice changes nothing more. Publishable keys stay; credentials in another encoding become
        `[REDACTED]`.
        """
        data = text.encode("utf-8", "surrogatepass")
        while self.find(data, 0, len(data)):
            # Again, because a credential may have stood half inside another; each round shortens the text.
            shorter = redaction.replace(data, self.search(data))
            if shorter == data:
                break
            data = shorter
        return data.decode("utf-8", "surrogatepass")

    def judge(self, data: bytes, candidate: Candidate, span: Span, *, binary: bool, only: str = "") -> _Judged | None:
        """Ask the validators of a candidate, or that of one rule, whether a credential stands there."""
        form, position = candidate.form, candidate.position
        follows, after = _FOLLOWS[form.anchor], len(form.anchor)
        # A short look first: it settles nearly every chance hit at a tenth of the cost.
        glance = form.read(data, position, span, _GLANCE)
        if not any(follows.match(text.data, text.at + after, text.high) for text in glance):
            return None
        best: _Judged | None = None
        settled = False
        for text in form.read(data, position, span, _REACH):
            judged = self._try(text, form.anchor, binary=binary, only=only)
            if judged is None:
                continue
            if best is None and text.rival is not None:
                # Where the likelier reading has the same characters, its refusal stands.
                start = text.rival.at - text.at + judged.verdict.start
                if start >= 0 and text.rival.data.startswith(judged.secret, start):
                    continue
            if best is not None and not _better(judged, best, settled=settled):
                continue
            best = judged
            settled = settled or text.settles
            if judged.sure == 0:
                break
        return best

    def _try(self, text: Text, anchor: bytes, *, binary: bool, only: str) -> _Judged | None:
        """Ask the validators of the prefixes that stand in a text around its anchor."""
        for rule, prefix, offset in _TABLE[anchor]:
            start = text.at - offset
            if (only and rule.id != only) or start < text.low:
                continue
            if text.data.startswith(prefix.text, start, text.high):
                body = start + len(prefix.text)
                place = Place(text.data, start, body, text.low, text.high, binary, self._now)
                verdict = prefix.validate(place)
                if verdict is not None and not (text.strict and not _holds_together(text, verdict)):
                    return _Judged(rule, prefix, text, verdict)
        return None


def _better(judged: _Judged, best: _Judged, *, settled: bool) -> bool:
    """Whether what a later reading shows is better: it proves itself, is surer, or shows more of the same credential.

    Where a likelier reading has settled it, or is a rival, sureness alone does not do: what it saw whole may look surer
    where it is cut short.
    """
    if judged.verdict.account is not None:
        return best.verdict.account is None
    if settled:
        return False
    longer = len(judged.secret) > len(best.secret) and judged.secret.startswith(best.secret)
    if judged.text.rival is not None:
        return longer
    return judged.sure > best.sure or (judged.sure == best.sure and longer)


def _holds_together(text: Text, verdict: Verdict) -> bool:
    """Whether a credential put together from pieces proves itself.

    Its last characters prove nothing: where a piece ends in them, the credential must end where its text does.
    """
    if verdict.account is None:
        return False
    proved = not text.gaps.at or text.gaps.at[-1] <= verdict.end - structure.TAIL
    ends = verdict.end in (text.high, *text.gaps.at)
    return proved or ends or text.data[verdict.end] not in BASE62


class View:
    """One buffer of a stream, for one thread."""

    def __init__(self, engine: Engine, data: bytes) -> None:
        """Look at `data` with `engine`."""
        self._engine = engine
        self._data = data
        self._tellers: list[Candidate] | None = None
        self._siblings: tuple[Span, bool, context.Siblings] | None = None

    def candidates(self, start: int, end: int) -> list[Candidate]:
        """List the anchors that begin in `data[start:end)`, ascending; they may extend past `end`."""
        return self._engine.find(self._data, start, end)

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
        for candidate in sorted(candidates, key=_position):
            position = candidate.position
            if position < low or position < taken or position + len(candidate.form.literal) > high:
                continue
            judged = self._engine.judge(self._data, candidate, span, binary=binary)
            if judged is None:
                continue
            match = self._match(judged, span, name, binary=binary)
            if match is not None and match.start + 1 >= taken:
                matches.append(match)
                taken = match.end
        return matches

    def _match(self, judged: _Judged, span: Span, path: bytes, *, binary: bool) -> Match | None:
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
            if context.STRIPE.search(near) or self._near(span, binary=binary).near(rule.id, start):
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
            example=examples.documented(secret),
            mode=judged.prefix.mode,
            account=account.id if account else None,
            account_created=account.created if account else None,
            note=clifiles.note(self._data, start, end, span.low, span.high) if text.encoding == "plain" else "",
            allowed=context.ALLOW.search(line) is not None,
        )

    def _near(self, span: Span, *, binary: bool) -> context.Siblings:
        """Give the index of the file's tell-tale credentials, made once per buffer and file."""
        if self._siblings is not None and self._siblings[:2] == (span, binary):
            return self._siblings[2]
        if self._tellers is None:
            everything = self._engine.find(self._data, 0, len(self._data))
            self._tellers = [each for each in everything if each.form.anchor in _SIBLINGS]
        found = []
        first, last = (bisect_left(self._tellers, each, key=_position) for each in (span.low, span.high))
        for candidate in self._tellers[first:last]:
            if candidate.position + len(candidate.form.literal) > span.high:
                continue
            rule = _SIBLINGS[candidate.form.anchor]
            judged = self._engine.judge(self._data, candidate, span, binary=binary, only=rule)
            if judged is not None:
                found.append((rule, judged.text.begin(judged.verdict.start)))
        siblings = context.Siblings(found)
        self._siblings = span, binary, siblings
        return siblings


def _position(candidate: Candidate) -> int:
    return candidate.position
