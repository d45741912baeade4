"""What the remedies share: their form, and the steps that several rules have in common."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Remedy(NamedTuple):
    """What a person needs to know and do about one kind of credential.

    `summary` is one sentence. `description` says what the credential is and what a holder can do with it, in at
    most 1,024 characters, code scanning's limit. `rotate` and `rebuild` are steps in order, without numbers.
    `precision` is how often a match of the rule is a true one, in SARIF's words.
    """

    summary: str
    description: str
    rotate: tuple[str, ...]
    rebuild: tuple[str, ...]
    help_uri: str
    precision: Literal["very-high", "high", "medium", "low"]


def text(paragraph: str) -> str:
    """Read one paragraph."""
    return " ".join(paragraph.split())


def steps(paragraphs: str) -> tuple[str, ...]:
    """Read steps, one per paragraph."""
    return tuple(text(paragraph) for paragraph in paragraphs.split("\n\n"))


REBUILD = steps(
    """
    Deleting the file in a later layer does not help: the layer with the key is still pulled with the image. Build an
    image that never contained it.

    Keep key files out of the build context: list .env, .stripe and the like in .dockerignore, and copy the paths you
    need instead of the whole directory.

    Pass the key to a build step as a BuildKit secret: RUN --mount=type=secret,id=stripe, with docker build --secret
    id=stripe,env=STRIPE_API_KEY. Never use ARG or ENV: both are kept in the image's history or config.

    In a multi-stage build, the stage that uses the key must not be the final one, nor be copied in full.

    Give the application the key when the container starts, from the orchestrator's secret store or in an environment
    variable that is set at run time.

    Delete the old tags and digests from every registry and mirror, and prune build caches (docker builder prune):
    anyone who pulled the image still has the key, so this never replaces rotating it.
    """
)

CHECK_LOGS = text(
    """
    Look for activity that was not yours: Developers > Logs in the Dashboard lists each request with its key and IP
    address; then payments, refunds, payouts, new keys and new webhook endpoints since the secret was first published.
    If you find any, contact Stripe support at once.
    """
)

ROTATE_SECRET = (
    *steps(
        """
        In the Stripe Dashboard, in live mode, open Developers > API keys and find the key by its last four
        characters. If the key is marked with a hosting platform's name, rotate it on that platform instead.

        Open its menu, choose Rotate key, and take the shortest expiry you can deploy within. If strangers may
        have it already, because the image or repository is public, choose Now.

        Deploy the new key to everything that used the old one. Better still, give each service a restricted key with
        only the permissions it needs.
        """
    ),
    CHECK_LOGS,
)

ROTATE_TEST = steps(
    """
    In the Stripe Dashboard, switch to test mode or the sandbox, open Developers > API keys and find the key by its
    last four characters.

    Open its menu, choose Rotate key, then Now: nothing that takes money depends on it.

    Check that the live key is not stored the same way; it is usually kept beside the test key.
    """
)
