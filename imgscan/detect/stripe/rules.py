"""The rules: which credentials Stripe issues, how each begins, and who judges the rest.

The table is the whole of what reports need to know of a kind of credential; what a holder can do with it and
how to replace it stands with the remedies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgscan.detect.rule import WORD, Issuer, Least, Prefix, Rule, base62, word
from imgscan.detect.ruleset import Ruleset
from imgscan.detect.stripe import clifiles, examples, specimens, tiers, tokens
from imgscan.detect.stripe.structure import EPHEMERAL, EPHEMERAL_BODY

if TYPE_CHECKING:
    from imgscan.model import Mode

_ISSUER = Issuer(re.compile(rb"stripe(?!d)"), examples.documented, clifiles.note)

_BASE64 = rb"[0-9A-Za-z+/=_-]{12,}"
_NO_NAME = rb"(?=[0-9A-Za-z_]{0,260}?[0-9A-Z])" + WORD
"""`oak_` begins ordinary names as well: one character must be no lower-case letter."""

_ACCOUNT = b"YWNjdF"
"""Base64 of `acct_`, with which the body of an ephemeral key or terminal token begins."""


def _key(kind: str, mode: Mode) -> Prefix:
    return Prefix(
        f"{kind}_{mode}_".encode(), mode, tiers.key, base62(tiers.KEY_LEAST),
        anchor=f"k_{mode}_".encode(), core=f"_{mode}_".encode(), proof=b"51", pieces=True,
    )  # fmt: skip


def _organization(text: bytes, mode: Mode | None) -> Prefix:
    return Prefix(text, mode, tiers.organization, base62(tiers.KEY_LEAST), anchor=b"sk_org_")


def _cli(text: bytes, mode: Mode | None, anchor: bytes) -> Prefix:
    return Prefix(text, mode, tokens.loose, word(tokens.LOOSE_LEAST), anchor=anchor, hidden=_NO_NAME)


def _ephemeral(kind: str, mode: Mode) -> Prefix:
    is_key = kind == "ek"  # and so has its anchor in common with the others
    return Prefix(
        f"{kind}_{mode}_".encode(), mode, tokens.ephemeral, Least(EPHEMERAL, EPHEMERAL_BODY),
        anchor=f"k_{mode}_".encode() if is_key else b"", core=f"_{mode}_".encode(),
        hidden=_BASE64, proof=_ACCOUNT, pieces=is_key,
    )  # fmt: skip


_KEY_MAX = len("rkcs_test_") + tiers.KEY_MOST
_CLAIMABLE = Prefix(b"rkcs_test_", "test", tiers.sandbox, base62(tiers.KEY_LEAST), core=b"_test_")
_ORGANIZATION = (
    _organization(b"sk_org_live_", "live"),
    _organization(b"sk_org_test_", "test"),
    _organization(b"sk_org_", None),
)
_WEBHOOK = (Prefix(b"whsec_", None, tokens.webhook, base62(32), hidden=_BASE64),)
_APP = (Prefix(b"absec_", None, tokens.loose, word(tokens.LOOSE_LEAST)),)
_CLI = (
    _cli(b"oak_live_", "live", b"oak_"),
    _cli(b"oak_test_", "test", b"oak_"),
    _cli(b"oak_", None, b"oak_"),
    _cli(b"oaac_", None, b"oaac_"),
    _cli(b"oart_", None, b"oart_"),
)
_MODES: tuple[Mode, ...] = ("live", "test")
_EPHEMERAL = tuple(_ephemeral(kind, mode) for kind in ("ek", "pst", "pss") for mode in _MODES)
_SECRET = b"_secret_"
_CLIENT = (
    Prefix(b"cuss_secret_", None, tokens.session_secret, base62(20), anchor=_SECRET, glued=False),
    Prefix(
        b"accs_secret__", None, tokens.session_secret, base62(20),
        anchor=_SECRET, shown=b"accs_secret_", glued=False,
    ),
    Prefix(
        _SECRET, None, tokens.intent_secret, base62(20),
        shown=rb"(?:pi|seti)_", hidden=rb"[0-9A-Za-z]{12,}_secret_" + WORD, glued=False,
    ),
)  # fmt: skip
"""Found by `_secret_` in their middle, which ends no body. The validator of intents looks for the beginning."""

_CLIENT_MAX = len("seti_") + tokens.INTENT_ID_MOST + len("_secret_") + tokens.CLIENT_SECRET_MOST

RULES: tuple[Rule, ...] = (
    Rule(
        "stripe-secret-key", "StripeSecretKey", "Stripe secret key (live)", "error", 9.8,
        (_key("sk", "live"),), _KEY_MAX, _ISSUER, *specimens.keys("sk_live_"),
    ),
    Rule(
        "stripe-secret-key-test", "StripeSecretKeyTest", "Stripe secret key (test)", "warning", 4.5,
        (_key("sk", "test"),), _KEY_MAX, _ISSUER, *specimens.keys("sk_test_"),
    ),
    Rule(
        "stripe-restricted-key", "StripeRestrictedKey", "Stripe restricted key (live)", "error", 9.1,
        (_key("rk", "live"),), _KEY_MAX, _ISSUER, *specimens.keys("rk_live_"),
    ),
    Rule(
        "stripe-restricted-key-test", "StripeRestrictedKeyTest", "Stripe restricted key (test)", "warning", 4.0,
        (_key("rk", "test"), _CLAIMABLE), _KEY_MAX, _ISSUER, *specimens.keys("rk_test_", "rkcs_test_"),
    ),
    Rule(
        "stripe-organization-key", "StripeOrganizationKey", "Stripe organization key", "error", 9.9,
        _ORGANIZATION, len("sk_org_live_") + tiers.ORGANIZATION_MOST, _ISSUER, *specimens.organization(),
    ),
    Rule(
        "stripe-webhook-secret", "StripeWebhookSecret", "Stripe webhook signing secret", "error", 7.5,
        _WEBHOOK, len("whsec_") + 64, _ISSUER, *specimens.webhook(), vouches=True,
    ),
    Rule(
        "stripe-app-secret", "StripeAppSecret", "Stripe app signing secret", "error", 7.5,
        _APP, len("absec_") + tokens.LOOSE_MOST, _ISSUER, *specimens.loose("absec_"),
    ),
    Rule(
        "stripe-cli-oauth", "StripeCliOauth", "Stripe CLI OAuth token", "error", 9.0,
        _CLI, len("oak_live_") + tokens.LOOSE_MOST, _ISSUER, *specimens.loose("oak_live_", "oak_", "oaac_", "oart_"),
    ),
    Rule(
        "stripe-ephemeral-key", "StripeEphemeralKey", "Stripe ephemeral key", "warning", 5.0,
        _EPHEMERAL, len("pst_live_") + EPHEMERAL_BODY, _ISSUER, *specimens.ephemerals(),
    ),
    Rule(
        "stripe-client-secret", "StripeClientSecret", "Stripe client secret", "note", 3.0,
        _CLIENT, _CLIENT_MAX, _ISSUER, *specimens.client_secrets(),
    ),
    Rule(
        "stripe-publishable-key", "StripePublishableKey", "Stripe publishable key", "note", 2.0,
        (_key("pk", "live"), _key("pk", "test")), _KEY_MAX, _ISSUER, *specimens.keys("pk_live_", "pk_test_"),
        optional=True, vouches=True,
    ),
)  # fmt: skip
"""All rules, gravest kinds of each sort first; their order is that of `imgscan rules`."""

STRIPE = Ruleset(RULES)
