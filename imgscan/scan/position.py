"""Where in a text a byte is: line and column, tracked while the file goes by in windows.

Lines and columns count from 1, columns count characters of the decoded text. A line that is not valid UTF-8 is
counted as Latin-1. A file with a NUL in its first 8 KiB is a binary and has no lines, unless it is UTF-16.
"""

from __future__ import annotations

import codecs
from typing import Literal

HEAD = 8192
"""Bytes at the start of a file that decide whether it is text; git and grep look as far or farther."""

Charset = Literal["binary", "8-bit", "utf-16-le", "utf-16-be"]

_UTF8_BOM = codecs.BOM_UTF8
_DENSE = 4  # UTF-16 without a mark: at least every fourth of its units has a zero byte


def charset_of(head: bytes) -> Charset:
    """Determine a file's charset from its first `HEAD` bytes (all of it, if it is shorter).

    UTF-16 without a byte order mark is recognised if zero bytes are on only one side of its units.
    """
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    zeros = head.count(0)
    if not zeros:
        return "8-bit"
    if zeros >= len(head) // (2 * _DENSE) and len(head) >= 2:
        if 0 not in head[::2]:
            return "utf-16-le"
        if 0 not in head[1::2]:
            return "utf-16-be"
    return "binary"


class TextPosition:
    """Follows one file from its first byte; `advance` must be given its bytes in order."""

    def __init__(self, head: bytes) -> None:
        self.charset = charset_of(head)
        self.offset = 0
        self.line = 1
        self._unit = 1 if self.charset == "8-bit" else 2
        self._newline = {"utf-16-le": b"\n\0", "utf-16-be": b"\0\n"}.get(self.charset, b"\n")
        self._half = b""
        self._mark = len(_UTF8_BOM) if head.startswith(_UTF8_BOM) else 0
        if self.charset != "8-bit" and head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            self._mark = 2
        if not self.binary:
            self._begin_line()

    @property
    def binary(self) -> bool:
        """Whether the file has no lines."""
        return self.charset == "binary"

    def _begin_line(self) -> None:
        name = "utf-8" if self._unit == 1 else self.charset
        self._decoder = codecs.getincrementaldecoder(name)("strict" if self._unit == 1 else "replace")
        self._valid = True
        self._characters = 0
        self._bytes = 0

    def advance(self, data: bytes, start: int, end: int) -> None:
        """Skip the file's next bytes, which are `data[start:end]`."""
        begin = self.offset
        self.offset += end - start
        if self.binary:
            return
        if begin < self._mark:
            start += min(self._mark - begin, end - start)
        if self._unit == 2:  # a piece may end inside a unit, whose other half comes with the next
            data, start = self._half + data[start:end], 0
            end = len(data) & ~1
            self._half = data[end:]
        cut = self._after_last_newline(data, start, end)
        if cut is not None:
            self.line += cut[1]
            self._begin_line()
            start = cut[0]
        self._count(data[start:end])

    def skip(self, count: int) -> None:
        """Skip zero bytes, an even number of them, which were not read; zeros came just before them too."""
        self.offset += count
        if not self.binary:
            self._bytes += count
            self._characters += count // self._unit

    def _after_last_newline(self, data: bytes, start: int, end: int) -> tuple[int, int] | None:
        """Return where the last line begins and how many newlines precede it; None without a newline."""
        if self._unit == 1:
            lines = data.count(b"\n", start, end)
            return (data.rfind(b"\n", start, end) + 1, lines) if lines else None
        lines, last, found = 0, 0, data.find(self._newline, start, end)
        while found >= 0:
            if found % 2 == 0:
                lines, last = lines + 1, found + 2
            found = data.find(self._newline, found + (2 if found % 2 == 0 else 1), end)
        return (last, lines) if lines else None

    def _count(self, data: bytes) -> None:
        self._bytes += len(data)
        if not self._valid:
            return
        try:
            self._characters += len(self._decoder.decode(data))
        except UnicodeDecodeError:
            self._valid = False

    @property
    def column(self) -> int:
        """The column of the byte at `offset`."""
        if self._valid and not (self._unit == 1 and self._decoder.getstate()[0]):
            return self._characters + 1
        return self._bytes + 1

    def past(self, carrier: bytes) -> tuple[int, int]:
        """Return line and column one past a carrier that begins at `offset`; carriers are ASCII in each encoding."""
        text = carrier.replace(b"\0", b"")
        lines = text.count(b"\n")
        if not lines:
            return self.line, self.column + len(text)
        return self.line + lines, len(text) - text.rfind(b"\n")
