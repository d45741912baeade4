"""What a mutation run of the detector found untested: borders of lengths, of files and of certainty."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fixtures.keys import Keys
from fixtures.windows import File
from imgscan.detect import context, verdict
from imgscan.detect.screen import _merge
from imgscan.detect.stripe import STRIPE, clifiles, placeholders, structure, tiers, tokens
from imgscan.detect.verdict import Place, Verdict
from tests.detect.driver import NOW, SCREENED, agreed, secrets
from tests.detect.tables import over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
PREFIXES = {prefix.text for rule in STRIPE.rules for prefix in rule.prefixes} | {b"pi_", b"seti_"}


class Near(bytes):
    """Bytes that no search may cross at large: each looks at 300 of them or fewer."""

    def find(self, sub: bytes, start: int, end: int) -> int:  # type: ignore[override]
        """Find as bytes do."""
        assert 0 <= end - start <= 300
        return super().find(sub, start, end)

    def rfind(self, sub: bytes, start: int, end: int) -> int:  # type: ignore[override]
        """Find as bytes do."""
        assert 0 <= end - start <= 300
        return super().rfind(sub, start, end)


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this machine's clock be nine hours ahead of UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@over("name", Keys("names").all())
def test_the_public_prefix_ends_before_the_body(name: str) -> None:
    """Wherever a credential is in a file, its public part is its prefix and nothing else."""
    secret = Keys(1).all()[name].encode()
    [match] = SCREENED.search(b"something stands before it: " + secret)
    assert secret[: match.prefix] in PREFIXES
    assert secret[: match.prefix] != b"_secret_"


SURE = {"ephemeral": "very-high", " 99": "very-high", " 34": "high", "i": "high"}


@over(
    ("name", "sure"),
    [(name, sure) for name in Keys("names").all() for part, sure in SURE.items() if part in name[-12:] and part != "i"]
    + [(name, SURE["i"]) for name in Keys("names").all() if name.endswith("i")],
)
def test_what_is_sure_by_itself_stays_so_near_stripe(name: str, sure: str) -> None:
    """Credentials that need no context are as sure with the word beside them as without."""
    secret = Keys(2).all()[name]
    [alone], [known] = agreed(File(secret.encode())), agreed(File(f"stripe: {secret}".encode()))
    assert alone.confidence == known.confidence == sure


@over(("length", "found"), [(19, False), (20, True), (260, True), (261, False)])
def test_the_lengths_of_an_undocumented_token(length: int, found: bool) -> None:
    """Undocumented tokens have 20 to 260 characters."""
    key = Keys(3).app(length)
    assert secrets(f"={key} ") == [key] * found


def test_sixteen_random_characters_make_a_token() -> None:
    """One segment of sixteen mixed characters suffices, however typed the others look."""
    keys = Keys(4)
    key = "absec" + "_" + keys.body(16) + "_" + keys.text(8, LOWER)
    assert secrets(f"={key} ") == [key]
    assert secrets("=absec" + "_" + keys.body(15 + 1)[:15] + "_" + keys.text(8, LOWER) + " ") == []


def test_a_name_of_many_mixed_parts_is_no_token() -> None:
    """Short parts, though mixed, are a name; so is a long part of one case beside a short mixed one."""
    keys = Keys(5)
    parts = ["aB3dE6gH", "kL9mN2pQ", "rS5tU8vW"]
    assert secrets("=oak" + "_" + "_".join(parts) + " ") == []
    assert secrets("=oak" + "_" + keys.text(24, LOWER) + "_X7 ") == []


@over(("length", "found"), [(23, False), (24, True), (63, True), (64, True), (65, False)])
@over("kind", ["pi", "seti"])
def test_the_lengths_of_an_intent(kind: str, length: int, found: bool) -> None:
    """An intent's id has 24 to 64 characters."""
    keys = Keys(6)
    key = f"{kind}_{keys.body(length)}" + "_secret" + f"_{keys.body(25)}"
    assert secrets(f'"{key}"') == [key] * found


def test_every_character_of_an_intent_is_a_letter_or_digit() -> None:
    """An id that begins with anything else is none."""
    keys = Keys(7)
    assert secrets(f"pi_-{keys.body(24)}" + "_secret" + f"_{keys.body(25)}") == []


