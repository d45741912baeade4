"""What only looks like a key: small texts by class, each of which no scanner should report.

`low` classes are shapes that the tiers give to a report of low confidence, which nobody sees who does not ask for
it; they are counted apart. Examples from Stripe's documentation are known by their hashes only, so none can be
written here: real material (packages that carry them) covers those.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from accuracy.corpus import bulk
from accuracy.corpus.kinds import KINDS, STRUCTURAL
from accuracy.corpus.surroundings import lines
from fixtures.keys import BASE62, HEX, Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOWER = BASE62[:10] + BASE62[36:]
_UPPER = BASE62[:36]
_EACH = 24
"""Texts of each sort and seed."""

MODES = tuple(f"{kind}_{mode}_" for kind in ("sk", "rk", "pk") for mode in ("live", "test"))
_KEYS = (*MODES, "sk_org_" + "live_", "rkcs_" + "test_")
_WORDS = (
    "task", "risk", "disk", "desk", "mask", "kiosk", "brisk", "flask", "husk", "tusk", "musk", "whisk", "asterisk",
)  # fmt: skip
_TEST_WORDS = ("network", "benchmark", "work", "fork", "quark", "spark", "dark", "framework", "bulk", "check")
_OAK_WORDS = ("cloak_", "soak_", "croak_", "cloak_" + "live_", "soak_" + "live_", "soak_" + "test_")
_IDENTIFIERS = (
    "acct_1", "cus_", "ch_3", "pi_3", "seti_1", "pm_1", "price_1", "prod_", "evt_1", "we_1", "req_", "ca_", "ac_",
    "mk_1", "tok_1", "src_1", "sub_1", "in_1", "txn_1", "po_1", "re_1", "dp_1", "si_", "card_1", "ba_1", "file_1",
    "rak_1",
    "cs_live_a1", "cs_test_b1", "bps_1", "ich_1", "iauth_1", "tmr_", "vs_1",
)  # fmt: skip
_MASKS = ("*" * 12, "****", "...", "\u2026", "\u2022\u2022\u2022\u2022", "xxxxxxxx", "XXXX" * 5)
_TYPED = (
    "your_key_here", "YOUR_SECRET_KEY", "yourSecretKeyGoesHere1234", "REPLACE_ME", "replaceWithYourSecretKey1",
    "changemechangemechangeme1A", "ExampleExampleExampleKey12", "placeholderPlaceholder12345",
    "xxxxxxxxxxxxxxxxxxxxxxxx",
    "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "000000000000000000000000", "aaaaaaaaaaaaaaaaaaaaaaaa",
    "1234567890abcdefghijklmn", "abcdefghijklmnopqrstuvwx", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789ABCDEFGHIJabcd",
    "...", "<secret>", "${STRIPE_KEY}", "{{ stripe_key }}", "%s", "$STRIPE_SECRET", "[a-zA-Z0-9]{24,}", "\\w+", "*",
    "fakefakefakefakefakefake1A", "TestTestTestTestTestTest1", "abc123abc123abc123abc123", "MyTestSecretKeyForStripe12",
    "invalid", "dummyDummyDummyDummyDummy1", "redactedRedactedRedacted12", "thisIsNotARealSecretKey123",
)  # fmt: skip
_CODE = (
    'if (key.startsWith("{p}")) {{ live = true; }}\n', "const LIVE = /^{p}[0-9a-zA-Z]{{24,}}$/;\n",
    'return value.slice(0,8)==="{p}"?"secret":"other"\n', "Keys that begin with `{p}` must stay on the server.\n",
    "# {p}... is the prefix of a key\n", 'PREFIXES = ["{p}", "{p}org_"]\n', "grep -rE '{p}[A-Za-z0-9]+' src/\n",
    'description: "Stripe key, {p}*"\n', '"{p}".length + 24\n', "{p}\n", "'{p}' + secret.body + '\\n'\n",
    "e.{p}mode_enabled=!0\n",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decoy:
    """A file in which nothing is to be found; `low` says that a report of low confidence is what the tiers ask for."""

    path: str
    group: str
    data: bytes = field(repr=False)
    low: bool = False


def _text(random: Random, size: int, alphabet: str = BASE62) -> str:
    return "".join(random.choices(alphabet, k=size))


def _masked(random: Random, keys: Keys) -> Iterator[str]:
    for prefix in 4 * (*_KEYS, "whsec" + "_", "absec" + "_", "oak_"):
        body = keys.body(24)
        mask = random.choice(_MASKS)
        yield prefix + mask
        yield prefix + body[:4] + mask + body[-4:]
        yield prefix + body[: random.randrange(8, 24)] + random.choice(_MASKS[:3]) + body[-4:]
    for prefix in 4 * MODES:
        yield prefix + keys.body(24) + random.choice(_MASKS[:5])
        yield prefix + keys.body99()[: random.choice((24, 34, 60))] + random.choice(_MASKS[:5]) + _text(random, 4)


def _placeholders(random: Random, keys: Keys) -> Iterator[str]:
    for prefix in (*_KEYS, "whsec" + "_", "absec" + "_", "oak_"):
        yield from (prefix + typed for typed in _TYPED)
    for prefix in _KEYS:
        for size in (24, 34, 99):
            body = keys.body(size)
            at = random.randrange(size - 8)
            yield prefix + body[:at] + random.choice(BASE62) * 6 + body[at + 6 :]
            yield prefix + body[:at] + "12345678" + body[at + 8 :]
            yield prefix + body[:at] + "hgfedcba" + body[at + 8 :]
            yield prefix + body[:at] + "xxxx" + body[at + 4 :]
            yield prefix + _text(random, size, _LOWER)
            yield prefix + _text(random, size, _UPPER)
        yield prefix + "YourSecretKeyExampleHere" + _text(random, 6)
    whole = keys.secret99()
    yield whole[:40] + "aaaaaa" + whole[46:]


def _ordinary_words(_random: Random, keys: Keys) -> Iterator[str]:
    for word in (*_WORDS, *_TEST_WORDS):
        for mode in ("live", "test"):
            for size in (24, 34, 60):
                yield f"{word}_{mode}_{keys.body(size)}"
    for word in _OAK_WORDS:
        yield word + keys.body(40)
    yield from ("oak_" + "live_edge_table_in_natural_finish_and_more", "oak_" + "tree_with_golden_leaves_in_the_sun")
    yield from ("check_live_status_of_every_payment_twice_a_day", "network_test_suite_runs_before_each_release")


def _other_issuers(random: Random, keys: Keys) -> Iterator[str]:
    for _ in range(_EACH):
        for near in ("key", "stripe_or_other"):
            yield f"{near}={random.choice(MODES)}{_text(random, 40, HEX)}"  # Paystack
            yield f"{near}_clerk={random.choice(('sk_', 'rk_'))}live_{keys.body(random.randrange(40, 51))}"
            host = f"{_text(random, random.randrange(6, 24), _LOWER)}.clerk.accounts.dev$".encode()
            yield f"{near}=pk_" + random.choice(("live_", "test_")) + base64.b64encode(host).decode()
            yield f"{near}=sk_" + random.choice(("live_", "test_")) + "a2V5X" + keys.body(random.randrange(30, 90))
            yield f"{near}=pk_" + random.choice(("live_", "test_")) + _text(random, 16, HEX.upper())  # Magic
            yield f"{near}=sk_" + random.choice(("live_", "test_")) + _text(random, 16, HEX.upper())
            yield f"{near}=whsec" + "_" + _svix(random)


def _svix(random: Random) -> str:
    """Make a secret of the Standard Webhooks convention that could not be Stripe's."""
    while True:
        text = base64.b64encode(random.randbytes(random.randrange(24, 65))).decode()
        if len(text) not in (32, 64) or not text.isalnum():
            return text


