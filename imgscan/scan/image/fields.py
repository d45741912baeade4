"""Searching an image's own metadata: config, history, annotations, provenance.

Documents are searched string by string, decoded, so that each finding names the field it was in; keys count too.
Every field is searched, including those that no specification knows. What a parser does not keep is found by the search
over the stored bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from imgscan.image.documents import members
from imgscan.scan.manyhits import ManyHits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from imgscan.detect import Engine
    from imgscan.image.plan import ImageDocument
    from imgscan.scan.hits import Concealer, Hit

_NAMED_DEPTH = 200
"""Levels of a document that have a field of their own; what is nested deeper is searched under the deepest."""

_LONGEST_NUMBER = 9  # digits: `int` refuses thousands of them


def strings(document: Any) -> Iterator[tuple[str, str]]:
    """Yield every string of a JSON document with the field it is in.

    A field is the path of keys and list positions; an element of a list of `NAME=VALUE` pairs is named by NAME, as
    in `config/Env/STRIPE_KEY`. If a name is repeated, its earlier values come after all others of that object.
    """
    waiting: list[tuple[Any, str, int]] = [(document, "", 0)]  # no recursion: a document may be nested arbitrarily deep
    while waiting:
        value, field, depth = waiting.pop()
        inside: list[tuple[Any, str, int]] = []
        if isinstance(value, str):
            yield field, value
        elif isinstance(value, dict):
            for number, (key, item) in enumerate(members(value)):
                inner = _inside(field, key, depth)
                inside += [(key, inner, depth)] if number < len(value) else []
                inside.append((item, inner, depth + 1))
        elif isinstance(value, list):
            pairs = field.rpartition("/")[2] == "Env"
            for number, item in enumerate(value):
                name = item.partition("=")[0] if pairs and isinstance(item, str) and "=" in item else str(number)
                inside.append((item, _inside(field, name, depth), depth + 1))
        waiting += reversed(inside)


def _inside(field: str, name: str, depth: int) -> str:
    if depth >= _NAMED_DEPTH:
        return field
    if not name.isascii():  # JSON can spell lone surrogates, which no report can
        name = name.encode("utf-8", "backslashreplace").decode()
    return f"{field}/{name}" if field else name


def document_hits(
    document: ImageDocument,
    concealer: Concealer,
    history: tuple[int | None, ...],
    *,
    stored: Sequence[Hit] = (),
    inline: AbstractSet[str] = frozenset(),
) -> Sequence[Hit]:
    """Return the hits of a document: those in its fields, then the `stored` ones of which the fields know nothing.

    `inline` are the SHA-256 of the credentials in what the document carries in its `data`: those are reported there.
    """
    hits = search_document(document, concealer, history)
    known = {hash(hit.secret.sha256) for hit in hits}
    first = (hit for hit in hits if hit.secret.sha256 not in inline or _field(hit).rpartition("/")[2] != "data")
    others = (
        _in_bytes(hit) for hit in stored if hash(hit.secret.sha256) not in known and hit.secret.sha256 not in inline
    )
    return ManyHits(chain(_without_copies(ManyHits(first).kept()), others)).kept()


def _in_bytes(hit: Hit) -> Hit:
    """Say that a hit is at a byte of a document, which has no lines."""
    return hit._replace(location=replace(hit.location, line=None, column=None, end_line=None, end_column=None))


def search_document(document: ImageDocument, concealer: Concealer, history: tuple[int | None, ...]) -> Sequence[Hit]:
    """Search the fields of a document; `history` gives the layer of each history entry of a config."""
    name = document.path.encode()
    fields = [(field, text.encode("utf-8", "surrogatepass")) for field, text in strings(document.value)]
    hits = ManyHits()
    for number in _suspects([text for _, text in fields], concealer.engine):
        field, text = fields[number]
        hits.extend(concealer.in_text(text, name, field=field, context=field, layer=_layer_of(field, history)))
    return hits.kept()


def _suspects(texts: Sequence[bytes], engine: Engine) -> list[int]:
    """Return the numbers of the strings that an anchor begins in: one search for a document of a million strings."""
    ends = list(accumulate(len(text) + 1 for text in texts))
    joined = b"\n".join(texts)
    candidates = engine.open(joined).candidates(0, len(joined))
    return sorted({bisect_right(ends, candidate.position) for candidate in candidates})


def _layer_of(field: str, history: tuple[int | None, ...]) -> int | None:
    top, _, rest = field.partition("/")
    number = rest.partition("/")[0]
    if top != "history" or not number.isascii() or not number.isdigit() or len(number) > _LONGEST_NUMBER:
        return None
    return history[int(number)] if int(number) < len(history) else None


def _without_copies(hits: Sequence[Hit]) -> Iterator[Hit]:
    """Drop what a config repeats: builders before BuildKit copy `config` into `container_config`."""
    known = {hash(hit.secret.sha256) for hit in hits if _field(hit).startswith("config/")}
    for hit in hits:
        if not (_field(hit).startswith("container_config/") and hash(hit.secret.sha256) in known):
            yield hit


def _field(hit: Hit) -> str:
    return hit.location.field or ""