@over(("alphabet", "found"), [(LOWER, False), (DIGITS, False), (LOWER + DIGITS, True)])
def test_an_intents_secret_is_of_two_classes(alphabet: str, found: bool) -> None:
    """The secret half of an intent's secret has characters of two classes at least."""
    keys = Keys(8)
    body = keys._until(
        lambda: keys.text(25, alphabet),
        lambda made: placeholders.classes(made.encode()) == found + 1 and not placeholders.typed(made.encode()),
    )
    key = f"pi_{keys.body(24)}" + "_secret" + f"_{body}"
    assert secrets(key) == [key] * found


def test_a_length_byte_that_is_a_letter_is_a_boundary() -> None:
    """A hexadecimal webhook secret in a binary may follow its length, which is the letter F."""
    key = Keys(9).webhook_hex()
    assert len(key) == ord("F")
    assert secrets(b"F" + key.encode() + b"\0", binary=True) == [key]
    assert secrets(b"G" + key.encode() + b"\0", binary=True) == []


@over("name", ["ephemeral", "secret99", "restricted", "webhook", "session_secret", "client_secret"])
def test_no_credential_ends_in_the_next_file(name: str) -> None:
    """The first bytes of what follows a file do not make its last bytes a credential."""
    secret: bytes = getattr(Keys(10), name)().encode()
    found = agreed(File(b"=" + secret[:-4], gap=secret[-4:] + b"\n"))
    assert secret not in [each.secret for each in found]
    assert {each.confidence for each in found} <= {"low"}  # a cut key may be one of another length


def test_the_next_file_cuts_no_credential() -> None:
    """The last letter of a file's last key and the first of the next file make no prefix that would end the key."""
    keys = Keys(11)
    key = "sk_" + "live_" + keys.body(23) + "s"
    [found] = agreed(File(b"=" + key.encode(), gap=b"k_" + b"live_\n"))
    assert found.secret == key.encode()


@over("after", ["", " ", '"', "\n"])
def test_a_key_that_lacks_a_character_is_none_of_todays(after: str) -> None:
    """98 characters of a key as issued today are of one length among others."""
    key = Keys(19).secret99()[:-1]
    [found] = agreed(File(f"={key}{after}".encode()))
    assert (found.secret.decode(), found.confidence) == (key, "low")


@over("after", ["", " ", '"', "\n"])
def test_an_ephemeral_key_that_lacks_a_character_is_none(after: str) -> None:
    """81 characters of an ephemeral key are no key."""
    assert agreed(File(f"={Keys(20).ephemeral()[:-1]}{after}".encode())) == []


def test_an_account_may_be_a_day_ahead() -> None:
    """An account of exactly one day after now is one; a second later it is not."""
    limit = datetime.fromtimestamp(NOW, UTC) + timedelta(days=1)
    sure = [agreed(File(Keys(12).secret99(created=limit + timedelta(seconds=more)).encode())) for more in (0, 1)]
    assert [found.confidence for [found] in sure] == ["very-high", "medium"]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs a system whose time zone a process can set")
@pytest.mark.usefixtures("far_east")
def test_an_accounts_time_is_in_utc() -> None:
    """The time at which an account was created does not depend on where the scan runs."""
    assert time.localtime(0).tm_hour == 9
    [match] = SCREENED.search(Keys(13).secret99().encode())
    assert match.account_created == "2021-03-04T05:06:07Z"


def test_one_character_is_a_class() -> None:
    """A single digit, upper-case or lower-case letter counts."""
    assert [placeholders.classes(body) for body in (b"a", b"aB", b"aB3", b"aB3_")] == [1, 2, 3, 3]


def test_a_publishable_key_hides_no_secret_one() -> None:
    """Text is redacted behind a publishable key as well, in whatever encoding."""
    keys = Keys(14)
    shown, hidden = keys.publishable(), base64.b64encode(keys.secret99().encode() + b"\n").decode()
    redacted = SCREENED.redact(f"{shown} {hidden} end")
    assert redacted.startswith(f"{shown} [REDACTED]")
    assert hidden[:40] not in redacted


