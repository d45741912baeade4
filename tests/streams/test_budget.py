"""The memory budget: the sum never exceeds it, and nobody waits forever."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import zstandard

from imgscan.streams.budget import Budget
from imgscan.streams.inflate import MEMORY_LIMIT, decoder_memory


def test_the_sum_never_exceeds_the_budget() -> None:
    """Whatever is reserved at the same time fits, and everybody gets a turn."""
    budget = Budget(100)
    lock = threading.Lock()
    held, most, turns = 0, 0, 0

    def work(count: int) -> None:
        nonlocal held, most, turns
        with budget.reserve(count):
            with lock:
                held += count
                most = max(most, held)
            for _ in range(20):
                os.sched_yield()  # the others get to try while this is held
            with lock:
                held -= count
                turns += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [(7 * number) % 100 for number in range(80)]))
    assert turns == 80
    assert most <= 100


def test_requests_that_fit_together_do_not_wait() -> None:
    """Two requests within the budget are held at the same time."""
    budget = Budget(100)
    with budget.reserve(60), budget.reserve(40):
        pass


def test_a_request_over_the_budget_is_served_alone() -> None:
    """A request larger than the whole budget waits until nobody holds any of it, and is served then."""
    budget = Budget(100)
    served = threading.Event()

    def greedy() -> None:
        with budget.reserve(1000):
            served.set()

    thread = threading.Thread(target=greedy)
    with budget.reserve(1):
        thread.start()
        assert not served.wait(0.05)
    thread.join(10)
    assert served.is_set()


def test_a_failure_gives_back_what_was_reserved() -> None:
    """An exception inside the reservation frees it."""
    budget = Budget(100)

    def fail() -> None:
        with budget.reserve(100):
            raise OSError

    with pytest.raises(OSError):
        fail()
    with budget.reserve(100):
        pass


def _window(log: int) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=log, strategy=1, chain_log=6, hash_log=6)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(b"x" * 100) + compressor.flush()


def test_a_decoder_is_expected_to_hold_enough() -> None:
    """What is reserved for a decoder covers the window that its input asks for, as far as that can be told."""
    table: list[tuple[bytes, int]] = [
        (b"plain bytes", 0),
        (gzip.compress(b"x"), 0),
        (bz2.compress(b"x"), 0),
        (lzma.compress(b"x"), 8 << 20),
        (lzma.compress(b"x", preset=9), 64 << 20),
        (lzma.compress(b"x")[:14], MEMORY_LIMIT),
        (lzma.compress(b"x", filters=[{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2}]), MEMORY_LIMIT),
        (zstandard.compress(b"x"), 1),
        (_window(20), 1 << 20),
        (_window(24), 1 << 24),
        (_window(27), MEMORY_LIMIT),
        (b"\x28\xb5\x2f\xfd", MEMORY_LIMIT),
        (struct.pack("<II", 0x184D2A50, 3) + b"toc" + _window(27), MEMORY_LIMIT),
    ]
    for data, least in table:
        assert decoder_memory(data[:18]) >= least, (data, least)
        assert decoder_memory(data[:18]) <= MEMORY_LIMIT, (data, least)
