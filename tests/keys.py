"""Credentials for tests: seeded, and assembled at run time, so that none stands in the repository.

`Keys(seed)` makes a new credential at every call, the same ones in the same order for the same seed. All of them
are what their validators take at once: random parts that look typed are made again. Text goes around them as the
test needs; keys of 24 and 34 characters, webhook secrets and the undocumented tokens must not touch letters or
digits. A credential's confidence depends on its neighbourhood; these defaults hold:

| method                                 | rule                         | confidence without / with "stripe" nearby |
|----------------------------------------|------------------------------|-------------------------------------------|
| `secret99`, `restricted`               | `stripe-secret-key[-test]`…  | very-high (names `account`)               |
| `secret34`                             | likewise                     | high                                      |
| `secret24`                             | likewise                     | medium / high                             |
| `secret(length)`                       | likewise                     | low / medium                              |
| `organization`                         | `stripe-organization-key`    | medium / high                             |
| `claimable`                            | `stripe-restricted-key-test` | medium / high                             |
| `webhook`, `webhook_hex`               | `stripe-webhook-secret`      | medium / high                             |
| `app`                                  | `stripe-app-secret`          | medium / high                             |
| `cli_oauth`                            | `stripe-cli-oauth`           | medium / high                             |
| `ephemeral`                            | `stripe-ephemeral-key`       | very-high (names `account`)               |
| `client_secret`                        | `stripe-client-secret`       | high                                      |
| `session_secret`                       | `stripe-client-secret`       | medium / high                             |
| `publishable`, `publishable24`         | `stripe-publishable-key`     | very-high; medium / high                  |

A sibling counts as nearby: a publishable key or webhook secret within 64 KiB in the same file.
"""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from imgscan.detect import placeholders
from imgscan.detect.structure import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HEX = "0123456789abcdef"

CREATED = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
"""When the accounts of these keys were created, unless the test says otherwise."""


