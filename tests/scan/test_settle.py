"""Settling many hits by columns gives what a plain reading of the rules gives."""

from __future__ import annotations

import gzip
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.builders import tar
from fixtures.keys import Keys
from imgscan import packed
from imgscan.scan.inside.node import Node, Top, in_its_place
from imgscan.scan.inside.settle import settled
from imgscan.scan.manyhits import HitLog
from tests.effort import examples
from tests.scan.stored import gzip_of
from tests.scan.support import look
from tests.scan.test_manyhits import ONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from imgscan.scan.hits import Hit

KEYS = ("a", "b")


class Case(NamedTuple):
    """Hits of top files, and nodes with theirs; compressed files by number, with what is verbatim in them."""

    outer: list[Hit]
    inner: list[tuple[Node, Hit]]
    squeezed: dict[int, Sequence[tuple[int, int]]]


def hit(draw: st.DrawFn, number: int, *, field: bool) -> Hit:
    """Make one of two credentials at some offset of a file, or in a field."""
    secret = ONE.secret.__class__(ONE.secret.redacted, draw(st.sampled_from(KEYS)), 107, "live")
    offset = None if field else draw(st.integers(0, 12))
    where = ONE.location.__class__(None, f"{number}", offset=offset, field="f" if field else None)
    return ONE._replace(secret=secret, location=where, member=number, title=str(draw(st.integers(0, 99))))


def extents(draw: st.DrawFn) -> tuple[int, int]:
    """Make an extent."""
    start = draw(st.integers(0, 10))
    return start, start + draw(st.integers(0, 8))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Make files that hold files, three deep at most, with hits wherever there can be some."""
    outer: list[Hit] = []
    inner: list[tuple[Node, Hit]] = []
    squeezed: dict[int, Sequence[tuple[int, int]]] = {}

    def fill(node: Node, depth: int) -> None:
        node.format = SimpleNamespace(rowless=draw(st.sampled_from([False, False, True])))  # type: ignore[assignment]
        node.squeezed = draw(st.sampled_from([False, False, True]))
        for _ in range(draw(st.integers(0, 2))):
            node.add_part(*extents(draw))
        if node.squeezed and node.container is None:
            squeezed[node.top.number] = node.parts
        for order in range(draw(st.integers(0, 3))):
            kind = draw(st.sampled_from(["member", "member", "verbatim", "stored"]))
            extent = extents(draw) if kind != "member" or draw(st.booleans()) else None
            inside = Node(node.top, b"x", node, order, extent, stored=kind == "stored", verbatim=kind == "verbatim")
            if kind != "verbatim":
                for _ in range(draw(st.integers(0, 3))):
                    field = kind == "stored" or draw(st.sampled_from([False, False, True]))
                    inner.append((inside, hit(draw, node.top.number, field=field)))
            if kind != "stored" and depth < 3:
                fill(inside, depth + 1)

    for number in draw(st.sampled_from([[0], [0, 1], [-1, 0]])):
        fields = draw(st.lists(st.sampled_from([False, False, True]), max_size=5))
        outer += [hit(draw, number, field=field) for field in fields]
        fill(Node(Top(b"%d" % number, number), b"x"), 0)
    return Case(outer, inner, squeezed)


def file_of(node: Node) -> tuple[Any, int]:
    """Return the file that holds a node's bytes, and where it begins there."""
    shift = 0
    while node.verbatim and node.container is not None:
        shift += node.extent[0] if node.extent is not None else 0
        node = node.container
    return (node.top.number if node.container is None else id(node)), shift


def within(parts: Sequence[tuple[int, int]], offset: int) -> bool:
    """Whether one of the parts holds an offset."""
    return any(start <= offset < end for start, end in parts)


