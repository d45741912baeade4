"""A hit: a credential at a place within one blob, with nothing secret left in it.

The same blob can be a layer of several images and at several places, so a hit does not know its layer yet;
`imgscan.scan.image.assemble` turns hits into findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgscan import secrecy

if TYPE_CHECKING:
    from imgscan.detect import Engine, Match
    from imgscan.model import Confidence, Level, Secret


class Hit(NamedTuple):
    """One credential in one blob or document.

    `member` is the tar member's number, -1 outside of members; `name` its normalised raw name, which may hold a
    credential itself and is for look-ups only; `path` the redacted spelling of it for people. `identity` is the
    fingerprint without its ordinal. `holder` is the raw name of the tar member that holds the container which the file
    is in, None where it is in none. `allowed` says that a comment on its line lets it through. The other fields are
    those of `Location` and `Finding`.
    """

    rule_id: str
    title: str
    level: Level
    confidence: Confidence
    example: bool
    optional: bool
    secret: Secret
    identity: str
    name: bytes
    path: str
    path_bytes: bytes | None
    member: int = -1
    layer: int | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    offset: int | None = None
    length: int | None = None
    encoding: str = "plain"
    field: str | None = None
    commit: str | None = None
    holder: bytes | None = None
    allowed: bool = False


class Spelling(NamedTuple):
    """A raw name as it may be shown: redacted, and its bytes only where they are not UTF-8 and hold no secret."""

    path: str
    path_bytes: bytes | None


class Concealer:
    """Makes hits of matches and names fit to be shown. `reveal` is `--show-secrets`."""

    def __init__(self, engine: Engine, *, reveal: bool = False) -> None:
        self.engine = engine
        self.reveal = reveal

    def spell(self, name: bytes) -> Spelling:
        r"""Spell a member's name: UTF-8, other bytes as `\xNN`, credentials redacted."""
        text = name.decode("utf-8", "backslashreplace")
        shown = self.text(text)
        utf8 = text.encode("utf-8", "replace") == name
        return Spelling(shown, None if utf8 or shown != text else name)

    def text(self, text: str) -> str:
        """Redact what an image says, for showing."""
        return text if self.reveal else self.engine.redact(text)

    def hit(self, match: Match, name: bytes, spelling: Spelling, **place: int | str | None) -> Hit:
        """Make the hit of a match in the member `name`; `place` are the fields of `Hit` from `member` on."""
        rule = match.rule
        return Hit(
            rule_id=rule.id,
            title=rule.title + self.text(match.note),
            level="note" if match.example else rule.level,
            confidence=match.confidence,
            example=match.example,
            optional=rule.optional,
            secret=secrecy.conceal(
                match.secret,
                match.prefix,
                mode=match.mode,
                account=match.account,
                account_created=match.account_created,
                reveal=self.reveal,
            ),
            identity=secrecy.fingerprint(rule.id, name, match.secret),
            name=name,
            path=spelling.path,
            path_bytes=spelling.path_bytes,
            encoding=match.encoding,
            allowed=match.allowed,
            **place,  # type: ignore[arg-type]  # the names and types are those of Hit's own fields
        )
