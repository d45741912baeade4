"""A ruleset is a value, and a new kind of credential is one rule in it."""

from __future__ import annotations

import ast
import base64
import dataclasses
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imgscan.detect
from fixtures.keys import BASE62, Keys
from fixtures.windows import File, whole, windowed
from imgscan.detect import Engine, Prefix, Ruleset
from imgscan.detect.rule import base62
from imgscan.detect.stripe import STRIPE
from imgscan.detect.verdict import Verdict
from tests.detect.driver import NOW, SCREENED
from tests.detect.tables import over
from tests.detect.toys import exactly, toy
from tests.effort import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.detect import Rule
    from imgscan.detect.verdict import Place

PREFIX = "toy_" + "live_"
TOY = toy(PREFIX.encode())
ENGINE = Engine(Ruleset((*STRIPE.rules, TOY)), screen=False, now=NOW)
SECRET = PREFIX + Keys("toy").body(24)
OTHERS = "\n".join([*Keys(1).all().values(), Keys(1).publishable(), *(text for text in STRIPE.rules[0].examples())])


def spelled(pattern: str) -> Callable[[str], bytes]:
    """Write every character of a text in this way."""
    return lambda text: "".join(pattern % byte for byte in text.encode()).encode()


SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "base64": lambda text: base64.b64encode(text.encode()),
    "hex": lambda text: text.encode().hex().encode(),
    "percent": lambda text: text.replace("_", "%5F").encode(),
    "escaped": lambda text: text.replace("_", "\\x5f").encode(),
    "base64+base64": lambda text: base64.b64encode(base64.b64encode(text.encode())),
    "base64+hex": lambda text: base64.b64encode(text.encode().hex().encode()),
    "base64+utf-16-le": lambda text: base64.b64encode(text.encode("utf-16-le")),
}


@over("encoding", SPELLINGS)
def test_a_new_rule_is_found_in_every_encoding(encoding: str) -> None:
    """What one `Rule` says suffices to find its credentials in whatever encoding, at every window."""
    file = File(SPELLINGS[encoding](f"v={SECRET}\n"))
    found = whole(ENGINE, file)
    assert [(each.rule, each.secret.decode(), each.encoding) for each in found] == [("toy_live", SECRET, encoding)]
    for size in (1, 7, 64):
        assert windowed(ENGINE, size, file) == found
    assert whole(SCREENED, file) == []


@over("pattern", ["%%%02x", "\\x%02x", "\\u%04X"])
def test_a_new_rule_is_found_where_every_character_is_escaped(pattern: str) -> None:
    """Prefix, body and all."""
    assert [each.secret.decode() for each in whole(ENGINE, File(spelled(pattern)(f"={SECRET} ")))] == [SECRET]


def test_a_new_rule_is_redacted() -> None:
    """Its credentials are, and so is whatever begins like one; in an encoding it is replaced."""
    assert ENGINE.redact(f"A={SECRET} B") == f"A={SECRET[:11]}…{SECRET[-4:]} B"
    assert ENGINE.redact(f"A={PREFIX}{'x' * 12} B") == f"A={PREFIX}… B"
    assert ENGINE.redact(f"A={PREFIX}{'x' * 11} B") == f"A={PREFIX}{'x' * 11} B"
    assert ENGINE.redact(f"A={base64.b64encode(SECRET.encode()).decode()} B") == "A=[REDACTED] B"
    assert SCREENED.redact(SECRET) == SECRET


def test_as_much_of_a_prefix_stays_as_in_a_finding() -> None:
    """Of prefixes that begin alike the longest that matches stays, whatever the order of the rules."""
    short, long = toy(b"toy_"), toy(PREFIX.encode())
    for rules in ((short, long), (long, short)):
        engine = Engine(Ruleset(rules), screen=False)
        assert engine.redact(f"A={PREFIX}{'x' * 20}") == f"A={PREFIX}xx…xxxx"
        assert engine.redact("A=toy" + f"_{'x' * 20}") == "A=toy_xx…xxxx"


@over("encoding", SPELLINGS)
def test_the_reach_covers_the_longest_rule(encoding: str) -> None:
    """A rule of longer credentials than all others makes the decoders reach farther, and the windows."""
    rule = toy(b"toy_long_", 700)
    engine = Engine(Ruleset((*STRIPE.rules, rule)), screen=False, now=NOW)
    secret = "toy_" + "long_" + Keys("long").text(700)
    assert [each.secret.decode() for each in whole(engine, File(SPELLINGS[encoding](f"v={secret};")))] == [secret]
    assert whole(engine, File(SPELLINGS[encoding](f"v={secret}***"))) == []
    assert engine.reach_ahead > SCREENED.reach_ahead
    assert engine.reach_behind > SCREENED.reach_behind