def plainly(case: Case) -> list[Hit]:
    """Settle as the rules say, hit by hit."""
    own: list[tuple[int, Node | None, Hit]] = [(each.member, None, each) for each in case.outer]
    hits = own + [(id(node), node, each) for node, each in case.inner]
    gone: set[int] = set()

    def raw(file: object, key: str | None) -> list[tuple[int, int]]:
        return sorted(
            (each.location.offset, place)
            for place, (own, _, each) in enumerate(hits)
            if own == file and each.location.offset is not None and key in (None, each.secret.sha256)
        )

    rows: set[tuple[Any, str]] = set()
    for place, (_, node, each) in enumerate(hits):
        offset, key = each.location.offset, each.secret.sha256
        if node is None:
            parts = case.squeezed.get(each.member)
            gone |= {place} if parts is not None and offset is not None and not within(parts, offset) else set()
            continue
        if node.squeezed and offset is not None and not within(node.parts, offset):
            gone.add(place)
        above: Node | None = node.container
        assert above is not None
        assert above.format is not None
        if above.format.rowless:
            file = file_of(above)[0]
            same = raw(file, key)
            gone |= {place} if same or (file, key) in rows else set()
            gone |= {other for _, other in same[1:]}
            rows.add((file, key))
            continue
        below = node
        while above is not None:
            file, shift = file_of(above)
            if below.extent is not None and not below.verbatim:
                start, end = below.extent
                gone |= {other for at, other in raw(file, key) if start + shift <= at < end + shift}
            below, above = above, above.container
    for _, node, _ in hits:
        if node is not None and node.stored and node.container is not None and node.extent is not None:
            file, shift = file_of(node.container)
            start, end = node.extent
            gone |= {other for at, other in raw(file, None) if start + shift <= at < end + shift}
    kept = [(node, each) for place, (_, node, each) in enumerate(hits) if place not in gone]

    def order(one: tuple[Node | None, Hit]) -> tuple[Any, ...]:
        node, each = one
        offset = each.location.offset
        own = (False, (), -1 if offset is None else offset) if node is None else (True, node.key, offset or 0)
        return each.member < 0, each.member, *own

    return [each if node is None else in_its_place(node, each) for node, each in sorted(kept, key=order)]


def logs(case: Case) -> tuple[list[HitLog], list[HitLog]]:
    """Log the hits: a file's own, then one log for each depth."""
    own, depths = HitLog(), [HitLog() for _ in range(6)]
    for each in case.outer:
        own.add(each)
    for node, each in case.inner:
        depths[node.depth].add(each, node)
    return [HitLog(), own], depths


@settings(database=None, max_examples=examples(100), deadline=None)
@given(cases())
def test_settling_is_what_the_rules_say(case: Case) -> None:
    """Any files in files, any hits: the same are kept, in the same order."""
    ordered = sorted(case.inner, key=lambda one: one[0].depth)
    expected = plainly(case._replace(inner=ordered))
    assert list(settled(*logs(case), case.squeezed).hits) == expected


@settings(database=None, max_examples=examples(30), deadline=None)
@given(cases(), st.integers(0, 6))
def test_the_first_are_kept_and_the_others_counted(case: Case, most: int) -> None:
    """A limit keeps the first of them."""
    every = settled(*logs(case), case.squeezed).hits
    some = settled(*logs(case), case.squeezed, most)
    assert list(some.hits) == list(every[:most])
    assert some.left_out == max(0, len(every) - most)


def test_packed_hits_settle_as_others_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits that are packed while they are found come out in order, each from its group."""
    monkeypatch.setattr(packed, "FEW", 4)
    monkeypatch.setattr(packed, "GROUP", 2)
    log, fields = HitLog(), HitLog()
    for number in range(50):
        log.add(ONE._replace(member=number // 7, location=ONE.location.__class__(None, "x", offset=number)))
        fields.add(ONE._replace(member=number // 5, location=ONE.location.__class__(None, "x", field=f"{number}")))
    hits = settled([fields, log], [], {}).hits
    own = [each.location.offset for each in hits if each.location.field is None]
    assert own == list(range(50))
    assert [each.member for each in hits] == sorted(each.member for each in hits)
    assert [each.location.field for each in hits if each.location.field] == [str(number) for number in range(50)]


def test_one_key_in_many_members_is_settled_in_time() -> None:
    """A key that is stored in each of five thousand members costs no more than as many keys."""
    top = Node(Top(b"z", 0), b"z")
    top.format = SimpleNamespace(rowless=False)  # type: ignore[assignment]
    own, lane = HitLog(), HitLog()
    for number in range(5000):
        place = ONE.location.__class__(None, "z", offset=100 * number)
        own.add(ONE._replace(member=0, location=place))
        lane.add(ONE._replace(member=0), Node(top.top, b"z!/m", top, number, (100 * number, 100 * number + 50)))
    hits = settled([HitLog(), own], [lane], {}).hits
    assert len(hits) == 5000
    assert all(each.inner for each in hits)


def test_a_key_in_a_comment_between_compressions_is_found() -> None:
    """The comment of the middle of three gzip headers is in no stored byte that is reported: the field's hit stays."""
    key = Keys("comment").secret99().encode()
    inmost = gzip.compress(b"nothing")
    middle = gzip_of(inmost, comment=key)
    found = look(tar([("a.gz", gzip.compress(middle))]))
    assert [each.field for each in found.hits] == ["gzip/comment"]