def _identifiers(random: Random, keys: Keys) -> Iterator[str]:
    for name in _IDENTIFIERS:
        for size in (14, 16, 24, 40):
            yield f"stripe {name}{keys.body(size)}"
    for _ in range(_EACH):
        yield f"pi_{keys.body(24)}_secret"
        yield f"pi_{keys.body(24)}_secret_"
        yield f"client_secret_{_text(random, 40)}"
        yield f"api_{keys.body(24)}_secret_{keys.body(25)}"
        yield f"key_{keys.body(24)}_secret_{keys.body(47)}"


_SHORT = {"24": 23, "32": 31, "hex": 31, "pi": 24, "cuss": 46, "accs": 46}
"""The longest body that is still too short, by the end of a kind's name; 32 of a hexadecimal one are enough."""


def _truncated(random: Random, _keys: Keys, seed: int) -> Iterator[str]:
    for kind in KINDS.values():
        secret = kind.secret(seed, 40)
        most = _SHORT.get(kind.name.rpartition(" ")[2], 19 if kind.tier == "E" else 23)
        prefix = len(secret) - len(secret.rpartition("_")[2])
        if "ephemeral" in kind.name:
            most, prefix = 72, secret.index("_YWNj") + 1  # behind these only what is opaque is left to lack
        elif "underscored" in kind.name:
            continue
        elif secret.startswith(("oak_live", "oak_test")):
            most = 14  # `live_` and fifteen more are twenty characters after `oak_`
        for size in sorted({0, 1, most, *(random.randrange(most) for _ in range(6))}):
            yield secret[: prefix + size]


