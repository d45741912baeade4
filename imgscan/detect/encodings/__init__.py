r"""How a credential's text can be in a file: the literals to look for, and the way back to the text.

An anchor is the part of a prefix that its credentials share (`k_live_` of `sk_live_`, `rk_live_`, `pk_live_`).
Each encoding turns an anchor into one or more literals: bytes that are in the file wherever the anchor is in
the text, whatever is beside it, and reads the neighbourhood of those bytes. What an encoding holds may be
encoded again: the literal of the inner form is then the anchor of the outer one, to three encodings. A further
encoding is one module with one `Encoding`, and one more entry here.

Readers are local and bounded: they look no further than `Form.needs` says, never outside the file's own bytes, so a
hit costs the same in a megabyte of hits as alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.detect.encodings.escapes import ESCAPED, PERCENT
from imgscan.detect.encodings.form import Encoding, Form, Literal
from imgscan.detect.encodings.plain import PARTED, Splits, continued, interrupted, plain
from imgscan.detect.encodings.runs import BASE64, HEX
from imgscan.detect.encodings.shared import Shared
from imgscan.detect.encodings.text import Reach, Span, Text
from imgscan.detect.encodings.utf16 import UTF16

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "ENCODINGS", "PARTED", "Encoding", "Form", "Reach", "Shared", "Span", "Splits", "Text", "continued", "forms",
    "interrupted",
]  # fmt: skip

ENCODINGS: tuple[Encoding, ...] = (UTF16, BASE64, HEX, PERCENT, ESCAPED)
"""All encodings but plain text, of which each can hold the anchors."""

_OUTER: tuple[Encoding, ...] = (UTF16, BASE64, HEX)
"""Those that hold any text, encoded text too."""

_LONG_ENOUGH = 6
"""Characters that half an anchor must have to be looked for in an encoding: fewer are there by chance."""


def forms(exact: Iterable[bytes], cores: Iterable[bytes], pieces: Iterable[bytes], splits: Splits) -> tuple[Form, ...]:
    """Compute every form, each once, plain ones first. Halves of anchors can have the same literal.

    `exact` anchors are looked for in plain text and in UTF-16. `cores` are shorter and fewer: parts of all of them,
    rare enough inside further encodings. The anchors in `pieces` are found in two halves as well; `splits` says
    which credentials are put together.
    """
    whole = plain(splits)
    first = [Form(whole, anchor, anchor) for anchor in exact]
    halves = [Form(whole, anchor, literal, lead, cut) for anchor in pieces for literal, lead, cut in whole.cuts(anchor)]
    held = [Form(whole, anchor, anchor) for anchor in cores]
    known = {form.key: form for form in reversed(list(_all(first, halves, held)))}
    return tuple(reversed(known.values()))


def _all(first: list[Form], halves: list[Form], held: list[Form]) -> Iterator[Form]:
    yield from first
    yield from halves
    for form in first:
        yield from _around(form, UTF16.literals(form.literal), UTF16)
    once = [form for inner in held for encoding in ENCODINGS for form in _whole(inner, encoding)]
    yield from (form for form in once if form.encoding is not UTF16)  # in which all anchors are looked for
    yield from (form for inner in held for encoding in _OUTER for form in _cut(inner, encoding))
    twice = [form for inner in once for encoding in _OUTER for form in _whole(inner, encoding)]
    yield from twice
    again = [inner for inner in once if inner.encoding is BASE64]
    yield from (form for inner in again for form in _cut(inner, BASE64))
    wrapped = [form for inner in held for form in _cut(inner, BASE64) if len(form.literal) >= _LONG_ENOUGH]
    yield from (form for inner in wrapped for form in _whole(inner, BASE64))
    plainest = [form for form in once if form.encoding in _OUTER]
    middle = [form for inner in plainest for encoding in _OUTER for form in _whole(inner, encoding)]
    for inner in middle:
        # Hexadecimal digits of hexadecimal digits are rare, and would be what looks farthest around.
        for encoding in _OUTER if inner.encoding is BASE64 else (BASE64,):
            yield from _whole(inner, encoding)


def _whole(inner: Form, encoding: Encoding) -> Iterator[Form]:
    return _around(inner, encoding.literals(inner.literal), encoding)


def _cut(inner: Form, encoding: Encoding) -> Iterator[Form]:
    return _around(inner, encoding.cuts(inner.literal), encoding)


def _around(inner: Form, literals: Iterable[Literal], encoding: Encoding) -> Iterator[Form]:
    for literal, lead, cut in literals:
        yield Form(encoding, inner.anchor, literal, lead, cut, inner)
