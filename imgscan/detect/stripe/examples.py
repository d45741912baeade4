"""Keys that Stripe prints in its documentation, SDKs and packages, known by SHA-256.

They open nothing that matters, and are all over images that hold Stripe's packages. Only hashes are here, so
that no scanner, this one included, trips over the list.
"""

from __future__ import annotations

import hashlib

DOCUMENTED: frozenset[str] = frozenset(
    {
        "2cafc0970149a84f3b9e62eaf169f36f59907a3b3e31f7b82e68c69cd27f7326",  # secret test, API reference
        "f2d6ca16515033e5dce14eba840b979d27b5cbae24bb3e5bf484339667f86397",  # secret test, API reference and SDK tests
        "28488b1eb7c57cb09006550e6e9b6ba6cb1c55bb19c86f4bec472117d4895bab",  # secret test, API reference 2023
        "6e207992b4a48b5c3848d2b431435e40f60ab221beb28c6e334b83f9fa025f9c",  # secret test, authentication page
        "2d1f7723aabc5c7a51fcdc2463c99b5f3fdbc57cf3134db4ac12913c35976e6f",  # secret test, quickstart
        "7e8de44ea9ecf6d53415c90f5b249a8591f7abafbf7d65a2c0d855afeca3ec09",  # secret test, Checkout samples
        "69e5a07ccf06bc5ae16c94f439748a583c4ed8d61b1fc96d0f0efa27a1bd9602",  # secret test, quickstart
        "6f86c3e52d5c10338ecc9e5cba9ba36fa9102d497d17b247c3be82f7d9b46854",  # secret test, stripe-node tests
        "19afe3baea4b0c0d64c07ecea81c7c94a24cc8a19ec415df22f3745f5cab3744",  # secret test, npm stripe 4.25.0
        "4326f208adecc363074eca13ccdefedfbf844ab739acdd232d458b9fdaba6321",  # secret test, stripe-php tests
        "b1471f544ceeea31333bde7e1ecbaad6eac0d4a749412ad29bd66ef895b81c6b",  # publishable test, stripe-js README
        "5895b89c8fb33402a5bfc23aad5aaf863fbb438a51e1a0bb02b0ce618c8fdf9d",  # publishable test, react-stripe-js
        "e73964679570f9246a02af310e150a043a15b4f2e6b152414d3c3dac1fd96ae6",  # publishable test, old Checkout docs
        "1dccea8deb6c3bbc92cd27ecf0f424d27a87af32421ef47be1dfac36bd783b1e",  # publishable test, quickstart
        "c15e2dc2816231c9fc87ab89a53cd5372e6ed8930205aaec2e6312dd959390ea",  # webhook, API reference
        "ea3510ee279da291246fe2d8177f8c36b750d5f9593b6d1446177a104c8e45d6",  # webhook, stripe-cli wiki
        "b2539d5b9fc74cbb78be38763802e0776a5103b4b2a50f873a2afa9302b13716",  # webhook, stripe-go tests
        "d15ee494247ce908236305d9fc90b561429d8ae20c425d510ea952c5b5c8b80d",  # webhook, dj-stripe tests
    }
)
"""SHA-256 of the exact credential, hexadecimal."""


def documented(secret: bytes) -> bool:
    """Whether this is one of the published example keys."""
    return hashlib.sha256(secret).hexdigest() in DOCUMENTED
