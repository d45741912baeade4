"""Other companies' keys under the same prefixes."""

from __future__ import annotations

import base64

from fixtures.keys import HEX, Keys
from fixtures.windows import File
from tests.detect.driver import agreed, secrets
from tests.detect.tables import over

LIVE = "sk_" + "live_"


def test_paystack_is_not_stripe() -> None:
    """40 lower-case hexadecimal digits are Paystack's, secret or public."""
    body = Keys(1).text(40, HEX)
    assert secrets(f"STRIPE={LIVE}{body}\nSTRIPE=pk_" + f"live_{body}") == []


def test_workos_is_not_stripe() -> None:
    """A body that begins as base64 of `key_` is WorkOS's or Highnote's."""
    assert secrets(f"STRIPE={LIVE}a2V5X{Keys(2).body(40)}") == []


def test_clerks_publishable_key_is_a_host_name() -> None:
    """A publishable key that is base64 of a host name and a dollar sign is Clerk's."""
    body = base64.b64encode(b"honest-tapir-42.clerk.accounts.dev$").decode().rstrip("=")
    assert secrets("STRIPE=pk_" + f"live_{body}") == []


@over("name", ["CLERK_SECRET_KEY", "clerkSecret"])
def test_clerks_secret_key_is_known_by_its_name(name: str) -> None:
    """A secret key of Clerk's length is Clerk's if the line says so."""
    key = Keys(3).secret(42)
    assert secrets(f"{name}={key}") == []
    assert secrets(f"NAME={key}") == [key]


def test_clerks_secret_key_is_known_by_its_path() -> None:
    """A secret key of Clerk's length is Clerk's if the path says so."""
    assert secrets(f"KEY={Keys(3).secret(42)}", path="app/Clerk/config") == []


def test_clerk_beside_another_length_is_nothing() -> None:
    """The word Clerk takes nothing from a key of another length."""
    key = Keys(4).secret24()
    assert secrets(f"CLERK={key}") == [key]


def test_magic_is_not_stripe() -> None:
    """16 hexadecimal digits are too few for Stripe."""
    assert secrets(f"STRIPE={LIVE}{Keys(5).text(16, HEX).upper()}") == []


def test_a_foreign_publishable_key_is_no_sibling() -> None:
    """Another issuer's publishable key does not make a key of Stripe's shape more certain."""
    text = f"A={Keys(6).secret24()}\nB=pk_" + f"live_{Keys(6).text(40, HEX)}\n"
    assert [each.confidence for each in agreed(File(text.encode()))] == ["medium"]
