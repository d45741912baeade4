"""Webhook and app secrets, organization keys, command-line, ephemeral and client tokens."""

from __future__ import annotations

import base64

from fixtures.keys import HEX, Keys
from fixtures.windows import File
from tests.detect.driver import SCREENED, agreed, secrets
from tests.detect.tables import over


def _confidence(text: str) -> list[str]:
    return [each.confidence for each in agreed(File(text.encode()))]


@over(
    "secret",
    [
        Keys(1).webhook(),
        Keys(1).webhook_hex(),
        Keys(1).app(),
        Keys(1).cli_oauth(),
        Keys(1).organization(),
        Keys(1).claimable(),
        Keys(1).session_secret(),
    ],
)
def test_prefixes_alone_are_medium_and_near_stripe_high(secret: str) -> None:
    """What only a prefix tells is of medium confidence, and high where the line speaks of Stripe."""
    assert (_confidence(f"A={secret}"), _confidence(f"# Stripe: {secret}")) == (["medium"], ["high"])


@over("after", list("aZ0+/=_-"))
def test_a_webhook_secret_is_not_the_beginning_of_base64(after: str) -> None:
    """A webhook secret that base64 could continue is another service's."""
    assert secrets(f"={Keys(2).webhook()}{after}") == []


@over("size", [24, 31, 33, 40, 48, 63, 65])
def test_a_webhook_secret_has_one_of_two_lengths(size: int) -> None:
    """A webhook secret of any other length is not Stripe's."""
    assert secrets("=whsec" + "_" + Keys(3).body(size)) == []


def test_a_webhook_secret_of_64_is_lower_case_hexadecimal() -> None:
    """64 characters that are not lower-case hexadecimal are no webhook secret."""
    assert secrets("=whsec" + "_" + Keys(4).body(64)) == []
    assert secrets("=whsec" + "_" + Keys(4).text(64, HEX).upper()) == []


@over("word", ["cloak_live_", "soak_", "boart_", "a" + "whsec_", "xsk_org_"])
def test_a_token_is_not_the_end_of_a_word(word: str) -> None:
    """Tokens of every kind need a boundary before them."""
    assert secrets(word + Keys(5).body(32)) == []


@over(
    "name",
    [
        "oak_" + "planks_stairs_inner_left_corner_dark",
        "oak_" + "test_of_the_longest_name_in_the_world",
        "oak_" + "1234_5678_9012_3456_7890_1234",
    ],
)
def test_things_of_oak_are_no_tokens(name: str) -> None:
    """Names that begin with `oak_` are no tokens."""
    assert secrets(name) == []


def test_a_loose_token_ends_where_a_key_begins() -> None:
    """An undocumented token does not swallow a key that is glued to it."""
    token, key = Keys(6).app(), Keys(6).secret99()
    assert secrets(f"={token}_{key}") == [f"{token}_", key]


def test_an_organization_key_says_its_mode() -> None:
    """An organization key is live, test, or does not say."""
    keys = Keys(7)
    modes = [SCREENED.search(keys.organization(live=live).encode())[0].mode for live in (True, False, None)]
    assert modes == ["live", "test", None]


@over("prefix", [f"{kind}_{mode}_" for kind in ("ek", "pst", "pss") for mode in ("live", "test")])
def test_ephemeral_keys_name_their_account_and_need_no_boundary(prefix: str) -> None:
    """An ephemeral key or terminal token is found among letters and tells its account."""
    keys = Keys(8)
    account = keys.account()
    secret = keys.ephemeral(prefix, account)
    [match] = SCREENED.search(f"letters{secret}letters".encode())
    assert (match.secret.decode(), match.account, match.confidence) == (secret, account, "very-high")
    assert match.account_created == "2021-03-04T05:06:07Z"


@over("inside", ["acct_2{15},{31}", "acct_1{15};{31}", "acct_1{15},{30}!!", "user_1{15},{31}"])
def test_an_ephemeral_key_decodes_to_an_account(inside: str) -> None:
    """Base64 of anything but an account and 31 characters is no ephemeral key."""
    keys = Keys(9)
    text = inside.replace("{15}", keys.account()[6:]).replace("{31}", keys.body(31)).replace("{30}", keys.body(30))
    made = base64.b64encode(text.encode()).decode().replace("=", "_")
    assert secrets("ek_" + "live_" + made + "00" + keys.text(8)) == []


def test_an_ephemeral_key_of_equal_characters_is_a_placeholder() -> None:
    """An ephemeral key whose random part holds a run is not a key."""
    keys = Keys(9)
    made = base64.b64encode(f"{keys.account()},{keys.body(25)}{'0' * 6}".encode()).decode().replace("=", "_")
    assert secrets("ek_" + "live_" + made + "00" + keys.text(8)) == []


def test_a_client_secret_with_a_run_is_a_placeholder() -> None:
    """A client secret whose id or secret part holds a run is not a credential."""
    identifier, secret, run = Keys(9).body(24), Keys(9).body(25), "0" * 6
    for one, other in ((identifier[6:] + run, secret), (identifier, secret[6:] + run)):
        assert secrets(f"'pi_{one}_secret" + f"_{other}'") == []


@over("kind", ["pi", "seti"])
def test_an_intents_client_secret_holds_its_id(kind: str) -> None:
    """The client secret of an intent is the whole of id, `_secret_` and secret; its public prefix is the kind."""
    secret = Keys(10).client_secret(kind)
    [match] = SCREENED.search(f'"{secret}"'.encode())
    assert (match.secret.decode(), match.start, match.prefix) == (secret, 1, len(kind) + 1)


@over(
    "text",
    [
        "api_{24}_secret_{25}",
        "pi_{23}_secret_{25}",
        "pi_{65}_secret_{25}",
        "pi_{24}_secret_{26}",
        "pi_{24}_secret_{24}",
        "{24}_secret_{25}",
        "client_secret_{47}",
    ],
)
def test_what_is_no_client_secret(text: str) -> None:
    """`_secret_` without an id of the right kind and length before it, or a secret after it, is nothing."""
    for size in (23, 24, 25, 26, 47, 65):
        text = text.replace(f"{{{size}}}", Keys(size).body(size))
    assert secrets(f'"{text}"') == []
