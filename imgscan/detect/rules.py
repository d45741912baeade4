"""The rules: which credentials there are, how each begins, and who judges the rest.

The table is the whole of what reports need to know of a kind of credential; what a holder can do with it and
how to replace it stands with the remedies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgscan.detect import specimens, tiers, tokens
from imgscan.detect.structure import EPHEMERAL_BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.detect.verdict import Place, Verdict
    from imgscan.model import Level, Mode

_KEY = rb"[0-9A-Za-z]{24}"
_LOOSE = rb"[0-9A-Za-z_]{20}"
_ACCOUNT = rb"YWNjdF"
_BODY = rb"51[0-9A-Za-z]|YWN"

ANCHORS: dict[bytes, re.Pattern[bytes]] = {
    anchor: re.compile(follows)
    for anchor, follows in (
        (b"k_live_", _KEY),
        (b"k_test_", _KEY),
        (b"rkcs_test_", _KEY),
        (b"sk_org_", rb"(?:live_|test_)?[0-9A-Za-z]{24}"),
        (b"whsec_", rb"[0-9A-Za-z]{32}"),
        (b"absec_", _LOOSE),
        (b"oak_", _LOOSE),
        (b"oaac_", _LOOSE),
        (b"oart_", _LOOSE),
        (b"pst_live_", _ACCOUNT),
        (b"pst_test_", _ACCOUNT),
        (b"pss_live_", _ACCOUNT),
        (b"pss_test_", _ACCOUNT),
        (b"_secret_", rb"_?[0-9A-Za-z]{20}"),
    )
}
"""What the sieves look for in plain text, and the least that must follow for a validator to be worth asking."""

CORES: dict[bytes, re.Pattern[bytes]] = {
    b"_live_": re.compile(_KEY + rb"|" + _ACCOUNT),
    b"_test_": re.compile(_KEY + rb"|" + _ACCOUNT),
    **{anchor: ANCHORS[anchor] for anchor in (
        b"sk_org_", b"whsec_", b"absec_", b"oak_", b"oaac_", b"oart_", b"_secret_",
    )},
}  # fmt: skip
"""What they look for inside of encodings: parts of every anchor, too frequent in plain text, but not in those."""

PROVING: dict[bytes, re.Pattern[bytes]] = {anchor: re.compile(_BODY) for anchor in (b"k_live_", b"k_test_")}
"""Anchors of the credentials that prove themselves, which are looked for in pieces as well."""

FOLLOWS = 40
"""Characters, from an anchor's first on, that suffice for these patterns where nothing splits them."""


def prefixes_of(anchor: bytes) -> tuple[tuple[Rule, Prefix, int], ...]:
    """List the prefixes that hold an anchor, with their rules and where in them it begins, in the rules' order.

    An anchor of plain text stands for its own prefixes only.
    """
    return tuple(
        (rule, prefix, prefix.text.index(anchor))
        for rule in RULES
        for prefix in rule.prefixes
        if prefix.anchor == anchor or (anchor not in ANCHORS and anchor in prefix.text)
    )


