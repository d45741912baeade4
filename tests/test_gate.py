"""The gate: whatever comes from outside is visible where it is shown, and the same value where it is read."""

from __future__ import annotations

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from imgscan.gate import json_escaped, printable
from tests.effort import examples

ANY = st.text(st.characters(exclude_categories=()))
law = settings(database=None, max_examples=examples(50))


@law
@given(ANY)
@example("\x9b31m\x7f\u202e\u2066\ud800\n\t::error::")
def test_any_text_is_printable(text: str) -> None:
    """A person sees every character of a text, on one line, and none is a command to terminal or runner."""
    shown = printable(text)
    assert shown.isprintable()
    assert not shown.lstrip().startswith("::")


@law
@given(st.dictionaries(ANY, ANY | st.lists(ANY)))
@example({"\x9b": ["\x7f\u202e\U000e0001\ud800"]})
def test_any_document_is_printable_and_the_same(value: dict[str, object]) -> None:
    """A JSON document has no unprintable character but its line ends, and reads back as what was written."""
    document = json_escaped(json.dumps(value, indent=2, ensure_ascii=False))
    assert all(line.isprintable() for line in document.split("\n"))
    assert json.loads(document) == value