def test_spans_that_touch_are_joined() -> None:
    """The screen's hits become spans of the whole buffer; those that overlap or touch become one."""
    assert _merge([(0, 3), (3, 5), (4, 9), (10, 12), (5, 6)], 100) == [(100, 109), (110, 112)]
    assert _merge([(50, 60), (0, 3)], 7) == [(7, 10), (57, 67)]


@over(
    ("before", "after"),
    [(b"", b""), (b"\n", b"\n"), (b"\r", b"\r"), (b"\r\n", b"\r\n"), (b"A\rB\r", b"\rC\rD"), (b"A\nB\n", b"\nC\nD")],
)
def test_a_line_is_what_stands_between_two_ends_of_line(before: bytes, after: bytes) -> None:
    """A credential's line begins behind the nearest end of line before it and ends at the nearest behind it."""
    data = Near(bytes(1000) + before + b"The KEY Stands" + after + bytes(1000))
    start = data.index(b"KEY")
    line = context.beside(data, start, start + 3, 0, len(data))
    if before:
        assert line == b"the key stands"
    else:
        assert line == bytes(context.LINE - 4) + b"the key stands" + bytes(context.LINE - 7)


def test_a_line_ends_with_its_file() -> None:
    """What is outside the file is not beside a credential, though no line ends between them."""
    assert context.beside(b"outside[a KEY b]outside", 10, 13, 8, 15) == b"a key b"


def test_an_intent_is_looked_for_nearby() -> None:
    """From a client secret's middle nobody looks back farther than the longest id reaches."""
    keys = Keys(15)
    before = bytes(1000) + b"pi_" + keys.body(24).encode()
    data = Near(before + b"_secret_" + keys.body(25).encode())
    place = Place(data, len(before), len(before) + 8, 0, len(data), binary=False, now=NOW, glued=STRIPE.glued)
    verdict = tokens.intent_secret(place)
    assert verdict is not None
    assert (verdict.start, verdict.end) == (1000, len(data))


@over(
    ("digits", "created"),
    [("00000", "2012-07-15T21:56:20Z"), ("0000z", "2012-07-15T21:57:21Z"), ("00010", "2012-07-15T21:57:22Z")],
)
def test_an_accounts_seconds_are_counted_from_2012(digits: str, created: str) -> None:
    """The five digits behind an account id's first are base-62 seconds since 2012-07-15 21:56:20 UTC."""
    keys = Keys(16)
    account = f"acct_1{digits}{keys.text(10)}"
    [match] = SCREENED.search(keys.secret99(account=account).encode())
    assert (match.account, match.account_created) == (account, created)


@over(("name", "length"), [("oak_live_", 260), ("oak_test_", 20), ("oart_", 260), ("oaac_", 20)])
def test_the_lengths_of_the_command_lines_tokens(name: str, length: int) -> None:
    """The command-line client's tokens have 20 to 260 characters, whichever their prefix."""
    key = Keys(17).cli_oauth(name, length)
    assert secrets(f"={key} ") == [key]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs a system whose time zone a process can set")
@pytest.mark.usefixtures("far_east")
def test_a_tokens_last_day_is_in_utc() -> None:
    """The day on which a token of the command-line client expires does not depend on where the scan runs."""
    assert _note(1_767_196_800) == ", Stripe CLI uat, expires 2025-12-31"


def test_a_tokens_last_day_is_before_2100() -> None:
    """What would be a date after the first second of 2100 is none."""
    assert _note(4_102_444_800) == ", Stripe CLI uat, expires 2100-01-01"
    assert _note(4_102_444_801) == ", Stripe CLI uat"


def _note(seconds: int) -> str:
    token = Keys(18).cli_oauth()
    data = f'{{"uat": "{token}", "expires_at": {seconds}}}'.encode()
    start = data.index(token.encode())
    return clifiles.note(data, start, start + len(token), 0, len(data))


def _even(size: int, symbols: str) -> bytes:
    """Repeat symbols evenly, so that a body's entropy is the binary logarithm of their number."""
    return (symbols * size)[:size].encode()


EIGHT, ELEVEN, TWELVE = ("a7Kq2Zm9cX4p"[:count] for count in (8, 11, 12))
BETWEEN = b"a7Kq2Zm9a7Kq2Zm9a7Kq2Zaa"
"""24 characters of 2.9 to 3.0 bits."""