def test_the_prefix_of_a_new_rule_ends_a_body() -> None:
    """A key to which a new credential is glued is whole, unless the rule says that its prefix ends nothing."""
    key = Keys(2).secret24()
    loose = Engine(Ruleset((*STRIPE.rules, toy(PREFIX.encode(), prefix={"glued": False}))), screen=False, now=NOW)
    for engine, found in ((ENGINE, key), (loose, f"{key}toy")):
        first = engine.search(f"={key}{SECRET} ".encode())[0]
        assert first.secret.decode() == found


def test_a_new_rule_may_prove_itself() -> None:
    """Its credentials are put together from pieces, wherever they are split, also in the middle of the prefix."""
    size = 40

    def validate(place: Place) -> Verdict | None:
        end = place.body + size
        proved = re.fullmatch(b"q[0-9A-Za-z]{39}", place.data[place.body : min(end, place.high)])
        return Verdict(place.start, end, place.body - place.start, "high", "high", proof=size + 9) if proved else None

    prefix = Prefix(b"toy_live_", None, validate, base62(24), anchor=b"y_live_", proof=b"q", pieces=True)
    mid = dataclasses.replace(prefix, anchor=b"toy_", core=b"toy_")
    secret = PREFIX + "q" + Keys("proof").body(size - 1)
    for each in (prefix, mid):
        rule = dataclasses.replace(TOY, prefixes=(each,), max_length=size + 9)
        engine = Engine(Ruleset((rule,)), screen=False)
        for at in [9, 10, 20, len(secret) - 1, *([2, *range(4, 9)] if each is prefix else [4])]:
            data = f'"{secret[:at]}" + "{secret[at:]}"'.encode()
            assert [(match.secret.decode(), match.encoding) for match in engine.search(data)] == [(secret, "split")], at


def test_rules_vouch_for_those_of_their_issuer() -> None:
    """A credential that vouches makes others of the same issuer more certain, and nobody else's."""
    other = toy(b"toy_open_", vouches=True)
    engine = Engine(Ruleset((*STRIPE.rules, TOY, other)), screen=False, now=NOW)
    vouching = "toy_" + "open_" + Keys("open").body(24)
    key, publishable = Keys(3).secret24(), Keys(3).publishable24()

    def sure(*lines: str) -> list[str]:
        return [match.confidence for match in engine.search("\n".join(lines).encode())]

    assert sure(SECRET) == ["medium"]
    assert sure(SECRET, vouching) == ["high", "medium"]
    assert sure(base64.b64encode(vouching.encode()).decode(), SECRET) == ["medium", "high"]
    assert sure(key, vouching) == ["medium", "medium"]
    assert sure(SECRET, publishable) == ["medium", "medium"]
    assert sure(key, publishable) == ["high", "medium"]


def test_words_speak_of_their_own_issuer() -> None:
    """What is said beside a credential counts if it is its issuer's name."""
    for word, sure in (("toyshop", "high"), ("stripe", "medium")):
        assert [match.confidence for match in ENGINE.search(f"{word}: {SECRET}".encode())] == [sure]


def test_optional_rules_are_no_secrets() -> None:
    """Their credentials stay in what is printed, in whatever encoding."""
    engine = Engine(Ruleset((toy(PREFIX.encode(), optional=True),)), screen=False, now=NOW)
    text = f"{SECRET} {base64.b64encode(SECRET.encode()).decode()}"
    assert len(engine.search(text.encode())) == 2
    assert engine.redact(text) == text


def test_a_new_rule_changes_nothing_else() -> None:
    """Credentials of the other rules are found and redacted as they were."""
    for encoding, spell in SPELLINGS.items():
        file = File(spell(OTHERS))
        assert whole(ENGINE, file) == whole(SCREENED, file), encoding
    assert ENGINE.redact(OTHERS) == SCREENED.redact(OTHERS)
    assert set(STRIPE.anchors) < set(ENGINE.ruleset.anchors)
    assert {form.key for form in STRIPE.forms} < {form.key for form in ENGINE.ruleset.forms}


def test_an_anchor_may_be_shared() -> None:
    """The anchor of one rule may be the core of another: both are found in every encoding."""
    engine = Engine(Ruleset((*STRIPE.rules, toy(b"a_live_", prefix={"anchor": b"_live_"}))), screen=False, now=NOW)
    key, own = Keys(4).secret99(), "a_" + "live_" + Keys(4).body(24)
    for secret in (key, own):
        for spell in SPELLINGS.values():
            assert secret in [each.secret.decode() for each in whole(engine, File(spell(f"={secret} ")))]


