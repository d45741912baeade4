"""Holding whole files: in memory or on disk, what was fed comes back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from imgscan.streams import spool
from imgscan.streams.spool import Hold, Mapped, Spool, SpoolFullError

if TYPE_CHECKING:
    from imgscan.streams.inflate import Chunk

DATA = random.Random("spool").randbytes(300_000)


def held(room: Spool) -> Hold:
    """Feed the data in pieces."""
    hold = Hold(room)
    for at in range(0, len(DATA), 70_000):
        hold.feed(DATA[at : at + 70_000])
    return hold


@pytest.mark.parametrize(("memory", "kind"), [(1 << 20, bytes), (100_000, Mapped), (0, Mapped)])
def test_what_was_fed_comes_back(memory: int, kind: type[Chunk | Mapped]) -> None:
    """Whether it fits into memory or not, slices and the whole are the data; then all room is free again."""
    room = Spool(memory, 1 << 20)
    hold = held(room)
    data = hold.data()
    assert isinstance(data, kind)
    assert (len(data), bytes(data[1000:200_000]), hold.whole()) == (len(DATA), DATA[1000:200_000], DATA)
    hold.close()
    assert (room.memory(memory), room.disk(1 << 20)) == (True, True)


def test_what_is_looked_at_after_it_was_let_go_of_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a mapped file's bytes are let go of, they come back; views stay right, also after `close`."""
    monkeypatch.setattr(spool, "_RESIDENT", 1 << 17)
    hold = held(Spool(0, 1 << 20))
    data = hold.data()
    chance = random.Random("views")
    spans = [sorted((chance.randrange(len(DATA)), chance.randrange(len(DATA)))) for _ in range(200)]
    views = [data[low:high] for low, high in spans]
    hold.close()
    assert [bytes(view) for view in views] == [DATA[low:high] for low, high in spans]


def test_what_fits_nowhere_is_refused() -> None:
    """More than memory and quota allow raises, and closing gives back what was taken."""
    room = Spool(100_000, 200_000)
    hold = Hold(room)
    hold.feed(DATA[:70_000])
    hold.feed(DATA[:70_000])
    with pytest.raises(SpoolFullError):
        hold.feed(DATA[:70_000])
    hold.close()
    assert (room.memory(100_000), room.disk(200_000)) == (True, True)
