"""Credentials that show what a rule takes and what it leaves, put together when they are requested.

The bodies come out of a hash, so they are the same every time, open nothing, and are in no file.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from imgscan.detect.stripe import placeholders

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Pair: TypeAlias = tuple[Callable[[], tuple[str, ...]], Callable[[], tuple[str, ...]]]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CREATED = "Lx2ab"  # 2022
_TAIL = 8


def body(label: str, size: int) -> str:
    """Make a random-looking base62 body, always the same one for a label and size."""
    for attempt in range(1000):
        stream = hashlib.shake_256(f"{label}/{size}/{attempt}".encode()).digest(size)
        made = "".join(_ALPHABET[byte % 62] for byte in stream)
        plain = made.encode()
        if placeholders.mixed(plain) and placeholders.classes(plain) > 2 and not placeholders.typed(plain):
            return made
    raise AssertionError(label)  # a thousand bodies in a row that look typed: not with a hash


def account(label: str) -> str:
    """Make an account id without `acct_`."""
    return "1" + _CREATED + body(f"{label} account", 10 + _TAIL)[:10]


def key99(label: str) -> str:
    """Make the body of a key as issued today."""
    return "5" + account(label) + body(label, 72) + "00" + body(f"{label} tail", 2 * _TAIL)[:_TAIL]


def key34(label: str) -> str:
    """Make the body of a key as issued about 2019 and 2020."""
    return body(label, 24) + "00" + body(f"{label} tail", 2 * _TAIL)[:_TAIL]


def ephemeral(label: str) -> str:
    """Make the body of an ephemeral key."""
    inside = f"acct_{account(label)},{body(label, 31)}".encode()
    return base64.b64encode(inside).decode().replace("=", "_") + "00" + body(f"{label} tail", 16)[:_TAIL]


def keys(*prefixes: str) -> Pair:
    """Build what the rules of secret, restricted and publishable keys take, and what they leave."""

    def examples() -> tuple[str, ...]:
        first = prefixes[0]
        return (
            f"letters{first}{key99(first)}letters",
            f"STRIPE={first}{key34(first)}",
            *(f'stripe: "{prefix}{body(prefix, 24)}"' for prefix in prefixes),
            f"STRIPE={first}{body(first, 60)} ",
        )

    def counter_examples() -> tuple[str, ...]:
        first = prefixes[0]
        return (
            f"a{first}{body(first, 24)}",
            f"STRIPE={first}{body(first, 24)}***",
            f"STRIPE={first}your_stripe_key_goes_right_here",
            f"STRIPE={first}{'x' * 24}",
            f"STRIPE={first}{body(first, 24)}{'7' * 6}",
            f"PAYSTACK={first}{body(first, 20).encode().hex()}",
            f"STRIPE={first}{body(first, 248)}",
        )

    return examples, counter_examples


def organization() -> Pair:
    """Build what the rule of organization keys takes, and what it leaves."""

    def examples() -> tuple[str, ...]:
        return tuple(f"KEY={prefix}{body(prefix, 80)}" for prefix in ("sk_org_live_", "sk_org_test_", "sk_org_"))

    def counter_examples() -> tuple[str, ...]:
        prefix = "sk_org_live_"
        return (
            f"a{prefix}{body(prefix, 80)}",
            f"KEY={prefix}{body(prefix, 12)}",
            f"KEY={prefix}{body(prefix, 300)}",
            f"KEY={prefix}{'Placeholder' * 4}",
        )

    return examples, counter_examples


def webhook() -> Pair:
    """Build what the rule of webhook signing secrets takes, and what it leaves."""
    prefix = "whsec_"

    def examples() -> tuple[str, ...]:
        return f"SECRET={prefix}{body(prefix, 32)}", f"SECRET={prefix}{hashlib.sha256(b'hex').hexdigest()}"

    def counter_examples() -> tuple[str, ...]:
        return (
            f"SECRET={prefix}{body(prefix, 32)}=",
            f"SECRET={prefix}{body(prefix, 40)}",
            f"SECRET={prefix}{'0' * 32}",
            f"a{prefix}{body(prefix, 32)}",
        )

    return examples, counter_examples


def loose(*prefixes: str) -> Pair:
    """Build what the rules of undocumented tokens take, and what they leave."""

    def examples() -> tuple[str, ...]:
        return tuple(f"TOKEN={prefix}{body(prefix, 48)}" for prefix in prefixes)

    def counter_examples() -> tuple[str, ...]:
        first = prefixes[0]
        return (
            f"cl{first}{body(first, 48)}",
            f"{first}planks_stairs_inner_left_corner_dark",
            f"TOKEN={first}your_secret_key_goes_here",
        )

    return examples, counter_examples


def ephemerals() -> Pair:
    """Build what the rule of ephemeral keys and terminal tokens takes, and what it leaves."""

    def examples() -> tuple[str, ...]:
        return tuple(
            f"letters{kind}_{mode}_{ephemeral(kind)}letters"
            for kind in ("ek", "pst", "pss")
            for mode in ("live", "test")
        )

    def counter_examples() -> tuple[str, ...]:
        return f"KEY=ek_live_{body('ek', 82)}", f"KEY=ek_live_{ephemeral('ek')[:-1]}"

    return examples, counter_examples


def client_secrets() -> Pair:
    """Build what the rule of client secrets takes, and what it leaves."""

    def examples() -> tuple[str, ...]:
        return (
            f'"pi_{body("pi", 24)}_secret_{body("secret", 25)}"',
            f'"seti_{body("seti", 24)}_secret_{body("secret", 30)}"',
            f'"cuss_secret_{body("cuss", 47)}"',
            f'"accs_secret__{body("accs", 47)}"',
        )

    def counter_examples() -> tuple[str, ...]:
        return (
            f'"api_{body("pi", 24)}_secret_{body("secret", 25)}"',
            f'"pi_{body("pi", 24)}_secret_{body("secret", 26)}"',
            f'"pi_{body("pi", 12)}_secret_{body("secret", 25)}"',
            f'"pi_{body("pi", 24)}"',
        )

    return examples, counter_examples
