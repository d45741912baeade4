"""What the files of Stripe's command-line client say of a credential in them: whose profile, and until when.

The client keeps keys in `config.toml`, a table a profile, with `test_mode_api_key` beside `test_mode_key_expires_at`,
and tokens in `credentials.json`. Only bytes near the credential are looked at, in the file's own text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

NEAR = 4096
"""Bytes before and after a credential that are looked through."""

_TABLE = re.compile(rb"(?:^|\n)[ \t]*\[([^\]\n]{1,80})\]")
_MODE = re.compile(rb"(live|test)_mode_api_key[ \t]*=[ \t]*[\"']\Z")
_TOKEN = re.compile(rb"\"(uat|oauth_refresh_token|stripe_cli_session|access_token)\"[ \t]*:[ \t]*\"\Z")
_EXPIRES = re.compile(rb"expires_at[\"']?[ \t]*[:=][ \t]*[\"']?(?:(\d{4}-\d\d-\d\d)|(\d{10})(?!\d))")
_QUOTES = b"\"'"
_NAME = 64
_LATEST = 4_102_444_800  # 2100: a larger number is not a date


def note(data: bytes, start: int, end: int, low: int, high: int) -> str:
    """Say what a client's file tells of the credential at `data[start:end]`: profile and expiry; "" if nothing."""
    if start == low or data[start - 1] not in _QUOTES:
        return ""
    near = data[max(low, start - _NAME) : start]
    mode = _MODE.search(near)
    if mode is not None:
        tables = [*_TABLE.finditer(data, max(low, start - NEAR), start)]
        table = data[tables[-1].start() if tables else max(low, start - NEAR) : min(high, end + NEAR)]
        following = _TABLE.search(table, 1)
        table = table[: following.start()] if following else table
        key = re.compile(mode[1] + rb"_mode_(?:api_)?key_" + _EXPIRES.pattern)
        profile = tables[-1][1].strip(b"'\" ").decode("utf-8", "replace") if tables else "default"
        return f", Stripe CLI profile {profile}{_until(key.search(table))}"
    token = _TOKEN.search(near)
    if token is None:
        return ""
    before = data.rfind(b"{", max(low, start - NEAR), start)
    after = data.find(b"}", end, min(high, end + NEAR))
    within = data[max(before, low, start - NEAR) : after if after >= 0 else min(high, end + NEAR)]
    return f", Stripe CLI {token[1].decode()}{_until(_EXPIRES.search(within))}"


def _until(found: re.Match[bytes] | None) -> str:
    if found is None:
        return ""
    if found[1]:
        return f", expires {found[1].decode()}"
    seconds = int(found[2])
    if seconds > _LATEST:
        return ""
    return f", expires {datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
