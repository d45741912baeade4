r"""JSON bytes from plain values: the one place that calls orjson.

Everything that is written comes from hostile images, so no string may make the serializer fail: lone surrogates,
which UTF-8 has no form for, are written as the text `\udcNN`, and integers that no 64 bits hold (a header can claim
any size) as the nearest that they do.

A report may have a million findings, so no document is held as a whole: where a list may be long its items are an
iterator, and are serialised one by one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

from imgscan.gate import json_escaped

if TYPE_CHECKING:
    from typing import BinaryIO

_LEAST, _MOST = -(2**63), 2**63 - 1
_PIECE = 1 << 16


def compact(value: Any) -> bytes:
    """Serialize on one line, without a newline at the end."""
    return _dump(value, 0)


def indented(value: Any, depth: int = 0) -> bytes:
    """Serialize with two spaces a level, as it stands `depth` levels deep in a document.

    The first line is not indented. JSON has no raw newline within a string, so moving lines changes no value.
    """
    return _dump(value, orjson.OPT_INDENT_2).replace(b"\n", b"\n" + b"  " * depth)


def pieces(members: Mapping[str, Any], depth: int = 0) -> Iterator[bytes]:
    """Serialize an object as `indented` does, piece by piece; members that are iterators are lists of their items.

    Items are values, or bytes that were indented for their place, two levels deeper than the object.
    """
    margin = b"\n" + b"  " * (depth + 1)
    before = b"{"
    for name, value in members.items():
        yield before + margin + compact(name) + b": "
        if isinstance(value, Iterator):
            yield from _listed(value, depth + 1)
        else:
            yield indented(value, depth + 1)
        before = b","
    yield b"{}" if before == b"{" else b"\n" + b"  " * depth + b"}"


def _listed(items: Iterator[Any], depth: int) -> Iterator[bytes]:
    margin = b"\n" + b"  " * (depth + 1)
    before = b"["
    for item in items:
        yield before + margin + (item if isinstance(item, bytes) else indented(item, depth + 1))
        before = b","
    yield b"[]" if before == b"[" else b"\n" + b"  " * depth + b"]"


class Document:
    """A document whose last member is a list, written as its items come. Nothing is written before the first."""

    def __init__(self, head: Mapping[str, Any]) -> None:
        """Take the members; the last must be an empty list."""
        self._head = indented(dict(head)).removesuffix(b"]\n}")
        self._items = 0

    def item(self, parts: Iterable[bytes], out: BinaryIO) -> None:
        """Write one item, in parts that were indented at depth 2."""
        out.write((b"," if self._items else self._head) + b"\n    ")
        self._items += 1
        out.writelines(parts)

    def finish(self, out: BinaryIO) -> None:
        """Write the rest."""
        out.write(b"\n  ]\n}\n" if self._items else self._head + b"]\n}\n")


class Withheld:
    """Bytes that are written later than they are made: kept compressed, as findings resemble each other."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(1)
        self._kept: list[bytes] = []
        self.size = 0
        self.items = 0

    def add(self, item: bytes) -> None:
        """Keep one item, which must not contain a NUL."""
        self.items += 1
        self.size += len(item)
        if kept := self._deflate.compress(item + b"\0"):
            self._kept.append(kept)

    def take(self) -> Iterator[bytes]:
        """Return the items, once, in their order."""
        inflate, rest = zlib.decompressobj(), b""
        for kept in chain(self._kept, [self._deflate.flush()]):
            left = kept
            while left:
                *whole, rest = (rest + inflate.decompress(left, _PIECE)).split(b"\0")
                yield from whole
                left = inflate.unconsumed_tail


def _dump(value: Any, option: int) -> bytes:
    try:
        data = orjson.dumps(value, option=option)
    except TypeError:  # rare, so the usual document pays nothing for the walk
        data = orjson.dumps(_tame(value), option=option)
    if data.isascii() and b"\x7f" not in data:
        return data
    return json_escaped(data.decode()).encode()


def _tame(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_tame(key): _tame(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tame(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return min(max(value, _LEAST), _MOST)
    return value
