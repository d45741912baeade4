"""What the remedies share: their form, and the steps that several rules have in common."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Remedy(NamedTuple):
    """What a person needs to know and do about one kind of credential.

    `summary` is one sentence. `description` says what the credential is and what a holder can do with it, in at
    most 1,024 characters, the limit of code scanning. `rotate` and `rebuild` are steps in order, without numbers.
    `precision` is how often a match of the rule is one, in SARIF's words.
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
    """Read steps, one a paragraph."""
    return tuple(text(paragraph) for paragraph in paragraphs.split("\n\n"))


REBUILD = steps(
    """
    Deleting the file in a later layer does not help: the layer that holds the key is still pulled with the image.
    Build an image that never had it.

    Keep key files out of the build context: list .env, .stripe and the like in .dockerignore, and copy the paths you
    need instead of the whole directory.

    A build step that needs the key takes it as a BuildKit secret: RUN --mount=type=secret,id=stripe, with docker
    build --secret id=stripe,env=STRIPE_API_KEY. Never as ARG or ENV: both are kept in the image's history or config.

    A stage of a multi-stage build that touched the key must not be the final one, nor be copied from as a whole.

    The application gets the key when the container starts, from the orchestrator's secret store or from an
    environment variable that is set at run time.

    Delete the old tags and digests from every registry and mirror, and prune build caches (docker builder prune):
    whoever pulled the image still has the key, so this never replaces the rotation.
    """
)

CHECK_LOGS = text(
    """
    Look for what was not yours: Developers > Logs in the Dashboard lists each request with its key and IP address;
    then payments, refunds, payouts, new keys and new webhook endpoints since the secret was first published. If you
    find any, contact Stripe support at once.
    """
)

ROTATE_SECRET = (
    *steps(
        """
        In the Stripe Dashboard, in live mode, open Developers > API keys and find the key by its last four
        characters. A key that is marked with a hosting platform's name is rotated on that platform instead.

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
    In the Stripe Dashboard, switch to the test mode or sandbox, open Developers > API keys and find the key by its
    last four characters.

    Open its menu, choose Rotate key, then Now: nothing that takes money depends on it.

    Check that the live key is not kept the same way; it usually lives beside the test key.
    """
)
