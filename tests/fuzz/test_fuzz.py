"""A short run of every fuzz target, and that the fuzzer would see what it looks for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from imgscan.containers.base import Member
from imgscan.streams.readers import StreamError
from tests.fuzz import __main__ as driver
from tests.fuzz.law import LARGEST, Target, TooMuchWorkError, check
from tests.fuzz.mutate import mutate
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_break_no_law(name: str) -> None:
    """Each target takes the inputs that others are made from, and the empty one."""
    for seed in [*TARGETS[name].seeds(), b""]:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_break_no_law(name: str) -> None:
    """Inputs made from the seeds, the same ones each time."""
    rng = random.Random(name)
    seeds = TARGETS[name].seeds()
    for _ in range(TARGETS[name].tries):
        TARGETS[name].run(mutate(seeds, rng))


class Breaking:
    """Members that raise instead of coming."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def __iter__(self) -> Iterator[Member]:
        return self

    def __next__(self) -> Member:
        """Raise."""
        raise self._failure


@pytest.mark.parametrize(
    ("parts", "failure"),
    [
        (lambda: Breaking(KeyError()), KeyError),
        (lambda: Breaking(StreamError("code", "text")), StreamError),
        (lambda: iter([Member(b"a", (bytes(LARGEST + 1),))]), AssertionError),
        (lambda: iter([Member(b"a", (b"",), (9, 1))]), AssertionError),
        (lambda: (Member(b"a", (b"",)) for _ in range(1_000_000)), TooMuchWorkError),
    ],
)
def test_the_laws_are_held(parts: Callable[[], Iterator[Member]], failure: type[Exception]) -> None:
    """What raises outside chunks, gives too large a chunk or an odd extent, or works too much, is caught."""
    with pytest.raises(failure):
        check(parts(), 1)


def test_the_driver_saves_what_breaks_and_replays_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An input that breaks a law is written as hex, is run again from there, and the exit code says so."""

    def fragile(data: bytes) -> None:
        assert data.startswith(b"good")

    monkeypatch.setattr(driver, "TARGETS", {"fragile": Target("fragile", fragile, lambda: [b"good", b"good input"])})
    saved = tmp_path / "broken.txt"
    assert driver.main(["--plain", "--minutes", "0.5", "--save", f"{saved}"]) == 1
    assert driver.main(["--replay", f"{saved}"]) == 1
    assert not bytes.fromhex(saved.read_text().split()[1]).startswith(b"good")
    assert "10 broken" in capsys.readouterr().out
