"""The validators of everything that is not a key: webhook and app secrets, command-line and ephemeral tokens."""

from __future__ import annotations

import re

from imgscan.detect.stripe import placeholders, structure
from imgscan.detect.verdict import BASE62, Place, Verdict, counted, cut, masked, open_left

LOOSE_LEAST = 20
LOOSE_MOST = 260
INTENT_ID_MOST = 64
CLIENT_SECRET_MOST = 80

_WEBHOOK = re.compile(rb"(?:[0-9a-f]{64}|[0-9A-Za-z]{32})(?![0-9A-Za-z+/=_-])")
_COUNTED_WEBHOOK = re.compile(rb"[0-9a-f]{64}|[0-9A-Za-z]{32}")
_LOOSE = re.compile(rb"[0-9A-Za-z_]{%d,%d}" % (LOOSE_LEAST, LOOSE_MOST + 1))
_LOOSE_SEGMENT = 16
_INTENT_ID_LEAST = 24
_INTENT_SECRETS = {
    b"pi_": re.compile(rb"[0-9A-Za-z]{25}(?![0-9A-Za-z])"),
    b"seti_": re.compile(rb"[0-9A-Za-z]{20,%d}(?![0-9A-Za-z])" % CLIENT_SECRET_MOST),
}
_SESSION_SECRET = re.compile(rb"[0-9A-Za-z]{47}(?![0-9A-Za-z])")


def ephemeral(place: Place) -> Verdict | None:
    """Judge an ephemeral key or terminal token, which says itself where it begins, ends and belongs."""
    account = structure.of_ephemeral(place.data, place.body, place.high, place.now)
    if account is None:
        return None
    end = place.body + structure.EPHEMERAL_BODY
    proof = end - structure.TAIL - place.start
    return Verdict(place.start, end, place.body - place.start, "very-high", "very-high", account, proof=proof)


def webhook(place: Place) -> Verdict | None:
    """Judge a webhook signing secret.

    Other services follow the Standard Webhooks convention, `whsec_` and base64 of any length; only the two
    lengths that Stripe issues are taken, and nothing that base64 could continue.
    """
    match = _WEBHOOK.match(place.data, place.body, place.high)
    if match is None:
        match = _COUNTED_WEBHOOK.match(place.data, place.body, place.high)
        if match is None or not counted(place, match.end()):
            return None
    return _token(place, match)


def loose(place: Place) -> Verdict | None:
    """Judge an app secret or a token of the command-line client, whose bodies are not documented.

    `oak_` also begins the names of things made of oak, so some sixteen characters in a row must look random.
    """
    match = _LOOSE.match(place.data, place.body, place.high)
    if match is None:
        return None
    end = cut(place, match.end())
    body = place.data[place.body : end]
    if not LOOSE_LEAST <= len(body) <= LOOSE_MOST:
        return None
    if not open_left(place, place.start, end) or masked(place, end) or placeholders.typed(body):
        return None
    if not any(len(part) >= _LOOSE_SEGMENT and placeholders.mixed(part) for part in body.split(b"_")):
        return None
    return Verdict(place.start, end, place.body - place.start, "medium", "high")


def intent_secret(place: Place) -> Verdict | None:
    """Judge the client secret of a payment or setup intent: the intent's id, `_secret_`, and the secret.

    The id precedes the prefix that was found; `pi_` alone also ends every `api_`.
    """
    low = max(place.low, place.start - INTENT_ID_MOST - 1)
    mark = place.data.rfind(b"_", low, place.start)
    if mark < 0 or not _INTENT_ID_LEAST <= place.start - mark - 1 <= INTENT_ID_MOST:
        return None
    identifier = place.data[mark + 1 : place.start]
    if not BASE62.issuperset(identifier):
        return None
    for prefix, pattern in _INTENT_SECRETS.items():
        start = mark + 1 - len(prefix)
        if start >= place.low and place.data.startswith(prefix, start):
            match = pattern.match(place.data, place.body, place.high)
            if match is None or not open_left(place, start, match.end()):
                continue
            if placeholders.has_run(identifier) or not _random(match[0]):
                return None
            return Verdict(start, match.end(), len(prefix), "high", "high")
    return None


def session_secret(place: Place) -> Verdict | None:
    """Judge the client secret of a customer or account session."""
    return _token(place, _SESSION_SECRET.match(place.data, place.body, place.high))


def _token(place: Place, match: re.Match[bytes] | None) -> Verdict | None:
    if match is None or not open_left(place, place.start, match.end()) or masked(place, match.end()):
        return None
    if placeholders.typed(match[0]):
        return None
    return Verdict(place.start, match.end(), place.body - place.start, "medium", "high")


def _random(body: bytes) -> bool:
    return placeholders.classes(body) > 1 and not placeholders.typed(body)
