"""Searching documents: each key with the field it was in."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.keys import Keys
from imgscan.image.documents import parse_json
from imgscan.scan.image.fields import strings
from tests.effort import examples
from tests.image.test_documents import hostile
from tests.scan.support import digest, search_fields

KEY = Keys("documents").secret99()
OTHER = Keys("documents other").restricted()
CONFIG = ".image/config.json"


def fields(document: Any, *, key: str = KEY, history: tuple[int | None, ...] = ()) -> list[str | None]:
    """List the fields in which a key is found."""
    hits = search_fields(CONFIG, document, history)
    assert all(hit.path == CONFIG for hit in hits)
    return [hit.field for hit in hits if hit.secret.sha256 == digest(key)]


def test_a_key_has_the_field_it_stood_in() -> None:
    """A field is the path of names and positions; an environment variable is named by its name."""
    table: list[tuple[Any, str]] = [
        ({"config": {"Env": ["PATH=/bin", f"STRIPE_KEY={KEY}"]}}, "config/Env/STRIPE_KEY"),
        ({"config": {"Env": [f"{KEY}"]}}, "config/Env/0"),
        ({"config": {"Cmd": ["serve", f"--key={KEY}"]}}, "config/Cmd/1"),
        ({"config": {"Entrypoint": [KEY]}}, "config/Entrypoint/0"),
        ({"config": {"Labels": {"com.example/key": KEY}}}, "config/Labels/com.example/key"),
        ({"config": {"Healthcheck": {"Test": ["CMD-SHELL", f"curl -u {KEY}:"]}}}, "config/Healthcheck/Test/1"),
        ({"config": {"OnBuild": [f"ENV K={KEY}"]}}, "config/OnBuild/0"),
        ({"config": {"Unheard": {"Of": [[{"x": KEY}]]}}}, "config/Unheard/Of/0/0/x"),
        ({"author": KEY}, "author"),
        ({"history": [{}, {"created_by": f"RUN |1 K={KEY} make"}]}, "history/1/created_by"),
        ({"history": [{"comment": KEY}]}, "history/0/comment"),
        ({"annotations": {"note": KEY}}, "annotations/note"),
        ({"predicate": {"invocation": {"parameters": {"args": {"build-arg:K": KEY}}}}},
         "predicate/invocation/parameters/args/build-arg:K"),
        ([{"Env": [f"A={KEY}"]}], "0/Env/A"),
        (KEY, ""),
    ]  # fmt: skip
    for document, field in table:
        assert fields(document) == [field], document


def test_a_document_has_neither_lines_nor_offsets() -> None:
    """A key in a document is in a field, not at a byte."""
    (hit,) = search_fields(CONFIG, {"author": KEY})
    assert (hit.line, hit.column, hit.offset, hit.layer, hit.member) == (None, None, None, None, -1)


def test_a_key_in_a_name_is_found_and_not_shown() -> None:
    """The names of a document's fields are searched too, and shown redacted."""
    (field,) = fields({"config": {"Labels": {KEY: "yes"}}})
    assert field is not None
    assert field.startswith("config/Labels/")
    assert KEY not in field


def test_history_knows_its_layer() -> None:
    """A key in the history of a layer belongs to that layer, one in an empty entry to none."""
    history = [{"created_by": KEY}, {"created_by": f"ENV K={KEY}", "empty_layer": True}, {"created_by": KEY}]
    hits = search_fields(CONFIG, {"history": history}, (0, None, 1))
    assert [hit.layer for hit in hits] == [0, None, 1]


def test_history_of_another_shape_has_no_layer() -> None:
    """A history that is no list, or longer than the layers that are known, is searched without a layer."""
    for name in ("²", "9" * 5000, "-1", "٣", "7", "x", ""):
        hits = search_fields(CONFIG, {"history": {name: {"created_by": KEY}}}, (0,))
        assert [hit.layer for hit in hits] == [None], name


def test_what_a_config_repeats_is_told_once() -> None:
    """Older builders copy `config` into `container_config`; a key that is in the copy alone is reported."""
    document = {"container_config": {"Env": [f"A={KEY}", f"B={OTHER}"]}, "config": {"Env": [f"A={KEY}"]}}
    assert fields(document) == ["config/Env/A"]
    assert fields(document, key=OTHER) == ["container_config/Env/B"]


def test_inline_content_is_text_too() -> None:
    """What a descriptor carries in `data` is a blob, and text all the same: it need not be what it should be."""
    assert fields({"config": {"digest": "sha256:x", "data": KEY}}) == ["config/data"]
    assert fields({"config": {"digest": {"sha256": "x"}, "data": KEY}}) == ["config/data"]
    assert fields({"config": {"data": KEY}}) == ["config/data"]


def test_a_repeated_name_hides_nothing() -> None:
    """The last value of a name counts for readers; a key in an earlier one is found, with the same field."""
    text = json.dumps({"config": {"Env": [f"A={KEY}"]}})[:-1] + ', "config": {}}'
    assert fields(parse_json(text.encode())) == ["config/Env/A"]
    twice = f'{{"Labels": {{"{KEY}": "a", "{KEY}": "b"}}}}'
    assert len(fields(parse_json(twice.encode()))) == 1


def test_a_name_that_is_not_unicode_is_spelled() -> None:
    """A field whose name holds a lone surrogate is reported in a form that any report can write."""
    (field,) = fields(json.loads('{"\\ud800": "KEY"}'.replace("KEY", KEY)))
    assert field == "\\ud800"


def test_nothing_is_nested_too_deeply() -> None:
    """A key at any depth of a document is found."""
    document: Any = KEY
    for depth in range(900):
        document = [document] if depth % 2 else {"a": document}
        assert depth not in (10, 150, 250, 899) or len(fields(document)) == 1, depth


def test_strings_come_in_the_order_of_the_document() -> None:
    """A field's name precedes what is in it, and that precedes the next field."""
    document = {"a": {"b": ["1", {"c": "2"}]}, "d": "3", "e": 4, "f": None}
    assert list(strings(document)) == [
        ("a", "a"), ("a/b", "b"), ("a/b/0", "1"), ("a/b/1/c", "c"), ("a/b/1/c", "2"), ("d", "d"), ("d", "3"),
        ("e", "e"), ("f", "f"),
    ]  # fmt: skip


def test_lone_surrogates_are_searched() -> None:
    """JSON can say things that are no Unicode text; keys beside them are found."""
    assert fields(json.loads('{"a":"\\ud800 KEY \\udfff"}'.replace("KEY", KEY))) == ["a"]


@given(hostile, st.lists(st.none() | st.integers(0, 3), max_size=3))
@settings(max_examples=examples(20))
def test_no_document_crashes_the_search(document: Any, history: list[int | None]) -> None:
    """Whatever a document is, a key added to it is found."""
    assert len(fields([document, KEY], history=tuple(history))) == 1
