"""From hits to findings: what every report has in common, whatever was scanned.

What the user did not ask to see is counted instead of listed, each finding gets its fingerprint, and what a
diagnostic quotes from an image is redacted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from imgscan.model import Diagnostic, Finding, Hidden
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


def findings_of(
    placed: Iterable[Placed], session: Session, trace: Trace | None = None
) -> tuple[tuple[Finding, ...], Hidden]:
    """Make the findings to list, in the given order, and count the others."""
    ordinals: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    findings = []
    for hit, visibility, layer in placed:
        ordinals[hit.identity] += 1
        reason = session.policy.hides(hit)
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
            fingerprint=f"{hit.identity}:{ordinals[hit.identity]}",
        )
        origin = trace(finding) if trace is not None else None
        findings.append(replace(finding, origin=_named(origin, session.concealer)) if origin is not None else finding)
    return tuple(findings), Hidden(**hidden)


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
