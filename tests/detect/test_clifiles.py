"""The files of Stripe's command-line client: whose profile, and until when."""

from __future__ import annotations

from fixtures.keys import Keys
from imgscan.detect.stripe import clifiles
from tests.detect.driver import SCREENED
from tests.detect.tables import over


def notes(text: str | bytes) -> list[str]:
    """Return what is recorded of each credential of a file."""
    return [match.note for match in SCREENED.search(text.encode() if isinstance(text, str) else text)]


def config(profile: str = "[default]\n", *, last: str = "") -> str:
    """Write a client's configuration file."""
    keys = Keys(1)
    return (
        f"color = ''\n\n{profile}device_name = 'laptop'\n"
        f"live_mode_api_key = '{keys.restricted()}'\nlive_mode_key_expires_at = '2027-01-31'\n"
        f"test_mode_api_key = '{keys.secret99(live=False)}'\ntest_mode_key_expires_at = '2026-12-24'\n{last}"
    )


def test_each_key_of_a_profile_has_its_own_expiry() -> None:
    """The date of the key's own mode is reported, and the profile whose table it is in."""
    assert notes(config()) == [
        ", Stripe CLI profile default, expires 2027-01-31",
        ", Stripe CLI profile default, expires 2026-12-24",
    ]


def test_the_nearest_table_above_is_the_profile() -> None:
    """Of several profiles each key belongs to the one above it, and takes no date from the next."""
    other = f"\n[ 'shop two' ]\nlive_mode_api_key = '{Keys(2).restricted()}'\n[three]\n"
    other += "live_mode_key_expires_at = '2020-01-01'\n"
    assert notes(config("[one]\n", last=other))[1:] == [
        ", Stripe CLI profile one, expires 2026-12-24",
        ", Stripe CLI profile shop two",
    ]


@over(
    ("expiry", "told"),
    [
        ('"expires_at": "2027-02-03T04:05:06Z"', ", expires 2027-02-03"),
        ('"expires_at": 1800000000', ", expires 2027-01-15"),
        ('"expires_at": 18000000001', ""),
        ('"expires_at": 9999999999', ""),
        ('"scope": "all"', ""),
    ],
)
@over("name", ["uat", "oauth_refresh_token", "stripe_cli_session"])
def test_a_token_of_the_credentials_file(name: str, expiry: str, told: str) -> None:
    """A token says its name, and its date in either spelling."""
    text = f'{{"acct": {{"{name}": "{Keys(3).cli_oauth("oart_")}", {expiry}}}, "o": {{"expires_at": "1999-01-01"}}}}'
    assert notes(text) == [f", Stripe CLI {name}{told}"]


def test_other_files_say_nothing() -> None:
    """A key under another name has no note."""
    assert notes(f"[default]\nkey = '{Keys(4).secret99()}'\nexpires_at = '2027-01-01'\n") == [""]


@over(("spelled", "told"), [(b"Xavier", "Xavier"), (b"'caf\xe9'", "caf\ufffd"), (b'"a X"', "a X")])
def test_a_profile_may_be_called_anything(spelled: bytes, told: str) -> None:
    """Quotes and blanks around a profile's name are not part of it, and bytes that are no UTF-8 are replaced."""
    text = config("[@]\n").encode().replace(b"@", spelled)
    assert notes(text)[0] == f", Stripe CLI profile {told}, expires 2027-01-31"


def test_a_tokens_date_is_that_of_its_own_object() -> None:
    """An object that comes before the token's says nothing of it."""
    token = Keys(4).cli_oauth()
    text = f'{{"a": {{"expires_at": "2020-01-01"}}, "b": {{"uat": "{token}", "expires_at": "2030-02-03"}}}}'
    assert notes(text) == [", Stripe CLI uat, expires 2030-02-03"]


def test_a_tokens_date_is_near() -> None:
    """What stands more than 4,096 bytes behind a token says nothing of it, though its object continues."""
    token = Keys(5).cli_oauth()
    for blanks, told in ((4000, ", expires 2030-02-03"), (5000, "")):
        text = f'{{"uat": "{token}",{" " * blanks}"expires_at": "2030-02-03"}}'
        assert notes(text) == [f", Stripe CLI uat{told}"]


def test_a_token_in_a_cut_file_has_its_date() -> None:
    """Where no object begins or ends, what is near the token counts, before it and behind it."""
    token = Keys(6).cli_oauth()
    date = '"expires_at": "2030-02-03"'
    for text in (f'{{"uat": "{token}", {date}', f'{date}, "uat": "{token}"'):
        assert notes(text) == [", Stripe CLI uat, expires 2030-02-03"]
    assert notes(f'{date},{" " * 5000}"uat": "{token}"') == [", Stripe CLI uat"]


def test_a_tokens_date_is_in_its_own_file() -> None:
    """What precedes the file says nothing of a token in it."""
    token = Keys(7).cli_oauth()
    data = f'"expires_at": "2030-02-03"\n"uat": "{token}"'.encode()
    start = data.index(token.encode())
    assert clifiles.note(data, start, len(data), data.index(b"\n"), len(data)) == ", Stripe CLI uat"


@over(("name", "told"), [("", "default"), ("p", "p"), ("p" * 80, "p" * 80), ("p" * 81, "default")])
def test_a_profiles_name_has_up_to_80_characters(name: str, told: str) -> None:
    """What is longer between brackets is no profile, nor is nothing."""
    assert notes(f"[{name}]\ntest_mode_api_key = '{Keys(8).secret99(live=False)}'\n") == [
        f", Stripe CLI profile {told}"
    ]


@over(("length", "told"), [(64, ", Stripe CLI profile default"), (65, "")])
def test_a_settings_name_stands_right_before_its_value(length: int, told: str) -> None:
    """The setting is read where it begins within 64 bytes of the key."""
    setting = "test_mode_api_key".ljust(length - 3) + "= '"
    assert len(setting) == length
    assert notes(f"{setting}{Keys(9).secret99(live=False)}'\n") == [told]


@over(("away", "told"), [(4096, ", expires 2030-02-03"), (4097, "")])
def test_how_near_a_date_is(away: int, told: str) -> None:
    """A date that ends 4,096 bytes behind a token, or begins as many before it, counts."""
    token, date = Keys(10).cli_oauth(), '"expires_at": "2030-02-03'
    behind = f'"uat": "{token}'
    assert notes(f'{behind}",{date.rjust(away - 2)}"') == [f", Stripe CLI uat{told}"]
    before = '"uat": "'
    assert notes(f"{date[1:].ljust(away - len(before))}{before}{token}") == [f", Stripe CLI uat{told}"]
