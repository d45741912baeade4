"""The third sieve: whether a credential is at a candidate, as its decoders read it and its validators see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect.encodings import PARTED
from imgscan.detect.encodings.form import Seen
from imgscan.detect.verdict import BASE62, Place
from imgscan.model import CONFIDENCES

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from imgscan.detect.automaton import Candidate
    from imgscan.detect.encodings import Shared, Span, Text
    from imgscan.detect.encodings.form import Worth
    from imgscan.detect.rule import Prefix, Rule
    from imgscan.detect.ruleset import Heads, Ruleset
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
        self._heads = ruleset.heads
        self._follows = ruleset.follows
        self._proofs = tuple({prefix.proof for rule in ruleset.rules for prefix in rule.prefixes if prefix.proof})
        self._hints = ruleset.hints
        self._glued = ruleset.glued
        self._reach = ruleset.reach
        self._now = now
        vouchers = ruleset.vouchers
        self._worths = {
            (anchor, only): _worth(ruleset.hints[anchor], heads if only is None else heads.of(only))
            for anchor, heads in ruleset.heads.items()
            for only in (None, vouchers.get(anchor))
        }

    def judge(
        self,
        data: bytes,
        candidate: Candidate,
        span: Span,
        shared: Shared | None,
        *,
        binary: bool,
        only: frozenset[str] | None = None,
    ) -> Judged | None:
        """Ask the validators of a candidate whether a credential is there: all, or those of the rules `only`.

        `shared` is the part of the span that the candidate is in, with as much around it as any form needs: for a first
        look, without which the result is the same.
        """
        texts = self._texts(data, candidate, span, shared, only)
        form = candidate.form
        follows, after = self._follows[form.anchor], len(form.anchor)
        best: Judged | None = None
        settled = False
        for seen in texts:
            text = seen.text
            if not follows.match(text.data, text.at + after, text.high):
                continue
            proving = settled and best is not None  # nothing else is better then
            judged = self._try(text, form.anchor, binary=binary, only=only, proving=proving)
            if judged is None:
                if seen.near is not None and shared is not None and only is None and not proving:
                    shared.refuse(seen.near)
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
            if judged.sure == 0 or (settled and not self._may_prove(best)):
                break
        return best

    def _may_prove(self, best: Judged) -> bool:
        """Whether another reading may prove the credential: its body begins with the same characters in each."""
        body = best.verdict.start + len(best.prefix.text)
        return not best.verdict.proof and best.text.data.startswith(self._proofs, body)

    def _texts(
        self,
        data: bytes,
        candidate: Candidate,
        span: Span,
        shared: Shared | None,
        only: frozenset[str] | None,
    ) -> Iterable[Seen]:
        """Return the texts that a candidate may be in, likeliest first; none if a quick look shows none."""
        position, form = candidate
        if shared is not None:
            worth = self._worths[form.anchor, only]
            if form.inner is not None and form.inner.inner is None:
                glance = form.encoding.glance
                glanced = glance(position, form, shared) if glance is not None else None
                if glanced is not None and not self._hints[form.anchor].match(*glanced):
                    return ()
                sights = form.encoding.sight(position, form, shared) if form.encoding.sight else ()
                if not any(worth(inside.data, at, inside.low, inside.high) for inside, at in sights):
                    return ()
            views = form.views(position, shared, span, worth)
            if views is not None:
                return views
        return (Seen(text, text.settles, ()) for text in form.read(data, position, span, self._reach))

    def _try(
        self, text: Text, anchor: bytes, *, binary: bool, only: frozenset[str] | None, proving: bool = False
    ) -> Judged | None:
        """Ask the validators of the prefixes that are in a text around its anchor; of those that prove themselves."""
        data, high = text.data, text.high
        for rule, prefix, offset in self._heads[anchor].at(data, text.at):
            start = text.at - offset
            if (only is not None and rule.id not in only) or start < text.low:
                continue
            if data.startswith(prefix.text, start, high):
                body = start + len(prefix.text)
                if (text.strict or proving) and not (prefix.proof and data.startswith(prefix.proof, body, high)):
                    continue  # no validator could prove it
                place = Place(data, start, body, text.low, high, binary, self._now, self._glued)
                verdict = prefix.validate(place)
                if verdict is not None and not (text.strict and not _holds_together(text, verdict)):
                    return Judged(rule, prefix, text, verdict)
        return None


def _worth(hint: re.Pattern[bytes], heads: Heads) -> Worth:
    """Make a quick test of an anchor: what must follow it does, and one of its prefixes is there, or is parted."""
    follows = hint.match

    def worth(data: bytes, at: int, low: int, high: int) -> bool:
        if follows(data, at, high) is None:
            return False
        return bool(heads.at(data, at)) or (at > low and data[at - 1] in PARTED)

    return worth


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
