"""What a match shows and knows."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from fixtures.keys import Keys
from imgscan.detect.stripe import examples
from tests.detect.driver import SCREENED
from tests.detect.tables import over


@over("sort", Keys(1).all())
def test_a_match_never_shows_its_secret(sort: str) -> None:
    """Neither `repr` nor `str` of a match holds the credential."""
    secret = Keys(1).all()[sort]
    [match] = SCREENED.search(f"={secret} ".encode())
    assert match.secret.decode() == secret
    for shown in (repr(match), str(match), f"{match}", repr([match])):
        assert secret not in shown
        assert secret[-8:] not in shown


def test_a_match_is_frozen() -> None:
    """A match cannot be changed."""
    [match] = SCREENED.search(Keys(1).secret99().encode())
    with pytest.raises(dataclasses.FrozenInstanceError):
        match.start = 1  # type: ignore[misc]


def test_documented_keys_are_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose SHA-256 is on the list of documented ones is an example, no other is."""
    known, other = Keys(1).secret24(), Keys(2).secret24()
    monkeypatch.setattr(examples, "DOCUMENTED", frozenset({hashlib.sha256(known.encode()).hexdigest()}))
    found = SCREENED.search(f"{known}\n{other}".encode())
    assert [match.example for match in found] == [True, False]


def test_documented_keys_are_hashes() -> None:
    """The list holds lower-case SHA-256 in hexadecimal."""
    assert all(len(each) == 64 and int(each, 16) and each == each.lower() for each in examples.DOCUMENTED)


def test_taken_bytes_are_left_out() -> None:
    """A match that an earlier one covers is left out, one after it is not."""
    key = Keys(1).secret99().encode()
    view = SCREENED.open(key + key)
    candidates = view.candidates(0, 2 * len(key))
    assert len(view.confirm(candidates, 0, 2 * len(key))) == 2
    [match] = view.confirm(candidates, 0, 2 * len(key), taken=len(key))
    assert match.start == len(key)
    assert view.confirm(candidates, 0, 2 * len(key), taken=2 * len(key)) == []