def _too_long(random: Random, keys: Keys) -> Iterator[str]:
    for _ in range(_EACH):
        yield keys.webhook() + random.choice(BASE62 + "+/=_-")
        yield keys.webhook_hex() + random.choice(BASE62 + "+/=_-")
        yield keys.client_secret() + random.choice(BASE62)
        yield keys.session_secret(random.choice(("cuss", "accs"))) + random.choice(BASE62)
        yield random.choice(MODES) + _text(random, random.randrange(248, 600))
        yield "sk_org_" + "live_" + _text(random, random.randrange(261, 600))
        yield "absec" + "_" + _text(random, random.randrange(261, 600))


def _part_of_a_word(_random: Random, _keys: Keys, seed: int) -> Iterator[str]:
    for kind in KINDS.values():
        if kind.tier != STRUCTURAL and not kind.name.endswith(("pi", "seti")):
            yield from (letter + kind.secret(seed, number) for number, letter in enumerate(BASE62))


def _split(random: Random, keys: Keys) -> Iterator[str]:
    joints = ('" + "', "' '", '" . "', '" & "', '" .. "', '" || "', "\\\n", "\n", '"\n  "')
    for joint in joints:
        for prefix in MODES:
            for size in (24, 34, 60):
                body = keys.body(size)
                at = random.randrange(4, 20)
                yield f"k = {joint[:1]}{prefix}{joint}{body[:at]}{joint}{body[at:]}{joint[-1:]}"


def _code(_random: Random, _keys: Keys) -> Iterator[str]:
    for prefix in (*MODES, "whsec" + "_", "absec" + "_", "oak_", "sk_org_", "_secret_"):
        yield from (form.format(p=prefix).rstrip("\n") for form in _CODE)


def _low_shapes(random: Random, keys: Keys) -> Iterator[str]:
    for _ in range(_EACH):
        yield random.choice(MODES) + keys.body99()[: random.choice((*range(25, 34), *range(35, 99)))]
        yield random.choice(MODES) + keys.body(random.choice((25, 35, 100)))


def groups(seed: int) -> dict[str, list[str]]:
    """Make the texts of every class."""
    made: dict[str, Callable[[Random, Keys], Iterator[str]]] = {
        "masked keys": _masked,
        "placeholders": _placeholders,
        "ordinary words": _ordinary_words,
        "other issuers": _other_issuers,
        "identifiers": _identifiers,
        "truncated keys": lambda random, keys: _truncated(random, keys, seed),
        "a character too long": _too_long,
        "part of a word": lambda random, keys: _part_of_a_word(random, keys, seed),
        "split, without structure": _split,
        "code about keys": _code,
        "shapes of low confidence": _low_shapes,
    }
    return {name: list(make(Random(f"{seed} {name}"), Keys(f"{seed} {name}"))) for name, make in made.items()}


_ENCODED: dict[str, Callable[[str], bytes]] = {
    "base64": lambda text: b"data: " + base64.b64encode(text.encode()) + b"\n",
    "UTF-16": lambda text: f"\ufeff{text}\n".encode("utf-16-le"),
    "hex": lambda text: text.encode().hex().encode() + b"\n",
    "escapes": lambda text: text.replace("_", "\\u005f").encode() + b"\n",
    "percent": lambda text: text.replace("_", "%5F").encode() + b"\n",
}
LOW = "shapes of low confidence"


def decoys(seed: int, *, quick: bool = False) -> Iterator[Decoy]:
    """Make all decoys of a seed: every text in a file of its own, most of them in other encodings too, and the bulk."""
    for number, (group, texts) in enumerate(groups(seed).items()):
        for index, text in enumerate(texts):
            random = Random(f"{seed} decoy {number} {index}")
            path = f"d/{number:02}/{index:04}"
            if quick and index % 8:
                continue
            before, after = (lines(random, random.randrange(3)).encode() for _ in range(2))
            yield Decoy(path, group, before + f"k = {text}\n".encode() + after, low=group == LOW)
            if group == "split, without structure":
                continue
            name = tuple(_ENCODED)[index % len(_ENCODED)]
            yield Decoy(f"{path}-e", f"{group}, encoded", _ENCODED[name](f"k = {text}\n"), low=group == LOW)
    for name, group, data in bulk.files(seed, quick=quick):
        yield Decoy(f"d/bulk/{name}", group, data)
