"""The third sieve: whether a credential is at a candidate, as its decoders read it and its validators see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect.encodings import Span
from imgscan.detect.encodings.form import Seen
from imgscan.detect.verdict import BASE62, Place
from imgscan.model import CONFIDENCES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from imgscan.detect.automaton import Candidate
    from imgscan.detect.encodings import Form, Reach, Shared, Text
    from imgscan.detect.encodings.shared import Sight
    from imgscan.detect.rule import Prefix, Rule
    from imgscan.detect.ruleset import Ruleset
    from imgscan.detect.verdict import Verdict


class Judged(NamedTuple):
    """A candidate that a validator accepted."""

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
        """How certain the verdict is by itself; higher is more certain."""
        return -CONFIDENCES.index(self.verdict.alone)


class Judge:
    """Judges candidates of a ruleset; immutable, shared by threads."""

    def __init__(self, ruleset: Ruleset, now: float) -> None:
        """Believe no account that is younger than `now`, in seconds since 1970."""
        self._holders = ruleset.holders
        self._follows = ruleset.follows
        self._hints = ruleset.hints
        self._glued = ruleset.glued
        self._reach = ruleset.reach
        self._now = now

    def judge(
        self,
        data: bytes,
        candidate: Candidate,
        span: Span,
        shared: Shared | None,
        *,
        binary: bool,
        only: Container[str] | None = None,
    ) -> Judged | None:
        """Ask the validators of a candidate whether a credential is there: all, or those of the rules `only`.

        `shared` is the part of the span that the candidate is in, with as much around it as any form needs: for a first
        look, without which the result is the same.
        """
        texts = self._texts(data, candidate, span, shared, binary=binary, only=only)
        form = candidate.form
        follows, after = self._follows[form.anchor], len(form.anchor)
        best: Judged | None = None
        settled = False
        for seen in texts:
            text = seen.text
            if not follows.match(text.data, text.at + after, text.high):
                continue
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
            best = judged if not seen.path else judged._replace(text=seen.placed())
            settled = settled or seen.settles
            if judged.sure == 0:
                break
        return best

    def _texts(
        self,
        data: bytes,
        candidate: Candidate,
        span: Span,
        shared: Shared | None,
        *,
        binary: bool,
        only: Container[str] | None,
    ) -> Iterable[Seen]:
        """Return the texts that a candidate may be in, likeliest first; none if a quick look shows none."""
        form, position = candidate.form, candidate.position
        if shared is None:
            if (
                form.inner is None
                and form.cut is None
                and not self._hints[form.anchor].match(data, position, span.high)
            ):
                return ()
        else:
            seen = self._seen(form, position, shared)
            if not seen:
                return ()
            views = form.views(position, shared, shared.low, shared.high)
            if views is not None:
                return views
            if not any(
                not sure or self._accepts(form.innermost, at, inside, binary=binary, only=only)
                for inside, at, sure in _distinct(seen, self._reach)
            ):
                return ()
        return (Seen(text, text.settles, ()) for text in form.read(data, position, span, self._reach))

    def _seen(self, form: Form, position: int, shared: Shared) -> list[Sight]:
        """List the places at which a credential may be, as a quick look sees it: mostly none."""
        hint = self._hints[form.anchor]
        narrows = form.flat and form.encoding.narrows
        seen = []
        for sight in form.sights(position, shared):
            inside, at, _ = sight
            if hint.match(inside.data, at):
                seen.append(sight)
            elif narrows:
                break
        return seen

    def _accepts(self, form: Form, at: int, inside: Shared, *, binary: bool, only: Container[str] | None) -> bool:
        """Whether a validator takes what is at a place of a decoded buffer."""
        follows, after = self._follows[form.anchor], len(form.anchor)
        return any(
            self._try(text, form.anchor, binary=binary, only=only) is not None
            for text in form.read(inside.data, at, Span(inside.low, inside.high), self._reach)
            if follows.match(text.data, text.at + after, text.high)
        )

    def _try(self, text: Text, anchor: bytes, *, binary: bool, only: Container[str] | None) -> Judged | None:
        """Ask the validators of the prefixes that are in a text around its anchor."""
        for rule, prefix, offset in self._holders[anchor]:
            start = text.at - offset
            if (only is not None and rule.id not in only) or start < text.low:
                continue
            if text.data.startswith(prefix.text, start, text.high):
                body = start + len(prefix.text)
                if text.strict and not (prefix.proof and text.data.startswith(prefix.proof, body, text.high)):
                    continue  # no validator could prove it
                place = Place(text.data, start, body, text.low, text.high, binary, self._now, self._glued)
                verdict = prefix.validate(place)
                if verdict is not None and not (text.strict and not _holds_together(text, verdict)):
                    return Judged(rule, prefix, text, verdict)
        return None


def _distinct(seen: list[Sight], reach: Reach) -> list[Sight]:
    """Leave out what shows the same as the one before, as far as anything counts: UTF-16 in the other byte order."""
    if len(seen) != 2:
        return seen
    (first, one, _), (second, other, _) = seen
    near = first.data[max(0, one - reach.behind) : one + reach.ahead]
    same = len(near) == sum(reach) and near == second.data[max(0, other - reach.behind) : other + reach.ahead]
    return seen[:1] if same else seen


def _better(judged: Judged, best: Judged, *, settled: bool) -> bool:
    """Whether what a later reading shows is better: it proves itself, is surer, or shows more of the same credential.

    Where a likelier reading has settled it, or is a rival, sureness alone does not do: what it saw whole may look more
    certain where it is cut short.
    """
    if judged.verdict.proof:
        return not best.verdict.proof
    if settled:
        return False
    longer = len(judged.secret) > len(best.secret) and judged.secret.startswith(best.secret)
    if judged.text.rival is not None:
        return longer
    return judged.sure > best.sure or (judged.sure == best.sure and longer)


def _holds_together(text: Text, verdict: Verdict) -> bool:
    """Whether a credential put together from pieces proves itself.

    Where a piece ends in the characters behind the proof, the credential must end where its text does.
    """
    if not verdict.proof:
        return False
    proved = not text.gaps.at or text.gaps.at[-1] <= verdict.start + verdict.proof
    ends = verdict.end in (text.high, *text.gaps.at)
    return proved or ends or text.data[verdict.end] not in BASE62