def test_the_least_entropy_of_a_short_body() -> None:
    """Bodies of fewer than 72 characters have 3.0 bits a character or more."""
    assert 2.9 < placeholders.entropy(BETWEEN) < 3.0
    assert [placeholders.typed(body) for body in (BETWEEN, _even(24, EIGHT), _even(71, EIGHT + "p"))] == [
        True,
        False,
        False,
    ]


def test_the_least_entropy_of_a_long_body() -> None:
    """Bodies of 72 characters and more have 3.5 bits a character or more."""
    assert 3.4 < placeholders.entropy(_even(72, ELEVEN)) < 3.5 < placeholders.entropy(_even(72, TWELVE)) < 3.6
    assert [placeholders.typed(_even(72, symbols)) for symbols in (EIGHT + "p", ELEVEN, TWELVE)] == [True, True, False]


@over(("symbols", "structured"), [(ELEVEN, False), (TWELVE, True)])
def test_the_least_entropy_of_a_structured_body(symbols: str, structured: bool) -> None:
    """The random part of a key as issued today has 3.5 bits a character or more."""
    body = Keys(21).body99().encode()
    changed = body[:17] + _even(72, symbols) + body[89:]
    assert (structure.of_key(changed, 0, len(changed), NOW) is not None) == structured


@over(
    ("run", "found"), [("aaaaa", False), ("aaaaaa", True), ("1234567", False), ("12345678", True), ("87654321", True)]
)
def test_the_length_of_a_run(run: str, found: bool) -> None:
    """Six equal characters are a run, and eight in sequence."""
    assert placeholders.has_run(f"Q{run}Z".encode()) == found


def test_eight_characters_must_be_left() -> None:
    """Of a body fewer than eight characters of which are no words, a person is the author."""
    words = b"replaceexampleplaceholder"
    assert [placeholders.typed(words + rest) for rest in (b"Q7wZ2Kp", b"Q7wZ2KpJ")] == [True, False]


@over(
    ("kind", "length", "found"),
    [("pi", 24, False), ("pi", 25, True), ("pi", 26, False),
     ("seti", 19, False), ("seti", 20, True), ("seti", 80, True), ("seti", 81, False)],
)  # fmt: skip
def test_the_lengths_of_an_intents_secret(kind: str, length: int, found: bool) -> None:
    """A payment's secret half has 25 characters, a set-up's 20 to 80."""
    keys = Keys(22)
    key = f"{kind}_{keys.body(24)}" + "_secret" + f"_{keys.body(length)}"
    assert secrets(f'"{key}"') == [key] * found


@over("more", [-1, 0, 1])
def test_the_length_of_a_sessions_secret(more: int) -> None:
    """A session's secret has 47 characters behind its prefix."""
    key = "cuss" + "_secret" + f"_{Keys(23).body(47 + more)}"
    assert secrets(f'"{key}"') == [key] * (not more)


@over(("length", "found"), [(23, False), (24, True), (260, True), (261, False)])
def test_the_lengths_of_an_organizations_key(length: int, found: bool) -> None:
    """An organization's key has 24 to 260 characters behind its prefix."""
    key = "sk_" + "org_live_" + Keys(24).body(length)
    assert secrets(f'"{key}"') == [key] * found


@over(("length", "found"), [(39, True), (40, False), (50, False), (51, True)])
def test_clerks_lengths(length: int, found: bool) -> None:
    """Only keys of 40 to 50 characters can be Clerk's."""
    key = Keys(25).secret(length)
    assert secrets(f"CLERK={key}") == [key] * found


def test_two_dots_are_no_mask() -> None:
    """A key at the end of a sentence, or of a path that goes up, is whole."""
    key = Keys(26).secret24()
    assert secrets(f"={key}..") == [key]


def test_how_far_context_reaches() -> None:
    """256 characters of a line and 64 KiB of a file count; the tests of context take both by name."""
    assert (context.LINE, context.SIBLING) == (256, 65_536)