@dataclass(frozen=True, slots=True)
class Prefix:
    """A credential's first characters, the anchor in them, what they say of the mode, and who judges the rest.

    Intents' client secrets are found by `_secret_` in their middle: their `validate` looks for the beginning.
    """

    text: bytes
    anchor: bytes
    mode: Mode | None
    validate: Callable[[Place], Verdict | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of credential.

    `score` is the severity from 0.0 to 10.0, `max_length` the longest credential in characters. Of `prefixes`
    the first that stands at a place counts. `optional` rules are reported only on request. `examples` and
    `counter_examples` build texts that hold exactly one credential of this rule, or none at all.
    """

    id: str
    name: str
    title: str
    level: Level
    score: float
    prefixes: tuple[Prefix, ...]
    max_length: int
    examples: Callable[[], tuple[str, ...]] = field(repr=False)
    counter_examples: Callable[[], tuple[str, ...]] = field(repr=False)
    optional: bool = False


def _key(kind: str, mode: Mode) -> Prefix:
    return Prefix(f"{kind}_{mode}_".encode(), f"k_{mode}_".encode(), mode, tiers.key)


_KEY_MAX = len("rkcs_test_") + tiers.KEY_MOST
_CLAIMABLE = Prefix(b"rkcs_test_", b"rkcs_test_", "test", tiers.sandbox)
_ORGANIZATION = (
    Prefix(b"sk_org_live_", b"sk_org_", "live", tiers.organization),
    Prefix(b"sk_org_test_", b"sk_org_", "test", tiers.organization),
    Prefix(b"sk_org_", b"sk_org_", None, tiers.organization),
)
_WEBHOOK = (Prefix(b"whsec_", b"whsec_", None, tokens.webhook),)
_APP = (Prefix(b"absec_", b"absec_", None, tokens.loose),)
_CLI = (
    Prefix(b"oak_live_", b"oak_", "live", tokens.loose),
    Prefix(b"oak_test_", b"oak_", "test", tokens.loose),
    Prefix(b"oak_", b"oak_", None, tokens.loose),
    Prefix(b"oaac_", b"oaac_", None, tokens.loose),
    Prefix(b"oart_", b"oart_", None, tokens.loose),
)
_EPHEMERAL = (
    Prefix(b"ek_live_", b"k_live_", "live", tokens.ephemeral),
    Prefix(b"ek_test_", b"k_test_", "test", tokens.ephemeral),
    Prefix(b"pst_live_", b"pst_live_", "live", tokens.ephemeral),
    Prefix(b"pst_test_", b"pst_test_", "test", tokens.ephemeral),
    Prefix(b"pss_live_", b"pss_live_", "live", tokens.ephemeral),
    Prefix(b"pss_test_", b"pss_test_", "test", tokens.ephemeral),
)
_CLIENT = (
    Prefix(b"cuss_secret_", b"_secret_", None, tokens.session_secret),
    Prefix(b"accs_secret__", b"_secret_", None, tokens.session_secret),
    Prefix(b"_secret_", b"_secret_", None, tokens.intent_secret),
)
_CLIENT_MAX = len("seti_") + tokens.INTENT_ID_MOST + len("_secret_") + tokens.CLIENT_SECRET_MOST

RULES: tuple[Rule, ...] = (
    Rule(
        "stripe-secret-key", "StripeSecretKey", "Stripe secret key (live)", "error", 9.8,
        (_key("sk", "live"),), _KEY_MAX, *specimens.keys("sk_live_"),
    ),
    Rule(
        "stripe-secret-key-test", "StripeSecretKeyTest", "Stripe secret key (test)", "warning", 4.5,
        (_key("sk", "test"),), _KEY_MAX, *specimens.keys("sk_test_"),
    ),
    Rule(
        "stripe-restricted-key", "StripeRestrictedKey", "Stripe restricted key (live)", "error", 9.1,
        (_key("rk", "live"),), _KEY_MAX, *specimens.keys("rk_live_"),
    ),
    Rule(
        "stripe-restricted-key-test", "StripeRestrictedKeyTest", "Stripe restricted key (test)", "warning", 4.0,
        (_key("rk", "test"), _CLAIMABLE), _KEY_MAX, *specimens.keys("rk_test_", "rkcs_test_"),
    ),
    Rule(
        "stripe-organization-key", "StripeOrganizationKey", "Stripe organization key", "error", 9.9,
        _ORGANIZATION, len("sk_org_live_") + tiers.ORGANIZATION_MOST, *specimens.organization(),
    ),
    Rule(
        "stripe-webhook-secret", "StripeWebhookSecret", "Stripe webhook signing secret", "error", 7.5,
        _WEBHOOK, len("whsec_") + 64, *specimens.webhook(),
    ),
    Rule(
        "stripe-app-secret", "StripeAppSecret", "Stripe app signing secret", "error", 7.5,
        _APP, len("absec_") + tokens.LOOSE_MOST, *specimens.loose("absec_"),
    ),
    Rule(
        "stripe-cli-oauth", "StripeCliOauth", "Stripe CLI OAuth token", "error", 9.0,
        _CLI, len("oak_live_") + tokens.LOOSE_MOST, *specimens.loose("oak_live_", "oak_", "oaac_", "oart_"),
    ),
    Rule(
        "stripe-ephemeral-key", "StripeEphemeralKey", "Stripe ephemeral key", "warning", 5.0,
        _EPHEMERAL, len("pst_live_") + EPHEMERAL_BODY, *specimens.ephemerals(),
    ),
    Rule(
        "stripe-client-secret", "StripeClientSecret", "Stripe client secret", "note", 3.0,
        _CLIENT, _CLIENT_MAX, *specimens.client_secrets(),
    ),
    Rule(
        "stripe-publishable-key", "StripePublishableKey", "Stripe publishable key", "note", 2.0,
        (_key("pk", "live"), _key("pk", "test")), _KEY_MAX, *specimens.keys("pk_live_", "pk_test_"),
        optional=True,
    ),
)  # fmt: skip
"""All rules, gravest kinds of each sort first; their order is that of `imgscan rules`."""
