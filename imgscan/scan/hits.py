"""A hit: a credential at its place within one blob, with nothing secret left in it.

The same blob can be a layer of several images and at several places, so a hit's location has no layer yet;
`imgscan.scan.findings` turns hits into findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan import secrecy
from imgscan.model import Location
from imgscan.scan.acrosspaths import redact_across

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.detect import Engine, Match
    from imgscan.image.lifecycle import Trail
    from imgscan.model import Confidence, Level, Secret


_REMEMBERED = 4096
"""Secrets that are remembered, so that equal ones share a value."""


class Hit(NamedTuple):
    """One credential in one blob or document.

    `location` is its place as reports show it, without the layer. `identity` is the fingerprint without its ordinal.
    `allowed` says that a comment on its line suppresses it. `member` is the number of the tar member or of the file
    of a tree that holds it, -1 outside members; `inner` says that it is in a container that this member is.
    `trail` identifies that member when its life is worked out (`imgscan.image.lifecycle.trail`); it holds no name.
    """

    rule_id: str
    title: str
    level: Level
    confidence: Confidence
    example: bool
    optional: bool
    allowed: bool
    secret: Secret
    identity: str
    location: Location
    member: int = -1
    trail: Trail = ()
    inner: bool = False


class Spelling(NamedTuple):
    """A raw name as it may be shown: redacted, and its bytes only where they are not UTF-8 and hold no secret."""

    path: str
    path_bytes: bytes | None


class Concealer:
    """Makes hits of matches and names fit to be shown. `reveal` is `--show-secrets`."""

    def __init__(self, engine: Engine, *, reveal: bool = False) -> None:
        self.engine = engine
        self.reveal = reveal
        self._secrets: dict[str, Secret] = {}

    def spell(self, name: bytes) -> Spelling:
        r"""Spell a member's name: UTF-8, other bytes as `\xNN`, credentials redacted."""
        text = name.decode("utf-8", "backslashreplace")
        shown = self.text(text)
        utf8 = text.encode("utf-8", "replace") == name
        return Spelling(shown, None if utf8 or shown != text else name)

    def text(self, text: str) -> str:
        """Redact what an image says, for showing."""
        return text if self.reveal else self.engine.redact(redact_across(text, self.engine))

    def hit(self, match: Match, name: bytes, location: Location, member: int = -1, trail: Trail = ()) -> Hit:
        """Make the hit of a match at a location in the file `name` (raw)."""
        rule = match.rule
        return Hit(
            rule_id=rule.id,
            title=rule.title + self.text(match.note),
            level="note" if match.example else rule.level,
            confidence=match.confidence,
            example=match.example,
            optional=rule.optional,
            allowed=match.allowed,
            secret=self._one(
                secrecy.conceal(
                    match.secret,
                    match.prefix,
                    mode=match.mode,
                    account=match.account,
                    account_created=match.account_created,
                    reveal=self.reveal,
                )
            ),
            identity=secrecy.fingerprint(rule.id, name, match.secret),
            location=location,
            member=member,
            trail=trail,
        )

    def _one(self, secret: Secret) -> Secret:
        """Return one value for equal secrets: a key may be at a million places."""
        if len(self._secrets) >= _REMEMBERED:
            self._secrets.clear()
        known = self._secrets.setdefault(secret.sha256, secret)
        return known if known == secret else secret

    def in_text(
        self,
        text: bytes,
        name: bytes,
        *,
        field: str,
        context: str = "",
        member: int = -1,
        trail: Trail = (),
        layer: int | None = None,
    ) -> Iterator[Hit]:
        """Search a short text that is a field of the file `name` (raw): what a header, a document or a name says.

        `context` is what counts as its neighbourhood, beside the text itself.
        """
        spelling = None
        for match in self.engine.search(text, path=context):
            spelling = spelling or self.spell(name)
            location = Location(layer, *spelling, encoding=match.encoding, field=self.text(field))
            yield self.hit(match, name, location, member, trail)