class Keys:
    """A source of credentials; see the module's table for what each method makes."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(f"imgscan {seed}")

    def text(self, size: int, alphabet: str = BASE62) -> str:
        """Make characters at random, whatever they look like."""
        return "".join(self._random.choices(alphabet, k=size))

    def body(self, size: int) -> str:
        """Make a base62 body of 16 characters or more that looks random to the validators."""
        return self._until(lambda: self.text(size), lambda made: _random(made, 3))

    def account(self, created: datetime = CREATED) -> str:
        """Make an account id, `acct_` and 16 characters, of an account created then (to the second)."""
        seconds = int(created.timestamp()) - EPOCH
        digits = ""
        for _ in range(5):
            seconds, digit = divmod(seconds, 62)
            digits = BASE62[digit] + digits
        return f"acct_1{digits}{self.text(10)}"

    def body99(self, account: str | None = None, created: datetime = CREATED) -> str:
        """Make the body of a key as issued today; `account` is the `acct_…` that it names."""
        owner = (account or self.account(created)).removeprefix("acct_")
        return self._until(
            lambda: f"5{owner}{self.body(72)}00{self.text(8)}",
            lambda made: not placeholders.has_run(made.encode()),
        )

    def secret99(self, *, live: bool = True, account: str | None = None, created: datetime = CREATED) -> str:
        """Make a secret key as issued today, which says whose it is."""
        return _prefix("sk", live) + self.body99(account, created)

    def secret34(self, *, live: bool = True) -> str:
        """Make a secret key as issued about 2019 and 2020."""
        return _prefix("sk", live) + self.body(24) + "00" + self.body(16)[:8]

    def secret24(self, *, live: bool = True) -> str:
        """Make a secret key as issued until about 2019."""
        return self.secret(24, live=live)

    def secret(self, length: int, *, live: bool = True) -> str:
        """Make a secret key with a body of any length from 24 to 247, without structure."""
        return _prefix("sk", live) + self.body(length)

    def restricted(self, *, live: bool = True, account: str | None = None, created: datetime = CREATED) -> str:
        """Make a restricted key as issued today."""
        return _prefix("rk", live) + self.body99(account, created)

    def claimable(self, length: int = 40) -> str:
        """Make the key of a claimable sandbox."""
        return _prefix("rkcs", live=False) + self.body(length)

    def organization(self, *, live: bool | None = True, length: int = 80) -> str:
        """Make an organization key; `live` None gives one that does not say its mode."""
        return ("sk_" + "org_" if live is None else _prefix("sk_org", live)) + self.body(length)

    def webhook(self) -> str:
        """Make an endpoint's signing secret."""
        return "whsec" + "_" + self.body(32)

    def webhook_hex(self) -> str:
        """Make a signing secret as `stripe listen` prints it."""
        return "whsec" + "_" + self._until(lambda: self.text(64, HEX), lambda made: _random(made, 1))

    def app(self, length: int = 32) -> str:
        """Make the signing secret of a Stripe App."""
        return "absec" + "_" + self.body(length)

    def cli_oauth(self, prefix: str = "oak_live_", length: int = 48) -> str:
        """Make a token of the command-line client: `oak_live_`, `oak_test_`, `oak_`, `oaac_` or `oart_`."""
        return prefix + self.body(length)

    def ephemeral(self, prefix: str = "ek_live_", account: str | None = None, created: datetime = CREATED) -> str:
        """Make an ephemeral key (`ek_…`) or terminal token (`pst_…`, `pss_…`), which names its account."""
        inside = f"{account or self.account(created)},{self.body(31)}".encode()
        return prefix + base64.b64encode(inside).decode().replace("=", "_") + "00" + self.text(8)

    def client_secret(self, kind: str = "pi") -> str:
        """Make the client secret of a payment (`pi`) or setup (`seti`) intent."""
        return f"{kind}_{self.body(24)}" + "_secret" + f"_{self.body(25)}"

    def session_secret(self, kind: str = "cuss") -> str:
        """Make the client secret of a customer (`cuss`) or account (`accs`) session."""
        return kind + "_secret" + ("__" if kind == "accs" else "_") + self.body(47)

    def publishable(self, *, live: bool = True, account: str | None = None, created: datetime = CREATED) -> str:
        """Make a publishable key as issued today."""
        return _prefix("pk", live) + self.body99(account, created)

    def publishable24(self, *, live: bool = True) -> str:
        """Make a publishable key as issued until about 2019."""
        return _prefix("pk", live) + self.body(24)

    def all(self) -> dict[str, str]:
        """Make one of everything that a scan reports without being asked to include more, by rule and sort."""
        return {
            "stripe-secret-key 99": self.secret99(),
            "stripe-secret-key 34": self.secret34(),
            "stripe-secret-key 24": self.secret24(),
            "stripe-secret-key-test 99": self.secret99(live=False),
            "stripe-secret-key-test 34": self.secret34(live=False),
            "stripe-secret-key-test 24": self.secret24(live=False),
            "stripe-restricted-key 99": self.restricted(),
            "stripe-restricted-key-test 99": self.restricted(live=False),
            "stripe-restricted-key-test claimable": self.claimable(),
            "stripe-organization-key live": self.organization(),
            "stripe-organization-key test": self.organization(live=False),
            "stripe-organization-key none": self.organization(live=None),
            "stripe-webhook-secret 32": self.webhook(),
            "stripe-webhook-secret hex": self.webhook_hex(),
            "stripe-app-secret": self.app(),
            "stripe-cli-oauth oak_live": self.cli_oauth(),
            "stripe-cli-oauth oak_test": self.cli_oauth("oak_test_"),
            "stripe-cli-oauth oak": self.cli_oauth("oak_"),
            "stripe-cli-oauth oaac": self.cli_oauth("oaac_"),
            "stripe-cli-oauth oart": self.cli_oauth("oart_"),
            "stripe-ephemeral-key ek": self.ephemeral(),
            "stripe-ephemeral-key pst": self.ephemeral("pst_test_"),
            "stripe-ephemeral-key pss": self.ephemeral("pss_live_"),
            "stripe-client-secret pi": self.client_secret(),
            "stripe-client-secret seti": self.client_secret("seti"),
            "stripe-client-secret cuss": self.session_secret(),
            "stripe-client-secret accs": self.session_secret("accs"),
        }

    def _until(self, make: Callable[[], str], good: Callable[[str], bool]) -> str:
        while not good(made := make()):
            pass
        return made


def _prefix(kind: str, live: bool) -> str:
    return f"{kind}_" + ("live_" if live else "test_")


def _random(made: str, classes: int) -> bool:
    body = made.encode()
    return placeholders.classes(body) >= classes and not placeholders.typed(body)