def test_a_ruleset_is_a_value() -> None:
    """Two of the same rules are equal, one cannot be changed, and nothing is built before it is requested."""
    made = Ruleset(STRIPE.rules)
    assert (made == STRIPE, hash(made) == hash(STRIPE)) == (True, True)
    assert made != Ruleset(STRIPE.rules[1:])
    assert list(vars(made)) == ["rules"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.rules = ()  # type: ignore[misc]


def test_what_is_costly_is_built_once() -> None:
    """Engines of a ruleset share its sieves; another ruleset has its own."""
    made = Ruleset((TOY,))
    automaton, forms = made.automaton, made.forms
    Engine(made, screen=False)
    assert (made.automaton is automaton, made.forms is forms) == (True, True)
    assert Ruleset((TOY,)).automaton is not automaton
    assert "screen" not in vars(made)


def test_importing_builds_nothing() -> None:
    """The default ruleset is no more than its rules until somebody searches."""
    code = "from imgscan.detect.stripe import STRIPE; print(*vars(STRIPE))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["rules"]


@over(
    "wrong",
    [
        lambda: Prefix(b"toy", None, exactly(24), base62(24)),
        lambda: Prefix(b"toy_live_", None, exactly(24), base62(24), anchor=b"toys_"),
        lambda: Prefix(b"toy_live_", None, exactly(24), base62(24), core=b"ve_"),
        lambda: Ruleset(()),
        lambda: Ruleset((TOY, TOY)),
    ],
)
def test_what_is_no_rule_is_an_error(wrong: Callable[[], object]) -> None:
    """A prefix holds its anchors, which are not too short; a ruleset has rules, no two with one id."""
    with pytest.raises(ValueError, match=r"^(no anchor of the prefix|not a ruleset)"):
        wrong()


def test_an_anchor_of_four_characters_is_long_enough() -> None:
    """It is found in base64 as well."""
    engine = Engine(Ruleset((toy(b"toy_"),)), screen=False)
    secret = "toy_" + Keys("short").body(24)
    for before in range(3):
        [match] = engine.search(base64.b64encode(b"=" * before + secret.encode() + b"\n"))
        assert match.secret.decode() == secret


def test_what_is_general_knows_nothing_of_stripe() -> None:
    """Outside of `detect/stripe` nothing of the detector imports anything in it, or says its name in code."""
    root = Path(imgscan.detect.__file__).parent
    for path in [path for path in root.rglob("*.py") if "stripe" not in path.parts[-2:]]:
        tree = ast.parse(path.read_text())
        names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not [name for name in names if "stripe" in name], path


prefixes = st.builds(
    lambda head, tail: f"{head}{tail}_".encode(), st.text("abk_", min_size=3, max_size=5), st.text("ab_", max_size=2)
)


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    """Draw a few rules, with prefixes that hold and overlap each other."""
    made: dict[str, Rule] = {}
    for text in draw(st.lists(prefixes, min_size=1, max_size=3)):
        size = draw(st.sampled_from([12, 24, 300]))
        anchor = text[draw(st.integers(0, len(text) - 4)) :]
        core = anchor[draw(st.integers(0, len(anchor) - 4)) :]
        rule = toy(
            text,
            size,
            prefix={"anchor": anchor, "core": core, "glued": draw(st.booleans()), "pieces": draw(st.booleans())},
            vouches=draw(st.booleans()),
        )
        made.setdefault(rule.id, rule)
    return Ruleset(tuple(made.values()))


@given(rulesets(), st.data())
@settings(max_examples=examples(10))
def test_the_sieves_of_any_ruleset_miss_nothing(ruleset: Ruleset, data: st.DataObject) -> None:
    """Whatever the rules, the sieves find what a naive search for their literals finds, with the screen and without."""
    literals = [form.literal for form in ruleset.forms]
    pieces = st.one_of(st.sampled_from(literals), st.binary(max_size=4))
    text = b"".join(data.draw(st.lists(pieces, max_size=12)))
    naive = sorted((at, literal) for literal in literals for at in range(len(text)) if text.startswith(literal, at))
    engines = [Engine(ruleset, screen=False), Engine(ruleset)]
    if engines[1].screened:
        ruleset.screen._left = 0  # screens the first byte, too
    for engine in engines:
        assert sorted((each.position, each.form.literal) for each in engine.find(text, 0, len(text))) == naive


@given(rulesets(), st.text(BASE62, min_size=300, max_size=300), st.sampled_from(sorted(SPELLINGS)))
@settings(max_examples=examples(20))
def test_no_credential_of_any_ruleset_is_missed_or_printed(ruleset: Ruleset, body: str, encoding: str) -> None:
    """Whatever the rules, each credential is found in every encoding and at every window, and is not printed."""
    engine = Engine(ruleset, screen=False)
    for rule in ruleset.rules:
        [prefix] = rule.prefixes
        secret = prefix.text.decode() + body[: rule.max_length - len(prefix.text)]
        file = File(SPELLINGS[encoding](f"={secret}\n"))
        found = whole(engine, file)
        assert secret in [each.secret.decode() for each in found]
        assert windowed(engine, 13, file) == found
        shown = engine.redact(f"={secret}\n") + engine.redact(file.data.decode("latin-1"))
        assert secret not in shown
        assert engine.search(shown.encode()) == []
