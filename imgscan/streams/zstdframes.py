"""Whether a zstd stream ended where it should.

The decoder ends quietly at a cut stream, so the frames are walked beside it. Format: RFC 8878, section 3.1: a frame
is a header and blocks, each block three bytes (last-block flag, type, size) and its content, then perhaps a checksum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from imgscan.streams.aside import Aside

FRAME_MAGIC = b"\x28\xb5\x2f\xfd"
SKIPPABLE = "zstd/skippable"
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_FIELD_SIZES = (0, 2, 4, 8)  # frame content size, by its two-bit flag; 0 means 1 with a single segment
_DICTIONARY_SIZES = (0, 1, 2, 4)
_RLE_BLOCK = 1
_RESERVED_BLOCK = 3


class ZstdFrames:
    """Fed with the compressed bytes; `whole` says whether they end at the end of a frame.

    The content of skippable frames goes to `aside`. `foreign` are the first bytes that follow the last frame, where
    those begin no frame.
    """

    def __init__(self, aside: Aside | None = None) -> None:
        self.whole = True
        self.foreign = b""
        self._aside = aside
        self._skippable = False
        self._fresh = False
        self._known = True  # turns false at bytes that are no frame: the decoder will complain of those
        self._skip = 0
        self._held = bytearray()
        self._steps = self._walk()
        self._want = next(self._steps)

    def feed(self, data: bytes) -> int | None:
        """Take the next bytes of the stream; return where in them the `foreign` ones end, None without those."""
        position = 0
        size = len(data)
        while self._known and position < size:
            if self._skip:
                step = min(self._skip, size - position)
                if self._skippable and self._aside is not None:
                    self._aside.piece(SKIPPABLE, data[position : position + step], fresh=self._fresh)
                    self._fresh = False
                self._skip -= step
                position += step
                continue
            step = min(self._want - len(self._held), size - position)
            self._held += data[position : position + step]
            position += step
            if len(self._held) == self._want:
                field = bytes(self._held)
                self._held.clear()
                self._want = self._steps.send(field)
        if self._known:
            self.whole = self.whole and not self._skip and not self._held
        return position if self.foreign else None

    def _walk(self) -> Generator[int, bytes, None]:
        """Ask for fields by their sizes, and set how much to skip before the next."""
        frames = 0
        while True:
            self.whole = True
            self._skippable = False
            magic = yield 4
            self.whole = False
            if int.from_bytes(magic, "little") in _SKIPPABLE:
                self._skip = int.from_bytes((yield 4), "little")
                if self._skip:
                    # One byte is requested, so that the frame counts as cut until its last byte is there.
                    self._skip -= 1
                    self._skippable = self._fresh = True
                    final = yield 1  # it comes when the rest has been skipped
                    if self._aside is not None:
                        self._aside.piece(SKIPPABLE, final, fresh=self._fresh)
                frames += 1
                continue
            if magic != FRAME_MAGIC:
                self._known = False
                self.foreign = magic if frames else b""
                yield 1
                continue
            frames += 1
            descriptor = (yield 1)[0]
            single = descriptor >> 5 & 1
            size_field = _FIELD_SIZES[descriptor >> 6] or single
            header = (0 if single else 1) + _DICTIONARY_SIZES[descriptor & 3] + size_field
            if header:
                yield header
            last = False
            while not last:
                block = int.from_bytes((yield 3), "little")
                last = bool(block & 1)
                kind = block >> 1 & 3
                if kind == _RESERVED_BLOCK:
                    self._known = False
                    yield 1
                    break
                content = 1 if kind == _RLE_BLOCK else block >> 3
                if content:
                    self._skip = content - 1
                    yield 1
            if descriptor & 4:
                yield 4
