r"""JSON bytes from plain values: the one place that calls orjson.

Everything that is written comes from hostile images, so no string may make the serializer fail: lone surrogates,
which UTF-8 has no form for, are written as the text `\udcNN`, and integers that no 64 bits hold (a header can claim
any size) as the nearest that they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEAST, _MOST = -(2**63), 2**63 - 1


def compact(value: Any) -> bytes:
    """Serialize on one line, without a newline at the end."""
    return _dump(value, 0)


def indented(value: Any, depth: int = 0) -> bytes:
    """Serialize with two spaces a level, as it stands `depth` levels deep in a document.

    The first line is not indented. JSON has no raw newline within a string, so moving lines changes no value.
    """
    return _dump(value, orjson.OPT_INDENT_2).replace(b"\n", b"\n" + b"  " * depth)


def with_last_list(head: dict[str, Any], items: Iterable[bytes]) -> bytes:
    """Serialize a document whose last member is an empty list, with items in it that were indented at depth 2."""
    document, joined = indented(head), b",\n    ".join(items)
    if joined:
        document = document.removesuffix(b"[]\n}") + b"[\n    " + joined + b"\n  ]\n}"
    return document + b"\n"


def _dump(value: Any, option: int) -> bytes:
    try:
        return orjson.dumps(value, option=option)
    except TypeError:  # rare, so the usual document pays nothing for the walk
        return orjson.dumps(_tame(value), option=option)


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
