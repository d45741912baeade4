"""The remedies themselves, one per rule: nothing but text, which is why it is longer than other modules.

Where each button is: https://docs.stripe.com/keys (API keys), https://docs.stripe.com/webhooks (signing secrets),
https://docs.stripe.com/stripe-apps (Stripe Apps), https://docs.stripe.com/stripe-cli (the CLI). How a build gets a
secret without keeping it: https://docs.docker.com/build/building/secrets/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.remedy.common import CHECK_LOGS, REBUILD, ROTATE_SECRET, ROTATE_TEST, Remedy, steps, text

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = "https://docs.stripe.com/keys"
_KEY_PRACTICES = "https://docs.stripe.com/keys-best-practices"
_WEBHOOKS = "https://docs.stripe.com/webhooks"
_APPS = "https://docs.stripe.com/stripe-apps/build-backend"
_CLI = "https://docs.stripe.com/stripe-cli"
_CLIENT_SECRETS = "https://docs.stripe.com/payments/payment-intents"

REMEDIES: Mapping[str, Remedy] = {
    "stripe-secret-key": Remedy(
        summary="A live secret key gives full control of a Stripe account.",
        description=text(
            """
            A live secret key (sk_live_) is a program's password to a Stripe account. Anyone who has it can create
            charges, refunds and payouts, read customers and their payment details, and create webhook endpoints that
            keep sending data after the key is gone. Anyone who can pull the image can read the key, even if a later
            layer deletes the file.
            """
        ),
        rotate=ROTATE_SECRET,
        rebuild=REBUILD,
        help_uri=_KEYS,
        precision="very-high",
    ),
    "stripe-secret-key-test": Remedy(
        summary="A test secret key gives full control of a Stripe account's test data.",
        description=text(
            """
            A test secret key (sk_test_) opens a Stripe sandbox or test mode: a holder can read and change all test
            data and test settings, but cannot move money. If a test key is built into an image, the live key often gets
            in the same way.
            """
        ),
        rotate=ROTATE_TEST,
        rebuild=REBUILD,
        help_uri=_KEYS,
        precision="very-high",
    ),
    "stripe-restricted-key": Remedy(
        summary="A live restricted key gives access to a Stripe account, with the permissions it was given.",
        description=text(
            """
            A live restricted key (rk_live_) has the permissions it was given, which only its account's
            Dashboard shows: from reading one kind of object to nearly everything a secret key can. Anyone who can
            pull the image can read the key, even if a later layer deletes the file.
            """
        ),
        rotate=(
            *steps(
                """
                In the Stripe Dashboard, in live mode, open Developers > API keys and find the key under Restricted
                keys by its last four characters. Its permissions tell you what a holder could do.

                Open its menu, choose Rotate key, and take the shortest expiry you can deploy within; Now, if
                strangers may have it already. The new key has the same permissions: remove those it does not need.

                Deploy the new key to everything that used the old one.
                """
            ),
            CHECK_LOGS,
        ),
        rebuild=REBUILD,
        help_uri=_KEYS,
        precision="very-high",
    ),
    "stripe-restricted-key-test": Remedy(
        summary="A test restricted key gives access to an account's test data, with the permissions it was given.",
        description=text(
            """
            A test restricted key (rk_test_, or rkcs_test_ from a claimable sandbox) has the permissions it was
            given, on test data only, and cannot move money. If a test key is built into an image, the live key often
            gets in the same way.
            """
        ),
        rotate=ROTATE_TEST,
        rebuild=REBUILD,
        help_uri=_KEYS,
        precision="very-high",
    ),
    "stripe-organization-key": Remedy(
        summary="An organization key gives access to every account of a Stripe organization.",
        description=text(
            """
            An organization key (sk_org_) acts on every account of a Stripe organization, with the permissions it was
            given: one leaked key exposes all of them at once. Anyone who can pull the image can read the key, even
            if a later layer deletes the file.
            """
        ),
        rotate=steps(
            """
            In the Stripe Dashboard, switch to the organization itself (not one of its accounts) and open its API
            keys.

            Rotate the key with the shortest expiry you can deploy within, or immediately if strangers may have it
            already.

            Deploy the new key to everything that used the old one, or replace it with restricted keys of the
            individual accounts.

            Check each account of the organization, not only the one you use. Look for activity that was not yours:
            Developers > Logs in the Dashboard lists each request with its key and IP address; then payments, refunds,
            payouts, new keys and new webhook endpoints since the image was first pushed. If you find any, contact
            Stripe support at once.
            """
        ),
        rebuild=REBUILD,
        help_uri=_KEYS,
        precision="high",
    ),
    "stripe-webhook-secret": Remedy(
        summary="A webhook signing secret lets its holder forge Stripe events.",
        description=text(
            """
            A webhook signing secret (whsec_) proves to your server that an event comes from Stripe. Anyone who has
            it and knows the endpoint's address can send events that your server trusts: an order paid, a subscription
            renewed. A secret of 64 hexadecimal digits comes from stripe listen and protects only local forwarding.
            """
        ),
        rotate=steps(
            """
            In the Stripe Dashboard, open Developers > Webhooks and the endpoint that uses the secret.

            Open its menu and choose Roll secret. The old secret can be kept for up to 24 hours, during which Stripe
            signs with both; expire it immediately if strangers may have it already.

            Deploy the new secret to the server behind the endpoint.

            Compare the events your server accepted with those Stripe sent (Developers > Events): an event id that
            Stripe does not know was forged.
            """
        ),
        rebuild=REBUILD,
        help_uri=_WEBHOOKS,
        precision="high",
    ),
    "stripe-app-secret": Remedy(
        summary="A Stripe App's signing secret lets its holder forge requests from the app.",
        description=text(
            """
            A Stripe App's signing secret (absec_) proves to the app's backend that a request comes from the app in
            some user's Dashboard. Anyone who has it can send requests in the name of any user and account that
            installed the app.
            """
        ),
        rotate=steps(
            """
            In the Stripe Dashboard of the account that owns the app, open Developers > Apps (or Created apps) and the
            app.

            Open the menu, choose Signing secret, and roll it.

            Deploy the new secret to the app's backend, and check its logs for requests that no user made.
            """
        ),
        rebuild=REBUILD,
        help_uri=_APPS,
        precision="medium",
    ),
    "stripe-cli-oauth": Remedy(
        summary="A Stripe CLI token lets its holder act as the person who logged in.",
        description=text(
            """
            An OAuth token of the Stripe CLI (oak_, oaac_, oart_) acts on the account as the person who ran stripe
            login, with that person's rights. A refresh token (oart_) creates new access tokens for as long as it is
            valid. It usually comes from a copied home directory: .config/stripe.
            """
        ),
        rotate=(
            *steps(
                """
                In the Stripe Dashboard, open Developers > API keys and delete what the CLI created for that machine or
                person. If nothing is listed there, ask Stripe support to revoke the token.

                Then run stripe logout --all on the machine that logged in, and stripe login if the CLI is still
                needed. Logging out alone forgets the token on that machine; a copy stays valid until it expires.
                """
            ),
            CHECK_LOGS,
        ),
        rebuild=(
            REBUILD[0],
            *steps(
                """
                Keep home directories out of the build context: list .config/stripe in .dockerignore. In a build, give
                the CLI a restricted key as a BuildKit secret instead of a login.
                """
            ),
            REBUILD[-1],
        ),
        help_uri=_CLI,
        precision="medium",
    ),
    "stripe-ephemeral-key": Remedy(
        summary="An ephemeral key gives access to one customer or card reader for a short time.",
        description=text(
            """
            An ephemeral key or terminal token (ek_, pst_, pss_) is handed to a mobile app or a card reader to reach
            one customer's or one reader's data, and expires by itself, usually within the hour. One inside an image
            has probably expired, but it shows that an API response was written to disk, and it names the
            account.
            """
        ),
        rotate=steps(
            """
            It expires by itself. If it was created within the last hour, delete it: DELETE /v1/ephemeral_keys/ and its
            id.

            Find what wrote it: a log, a recorded HTTP session, a cache of the app. The same place may contain
            longer-lived secrets.
            """
        ),
        rebuild=(
            REBUILD[0],
            *steps(
                """
                Keep logs, recorded HTTP traffic and caches out of the build context with .dockerignore.
                """
            ),
        ),
        help_uri=_KEY_PRACTICES,
        precision="very-high",
    ),
    "stripe-client-secret": Remedy(
        summary="A client secret gives access to one payment or session.",
        description=text(
            """
            A client secret (the long form of a pi_, seti_, cuss_ or accs_ id) lets a browser or app finish one
            payment, setup or session. A holder can read that one object's public part and try to complete it. It
            should not be logged, put in a URL or stored.
            """
        ),
        rotate=steps(
            """
            It belongs to one object and cannot be rotated. Cancel the PaymentIntent or SetupIntent if it is still
            open; sessions expire by themselves.

            Find what wrote it: a log, a recorded HTTP session, a fixture. The same place may contain real keys.
            """
        ),
        rebuild=steps(
            """
            Keep logs, recorded HTTP traffic and database dumps out of the build context with .dockerignore.
            """
        ),
        help_uri=_CLIENT_SECRETS,
        precision="high",
    ),
    "stripe-publishable-key": Remedy(
        summary="A publishable key is meant to be seen; it names the account.",
        description=text(
            """
            A publishable key (pk_) is made to appear in web pages and apps and is not a secret: it can only start
            payments and tokens for the account that it names. It is reported on request, because it shows which
            account an image belongs to.
            """
        ),
        rotate=steps(
            """
            No rotation is needed. If it is used for card testing, rotate it in the Stripe Dashboard under Developers >
            API keys.
            """
        ),
        rebuild=steps(
            """
            Nothing to do if the image serves or contains the web page or app that the key is for.
            """
        ),
        help_uri=_KEYS,
        precision="very-high",
    ),
}
