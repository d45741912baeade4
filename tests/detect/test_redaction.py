"""Strings that are fit to be printed."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from fixtures.keys import Keys
from imgscan.secrecy import redact
from tests.detect.driver import ENGINES, SCREENED, UNSCREENED
from tests.detect.tables import over

KEYS = Keys(1).all()
LIVE = "sk_" + "live_"


@over("sort", KEYS)
def test_every_credential_is_redacted(sort: str) -> None:
    """Every sort of credential leaves a string, and the rest of it stays."""
    shown = SCREENED.redact(f"/opt/{KEYS[sort]}/file")
    assert KEYS[sort] not in shown
    assert KEYS[sort][-12:] not in shown
    assert shown.startswith("/opt/")
    assert "…" in shown


def test_the_redacted_form_is_that_of_findings() -> None:
    """A key is shown as its finding shows it."""
    key = KEYS["stripe-secret-key 99"]
    assert SCREENED.redact(f"ENV A={key} B=c") == f"ENV A={redact(key, len(LIVE))} B=c"


@over(
    "text",
    [
        LIVE + "x" * 24,
        LIVE + "your_key_here",
        LIVE + "abcdefghijkl",
        "whsec" + "_" + "A+/=" * 8,
        "rkcs_" + "test_" + "1" * 12,
        "sk_" + "org_" + "1" * 12,
        "oak_" + "A" * 30,
        "ek_" + "live_" + "YWNjdF8x" * 3,
        "pi_" + "1" * 14 + "_secret_" + "2" * 14,
    ],
)
def test_what_is_no_credential_is_redacted_too(text: str) -> None:
    """Whatever begins like a secret and continues for twelve characters is redacted."""
    shown = SCREENED.redact(f"A={text} B")
    assert text not in shown
    assert (shown[:2], shown[-2:]) == ("A=", " B")


@over(
    "text",
    [
        "",
        "usr/lib/python3/task_test_runner_configuration.py",
        "benchmark_test_long_function_name",
        LIVE + "short",
        "oak_" + "planks_stairs_inner_left.json",
        "a\0b",
        "é漢\udcff",
        "client_secret_name_of_the_field",
    ],
)
def test_clean_strings_stay(text: str) -> None:
    """A string without anything secret stays as it is, lone surrogates included."""
    for engine in ENGINES:
        assert engine.redact(text) == text


@over(("lower", "hidden"), [(260, True), (261, False)])
def test_a_name_made_of_oak_has_no_capital(lower: int, hidden: bool) -> None:
    """What follows `oak_` begins like a token if one of its first 261 characters is a capital or a digit."""
    text = "oak" + "_" + "a" * lower + "B"
    assert (SCREENED.redact(text) != text) == hidden
    assert SCREENED.redact("oak" + "_B" + "a" * 30) != "oak" + "_B" + "a" * 30


@over(("intent", "secret", "hidden"), [(12, 12, True), (11, 12, False), (12, 11, False)])
def test_the_least_of_a_client_secret_that_is_redacted(intent: int, secret: int, hidden: bool) -> None:
    """An intent of twelve characters and as many of its secret are enough to be redacted, and no fewer."""
    text = "pi" + "_" + "1" * intent + "_secret_" + "2" * secret
    assert (SCREENED.redact(text) != text) == hidden


def test_publishable_keys_stay() -> None:
    """Publishable keys are not secret."""
    key = Keys(2).publishable()
    assert SCREENED.redact(key) == key


@over("codec", ["utf-16-le", "utf-16-be"])
def test_encoded_credentials_are_replaced(codec: str) -> None:
    """A credential in another encoding is replaced as a whole."""
    key = KEYS["stripe-secret-key 24"]
    assert SCREENED.redact(f"a {base64.b64encode(key.encode()).decode()} b") == "a [REDACTED]= b"
    wide = key.encode(codec).decode("latin-1")
    assert SCREENED.redact(f"..{wide}..") == "..[REDACTED].."


def test_surrogates_beside_a_credential_stay() -> None:
    """Bytes of a name that are no UTF-8 survive the redaction of a key beside them."""
    key = KEYS["stripe-secret-key 24"]
    assert SCREENED.redact(f"\udcff/{key}/\ud800\udc00") == f"\udcff/{redact(key, 8)}/\ud800\udc00"


def test_glued_placeholders_leave_nothing() -> None:
    """Prefixes and bodies glued to each other are redacted together."""
    shown = SCREENED.redact(f"{LIVE}{'A' * 16}{LIVE}{'B' * 16}{LIVE}short")
    assert "BBBBB" not in shown
    assert "AAAAA" not in shown


def test_a_key_that_begins_inside_another_is_redacted_as_well() -> None:
    """A key whose prefix is the end of the key before it is redacted with it."""
    first = Keys(3).secret99()[:-2] + "sk"
    second = "_live_" + Keys(4).secret99()[8:]
    shown = SCREENED.redact(first + second)
    assert second[10:60] not in shown


fragments = st.one_of(
    st.sampled_from(
        [
            LIVE,
            "sk",
            "_live_",
            "5",
            "_secret_",
            "pi_",
            "whsec" + "_",
            "oak_",
            "ek_" + "test_",
            "…",
            "[REDACTED]",
            "/",
            " ",
            "A" * 12,
            "\udc80",
            "k_test_",
        ]
    ),
    st.sampled_from(list(KEYS.values())),
    st.sampled_from([base64.b64encode(key.encode()).decode() for key in KEYS.values()]),
    st.text(max_size=4),
)


@given(st.lists(fragments, max_size=8).map("".join))
def test_redaction_is_done_at_once(text: str) -> None:
    """Redacting what has been redacted changes nothing, no credential is left, and both engines agree."""
    shown = SCREENED.redact(text)
    assert SCREENED.redact(shown) == shown
    assert UNSCREENED.redact(text) == shown
    left = SCREENED.search(shown.encode("utf-8", "surrogatepass"))
    assert [match for match in left if not match.rule.optional] == []
