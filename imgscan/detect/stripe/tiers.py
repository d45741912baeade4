"""The validators of keys: secret, restricted, publishable and organization keys, by tier.

| tier | body                                     | asked besides                       | confidence      |
|------|------------------------------------------|-------------------------------------|-----------------|
| A    | 99 characters that name their account    | nothing on either side              | very high       |
| B    | 34 characters: 24, `00`, 8               | no word around it, a mixed body     | high            |
| C    | 24 characters, or 99 of another build    | the same way                            | medium, or high |
| D    | other lengths from 25 to 247             | the same way                            | low, or medium  |
| E    | 24 to 260 characters after `sk_org_`     | the same way                            | medium, or high |

Of two confidences the second holds where something nearby speaks of Stripe. A run of more characters than the
tier allows is data that happens to follow a prefix, and only tier A is looked for in it.
"""

from __future__ import annotations

from imgscan.detect.stripe import issuers, placeholders, structure
from imgscan.detect.verdict import Place, Verdict, counted, masked, open_left, run_end

KEY_LEAST = 24
KEY_MOST = 247
"""Stripe says that a key may have 255 characters, prefix and all."""

ORGANIZATION_MOST = 260

_OLD = 24
_MIDDLE = 34


def key(place: Place) -> Verdict | None:
    """Judge what follows `sk_live_` and its like."""
    account = structure.of_key(place.data, place.body, place.high, place.now)
    if account is not None:
        end = place.body + structure.BODY
        prefix = place.body - place.start
        proof = end - structure.TAIL - place.start
        return Verdict(place.start, end, prefix, "very-high", "very-high", account, proof=proof)
    end = run_end(place, KEY_MOST)
    if place.binary:
        for least in (_OLD, _MIDDLE):
            if place.body + least < end and counted(place, place.body + least):
                end = place.body + least
    size = end - place.body
    if not KEY_LEAST <= size <= KEY_MOST or not _stands(place, end):
        return None
    body = place.data[place.body : end]
    prefix = place.body - place.start
    if size == _MIDDLE and body[24:26] == b"00":
        return Verdict(place.start, end, prefix, "high", "high")
    if size in (_OLD, structure.BODY):
        return Verdict(place.start, end, prefix, "medium", "high")
    unless = b"clerk" if issuers.maybe_clerk(body) else None
    return Verdict(place.start, end, prefix, "low", "medium", unless=unless)


def sandbox(place: Place) -> Verdict | None:
    """Judge what follows `rkcs_test_`: a claimable sandbox's key, whose length is not known."""
    return _other(place, KEY_MOST)


def organization(place: Place) -> Verdict | None:
    """Judge what follows `sk_org_`: a key whose length is not documented."""
    return _other(place, ORGANIZATION_MOST)


def _other(place: Place, most: int) -> Verdict | None:
    end = run_end(place, most)
    if not KEY_LEAST <= end - place.body <= most or not _stands(place, end):
        return None
    return Verdict(place.start, end, place.body - place.start, "medium", "high")


def _stands(place: Place, end: int) -> bool:
    """Whether the credential stands by itself, is nobody else's and is not a placeholder."""
    if not open_left(place, place.start, end) or masked(place, end):
        return False
    body = place.data[place.body : end]
    return placeholders.mixed(body) and not (placeholders.typed(body) or issuers.foreign(body))
