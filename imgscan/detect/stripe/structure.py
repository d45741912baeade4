"""What today's keys say of themselves: the account they open, and when that account was created.

A 99-character body is `5`, the account's id without `acct_` (16 characters: `1`, five base62 digits that count
seconds, ten more), 72 random characters, `00` and eight opaque ones. No checksum is known; what is tested here
lets a random body pass about three times in 10^8.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

from imgscan.detect.stripe import placeholders
from imgscan.detect.verdict import Account

EPOCH = 1_342_389_380
"""2012-07-15 21:56:20 UTC, from which the seconds in an account id count."""

BODY = 99
EPHEMERAL_BODY = 82
TAIL = 8
"""Characters at the end of either that nothing is known of."""

_DIGITS = {byte: value for value, byte in enumerate(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)}  # fmt: skip
_DAY = 86_400
_KEY = re.compile(rb"5(1[0-9A-Za-z]{15})([0-9A-Za-z]{72})00[0-9A-Za-z]{8}")
EPHEMERAL = rb"YWNjdF[0-9A-Za-z+/]{65}_00[0-9A-Za-z]{8}"
_EPHEMERAL = re.compile(EPHEMERAL)
_INSIDE = 71
"""Characters at its beginning that are base64."""
_CUSTOMER = re.compile(rb"acct_(1[0-9A-Za-z]{15}),([!-~]{31})")
_RANDOM_ENTROPY = 3.5


def of_key(data: bytes, at: int, high: int, now: float) -> Account | None:
    """Read the account out of the 99 characters at `at`; None if they are not built like a key's body."""
    match = _KEY.match(data, at, high)
    if match is None:
        return None
    random = match[2]
    if placeholders.classes(random) < 3 or placeholders.entropy(random) < _RANDOM_ENTROPY:
        return None
    return None if placeholders.has_run(match[0]) else _account(match[1], now)


def of_ephemeral(data: bytes, at: int, high: int, now: float) -> Account | None:
    """Read the account out of the 82 characters of an ephemeral key or terminal token; None if none is there.

    The first 72 are base64 of `acct_…,` and 31 random characters, with the final `=` written `_`.
    """
    match = _EPHEMERAL.match(data, at, high)
    if match is None:
        return None
    inside = _CUSTOMER.fullmatch(base64.b64decode(match[0][:_INSIDE] + b"="))
    if inside is None or placeholders.has_run(inside[2]):
        return None
    return _account(inside[1], now)


def _account(name: bytes, now: float) -> Account | None:
    seconds = EPOCH
    for power, byte in enumerate(reversed(name[1:6])):
        seconds += _DIGITS[byte] * 62**power
    if seconds > now + _DAY:
        return None
    created = datetime.fromtimestamp(seconds, UTC)
    return Account("acct_" + name.decode("ascii"), created.strftime("%Y-%m-%dT%H:%M:%SZ"))
