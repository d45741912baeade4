"""From hits to findings: what every report has in common, whatever was scanned.

What the user did not ask to see is counted instead of listed, each finding gets its fingerprint, and what a
diagnostic quotes from an image is redacted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from imgscan.model import Diagnostic, Finding, Hidden
from imgscan.packed import many_findings
from imgscan.scan.manyhits import MOST
from imgscan.streams.stop import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from imgscan.model import Origin, Visibility
    from imgscan.scan.hits import Concealer, Hit
    from imgscan.scan.session import Session

    Trace = Callable[[Finding], Origin | None]
    """Says where a finding comes from."""


INTERRUPTION = Diagnostic("error", INTERRUPTED, "the scan was interrupted: these are the findings so far")


class Placed(NamedTuple):
    """A hit, the layer that it is in unless its location says so, and what became of its file."""

    hit: Hit
    visibility: Visibility | None = None
    layer: int | None = None

    @property
    def number(self) -> int | None:
        """The layer's number, wherever it is said."""
        return self.hit.location.layer if self.layer is None else self.layer


class Listed(NamedTuple):
    """The findings to list, how many are hidden, and what is said where there were too many."""

    findings: Sequence[Finding]
    hidden: Hidden
    noted: tuple[Diagnostic, ...] = ()


def findings_of(
    placed: Iterable[Placed], session: Session, trace: Trace | None = None, *, left_out: int = 0, most: int = MOST
) -> Listed:
    """Make the findings to list, in the given order and at most so many, and count the others.

    `left_out` is how many hits were too many before they came here.
    """
    ordinals: Counter[int] = Counter()  # by a mark of eight bytes: there may be many
    hidden: Counter[str] = Counter()
    findings = many_findings()
    for hit, visibility, layer in placed:
        reason = session.policy.hides(hit)
        full = len(findings) >= most
        if full and reason is None:
            left_out += 1
            continue
        mark = hash(hit.identity)
        ordinals[mark] += not full  # or there would be a number for each that is not listed
        if reason is not None:
            hidden[reason] += 1
            continue
        finding = Finding(
            rule_id=hit.rule_id,
            title=hit.title,
            level=hit.level,
            confidence=hit.confidence,
            status="example" if hit.example else "new",
            secret=hit.secret,
            location=hit.location if layer is None else replace(hit.location, layer=layer),
            visibility=visibility,
            fingerprint=f"{hit.identity}:{ordinals[mark]}",
        )
        origin = trace(finding) if trace is not None else None
        findings.append(replace(finding, origin=_named(origin, session.concealer)) if origin is not None else finding)
    text = f"there are too many findings to keep: {left_out:,} of those that were found are not listed"
    noted = (Diagnostic("error", "findings-limit", text),) if left_out else ()
    return Listed(findings.kept(), Hidden(**hidden), noted)


def diagnostics_of(noted: Sequence[Diagnostic], session: Session) -> tuple[Diagnostic, ...]:
    """Return a target's diagnostics, each once, redacted; an interruption comes first."""
    text = session.concealer.text
    if session.interrupted:
        noted = (INTERRUPTION, *(each for each in noted if each.code != INTERRUPTED))
    return tuple(
        replace(each, message=text(each.message), path=text(each.path) if each.path else each.path)
        for each in dict.fromkeys(noted)
    )


def _named(origin: Origin, concealer: Concealer) -> Origin:
    """Redact the names of an origin: a file's name may be a key."""
    return replace(
        origin,
        dockerfile=concealer.text(origin.dockerfile) if origin.dockerfile is not None else None,
        source=concealer.text(origin.source) if origin.source is not None else None,
    )