@over("prefix", ["sk_" + "live_", "whsec" + "_", "cuss" + "_secret_", "oak" + "_", "pst" + "_live_"])
def test_twelve_characters_are_hidden(prefix: str) -> None:
    """Whatever begins like a secret and continues for twelve characters is not printed."""
    body = "Q7wZ2KpJ4mNx"
    assert body not in SCREENED.redact(f"={prefix}{body} ")
    assert SCREENED.redact(f"={prefix}{body[:-1]} ") == f"={prefix}{body[:-1]} "


@over(("validate", "least"), [(tiers.key, 24), (tiers.sandbox, 24), (tiers.organization, 24), (tokens.loose, 20)])
def test_validators_ask_for_the_least_length_themselves(
    validate: Callable[[Place], Verdict | None], least: int
) -> None:
    """A validator refuses a body that is too short, though the sieves before it do so as well."""
    verdicts = []
    for size in (least - 1, least):
        data = b"absec_" + Keys(27).body(size).encode()
        verdicts.append(validate(Place(data, 0, 6, 0, len(data), binary=False, now=NOW, glued=STRIPE.glued)))
    assert [verdict is not None for verdict in verdicts] == [False, True]


@over("length", range(24, 39))
def test_clerks_hosts_are_of_any_length(length: int) -> None:
    """Base64 of a host and a dollar sign is Clerk's whatever remains of its last group; other bodies are not."""
    host = ("honest-tapir-42.clerk.accounts.dev" * 2)[: length * 6 // 8 - 1]
    body = base64.b64encode(f"{host}$".encode()).decode().rstrip("=")
    assert len(body) == length or length % 4 == 1
    assert secrets("STRIPE=pk_" + f"live_{body}") == []
    key = Keys(28).secret(length)
    assert secrets(f"STRIPE={key}") == [key]


def test_a_configuration_without_a_table_is_the_default_profile() -> None:
    """Where no table is above a key, what the file says before it counts as far as 4096 bytes, inside the file."""
    key = Keys(29).secret99(live=False)
    line = f'test_mode_api_key = "{key}"\n'.encode()
    expiry = b"test_mode_key_expires_at = '2027-01-31'\n"
    for before, said in ((expiry, ", expires 2027-01-31"), (expiry + b"#" * 5000 + b"\n", "")):
        data = before + line
        start = data.index(key.encode())
        told = clifiles.note(data, start, start + len(key), 0, len(data))
        assert told == f", Stripe CLI profile default{said}"
    data = expiry + line
    start = data.index(key.encode())
    assert clifiles.note(data, start, start + len(key), len(expiry), len(data)) == ", Stripe CLI profile default"


def test_a_run_in_the_random_part_is_no_key() -> None:
    """A body that is built like a key's and holds six equal characters in a row was made up."""
    body = Keys(30).body99()
    assert structure.of_key(body.encode(), 0, len(body), NOW) is not None
    typed = body[:40] + "aaaaaa" + body[46:]
    assert structure.of_key(typed.encode(), 0, len(typed), NOW) is None


def test_a_length_byte_promises_no_more_than_there_is() -> None:
    """In a binary a string that ends before its length says is not a credential."""
    key = Keys(31).secret24()
    assert secrets(b"\0\0" + bytes([len(key)]) + key.encode()[:-4] + b"\0" * 9, binary=True) == []


@over("prefix", sorted(PREFIXES - {b"accs_secret__", b"cuss_secret_", b"seti_", b"pi_", b"_secret_"}))
def test_the_longest_key_ends_where_another_prefix_begins(prefix: bytes) -> None:
    """A key of 247 characters is whole though the prefix of another is glued to it."""
    key = Keys(32).secret(247).encode()
    assert secrets(key + prefix)[:1] == [key.decode()]


def test_a_prefix_that_the_file_cuts_off_ends_nothing() -> None:
    """What follows the file's end does not complete a prefix that would end the credential before it."""
    data = b"a" * 30 + b"whsec_" + b"b" * 30
    place = Place(data, 0, 0, 0, 35, binary=False, now=NOW, glued=STRIPE.glued)
    assert verdict.cut(place, 35) == 35
    assert verdict.cut(place._replace(high=36), 36) == 30


def test_a_counted_secret_ends_in_its_file() -> None:
    """A signing secret in a binary is not completed by what follows the file's end."""
    secret = Keys(33).webhook().encode()
    data = b"\0" + bytes([len(secret)]) + secret + b"x"
    place = Place(data, 2, 8, 0, len(data), binary=True, now=NOW, glued=STRIPE.glued)
    assert tokens.webhook(place) is not None
    assert tokens.webhook(place._replace(high=len(data) - 9)) is None


@over("before", [b"a", b"\0"])
@over("behind", [b"", b"z", b"\0"])
def test_a_counted_hexadecimal_secret_has_64_digits(before: bytes, behind: bytes) -> None:
    """In a binary the length before a secret as `stripe listen` prints it tells where it ends."""
    secret = Keys(35).webhook_hex()
    data = b"\0" + bytes([len(secret)]) + secret.encode()
    assert secrets(data + behind, binary=True) == [secret]
    short = b"\0" + bytes([len(secret) - 1]) + secret[:-1].encode() + b"z"
    assert secrets(before + short + behind, binary=True) == []


@over(("length", "found"), [(19, False), (20, True)])
def test_the_least_secret_of_an_intent(length: int, found: bool) -> None:
    """The validator itself asks for twenty characters, though the sieves before it do so as well."""
    keys = Keys(36)
    before = b"seti_" + keys.body(24).encode()
    data = before + b"_secret_" + keys.body(length).encode()
    place = Place(data, len(before), len(before) + 8, 0, len(data), binary=False, now=NOW, glued=STRIPE.glued)
    assert (tokens.intent_secret(place) is not None) == found


@over(("parameters", "found"), [("", True), ("38;5;200;48;", True), ("38;5;200;48;5", False)])
def test_a_colour_of_the_terminal_is_no_word(parameters: str, found: bool) -> None:
    """The letter that ends a terminal's colour, of up to twelve characters, is not part of the key behind it."""
    key = Keys(37).secret24()
    assert secrets(f"\x1b[{parameters}m{key} ") == [key] * found


@over("escape", ["%2F", "=3D", "%3a", "\\x2D", "\\u002f", "\\075"])
def test_an_escape_before_a_credential_is_no_part_of_a_word(escape: str) -> None:
    """An escape whose character is no letter or digit ends the word before it, whatever its last digit is."""
    key = Keys(34).secret24()
    assert secrets(f"a{escape}{key} ") == [key]


@over("length", [25, 30, 33])
def test_a_length_byte_takes_nothing_in_that_is_no_letter_or_digit(length: int) -> None:
    """In a binary a key is not continued to the length that precedes it."""
    key = Keys(38).secret(length)
    data = b"\0" + bytes([len("sk_" + "live_") + 34]) + key.encode() + b"\0" * 9
    assert secrets(data, binary=True) == [key]


@over("before", range(256))
def test_what_stands_before_a_length_byte_is_of_no_text(before: int) -> None:
    """A space, the length of the oldest keys, is one in a text as well: the byte before it tells."""
    data = bytes([before, 32]) + b"x" * 32 + b"more"
    place = Place(data, 2, 10, 0, len(data), binary=True, now=NOW, glued=STRIPE.glued)
    assert verdict.counted(place, 34) == (before not in b"\t\n\r" and not 0x20 <= before <= 0x7E)


@over(
    ("low", "binary", "length", "expected"),
    [(1, True, 32, True), (2, True, 32, False), (1, False, 32, False), (1, True, 31, False), (1, True, 33, False)],
)
def test_a_length_byte_is_the_files_own(low: int, binary: bool, length: int, expected: bool) -> None:
    """What precedes the file tells nothing, neither of the length nor of what kind of byte that is."""
    data = bytes([ord("a"), length]) + b"x" * 32 + b"more"
    place = Place(data, 2, 10, low, len(data), binary=binary, now=NOW, glued=STRIPE.glued)
    assert verdict.counted(place, 34) == expected


@over(("last", "found"), [(7, False), (8, True), (9, True)])
def test_the_last_piece_of_a_key_proves_where_it_ends(last: int, found: bool) -> None:
    """What nothing is known of is not taken from a piece of its own that continues behind the key."""
    key = Keys(39).secret99()
    assert (key in secrets(f'"{key[:-last]}" + "{key[-last:]}more"')) == found
