"""Hits in little memory: a layer may hold a million.

A hit takes eight hundred bytes as objects, and about a hundred as a compressed row of its plain values.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, overload

from imgscan.model import Location, Secret
from imgscan.scan.hits import Hit

FEW = 4096
"""Hits that are kept as they are."""

_GROUP = 512
_SHARED = 1 << 14


class ManyHits(Sequence[Hit]):
    """Hits that are made again whenever they are asked for; going through all of them in order is cheapest."""

    def __init__(self, hits: Iterable[Hit]) -> None:
        """Take hits one after another, so that the caller need not hold them all."""
        self._groups: list[bytes] = []
        self._count = 0
        remaining = iter(hits)
        while group := list(islice(remaining, _GROUP)):
            self._count += len(group)
            rows = json.dumps([_row(hit) for hit in group], separators=(",", ":"))
            self._groups.append(zlib.compress(rows.encode("ascii"), 1))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> list[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | list[Hit]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._count))]
        group, place = divmod(range(self._count)[index], _GROUP)
        return next(islice(_made(self._groups[group], {}), place, None))

    def __iter__(self) -> Iterator[Hit]:
        shared: dict[object, Any] = {}
        for group in self._groups:
            yield from _made(group, shared)
            if len(shared) > _SHARED:
                shared.clear()


def keep(hits: list[Hit]) -> Sequence[Hit]:
    """Keep hits in as little memory as their number needs; the list is empty afterwards."""
    if len(hits) <= FEW:
        few = tuple(hits)
        hits.clear()
        return few
    hits.reverse()  # so that each can be taken off the end, and its memory used again
    return ManyHits(hits.pop() for _ in range(len(hits)))


def _row(hit: Hit) -> list[Any]:
    """Spell a hit out, what often repeats first."""
    secret, where = hit.secret, hit.location
    return [
        *(hit.rule_id, hit.title, hit.level, hit.confidence, where.path, where.encoding, where.field, hit.trail),
        *(hit.example, hit.optional, hit.allowed, hit.identity, hit.member, hit.inner),
        [secret.redacted, secret.sha256, secret.length, secret.mode, secret.account, secret.account_created],
        None if where.path_bytes is None else where.path_bytes.decode("latin-1"),
        *(where.layer, where.line, where.column, where.end_line, where.end_column, where.offset, where.length),
        *(where.commit, where.authored),
    ]


def _made(group: bytes, shared: dict[object, Any]) -> Iterator[Hit]:
    """Make the hits of a group. Values in `shared` are used again for equal ones."""
    one = shared.setdefault
    for row in json.loads(zlib.decompress(group)):
        rule_id, title, level, confidence, path, encoding, field = (one(each, each) for each in row[:7])
        trail = tuple(row[7])
        example, optional, allowed, identity, member, inner, about, raw = row[8:16]
        layer, line, column, end_line, end_column, offset, length, commit, authored = row[16:]
        secret = tuple(about)
        yield Hit(
            rule_id,
            title,
            level,
            confidence,
            example,
            optional,
            allowed,
            shared.get(secret) or one(secret, Secret(*secret)),
            identity,
            Location(
                layer,
                path,
                None if raw is None else raw.encode("latin-1"),
                line,
                column,
                line if end_line == line else end_line,
                end_column,
                offset,
                length,
                encoding,
                field,
                commit,
                authored,
            ),
            member,
            one(trail, trail),
            inner,
        )
