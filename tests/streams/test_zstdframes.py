"""Walking zstd frames: a stream is whole at the end of a frame and nowhere else."""

from __future__ import annotations

import random
import struct
from itertools import accumulate
from typing import Any

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.streams.zstdframes import ZstdFrames
from tests.effort import examples

TEXT = b"".join(b"line %d\n" % number for number in range(40))
NOISE = random.Random(1).randbytes(90)


def _frame(data: bytes, **options: Any) -> bytes:
    return zstandard.ZstdCompressor(**options).compress(data)


def _piped(*pieces: bytes, checksum: bool = False) -> bytes:
    """Compress without knowing the size, a block for each piece."""
    compressor = zstandard.ZstdCompressor(write_checksum=checksum).compressobj()
    blocks = [compressor.compress(piece) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for piece in pieces]
    return b"".join(blocks) + compressor.flush()


def _skippable(data: bytes, number: int = 0) -> bytes:
    return struct.pack("<II", 0x184D2A50 + number, len(data)) + data


FRAMES = {
    "sized": _frame(TEXT),
    "sized-large": _frame(TEXT * 60),
    "sized-checked": _frame(TEXT, write_checksum=True),
    "unsized": _frame(TEXT, write_content_size=False),
    "raw-block": _frame(NOISE),
    "run-block": _frame(b"a" * 200),
    "empty": _frame(b""),
    "blocks": _piped(TEXT, NOISE, b"", TEXT),
    "blocks-checked": _piped(TEXT, NOISE, checksum=True),
    "skippable": _skippable(b"table of contents"),
    "skippable-one": _skippable(b"t", 15),
    "skippable-empty": _skippable(b"", 7),
}


def whole(data: bytes, size: int = 1 << 20) -> bool:
    """Say whether a stream is whole, fed in pieces of this size."""
    frames = ZstdFrames()
    for at in range(0, len(data), size):
        frames.feed(data[at : at + size])
    return frames.whole


def test_a_frame_is_whole_at_its_end_only() -> None:
    """A frame of any form is cut at each of its bytes but the last, however it comes."""
    for frame in FRAMES.values():
        for size in [1, 3, 1 << 20]:
            assert [cut for cut in range(len(frame) + 1) if whole(frame[:cut], size)] == [0, len(frame)], (frame, size)


def test_the_end_of_every_frame_is_a_whole_stream() -> None:
    """A stream of all sorts of frames is whole at the ends of frames and at no other of its bytes."""
    stream = b"".join(FRAMES.values())
    ends = {0, *accumulate(map(len, FRAMES.values()))}
    frames = ZstdFrames()
    seen = {0}
    for at in range(len(stream)):
        frames.feed(stream[at : at + 1])
        if frames.whole:
            seen.add(at + 1)
    assert seen == ends


@given(st.lists(st.sampled_from(list(FRAMES.values())), min_size=1, max_size=4), st.data())
@settings(max_examples=examples(20))
def test_pieces_change_nothing(parts: list[bytes], data: st.DataObject) -> None:
    """Whether a stream is whole does not depend on the pieces in which it comes."""
    stream = b"".join(parts)
    cut = data.draw(st.integers(0, len(stream)))
    assert whole(stream[:cut], data.draw(st.integers(1, 50))) == whole(stream[:cut])


@given(st.binary(max_size=80), st.integers(1, 9))
@settings(max_examples=examples(20))
def test_other_bytes_are_left_to_the_decoder(junk: bytes, size: int) -> None:
    """Bytes that are no frame are fed without complaint."""
    frames = ZstdFrames()
    for at in range(0, len(junk), size):
        frames.feed(FRAMES["sized"] + junk[at : at + size])
