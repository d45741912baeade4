"""Forms: literals that betray an anchor, each with the decoders that read the text around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect.encodings.text import Reach, Span, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from imgscan.detect.encodings.shared import Near, Shared, Sight, View

    Worth = Callable[[bytes, int, int, int], bool]
    """Whether the anchor at a place of a text may be a credential's, between two characters: a quick test."""


class Cut(NamedTuple):
    """Where a literal is interrupted: behind its first `at` characters.

    What is in the file unchanged are the characters before the cut and the byte behind them, or, if `after` is
    set, the byte before the second half and that half.
    """

    whole: bytes
    at: int
    after: bool


class Literal(NamedTuple):
    """Bytes that are in a file wherever an anchor is in its text, whatever is beside it.

    `lead` counts the bytes between the decoder's starting point and the literal: in base64 the characters of the
    quantum that also depend on the neighbours.
    """

    literal: bytes
    lead: int = 0
    cut: Cut | None = None


def uncut(_anchor: bytes) -> Iterator[Literal]:
    """Return no literals: no line break is inside this encoding's."""
    return iter(())


GLANCE = 256
"""Characters from an anchor on that are enough to say what must follow it (`Ruleset.hints`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """A way to write text: what its anchors look like, how to read them, and what a character costs.

    `literals` returns the forms of an anchor, `cuts` those in which a line break interrupts it. `read` decodes around
    a literal, in every way that the bytes beside it allow, likeliest first; it rounds the reach up to a whole unit.
    `sight` takes a quick look, and shares what it decodes; an encoding that holds no other has none. `view` gives what
    `read` does between two places, of what is shared; None if it may not.
    `glance` decodes only what is right behind a literal, `GLANCE` characters, where little else is there to share with;
    else None.
    A text of n characters is at most `num * n / den + slack` bytes long as far as it is read.
    """

    name: str
    literals: Callable[[bytes], Iterator[Literal]]
    cuts: Callable[[bytes], Iterator[Literal]]
    read: Callable[[bytes, int, Span, Form, Reach], Iterator[Text]]
    num: int
    den: int
    slack: int
    sight: Callable[[int, Form, Shared], Iterable[Sight]] | None = None
    view: Callable[[int, Form, Shared, Span], list[View] | None] | None = None
    glance: Callable[[int, Form, Shared], tuple[bytes, int] | None] | None = None

    def size(self, characters: int) -> int:
        """Bound the bytes that so many characters take."""
        return -(-characters * self.num // self.den) + self.slack


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One literal that betrays an anchor, and what reads it: an encoding, and what that encoding holds.

    `inner` is None if the encoding holds the anchor itself.
    """

    encoding: Encoding
    anchor: bytes
    literal: bytes
    lead: int = 0
    cut: Cut | None = None
    inner: Form | None = None

    @property
    def depth(self) -> int:
        """How many encodings are around the anchor."""
        return 1 if self.inner is None else 1 + self.inner.depth

    @property
    def key(self) -> tuple[object, ...]:
        """What two forms that say the same have in common."""
        return self.literal, self.anchor, self.cut, self.encoding.name, self.inner and self.inner.key

    @property
    def shape(self) -> tuple[object, ...]:
        """What `needs` depends on."""
        return self.encoding, self.lead, self.inner and self.inner.shape

    def needs(self, reach: Reach) -> Reach:
        """Bound the bytes before and from the literal on that reading so many characters looks at."""
        if self.inner is not None:
            reach = self.inner.needs(reach)
        size = self.encoding.size
        return Reach(size(reach.behind) + self.lead, size(reach.ahead))

    def views(self, position: int, shared: Shared, span: Span, worth: Worth) -> Iterator[Seen] | None:
        """Return what `read` does, as far as the judgement of a credential goes, and of texts only those worth it.

        None if only `read` can tell.
        """
        inner, view = self.inner, self.encoding.view
        readings = None if inner is None or view is None else view(position, self, shared, span)
        return None if inner is None or readings is None else self._seen(readings, inner, shared, worth)

    def _seen(self, readings: list[View], inner: Form, shared: Shared, worth: Worth) -> Iterator[Seen]:
        whole = inner.inner is None
        for reading in readings:
            inside, at, settles, low, high, rival = reading
            if high - at < shared.least or not inside.data.startswith(inner.literal, at, high):
                continue
            within = Span(low, high, aligned=False)
            if not whole:
                nested = inner.views(at, inside, within, worth)
                if nested is None:
                    nested = (
                        Seen(text, text.settles, ()) for text in inner.read(inside.data, at, within, shared.reach)
                    )
                for seen in nested:
                    yield Seen(seen.text, settles and seen.settles, (*seen.path, (inner, reading)), seen.near)
            elif worth(inside.data, at, low, high):
                near = inside.near(inner.literal, at, low, high)
                if near in inside.refused:
                    continue
                whole_text, *joined = inner.read(inside.data, at, within, shared.reach)
                if rival is not None:
                    whole_text = whole_text._replace(rival=_at(*rival))
                yield Seen(whole_text, settles, ((inner, reading),), None if joined else near)
                for text in joined:
                    yield Seen(text, settles, ((inner, reading),))

    def read(self, data: bytes, position: int, span: Span, reach: Reach) -> Iterator[Text]:
        """Decode around the literal at `position`, in every way that the bytes beside it allow, likeliest first."""
        inner = self.inner
        if inner is None:
            return self.encoding.read(data, position, span, self, reach)
        return self._inside(inner, data, position, span, reach)

    def _inside(self, inner: Form, data: bytes, position: int, span: Span, reach: Reach) -> Iterator[Text]:
        for outer in self.encoding.read(data, position, span, self, inner.needs(reach)):
            if not outer.data.startswith(inner.literal, outer.at, outer.high):
                continue  # the outer literal holds only what does not depend on neighbours
            inner_span = Span(outer.low, outer.high, aligned=False)
            for text in inner.read(outer.data, outer.at, inner_span, reach):
                yield _within(outer, text, inner)


class Seen(NamedTuple):
    """A text, whether it settles what is there, and what it was read in if that is shared, innermost first.

    `near` is what of it can be remembered as refused.
    """

    text: Text
    settles: bool
    path: tuple[tuple[Form, View], ...]
    near: Near | None = None

    def placed(self) -> Text:
        """Return the text with what it was in."""
        text = self.text
        for inner, (inside, *_) in self.path:
            if inside.text is not None:
                text = _within(inside.text, text, inner)
        return text


def _at(inside: Shared, at: int) -> Text:
    """Return a decoded buffer as a text with its anchor."""
    return Text("", inside.data, at, inside.low, inside.high)


def _within(outer: Text, text: Text, inner: Form) -> Text:
    """Put a text that was read in another one as `inner` back into that."""
    return Text(
        outer.encoding if text.encoding == "plain" else f"{outer.encoding}+{text.encoding}",
        *text[1:10],
        outer.settles and (text.settles or inner.inner is None),
        text.rival or (outer.rival if text.encoding == "plain" else None),
        outer if text.outer is None else _under(text.outer, outer),
    )


def _under(text: Text, outer: Text) -> Text:
    """Put `outer` below the outermost of a chain of texts."""
    return text._replace(outer=outer if text.outer is None else _under(text.outer, outer))
