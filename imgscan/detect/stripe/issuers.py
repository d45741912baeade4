"""Other companies that issue keys under the same prefixes; theirs are never called Stripe's.

Two need no line here: Paystack's 40 hexadecimal digits lack a case and so are not mixed as Stripe's bodies are, and
Magic's 16 are too few. PayMongo, Tap and Moyasar issue exactly Stripe's old shape, and nothing tells them apart.
"""

from __future__ import annotations

import binascii
import re

_WORKOS = b"a2V5X"  # base64 of `key_`: WorkOS, Highnote
_CLERK_LENGTHS = range(40, 51)
_HOST = re.compile(rb"[0-9a-z.-]{4,}\$")


def foreign(body: bytes) -> bool:
    """Whether another issuer's mark is in the body itself."""
    return body.startswith(_WORKOS) or _is_clerk_host(body)


def maybe_clerk(body: bytes) -> bool:
    """Whether a secret key's body could be Clerk's, which only the word beside it can tell."""
    return len(body) in _CLERK_LENGTHS


def _is_clerk_host(body: bytes) -> bool:
    """Whether the body is base64 of a host name that ends in `$`, as Clerk's publishable keys are."""
    if len(body) % 4 == 1:
        return False
    decoded = binascii.a2b_base64(body + b"=" * (-len(body) % 4))
    return decoded.endswith(b"$") and _HOST.fullmatch(decoded) is not None
