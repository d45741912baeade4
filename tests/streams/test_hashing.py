"""Hashing on a thread beside the stream."""

from __future__ import annotations

import hashlib
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.streams.hashing import ALGORITHMS, Hashing
from tests.effort import examples

chunks = st.lists(st.binary(max_size=40) | st.sampled_from([b"x" * 65_535, b"y" * 65_536, b"z" * 200_000]), max_size=8)


@given(chunks)
@settings(max_examples=examples(20))
def test_the_digest_is_that_of_all_chunks(parts: list[bytes]) -> None:
    """Chunks of any size are hashed in order, short ones too, as bytes and as views."""
    with Hashing() as hashing:
        target = hashing.new("sha256")
        for number, part in enumerate(parts):
            hashing.update(target, memoryview(part) if number % 2 else part)
        hashing.finish()
    assert target.hexdigest() == hashlib.sha256(b"".join(parts)).hexdigest()


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([b"", b"ab", b"c" * 70_000])), max_size=12))
@settings(max_examples=examples(13))
def test_several_digests_do_not_mix(updates: list[tuple[int, bytes]]) -> None:
    """The stored and the plain bytes of a blob are hashed at the same time, each on its own."""
    expected = [hashlib.new(algorithm) for algorithm in ALGORITHMS]
    with Hashing() as hashing:
        targets = [hashing.new(algorithm) for algorithm in ALGORITHMS]
        for number, data in updates:
            hashing.update(targets[number], data)
            expected[number].update(data)
        hashing.finish()
    assert [target.hexdigest() for target in targets] == [target.hexdigest() for target in expected]


def test_nothing_is_hashed_without_a_byte() -> None:
    """The digest of an empty stream is that of no bytes."""
    with Hashing() as hashing:
        target = hashing.new("sha512")
        hashing.finish()
    assert target.hexdigest() == hashlib.sha512().hexdigest()


def test_leaving_ends_the_thread() -> None:
    """The worker is gone when the context is left, also by an exception."""

    def fail() -> None:
        with Hashing() as hashing:
            hashing.update(hashing.new("sha256"), b"x" * 100_000)
            raise OSError

    with pytest.raises(OSError):
        fail()
    assert not [thread for thread in threading.enumerate() if thread.name == "imgscan-hash"]
